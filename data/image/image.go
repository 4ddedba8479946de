// Package image turns picture files into records: uint8, [channel][row][column], of one shape.
//
// Sizes are read from headers before anything is decoded, orientation is honoured, and what decides a record's values after decoding
// (colour, transparency, fit, size) is this package's own integer arithmetic: the same on every machine, on the page and on a terminal.
package image

import (
	"bytes"
	"errors"
	"fmt"
	std "image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"path"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// Bounds on what is decoded.
const (
	MaxFileBytes = 64 << 20
	MaxPixels    = 50_000_000 // a phone's largest photograph
	maxSide      = 1 << 16
)

// Is says whether a file's name is that of a picture.
func Is(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp":
		return true
	}
	return false
}

// Header is what a file says of its picture before it is decoded.
type Header struct {
	Format        string // "png", "jpeg", "gif", "bmp" or "webp"
	Width, Height int    // as stored
	Orientation   int    // as EXIF numbers it, 1 to 8; 1 is upright
	Grey          bool   // stored without colour
}

// Turned says whether the upright picture's width is the stored one's height.
func (h Header) Turned() bool { return h.Orientation >= 5 }

// ReadHeader reads a file's header and refuses what would be too large.
func ReadHeader(file []byte) (Header, error) {
	if len(file) == 0 {
		return Header{}, errors.New("empty")
	}
	c, format, err := std.DecodeConfig(bytes.NewReader(file))
	if errors.Is(err, std.ErrFormat) {
		return Header{}, errors.New("not a PNG, JPEG, GIF, BMP or WebP")
	}
	if err != nil {
		return Header{}, readable(err)
	}
	h := Header{Format: format, Width: c.Width, Height: c.Height, Orientation: orientation(format, file)}
	h.Grey = c.ColorModel == color.GrayModel || c.ColorModel == color.Gray16Model
	if c.ColorModel == color.CMYKModel && segment(file, 0xee, []byte("Adobe")) == nil {
		return h, errSilentCMYK // browsers read such a file as they like
	}
	if format == "webp" {
		if err := checkWebP(h, file); err != nil {
			return h, err
		}
	}
	if h.Width < 1 || h.Height < 1 || h.Width > maxSide || h.Height > maxSide || h.Width*h.Height > MaxPixels {
		return h, fmt.Errorf("%dx%d pixels: at most %d million are read", h.Width, h.Height, MaxPixels/1_000_000)
	}
	return h, nil
}

var errSilentCMYK = errors.New("CMYK without a note of its colours (Adobe APP14): save it as RGB")

// readable is a decoder's error without the name of its package.
func readable(err error) error {
	text := err.Error()
	for _, cut := range []string{"png: ", "jpeg: ", "gif: ", "bmp: ", "webp: ", "vp8: ", "vp8l: ", "riff: "} {
		text = strings.TrimPrefix(text, cut)
	}
	switch {
	case strings.Contains(text, "EOF") || strings.Contains(text, "not enough pixel data"):
		return errors.New("truncated")
	}
	return errors.New("damaged, or of a kind that is not read: " + text)
}

// Pixels is a decoded picture. Row writes one row as red, green, blue and alpha, not premultiplied.
type Pixels struct {
	Width, Height int
	Upright       bool // turned already as the header asks; width and height are then the upright ones
	Row           func(y int, rgba []byte)
}

// Decoder decodes files whose header was read. On a page the browser does.
type Decoder interface {
	Decode(file []byte, h Header) (*Pixels, error)
}

// Settings say what records pictures become.
type Settings struct {
	Channels      int // 1: grey, 3: red, green and blue
	Height, Width int
	Fit           Fit
}

// Fit says how a picture of another aspect fits a record.
type Fit string

const (
	Crop    Fit = "crop"    // the middle of it
	Pad     Fit = "pad"     // all of it, with black beside it
	Stretch Fit = "stretch" // all of it, out of shape
)

// Validate reports settings that no record could have.
func (s Settings) Validate() error {
	if s.Channels != 1 && s.Channels != 3 {
		return fmt.Errorf("image: %d channels: want 1 (grey) or 3 (colour)", s.Channels)
	}
	if s.Height < 1 || s.Width < 1 || s.Height > 1024 || s.Width > 1024 || s.Channels*s.Height*s.Width > 1<<20 {
		return fmt.Errorf("image: %dx%dx%d: want 1 to 1024 rows and columns and at most %d values", s.Channels, s.Height, s.Width, 1<<20)
	}
	if s.Fit != Crop && s.Fit != Pad && s.Fit != Stretch {
		return fmt.Errorf("image: fit %q: want %q, %q or %q", s.Fit, Crop, Pad, Stretch)
	}
	return nil
}

// Read turns a file into a record.
func (s Settings) Read(file []byte, d Decoder) ([]byte, error) {
	h, err := ReadHeader(file)
	if err != nil {
		return nil, err
	}
	p, err := d.Decode(file, h)
	if err != nil {
		return nil, err
	}
	return s.Record(p, h), nil
}
