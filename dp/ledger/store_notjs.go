//go:build !js

package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileStore keeps each ledger in a file of a folder, synced on every append.
type FileStore struct{ Dir string }

func (f FileStore) path(key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	return filepath.Join(f.Dir, key+".ledger"), nil
}

func (f FileStore) Load(key string) ([]byte, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxLedger {
		return nil, fmt.Errorf("ledger: %s has %d bytes, more than %d", path, info.Size(), maxLedger)
	}
	return os.ReadFile(path)
}

func (f FileStore) Append(key string, at int64, p []byte) error {
	return f.change(key, func(file *os.File) error {
		if end, err := file.Seek(0, 2); err != nil {
			return err
		} else if end != at {
			return ErrConflict
		}
		_, err := file.WriteAt(p, at)
		return err
	})
}

func (f FileStore) Truncate(key string, at int64) error {
	return f.change(key, func(file *os.File) error { return file.Truncate(at) })
}

// change opens the file, creating it, lets fn change it, and returns when the change is on the disk: the file, and the
// folder when the file is new.
func (f FileStore) change(key string, fn func(*os.File) error) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return err
	}
	_, missing := os.Stat(path)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = fn(file)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && missing != nil {
		err = syncFolder(f.Dir)
	}
	return err
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
