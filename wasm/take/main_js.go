// Command take writes and reads files of models and certificates in a worker of the page: it binds package train/take to messages.
package main

import (
	"syscall/js"

	"cloister/train/protocol"
	"cloister/train/take"
)

func main() {
	global := js.Global()
	post := func(r protocol.TakeReply) {
		global.Call("postMessage", map[string]any{"reply": protocol.EncodeTakeReply(r)})
	}
	inbox := make(chan js.Value, 64)
	global.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		inbox <- args[0].Get("data")
		return nil
	}))
	global.Call("postMessage", map[string]any{"ready": true})
	desk := &take.Desk{}
	for message := range inbox {
		r, err := protocol.DecodeTakeRequest(message)
		if err != nil {
			id := 0
			if v := message.Get("id"); v.Type() == js.TypeNumber {
				id = v.Int()
			}
			post(protocol.TakeReply{Type: "refused", ID: id, Message: err.Error()})
			continue
		}
		post(desk.Answer(r))
	}
}
