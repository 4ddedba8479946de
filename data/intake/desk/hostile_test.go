//go:build !js

package desk

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"cloister/data/bundle"
	files "cloister/data/intake/hostile"
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
	content, left := files.ZIP(t)
	return []hostile{
		{what: "a ZIP with a bomb, an archive, an encrypted file and a name that climbs out", files: []bundle.Source{source("pets.zip", content)}, records: 2, left: left},
		{what: "a ZIP that is cut off", files: []bundle.Source{source("pets.zip", content[:len(content)-9])}, fails: "pets.zip"},
	}
}

// pets are two pictures that are good, and one more.
func pets(name string, content []byte) []bundle.Source {
	return []bundle.Source{source("pets/cat/1.png", picture(1)), source("pets/dog/2.png", picture(2)), source("pets/dog/"+name, content)}
}

// What values come of each kind of picture: image's TestEveryKindOfPNG, TestCMYK, TestAnimation. The browser's decoder is held to Go's by
// TestBrowserDecodesAsGoDoes.
func hostilePictures(t *testing.T) []hostile {
	good, shape := picture(3), `,"shape":[3,4,4]`
	all := []hostile{}
	for _, f := range files.Pictures(t) {
		h := hostile{what: f.What, files: pets(f.Name, f.Content), settings: shape, records: 3}
		if f.Left != "" {
			h.records, h.left = 2, map[string]string{"pets/dog/" + f.Name: f.Left}
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

// Every rate against the tones that were recorded, cuts anywhere and 30,000 files with flipped bits: audio's tests. Lists of intensity
// stereo, free format and other formats: its TestRefusesByName.
func hostileRecordings(t *testing.T) []hostile {
	all := []hostile{}
	for _, f := range files.Recordings(t, "../../audio/testdata") {
		h := hostile{what: f.What, records: 3, files: []bundle.Source{
			source("words/no/1.mp3", files.Recording(t, "../../audio/testdata", "mono-16000")), source("words/yes/2.mp3", files.Recording(t, "../../audio/testdata", "mono-44100")), source("words/yes/"+f.Name, f.Content),
		}}
		if f.Damaged != "" {
			h.damaged = map[string]string{"words/yes/" + f.Name: f.Damaged}
		}
		if f.Left != "" {
			h.records, h.left = 2, map[string]string{"words/yes/" + f.Name: f.Left}
		}
		all = append(all, h)
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
		one("windows-1252, not stated", "x,y\n1,Z\xfcrich\n2,Bern\n", bounds, "", 2, nil),
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
