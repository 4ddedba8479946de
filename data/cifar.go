package data

import (
	"bytes"
	"fmt"
	"io"
)

const (
	cifarPixels = 3 * 32 * 32
	cifarRecord = 1 + cifarPixels
	cifarBatch  = 10000 // records of a published file
)

// ImportCIFAR10 reads files of CIFAR-10's binary version, plain or gzip, one after another: records of a label byte and
// 3,072 pixel bytes, red then green then blue, row by row (Krizhevsky 2009).
func ImportCIFAR10(batches ...io.Reader) (Split, error) {
	var all Split
	for i, batch := range batches {
		records, err := readCIFAR10(batch, MaxDatasetBytes-len(all.Values)-len(all.Labels))
		if err != nil {
			return Split{}, fmt.Errorf("data: CIFAR-10 file %d: %w", i, err)
		}
		all.Append(records)
	}
	return all, nil
}

func readCIFAR10(r io.Reader, limit int) (Split, error) {
	in, err := Gunzip(r)
	if err != nil {
		return Split{}, err
	}
	var file bytes.Buffer
	if _, err := io.Copy(&file, io.LimitReader(in, int64(limit)+1)); err != nil {
		return Split{}, truncated(err)
	}
	size := file.Len()
	if size > limit {
		return Split{}, fmt.Errorf("oversized: more than the %d bytes that fit", limit)
	}
	if size == 0 || size%cifarRecord != 0 {
		return Split{}, fmt.Errorf("truncated or of another format: %d bytes are not records of %d", size, cifarRecord)
	}
	records := emptySplit(size/cifarRecord, cifarPixels)
	for raw := file.Bytes(); len(raw) > 0; raw = raw[cifarRecord:] {
		records.Labels = append(records.Labels, raw[0])
		records.Values = append(records.Values, raw[1:cifarRecord]...)
	}
	cifar, _ := Known("cifar-10")
	return records, cifar.Check(TrainSplit, &records)
}
