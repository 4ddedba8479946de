package table

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"cloister/data"
)

func opener(text string) Open {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func look(t testing.TB, text, encoding string) *Proposal {
	t.Helper()
	d, err := Sniff(opener(text), encoding)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Look(t.Context(), opener(text), d, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func utf16le(text string, mark bool) string {
	var b []byte
	if mark {
		b = []byte{0xff, 0xfe}
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestSniff(t *testing.T) {
	plain := Dialect{UTF8, ',', true, false}
	for name, c := range map[string]struct {
		text string
		want Dialect
	}{
		"comma":         {"age,town\n30,Bern\n40,Basel\n", plain},
		"byte mark":     {"\xef\xbb\xbfage,town\n30,Bern\n", plain},
		"semicolon":     {"age;size;town\n30;1,5;Bern\n40;2,25;Basel\n", Dialect{UTF8, ';', true, true}},
		"tab":           {"age\ttown\n30\tBern, Switzerland\n40\tBasel\n", Dialect{UTF8, '\t', true, false}},
		"bar":           {"age|town\n30|Bern\n", Dialect{UTF8, '|', true, false}},
		"no header":     {"30,Bern\n40,Basel\n", Dialect{UTF8, ',', false, false}},
		"texts alone":   {"town,sort\nBern,big\nBasel,big\n", plain},
		"header again":  {"big,big\nbig,small\n", Dialect{UTF8, ',', false, false}},
		"CRLF":          {"age,town\r\n30,Bern\r\n", plain},
		"quoted commas": {"age,town\n30,\"Bern, CH\"\n40,\"Basel, CH\"\n", plain},
		"UTF-16":        {utf16le("age,town\n30,Zürich\n", true), Dialect{UTF16LE, ',', true, false}},
		"UTF-16 bare":   {utf16le("age,town\n30,Bern\n", false), Dialect{UTF16LE, ',', true, false}},
		"thousands":     {"a;b\n1.500;2\n2.000;3,5\n", Dialect{UTF8, ';', true, true}},
		"points stay":   {"a;b\n1.5;2\n2.5;3,5\n", Dialect{UTF8, ';', true, false}},
	} {
		if got, err := Sniff(opener(c.text), ""); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	for want, text := range map[string]string{
		"empty":               "",
		"windows-1252":        "town\nZ\xfcrich\n",
		"not a text":          "a,b\n1,\x002\n",
		`encoding "utf-7"`:    "a",
		"not a text: byte 20": strings.Repeat("x", 20) + "\x00" + strings.Repeat("y", 30),
	} {
		encoding := ""
		if strings.HasPrefix(want, "encoding") {
			encoding = "utf-7"
		}
		d, err := Sniff(opener(text), encoding)
		if err == nil {
			_, err = Look(t.Context(), opener(text), d, 0, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", text, err, want)
		}
	}
}

func TestLook(t *testing.T) {
	var text strings.Builder
	text.WriteString("age;size;when;town;note;nothing;label\n")
	for i := range 100 {
		age := fmt.Sprint(20 + i%50)
		if i == 3 {
			age = "NA"
		}
		fmt.Fprintf(&text, "%s;%d,5;%d.1.2020;%s;note %d;;%d\n", age, i, 1+i%28, []string{"Bern", "Basel"}[i%2], i, i%11)
	}
	p := look(t, text.String(), "")
	kinds := map[string]string{}
	for _, c := range p.Columns {
		kinds[c.Name] = c.Kind
	}
	want := map[string]string{"age": Number, "size": Number, "when": Date, "town": Category, "note": Text, "nothing": Empty, "label": Number}
	if !reflect.DeepEqual(kinds, want) || p.Rows != 100 {
		t.Errorf("%d rows of %v, want 100 of %v", p.Rows, kinds, want)
	}
	if !p.Columns[0].Missing || p.Columns[1].Missing || !slices.Equal(p.Columns[3].Texts, []string{"Basel", "Bern"}) {
		t.Errorf("%+v", p.Columns)
	}
	if label := p.Columns[6]; !slices.Equal(label.Texts[:3], []string{"0", "1", "2"}) || label.Texts[10] != "10" { // as numbers
		t.Errorf("labels %v", label.Texts)
	}
	million := look(t, "id,label\n"+strings.Join(sequence(5000), "\n"), "")
	if million.Columns[0].Texts != nil || million.Rows != 5000 {
		t.Errorf("%d texts of a column of %d", len(million.Columns[0].Texts), million.Rows)
	}
	if _, err := Look(t.Context(), opener("a,a\n1,2\n"), Dialect{UTF8, ',', true, false}, 0, nil); err == nil || !strings.Contains(err.Error(), `two columns are called "a"`) {
		t.Errorf("two columns of one name: %v", err)
	}
}

func sequence(n int) (rows []string) {
	for i := range n {
		rows = append(rows, fmt.Sprintf("%d,%d", i, i%2))
	}
	return rows
}

// person is a plan for rows of age, size, town and label.
func person(d Dialect) *Plan {
	return &Plan{
		Dialect: d, Fields: 4, At: []int{0, 1, 2}, Label: 3, Classes: []string{"no", "yes"}, Person: -1,
		Columns: []data.Column{
			{Name: "age", High: 120, Optional: true, Missing: 50},
			{Name: "size", Low: -1, High: 1},
			{Name: "town", Categories: []string{"Basel", "Bern", "none"}, Optional: true},
		},
	}
}

// rowsOf are records as text, and what was left out.
func rowsOf(t testing.TB, p *Plan, text string) (rows, left []string) {
	t.Helper()
	err := p.Read(t.Context(), opener(text), nil, func(r Row) error {
		line := fmt.Sprintf("%d:%s", r.Line, p.Classes[r.Label])
		for i := range len(r.Values) / 4 {
			line += fmt.Sprintf(" %v", data.Float32At(r.Values, i))
		}
		rows = append(rows, line)
		return nil
	}, func(line int, reason string) { left = append(left, fmt.Sprintf("%d: %s", line, reason)) })
	if err != nil {
		t.Fatal(err)
	}
	return rows, left
}

func TestRowsBecomeRecords(t *testing.T) {
	text := "age,size,town,label\r\n" +
		"30,0.5,Bern,yes\r\n" +
		"200,-7,Paris,no\r\n" + // clipped; no category of ours
		"NA,0,,yes\r\n" +
		"\r\n" +
		" 5 , 1e-45 ,none,no\r\n" + // a category called none is one; too small for a record
		"x,0,Bern,no\r\n" +
		"1,Inf,Bern,no\r\n" +
		"1,NaN,Bern,no\r\n" +
		"1,0,Bern,maybe\r\n" +
		"1,0,Bern,\r\n" +
		"1,0,Bern\r\n" +
		"1,0,Bern,yes,more\r\n" +
		"0x10,0,Bern,yes\r\n" +
		"2,0,Bern,yes" // no end of line
	rows, left := rowsOf(t, person(Dialect{UTF8, ',', true, false}), text)
	want := []string{
		"2:yes 30 0 0.5 0 1 0 0",
		"3:no 120 0 -1 0 0 0 0",
		"4:yes 50 1 0 0 0 0 1",
		"6:no 5 0 0 0 0 1 0",
		"15:yes 2 0 0 0 1 0 0",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("records\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	wantLeft := []string{
		`7: column "age": "x" is not a number`,
		`8: column "size": "Inf" is not a number`,
		`9: column "size": nothing there, and nothing was stated to stand for it`,
		`10: label "maybe" is not one of the classes`,
		"11: no label",
		"12: 3 fields, want 4",
		"13: 5 fields, want 4",
		`14: column "age": "0x10" is not a number`,
	}
	if !slices.Equal(left, wantLeft) {
		t.Errorf("left out\n%s\nwant\n%s", strings.Join(left, "\n"), strings.Join(wantLeft, "\n"))
	}
	rows, _ = rowsOf(t, person(Dialect{UTF8, ';', false, true}), "1.000,5;0,25;Bern;yes\n")
	if !slices.Equal(rows, []string{"1:yes 120 0 0.25 0 1 0 0"}) {
		t.Errorf("decimal comma: %q", rows)
	}
	rows, _ = rowsOf(t, person(Dialect{Windows1252, ',', false, false}), "1,0,Z\xfcrich,yes\n")
	if len(rows) != 1 {
		t.Errorf("windows-1252: %q", rows)
	}
	_, left = rowsOf(t, person(Dialect{UTF8, ',', false, false}), "1,0,Z\xfcrich,yes\n")
	if len(left) != 1 || !strings.Contains(left[0], "not UTF-8") {
		t.Errorf("windows-1252 as UTF-8: %q", left)
	}
}

// A quote that is never closed costs its own row, whether what it swallows ends soon, late, or in another quote.
func TestStrayQuotes(t *testing.T) {
	good := strings.Repeat("1,0,Bern,yes\n", 50_000) // 650 kB, more than a record may have
	for name, c := range map[string]struct {
		text string
		rows int
		left []string
	}{
		"to the end":    {"1,0,Bern,yes\n1,0,\"Bern,yes\n1,0,Bern,yes\n", 2, []string{"2: a quote"}},
		"a large file":  {good + "1,0,\"Bern,yes\n" + good, 100_000, []string{"50001: a quote"}},
		"another quote": {"1,0,\"Bern,yes\n1,0,Bern,yes\n1,0,\"Bern\",yes\n", 2, []string{"1: a quote"}},
		"amid a field":  {"1,0,5\" disk,yes\n1,0,Bern,yes\n", 1, []string{"1: a quote"}},
		"lines within":  {"1,0,\"Be\nrn\",yes\n1,0,Bern,yes\n", 2, nil},
		"long line":     {"1,0," + strings.Repeat("x", 1<<20) + ",yes\n1,0,Bern,yes\n", 1, []string{"1: a record of more than 256 KiB"}},
		"long last":     {"1,0,Bern,yes\n1,0," + strings.Repeat("x", 1<<20), 1, []string{"2: a record of more than 256 KiB"}},
	} {
		rows, left := rowsOf(t, person(Dialect{UTF8, ',', false, false}), c.text)
		if len(rows) != c.rows || len(left) != len(c.left) {
			t.Errorf("%s: %d rows, %q left out; want %d, %q", name, len(rows), left[:min(3, len(left))], c.rows, c.left)
			continue
		}
		for i := range left {
			if !strings.HasPrefix(left[i], c.left[i]) {
				t.Errorf("%s: %q, want %q", name, left[i], c.left[i])
			}
		}
	}
	p := person(Dialect{UTF8, ',', false, false})
	hostile := strings.Repeat("1,0,\"Bern,yes\n", 3000)
	err := p.Read(t.Context(), opener(hostile), nil, func(Row) error { return nil }, func(int, string) {})
	if err == nil || !strings.Contains(err.Error(), "quotes that are never closed") {
		t.Errorf("quotes without end: %v", err)
	}
}

func TestReadingCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := person(Dialect{UTF8, ',', false, false}).Read(ctx, opener(strings.Repeat("1,0,Bern,yes\n", 10_000)), func(rows int, b int64) {
		if rows > 0 && b == 0 {
			t.Error("progress without bytes")
		}
	}, func(Row) error {
		n++
		cancel()
		return nil
	}, func(int, string) {})
	if err != context.Canceled || n > 2000 {
		t.Errorf("%v after %d rows", err, n)
	}
}

func TestNormalisationComesFromBounds(t *testing.T) {
	mean, std := person(Dialect{}).Normalisation()
	if !slices.Equal(mean, []float32{60, 0, 0, 0, 0, 0, 0}) || !slices.Equal(std, []float32{60, 1, 1, 1, 1, 1, 1}) {
		t.Errorf("mean %v, std %v", mean, std)
	}
}

func FuzzTable(f *testing.F) {
	for _, text := range []string{
		"age,size,town,label\n30,0.5,Bern,yes\n", "a;b\n1,5;2\n", "1,\"2\n3\",4,no\n", "\xef\xbb\xbf1,2,3,yes", utf16le("1,2,3,yes\n", true), "\"", "1,2,\"3\"4,yes\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
		d, err := Sniff(open, "")
		if err != nil {
			d, err = Sniff(open, Windows1252)
		}
		if err != nil {
			return
		}
		Look(t.Context(), open, d, 100, nil)
		p := person(d)
		m := data.Manifest{Type: data.Float32, Unit: data.UnitRecord, Channels: p.Values(), Height: 1, Width: 1, Classes: p.Classes}
		p.Read(t.Context(), open, nil, func(r Row) error {
			if err := m.Check(data.TrainSplit, &data.Split{Values: r.Values, Labels: []byte{byte(r.Label)}}); err != nil {
				t.Fatalf("line %d: %v", r.Line, err)
			}
			return nil
		}, func(line int, _ string) {
			if line < 1 || line > bytes.Count(text, []byte("\n"))+len(text)+1 {
				t.Fatalf("line %d", line)
			}
		})
	})
}
