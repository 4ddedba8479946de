package backend

import (
	"context"
	"errors"
	"syscall/js"
	"time"
)

// worker is one browser worker that runs static/src/workers/compute-worker.js. It has at most one message in flight.
type worker struct {
	self    js.Value
	buffer  js.Value // ArrayBuffer that travels with the jobs
	replies chan js.Value
	events  map[string]js.Func
}

// addressOf is the address of a blob that holds a script: a worker started from it inherits the page's content security
// policy, which one loaded by its own address does not inherit from a <meta> element.
func addressOf(script string) js.Value {
	source := js.Global().Get("Blob").New([]any{script}, map[string]any{"type": "text/javascript"})
	return js.Global().Get("URL").Call("createObjectURL", source)
}

func startWorker(url js.Value) *worker {
	w := &worker{self: js.Global().Get("Worker").New(url), buffer: js.Null(), replies: make(chan js.Value, 1), events: map[string]js.Func{}}
	w.on("message", func(event js.Value) js.Value { return event.Get("data") })
	failed := func(event js.Value) js.Value {
		event.Call("preventDefault") // or it would count as the trainer's own failure
		reason := "it could not be loaded or run"
		if m := event.Get("message"); m.Type() == js.TypeString && m.String() != "" {
			reason = m.String()
		}
		return js.ValueOf(map[string]any{"error": reason})
	}
	w.on("error", failed)
	w.on("messageerror", failed)
	return w
}

func (w *worker) on(event string, reply func(js.Value) js.Value) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		select {
		case w.replies <- reply(args[0]):
		default: // an error after an error; the first one counts
		}
		return nil
	})
	w.events[event] = f
	w.self.Call("addEventListener", event, f)
}

func (w *worker) post(message map[string]any) { w.self.Call("postMessage", message) }

func (w *worker) end() {
	w.self.Call("terminate")
	for event, f := range w.events { // terminated, a worker may still have an event on its way
		w.self.Call("removeEventListener", event, f)
		f.Release()
	}
}

// ready waits until the worker has its module and data.
func (w *worker) ready(ctx context.Context) error {
	_, err := w.wait(ctx, patienceSetup)
	return err
}

// send posts a job without waiting. The job's bytes are copied.
func (w *worker) send(j *job) {
	size, read := 0, 0
	write, readBack := make([]any, 0, 2*len(j.write)), make([]any, 0, 2*len(j.read))
	for _, s := range j.write {
		write = append(write, s.at, len(s.bytes))
		size += len(s.bytes)
	}
	for _, s := range j.read {
		readBack = append(readBack, s.at, len(s.bytes))
		read += len(s.bytes)
	}
	size = max(size, read)
	if w.buffer.IsNull() || w.buffer.Get("byteLength").Int() < size {
		w.buffer = js.Global().Get("ArrayBuffer").New(size)
	}
	from := 0
	for _, s := range j.write {
		js.CopyBytesToJS(uint8Array.New(w.buffer, from, len(s.bytes)), s.bytes)
		from += len(s.bytes)
	}
	message := map[string]any{"call": j.call, "args": j.args, "buffer": w.buffer, "write": write, "read": readBack}
	w.self.Call("postMessage", message, []any{w.buffer})
	w.buffer = js.Null()
}

// receive waits for the answer to the job that was sent and copies it out. It returns the time that the worker computed.
func (w *worker) receive(ctx context.Context, j *job, limit time.Duration) (time.Duration, error) {
	reply, err := w.wait(ctx, limit)
	if err != nil {
		return 0, err
	}
	w.buffer = reply.Get("buffer")
	from := 0
	for _, s := range j.read {
		js.CopyBytesToGo(s.bytes, uint8Array.New(w.buffer, from, len(s.bytes)))
		from += len(s.bytes)
	}
	return time.Duration(reply.Get("busy").Float() * float64(time.Millisecond)), nil
}

func (w *worker) wait(ctx context.Context, limit time.Duration) (js.Value, error) {
	select {
	case reply := <-w.replies: // here already, while another worker was waited for: in time, however late it is
		return answer(reply)
	default:
	}
	timer := time.NewTimer(max(limit, 0))
	defer timer.Stop()
	select {
	case reply := <-w.replies:
		return answer(reply)
	case <-ctx.Done():
		return js.Value{}, ctx.Err()
	case <-timer.C:
		return js.Value{}, errors.New("no answer in time") // how long that was would tell how many records it was about
	}
}

// answer is a worker's reply, or the error that it tells of.
func answer(reply js.Value) (js.Value, error) {
	if e := reply.Get("error"); !e.IsUndefined() {
		return js.Value{}, errors.New(e.String())
	}
	return reply, nil
}

var uint8Array = js.Global().Get("Uint8Array")
