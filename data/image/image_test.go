package image

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	std "image"
	"image/color"
	"image/gif"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/data/image/imagetest"
)

// ramp has a colour of its own in every pixel of a picture of odd sides.
func ramp(width, height int) *std.NRGBA {
	m := std.NewNRGBA(std.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, color.NRGBA{byte(10 + 200*x/width), byte(20 + 200*y/height), byte(x * y % 50 * 4), 255})
		}
	}
	return m
}

func whole(channels int, m std.Image) Settings {
	return Settings{Channels: channels, Height: m.Bounds().Dy(), Width: m.Bounds().Dx(), Fit: Crop}
}

func read(t *testing.T, s Settings, file []byte) []byte {
	t.Helper()
	record, err := s.Read(file, Go{})
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// Pictures of the record's own size come through as they are, in every format that keeps them.
func TestValuesAreThePicture(t *testing.T) {
	m := ramp(7, 5)
	var want []byte
	for c := range 3 {
		for i := range 35 {
			want = append(want, m.Pix[4*i+c])
		}
	}
	for _, format := range []string{"png", "bmp"} {
		if got := read(t, whole(3, m), imagetest.Encoded(t, m, format)); !bytes.Equal(got, want) {
			t.Errorf("%s: %v, want %v", format, got, want)
		}
	}
	for i, v := range read(t, whole(3, m), imagetest.Encoded(t, m, "jpeg")) { // which loses a little, and more of colour
		if d := int(v) - int(want[i]); d < -70 || d > 70 {
			t.Errorf("JPEG: value %d is %d, want about %d", i, v, want[i])
		}
	}
}

func TestEveryKindOfPNG(t *testing.T) {
	r := std.Rect(0, 0, 2, 1)
	grey16 := std.NewGray16(r)
	grey16.SetGray16(0, 0, color.Gray16{0x80ff})
	grey16.SetGray16(1, 0, color.Gray16{0xffff})
	colour16 := std.NewNRGBA64(r)
	colour16.SetNRGBA64(0, 0, color.NRGBA64{0xff00, 0x1234, 0x00ff, 0xffff})
	colour16.SetNRGBA64(1, 0, color.NRGBA64{0xffff, 0, 0, 0}) // clear, so that paper shows
	greyAlpha := std.NewNRGBA(r)
	greyAlpha.SetNRGBA(0, 0, color.NRGBA{100, 100, 100, 255})
	greyAlpha.SetNRGBA(1, 0, color.NRGBA{0, 0, 0, 51}) // a fifth of black on white
	palette := std.NewPaletted(r, color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{200, 100, 50, 255}})
	palette.SetColorIndex(1, 0, 1)
	for name, c := range map[string]struct {
		m    std.Image
		want []byte
	}{
		"16-bit grey":   {grey16, []byte{0x80, 0xff, 0x80, 0xff, 0x80, 0xff}},
		"16-bit colour": {colour16, []byte{0xff, 0xff, 0x12, 0xff, 0, 0xff}},
		"grey, alpha":   {greyAlpha, []byte{100, 204, 100, 204, 100, 204}},
		"palette":       {palette, []byte{1, 200, 2, 100, 3, 50}},
	} {
		if got := read(t, whole(3, c.m), imagetest.Encoded(t, c.m, "png")); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	packed := func(depth, colour int, palette, clear []byte, row ...byte) []byte {
		return imagetest.PNG(2, 1, depth, colour, [][]byte{row}, palette, clear)
	}
	for name, c := range map[string]struct {
		file []byte
		want []byte
	}{
		"grey of one bit":           {packed(1, imagetest.Grey, nil, nil, 0x40), []byte{0, 255}},
		"grey of two bits":          {packed(2, imagetest.Grey, nil, nil, 0x60), []byte{85, 170}},
		"grey of four bits":         {packed(4, imagetest.Grey, nil, nil, 0x2e), []byte{34, 238}},
		"grey, alpha":               {packed(8, imagetest.GreyAlpha, nil, nil, 100, 255, 0, 51), []byte{100, 204}},
		"grey, alpha, 16 bits each": {packed(16, imagetest.GreyAlpha, nil, nil, 100, 0, 255, 255, 0, 255, 51, 0), []byte{100, 204}},
		"palette of one bit":        {packed(1, imagetest.Palette, []byte{9, 9, 9, 200, 200, 200}, nil, 0x40), []byte{9, 200}},
		"palette with clear":        {packed(8, imagetest.Palette, []byte{9, 9, 9, 200, 200, 200}, []byte{0}, 0, 1), []byte{255, 200}}, // paper
	} {
		if got := read(t, Settings{1, 1, 2, Crop}, c.file); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := read(t, whole(1, palette), imagetest.Encoded(t, palette, "gif")); !bytes.Equal(got, []byte{2, 124}) { // 0.299 R + 0.587 G + 0.114 B
		t.Errorf("grey of a palette: %v", got)
	}
}

// A picture is read the same however the camera was held, when it is cropped, padded and resized too.
func TestOrientation(t *testing.T) {
	m := ramp(13, 8)
	for _, s := range []Settings{whole(3, m), {3, 5, 5, Crop}, {3, 6, 9, Pad}, {1, 9, 4, Crop}, {3, 4, 11, Stretch}, {3, 20, 20, Pad}} {
		want := read(t, s, imagetest.Encoded(t, m, "png"))
		for o := 1; o <= 8; o++ {
			for _, order := range []imagetest.ByteOrder{binary.LittleEndian, binary.BigEndian} {
				file := imagetest.WithEXIF(imagetest.Encoded(t, imagetest.Stored(m, o), "png"), byte(o), order)
				if got := read(t, s, file); !bytes.Equal(got, want) {
					t.Errorf("orientation %d, %+v: another record", o, s)
				}
			}
		}
	}
	photograph := imagetest.WithEXIF(imagetest.Encoded(t, m, "jpeg"), 6, binary.BigEndian)
	h, err := ReadHeader(photograph)
	if err != nil || h.Orientation != 6 || h.Width != 13 || !h.Turned() {
		t.Errorf("header %+v, %v", h, err)
	}
	if got := headerOf(t, imagetest.WithEXIF(imagetest.Encoded(t, m, "jpeg"), 77, binary.BigEndian)); got.Orientation != 1 {
		t.Errorf("orientation 77 counts as %d", got.Orientation)
	}
}

func headerOf(t *testing.T, file []byte) Header {
	t.Helper()
	h, err := ReadHeader(file)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The oracle of the resize: the same filter over real numbers, both passes at once.
func TestResizeIsTheTriangleFilter(t *testing.T) {
	m := ramp(31, 17)
	for _, size := range [][2]int{{5, 7}, {17, 31}, {40, 64}, {1, 1}, {16, 3}} {
		s := Settings{3, size[0], size[1], Stretch}
		got := read(t, s, imagetest.Encoded(t, m, "png"))
		weights := func(from, to, i int) (w []float64) {
			scale := float64(from) / float64(to)
			support, sum := math.Max(1, scale), 0.0
			for j := range from {
				d := math.Abs((float64(i)+0.5)*scale - (float64(j) + 0.5))
				w = append(w, math.Max(0, 1-d/support))
				sum += w[j]
			}
			for j := range w {
				w[j] /= sum
			}
			return w
		}
		for y := range size[0] {
			wy := weights(17, size[0], y)
			for x := range size[1] {
				wx := weights(31, size[1], x)
				for c := range 3 {
					want := 0.0
					for j := range wy {
						for i := range wx {
							want += wy[j] * wx[i] * float64(m.Pix[4*(31*j+i)+c])
						}
					}
					if v := float64(got[(c*size[0]+y)*size[1]+x]); math.Abs(v-want) > 0.51 {
						t.Fatalf("%v: row %d, column %d, channel %d: %v, want %v", size, y, x, c, v, want)
					}
				}
			}
		}
	}
}

func TestFits(t *testing.T) {
	m := std.NewNRGBA(std.Rect(0, 0, 6, 2)) // black, white, black: thirds
	for y := range 2 {
		for x := range 6 {
			v := byte(0)
			if x == 2 || x == 3 {
				v = 255
			}
			m.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	file := imagetest.Encoded(t, m, "png")
	if got := read(t, Settings{1, 2, 2, Crop}, file); !bytes.Equal(got, []byte{255, 255, 255, 255}) {
		t.Errorf("cropped: %v", got)
	}
	if got := read(t, Settings{1, 1, 3, Stretch}, file); got[1] < 150 || got[0] != got[2] || got[0] > 80 {
		t.Errorf("stretched: %v", got)
	}
	if got := read(t, Settings{1, 4, 6, Pad}, file); !bytes.Equal(got, []byte{0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("padded: %v", got)
	}
}

func TestHostilePictures(t *testing.T) {
	good := imagetest.Encoded(t, ramp(20, 20), "png")
	huge := slices.Clone(good) // a header of 400 million pixels; the rest does not matter
	binary.BigEndian.PutUint32(huge[16:], 20000)
	binary.BigEndian.PutUint32(huge[20:], 20000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, c := range map[string]struct {
		want string
		file []byte
	}{
		"empty":          {"empty", nil},
		"no picture":     {"not a PNG", []byte("<html>")},
		"400 megapixels": {"20000x20000 pixels", huge},
		"truncated":      {"truncated", good[:len(good)/2]},
		"short header":   {"truncated", good[:20]},
		"damaged":        {"damaged", append(slices.Clone(good[:60]), make([]byte, len(good)-60)...)},
		"truncated JPEG": {"truncated", imagetest.Encoded(t, ramp(40, 40), "jpeg")[:400]},
	} {
		if _, err := (Settings{3, 8, 8, Crop}).Read(c.file, Go{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.want)
		}
	}
}

// Lossy WebP keeps luma in 16 to 235; the library's own conversion would make red 219, 26, 23 or so (golang/go#40173).
func TestWebPColours(t *testing.T) {
	got := read(t, Settings{3, 16, 16, Crop}, imagetest.Quarters)
	for quarter, want := range [][3]int{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {128, 128, 128}} {
		at := 16*(4+8*(quarter/2)) + 4 + 8*(quarter%2)
		for c, w := range want {
			if v := int(got[256*c+at]); v < w-4 || v > w+4 {
				t.Errorf("quarter %d, channel %d: %d, want %d", quarter, c, v, w)
			}
		}
	}
}

// A WebP of a few bytes may hold a picture far larger than the canvas that its header states.
func TestWebPOfAnotherSize(t *testing.T) {
	riff := func(chunks ...string) []byte {
		body := "WEBP"
		for i := 0; i < len(chunks); i += 2 {
			body += chunks[i] + string(binary.LittleEndian.AppendUint32(nil, uint32(len(chunks[i+1])))) + chunks[i+1]
		}
		return []byte("RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body)
	}
	small := "\x00\x00\x00\x00\x07\x00\x00\x07\x00\x00" // 8x8
	for want, file := range map[string][]byte{
		"not as its header says": riff("VP8X", small, "VP8L", "\x2f\xff\xff\xff\x0f\x00"), // 16384x16384
		"an animated WebP":       riff("VP8X", "\x02"+small[1:], "ANIM", "\x00\x00\x00\x00\x00\x00"),
	} {
		if _, err := ReadHeader(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %q", err, want)
		}
	}
}

// What Adobe writes is inverted: 255 is no ink.
func TestCMYK(t *testing.T) {
	got := read(t, Settings{3, 1, 1, Crop}, imagetest.FlatCMYK([4]byte{255, 55, 205, 235}, true)) // no cyan, much magenta, some yellow, a little black
	r, g, b := color.CMYKToRGB(0, 200, 50, 20)
	for i, want := range []byte{r, g, b} {
		if d := int(got[i]) - int(want); d < -1 || d > 1 {
			t.Errorf("CMYK 0, 200, 50, 20 reads as %v, want %v", got, []byte{r, g, b})
		}
	}
	_, err := Settings{3, 1, 1, Crop}.Read(imagetest.FlatCMYK([4]byte{255, 55, 205, 235}, false), Go{})
	if err == nil || !strings.Contains(err.Error(), "CMYK") {
		t.Errorf("CMYK that says nothing of its colours: %v, want a refusal by name", err)
	}
}

// Of an animation the first picture counts, on the screen that it may cover in part.
func TestAnimation(t *testing.T) {
	palette := color.Palette{color.NRGBA{}, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}}
	first, second := std.NewPaletted(std.Rect(1, 1, 3, 3), palette), std.NewPaletted(std.Rect(0, 0, 4, 4), palette)
	for i := range first.Pix {
		first.Pix[i] = 1
	}
	for i := range second.Pix {
		second.Pix[i] = 2
	}
	var file bytes.Buffer
	err := gif.EncodeAll(&file, &gif.GIF{Image: []*std.Paletted{first, second}, Delay: []int{1, 1}, Config: std.Config{ColorModel: palette, Width: 4, Height: 4}})
	if err != nil {
		t.Fatal(err)
	}
	green := read(t, Settings{3, 4, 4, Crop}, file.Bytes())[16:32] // 0 where it is red, 255 where paper shows
	for i, v := range green {
		inside := i/4 > 0 && i/4 < 3 && i%4 > 0 && i%4 < 3
		if want := map[bool]byte{true: 0, false: 255}[inside]; v != want {
			t.Errorf("pixel %d: green %d, want %d", i, v, want)
		}
	}
}

func FuzzPicture(f *testing.F) {
	for _, format := range []string{"png", "jpeg", "gif", "bmp"} {
		f.Add(imagetest.Encoded(f, ramp(9, 7), format))
	}
	f.Add(imagetest.WithEXIF(imagetest.Encoded(f, ramp(9, 7), "png"), 6, binary.LittleEndian))
	f.Add(imagetest.FlatCMYK([4]byte{1, 2, 3, 4}, true))
	f.Add(imagetest.Quarters)
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, format := range []string{"png", "jpeg", "webp"} {
			if o := orientation(format, file); o < 1 || o > 8 {
				t.Fatalf("orientation %d", o)
			}
		}
		if h, err := ReadHeader(file); err != nil || h.Width*h.Height > 1<<20 {
			return // large ones are slow, not wrong
		}
		for _, s := range []Settings{{1, 5, 7, Pad}, {3, 8, 8, Crop}} {
			if record, err := s.Read(file, Go{}); err == nil && len(record) != s.Channels*s.Height*s.Width {
				t.Fatalf("%d values for %+v", len(record), s)
			}
		}
	})
}
