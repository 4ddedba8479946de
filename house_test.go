// Package cloister_test holds the rules of the house that no single room can check.
package cloister_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport is the house's import table: a room's packages import only the rooms named here, and themselves.
// A path covers the packages below it unless they have a row of their own. Commands import what they need.
// A row may wait for its room; a package in no room fails.
var mayImport = map[string][]string{
	"accountant":       nil,
	"certificate":      {"accountant"},
	"clip":             nil,
	"data":             {"internal/browser"}, // and its importers, one folder each
	"internal/browser": nil,
	"features":         {"nn", "nn/compile", "data"},
	"nn":               {"clip"},
	"nn/compile":       {"nn", "clip"},
	"nn/export":        {"nn", "clip"},
	"dp":               {"accountant", "clip", "dp/ledger"},
	"dp/ledger":        {"accountant"},
	"dp/mechanism":     {"dp", "accountant", "clip"},
	"dp/audit":         {"dp", "dp/ledger", "dp/mechanism", "accountant", "clip"},
	"dp/replay":        {"dp", "dp/mechanism", "dp/audit", "accountant", "clip"},
	"train":            below,
	"train/protocol":   nil,
	"wasm":             {"train", "train/protocol"},
	"wasm/intake":      {"data"},
	"wasm/features":    {"data", "features", "internal/browser", "nn", "nn/compile"},
	"static":           {"cmd"},
	"cmd":              append(slices.Clone(below), "train", "train/protocol"),
}

// below are the rooms that a run is made of.
var below = []string{
	"accountant", "certificate", "clip", "data", "features", "nn", "nn/compile", "nn/export",
	"dp", "dp/ledger", "dp/mechanism", "dp/audit", "dp/replay", "internal/browser", "train/protocol",
}

// unsound lists the rooms that hold mechanisms without a guarantee, and who may import them.
var unsound = map[string][]string{"dp/replay": {"cmd", "train/demo"}}

func TestImportTable(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipped(path, d.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		from := filepath.ToSlash(filepath.Dir(path))
		room := roomOf(from)
		if room == "" {
			t.Errorf("%s is in no room of the import table", path)
			return nil
		}
		seen[room] = true
		for _, to := range imports(t, path) {
			checkImport(t, path, from, room, to)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 5 {
		t.Errorf("found only %d rooms: is the test run from the repository's root?", len(seen))
	}
}

// skipped folders hold what others wrote, or what was built.
func skipped(path, name string) bool {
	return name == "node_modules" || name == "dist" || name == "build" || strings.HasPrefix(name, ".") && path != "."
}

func checkImport(t *testing.T, path, from, room, to string) {
	target := roomOf(to)
	test := strings.HasSuffix(path, "_test.go")
	if target != room && !slices.Contains(mayImport[room], target) && !test {
		t.Errorf("%s imports %s: %s may import only %v", path, to, room, mayImport[room])
	}
	for guarded, allowed := range unsound {
		if !within(to, guarded) || within(from, guarded) || test {
			continue
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return within(from, a) }) {
			t.Errorf("%s imports %s, which holds mechanisms without a guarantee", path, to)
		}
	}
}

// roomOf is the longest row of the table that covers a package.
func roomOf(pkg string) string {
	best := ""
	for room := range mayImport {
		if within(pkg, room) && len(room) > len(best) {
			best = room
		}
	}
	return best
}

func within(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }

// imports lists the packages of this module that a file imports, without the module's name.
func imports(t *testing.T, path string) []string {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for _, spec := range file.Imports {
		if name, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "cloister/"); ok {
			ours = append(ours, name)
		}
	}
	return ours
}
