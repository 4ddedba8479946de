package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"cloister/data"
)

// Plan is what a person confirmed: which columns make a record, which one labels it and which names whose it is. All of it is public.
type Plan struct {
	Dialect
	Fields  int           // of a row
	Columns []data.Column // of a record, in order
	At      []int         // the field of each column
	Label   int           // the field of the label
	Classes []string
	Person  int // the field that says whose a row is; -1: nobody asks
}

// Row is one row as a record.
type Row struct {
	Line   int
	Values []byte // float32, valid until the next row
	Label  int
	Person string
	Source []string // the row's fields, valid until the next row
}

// Validate reports a plan that no row could follow.
func (p *Plan) Validate() error {
	if len(p.Columns) == 0 || len(p.Columns) != len(p.At) {
		return fmt.Errorf("table: %d columns at %d places: want at least one", len(p.Columns), len(p.At))
	}
	for _, at := range append([]int{p.Label, max(p.Person, 0)}, p.At...) {
		if at < 0 || at >= p.Fields {
			return fmt.Errorf("table: field %d of %d", at, p.Fields)
		}
	}
	return nil
}

// Values is the number of values of a record.
func (p *Plan) Values() (n int) {
	for i := range p.Columns {
		n += p.Columns[i].Values()
	}
	return n
}

// Normalisation brings numbers from their bounds to -1 ... 1 and leaves the zeros and ones of categories alone. It knows nothing but
// what was stated.
func (p *Plan) Normalisation() (mean, std []float32) {
	for i := range p.Columns {
		c := &p.Columns[i]
		for range c.Values() {
			mean, std = append(mean, 0), append(std, 1)
		}
		if len(c.Categories) == 0 {
			first := len(mean) - c.Values()
			mean[first], std[first] = float32((c.Low+c.High)/2), float32((c.High-c.Low)/2)
		}
	}
	return mean, std
}

// Read reads a file's rows as records. bad is told, with a line's number, of rows that are left out.
func (p *Plan) Read(ctx context.Context, open Open, progress func(rows int, bytes int64), row func(Row) error, bad func(line int, reason string)) error {
	if err := p.Validate(); err != nil {
		return err
	}
	classes := map[string]int{}
	for k, c := range p.Classes {
		classes[c] = k
	}
	encoders := make([]encoder, len(p.Columns))
	for i := range p.Columns {
		encoders[i] = newEncoder(&p.Columns[i], p.Comma)
	}
	header := p.Header
	var values []byte
	return each(ctx, open, p.Dialect, progress, func(line int, fields []string) (bool, error) {
		if header {
			header = false
			return true, nil
		}
		r := Row{Line: line, Source: fields}
		var err error
		if values, err = p.record(values[:0], encoders, classes, fields, &r); err != nil {
			bad(line, err.Error())
			return true, nil
		}
		r.Values = values
		return true, row(r)
	}, func(b *badRow) { bad(b.line, b.reason) })
}

func (p *Plan) record(values []byte, encoders []encoder, classes map[string]int, fields []string, r *Row) ([]byte, error) {
	if len(fields) != p.Fields {
		return values, fmt.Errorf("%d fields, want %d", len(fields), p.Fields)
	}
	label := strings.TrimSpace(fields[p.Label])
	class, ok := classes[label]
	if !ok && missing(label) {
		return values, errors.New("no label")
	}
	if !ok {
		return values, fmt.Errorf("label %.40q is not one of the classes", label)
	}
	r.Label = class
	if p.Person >= 0 {
		if r.Person = strings.TrimSpace(fields[p.Person]); missing(r.Person) {
			return values, errors.New("it does not say whose row it is")
		}
	}
	for i, at := range p.At {
		var err error
		if values, err = encoders[i].append(values, strings.TrimSpace(fields[at])); err != nil {
			return values, fmt.Errorf("column %.40q: %w", p.Columns[i].Name, err)
		}
	}
	return values, nil
}

// Encode is a record of texts, one for each column, as a row's would be: for a model that is asked about a row. Decimals have a
// point, whatever they had in the file.
func Encode(columns []data.Column, texts []string) (values []byte, err error) {
	if len(texts) != len(columns) {
		return nil, fmt.Errorf("table: %d values for %d columns", len(texts), len(columns))
	}
	for i, text := range texts {
		e := newEncoder(&columns[i], false)
		if values, err = e.append(values, strings.TrimSpace(text)); err != nil {
			return nil, fmt.Errorf("table: column %.40q: %w", columns[i].Name, err)
		}
	}
	return values, nil
}

// encoder turns a column's texts into values.
type encoder struct {
	*data.Column
	comma bool
	index map[string]int // of categories
}

func newEncoder(c *data.Column, comma bool) encoder {
	e := encoder{Column: c, comma: comma, index: map[string]int{}}
	for k, text := range c.Categories {
		e.index[text] = k
	}
	return e
}

func (e *encoder) append(values []byte, text string) ([]byte, error) {
	lacks := missing(text)
	if _, stated := e.index[text]; stated { // a category may be called "none"
		lacks = false
	}
	if lacks && !e.Optional {
		return values, errors.New("nothing there, and nothing was stated to stand for it")
	}
	if len(e.Categories) > 0 {
		own, known := e.index[text]
		for k := range e.Categories {
			values = data.AppendFloat32(values, indicator(known && k == own))
		}
	} else {
		v := e.Missing
		if !lacks {
			var ok bool
			if v, ok = number(text, e.comma); !ok {
				return values, fmt.Errorf("%.40q is not a number", text)
			}
		}
		values = data.AppendFloat32(values, float32(math.Min(math.Max(v, e.Low), e.High)))
	}
	if e.Optional {
		values = data.AppendFloat32(values, indicator(lacks))
	}
	return values, nil
}

func indicator(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}
