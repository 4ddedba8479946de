package train

import (
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"cloister/dp/mechanism"
)

// How long a written mechanism may take to answer: twice as long, in two goes, so that a machine that slept in between does not count.
const (
	patience   = 4 * time.Second
	mostAnswer = 1 << 26 // bytes
)

// portAuthor calls over a port to the worker in which the code runs.
type portAuthor struct {
	port  js.Value
	heard chan js.Value
	lost  func(error)
	gone  error
}

// Author meets whoever answers at the other end of a port. lost hears when it does not answer any more: its worker is to end.
func (h *BrowserHost) Author(port any, lost func(error)) (mechanism.Author, error) {
	p, ok := port.(js.Value)
	if !ok {
		return nil, errors.New("train: no port was handed over")
	}
	a := &portAuthor{port: p, heard: make(chan js.Value, 1), lost: lost}
	p.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any { // it lives as long as the worker
		select {
		case a.heard <- args[0].Get("data"):
		default: // nobody asked
		}
		return nil
	}))
	return a, nil
}

func (a *portAuthor) Answer(call []byte) ([]byte, error) {
	if a.gone != nil {
		return nil, a.gone
	}
	bytes := js.Global().Get("Uint8Array").New(len(call))
	js.CopyBytesToJS(bytes, call)
	select {
	case <-a.heard: // said unasked
	default:
	}
	a.port.Call("postMessage", bytes, []any{bytes.Get("buffer")})
	for range 2 {
		select {
		case answer := <-a.heard:
			return a.take(answer)
		case <-time.After(patience):
		}
	}
	return nil, a.leave(fmt.Errorf("the mechanism did not answer for %v, and was stopped", 2*patience))
}

func (a *portAuthor) take(answer js.Value) ([]byte, error) {
	if !answer.InstanceOf(js.Global().Get("Uint8Array")) || answer.Length() > mostAnswer {
		return nil, a.leave(fmt.Errorf("the mechanism's answer is none, or of more than %d bytes", mostAnswer))
	}
	b := make([]byte, answer.Length())
	js.CopyBytesToGo(b, answer)
	return b, nil
}

// leave ends it: nothing that it still says is heard.
func (a *portAuthor) leave(why error) error {
	a.gone = why
	a.port.Call("close")
	a.lost(why)
	return why
}
