package desk

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// marks are those of what a desk has read.
func (v *visit) marks(t *testing.T) (all []uint64) {
	t.Helper()
	b := v.packed[MarksFile]
	for ; len(b) >= 8; b = b[8:] {
		all = append(all, binary.LittleEndian.Uint64(b))
	}
	if len(b) > 0 || !slices.IsSorted(all) {
		t.Fatalf("%d bytes too many, sorted: %v", len(b), slices.IsSorted(all))
	}
	return all
}

// A record has the same mark whatever its file is called and whatever lies beside it, under one secret; under another secret, a
// different one.
func TestMarks(t *testing.T) {
	read := func(name string, rows int, key byte) []uint64 {
		t.Helper()
		v := sit(t, source(name, people(rows)))
		secret := base64.StdEncoding.EncodeToString(slices.Repeat([]byte{key}, 32))
		settings := fmt.Sprintf(`"settings":{"name":"own","label":"ill","key":%q,"columns":{"age":{"low":0,"high":100}}}`, secret)
		if r := v.ask(t, `{"type":"read","id":1,`+settings+`}`, nil); r.Type != "read" {
			t.Fatal(r.Message)
		}
		return v.marks(t)
	}
	few, more, others := read("a.csv", 40, 1), read("b.csv", 50, 1), read("a.csv", 40, 2)
	if len(few) != 40 || len(more) != 50 {
		t.Fatalf("%d and %d marks of 40 and 50 different rows", len(few), len(more))
	}
	for _, m := range few {
		if !slices.Contains(more, m) {
			t.Error("a record is not known again beside others")
		}
		if slices.Contains(others, m) {
			t.Error("a mark is the same under two secrets")
		}
	}
}
