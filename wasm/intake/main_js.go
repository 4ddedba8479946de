// Command intake reads a person's own files in a worker of the page: it binds package data/intake/desk to messages.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall/js"

	"cloister/data/image"
	"cloister/data/intake/desk"
)

func main() {
	global := js.Global()
	files := global.Get("Array").New() // of the dataset that is being packed
	marks := global.Get("ArrayBuffer").New(0)
	post := func(r desk.Reply) {
		text, err := json.Marshal(r)
		if err != nil {
			panic(err)
		}
		message, handed := map[string]any{"reply": string(text)}, []any{}
		if r.Type == "read" { // marks may be millions, which the page shall not have to copy
			message["files"], message["marks"], handed = files, marks, append(handed, marks)
			files, marks = global.Get("Array").New(), global.Get("ArrayBuffer").New(0)
		}
		global.Call("postMessage", message, handed)
	}
	defer func() {
		if r := recover(); r != nil {
			post(desk.Reply{Type: "failed", Message: fmt.Sprint(r)})
			panic(r)
		}
	}()
	d := &desk.Desk{Decoder: desk.BrowserDecoder{}, Tell: post, Put: func(name string, file []byte) error {
		if name == desk.MarksFile {
			array := global.Get("Uint8Array").New(len(file))
			js.CopyBytesToJS(array, file)
			marks = array.Get("buffer")
			return nil
		}
		files.Call("push", map[string]any{"name": name, "blob": desk.Blob(file, "application/octet-stream")})
		return nil
	}}
	inbox := make(chan js.Value, 64)
	global.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		inbox <- args[0].Get("data")
		return nil
	}))
	global.Call("postMessage", map[string]any{"ready": true})
	for message := range inbox {
		files = global.Get("Array").New()
		answer(d, message, post)
	}
}

// answer hands a message to the desk: a request as JSON, and beside it what was dropped, or one file.
func answer(d *desk.Desk, message js.Value, post func(desk.Reply)) {
	var r desk.Request
	err := json.Unmarshal([]byte(message.Get("request").String()), &r)
	if dropped := message.Get("files"); err == nil && dropped.Truthy() {
		err = d.Drop(desk.Sources(dropped))
	}
	var one []byte
	if file := message.Get("file"); err == nil && file.Truthy() {
		one, err = desk.Bytes(file, image.MaxFileBytes)
	}
	if err != nil {
		post(desk.Reply{Type: "refused", ID: r.ID, Message: err.Error()})
		return
	}
	d.Answer(context.Background(), r, one)
}
