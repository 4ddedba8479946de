package protocol

// Blob is what a page hands over by reference. In a browser Handle is the Blob itself, a js.Value whose bytes stay outside of Go's memory
// until they are read; elsewhere it is a []byte.
type Blob struct{ Handle any }

// MessagePort is one end of a line that a page hands over. In a browser Handle is the port itself, a js.Value; elsewhere it is what stands
// for the other end.
type MessagePort struct{ Handle any }
