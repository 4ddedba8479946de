package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloister/data"
)

// packed is what pack prints with -json, and what it shows of a record.
func packed(t *testing.T, args ...string) (r report) {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), append(args, "-json"), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	return r
}

func record(t *testing.T, dir string, i int) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-show", fmt.Sprint(i), dir}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPackTable(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "people.csv"), []byte("age;income;town;ill\r\n30;1,5;Z\xfcrich;yes\r\n200;2e5;Bern;no\r\n;7;Bern;no\r\nx;7;Bern;no\r\n"))
	out := filepath.Join(dir, "out")
	r := packed(t, "-in", file, "-out", out, "-label", "ill", "-bounds", "age=0:120,income=0:1e5", "-encoding", "windows-1252")
	if r.Kind != "table" || r.Records != 3 || r.Train != 3 || r.Test != 0 || !slices.Equal(r.Shape, []int{5}) || !slices.Equal(r.Classes, []string{"no", "yes"}) {
		t.Errorf("%+v", r)
	}
	if len(r.Skipped) != 1 || r.Skipped[0].File != "people.csv" || !strings.HasPrefix(r.Skipped[0].Reason, "line 5: ") {
		t.Errorf("left out %v", r.Skipped)
	}
	for i, want := range []string{
		`{"label":"yes","values":[30,0,1.5,0,1]}`, `{"label":"no","values":[120,0,100000,1,0]}`, `{"label":"no","values":[60,1,7,1,0]}`,
	} {
		if got := record(t, out, i); got != want {
			t.Errorf("record %d: %s, want %s", i, got, want)
		}
	}
	ds := openPacked(t, out)
	if ds.Name != "out" || ds.Columns[0].Name != "age" || ds.Columns[0].Origin != data.Stated || ds.Columns[2].Origin != data.Confirmed {
		t.Errorf("%+v", ds.Manifest)
	}
}

func TestPackPictures(t *testing.T) {
	dir := t.TempDir()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	add := func(name string, content []byte) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		m := image.NewGray(image.Rect(0, 0, 2, 2))
		for k := range m.Pix {
			m.Pix[k] = byte(i)
		}
		var picture bytes.Buffer
		png.Encode(&picture, m)
		add(fmt.Sprintf("%s/%d.png", []string{"cats", "dogs"}[i%2], i), picture.Bytes())
	}
	add("dogs/broken.png", []byte("\x89PNG\r\n\x1a\n"))
	add("__MACOSX/dogs/._1.png", []byte("x"))
	add("../../evil.png", []byte("x"))
	z.Close()
	in, out := write(t, filepath.Join(dir, "pets.zip"), file.Bytes()), filepath.Join(dir, "out")
	r := packed(t, "-in", in, "-out", out, "-shape", "1x2x2", "-held-out", "0.5")
	if r.Kind != "image" || r.Records != 40 || r.Train+r.Test != 40 || r.Test < 5 || !slices.Equal(r.Shape, []int{1, 2, 2}) || !slices.Equal(r.Classes, []string{"cats", "dogs"}) {
		t.Errorf("%+v", r)
	}
	if len(r.Skipped) != 2 || r.Skipped[0].File != "../../evil.png" || r.Skipped[1].File != "dogs/broken.png" {
		t.Errorf("left out %v", r.Skipped)
	}
	if got := record(t, out, 0); !strings.HasPrefix(got, `{"label":"`) || strings.Count(got, ",") != 4 {
		t.Errorf("record 0: %s", got)
	}
	first := openPacked(t, out)
	packed(t, "-in", in, "-out", out, "-shape", "1x2x2", "-held-out", "0.5") // under the key that lies there
	if again := openPacked(t, out); !bytes.Equal(again.Test.Values, first.Test.Values) {
		t.Error("reading it again gives another split")
	}
	if info, err := os.Stat(filepath.Join(out, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the split's key: %v, %v", info, err)
	}
}

// What fails says why in one line, and leaves nothing behind, not even a part of what would have been.
func TestPackWritesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	table := write(t, filepath.Join(dir, "in", "t.csv"), []byte("x,y\n1,a\n2,b\n"))
	late := write(t, filepath.Join(dir, "in", "late.csv"), []byte("x,y\n"+strings.Repeat("1,a\n2,b\n", 50_000)+strings.Repeat("1,\"a\n", 1000)))
	tall := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	tall.Set(0, 0, color.White)
	var picture bytes.Buffer
	png.Encode(&picture, tall)
	one := filepath.Join(dir, "one")
	write(t, filepath.Join(one, "cats", "1.png"), picture.Bytes())
	before := tree(t, dir)
	for _, args := range [][]string{
		{"-in", table, "-label", "y"},
		{"-in", table, "-label", "z", "-bounds", "x=0:9"},
		{"-in", table, "-label", "y", "-bounds", "x=0"},
		{"-in", table, "-label", "y", "-bounds", "x=9:0"},
		{"-in", table, "-label", "y", "-bounds", "x=0:9", "-encoding", "klingon"},
		{"-in", late, "-label", "y", "-bounds", "x=0:9"},
		{"-in", one},
		{"-in", one, "-shape", "28"},
		{"-in", filepath.Join(dir, "nothing")},
		{"-unheard-of"},
		{"-show", "0", dir},
	} {
		if args[0] == "-in" {
			args = append(args, "-out", filepath.Join(dir, "out"), "-json")
		}
		var out bytes.Buffer
		err := run(t.Context(), args, &out, io.Discard)
		if err == nil || strings.Contains(err.Error(), "\n") || out.Len() > 0 {
			t.Errorf("%q: error %v, output %q", args, err, out.String())
		}
		if after := tree(t, dir); !slices.Equal(after, before) {
			t.Fatalf("%q leaves %q", args, after)
		}
	}
}

func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestShowKnowsItsRange(t *testing.T) {
	out := t.TempDir()
	if err := run(t.Context(), []string{"-digits", "6000", "-test-digits", "10", "-out", out}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	ds := data.Digits(6000, 10, 1)
	for i, want := range map[int]*data.Split{0: &ds.Train, 5999: &ds.Train, 6000: &ds.Test, 6009: &ds.Test} {
		at := i
		if want == &ds.Test {
			at -= 6000
		}
		var s shown
		if err := json.Unmarshal([]byte(record(t, out, i)), &s); err != nil {
			t.Fatal(err)
		}
		if s.Label != fmt.Sprint(want.Labels[at]) || len(s.Values) != 784 || s.Values[400] != float64(want.Values[784*at+400]) {
			t.Errorf("record %d is another one", i)
		}
	}
	for _, i := range []string{"6010", "-5"} {
		if err := run(t.Context(), []string{"-show", i, out}, io.Discard, io.Discard); err == nil {
			t.Errorf("record %s is shown", i)
		}
	}
}
