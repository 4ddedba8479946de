package cloister_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// codec matches the line that generates a MessagePack codec, in the file that it is made of.
var codec = regexp.MustCompile(`(?m)^//go:generate go run github.com/tinylib/msgp -file (\S+) -o (\S+)(.*)$`)

// Codecs are what their types generate: a field that was added, renamed or taken away without `make generate` would be
// left out of files, or not be found in them. The page's types have the same test in train/internal/tsgen.
func TestCodecsAreFresh(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "msgp")
	if said, err := exec.Command("go", "build", "-o", tool, "github.com/tinylib/msgp").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	compared := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipped(path, d.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, order := range codec.FindAllSubmatch(text, -1) {
			compared++
			compareCodec(t, tool, filepath.Dir(path), string(order[1]), string(order[2]), strings.Fields(string(order[3])))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if compared < 4 {
		t.Errorf("found only %d codecs: are they generated in another way now?", compared)
	}
}

// compareCodec generates a codec anew, beside nothing but its own file, and compares.
func compareCodec(t *testing.T, tool, folder, source, target string, flags []string) {
	fresh := filepath.Join(t.TempDir(), target)
	generate := exec.Command(tool, append([]string{"-file", source, "-o", fresh}, flags...)...)
	generate.Dir = folder
	if said, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%s/%s: %v: %s", folder, source, err, said)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(folder, target))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s/%s is stale: run make generate", folder, target)
	}
}
