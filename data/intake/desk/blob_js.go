package desk

import (
	"errors"
	"io"
	"path"
	"syscall/js"

	"cloister/data/bundle"
)

// window is how much of a Blob is read ahead: archives are read in small pieces.
const window = 256 << 10

// Sources are the page's files: a list of {name, file}.
func Sources(files js.Value) []bundle.Source {
	all := make([]bundle.Source, files.Length())
	for i := range all {
		f := files.Index(i)
		file := f.Get("file")
		size := int64(file.Get("size").Float())
		all[i] = bundle.Source{Name: path.Clean(f.Get("name").String()), Size: size, Open: func() (bundle.Content, error) {
			return &blob{file: file, size: size}, nil
		}}
	}
	return all
}

// blob reads a Blob in place, a slice at a time, which only a worker may do without waiting.
type blob struct {
	file js.Value
	size int64
	at   int64 // of what is held
	held []byte
}

var _ bundle.Content = (*blob)(nil)

func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the start")
	}
	n := 0
	for n < len(p) {
		from := off + int64(n)
		if from >= b.size {
			return n, io.EOF
		}
		if from < b.at || from >= b.at+int64(len(b.held)) {
			held, err := slice(b.file, from, min(b.size, from+window))
			if err != nil {
				return n, err
			}
			b.at, b.held = from, held
		}
		n += copy(p[n:], b.held[from-b.at:])
	}
	return n, nil
}

func (b *blob) Close() error {
	b.held = nil
	return nil
}

// slice is a part of a Blob. A file that was changed or moved since it was dropped cannot be read.
func slice(file js.Value, from, to int64) (held []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, thrown := r.(js.Error); !thrown {
				panic(r)
			}
			err = errors.New("the browser cannot read it any more: was it changed, moved or is it a folder?")
		}
	}()
	part := file.Call("slice", float64(from), float64(to))
	buffer := js.Global().Get("FileReaderSync").New().Call("readAsArrayBuffer", part)
	held = make([]byte, buffer.Get("byteLength").Int())
	js.CopyBytesToGo(held, js.Global().Get("Uint8Array").New(buffer))
	if int64(len(held)) != to-from {
		return nil, io.ErrUnexpectedEOF
	}
	return held, nil
}

// Bytes are a Blob's, of at most limit.
func Bytes(file js.Value, limit int) ([]byte, error) {
	size := file.Get("size").Int()
	if size > limit {
		return nil, errors.New("too large a file")
	}
	return slice(file, 0, int64(size))
}

// Blob is a Blob of bytes.
func Blob(content []byte, kind string) js.Value {
	array := js.Global().Get("Uint8Array").New(len(content))
	js.CopyBytesToJS(array, content)
	return js.Global().Get("Blob").New([]any{array}, map[string]any{"type": kind})
}
