package desk

import (
	"errors"
	"fmt"

	"cloister/data"
	"cloister/data/audio"
	"cloister/data/image"
	"cloister/data/table"
)

// record makes a record of one more file, or of a row of texts.
func (r *Recipe) record(name string, file []byte, row []string, decoder image.Decoder) ([]byte, error) {
	switch r.Kind {
	case data.Image:
		if decoder == nil {
			decoder = image.Go{}
		}
		if err := r.Image.Validate(); err != nil {
			return nil, err
		}
		values, err := r.Image.Read(file, decoder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return values, nil
	case data.Audio:
		front, err := audio.NewFrontend(r.Audio)
		if err != nil {
			return nil, err
		}
		values, err := front.Record(name, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return values, nil
	case data.Table:
		return table.Encode(r.Columns, row)
	}
	return nil, errors.New("no such kind of data")
}
