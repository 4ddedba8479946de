// Package table turns CSV files into records: float32 vectors of numbers within stated bounds and of stated categories.
//
// What the file is like (encoding, delimiter, header, decimal comma, which columns are numbers) is proposed from its rows. Whoever owns
// the data confirms it as public or states otherwise; bounds are never proposed.
package table

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// MaxCategories is how many different texts a column of categories may have.
const MaxCategories = 64

// Kinds of columns.
const (
	Number   = "number"
	Category = "category"
	Date     = "date"
	Text     = "text"  // more different texts than categories could be
	Empty    = "empty" // nothing in it
)

// Proposal is what a file's rows look like.
type Proposal struct {
	Dialect
	Columns []Proposed
	Rows    int // that were looked at
}

// Proposed is what a column looks like.
type Proposed struct {
	Name    string
	Kind    string
	Missing bool     // rows lack it
	Texts   []string // all different ones, sorted, as numbers where they are; nil where there are more than 256
	Numeric bool     // every text is a number
}

// Bounds on what is looked at. Texts are 256 at most, as classes are, and none of them long.
const (
	maxTexts   = 256
	maxText    = 200
	maxColumns = 1 << 14
)

// Is says whether a file's name is that of a table.
func Is(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv", ".tab":
		return true
	}
	return false
}

// Open opens a file, from its start, as often as it is asked to.
type Open func() (io.ReadCloser, error)

// ErrEncoding is of a text whose encoding is one of many.
var ErrEncoding = errors.New("not UTF-8: state its encoding, " + Windows1252 + " perhaps")

// Sniff proposes a dialect from a file's beginning. encoding is "" where the person has not said.
func Sniff(open Open, encoding string) (Dialect, error) {
	d := Dialect{Encoding: encoding}
	r, err := open()
	if err != nil {
		return d, err
	}
	defer r.Close()
	var head bytes.Buffer
	if _, err := io.CopyN(&head, r, sampledBytes); err != nil && err != io.EOF {
		return d, err
	}
	if head.Len() == 0 {
		return d, errors.New("empty")
	}
	if encoding == "" {
		sure := false
		if d.Encoding, sure = DetectEncoding(head.Bytes()); !sure {
			return d, ErrEncoding
		}
	}
	if i := bytes.IndexByte(head.Bytes(), 0); i >= 0 && (d.Encoding == UTF8 || d.Encoding == Windows1252) {
		return d, fmt.Errorf("not a text: byte %d is zero", i)
	}
	sample := sampleOf(head.Bytes(), d.Encoding, 200)
	d.Delimiter = delimiter(sample)
	first, rest := split(sample, d)
	d.Comma = (d.Delimiter == ';' || d.Delimiter == '\t') && commas(rest)
	d.Header = header(first, rest, d.Comma)
	return d, nil
}

// sampleOf is the first lines of a file's beginning, without one that was cut.
func sampleOf(head []byte, encoding string, lines int) string {
	r, err := decoded(bytes.NewReader(head), encoding)
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(r)
	all := strings.SplitAfter(string(text), "\n")
	if len(head) >= sampledBytes && len(all) > 1 {
		all = all[:len(all)-1]
	}
	return strings.Join(all[:min(lines, len(all))], "")
}

// split reads a sample.
func split(sample string, d Dialect) (first []string, rest [][]string) {
	d.Encoding = UTF8
	r, err := newRows(strings.NewReader(sample), d)
	if err != nil {
		return nil, nil
	}
	for {
		fields, err := r.read()
		var bad *badRow
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return first, rest
		}
		if first == nil {
			first = slices.Clone(fields)
		} else {
			rest = append(rest, slices.Clone(fields))
		}
	}
}

// delimiter is the one by which most lines have as many fields, more than one; of equals, the one that gives more.
func delimiter(sample string) rune {
	best, score := ',', 0
	for _, d := range []rune{',', ';', '\t', '|'} {
		first, rest := split(sample, Dialect{Delimiter: d})
		counts := map[int]int{}
		for _, row := range append(rest, first) {
			counts[len(row)]++
		}
		for fields, lines := range counts {
			if s := lines*1000 + fields; fields > 1 && s > score {
				best, score = d, s
			}
		}
	}
	return best
}

// commas says whether numbers are written with a decimal comma: some fields are numbers with it and not without it, and none the
// other way round.
func commas(rows [][]string) bool {
	with, without := 0, 0
	for _, row := range rows {
		for _, f := range row {
			f = strings.TrimSpace(f)
			_, dot := number(f, false)
			_, comma := number(f, true)
			switch {
			case comma && !dot && strings.Contains(f, ","):
				with++
			case dot && strings.Contains(f, ".") && !thousands.MatchString(f):
				without++
			}
		}
	}
	return with > 0 && without == 0
}

// header says whether the first row names the columns: its texts differ from each other, none is a number or missing, and they are not
// texts of the column below.
func header(first []string, rest [][]string, comma bool) bool {
	seen := map[string]bool{}
	for i, name := range first {
		name = strings.TrimSpace(name)
		_, numeric := number(name, comma)
		if numeric || seen[name] || missing(name) && name != "" {
			return false
		}
		seen[name] = name != ""
		for _, row := range rest {
			if i < len(row) && name != "" && strings.TrimSpace(row[i]) == name {
				return false
			}
		}
	}
	return len(first) > 0
}

// Look reads a file's rows, all of them or the first, and proposes what its columns are. progress may be nil.
func Look(ctx context.Context, open Open, d Dialect, most int, progress func(rows int, bytes int64)) (*Proposal, error) {
	p := &Proposal{Dialect: d}
	var columns []*looked
	err := each(ctx, open, d, progress, func(_ int, fields []string) (bool, error) {
		if columns == nil {
			if len(fields) > maxColumns {
				return false, fmt.Errorf("%d columns: at most %d", len(fields), maxColumns)
			}
			for i := range fields {
				columns = append(columns, &looked{Proposed: Proposed{Name: fmt.Sprintf("column %d", i+1)}, texts: map[string]bool{}})
			}
			if d.Header {
				return true, name(columns, fields)
			}
		}
		if len(fields) != len(columns) {
			return true, nil
		}
		for i, text := range fields {
			columns[i].add(strings.TrimSpace(text), d.Comma)
		}
		p.Rows++
		return p.Rows < most || most <= 0, nil
	}, func(*badRow) {})
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		p.Columns = append(p.Columns, c.conclude())
	}
	if p.Rows == 0 {
		return nil, errors.New("no rows")
	}
	return p, nil
}

// name names columns by a header.
func name(columns []*looked, header []string) error {
	seen := map[string]bool{}
	for i, text := range header {
		if text = strings.TrimSpace(text); text != "" {
			columns[i].Name = text
		}
		if seen[columns[i].Name] {
			return fmt.Errorf("two columns are called %q", columns[i].Name)
		}
		seen[columns[i].Name] = true
	}
	return nil
}

// each hands over a file's records with the number of their line, until the last, an error or false.
func each(ctx context.Context, open Open, d Dialect, progress func(int, int64), row func(line int, fields []string) (bool, error), bad func(*badRow)) error {
	file, err := open()
	if err != nil {
		return err
	}
	defer file.Close()
	counted := &counter{Reader: file}
	in, err := newRows(counted, d)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil {
				progress(n, counted.bytes)
			}
		}
		fields, err := in.read()
		if err == io.EOF {
			if progress != nil {
				progress(n, counted.bytes)
			}
			return nil
		}
		var b *badRow
		if errors.As(err, &b) {
			bad(b)
			continue
		}
		more := false
		if err == nil {
			more, err = row(in.first, fields)
		}
		if err != nil || !more {
			return err
		}
	}
}

type counter struct {
	io.Reader
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}

// looked is a column while it is looked at.
type looked struct {
	Proposed
	texts                   map[string]bool // nil once too many
	present, numbers, dates int
}

func (c *looked) add(text string, comma bool) {
	if missing(text) {
		c.Missing = true
		return
	}
	c.present++
	if _, ok := number(text, comma); ok || infinite(text) {
		c.numbers++
	} else if date(text) {
		c.dates++
	}
	if c.texts == nil || c.texts[text] {
		return
	}
	if len(c.texts) == maxTexts || len(text) > maxText {
		c.texts = nil
		return
	}
	c.texts[strings.Clone(text)] = true
}

// conclude says what a column is. One of numbers may have a few texts amid them: those rows are problems.
func (c *looked) conclude() Proposed {
	c.Numeric = c.numbers == c.present
	switch {
	case c.present == 0:
		c.Kind = Empty
	case c.numbers*10 >= c.present*9:
		c.Kind = Number
	case c.dates*10 >= c.present*9:
		c.Kind = Date
	case c.texts != nil && len(c.texts) <= MaxCategories:
		c.Kind = Category
	default:
		c.Kind = Text
	}
	for text := range c.texts {
		c.Texts = append(c.Texts, text)
	}
	Sort(c.Texts)
	return c.Proposed
}

// Sort puts names in order: as numbers where all are, otherwise as texts.
func Sort(names []string) {
	values := make(map[string]float64, len(names))
	for _, n := range names {
		if v, ok := number(n, false); ok {
			values[n] = v
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(values) == len(names) && values[a] != values[b] {
			return cmp.Compare(values[a], values[b])
		}
		return cmp.Compare(a, b)
	})
}

// Rows hands over a file's records, those that can be read, the header too.
func Rows(ctx context.Context, open Open, d Dialect, row func(fields []string) error) error {
	return each(ctx, open, d, nil, func(_ int, fields []string) (bool, error) { return true, row(fields) }, func(*badRow) {})
}
