package desk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"image/color/palette"
	"io"
	"strings"
	"syscall/js"
	"testing"

	"cloister/data/image"
	"cloister/data/image/imagetest"
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

// The browser's decoder gives the records that Go's gives, bit for bit of what loses nothing, however the camera was held; of JPEGs and lossy
// WebPs within the rounding of two decoders. What is transparent, or what the browser refuses, is Go's to decode or to explain.
func TestBrowserDecodesAsGoDoes(t *testing.T) {
	for name, c := range pictures(t) {
		s := image.Settings{Channels: 3, Height: 9, Width: 13, Fit: image.Stretch}
		got, err := s.Read(c.file, BrowserDecoder{})
		want, err2 := s.Read(c.file, image.Go{})
		if err := errors.Join(err, err2); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		far := 0
		for i := range got {
			far = max(far, int(got[i])-int(want[i]), int(want[i])-int(got[i]))
		}
		if far > c.off {
			t.Errorf("%s: a value is %d off", name, far)
		}
	}
	silent := imagetest.FlatCMYK([4]byte{255, 55, 205, 235}, false)
	broken := imagetest.Encoded(t, ramp(), "jpeg")
	for want, file := range map[string][]byte{"CMYK": silent, "truncated": broken[:len(broken)/3]} {
		if _, err := (image.Settings{Channels: 3, Height: 8, Width: 8, Fit: image.Crop}).Read(file, BrowserDecoder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %q", err, want)
		}
	}
}

// decoded is a picture file and how far a value of its record may be from Go's.
type decoded struct {
	file []byte
	off  int
}

// ramp has a colour of its own in every pixel.
func ramp() *stdimage.NRGBA {
	m := stdimage.NewNRGBA(stdimage.Rect(0, 0, 13, 9))
	for y := range 9 {
		for x := range 13 {
			m.SetNRGBA(x, y, color.NRGBA{uint8(19 * x), uint8(28 * y), uint8(x * y), 255})
		}
	}
	return m
}

// pictures are of every kind that people have.
func pictures(t *testing.T) map[string]decoded {
	bounds := stdimage.Rect(0, 0, 13, 9)
	grey, deep, pale, few := stdimage.NewGray(bounds), stdimage.NewGray16(bounds), stdimage.NewNRGBA(bounds), stdimage.NewPaletted(bounds, palette.WebSafe)
	var rows [][]byte
	for y := range 9 {
		rows = append(rows, nil)
		for x := range 13 {
			grey.SetGray(x, y, color.Gray{uint8(17*x + 5*y)})
			deep.SetGray16(x, y, color.Gray16{uint16(4999*x + 777*y)})
			pale.SetNRGBA(x, y, color.NRGBA{uint8(19 * x), uint8(28 * y), 77, uint8(20 * x)})
			few.SetColorIndex(x, y, uint8(13*y+x))
			rows[y] = append(rows[y], uint8(40*x), uint8(60*y), 255, 255) // of grey and alpha, 16 bits each, or as much of them as a kind has
		}
	}
	const lossy = 40 // colour is kept at half the resolution, which decoders enlarge as they like
	png := func(depth, colour int, palette, clear []byte) decoded {
		return decoded{file: imagetest.PNG(13, 9, depth, colour, rows, palette, clear)}
	}
	all := map[string]decoded{
		"grey": {file: imagetest.Encoded(t, grey, "png")}, "16 bits": {file: imagetest.Encoded(t, deep, "png")}, "colours": {file: imagetest.Encoded(t, ramp(), "png")},
		"transparent": {file: imagetest.Encoded(t, pale, "png")}, "palette": {file: imagetest.Encoded(t, few, "png")}, "GIF": {file: imagetest.Encoded(t, few, "gif")}, "BMP": {file: imagetest.Encoded(t, ramp(), "bmp")},
		"grey, alpha, 16 bits each": png(16, imagetest.GreyAlpha, nil, nil),
		"JPEG":                      {imagetest.Encoded(t, ramp(), "jpeg"), lossy},
		"grey JPEG":                 {imagetest.Encoded(t, grey, "jpeg"), 2},
		"CMYK by Adobe":             {imagetest.FlatCMYK([4]byte{255, 55, 205, 235}, true), 2},
	}
	for y := range rows {
		rows[y] = rows[y][:26]
	}
	all["grey, alpha"] = png(8, imagetest.GreyAlpha, nil, nil)
	for y := range rows {
		rows[y] = rows[y][:2]
	}
	all["grey of one bit"] = png(1, imagetest.Grey, nil, nil)
	all["palette of one bit"] = png(1, imagetest.Palette, []byte{9, 9, 9, 200, 100, 50}, nil)
	all["palette with clear"] = png(1, imagetest.Palette, []byte{9, 9, 9, 200, 100, 50}, []byte{100})
	for o := 1; o <= 8; o++ {
		held := imagetest.Stored(ramp(), o)
		all[fmt.Sprintf("PNG, orientation %d", o)] = decoded{file: imagetest.WithEXIF(imagetest.Encoded(t, held, "png"), byte(o), binary.BigEndian)}
		all[fmt.Sprintf("JPEG, orientation %d", o)] = decoded{imagetest.WithEXIF(imagetest.Encoded(t, held, "jpeg"), byte(o), binary.LittleEndian), lossy}
		all[fmt.Sprintf("WebP, orientation %d", o)] = decoded{imagetest.WithEXIF(imagetest.Quarters, byte(o), binary.LittleEndian), lossy}
	}
	return all
}
