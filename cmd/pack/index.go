package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"cloister/data"
)

// indexFile lists the packed datasets that lie side by side in a folder, so that the page can offer them: a static host
// does not list folders.
const indexFile = "index.json"

type indexEntry struct {
	Name  string `json:"name"`  // the folder
	Title string `json:"title"` // for people
}

// writeIndex lists what is in the folder now; folders without a readable manifest are left out.
func writeIndex(ctx context.Context, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	index := []indexEntry{}
	for _, e := range entries {
		m, err := data.OpenManifest(ctx, data.FromDir(filepath.Join(folder, e.Name())))
		if err == nil {
			index = append(index, indexEntry{e.Name(), m.Title})
		}
	}
	text, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, indexFile), append(text, '\n'), 0o644)
}
