package desk

import (
	"syscall/js"

	"cloister/data/image"
	"cloister/internal/browser"
)

// BrowserDecoder decodes pictures by the browser's own decoder, some ten times as fast as Go's in WebAssembly. What it refuses, Go's
// tries, which says why. It leaves transparent pictures to Go's, since a canvas multiplies colours by alpha, and rounds; and turned ones that are no
// JPEG, since not every browser turns them.
type BrowserDecoder struct{}

var _ image.Decoder = BrowserDecoder{}

func (BrowserDecoder) Decode(file []byte, h image.Header) (*image.Pixels, error) {
	if h.Orientation != 1 && h.Format != "jpeg" {
		return image.Go{}.Decode(file, h)
	}
	options := map[string]any{"colorSpaceConversion": "none", "premultiplyAlpha": "none"}
	bitmap, err := browser.Await(js.Global().Call("createImageBitmap", Blob(file, "image/"+h.Format), options))
	if err != nil {
		return image.Go{}.Decode(file, h)
	}
	defer bitmap.Call("close")
	width, height := bitmap.Get("width").Int(), bitmap.Get("height").Int()
	upright := h
	if h.Turned() {
		upright.Width, upright.Height = h.Height, h.Width
	}
	if width != upright.Width || height != upright.Height {
		return image.Go{}.Decode(file, h) // which says what is wrong with it
	}
	context := js.Global().Get("OffscreenCanvas").New(width, height).Call("getContext", "2d", map[string]any{"willReadFrequently": true})
	context.Call("drawImage", bitmap, 0, 0)
	data := context.Call("getImageData", 0, 0, width, height).Get("data")
	rgba := make([]byte, 4*width*height)
	js.CopyBytesToGo(rgba, data)
	for i := 3; i < len(rgba); i += 4 {
		if rgba[i] != 255 {
			return image.Go{}.Decode(file, h)
		}
	}
	return &image.Pixels{Width: width, Height: height, Upright: true, Row: func(y int, row []byte) { copy(row, rgba[4*width*y:][:4*width]) }}, nil
}
