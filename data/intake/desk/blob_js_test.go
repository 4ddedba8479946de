package desk

import (
	"bytes"
	"errors"
	stdimage "image"
	"image/color"
	"image/color/palette"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"syscall/js"
	"testing"

	"cloister/data/image"
)

// fakeFile is a Blob as a worker would read it: pages, where these tests run, have no FileReaderSync.
func fakeFile(t *testing.T, content []byte, gone *bool) js.Value {
	t.Helper()
	bytesOf := func(from, to int) js.Value {
		array := js.Global().Get("Uint8Array").New(to - from)
		js.CopyBytesToJS(array, content[from:to])
		return array.Get("buffer")
	}
	slice := js.FuncOf(func(_ js.Value, args []js.Value) any {
		return map[string]any{"content": bytesOf(args[0].Int(), args[1].Int())}
	})
	reader := js.FuncOf(func(this js.Value, _ []js.Value) any { return js.Undefined() })
	read := js.FuncOf(func(_ js.Value, args []js.Value) any { return args[0].Get("content") })
	refuse := js.Global().Get("Function").New("throw new DOMException('gone', 'NotReadableError')")
	before := js.Global().Get("FileReaderSync")
	reader.Get("prototype").Set("readAsArrayBuffer", read)
	if *gone {
		reader.Get("prototype").Set("readAsArrayBuffer", refuse)
	}
	js.Global().Set("FileReaderSync", reader)
	t.Cleanup(func() {
		js.Global().Set("FileReaderSync", before)
		slice.Release()
		reader.Release()
		read.Release()
	})
	return js.ValueOf(map[string]any{"size": len(content), "slice": slice})
}

// A Blob reads as its bytes, wherever one begins, beyond what is read ahead too.
func TestBlobReadsInPlace(t *testing.T) {
	content := make([]byte, 2*window+1234)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	gone := false
	file := fakeFile(t, content, &gone)
	one, err := Sources(js.ValueOf([]any{map[string]any{"name": "./a/b.bin", "file": file}}))[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int{{0, 10}, {window - 3, 9}, {5, 2 * window}, {2 * window, 1234}, {17, 1}} {
		p := make([]byte, c[1])
		if n, err := one.ReadAt(p, int64(c[0])); n != c[1] || err != nil || !bytes.Equal(p, content[c[0]:c[0]+c[1]]) {
			t.Errorf("%d bytes at %d: %d, %v", c[1], c[0], n, err)
		}
	}
	p := make([]byte, 100)
	if n, err := one.ReadAt(p, int64(len(content)-40)); n != 40 || err != io.EOF {
		t.Errorf("over the end: %d, %v", n, err)
	}
	if _, err := one.ReadAt(p, -1); err == nil {
		t.Error("before the start there are bytes")
	}
	if _, err := Bytes(file, 100); err == nil {
		t.Error("a file above the limit is read")
	}
	if all, err := Bytes(file, len(content)); err != nil || !bytes.Equal(all, content) {
		t.Errorf("%d bytes, %v", len(all), err)
	}
	gone = true
	if _, err := Bytes(fakeFile(t, content, &gone), len(content)); err == nil || !strings.Contains(err.Error(), "moved") {
		t.Errorf("a file that is gone: %v", err)
	}
}

// The browser's decoder gives what Go's gives, bit for bit of PNGs; of JPEGs within the rounding of two decoders. What is transparent, or
// what the browser refuses, is Go's to decode or to explain.
func TestBrowserDecodesAsGoDoes(t *testing.T) {
	bounds := stdimage.Rect(0, 0, 13, 9)
	grey, deep, colours, pale := stdimage.NewGray(bounds), stdimage.NewGray16(bounds), stdimage.NewNRGBA(bounds), stdimage.NewNRGBA(bounds)
	few := stdimage.NewPaletted(bounds, palette.WebSafe)
	for y := range 9 {
		for x := range 13 {
			grey.SetGray(x, y, color.Gray{uint8(17*x + 5*y)})
			deep.SetGray16(x, y, color.Gray16{uint16(4999*x + 777*y)})
			colours.SetNRGBA(x, y, color.NRGBA{uint8(19 * x), uint8(28 * y), uint8(x * y), 255})
			pale.SetNRGBA(x, y, color.NRGBA{uint8(19 * x), uint8(28 * y), 77, uint8(20 * x)})
			few.SetColorIndex(x, y, uint8(13*y+x))
		}
	}
	for name, m := range map[string]stdimage.Image{"grey": grey, "16 bits": deep, "colours": colours, "transparent": pale, "palette": few} {
		var file bytes.Buffer
		if err := png.Encode(&file, m); err != nil {
			t.Fatal(err)
		}
		if far := farthest(t, file.Bytes()); far > 0 {
			t.Errorf("%s: a value is %d off", name, far)
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, colours, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if far := farthest(t, file.Bytes()); far > 40 { // colour is kept at half the resolution, which decoders enlarge as they like
		t.Errorf("JPEG: a value is %d off", far)
	}
	broken := file.Bytes()[:file.Len()/3]
	h, err := image.ReadHeader(broken)
	if err == nil {
		_, err = BrowserDecoder{}.Decode(broken, h)
	}
	if err == nil {
		t.Error("a third of a picture is one")
	}
}

// farthest is the largest difference of a value between the two decoders.
func farthest(t *testing.T, file []byte) (most int) {
	t.Helper()
	h, err := image.ReadHeader(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := BrowserDecoder{}.Decode(file, h)
	want, err2 := image.Go{}.Decode(file, h)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if got.Width != want.Width || got.Height != want.Height {
		t.Fatalf("%dx%d, want %dx%d", got.Width, got.Height, want.Width, want.Height)
	}
	a, b := make([]byte, 4*got.Width), make([]byte, 4*got.Width)
	for y := range got.Height {
		got.Row(y, a)
		want.Row(y, b)
		for i := range a {
			most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		}
	}
	return most
}
