package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/table"
)

// maxReported is how many rows of a table are listed one by one when they are left out.
const maxReported = 20

// rows are a table's, one record each.
type rows struct {
	p    *Proposal
	file bundle.File
}

// proposeTable reads a table through once and proposes a plan: its label as stated, numbers with stated bounds, categories as stated
// or found. Other columns are left out and listed.
func (p *Proposal) proposeTable(ctx context.Context, k kinds) error {
	if len(k.tables) == 0 {
		return errors.New("no table")
	}
	file := k.tables[0]
	p.leaveOut(slices.Concat(k.images, k.recordings, k.others))
	for _, f := range k.tables[1:] {
		p.Skipped = append(p.Skipped, bundle.Problem{File: f.Name, Reason: "one table is read at a time, and it is not the first"})
	}
	looked, err := p.options.Looked, error(nil)
	if looked == nil {
		looked, err = look(ctx, file, p.options)
	}
	if err == nil {
		err = p.plan(file.Name, looked)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name, err)
	}
	p.source, p.total, p.records = &rows{p, file}, max(0, file.Size), looked.Rows
	return nil
}

// look reads a table through, in the dialect that was stated or that its beginning has.
func look(ctx context.Context, file bundle.File, o Options) (*table.Proposal, error) {
	d := o.Dialect
	if d == nil {
		sniffed, err := table.Sniff(file.Open, o.Encoding)
		if err != nil {
			return nil, err
		}
		d = &sniffed
	}
	return table.Look(ctx, file.Open, *d, 0, func(rows int, bytes int64) {
		if o.Looking != nil {
			o.Looking(Progress{Records: rows, Bytes: bytes, Total: max(0, file.Size)})
		}
	})
}

// Columns says what a bundle's table looks like, before anybody has said which column is the label.
func Columns(ctx context.Context, b *bundle.Bundle, o Options) (file string, looked *table.Proposal, err error) {
	k := sortKinds(b.Files, o)
	if len(k.tables) == 0 {
		return "", nil, errors.New("intake: no table")
	}
	file = k.tables[0].Name
	if looked, err = look(ctx, k.tables[0], o); err != nil {
		return file, nil, fmt.Errorf("intake: %s: %w", file, err)
	}
	return file, looked, nil
}

// Tally says where the values of a column of numbers lie, see [table.Tally]: of rows, or of the persons that another column names.
func Tally(ctx context.Context, b *bundle.Bundle, looked *table.Proposal, column, person string) (cells []int64, units int, err error) {
	k := sortKinds(b.Files, Options{})
	if len(k.tables) == 0 {
		return nil, 0, errors.New("intake: no table")
	}
	at, whose := -1, -1
	for i, c := range looked.Columns {
		switch {
		case c.Name == column && c.Kind == table.Number:
			at = i
		case c.Name == person && person != "":
			whose = i
		}
	}
	if at < 0 || whose < 0 && person != "" {
		return nil, 0, fmt.Errorf("intake: no column of numbers %q, or none %q that says whose a row is", column, person)
	}
	file := k.tables[0]
	if cells, units, err = table.Tally(ctx, file.Open, looked.Dialect, len(looked.Columns), at, whose); err != nil {
		return nil, 0, fmt.Errorf("intake: %s: %w", file.Name, err)
	}
	return cells, units, nil
}

// plan decides what each column is for.
func (p *Proposal) plan(file string, looked *table.Proposal) error {
	plan := &table.Plan{Dialect: looked.Dialect, Fields: len(looked.Columns), Label: -1, Person: -1}
	names := map[string]int{}
	for i, c := range looked.Columns {
		names[c.Name] = i
	}
	if err := p.checkNames(names); err != nil {
		return err
	}
	plan.Label = names[p.options.Label]
	if p.options.Person != "" {
		plan.Person = names[p.options.Person]
	}
	for i, c := range looked.Columns {
		if i == plan.Label || i == plan.Person || slices.Contains(p.options.Out, c.Name) {
			continue
		}
		column, why := p.column(c)
		if why != "" {
			p.Skipped = append(p.Skipped, bundle.Problem{File: file, Reason: fmt.Sprintf("column %q is left out: %s", c.Name, why)})
			continue
		}
		plan.Columns, plan.At = append(plan.Columns, column), append(plan.At, i)
	}
	if len(plan.Columns) == 0 {
		return errors.New("no column left to learn from: state bounds of numbers, such as 0 to 120 of an age")
	}
	if n := plan.Values(); n > data.MaxChannels {
		return fmt.Errorf("%d values a row: at most %d", n, data.MaxChannels)
	}
	plan.Classes = p.options.Classes
	if label := looked.Columns[plan.Label]; plan.Classes == nil {
		if plan.Classes = label.Texts; plan.Classes == nil {
			return fmt.Errorf("column %q has more than %d different labels: is it the label?", label.Name, data.MaxClasses)
		}
	}
	p.Table, p.Classes = plan, plan.Classes
	return checkClasses(p.Classes)
}

// checkNames insists on columns that a person named.
func (p *Proposal) checkNames(names map[string]int) error {
	if p.options.Label == "" {
		return fmt.Errorf("state which column is the label: %s", listed(names))
	}
	named := []string{p.options.Label}
	if p.options.Person != "" {
		named = append(named, p.options.Person)
	}
	for _, stated := range []func(func(string)){keys(p.options.Bounds), keys(p.options.Categories), keys(p.options.Missing)} {
		stated(func(name string) { named = append(named, name) })
	}
	slices.Sort(named[1:])
	for _, name := range named {
		if _, ok := names[name]; !ok {
			return fmt.Errorf("no column %q among %s", name, listed(names))
		}
	}
	return nil
}

func keys[V any](m map[string]V) func(func(string)) {
	return func(yield func(string)) {
		for k := range m {
			yield(k)
		}
	}
}

// listed names columns, the first few of many.
func listed(names map[string]int) string {
	all := make([]string, len(names))
	for name, i := range names {
		all[min(i, len(all)-1)] = name
	}
	const few = 12
	if len(all) > few {
		all = append(all[:few], fmt.Sprintf("and %d more", len(names)-few))
	}
	return strings.Join(all, ", ")
}

// column is what is public of a column, or why it is left out.
func (p *Proposal) column(c table.Proposed) (column data.Column, why string) {
	column = data.Column{Name: c.Name, Optional: c.Missing, Origin: data.Stated}
	bounds, bounded := p.options.Bounds[c.Name]
	stated, categories := p.options.Categories[c.Name]
	switch {
	case bounded:
		column.Low, column.High, column.Missing = bounds.Low, bounds.High, (bounds.Low+bounds.High)/2
		if bounds.Released {
			column.Origin = data.Released
		}
		if value, ok := p.options.Missing[c.Name]; ok {
			column.Missing, column.Optional = value, true
		}
	case categories:
		column.Categories = stated
	case c.Kind == table.Category:
		column.Categories, column.Origin = c.Texts, data.Confirmed
	case c.Kind == table.Number:
		return column, "numbers need stated bounds, such as 0 to 120 of an age"
	case c.Kind == table.Date:
		return column, "dates are neither numbers nor categories: turn them into numbers first, such as days since one of them"
	case c.Kind == table.Empty:
		return column, "nothing in it"
	default:
		return column, fmt.Sprintf("more than %d different texts, too many for categories", table.MaxCategories)
	}
	return column, ""
}

func (r *rows) manifest(m *data.Manifest) {
	plan := r.p.Table
	plan.Classes = m.Classes
	m.Type, m.Channels, m.Height, m.Width, m.Columns = data.Float32, plan.Values(), 1, 1, plan.Columns
	m.Mean, m.Std = plan.Normalisation()
	m.Origins = append(m.Origins, data.Origin{What: "normalisation", From: data.Stated}) // it follows from the bounds
	if plan.Person >= 0 {
		m.Unit = data.UnitPerson
	}
}

func (r *rows) read(ctx context.Context, w *writer) error {
	var source []byte
	bad := 0
	err := r.p.Table.Read(ctx, r.file.Open, func(_ int, bytes int64) { w.told(bytes) }, func(row table.Row) error {
		source = source[:0]
		for _, field := range row.Source {
			source = append(append(source, field...), 0)
		}
		own := w.hash(source)
		return w.add(w.drawn(row.Person, own), row.Values, row.Label, row.Person, own)
	}, func(line int, reason string) {
		if bad++; bad <= maxReported {
			w.skip(r.file.Name, fmt.Sprintf("line %d: %s", line, reason))
		}
	})
	if bad > maxReported {
		w.skip(r.file.Name, fmt.Sprintf("%d more rows", bad-maxReported))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.file.Name, err)
	}
	return nil
}
