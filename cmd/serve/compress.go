package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

const (
	// A file below this size fits a packet or two anyway; one that shrinks by less than a twentieth is not worth a second copy.
	worthCompressing = 512
	worthKeeping     = 0.95

	// Brotli's best quality takes seconds a megabyte: right for code, wrong for datasets.
	bestQuality  = brotli.BestCompression
	quickQuality = 5
	maxBestBytes = 16 << 20

	cacheAge = 30 * 24 * time.Hour
)

// compressFolder writes a .br and a .gz file beside every file that gains by it. Results are cached by content, so that
// a build after a small change compresses only what changed.
func compressFolder(ctx context.Context, dir, cache string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	names, err := compressible(dir)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	work, failures := make(chan string), make(chan error, len(names))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range work {
				if err := compressFile(name, cache); err != nil {
					failures <- err
				}
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		work <- name
	}
	close(work)
	workers.Wait()
	select {
	case err := <-failures:
		return fmt.Errorf("serve: compress %w", err)
	default:
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("serve: compress %s: %w", dir, err)
	}
	return dropOld(cache)
}

func compressible(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() && kindOf(name).compress {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// compressFile brings a file's two companions up to date.
func compressFile(name, cache string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	quality := bestQuality
	if filepath.Ext(name) == ".blob" || len(content) > maxBestBytes {
		quality = quickQuality
	}
	for _, e := range encodings {
		key := filepath.Join(cache, fmt.Sprintf("%x.%d%s", sum, quality, e.suffix))
		packed, err := cached(key, func() ([]byte, error) { return compressBytes(e.name, content, quality) })
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(content) < worthCompressing || float64(len(packed)) > worthKeeping*float64(len(content)) {
			if err := os.Remove(name + e.suffix); err != nil && !os.IsNotExist(err) {
				return err
			}
			continue
		}
		if err := replaceFile(name+e.suffix, packed); err != nil {
			return err
		}
	}
	return nil
}

func compressBytes(coding string, content []byte, quality int) ([]byte, error) {
	var packed bytes.Buffer
	var w io.WriteCloser
	if coding == "br" {
		w = brotli.NewWriterLevel(&packed, quality)
	} else {
		level := gzip.BestCompression
		if quality == quickQuality {
			level = gzip.DefaultCompression
		}
		var err error
		if w, err = gzip.NewWriterLevel(&packed, level); err != nil {
			return nil, err
		}
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err := w.Close()
	return packed.Bytes(), err
}

// cached returns the file's content, made and kept there if it is missing, and marks it as used.
func cached(name string, produce func() ([]byte, error)) ([]byte, error) {
	if content, err := os.ReadFile(name); err == nil {
		now := time.Now()
		return content, os.Chtimes(name, now, now)
	}
	content, err := produce()
	if err != nil {
		return nil, err
	}
	return content, replaceFile(name, content)
}

// replaceFile replaces a file at once, so that neither a server nor an interrupted build sees half of it. The temporary
// name is unique: two files of the same content may be on their way to the cache together.
func replaceFile(name string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(temporary.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	return err
}

// dropOld removes what no build has used for a month.
func dropOld(cache string) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < cacheAge {
			continue
		}
		if err := os.Remove(filepath.Join(cache, entry.Name())); err != nil {
			return fmt.Errorf("serve: %w", err)
		}
	}
	return nil
}
