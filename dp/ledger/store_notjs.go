//go:build !js

package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileStore keeps each ledger in a file of a folder, synced on every append. Processes may share the folder: a writer locks
// the ledger's file, and the system lets go of the lock when a process dies.
type FileStore struct{ Dir string }

func (f FileStore) path(key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	return filepath.Join(f.Dir, key+".ledger"), nil
}

// Load reads under a lock that writers exclude, so that it sees no half of a write.
func (f FileStore) Load(key string) ([]byte, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() // which unlocks it
	if err := lock(file, false); err != nil {
		return nil, fmt.Errorf("ledger: locking %s: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxLedger {
		return nil, fmt.Errorf("ledger: %s has %d bytes, more than %d", path, info.Size(), maxLedger)
	}
	return io.ReadAll(file)
}

// Append holds the file's lock from looking at its size until the change is on the disk: the file, and the folder when
// the file is new.
func (f FileStore) Append(key string, size, at int64, p []byte) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := errors.Join(checkCut(size, at), os.MkdirAll(f.Dir, 0o700)); err != nil {
		return err
	}
	_, missing := os.Stat(path)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err = lock(file, true); err != nil {
		err = fmt.Errorf("ledger: locking %s: %w", path, err)
	} else {
		err = replace(file, size, at, p)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && missing != nil {
		err = syncFolder(f.Dir)
	}
	return err
}

// Keys lists the folder.
func (f FileStore) Keys() (keys []string, err error) {
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if key, ok := strings.CutSuffix(e.Name(), ".ledger"); ok && checkKey(key) == nil {
			keys = append(keys, key)
		}
	}
	return keys, err
}

func replace(file *os.File, size, at int64, p []byte) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != size {
		return ErrConflict
	}
	if err := file.Truncate(at); err != nil {
		return err
	}
	if _, err := file.WriteAt(p, at); err != nil {
		return err
	}
	return file.Sync()
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
