package intake

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	std "image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/table"
)

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// dropped is a folder of names and contents.
func dropped(t testing.TB, entries ...string) *bundle.Bundle {
	t.Helper()
	var sources []bundle.Source
	for i := 0; i < len(entries); i += 2 {
		content := []byte(entries[i+1])
		sources = append(sources, bundle.Source{Name: entries[i], Size: int64(len(content)), Open: func() (bundle.Content, error) {
			return memory{bytes.NewReader(content)}, nil
		}})
	}
	b, err := bundle.List(sources)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// grey is a PNG of one shade.
func grey(side int, shade byte) string {
	m := std.NewGray(std.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	return encoded(m)
}

func encoded(m std.Image) string {
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		panic(err)
	}
	return file.String()
}

// kept is a sink that keeps.
type kept struct {
	data.Dataset
	begun bool
}

func (k *kept) Begin(m data.Manifest) error {
	if k.begun {
		return errors.New("begun twice")
	}
	k.begun, k.Manifest = true, m
	return nil
}

func (k *kept) Append(split string, records data.Split) error {
	if split == data.TrainSplit {
		k.Train.Append(records)
	} else {
		k.Test.Append(records)
	}
	return nil
}

// take proposes and reads, and insists that what comes out is a valid dataset.
func take(t testing.TB, b *bundle.Bundle, o Options) (*kept, *Result) {
	t.Helper()
	o.Name = "own"
	k := new(kept)
	p, err := Propose(t.Context(), b, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Read(t.Context(), k, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.TrainRecords, k.TestRecords = r.Train, r.Test
	for split, s := range map[string]*data.Split{data.TrainSplit: &k.Train, data.TestSplit: &k.Test} {
		persons := map[uint32]bool{}
		for _, p := range s.Persons {
			persons[p] = true
		}
		if split == data.TrainSplit {
			k.TrainPersons = len(persons)
		} else {
			k.TestPersons = len(persons)
		}
	}
	if err := k.Validate(); err != nil {
		t.Fatal(err)
	}
	return k, r
}

func TestClassesOfFiles(t *testing.T) {
	a, b := grey(4, 10), grey(4, 200)
	for name, c := range map[string]struct {
		o     Options
		files []string
	}{
		"folders":        {Options{}, []string{"pets/cats/1.png", a, "pets/dogs/2.png", b, "pets/cats/deep/3.png", a}},
		"names":          {Options{}, []string{"cats_1.png", a, "dogs_2.png", b, "cats_3.png", a}},
		"split folders":  {Options{}, []string{"train/cats/1.png", a, "train/dogs/2.png", b, "test/cats/3.png", a}},
		"labels":         {Options{}, []string{"1.png", a, "2.png", b, "3.png", a, "labels.csv", "file,label\n1.png,cats\n2.png,dogs\n3.png,cats\n"}},
		"labels, paths":  {Options{}, []string{"x/in/1.png", a, "x/in/2.png", b, "x/in/3.png", a, "x/labels.csv", "in/1.png,cats\nin\\2.png,dogs\n3.png,cats\n"}},
		"labels, turned": {Options{}, []string{"1.png", a, "2.png", b, "3.png", a, "labels.csv", "class;filename\ncats;1.png\ndogs;2.png\ncats;3.png\n"}},
		"by hand":        {Options{Labels: map[string]string{"in": "cats", "in/2.png": "dogs"}}, []string{"in/1.png", a, "in/2.png", b, "in/3.png", a}},
		"stated":         {Options{Classes: []string{"cats", "dogs"}}, []string{"cats/1.png", a, "dogs/2.png", b, "cats/3.png", a}},
	} {
		k, r := take(t, dropped(t, c.files...), c.o)
		if !slices.Equal(k.Classes, []string{"cats", "dogs"}) || !bytes.Equal(k.Train.Labels, []byte{0, 1, 0}) || len(r.Skipped) > 0 {
			t.Errorf("%s: classes %v, labels %v, left out %v", name, k.Classes, k.Train.Labels, r.Skipped)
		}
		if k.Train.Values[0] != 10 || k.Train.Values[16] != 200 || !slices.Equal(r.Shape, []int{1, 4, 4}) || r.Duplicates != 1 {
			t.Errorf("%s: values %v, shape %v, %d duplicates", name, k.Train.Values[:20], r.Shape, r.Duplicates)
		}
	}
}

// What can be labelled by hand are the folders of what would be read, and files that lie in none: of a folder and of a ZIP alike.
func TestPlaces(t *testing.T) {
	files := []string{"in/1.png", "x", "2.png", "x", "in/3.png", "x", "in/more/4.png", "x", "readme.md", "x"}
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	for i := 0; i < len(files); i += 2 {
		if _, err := z.Create(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	want := []string{"in", "2.png", "in/more"}
	for _, b := range []*bundle.Bundle{dropped(t, files...), dropped(t, "pets.zip", zipped.String())} {
		if got := Places(b, Options{}, 3); !slices.Equal(got, want) {
			t.Errorf("places %q, want %q", got, want)
		}
		if got := Places(b, Options{}, 2); !slices.Equal(got, want[:2]) {
			t.Errorf("two places are %q", got)
		}
	}
}

func TestWhatIsLeftOutIsListed(t *testing.T) {
	a, b := grey(4, 10), grey(4, 200)
	_, r := take(t, dropped(t, "cats/1.png", a, "cats/broken.png", a[:40], "dogs/2.png", b, "dogs/empty.jpg", "", "birds/3.png", "<html>",
		"readme.md", "hello", "song.mp3", "x", "table.csv", "1,2", "loose.png", a, "cats/.DS_Store", "x", "more.zip", "no"), Options{})
	got := map[string]string{}
	for _, s := range r.Skipped {
		got[s.File] = s.Reason
	}
	for file, want := range map[string]string{
		"cats/broken.png": "truncated", "dogs/empty.jpg": "empty", "birds/3.png": "not a PNG", "readme.md": "not of a kind", "song.mp3": "recordings are not read",
		"table.csv": "not of the kind that the rest is (image)", "loose.png": "no class's folder", "birds": "a class without a record", "more.zip": "not a ZIP",
	} {
		if !strings.Contains(got[file], want) {
			t.Errorf("%s: %q, want a reason that says %q", file, got[file], want)
		}
	}
	if len(got) != 9 || r.Records() != 2 {
		t.Errorf("%d left out, %d records: %v", len(got), r.Records(), got)
	}
}

func TestNothingToLearnFrom(t *testing.T) {
	a := grey(4, 10)
	var million strings.Builder
	million.WriteString("x,id\n")
	for i := range 3000 {
		fmt.Fprintf(&million, "1,%d\n", i)
	}
	bounds := map[string]Bounds{"x": {Low: 0, High: 1}}
	for want, c := range map[string]struct {
		o     Options
		files []string
	}{
		"nothing there to read":                       {Options{}, nil},
		"no picture, recording or table among 1 file": {Options{}, []string{"a.doc", "x"}},
		"no classes: want a folder for each":          {Options{}, []string{"1.png", a, "2.png", a}},
		"t.csv: one class only":                       {Options{Label: "y", Bounds: bounds}, []string{"t.csv", "x,y\n1,a\n2,a\n"}},
		"records of one class only could be read":     {Options{}, []string{"cats/1.png", a, "dogs/2.png", "x"}},
		"no record could be read":                     {Options{}, []string{"cats/1.png", "x", "dogs/2.png", "x"}},
		"more than 256 different labels":              {Options{Label: "id", Bounds: bounds}, []string{"t.csv", million.String()}},
		"state which column is the label: x, y":       {Options{}, []string{"t.csv", "x,y\n1,a\n"}},
		`no column "z" among x, y`:                    {Options{Label: "z"}, []string{"t.csv", "x,y\n1,a\n"}},
		`no column "age"`:                             {Options{Label: "y", Bounds: map[string]Bounds{"age": {Low: 0, High: 1}}}, []string{"t.csv", "x,y\n1,a\n"}},
		"no column left to learn from":                {Options{Label: "y"}, []string{"t.csv", "x,y\n1,a\n2,b\n"}},
		"bounds 1 to 0":                               {Options{Label: "y", Bounds: map[string]Bounds{"x": {Low: 1, High: 0}}}, []string{"t.csv", "x,y\n1,a\n2,b\n"}},
		"not UTF-8":                                   {Options{Label: "y"}, []string{"t.csv", "x,y\nZ\xfcrich,a\n"}},
		"no rows":                                     {Options{Label: "y"}, []string{"t.csv", "x,y\n"}},
		"t.csv: empty":                                {Options{Label: "y"}, []string{"t.csv", ""}},
	} {
		p, err := Propose(t.Context(), dropped(t, c.files...), withName(c.o))
		if err == nil {
			_, err = p.Read(t.Context(), checked{new(kept)}, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func withName(o Options) Options {
	o.Name = "own"
	return o
}

// checked is a sink that looks at the manifest as a packer does.
type checked struct{ *kept }

func (c checked) Begin(m data.Manifest) error {
	_, err := data.NewPacker(m, nil)
	return err
}

func TestTwoRecordsAreEnough(t *testing.T) {
	k, r := take(t, dropped(t, "t.csv", "age,ill\n30,yes\n50,no\n"), Options{Label: "ill", HeldOut: 0.5, Bounds: map[string]Bounds{"age": {Low: 0, High: 100}}})
	if r.Train != 2 || r.Test != 0 || k.Mean[0] != 50 || k.Std[0] != 50 || k.Type != data.Float32 {
		t.Errorf("%+v, mean %v", r, k.Mean)
	}
}

// A record's split depends on its key and its own source alone: the same key gives the same split whatever else is there, and another
// key another one. Of 2,000 records about a fifth is held out: 400, give or take five standard deviations of 17.9.
func TestHeldOutByKey(t *testing.T) {
	var rows []string
	for i := range 2000 {
		rows = append(rows, fmt.Sprintf("%d,%d\n", i, i%2))
	}
	o := Options{Label: "y", HeldOut: 0.2, Key: Key{1}, Bounds: map[string]Bounds{"x": {Low: 0, High: 2000}}}
	held := func(o Options, rows []string) map[float32]bool {
		k, _ := take(t, dropped(t, "t.csv", "x,y\n"+strings.Join(rows, "")), o)
		all := map[float32]bool{}
		for i := range k.Test.Len() {
			all[data.Float32At(k.Test.Values, i)] = true
		}
		return all
	}
	all := held(o, rows)
	if n := len(all); math.Abs(float64(n)-400) > 90 {
		t.Errorf("%d of 2000 held out", n)
	}
	fewer := slices.Clone(rows[500:1500])
	slices.Reverse(fewer)
	for x := range held(o, fewer) {
		if !all[x] {
			t.Errorf("%v is held out of fewer rows, but not of all", x)
		}
	}
	o.Key = Key{2}
	same := 0
	for x := range held(o, rows) {
		if all[x] {
			same++
		}
	}
	if math.Abs(float64(same)-80) > 45 { // a fifth of a fifth
		t.Errorf("%d records are held out under two keys", same)
	}
}

// Whoever has several records has all of them in one split.
func TestPersons(t *testing.T) {
	text := "x,who,y\n"
	for i := range 600 {
		text += fmt.Sprintf("%d,patient %d,%d\n", i, i/3, i%2)
	}
	k, r := take(t, dropped(t, "t.csv", text+"1,,0\n"), Options{Label: "y", Person: "who", HeldOut: 0.3, Bounds: map[string]Bounds{"x": {Low: 0, High: 600}}})
	if k.Unit != data.UnitPerson || r.Persons != 200 || k.TrainPersons+k.TestPersons != 200 || k.TestPersons < 25 || len(r.Skipped) != 1 {
		t.Errorf("unit %s, %d persons, %d and %d, left out %v", k.Unit, r.Persons, k.TrainPersons, k.TestPersons, r.Skipped)
	}
	for _, s := range []data.Split{k.Train, k.Test} {
		of := map[int]uint32{}
		for i, p := range s.Persons {
			who := int(data.Float32At(s.Values, i)) / 3
			if before, seen := of[who]; seen && before != p {
				t.Errorf("patient %d is person %d and %d", who, before, p)
			}
			of[who] = p
		}
	}
	a, b := grey(4, 10), grey(4, 200)
	k, _ = take(t, dropped(t, "anna/cats/1.png", a, "anna/dogs/2.png", b, "bert/cats/3.png", a, "bert/dogs/4.png", b), Options{PersonLevel: 1})
	if !slices.Equal(k.Train.Persons, []uint32{0, 0, 1, 1}) || !slices.Equal(k.Classes, []string{"cats", "dogs"}) {
		t.Errorf("persons %v, classes %v", k.Train.Persons, k.Classes)
	}
}

func TestLookingIsTold(t *testing.T) {
	var told Progress
	text := "x,y\n" + strings.Repeat("1,0\n2,1\n", 1000)
	_, err := Propose(t.Context(), dropped(t, "t.csv", text), Options{Label: "y", Bounds: map[string]Bounds{"x": {Low: 0, High: 9}}, Looking: func(now Progress) { told = now }})
	if err != nil || told != (Progress{2001, int64(len(text)), int64(len(text))}) {
		t.Errorf("%v after %+v", err, told)
	}
}

func TestColumns(t *testing.T) {
	text := "age,town,when,note,free,ill\n"
	for i := range 100 {
		age := fmt.Sprint(i)
		if i == 7 {
			age = ""
		}
		text += fmt.Sprintf("%s,%s,2020-01-%02d,note %d,%d,%d\n", age, []string{"Bern", "Basel"}[i%2], 1+i%28, i, i, i%2)
	}
	k, r := take(t, dropped(t, "t.csv", text), Options{
		Label: "ill", Classes: []string{"1", "0"}, Bounds: map[string]Bounds{"age": {Low: 0, High: 90}}, Categories: map[string][]string{"town": {"Bern"}}, Missing: map[string]float64{"age": 40},
	})
	want := []data.Column{
		{Name: "age", High: 90, Optional: true, Missing: 40, Origin: data.Stated},
		{Name: "town", Categories: []string{"Bern"}, Origin: data.Stated},
	}
	if len(k.Columns) != 2 || fmt.Sprint(k.Columns) != fmt.Sprint(want) {
		t.Errorf("columns %+v, want %+v", k.Columns, want)
	}
	if len(r.Skipped) != 3 || !strings.Contains(r.Skipped[0].Reason, "dates are neither") || !strings.Contains(r.Skipped[1].Reason, "too many for categories") || !strings.Contains(r.Skipped[2].Reason, "stated bounds") {
		t.Errorf("left out %v", r.Skipped)
	}
	if v := data.Float32At(k.Train.Values, 3*7); v != 40 || k.Train.Labels[0] != 1 || !slices.Equal(r.Shape, []int{3}) {
		t.Errorf("missing age is %v, label %d, shape %v", v, k.Train.Labels[0], r.Shape)
	}
}

// Where a column's values lie is told of rows, or of persons, of whom none counts more than one however many rows are theirs; what is
// no number is nowhere, and still a row. Bounds that come of it are told as released.
func TestTally(t *testing.T) {
	b := dropped(t, "t.csv", "who,age,town,ill\nann,30,x,yes\nann,NA,x,no\nann,30,x,no\nbob,-0.2,x,no\nbob,1e300,x,no\n,7,x,no\nragged\n")
	o := Options{Label: "ill", Person: "who", Bounds: map[string]Bounds{"age": {Low: 0, High: 40, Released: true}}}
	_, looked, err := Columns(t.Context(), b, o)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(cells []int64) (all int64) {
		for _, x := range cells {
			all += x
		}
		return all
	}
	const one = 1 << table.UnitBits
	cells, units, err := Tally(t.Context(), b, looked, "age", "")
	if err != nil || units != 6 || sum(cells) != 5*one || cells[data.GridCell(30)] != 2*one || cells[len(cells)-1] != one || cells[data.GridCell(-0.2)] != one {
		t.Errorf("of rows: %d units, %d, %v", units, sum(cells), err)
	}
	cells, units, err = Tally(t.Context(), b, looked, "age", "who")
	if err != nil || units != 2 || cells[data.GridCell(30)] != 2*(one/3) || cells[data.GridCell(-0.2)] != one/2 || sum(cells) > 2*one {
		t.Errorf("of persons: %d units, %d, %v", units, sum(cells), err)
	}
	for _, bad := range [][2]string{{"town", ""}, {"nowhere", ""}, {"age", "nobody"}} {
		if _, _, err := Tally(t.Context(), b, looked, bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), bad[0]) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	k, _ := take(t, b, o)
	if k.Columns[0].Origin != data.Released {
		t.Errorf("bounds of the age are told as %q", k.Columns[0].Origin)
	}
}

func TestManyBadRowsAreCounted(t *testing.T) {
	text := "x,y\n1,0\n2,1\n" + strings.Repeat("1,2,3\n", 500)
	_, r := take(t, dropped(t, "t.csv", text), Options{Label: "y", Bounds: map[string]Bounds{"x": {Low: 0, High: 9}}})
	if len(r.Skipped) != maxReported+1 || r.Skipped[maxReported].Reason != "480 more rows" {
		t.Errorf("%d entries, the last %v", len(r.Skipped), r.Skipped[len(r.Skipped)-1])
	}
}

func TestShapes(t *testing.T) {
	tall := std.NewNRGBA(std.Rect(0, 0, 10, 20))
	tall.SetNRGBA(0, 0, color.NRGBA{255, 0, 0, 255})
	for want, c := range map[string]struct {
		o     Options
		files []string
	}{
		"[1 4 4]":   {Options{}, []string{"a/1.png", grey(4, 1), "b/2.png", grey(4, 2)}},
		"[1 64 64]": {Options{}, []string{"a/1.png", grey(4, 1), "b/2.png", grey(5, 2)}},
		"[3 20 10]": {Options{}, []string{"a/1.png", encoded(tall), "b/2.png", encoded(tall)}},
		"[3 64 64]": {Options{}, []string{"a/1.png", encoded(tall), "b/2.png", grey(5, 2)}},
		"[1 28 30]": {Options{Shape: [3]int{1, 28, 30}, Fit: image.Pad}, []string{"a/1.png", grey(4, 1), "b/2.png", grey(4, 2)}},
	} {
		if k, r := take(t, dropped(t, c.files...), c.o); fmt.Sprint(r.Shape) != want || k.Mean[0] != 0.5 {
			t.Errorf("shape %v, want %s", r.Shape, want)
		}
	}
	_, err := Propose(t.Context(), dropped(t, "a/1.png", grey(4, 1), "b/2.png", grey(4, 2)), Options{Shape: [3]int{2, 28, 28}})
	if err == nil || !strings.Contains(err.Error(), "2 channels") {
		t.Errorf("two channels: %v", err)
	}
}

func TestReadingStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Propose(ctx, dropped(t, "a/1.png", grey(4, 1), "b/2.png", grey(4, 2), "b/3.png", grey(4, 3)), withName(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var last Progress
	_, err = p.Read(ctx, new(kept), func(now Progress) {
		last = now
		cancel()
	})
	if !errors.Is(err, context.Canceled) || last.Records != 1 || last.Bytes < 50 || last.Total < 3*50 {
		t.Errorf("%v after %+v", err, last)
	}
}

// voices stand in for recordings, which another package reads.
type voices struct{}

func (voices) Is(name string) bool { return strings.HasSuffix(name, ".wav") }
func (voices) Describe(m *data.Manifest) {
	m.Type, m.Channels, m.Height, m.Width, m.Mean, m.Std = data.Uint8, 1, 1, 2, []float32{0}, []float32{1}
}
func (voices) Record(_ string, file []byte) (values []byte, damage []string, err error) {
	if len(file) != 2 {
		return nil, nil, errors.New("out of tune")
	}
	if file[0] == 'c' {
		damage = []string{"a crack at byte 0", "a hiss"}
	}
	return file, damage, nil
}

func TestRecordings(t *testing.T) {
	b := dropped(t, "recordings/0_anna_1.wav", "ab", "recordings/1_anna_2.wav", "cd", "recordings/1_anna_3.wav", "cde")
	k, r := take(t, b, Options{Recordings: func() Recording { return voices{} }})
	if k.Kind != data.Audio || string(k.Train.Values) != "abcd" || len(r.Skipped) != 1 || r.Skipped[0].Reason != "out of tune" {
		t.Errorf("%s %q, left out %v", k.Kind, k.Train.Values, r.Skipped)
	}
	if len(r.Damaged) != 1 || r.Damaged[0] != (bundle.Problem{File: "recordings/1_anna_2.wav", Reason: "a crack at byte 0; a hiss"}) {
		t.Errorf("damaged are %v", r.Damaged)
	}
}

func TestRawFormats(t *testing.T) {
	images := "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x03abcdef"
	labels := "\x00\x00\x08\x01\x00\x00\x00\x02\x01\x00"
	stated := func() (data.Manifest, error) {
		return data.Manifest{Name: "own", Classes: []string{"a", "b"}, Mean: []float32{0}, Std: []float32{1}}, nil
	}
	b := dropped(t, "x/train-images-idx3-ubyte", images, "x/train-labels.idx1-ubyte", labels, "x/train-labels-idx1-ubyte", "", "readme", "x")
	raw, err := FindRaw(b.Files, "")
	if err != nil || raw == nil || raw.Format != IDX {
		t.Fatalf("%+v, %v", raw, err)
	}
	ds, err := raw.Read(t.Context(), stated)
	if err != nil || string(ds.Train.Values) != "abcdef" || ds.Kind != data.Image || ds.Width != 3 {
		t.Fatalf("%+v, %v", ds, err)
	}
	var packed []string
	if err := data.Pack(ds, func(name string, file []byte) error { packed = append(packed, "in/"+name, string(file)); return nil }); err != nil {
		t.Fatal(err)
	}
	if raw, err = FindRaw(dropped(t, packed...).Files, ""); err != nil || raw.Format != Packed {
		t.Fatalf("%+v, %v", raw, err)
	}
	if again, err := raw.Read(t.Context(), stated); err != nil || string(again.Train.Values) != "abcdef" {
		t.Errorf("%+v, %v", again, err)
	}
	beside := dropped(t, append(packed, "cats/1.png", grey(4, 1), "dogs/2.png", grey(4, 2))...)
	if raw, err := FindRaw(beside.Files, ""); raw != nil || err != nil {
		t.Errorf("pictures beside an earlier output: %+v, %v", raw, err)
	}
	if raw, err := FindRaw(dropped(t, "cats/1.png", "x").Files, ""); raw != nil || err != nil {
		t.Errorf("%+v, %v", raw, err)
	}
	if _, err := FindRaw(append(b.Files, dropped(t, "t10k-images-idx3-ubyte", "x").Files...), ""); err == nil {
		t.Error("test images without labels were taken")
	}
}

// Whatever is dropped as a ZIP, what comes out is a dataset or a reason.
func FuzzIntake(f *testing.F) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for name, content := range map[string]string{"a/1.png": grey(2, 1), "b/2.png": grey(2, 2), "labels.csv": "1.png,x\n2.png,y\n", "t.csv": "x,y\n1,2\n"} {
		w, _ := z.Create(name)
		w.Write([]byte(content))
	}
	z.Close()
	f.Add(file.Bytes(), "drop.zip")
	f.Add([]byte("x,label\n1,a\n2,b\n"), "t.csv")
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		b := dropped(t, name, string(content))
		o := withName(Options{Label: "label", Bounds: map[string]Bounds{"x": {Low: 0, High: 1}}, Shape: [3]int{1, 4, 4}})
		p, err := Propose(t.Context(), b, o)
		if err != nil {
			return
		}
		k := new(kept)
		if r, err := p.Read(t.Context(), k, nil); err == nil {
			k.TrainRecords, k.TestRecords = r.Train, r.Test
			if err := k.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
