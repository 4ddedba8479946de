//go:build js

// Command plain is Go compiled to wasm by the Go toolchain, to be timed in a worker: nn's plain-Go reference step, and
// the accountant. Its functions take and return JSON text; they are in globalThis.plain.
package main

import (
	"encoding/json"
	"fmt"
	"syscall/js"
)

func main() {
	functions := js.Global().Get("Object").New()
	functions.Set("step", answer(step))
	functions.Set("account", answer(account))
	js.Global().Set("plain", functions)
	select {}
}

// answer makes a function of JSON from one of Go values; an error becomes {"error": text}.
func answer[Q, A any](f func(Q) (A, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		var question Q
		if err := json.Unmarshal([]byte(args[0].String()), &question); err != nil {
			return failure(err)
		}
		a, err := f(question)
		if err != nil {
			return failure(err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			return failure(err)
		}
		return string(text)
	})
}

func failure(err error) string {
	text, _ := json.Marshal(map[string]string{"error": fmt.Sprint(err)})
	return string(text)
}
