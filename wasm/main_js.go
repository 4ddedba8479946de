// Command wasm is the trainer as a browser runs it, in a worker of its own: it binds package train to messages.
// Requests and events are plain objects, typed in train/protocol and, for the page, in static/src/protocol.ts.
package main

import (
	"context"
	"fmt"
	"syscall/js"

	"cloister/train"
	"cloister/train/demo"
	"cloister/train/protocol"
)

func main() {
	defer func() {
		if r := recover(); r != nil {
			post(protocol.Event{Type: "error", Fatal: true, Message: fmt.Sprintf("The trainer failed: %v", r)})
			panic(r)
		}
	}()
	loader := js.Global().Get("cloister") // static/src/workers/trainer.ts
	notice := func(s string) { post(protocol.Event{Type: "notice", Message: s}) }
	trainer := train.NewTrainer(&train.BrowserHost{Script: loader.Get("compute").String(), Notice: notice}, post)
	trainer.Audit, trainer.Replay, trainer.Published = demo.Audit, demo.Replay, demo.Published()

	hear := func(message js.Value) {
		r, err := protocol.DecodeRequest(message)
		if err != nil {
			post(protocol.Event{Type: "error", Message: train.Words(err)})
			return
		}
		trainer.Send(r)
	}
	inbox := loader.Get("inbox")
	for i := range inbox.Length() {
		hear(inbox.Index(i))
	}
	js.Global().Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		hear(args[0].Get("data"))
		return nil
	}))
	trainer.Run(context.Background())
}

// post tells the page. A checkpoint is handed over, for a copy would take the page's time.
func post(e protocol.Event) {
	value, handedOver := protocol.EncodeEvent(e), []any{}
	if len(e.Checkpoint) > 0 {
		handedOver = append(handedOver, value.Get("checkpoint").Get("buffer"))
	}
	js.Global().Call("postMessage", value, handedOver)
}
