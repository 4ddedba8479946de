// Package hostile holds files that people drop, or that somebody sends them, with words of what they are to be told of each. Tests of the
// importer and of the page go through the same ones.
package hostile

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cloister/data/image/imagetest"
)

// File is one, and words of why it is left out, or of how it is damaged and read all the same. Without either it is read as any other.
type File struct {
	What, Name    string
	Content       []byte
	Left, Damaged string
}

//go:embed testdata/cmyk-adobe.jpg
var adobe []byte

//go:embed testdata/cmyk.jpg
var silent []byte

// picture is a good one of 9x8 pixels.
func picture(shade uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 9, 8))
	for i := range m.Pix {
		m.Pix[i] = shade + uint8(i)
	}
	return m
}

// Pictures are of every kind that has been trouble.
func Pictures(t testing.TB) []File {
	png := func(m image.Image) []byte { return imagetest.Encoded(t, m, "png") }
	good := png(picture(3))
	huge := slices.Clone(good) // 20000 x 20000 pixels in 400 kB
	binary.BigEndian.PutUint32(huge[16:], 20000)
	binary.BigEndian.PutUint32(huge[20:], 20000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	huge = append(huge, make([]byte, 400_000)...)
	r := image.Rect(0, 0, 9, 8)
	palette := color.Palette{color.White, color.Black}
	var moving bytes.Buffer
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(r, palette), image.NewPaletted(r, palette)}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	webp := "WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00ANIM\x00\x00\x00\x00"
	webp = "RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(webp)))) + webp
	return []File{
		{What: "a PNG of 400 megapixels", Name: "huge.png", Content: huge, Left: "20000x20000 pixels"},
		{What: "a PNG that is cut off", Name: "cut.png", Content: good[:len(good)/2], Left: "truncated"},
		{What: "a picture without a byte", Name: "empty.jpg", Left: "empty"},
		{What: "a page that calls itself a picture", Name: "page.png", Content: []byte("<html>"), Left: "not a PNG"},
		{What: "an animated WebP", Name: "moving.webp", Content: []byte(webp), Left: "an animated WebP"},
		{What: "a CMYK JPEG that says nothing of its colours", Name: "cmyk.jpg", Content: silent, Left: "CMYK"},
		{What: "a CMYK JPEG by Adobe", Name: "adobe.jpg", Content: adobe},
		{What: "an animation", Name: "moving.gif", Content: moving.Bytes()},
		{What: "a 16-bit PNG", Name: "deep.png", Content: png(image.NewNRGBA64(r))},
		{What: "a PNG with a palette", Name: "palette.png", Content: png(image.NewPaletted(r, palette))},
		{What: "a PNG of grey and alpha", Name: "pale.png", Content: imagetest.PNG(2, 1, 8, imagetest.GreyAlpha, [][]byte{{9, 255, 9, 50}}, nil, nil)},
		{What: "a WebP that lies on its side", Name: "turned.webp", Content: imagetest.WithEXIF(imagetest.Quarters, 6, binary.BigEndian)},
	}
}

// ZIP has two good pictures, cat/1.png and dog/2.png, among entries that are left out, and why.
func ZIP(t testing.TB, more ...File) (content []byte, left map[string]string) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	add := func(name string, flags uint16, content []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Flags: flags})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	good := func(shade uint8) []byte { return imagetest.Encoded(t, picture(shade), "png") }
	add("cat/1.png", 0, good(1))
	bomb, err := z.CreateRaw(&zip.FileHeader{Name: "cat/bomb.png", Method: zip.Deflate, CompressedSize64: 2, UncompressedSize64: 1 << 30})
	if err == nil {
		_, err = bomb.Write([]byte{3, 0})
	}
	if err != nil {
		t.Fatal(err)
	}
	add("dog/2.png", 0, good(2))
	add("dog/more.zip", 0, []byte("PK"))
	add("dog/secret.png", 1, good(3))
	add("../../dog/3.png", 0, good(4))
	for _, litter := range []string{"__MACOSX/dog/._2.png", "dog/.DS_Store", "dog/Thumbs.db"} {
		add(litter, 0, []byte("litter"))
	}
	left = map[string]string{
		"cat/bomb.png": "bomb", "dog/more.zip": "archive within an archive", "dog/secret.png": "encrypted", "../../dog/3.png": "leads out of the archive",
	}
	for _, f := range more {
		add(f.Name, 0, f.Content)
		if f.Left != "" {
			left[f.Name] = f.Left
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), left
}

// Recording is one of package audio's own, whose testdata lie in a folder.
func Recording(t testing.TB, folder, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(filepath.FromSlash(folder), name+".mp3"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Recordings are of every rate, and broken.
func Recordings(t testing.TB, folder string) []File {
	recording := func(name string) []byte { return Recording(t, folder, name) }
	flipped := recording("mono-44100")
	for i := 700; i < len(flipped); i += 97 {
		flipped[i] ^= 0x10
	}
	long := append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), recording("mono-16000")...) // 256 MB by its header
	vbr := recording("joint-44100")
	all := []File{
		{What: "an MP3 that is cut off", Name: "cut.mp3", Content: vbr[:len(vbr)*2/3], Damaged: "at byte"},
		{What: "an MP3 with flipped bits", Name: "flipped.mp3", Content: flipped, Damaged: "at byte"},
		{What: "an MP3 of variable bit rate", Name: "vbr.mp3", Content: vbr},
		{What: "an MP3 with an ID3 tag of 256 MB", Name: "tag.mp3", Content: long, Left: "claims 268435465 bytes"},
		{What: "an MP3 without a byte", Name: "empty.mp3", Left: "empty"},
		{What: "a text that calls itself an MP3", Name: "text.mp3", Content: []byte("no sounds"), Left: "neither"},
		{What: "a WAV that is cut off in its header", Name: "cut.wav", Content: []byte("RIFF\x00\x00\x00\x00WAVEfmt "), Left: "ends"},
		{What: "MPEG-2.5 at 8 kHz, which is not decoded", Name: "8.mp3", Content: recording("mono-8000"), Left: "8 kHz"},
		{What: "an MP3 of free format", Name: "free.mp3", Content: recording("free-44100"), Left: "free format"},
	}
	for _, rate := range []string{"11025", "12000", "16000", "22050-32", "22050-64", "22050-144", "24000", "32000", "48000"} { // MPEG-2.5, 2 and 1
		all = append(all, File{What: "an MP3 at " + rate, Name: rate + ".mp3", Content: recording("mono-" + rate)})
	}
	return all
}
