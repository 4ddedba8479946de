// Package imagetest makes pictures that libraries do not write, for tests of those that people have.
package imagetest

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/bits"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/image/bmp"
)

// Quarters is a lossy WebP of 16x16 pixels, from a canvas in Chromium: red, green, blue and grey 128.
//
//go:embed testdata/quarters.webp
var Quarters []byte

// Encoded is a picture as a file of a format: "png", "jpeg", "gif" or "bmp".
func Encoded(t testing.TB, m image.Image, format string) []byte {
	t.Helper()
	var file bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&file, m)
	case "jpeg":
		err = jpeg.Encode(&file, m, &jpeg.Options{Quality: 100})
	case "gif":
		err = gif.Encode(&file, m, nil)
	case "bmp":
		err = bmp.Encode(&file, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// ByteOrder is that of a TIFF structure.
type ByteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// WithEXIF is a JPEG, PNG or extended WebP that states an orientation.
func WithEXIF(file []byte, orientation byte, order ByteOrder) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00")
	if order == ByteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*\x00\x00\x00\x08")
	}
	u16 := func(v uint16) { tiff = order.AppendUint16(tiff, v) }
	u16(1)
	u16(0x0112)
	u16(3)
	tiff = order.AppendUint32(tiff, 1)
	u16(uint16(orientation))
	u16(0)
	tiff = order.AppendUint32(tiff, 0) // no further directory
	switch file[0] {
	case 0xff:
		body := append([]byte("Exif\x00\x00"), tiff...)
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
		return slices.Concat(file[:2], segment, body, file[2:])
	case 'R':
		const flags, hasEXIF = 20, 0x08 // of its VP8X chunk (RFC 9649, section 2.7)
		body := slices.Concat(file[8:], []byte("EXIF"), binary.LittleEndian.AppendUint32(nil, uint32(len(tiff))), tiff)
		body[flags-8] |= hasEXIF
		return slices.Concat([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body)
	}
	return slices.Concat(file[:afterHeader], chunk("eXIf", tiff), file[afterHeader:])
}

const afterHeader = 8 + 25 // of a PNG

// chunk is one of a PNG.
func chunk(name string, body []byte) []byte {
	named := append([]byte(name), body...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(body))), named, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(named)))
}

// Stored is how a camera keeps an upright picture under an orientation: the inverse of how it is to be shown, by the table of Exif 2.32,
// section 4.6.4, where row and column 0 of what is stored are said to show.
func Stored(m *image.NRGBA, orientation int) *image.NRGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	s := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2: // row 0: top, column 0: right
				sx = w - 1 - x
			case 3: // bottom, right
				sx, sy = w-1-x, h-1-y
			case 4: // bottom, left
				sy = h - 1 - y
			case 5: // row 0: left, column 0: top
				sx, sy = y, x
			case 6: // row 0: right, column 0: top
				sx, sy = y, w-1-x
			case 7: // row 0: right, column 0: bottom
				sx, sy = h-1-y, w-1-x
			case 8: // row 0: left, column 0: bottom
				sx, sy = h-1-y, x
			}
			s.SetNRGBA(sx, sy, m.NRGBAAt(x, y))
		}
	}
	return s
}

// Colours of a PNG (W3C PNG, section 6.1).
const (
	Grey      = 0
	Palette   = 3
	GreyAlpha = 4
)

// PNG is one of a kind that Go's encoder does not write: its rows are packed as the kind asks. A palette is of red, green and blue; clear
// is of tRNS. Both may be nil.
func PNG(width, height, depth, colour int, rows [][]byte, palette, clear []byte) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	for _, row := range rows {
		z.Write(append([]byte{0}, row...)) // no filter
	}
	z.Close()
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	parts := [][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, byte(depth), byte(colour), 0, 0, 0))}
	if palette != nil {
		parts = append(parts, chunk("PLTE", palette))
	}
	if clear != nil {
		parts = append(parts, chunk("tRNS", clear))
	}
	return slices.Concat(append(parts, chunk("IDAT", packed.Bytes()), chunk("IEND", nil))...)
}

// FlatCMYK is a JPEG of 8x8 pixels of one colour in four channels (ITU-T T.81): one value a channel and no detail.
func FlatCMYK(stored [4]byte, adobe bool) []byte {
	file := []byte{0xff, 0xd8}
	segment := func(marker byte, body ...byte) {
		file = append(binary.BigEndian.AppendUint16(append(file, 0xff, marker), uint16(len(body)+2)), body...)
	}
	if adobe {
		segment(0xee, append([]byte("Adobe"), 0, 100, 0, 0, 0, 0, 0)...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	segment(0xc0, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)
	segment(0xc4, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) // twelve sizes, four bits each
	segment(0xc4, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)                                  // the end of a block, one bit
	segment(0xda, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0)
	code := ""
	for _, v := range stored {
		level := 8 * (int(v) - 128)
		size := bits.Len(uint(max(level, -level)))
		if level < 0 {
			level += 1<<size - 1
		}
		code += fmt.Sprintf("%04b%0*b0", size, size, level)
	}
	for code += "1111111"; len(code) >= 8; code = code[8:] {
		b, _ := strconv.ParseUint(code[:8], 2, 8)
		if file = append(file, byte(b)); b == 0xff {
			file = append(file, 0)
		}
	}
	return append(file, 0xff, 0xd9)
}
