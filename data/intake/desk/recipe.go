package desk

import (
	"errors"
	"fmt"

	"cloister/data"
	"cloister/data/audio"
	"cloister/data/image"
	"cloister/data/table"
)

// record makes a record of one more file, or of a row of texts, and tells what was wrong with a recording that could be read.
func (r *Recipe) record(name string, file []byte, row []string, decoder image.Decoder) (values []byte, damage []string, err error) {
	switch r.Kind {
	case data.Image:
		if decoder == nil {
			decoder = image.Go{}
		}
		if err := r.Image.Validate(); err != nil {
			return nil, nil, err
		}
		values, err = r.Image.Read(file, decoder)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return values, nil, nil
	case data.Audio:
		front, err := audio.NewFrontend(r.Audio)
		if err != nil {
			return nil, nil, err
		}
		values, damage, err = front.Record(name, file)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return values, damage, nil
	case data.Table:
		values, err = table.Encode(r.Columns, row)
		return values, nil, err
	}
	return nil, nil, errors.New("no such kind of data")
}
