package image

import (
	"bytes"
	"errors"
	"fmt"
	std "image"
	"image/color"
)

// Go is the decoder of Go's libraries.
type Go struct{}

var _ Decoder = Go{}

// Decode decodes a file; of an animation, its first picture.
func (Go) Decode(file []byte, h Header) (p *Pixels, err error) {
	defer func() { // a library's panic is about one file
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("damaged: %v", r)
		}
	}()
	m, format, err := std.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, readable(err)
	}
	b := m.Bounds()
	if h.Format == "gif" { // the first picture may cover a part of the screen
		b = std.Rect(0, 0, h.Width, h.Height)
	}
	if format != h.Format || b.Dx() != h.Width || b.Dy() != h.Height {
		return nil, errors.New("damaged: its picture is not as its header says")
	}
	return &Pixels{Width: h.Width, Height: h.Height, Row: rows(m, b, h.Format)}, nil
}

// rows reads a picture row by row, whatever it is kept as.
func rows(m std.Image, b std.Rectangle, format string) func(y int, rgba []byte) {
	switch m := m.(type) {
	case *std.Gray:
		return func(y int, rgba []byte) {
			for x, v := range m.Pix[y*m.Stride:][:b.Dx()] {
				rgba[4*x], rgba[4*x+1], rgba[4*x+2], rgba[4*x+3] = v, v, v, 255
			}
		}
	case *std.NRGBA:
		return func(y int, rgba []byte) { copy(rgba, m.Pix[y*m.Stride:][:4*b.Dx()]) }
	case *std.NRGBA64: // the upper byte of each value
		return func(y int, rgba []byte) {
			for i := range rgba[:4*b.Dx()] {
				rgba[i] = m.Pix[y*m.Stride+2*i]
			}
		}
	case *std.YCbCr:
		if format == "webp" {
			return func(y int, rgba []byte) { studioRow(m, nil, y, rgba) }
		}
		return func(y int, rgba []byte) {
			for x := range b.Dx() {
				yi, ci := m.YOffset(b.Min.X+x, b.Min.Y+y), m.COffset(b.Min.X+x, b.Min.Y+y)
				rgba[4*x], rgba[4*x+1], rgba[4*x+2] = color.YCbCrToRGB(m.Y[yi], m.Cb[ci], m.Cr[ci])
				rgba[4*x+3] = 255
			}
		}
	case *std.NYCbCrA:
		return func(y int, rgba []byte) { studioRow(&m.YCbCr, m, y, rgba) }
	}
	return func(y int, rgba []byte) {
		for x := range b.Dx() {
			rgba[4*x], rgba[4*x+1], rgba[4*x+2], rgba[4*x+3] = at(m, b.Min.X+x, b.Min.Y+y)
		}
	}
}

// at is a pixel with eight bits a value, the upper ones.
func at(m std.Image, x, y int) (r, g, b, a byte) {
	if !(std.Point{X: x, Y: y}).In(m.Bounds()) {
		return 0, 0, 0, 0
	}
	switch c := m.At(x, y).(type) {
	case color.NRGBA:
		return c.R, c.G, c.B, c.A
	case color.CMYK:
		r, g, b := color.CMYKToRGB(c.C, c.M, c.Y, c.K)
		return r, g, b, 255
	default:
		n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
		return byte(n.R >> 8), byte(n.G >> 8), byte(n.B >> 8), byte(n.A >> 8)
	}
}

// studioRow converts a row of a lossy WebP, whose luma runs from 16 to 235 (RFC 6386, section 9.2, and ITU-R BT.601). The library
// takes it for JPEG's 0 to 255 (golang/go#40173). Fixed point with 16 bits, rounded.
func studioRow(m *std.YCbCr, alpha *std.NYCbCrA, y int, rgba []byte) {
	for x := range m.Rect.Dx() {
		yi, ci := m.YOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y), m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
		luma := 76309 * (int(m.Y[yi]) - 16)
		cb, cr := int(m.Cb[ci])-128, int(m.Cr[ci])-128
		rgba[4*x] = fixedByte(luma + 104597*cr)
		rgba[4*x+1] = fixedByte(luma - 25675*cb - 53279*cr)
		rgba[4*x+2] = fixedByte(luma + 132201*cb)
		rgba[4*x+3] = 255
		if alpha != nil {
			rgba[4*x+3] = alpha.A[alpha.AOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)]
		}
	}
}

func fixedByte(v int) byte { return byte(min(max((v+1<<15)>>16, 0), 255)) }
