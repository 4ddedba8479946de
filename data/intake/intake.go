// Package intake turns what a person dropped into a dataset and a list of problems. It reads in two steps: Propose looks at what is there
// and says what would be made of it; the person confirms that, or changes it, as public; Read then streams the records out.
//
// What cannot be read is left out and listed with its name and the reason. The same code runs on the page and in cmd/pack.
package intake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/table"
)

// Options are what a person states. The zero value of each leaves it to be proposed, or says that there is none.
type Options struct {
	Name, Title, Provenance string
	Kind                    string // data.Image, data.Table or data.Audio
	Classes                 []string

	HeldOut float64 // share of the records, or persons, that is kept for testing; independently of each other
	Key     Key     // decides which

	// Test divides files by their names instead, as a publisher did: those of a pattern (see path.Match) are for testing. A name says
	// nothing of other records, so that one record more changes no other's split.
	Test       string
	TestPublic bool // the test split is public, by the person's own word

	Looking func(Progress) // told while Propose reads a table through; may be nil

	// Of pictures and recordings.
	Labelling   Labelling
	Labels      map[string]string // by hand, which wins: the label of a file, or of a folder's files
	PersonLevel int               // the folder, counted from 1 below what all share, that names whose a file is; 0: nobody asks
	Shape       [3]int            // channels, height, width of a picture
	Fit         image.Fit         // default: Crop
	Decoder     image.Decoder     // default: image.Go
	Recordings  func() Recording  // nil: recordings are not read

	// Of tables.
	Dialect    *table.Dialect  // nil: as the file's beginning looks
	Looked     *table.Proposal // what [Columns] found, so that nothing is read twice; may be nil
	Encoding   string
	Label      string   // column
	Person     string   // column
	Out        []string // columns that are left out
	Bounds     map[string]Bounds
	Categories map[string][]string
	Missing    map[string]float64 // stands for numbers that are missing; default: the middle of the bounds
}

// Bounds are a column's: stated, or released by a query that was noised and charged.
type Bounds struct {
	Low, High float64
	Released  bool
}

// Maker makes records of files, and states what they are.
type Maker interface {
	// Describe sets a manifest's type, shape and normalisation, and where they came from.
	Describe(m *data.Manifest)
	// Record is a file's record, as a manifest so described holds it, and in words what was wrong with a file that could still be read.
	Record(name string, file []byte) (values []byte, damage []string, err error)
}

// Recording is a Maker that knows its files by their names.
type Recording interface {
	Maker
	Is(name string) bool
}

// Key decides which records are held out. It is made at random for a collection and kept with it, so that reading it again gives the
// same split.
type Key [32]byte

// NewKey draws a key.
func NewKey() (k Key) {
	rand.Read(k[:])
	return k
}

// Progress is how far reading is.
type Progress struct {
	Records      int
	Bytes, Total int64 // of files as they lie there; of compressed ones nobody knows how long they will be
}

// Sink takes a dataset: its description once, without counts, then its records in pieces.
type Sink interface {
	Begin(m data.Manifest) error
	Append(split string, records data.Split) error
}

// Result is what was read. It is its owner's own view: counts of classes and duplicates are private.
type Result struct {
	Kind        string
	Train, Test int
	Shape       []int // of a record: channels, height and width, or the number of values of a vector
	Classes     []string
	PerClass    []int
	Persons     int // 0 where the unit of privacy is the record
	Duplicates  int // records that another one equals, byte by byte of its source
	Skipped     []bundle.Problem
	Damaged     []bundle.Problem // files that were read, and what was wrong with them

	// Marks are 64 bits of a keyed hash (HMAC-SHA-256 under Options.Key) of each record's source bytes, sorted, each once: by them
	// their owner knows records again. Of more than 2^22 records some are left out. They are for the owner alone.
	Marks []uint64
}

// Records is how many there are.
func (r *Result) Records() int { return r.Train + r.Test }

// source is what a kind of data is read from.
type source interface {
	// manifest describes the dataset, without name and counts.
	manifest(m *data.Manifest)
	read(ctx context.Context, w *writer) error
}

// Proposal is what would be made of a bundle. What it exports may be changed before Read, within what the person holds to be public.
type Proposal struct {
	Kind    string
	Classes []string
	Table   *table.Plan    // of a table
	Image   image.Settings // of pictures
	Skipped []bundle.Problem

	options Options
	source  source
	total   int64 // bytes
	records int   // about so many
}

// Records is about how many there are.
func (p *Proposal) Records() int { return p.records }

// Propose looks at a bundle. Its error says why there is nothing to make of it.
func Propose(ctx context.Context, b *bundle.Bundle, o Options) (*Proposal, error) {
	if !(o.HeldOut >= 0 && o.HeldOut < 1) {
		return nil, fmt.Errorf("intake: %g of the records to hold out: want 0 or more and less than 1", o.HeldOut)
	}
	if _, err := path.Match(o.Test, ""); err != nil {
		return nil, fmt.Errorf("intake: names of test files %q: not a pattern such as *_[0-4].mp3", o.Test)
	}
	if o.Test != "" && (o.PersonLevel > 0 || o.Person != "") {
		return nil, errors.New("intake: names that divide files may divide a person's: leave out either")
	}
	p := &Proposal{options: o, Skipped: append([]bundle.Problem{}, b.Problems...)}
	sorted := sortKinds(b.Files, o)
	p.Kind = o.Kind
	if p.Kind == "" {
		p.Kind = sorted.likely()
	}
	var err error
	switch p.Kind {
	case data.Image, data.Audio:
		err = p.proposeFiles(ctx, sorted)
	case data.Table:
		err = p.proposeTable(ctx, sorted)
	default:
		err = nothing(sorted)
	}
	if err == nil {
		err = checkClasses(p.Classes)
	}
	if err != nil {
		return nil, p.because(err)
	}
	return p, nil
}

// Likely is the kind that most files of a bundle are of: data.Image, data.Table or data.Audio; "" where there is none.
func Likely(b *bundle.Bundle, o Options) string {
	k := sortKinds(b.Files, o)
	return k.likely()
}

// because adds the first problem to an error: what was dropped may all have failed of it.
func (p *Proposal) because(err error) error {
	if len(p.Skipped) == 0 {
		return fmt.Errorf("intake: %w", err)
	}
	more := ""
	if n := len(p.Skipped) - 1; n > 0 {
		more = fmt.Sprintf(", and %d more left out", n)
	}
	return fmt.Errorf("intake: %w (%s: %s%s)", err, p.Skipped[0].File, p.Skipped[0].Reason, more)
}

func checkClasses(classes []string) error {
	switch n := len(classes); {
	case n == 0:
		return errors.New("no classes")
	case n == 1:
		return fmt.Errorf("one class only, %.40q: want at least two", classes[0])
	case n > data.MaxClasses:
		return fmt.Errorf("%d classes: at most %d; is it the label that was read as one?", n, data.MaxClasses)
	}
	return nil
}

// fewest is how many records there must be before some are held out for testing.
const fewest = 20

// Read reads the records into a sink.
func (p *Proposal) Read(ctx context.Context, sink Sink, progress func(Progress)) (*Result, error) {
	m := data.Manifest{
		Name: p.options.Name, Title: p.options.Title, Provenance: p.options.Provenance, Kind: p.Kind, Classes: p.Classes, Unit: data.UnitRecord, TestPublic: p.options.TestPublic,
		Origins: []data.Origin{{What: "classes", From: origin(len(p.options.Classes) > 0)}},
	}
	if m.Title == "" {
		m.Title = m.Name
	}
	p.source.manifest(&m)
	w := newWriter(p, &m, sink, progress)
	if err := sink.Begin(m); err != nil {
		return nil, err
	}
	err := p.source.read(ctx, w)
	if err == nil {
		err = w.finish()
	}
	if err == nil {
		err = w.enough()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.Skipped = w.result.Skipped
		return nil, p.because(err)
	}
	return &w.result, nil
}

// origin is where a list came from that a person either stated or was shown.
func origin(stated bool) string {
	if stated {
		return data.Stated
	}
	return data.Confirmed
}
