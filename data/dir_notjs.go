//go:build !js

package data

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Write packs a dataset into a folder, which is created if need be. Shards that an earlier Write left there and that the
// new manifest does not name are removed.
func Write(dir string, ds *Dataset) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	var written []string
	err := Pack(ds, func(name string, file []byte) error {
		written = append(written, name)
		return replaceFile(filepath.Join(dir, name), file)
	})
	if err != nil {
		return err
	}
	return RemoveStale(dir, written)
}

// replaceFile replaces a file at once, so that a reader never sees half of it.
func replaceFile(path string, content []byte) error {
	if err := os.WriteFile(path+".tmp", content, 0o644); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// packedFile matches the names that Pack gives to shards.
var packedFile = regexp.MustCompile(`^(train|test)-[0-9]{3,4}\.[0-9a-f]{8}\.blob$`)

// RemoveStale removes the shards of an earlier dataset from a folder, but for the files to keep.
func RemoveStale(dir string, keep []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, entry := range entries {
		if slices.Contains(keep, entry.Name()) || !packedFile.MatchString(entry.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	return nil
}
