package bundle

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
)

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func source(name string, content []byte) Source {
	return Source{name, int64(len(content)), func() (Content, error) { return memory{bytes.NewReader(content)}, nil }}
}

// zipped is a ZIP of names and contents.
func zipped(t testing.TB, change func(*zip.FileHeader), entries ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for i := 0; i < len(entries); i += 2 {
		h := &zip.FileHeader{Name: entries[i], Method: zip.Deflate}
		if change != nil {
			change(h)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func tarred(t testing.TB, entries ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	w := tar.NewWriter(&file)
	for i := 0; i < len(entries); i += 2 {
		err := w.WriteHeader(&tar.Header{Name: entries[i], Mode: 0o644, Size: int64(len(entries[i+1]))})
		if err == nil {
			_, err = io.WriteString(w, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return file.Bytes()
}

func gzipped(content string) []byte {
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	io.WriteString(w, content)
	w.Close()
	return file.Bytes()
}

func list(t testing.TB, sources ...Source) *Bundle {
	t.Helper()
	b, err := List(sources)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// contents are the files as "name=content".
func contents(t testing.TB, b *Bundle) (all []string) {
	t.Helper()
	for _, f := range b.Files {
		content, err := f.Read(1 << 20)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all = append(all, f.Name+"="+string(content))
	}
	return all
}

func TestFilesOfEveryKindOfBundle(t *testing.T) {
	want := []string{"cats/1.png=one", "dogs/2.png=two"}
	entries := []string{"cats/1.png", "one", "__MACOSX/cats/._1.png", "x", "cats/.DS_Store", "x", "dogs/2.png", "two", "dogs/Thumbs.db", "x"}
	for name, sources := range map[string][]Source{
		"folder":       {source("cats/1.png", []byte("one")), source("dogs/2.png", []byte("two")), source("dogs/desktop.ini", nil)},
		"zip":          {source("pets.ZIP", zipped(t, nil, entries...))},
		"tar":          {source("pets.tar", tarred(t, entries...))},
		"two archives": {source("cats.zip", zipped(t, nil, "1.png", "one")), source("dogs.tar", tarred(t, "2.png", "two"))},
		"gzip":         {source("cats/1.png.gz", gzipped("one")), source("dogs/2.png", []byte("two"))},
		"backslashes":  {source("pets.zip", zipped(t, nil, `cats\1.png`, "one", `dogs\2.png`, "two"))},
	} {
		b := list(t, sources...)
		if got := contents(t, b); !slices.Equal(got, want) || len(b.Problems) > 0 {
			t.Errorf("%s: %q, problems %v", name, got, b.Problems)
		}
	}
}

func TestHostileArchives(t *testing.T) {
	encrypted := func(h *zip.FileHeader) { h.Flags |= 1 }
	truncated := zipped(t, nil, "1.png", strings.Repeat("one", 1000))
	for _, c := range []struct {
		name, file, want string
		archive          []byte
	}{
		{"encrypted", "secret.png", "encrypted", zipped(t, encrypted, "secret.png", "x")},
		{"nested", "more.zip", "an archive within an archive", zipped(t, nil, "more.zip", "x")},
		{"nested tar", "more.tgz", "an archive within an archive", zipped(t, nil, "more.tgz", "x")},
		{"climbs out", "../../etc/passwd", "leads out of the archive", zipped(t, nil, "../../etc/passwd", "x")},
		{"climbs out inside", "../b.png", "leads out of the archive", zipped(t, nil, "a/../../b.png", "x")},
		{"absolute", "/etc/passwd", "leads out of the archive", zipped(t, nil, "/etc/passwd", "x")},
		{"drive", "C:/x.png", "leads out of the archive", zipped(t, nil, `C:\x.png`, "x")},
		{"truncated", "a.zip", "not a ZIP, or damaged", truncated[:len(truncated)-30]},
		{"no ZIP at all", "a.zip", "not a ZIP, or damaged", []byte("hello")},
		{"empty", "a.zip", "not a ZIP, or damaged", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := list(t, source("a.zip", c.archive))
			if len(b.Files) != 0 || len(b.Problems) != 1 || b.Problems[0].File != c.file || !strings.Contains(b.Problems[0].Reason, c.want) {
				t.Errorf("files %v, problems %q; want one of %s that says %q", b.Files, b.Problems, c.file, c.want)
			}
		})
	}
}

// A bomb of 100 MB is refused by what it states; one that states less fails when it has unpacked that.
func TestBombs(t *testing.T) {
	bomb := zipped(t, nil, "zeros.csv", "0")
	directory := bytes.Index(bomb, []byte("PK\x01\x02")) // an entry's unpacked size is at 24
	binary.LittleEndian.PutUint32(bomb[directory+24:], 100<<20)
	b := list(t, source("bomb.zip", bomb))
	if len(b.Files) != 0 || len(b.Problems) != 1 || !strings.Contains(b.Problems[0].Reason, "a ZIP bomb") {
		t.Errorf("files %v, problems %v", b.Files, b.Problems)
	}
	lying := zipped(t, nil, "liar.csv", strings.Repeat("x", 1<<20))
	size := []byte{0, 0, 16, 0} // 1 << 20, little-endian
	for at := 0; ; {
		i := bytes.Index(lying[at:], size)
		if i < 0 {
			break
		}
		copy(lying[at+i:], []byte{9, 0, 0, 0})
		at += i
	}
	b = list(t, source("liar.zip", lying))
	if len(b.Files) != 1 || b.Files[0].Size != 9 {
		t.Fatalf("files %v, problems %v", b.Files, b.Problems)
	}
	if _, err := b.Files[0].Read(1 << 30); err == nil {
		t.Error("a file that states 9 bytes gave more")
	}
	twice := zipped(t, nil, "a.png", strings.Repeat("abcdefgh", 4), "b.png", "x")
	entry := bytes.Index(twice, []byte("PK\x01\x02")) // of the directory; its compressed size is at 20
	copy(twice[entry+20:], []byte{0xff, 0xff, 0, 0})
	if b = list(t, source("twice.zip", twice)); len(b.Problems) != 1 || !strings.Contains(b.Problems[0].Reason, "on top of each other") {
		t.Errorf("problems %v", b.Problems)
	}
}

func TestReadIsBounded(t *testing.T) {
	b := list(t, source("a.csv.gz", gzipped(strings.Repeat("x", 100000))), source("b.csv", make([]byte, 1000)), source("c.csv.gz", []byte("no gzip")))
	if b.Files[0].Name != "a.csv" {
		t.Errorf("named %s", b.Files[0].Name)
	}
	for _, f := range b.Files {
		if content, err := f.Read(999); err == nil {
			t.Errorf("%s: %d bytes of at most 999", f.Name, len(content))
		}
	}
	head, err := b.Files[0].Head(5)
	if string(head) != "xxxxx" || err != nil {
		t.Errorf("begins with %q, %v", head, err)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(zipped(f, nil, "a/1.png", "one", "b.txt", "two"), true)
	f.Add(tarred(f, "a/1.png", "one", "../b", "two"), false)
	f.Fuzz(func(t *testing.T, content []byte, isZip bool) {
		name := "a.tar"
		if isZip {
			name = "a.zip"
		}
		b := list(t, source(name, content))
		for _, file := range b.Files {
			if strings.HasPrefix(file.Name, "/") || strings.HasPrefix(file.Name, "..") {
				t.Errorf("file %q lies outside", file.Name)
			}
			if read, err := file.Read(1 << 16); err == nil && len(read) > 1<<16 {
				t.Errorf("%d bytes", len(read))
			}
		}
	})
}
