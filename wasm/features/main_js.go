// Command features computes fixed features in a worker of the page (static/src/workers/features.ts), which hands it what a Go program
// has not: files to read, compute workers, and a place for what comes out. It also shows a page what a map is made of.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"syscall/js"

	"cloister/data"
	"cloister/features"
	"cloister/internal/browser"
	"cloister/nn"
	"cloister/nn/compile"
	"cloister/nn/compile/extract"
)

func main() {
	host := js.Global().Get("cloister")
	if err := run(context.Background(), host); err != nil {
		host.Call("fail", strings.TrimPrefix(err.Error(), "features: "))
	}
	select {} // the page ends the worker
}

func run(ctx context.Context, host js.Value) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("features: %v", r)
		}
	}()
	if host.Get("view").Truthy() {
		return view(ctx, host)
	}
	return compute(ctx, host)
}

// compute makes the features of a dataset.
func compute(ctx context.Context, host js.Value) error {
	fetch := readWith(host)
	if host.Get("digits").Bool() {
		fetch = digits()
	}
	brought := host.Get("encoder")
	job, err := open(ctx, fetch, host, brought)
	if err != nil {
		return err
	}
	if kept, err := browser.Await(host.Call("kept", job.Key(), job.Fingerprint())); err != nil || kept.Bool() {
		return err
	}
	stage := &features.Stage{Engine: &engine{host: host}, Options: extract.Options{FMA: relaxed()}, Put: func(name string, file []byte) error {
		_, err := browser.Await(host.Call("put", name, toJS(file)))
		return err
	}, Tell: func(p features.Progress) {
		text, err := json.Marshal(p)
		if err == nil {
			host.Call("tell", string(text))
		}
	}}
	if brought.Truthy() {
		err = encode(ctx, host, stage, job)
	} else {
		_, err = stage.Run(ctx, job)
	}
	if err == nil {
		_, err = browser.Await(host.Call("done"))
	}
	return err
}

// open opens the dataset, for a map of ours or for an encoder that was brought.
func open(ctx context.Context, fetch data.Fetch, host, brought js.Value) (*features.Job, error) {
	if !brought.Truthy() {
		return features.Open(ctx, fetch, host.Get("mirrored").Bool())
	}
	text := func(name string) string { return brought.Get(name).String() }
	sum, err := sumOf(brought)
	if err != nil {
		return nil, err
	}
	return features.OpenEncoded(ctx, fetch, &features.Encoder{File: text("file"), SHA256: sum, TrainedOn: text("trainedOn"), Values: text("values"), Positions: text("positions")})
}

// sumOf is the SHA-256 of an encoder's file, which is read in pieces.
func sumOf(brought js.Value) (string, error) {
	size := brought.Get("size").Int()
	if size > features.MaxEncoderBytes {
		return "", fmt.Errorf("features: %s has %d bytes, at most %d: bring a smaller encoder, or one of 8-bit weights", brought.Get("file"), size, features.MaxEncoderBytes)
	}
	sum := sha256.New()
	for first := 0; first < size; first += data.MaxShardBytes {
		part, err := browser.Await(brought.Call("part", first, min(first+data.MaxShardBytes, size)))
		if err != nil {
			return "", err
		}
		sum.Write(toGo(part))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// encode has the worker's script run the encoder that was brought.
func encode(ctx context.Context, host js.Value, stage *features.Stage, job *features.Job) error {
	stage.Tell(features.Progress{Making: true})
	m := job.Manifest
	values, err := browser.Await(host.Call("begin", m.Channels, m.Height, m.Width))
	if err != nil {
		return err
	}
	_, err = stage.Encode(ctx, job, values.Int(), func(records []byte) ([]float32, error) {
		vectors, err := browser.Await(host.Call("encode", toJS(records), m.RecordBytes()))
		if err != nil {
			return nil, err
		}
		return nn.Floats(toGo(vectors)), nil
	})
	return err
}

func relaxed() bool {
	return js.Global().Get("WebAssembly").Call("validate", toJS(compile.FMAProbe)).Bool()
}

// readWith reads files by name through the worker's script.
func readWith(host js.Value) data.Fetch {
	return func(ctx context.Context, name string) (io.ReadCloser, error) {
		v, err := browser.Await(host.Call("read", name, data.Retrying(ctx)))
		if err != nil {
			return nil, err
		}
		if n := v.Get("length").Int(); n > data.MaxShardBytes {
			return nil, fmt.Errorf("features: file %.80q has %d bytes, at most %d", name, n, data.MaxShardBytes)
		}
		return io.NopCloser(bytes.NewReader(toGo(v))), nil
	}
}

// digits packs the built-in digits in memory.
func digits() data.Fetch {
	files := map[string][]byte{}
	err := data.Pack(data.Digits(data.BuiltInTrain, data.BuiltInTest, data.BuiltInSeed), func(name string, file []byte) error {
		files[name] = file
		return nil
	})
	return func(_ context.Context, name string) (io.ReadCloser, error) {
		if err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(files[name])), nil
	}
}

// engine has the worker's script run compiled maps in compute workers.
type engine struct {
	host   js.Value
	loaded *extract.Module
}

func (e *engine) Pool(_ context.Context, m *extract.Module, records []byte) ([]float32, error) {
	b, err := e.compute(m, "pool", records, 4*m.Features)
	return nn.Floats(b), err
}

func (e *engine) Features(_ context.Context, m *extract.Module, records []byte) ([]byte, error) {
	return e.compute(m, "features", records, m.Features)
}

func (e *engine) compute(m *extract.Module, export string, records []byte, outBytes int) ([]byte, error) {
	if e.loaded != m {
		if _, err := browser.Await(e.host.Call("load", toJS(m.Wasm), m.Data)); err != nil {
			return nil, err
		}
		e.loaded = m
	}
	out, err := browser.Await(e.host.Call("compute", export, toJS(records), m.RecordBytes, outBytes))
	if err != nil {
		return nil, err
	}
	return toGo(out), nil
}

func toJS(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

func toGo(v js.Value) []byte {
	b := make([]byte, v.Get("length").Int())
	js.CopyBytesToGo(b, v)
	return b
}
