package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

func haveMembers(dir string, set *published) bool {
	for _, m := range set.members {
		if checkFile(filepath.Join(dir, m.File), remote{sha256: m.SHA256}) != nil {
			return false
		}
	}
	return true
}

// unpack writes the members of a .tar.gz beside it, each checked, and removes the archive. Only files of the expected
// names are written, whatever folder the archive has them in, and none larger than a batch.
func unpack(archive, dir string, set *published) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	wanted := map[string]string{}
	for _, m := range set.members {
		wanted[m.File] = m.SHA256
	}
	for entries := tar.NewReader(plain); len(wanted) > 0; {
		header, err := entries.Next()
		if err == io.EOF {
			return fmt.Errorf("%d of its files are missing", len(wanted))
		}
		if err != nil {
			return err
		}
		name := path.Base(header.Name)
		sum, ok := wanted[name]
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackMember(entries, filepath.Join(dir, name), sum); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		delete(wanted, name)
	}
	return os.Remove(archive)
}

func unpackMember(content io.Reader, path, sum string) error {
	part, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(part, hash), io.LimitReader(content, cifarBatchBytes+1))
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); n > cifarBatchBytes || got != sum {
		return fmt.Errorf("checksum mismatch: SHA-256 of %d bytes is %s, published %s", n, got, sum)
	}
	return os.Rename(part.Name(), path)
}
