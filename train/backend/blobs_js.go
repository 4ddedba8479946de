package backend

import (
	"fmt"
	"syscall/js"
)

// Blobs keeps a dataset's records in the browser, outside Go's memory; compute workers read their slices from there.
type Blobs struct {
	recordBytes int
	splits      [2]blobs
}

type blobs struct {
	values, labels []any // Blob parts
	records        int
}

// NewBlobs makes an empty store of records of the given size in bytes.
func NewBlobs(recordBytes int) *Blobs { return &Blobs{recordBytes: recordBytes} }

// Append puts records behind those that the split has: copies, or where their values lie already.
func (b *Blobs) Append(s Split, r Records) error {
	if len(r.Values) != len(r.Labels)*b.recordBytes {
		return fmt.Errorf("backend: %d bytes of values for %d records of %d", len(r.Values), len(r.Labels), b.recordBytes)
	}
	to := &b.splits[s]
	if in, ok := r.Blob.(js.Value); ok {
		to.values = append(to.values, in.Call("slice", r.At, r.At+len(r.Values)))
	} else {
		to.values = append(to.values, blobOf(r.Values))
	}
	to.labels = append(to.labels, blobOf(r.Labels))
	to.records += len(r.Labels)
	return nil
}

// Len is the number of records of a split.
func (b *Blobs) Len(s Split) int { return b.splits[s].records }

// slice returns Blobs of the values and labels of records first to first+n-1.
func (b *Blobs) slice(s Split, first, n int) (values, labels js.Value) {
	return blob.New(b.splits[s].values).Call("slice", first*b.recordBytes, (first+n)*b.recordBytes),
		blob.New(b.splits[s].labels).Call("slice", first, first+n)
}

var blob = js.Global().Get("Blob")

func blobOf(p []byte) js.Value {
	bytes := uint8Array.New(len(p))
	js.CopyBytesToJS(bytes, p)
	return blob.New([]any{bytes})
}
