//go:build !js

package bundle

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FromDisk is a file, or all files of a folder, whose names are then relative to it. Links are not followed.
func FromDisk(name string) ([]Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if !info.IsDir() {
		return []Source{fromDisk(name, filepath.Base(name), info.Size())}, nil
	}
	var all []Source
	err = filepath.WalkDir(name, func(at string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(name, at)
		if len(all) > MaxFiles {
			return fmt.Errorf("more than %d files", MaxFiles)
		}
		all = append(all, fromDisk(at, filepath.ToSlash(relative), info.Size()))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", name, err)
	}
	return all, nil
}

func fromDisk(at, name string, size int64) Source {
	return Source{Name: name, Size: size, Open: func() (Content, error) { return os.Open(at) }}
}
