package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"cloister/data"
)

// The page looks for datasets in the folder "data" beside it. A static host does not list folders, so that an index.json
// there says which are packed. Around an output elsewhere, nothing is written.
const (
	pageFolder = "data"
	indexFile  = "index.json"
)

type indexEntry struct {
	Name  string `json:"name"`  // the folder
	Title string `json:"title"` // for people
}

// updateIndex lists the datasets beside a packed one, if that is where the page looks. Folders without a readable
// manifest are left out.
func updateIndex(ctx context.Context, packed string) error {
	folder, err := filepath.Abs(filepath.Dir(filepath.Clean(packed)))
	if err != nil || filepath.Base(folder) != pageFolder {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	index := []indexEntry{}
	for _, e := range entries {
		m, err := data.OpenManifest(ctx, data.FromDir(filepath.Join(folder, e.Name())))
		if err == nil {
			index = append(index, indexEntry{e.Name(), m.Title})
		}
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, indexFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}
