package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall/js"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/internal/browser"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// BrowserHost runs a trainer in a browser's worker: records are Blobs, the compiled step runs in compute workers, and
// ledgers are in the browser's database.
type BrowserHost struct {
	Script string // text of the compute workers' script
	Notice func(string)

	store   ledger.Store
	forgets bool // the store does
}

// Fetch opens files below a folder's absolute address.
func (h *BrowserHost) Fetch(folder string) data.Fetch {
	if !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	return func(ctx context.Context, name string) (io.ReadCloser, error) {
		options := map[string]any{}
		if data.Retrying(ctx) {
			options["cache"] = "reload"
		}
		response, err := browser.Await(js.Global().Call("fetch", folder+name, options))
		if err != nil {
			return nil, fmt.Errorf("fetching %s%s: %w", folder, name, err)
		}
		if !response.Get("ok").Bool() {
			return nil, fmt.Errorf("fetching %s%s: HTTP %d", folder, name, response.Get("status").Int())
		}
		return &body{reader: response.Get("body").Call("getReader")}, nil
	}
}

// body reads a response piece by piece, so that a file that is too long is not read to its end.
type body struct {
	reader js.Value
	piece  js.Value // Uint8Array, of which at..len is unread
	at     int
	len    int
}

func (b *body) Read(p []byte) (int, error) {
	for b.at == b.len {
		next, err := browser.Await(b.reader.Call("read"))
		if err != nil {
			return 0, err
		}
		if next.Get("done").Bool() {
			return 0, io.EOF
		}
		b.piece, b.at = next.Get("value"), 0
		b.len = b.piece.Get("length").Int()
	}
	n := js.CopyBytesToGo(p, b.piece.Call("subarray", b.at, b.len))
	b.at += n
	return n, nil
}

func (b *body) Close() error {
	_, err := browser.Await(b.reader.Call("cancel"))
	return err
}

// Own reads files that the page handed over as Blobs, each when it is asked for.
func (h *BrowserHost) Own(files []protocol.File) data.Fetch {
	return func(_ context.Context, name string) (io.ReadCloser, error) {
		for _, f := range files {
			blob, ok := f.Blob.Handle.(js.Value)
			if !ok || f.Name != name {
				continue
			}
			if size := blob.Get("size").Int(); size > data.MaxShardBytes {
				return nil, fmt.Errorf("train: file %.80q has %d bytes, at most %d", name, size, data.MaxShardBytes)
			}
			buffer, err := browser.Await(blob.Call("arrayBuffer"))
			if err != nil {
				return nil, err
			}
			view := js.Global().Get("Uint8Array").New(buffer)
			b := make([]byte, view.Length())
			js.CopyBytesToGo(b, view)
			return io.NopCloser(bytes.NewReader(b)), nil
		}
		return nil, fmt.Errorf("train: no file %.80q was handed over", name)
	}
}

func (h *BrowserHost) NewRecords(recordBytes int) Records { return backend.NewBlobs(recordBytes) }

func (h *BrowserHost) Compute(_ context.Context, work backend.Work, records Records, workers int, notice func(string)) (backend.Backend, error) {
	blobs, ok := records.(*backend.Blobs)
	if !ok {
		return nil, errors.New("train: these records are not in the browser")
	}
	return backend.NewWorkers(work, blobs, backend.WorkerOptions{Script: h.Script, Count: workers, Notice: notice})
}

func (h *BrowserHost) Workers() int { return backend.Processors() }

// Ledgers opens the browser's database. Where there is none, the trainer remembers what it spends while it lives, and the
// person is told.
func (h *BrowserHost) Ledgers() (store ledger.Store, forgets bool, err error) {
	if h.store == nil {
		if h.store, err = openBrowserStore("cloister"); err != nil {
			h.Notice(err.Error() + ". What earlier runs on these records spent is unknown, and what this page spends is remembered only until it is left, reloaded, or starts its trainer again.")
			h.store, h.forgets = &ledger.MemoryStore{}, true
		}
	}
	return h.store, h.forgets, nil
}
