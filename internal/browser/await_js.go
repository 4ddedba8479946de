// Package browser holds the few things that every use of the browser's interfaces needs.
package browser

import (
	"errors"
	"fmt"
	"syscall/js"
)

// Await blocks until a promise settles. It must not be called from a js.Func, which would block the event loop that
// settles promises; start a goroutine there.
func Await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	done := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- outcome{value: args[0]}
		return nil
	})
	defer done.Release()
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- outcome{err: Error(args[0])}
		return nil
	})
	defer failed.Release()
	promise.Call("then", done, failed)
	o := <-settled
	return o.value, o.err
}

// Error turns what JavaScript threw into an error.
func Error(thrown js.Value) error {
	return errors.New(js.Global().Get("String").Invoke(thrown).String())
}

// Try turns a JavaScript exception inside f into an error.
func Try(f func() js.Value) (v js.Value, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case js.Error:
			err = Error(r.Value)
		case *js.ValueError:
			err = fmt.Errorf("browser: %w", r)
		default:
			panic(r)
		}
	}()
	return f(), nil
}
