package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// The magic numbers of IDX files of unsigned bytes: 0x08 says uint8, the last byte the number of dimensions
// (the format's description stands on the MNIST page, LeCun et al. 1998).
const (
	idxImages = 0x00000803
	idxLabels = 0x00000801
)

// ImportIDX reads a file of images (uint8, records x height x width) and the file of their labels, plain or gzip.
// The records have one channel.
func ImportIDX(images, labels io.Reader) (records Split, height, width int, err error) {
	fail := func(what string, err error) (Split, int, int, error) {
		return Split{}, 0, 0, fmt.Errorf("data: IDX %s: %w", what, err)
	}
	imageDims, pixels, err := readIDX(images, idxImages)
	if err != nil {
		return fail("images", err)
	}
	labelDims, classes, err := readIDX(labels, idxLabels)
	if err != nil {
		return fail("labels", err)
	}
	if imageDims[0] != labelDims[0] {
		return fail("labels", fmt.Errorf("%d labels for %d images", labelDims[0], imageDims[0]))
	}
	return Split{Values: pixels, Labels: classes}, imageDims[1], imageDims[2], nil
}

// readIDX returns the dimensions and values of a file that must have the given magic number.
func readIDX(r io.Reader, magic uint32) ([]int, []byte, error) {
	in, err := Gunzip(r)
	if err != nil {
		return nil, nil, err
	}
	var got uint32
	if err := binary.Read(in, binary.BigEndian, &got); err != nil {
		return nil, nil, fmt.Errorf("header: %w", truncated(err))
	}
	if got != magic {
		return nil, nil, fmt.Errorf("wrong magic number %#08x, want %#08x", got, magic)
	}
	sizes := make([]uint32, magic&0xff)
	if err := binary.Read(in, binary.BigEndian, sizes); err != nil {
		return nil, nil, fmt.Errorf("header: %w", truncated(err))
	}
	dims, total := make([]int, len(sizes)), int64(1)
	for i, size := range sizes {
		// Checked dimension by dimension, so that the product cannot overflow.
		if total *= int64(size); size == 0 || total > MaxDatasetBytes {
			return nil, nil, fmt.Errorf("dimensions %v: want positive, at most %d values in all", sizes, MaxDatasetBytes)
		}
		dims[i] = int(size)
	}
	values, err := readExactly(in, total)
	return dims, values, err
}

// Gunzip inflates what begins like a gzip file and passes on everything else.
func Gunzip(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if start, err := in.Peek(2); err != nil || start[0] != 0x1f || start[1] != 0x8b {
		return in, nil // too short for gzip: let the format's own reader say what is missing
	}
	return gzip.NewReader(in)
}

// readExactly reads the rest of a file that must be size bytes long, allocating no more than has arrived.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	var values bytes.Buffer
	n, err := io.Copy(&values, io.LimitReader(r, size+1))
	switch {
	case err != nil:
		return nil, truncated(err)
	case n < size:
		return nil, fmt.Errorf("truncated: %d of %d values", n, size)
	case n > size:
		return nil, fmt.Errorf("oversized: bytes follow the %d values", size)
	}
	return values.Bytes(), nil
}

func truncated(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("truncated: %w", err)
	}
	return err
}
