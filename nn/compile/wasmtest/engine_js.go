package wasmtest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall/js"
	"testing"
	"time"
)

// FMA says whether the engine validates the given probe of relaxed SIMD.
func FMA(probe []byte) bool {
	return js.Global().Get("WebAssembly").Call("validate", toJS(probe)).Bool()
}

type browser struct{ exports, memory js.Value }

func toJS(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// instantiate frees instances that tests have let go of when the browser has no address space for another.
func instantiate(_ testing.TB, module []byte) (e engine, err error) {
	for range 5 {
		if e, err = tryInstantiate(module); err == nil || !strings.Contains(err.Error(), "memory") {
			break
		}
		runtime.GC() // runs the finalizers that drop js.Values
		time.Sleep(100 * time.Millisecond)
	}
	return e, err
}

// tryInstantiate compiles in the background: engines refuse large modules on the page's own thread.
func tryInstantiate(module []byte) (engine, error) {
	type result struct {
		instance js.Value
		err      error
	}
	done := make(chan result, 1)
	ok := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{instance: args[0].Get("instance")}
		return nil
	})
	failed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- result{err: errors.New(args[0].Get("message").String())}
		return nil
	})
	defer ok.Release()
	defer failed.Release()
	js.Global().Get("WebAssembly").Call("instantiate", toJS(module), map[string]any{}).Call("then", ok, failed)
	r := <-done
	if r.err != nil {
		return nil, r.err
	}
	exports := r.instance.Get("exports")
	return &browser{exports, exports.Get("memory")}, nil
}

func (b *browser) call(name string, args []uint32) (err error) {
	defer func() {
		if trap := recover(); trap != nil {
			err = fmt.Errorf("%v", trap)
		}
	}()
	wide := make([]any, len(args))
	for i, a := range args {
		wide[i] = a
	}
	b.exports.Call(name, wide...)
	return nil
}

func (b *browser) view(at, n int) js.Value {
	return js.Global().Get("Uint8Array").New(b.memory.Get("buffer"), at, n)
}

func (b *browser) read(at, n int) []byte {
	out := make([]byte, n)
	js.CopyBytesToGo(out, b.view(at, n))
	return out
}

func (b *browser) write(at int, data []byte) { js.CopyBytesToJS(b.view(at, len(data)), data) }
func (b *browser) size() int                 { return b.memory.Get("buffer").Get("byteLength").Int() }

func (b *browser) grow(pages int) bool {
	b.memory.Call("grow", pages)
	return true
}
