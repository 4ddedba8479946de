package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"cloister/data"
)

// rawFiles are the files of a dataset that is not packed yet: of IDX, images and labels; of CIFAR-10, batches.
type rawFiles struct {
	format      string
	train, test []string
}

// findRaw looks for files of a format ("auto": of any) by the names that publishers give them.
func findRaw(dir, format string) (rawFiles, error) {
	if _, err := os.Stat(dir); err != nil {
		return rawFiles{}, fmt.Errorf("pack: %w", err)
	}
	if format == "idx" || format == "auto" {
		images, labels := find(dir, "train-images?idx3-ubyte"), find(dir, "train-labels?idx1-ubyte")
		if len(images) == 1 && len(labels) == 1 {
			var test []string
			for _, pattern := range []string{"t10k-images?idx3-ubyte", "test-images?idx3-ubyte", "t10k-labels?idx1-ubyte", "test-labels?idx1-ubyte"} {
				test = append(test, find(dir, pattern)...)
			}
			if len(test) != 0 && len(test) != 2 {
				return rawFiles{}, fmt.Errorf("pack: %s: want one file of test images and one of test labels, found %d: %q", dir, len(test), test)
			}
			return rawFiles{"idx", append(images, labels...), test}, nil
		}
	}
	if format == "cifar10" || format == "auto" {
		if batches := find(dir, "data_batch_*.bin"); len(batches) > 0 {
			return rawFiles{"cifar10", batches, find(dir, "test_batch.bin")}, nil
		}
	}
	return rawFiles{}, fmt.Errorf("pack: %s: no raw files of format %q: want train-images-idx3-ubyte and train-labels-idx1-ubyte "+
		"(test: t10k-... or test-...), or data_batch_1.bin and so on, each plain or .gz", dir, format)
}

// find lists the files of a pattern, plain or .gz, in order; of a file that is there in both ways, the plain one.
func find(dir, pattern string) (paths []string) {
	plain, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are well formed
	packed, _ := filepath.Glob(filepath.Join(dir, pattern+".gz"))
	paths = plain
	for _, p := range packed {
		if !slices.Contains(plain, p[:len(p)-len(".gz")]) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// records are what raw files hold, and the SHA-256 of each file's uncompressed bytes.
type records struct {
	split         data.Split
	height, width int
	sums          []string
}

func readRaw(format string, paths []string) (r records, err error) {
	if len(paths) == 0 {
		return r, nil
	}
	readers, hashes := make([]io.Reader, len(paths)), make([]func() string, len(paths))
	for i, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return r, fmt.Errorf("pack: %w", err)
		}
		defer file.Close()
		plain, err := data.Gunzip(file)
		if err != nil {
			return r, fmt.Errorf("pack: %s: %w", path, err)
		}
		hash := sha256.New()
		readers[i] = io.TeeReader(plain, hash)
		hashes[i] = func() string { return hex.EncodeToString(hash.Sum(nil)) }
	}
	if format == "idx" {
		r.split, r.height, r.width, err = data.ImportIDX(readers[0], readers[1])
	} else {
		r.split, err = data.ImportCIFAR10(readers...)
	}
	if err != nil {
		return r, fmt.Errorf("pack: %q: %w", paths, err)
	}
	for _, hash := range hashes {
		r.sums = append(r.sums, hash())
	}
	return r, nil
}

// importRaw reads a folder's raw files. What is recognised as a published dataset gets that one's description, whatever
// else is stated but its name; everything else must be described in full.
func importRaw(dir, format string, stated description) (*data.Dataset, error) {
	files, err := findRaw(dir, format)
	if err != nil {
		return nil, err
	}
	train, err := readRaw(files.format, files.train)
	if err != nil {
		return nil, err
	}
	test, err := readRaw(files.format, files.test)
	if err != nil {
		return nil, err
	}
	if files.format == "idx" && test.split.Len() > 0 && (test.height != train.height || test.width != train.width) {
		return nil, fmt.Errorf("pack: %s: test images are %dx%d, training images %dx%d", dir, test.height, test.width, train.height, train.width)
	}
	ds := &data.Dataset{Train: train.split, Test: test.split}
	if name, ok := recognise(train.sums, test.sums); ok {
		ds.Manifest, _ = data.Known(name)
		if stated.name != "" {
			ds.Name = stated.name
		}
	} else if ds.Manifest, err = stated.manifest(); err != nil {
		return nil, err
	} else if files.format == "idx" {
		ds.Channels, ds.Height, ds.Width = 1, train.height, train.width
	} else {
		ds.Channels, ds.Height, ds.Width = 3, 32, 32
	}
	ds.TrainRecords, ds.TestRecords = ds.Train.Len(), ds.Test.Len()
	return ds, ds.Validate()
}

func recognise(train, test []string) (name string, ok bool) {
	same := func(sums []string, files []data.Raw) bool {
		return slices.EqualFunc(sums, files, func(sum string, f data.Raw) bool { return sum == f.SHA256 })
	}
	for _, name := range benchmarkNames() {
		if trainFiles, testFiles := data.RawFiles(name); same(train, trainFiles) && same(test, testFiles) {
			return name, true
		}
	}
	return "", false
}
