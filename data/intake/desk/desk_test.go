package desk

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"

	"cloister/data"
	"cloister/data/bundle"
)

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func source(name string, content []byte) bundle.Source {
	return bundle.Source{Name: name, Size: int64(len(content)), Open: func() (bundle.Content, error) {
		return memory{bytes.NewReader(content)}, nil
	}}
}

// visit is a desk with what it told and packed.
type visit struct {
	*Desk
	replies []Reply
	packed  map[string][]byte
}

func sit(t *testing.T, sources ...bundle.Source) *visit {
	v := &visit{packed: map[string][]byte{}}
	v.Desk = &Desk{
		Tell: func(r Reply) { v.replies = append(v.replies, r) },
		Put:  func(name string, file []byte) error { v.packed[name] = bytes.Clone(file); return nil },
	}
	if err := v.Drop(sources); err != nil {
		t.Fatal(err)
	}
	return v
}

// ask sends a request as the page does, and is the last reply.
func (v *visit) ask(t *testing.T, request string, file []byte) Reply {
	t.Helper()
	var r Request
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		t.Fatal(err)
	}
	v.Answer(context.Background(), r, file)
	return v.replies[len(v.replies)-1]
}

func (v *visit) dataset(t *testing.T) *data.Dataset {
	t.Helper()
	ds, err := data.Open(context.Background(), func(_ context.Context, name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(v.packed[name])), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func people(n int) []byte {
	var text strings.Builder
	text.WriteString("age,town,ill\n")
	for i := range n {
		fmt.Fprintf(&text, "%d,%s,%s\n", 20+i%50, []string{"Bern", "Basel"}[i%2], []string{"no", "yes"}[i%50/25])
	}
	return []byte(text.String())
}

// A table is looked at, its label and bounds are stated, it is read, and one more row is a record as its rows are.
func TestTable(t *testing.T) {
	v := sit(t, source("people.csv", people(200)))
	r := v.ask(t, `{"type":"look","id":1}`, nil)
	if r.Type != "looked" || r.ID != 1 || r.Look.Needs == "" || len(r.Look.Table.Columns) != 3 || r.Look.Table.Dialect.Delimiter != "," || r.Look.Records != 200 {
		t.Fatalf("an unstated table looks like %+v", r.Look)
	}
	settings := `"settings":{"name":"own","label":"ill","heldOut":0.2,"columns":{"age":{"low":0,"high":100}}}`
	r = v.ask(t, `{"type":"look","id":2,`+settings+`}`, nil)
	if r.Look == nil || r.Look.Needs != "" || fmt.Sprint(r.Look.Classes) != "[no yes]" || len(r.Look.Table.Uses) != 2 {
		t.Fatalf("a stated table looks like %+v (%s)", r.Look, r.Message)
	}
	r = v.ask(t, `{"type":"read","id":3,`+settings+`}`, nil)
	if r.Type != "read" || r.Result.Train+r.Result.Test != 200 || r.Result.Test < 20 || fmt.Sprint(r.Result.PerClass) != "[100 100]" || len(r.Result.Samples) == 0 {
		t.Fatalf("what was read is %+v (%s)", r.Result, r.Message)
	}
	if ds := v.dataset(t); ds.TrainRecords != r.Result.Train || ds.TestPublic || ds.Kind != data.Table {
		t.Errorf("what was packed is %+v", ds.Manifest)
	}
	recipe, _ := json.Marshal(r.Result.Recipe)
	r = v.ask(t, `{"type":"record","id":4,"recipe":`+string(recipe)+`,"row":["250","Basel"]}`, nil)
	if want := data.AppendFloat32(data.AppendFloat32(data.AppendFloat32(nil, 100), 1), 0); !bytes.Equal(r.Values, want) {
		t.Errorf("a row's values are %v (%s), want %v: clipped to its bounds, then its category", r.Values, r.Message, want)
	}
	r = v.ask(t, `{"type":"record","id":5,"recipe":`+string(recipe)+`,"row":["old","Basel"]}`, nil)
	if r.Type != "refused" || !strings.Contains(r.Message, "age") || strings.Contains(r.Message, "table:") {
		t.Errorf("a row without a number is answered by %+v", r)
	}
	// A text that is not UTF-8 is taken for what most such are, and said to be.
	r = sit(t, source("t.csv", []byte("x,y\n1,Z\xfcrich\n2,Bern\n"))).ask(t, `{"type":"look","id":7}`, nil)
	if r.Look == nil || !r.Look.Table.Guessed || r.Look.Table.Dialect.Encoding != "windows-1252" || fmt.Sprint(r.Look.Table.Columns[1].Texts) != "[Bern Zürich]" {
		t.Errorf("windows-1252 looks like %+v (%s)", r.Look, r.Message)
	}
	// Another dialect is looked at anew.
	r = v.ask(t, `{"type":"look","id":6,"settings":{"dialect":{"encoding":"utf-8","delimiter":";"}}}`, nil)
	if r.Look == nil || len(r.Look.Table.Columns) != 1 {
		t.Errorf("by semicolons it looks like %+v", r.Look)
	}
}

func picture(v uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, 9, 8))
	for i := range m.Pix {
		m.Pix[i] = v + uint8(i)
	}
	m.SetGray(3, 3, color.Gray{Y: 7})
	var b bytes.Buffer
	png.Encode(&b, m)
	return b.Bytes()
}

// Pictures are shown as they would be read; what is broken is listed by its name, and the rest goes on.
func TestPictures(t *testing.T) {
	var all []bundle.Source
	for i := range 30 {
		all = append(all, source(fmt.Sprintf("pets/%s/%d.png", []string{"cat", "dog"}[i%2], i), picture(uint8(i))))
	}
	all = append(all, source("pets/dog/broken.png", []byte("no picture")), source("pets/notes.txt", []byte("x")))
	v := sit(t, all...)
	r := v.ask(t, `{"type":"look","id":1}`, nil)
	if r.Look == nil || r.Look.Kind != data.Image || r.Look.Shape != [3]int{1, 8, 9} || len(r.Look.Samples) < 17 || len(r.Look.Folders) != 1 {
		t.Fatalf("pictures look like %+v (%s)", r.Look, r.Message)
	}
	settings := `"settings":{"name":"own","shape":[3,4,4],"fit":"pad"}`
	r = v.ask(t, `{"type":"look","id":2,`+settings+`}`, nil)
	if len(r.Look.Samples[0].Pixels) != 48 {
		t.Errorf("a sample has %d values, want 48", len(r.Look.Samples[0].Pixels))
	}
	r = v.ask(t, `{"type":"read","id":3,`+settings+`}`, nil)
	if r.Result == nil || r.Result.Train != 30 || len(r.Result.Skipped) != 2 {
		t.Fatalf("what was read is %+v (%s)", r.Result, r.Message)
	}
	told := fmt.Sprint(r.Result.Skipped)
	if !strings.Contains(told, "pets/dog/broken.png") || !strings.Contains(told, "pets/notes.txt") {
		t.Errorf("left out are %s", told)
	}
	recipe, _ := json.Marshal(r.Result.Recipe)
	r = v.ask(t, `{"type":"record","id":4,"name":"cat/0.png","recipe":`+string(recipe)+`}`, picture(0))
	if ds := v.dataset(t); !bytes.Equal(r.Values, ds.Train.Values[:48]) {
		t.Errorf("one more picture is another record: %v (%s)", r.Values, r.Message)
	}
	r = v.ask(t, `{"type":"record","id":5,"name":"mine.png","recipe":`+string(recipe)+`}`, []byte("no picture"))
	if r.Type != "refused" || !strings.Contains(r.Message, "mine.png") {
		t.Errorf("a broken picture is answered by %+v", r)
	}
}

// Of very many files that cannot be read the first are listed, and how many more.
func TestListsFew(t *testing.T) {
	all := []bundle.Source{source("pets/cat/1.png", picture(1)), source("pets/dog/1.png", picture(2))}
	for i := range listed + 5 {
		all = append(all, source(fmt.Sprintf("pets/%d.txt", i), []byte("x")))
	}
	r := sit(t, all...).ask(t, `{"type":"look"}`, nil)
	if n := len(r.Look.Skipped); n != listed+1 || r.Look.Skipped[n-1].File != "5 more" {
		t.Errorf("%d problems are listed, the last %+v", n, r.Look.Skipped[n-1])
	}
}

// What a page could not send is refused in words.
func TestRefuses(t *testing.T) {
	v := sit(t, source("people.csv", people(50)))
	for request, words := range map[string]string{
		`{"type":"fetch"}`:  "fetch",
		`{"type":"record"}`: "no dataset",
		`{"type":"look","settings":{"dialect":{"delimiter":"::"}}}`: "one character",
		`{"type":"look","settings":{"seconds":-1}}`:                 "seconds",
		`{"type":"read","settings":{"key":"AAAA"}}`:                 "key",
		`{"type":"read"}`: "label",
	} {
		if r := v.ask(t, request, nil); r.Type != "refused" || !strings.Contains(r.Message, words) {
			t.Errorf("%s is answered by %+v, want a refusal that says %q", request, r, words)
		}
	}
	if r := sit(t).ask(t, `{"type":"look"}`, nil); r.Type != "refused" || !strings.Contains(r.Message, "nothing") {
		t.Errorf("nothing is answered by %+v", r)
	}
}

// Whatever lies on the desk and whatever the page asks, there is one answer that JSON carries without null lists, a dataset that was read is one
// that opens, and nothing panics.
func FuzzDesk(f *testing.F) {
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	for name, content := range map[string][]byte{"a/1.png": picture(1), "b/2.png": picture(2)} {
		w, _ := z.Create(name)
		w.Write(content)
	}
	z.Close()
	f.Add("people.csv", people(30), `{"type":"look","settings":{"label":"ill","columns":{"age":{"low":0,"high":90}}}}`, []byte{})
	f.Add("people.csv", people(30), `{"type":"read","settings":{"name":"own","label":"ill","person":"town","columns":{"age":{"low":0,"high":90,"released":true}}}}`, []byte{})
	f.Add("people.csv", people(30), `{"type":"count","column":"age","settings":{"label":"ill"}}`, []byte{})
	f.Add("pets.zip", zipped.Bytes(), `{"type":"read","settings":{"name":"own","shape":[1,4,4],"fit":"pad","labels":{"a":"x"},"labelling":"hand"}}`, []byte{})
	f.Add("train-images-idx3-ubyte", []byte("\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01a"), `{"type":"read","settings":{"name":"own","classes":["a","b"]}}`, []byte{})
	f.Add("x.wav", []byte("RIFF"), `{"type":"record","name":"x.wav","recipe":{"kind":"audio","audio":{"Seconds":1,"Hop":640,"Mels":20,"LogLow":-8,"LogHigh":2}}}`, []byte("RIFF"))
	f.Add("x.png", picture(3), `{"type":"record","name":"x.png","recipe":{"kind":"image","image":{"Channels":1,"Height":4,"Width":4,"Fit":"crop"}}}`, picture(4))
	f.Add("x", []byte{}, `{"type":"record","recipe":{"kind":"table","columns":[{"Name":"age","High":1,"Categories":null}]},"row":["0.5"]}`, []byte{})
	f.Fuzz(func(t *testing.T, name string, content []byte, request string, file []byte) {
		var r Request
		if json.Unmarshal([]byte(request), &r) != nil {
			return
		}
		if s := r.Settings.Shape; s[0]*s[1]*s[2] > 1<<16 || r.Recipe != nil && r.Recipe.Image.Height*r.Recipe.Image.Width > 1<<16 {
			return // allowed, and slow
		}
		if r.Settings.Seconds > 2 || r.Recipe != nil && (r.Recipe.Audio.Seconds > 2 || r.Recipe.Audio.Hop < 100) && r.Recipe.Kind == data.Audio {
			return // likewise
		}
		v := &visit{packed: map[string][]byte{}}
		v.Desk = &Desk{
			Tell: func(r Reply) { v.replies = append(v.replies, r) },
			Put:  func(name string, file []byte) error { v.packed[name] = bytes.Clone(file); return nil },
		}
		if v.Drop([]bundle.Source{source(name, content)}) != nil {
			return
		}
		v.Answer(t.Context(), r, file)
		answers := 0
		for _, reply := range v.replies {
			text, err := json.Marshal(reply)
			if err != nil || bytes.Contains(text, []byte(`":null`)) {
				t.Fatalf("%s is told as %s, %v", request, text, err)
			}
			if reply.Type != "progress" {
				answers++
			}
			if reply.Type == "read" {
				v.dataset(t)
			}
		}
		if answers != 1 {
			t.Fatalf("%s has %d answers", request, answers)
		}
	})
}
