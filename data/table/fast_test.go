package table

import (
	"encoding/csv"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What is read without a parser is as encoding/csv reads it, between records that need one too.
func TestRowsAreThoseOfEncodingCSV(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "1.5", ",", ",", ";", "\n", "\n", "\r\n", "\r", " ", "é", "", "\"x,\ny\"", ",\"\","}
	compared := 0
	for range 20_000 {
		var text strings.Builder
		for range rng.IntN(14) {
			text.WriteString(pieces[rng.IntN(len(pieces))])
		}
		comma := []rune{',', ';', 'é'}[rng.IntN(3)]
		oracle := csv.NewReader(strings.NewReader(text.String()))
		oracle.Comma, oracle.FieldsPerRecord = comma, -1
		want, err := oracle.ReadAll()
		if err != nil {
			continue // how reading goes on after it is our own
		}
		in, err := newRows(strings.NewReader(text.String()), Dialect{Encoding: UTF8, Delimiter: comma})
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for {
			fields, err := in.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", text.String(), err)
			}
			got = append(got, slices.Clone(fields))
		}
		if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Fatalf("%q by %q: %q, want %q", text.String(), comma, got, want)
		}
		compared++
	}
	if compared < 5000 {
		t.Errorf("only %d texts were well formed", compared)
	}
}

// A number that is read without strconv is the one that it finds, to the last bit, or is left to it.
func TestPlainNumbersAreThoseOfStrconv(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	read := 0
	for range 200_000 {
		text := []byte{}
		for range 1 + rng.IntN(19) {
			text = append(text, "0123456789012345678901234567890123456789..+-e"[rng.IntN(45)])
		}
		got, ok := plain(string(text))
		if !ok {
			continue
		}
		read++
		want, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: %v, strconv %v, %v", text, got, want, err)
		}
	}
	if read < 20_000 {
		t.Errorf("only %d numbers were plain", read)
	}
	for _, text := range []string{"", "+", "-", ".", "1e5", "1_0", "0x1", "inf", "1234567890123456", "1.2.3", "--1", "1-"} {
		if v, ok := plain(text); ok {
			t.Errorf("%q is %v", text, v)
		}
	}
	for text, want := range map[string]bool{"0": false, "12": false, "n/a": true, "#N/A": true, "": true, "-": true, "?": true, "none": true, "nothing": false} {
		if missing(text) != want {
			t.Errorf("%q is missing: %v", text, !want)
		}
	}
}
