//go:build !js

package desk

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"cloister/data/bundle"
)

// hostile is something that people drop, or that somebody sends them, and what the page is told of it.
type hostile struct {
	what     string
	files    []bundle.Source
	settings string            // as the page sends them, beside the name
	fails    string            // words of the refusal, the file's name among them; "": it is read
	records  int               // that are read
	left     map[string]string // files that are left out, or lines of the table, and words of the reason
	damaged  map[string]string // files that are read, and words of what was wrong with them
}

// Everything hostile that we know of, entry by entry, by the code that the page and cmd/pack read with. Each gets a message that names the
// file, what lies beside it is read, and nothing panics. Where a decoder's own tests go further, they are named.
func TestHostile(t *testing.T) {
	for _, all := range [][]hostile{hostileArchives(t), hostilePictures(t), hostileRecordings(t), hostileTables()} {
		for _, h := range all {
			t.Run(h.what, func(t *testing.T) { h.test(t) })
		}
	}
}

func (h *hostile) test(t *testing.T) {
	v := sit(t, h.files...)
	settings := `"settings":{"name":"own"` + h.settings + `}`
	look := v.ask(t, `{"type":"look","id":1,`+settings+`}`, nil)
	r := v.ask(t, `{"type":"read","id":2,`+settings+`}`, nil)
	if h.fails != "" {
		if r.Type != "refused" || !strings.Contains(r.Message, h.fails) {
			t.Errorf("answered by %s %q, want a refusal that says %q", r.Type, r.Message, h.fails)
		}
		if _, begun := v.packed["manifest.msgp"]; begun {
			t.Error("a dataset was packed all the same")
		}
		return
	}
	if r.Type != "read" || look.Type != "looked" {
		t.Fatalf("looking was answered by %s %q, reading by %s %q", look.Type, look.Message, r.Type, r.Message)
	}
	if got := r.Result.Train + r.Result.Test; got != h.records {
		t.Errorf("%d records, want %d", got, h.records)
	}
	for _, list := range []struct {
		what string
		got  []bundle.Problem
		want map[string]string
	}{{"left out", r.Result.Skipped, h.left}, {"damaged", r.Result.Damaged, h.damaged}} {
		if len(list.got) != len(list.want) {
			t.Errorf("%s: %v, want %d", list.what, list.got, len(list.want))
		}
		for file, words := range list.want {
			if !slices.ContainsFunc(list.got, func(p bundle.Problem) bool {
				return (p.File == file || p.File == "t.csv" && strings.HasPrefix(p.Reason, file+":")) && strings.Contains(p.Reason, words)
			}) {
				t.Errorf("%s: %v, want %s that says %q", list.what, list.got, file, words)
			}
		}
	}
	if ds := v.dataset(t); ds.TrainRecords+ds.TestRecords != h.records {
		t.Errorf("%d records were packed", ds.TrainRecords+ds.TestRecords)
	}
}

// Bombs that lie about their sizes, absolute names and damaged directories: bundle's TestHostileArchives and TestBombs.
func hostileArchives(t *testing.T) []hostile {
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
	add("cat/1.png", 0, picture(1))
	bomb, err := z.CreateRaw(&zip.FileHeader{Name: "cat/bomb.png", Method: zip.Deflate, CompressedSize64: 2, UncompressedSize64: 1 << 30})
	if err == nil {
		_, err = bomb.Write([]byte{3, 0})
	}
	if err != nil {
		t.Fatal(err)
	}
	add("dog/2.png", 0, picture(2))
	add("dog/more.zip", 0, []byte("PK"))
	add("dog/secret.png", 1, picture(3))
	add("../../dog/3.png", 0, picture(4))
	add("__MACOSX/dog/._2.png", 0, []byte("litter"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []hostile{
		{what: "a ZIP with a bomb, an archive, an encrypted file and a name that climbs out", files: []bundle.Source{source("pets.zip", file.Bytes())}, records: 2, left: map[string]string{
			"cat/bomb.png": "bomb", "dog/more.zip": "archive within an archive", "dog/secret.png": "encrypted", "../../dog/3.png": "leads out of the archive",
		}},
		{what: "a ZIP that is cut off", files: []bundle.Source{source("pets.zip", file.Bytes()[:file.Len()-9])}, fails: "pets.zip"},
	}
}

// pets are two pictures that are good, and one more.
func pets(name string, content []byte) []bundle.Source {
	return []bundle.Source{source("pets/cat/1.png", picture(1)), source("pets/dog/2.png", picture(2)), source("pets/dog/"+name, content)}
}

func encoded(t *testing.T, m image.Image) []byte {
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// What values come of each kind of picture: image's TestEveryKindOfPNG, TestCMYK, TestAnimation. The browser's decoder is held to Go's by
// TestBrowserDecodesAsGoDoes.
func hostilePictures(t *testing.T) []hostile {
	good := picture(3)
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
	shape := `,"shape":[3,4,4]`
	all := []hostile{}
	for _, p := range []struct {
		what, name, left string // left: why; "": it is read
		content          []byte
	}{
		{"a PNG of 400 megapixels", "huge.png", "20000x20000 pixels", huge},
		{"a PNG that is cut off", "cut.png", "truncated", good[:len(good)/2]},
		{"a picture without a byte", "empty.jpg", "empty", nil},
		{"a page that calls itself a picture", "page.png", "not a PNG", []byte("<html>")},
		{"an animation", "moving.gif", "", moving.Bytes()},
		{"an animated WebP", "moving.webp", "an animated WebP", []byte(webp)},
		{"a 16-bit PNG", "deep.png", "", encoded(t, image.NewNRGBA64(r))},
		{"a PNG with a palette", "palette.png", "", encoded(t, image.NewPaletted(r, palette))},
		{"a CMYK JPEG by Adobe", "adobe.jpg", "", testdata(t, "testdata/cmyk-adobe.jpg")},
		{"a CMYK JPEG that says nothing of its colours", "cmyk.jpg", "CMYK", testdata(t, "testdata/cmyk.jpg")},
	} {
		h := hostile{what: p.what, files: pets(p.name, p.content), settings: shape, records: 3}
		if p.left != "" {
			h.records, h.left = 2, map[string]string{"pets/dog/" + p.name: p.left}
		}
		all = append(all, h)
	}
	var each []bundle.Source
	for i := range 300 {
		each = append(each, source(fmt.Sprintf("%d/1.png", i), good))
	}
	return append(all,
		hostile{what: "a folder for each of too many classes", files: each, settings: shape, fails: "classes"},
		hostile{what: "pictures of one class", files: []bundle.Source{source("pets/cat/1.png", good), source("pets/cat/2.png", good)}, settings: shape, fails: "no classes"},
		hostile{what: "pictures of which one class is broken", files: pets("3.png", nil)[:1:1], settings: `,"labels":{"pets":"cat"},"labelling":"hand"`, fails: "one class"})
}

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Every rate against the tones that were recorded, cuts anywhere and 30,000 files with flipped bits: audio's tests. Lists of intensity
// stereo, free format and other formats: its TestRefusesByName.
func hostileRecordings(t *testing.T) []hostile {
	recording := func(name string) []byte { return testdata(t, "../../audio/testdata/"+name) }
	beside := func(name string, content []byte) []bundle.Source {
		return []bundle.Source{source("words/no/1.mp3", recording("mono-16000.mp3")), source("words/yes/2.mp3", recording("mono-44100.mp3")), source("words/yes/"+name, content)}
	}
	flipped := recording("mono-44100.mp3")
	for i := 700; i < len(flipped); i += 97 {
		flipped[i] ^= 0x10
	}
	long := append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), recording("mono-16000.mp3")...) // 256 MB by its header
	vbr := recording("joint-44100.mp3")
	all := []hostile{
		{what: "an MP3 that is cut off", files: beside("cut.mp3", vbr[:len(vbr)*2/3]), records: 3, damaged: map[string]string{"words/yes/cut.mp3": "at byte"}},
		{what: "an MP3 with flipped bits", files: beside("flipped.mp3", flipped), records: 3, damaged: map[string]string{"words/yes/flipped.mp3": "at byte"}},
		{what: "an MP3 of variable bit rate", files: beside("vbr.mp3", vbr), records: 3},
		{what: "an MP3 with an ID3 tag of 256 MB", files: beside("tag.mp3", long), records: 2, left: map[string]string{"words/yes/tag.mp3": "claims 268435465 bytes"}},
		{what: "an MP3 without a byte", files: beside("empty.mp3", nil), records: 2, left: map[string]string{"words/yes/empty.mp3": "empty"}},
		{what: "a text that calls itself an MP3", files: beside("text.mp3", []byte("no sounds")), records: 2, left: map[string]string{"words/yes/text.mp3": "neither"}},
		{what: "a WAV that is cut off in its header", files: beside("cut.wav", []byte("RIFF\x00\x00\x00\x00WAVEfmt ")), records: 2, left: map[string]string{"words/yes/cut.wav": ""}},
		{what: "MPEG-2.5 at 8 kHz, which is not decoded here", files: beside("8.mp3", recording("mono-8000.mp3")), records: 2, left: map[string]string{"words/yes/8.mp3": "8 kHz"}},
	}
	for _, rate := range []string{"11025", "12000", "16000", "22050-32", "22050-64", "22050-144", "24000", "32000", "48000"} { // MPEG-2.5, 2 and 1
		all = append(all, hostile{what: "an MP3 at " + rate, files: beside(rate+".mp3", recording("mono-"+rate+".mp3")), records: 3})
	}
	return all
}

// Every dialect, cell and stray quote: table's tests.
func hostileTables() []hostile {
	one := func(what, text, stated, fails string, records int, left map[string]string) hostile {
		return hostile{what: what, files: []bundle.Source{source("t.csv", []byte(text))}, settings: `,"label":"y"` + stated, fails: fails, records: records, left: left}
	}
	bounds := `,"columns":{"x":{"low":0,"high":9}}`
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeffx,y\n1,Zürich\n2,Bern\n")) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	var million strings.Builder
	million.WriteString("x,y\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&million, "1,%d\n", i)
	}
	rows := strings.Repeat("1,a\n2,b\n", 20_000) // more than a record may have
	return []hostile{
		one("a ragged table", "x,y\n1,a\n2,b\n3\n4,a,b\n", bounds, "", 2, map[string]string{"line 4": "1 fields", "line 5": "3 fields"}),
		one("a quote that is never closed", "x,y\n"+rows+"1,\"a\n"+rows, bounds, "", 80_000, map[string]string{"line 40002": "quote"}),
		one("UTF-16", string(wide), bounds, "", 2, nil),
		one("windows-1252, not stated", "x,y\n1,Z\xfcrich\n2,Bern\n", bounds, "windows-1252", 0, nil),
		one("windows-1252, stated", "x,y\n1,Z\xfcrich\n2,Bern\n", bounds+`,"encoding":"windows-1252"`, "", 2, nil),
		one("a column of dates", "x,when,y\n1,2020-01-02,a\n2,2021-03-04,b\n", bounds, "", 2, map[string]string{"t.csv": `column "when" is left out: dates`}),
		one("a million classes", million.String(), bounds, "t.csv", 0, nil),
		one("one class", "x,y\n1,a\n2,a\n", bounds, "t.csv: one class only", 0, nil),
		one("two records", "x,y\n1,a\n2,b\n", bounds, "", 2, nil),
		one("NaN and Inf among numbers", "x,y\n1,a\n2,b\nNaN,a\nInf,b\n-inf,a\n1e999,b\n", bounds, "", 3, map[string]string{ // NaN is a way to write that a number is missing
			"line 5": "not a number", "line 6": "not a number", "line 7": "not a number",
		}),
		one("no rows", "x,y\n", bounds, "no rows", 0, nil),
		one("not a byte", "", bounds, "t.csv: empty", 0, nil),
		one("zeros", string(make([]byte, 5000)), bounds, "t.csv", 0, nil),
	}
}

// The desk answers in JSON, whatever a file is called.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"\xff\xfe.csv", strings.Repeat("x", 5000) + ".csv", "a\nb.csv", "<img src=x>.csv"} {
		r := sit(t, source(name, []byte("x,y\n1"))).ask(t, `{"type":"look","settings":{"label":"y"}}`, nil)
		if text, err := json.Marshal(r); err != nil || r.Type != "looked" && r.Type != "refused" {
			t.Errorf("%.20q is answered by %s, %v", name, text, err)
		}
	}
}
