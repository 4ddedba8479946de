package desk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"cloister/data"
	"cloister/data/audio"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/intake"
	"cloister/data/table"
)

const (
	shownSamples = 18
	shownTexts   = 64
	listed       = 1000 // problems
	shownPlaces  = 100
	toldEvery    = 100 * time.Millisecond
)

// Desk answers requests, one after the other. What was dropped last lies on it.
type Desk struct {
	Decoder image.Decoder                        // of pictures; nil: Go's
	Put     func(name string, file []byte) error // takes the files of a packed dataset, and the MarksFile
	Tell    func(Reply)                          // takes replies, progress among them

	bundle         *bundle.Bundle
	looked         *table.Proposal // of the table on the desk
	dialect        *Dialect        // as stated when it was looked at
	encoding, file string
	guessed        bool // its encoding
}

// Drop puts files on the desk, in the place of those that lay there.
func (d *Desk) Drop(sources []bundle.Source) error {
	if d.bundle != nil {
		d.bundle.Close()
	}
	d.bundle, d.looked = nil, nil
	b, err := bundle.List(sources)
	d.bundle = b
	return err
}

// Answer answers a request; file is what came beside a record's. What goes wrong is told in a reply.
func (d *Desk) Answer(ctx context.Context, r Request, file []byte) {
	reply := Reply{ID: r.ID}
	err := d.answer(ctx, r, file, &reply)
	if err != nil {
		reply = Reply{Type: "refused", ID: r.ID, Message: words(err)}
		if d.bundle != nil {
			reply.Skipped = d.bundle.Problems
		}
	}
	reply.Skipped = few(reply.Skipped)
	if reply.Look != nil {
		reply.Look.Skipped = few(reply.Look.Skipped)
	}
	if reply.Result != nil {
		reply.Result.Skipped, reply.Result.Damaged = few(reply.Result.Skipped), few(reply.Result.Damaged)
	}
	whole(reflect.ValueOf(&reply).Elem())
	d.Tell(reply)
}

// whole makes lists that are not there empty ones, which JSON would otherwise call null.
func whole(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			whole(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			whole(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				whole(v.Index(i))
			}
		}
	}
}

// few are the first problems of many, and how many more there are.
func few(all []bundle.Problem) []bundle.Problem {
	if len(all) <= listed {
		return all
	}
	more := bundle.Problem{File: fmt.Sprintf("%d more", len(all)-listed), Reason: "are left out"}
	return append(all[:listed:listed], more)
}

func (d *Desk) answer(ctx context.Context, r Request, file []byte, reply *Reply) (err error) {
	reply.Type = r.Type
	switch r.Type {
	case "look":
		reply.Type = "looked"
		reply.Look, err = d.look(ctx, r)
	case "read":
		reply.Result, err = d.read(ctx, r)
	case "count":
		reply.Type = "counted"
		reply.Counted, err = d.count(ctx, r)
	case "record":
		if r.Recipe == nil {
			return errors.New("no dataset to make a record for")
		}
		reply.Values, reply.Damage, err = r.Recipe.record(r.Name, file, r.Row, d.Decoder)
	default:
		err = fmt.Errorf("unknown request %.20q", r.Type)
	}
	return err
}

// words are an error's without the rooms that it passed through.
func words(err error) string {
	text := err.Error()
	for _, room := range []string{"intake: ", "bundle: ", "table: ", "data: ", "image: ", "audio: "} {
		text = strings.ReplaceAll(text, room, "")
	}
	return text
}

// options are the settings as the intake takes them.
func (d *Desk) options(ctx context.Context, r Request) (o intake.Options, front *audio.Frontend, err error) {
	s := r.Settings
	settings := audio.Defaults
	if s.Seconds != 0 {
		settings.Seconds = s.Seconds
	}
	if front, err = audio.NewFrontend(settings); err != nil {
		return o, nil, err
	}
	o = intake.Options{
		Name: s.Name, Title: s.Title, Kind: s.Kind, HeldOut: s.HeldOut, Test: s.Test, TestPublic: s.TestPublic, Classes: s.Classes, Provenance: "Your own files, read in this tab",
		Labelling: intake.Labelling(s.Labelling), Labels: s.Labels, PersonLevel: s.PersonLevel, Shape: s.Shape, Fit: image.Fit(s.Fit),
		Decoder: d.Decoder, Recordings: func() intake.Recording { return front },
		Encoding: s.Encoding, Label: s.Label, Person: s.Person,
		Bounds: map[string]intake.Bounds{}, Categories: map[string][]string{}, Missing: map[string]float64{},
	}
	if len(s.Key) > 0 && len(s.Key) != len(o.Key) {
		return o, nil, fmt.Errorf("a key of %d bytes, want %d", len(s.Key), len(o.Key))
	}
	copy(o.Key[:], s.Key)
	for name, c := range s.Columns {
		if c.Low != nil && c.High != nil && !c.Out {
			o.Bounds[name] = intake.Bounds{Low: *c.Low, High: *c.High, Released: c.Released}
			if c.Missing != nil {
				o.Missing[name] = *c.Missing
			}
		} else if len(c.Categories) > 0 && !c.Out {
			o.Categories[name] = c.Categories
		}
		if c.Out {
			o.Out = append(o.Out, name)
		}
	}
	if s.Dialect != nil {
		delimiter, size := utf8.DecodeRuneInString(s.Dialect.Delimiter)
		if size == 0 || size != len(s.Dialect.Delimiter) || delimiter == utf8.RuneError || strings.ContainsRune("\"\r\n", delimiter) {
			return o, nil, fmt.Errorf("delimiter %q: want one character", s.Dialect.Delimiter)
		}
		o.Dialect = &table.Dialect{Encoding: s.Dialect.Encoding, Delimiter: delimiter, Header: s.Dialect.Header, Comma: s.Dialect.Comma}
	}
	o.Looking = d.progress(r.ID)
	return o, front, nil
}

// progress tells how far it is, now and then.
func (d *Desk) progress(id int) func(intake.Progress) {
	var last time.Time
	return func(p intake.Progress) {
		if now := time.Now(); now.Sub(last) >= toldEvery {
			last = now
			d.Tell(Reply{Type: "progress", ID: id, Progress: &Progress{p.Records, p.Bytes, p.Total}})
		}
	}
}

// propose says what would be made of what lies there. Where a table's label is not stated yet there is its look alone.
func (d *Desk) propose(ctx context.Context, r Request) (p *intake.Proposal, l *Look, err error) {
	if d.bundle == nil {
		return nil, nil, errors.New("nothing was dropped")
	}
	o, front, err := d.options(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	l = &Look{Kind: o.Kind, Seconds: front.Seconds, Skipped: d.bundle.Problems}
	if l.Kind == "" {
		l.Kind = intake.Likely(d.bundle, o)
	}
	if l.Kind == data.Image || l.Kind == data.Audio {
		l.Places = intake.Places(d.bundle, o, shownPlaces)
	}
	if l.Kind == data.Table {
		if err := d.columns(ctx, r.Settings, &o, l); err != nil {
			return nil, nil, err
		}
		if o.Label == "" {
			l.Needs = "Say which column is the label: what the network learns to tell."
			return nil, l, nil
		}
	}
	if p, err = intake.Propose(ctx, d.bundle, o); err != nil {
		if l.Kind == data.Table || p == nil && l.Kind != "" && len(d.bundle.Files) > 0 { // it can be mended by settings
			l.Needs = words(err)
			return nil, l, nil
		}
		return nil, nil, err
	}
	l.Kind, l.Classes, l.Records, l.Skipped, l.Folders = p.Kind, p.Classes, p.Records(), p.Skipped, p.Folders()
	switch p.Kind {
	case data.Image:
		l.Shape, l.Fit = [3]int{p.Image.Channels, p.Image.Height, p.Image.Width}, string(p.Image.Fit)
	case data.Audio:
		l.Shape = [3]int{1, front.Frames(), front.Mels}
	case data.Table:
		l.Table.Uses = p.Table.Columns
	}
	return p, l, nil
}

// columns looks at a table, unless it was looked at in the same dialect.
func (d *Desk) columns(ctx context.Context, s Settings, o *intake.Options, l *Look) error {
	file, looked := "", d.looked
	same := d.encoding == s.Encoding && (s.Dialect == d.dialect || s.Dialect != nil && d.dialect != nil && *s.Dialect == *d.dialect)
	if looked == nil || !same {
		var err error
		file, looked, err = intake.Columns(ctx, d.bundle, *o)
		guessed := errors.Is(err, table.ErrEncoding)
		if guessed { // what a spreadsheet writes; the person sees it, and can choose another
			o.Encoding = table.Windows1252
			file, looked, err = intake.Columns(ctx, d.bundle, *o)
		}
		if err != nil {
			return err
		}
		d.looked, d.dialect, d.encoding, d.file, d.guessed = looked, s.Dialect, s.Encoding, file, guessed
	}
	o.Looked = looked
	l.Records = looked.Rows
	l.Table = &Table{File: d.file, Guessed: d.guessed, Rows: looked.Rows, Dialect: Dialect{looked.Encoding, string(looked.Delimiter), looked.Header, looked.Comma}}
	for _, c := range looked.Columns {
		l.Table.Columns = append(l.Table.Columns, LookedColumn{Name: c.Name, Kind: c.Kind, Missing: c.Missing, Texts: c.Texts[:min(len(c.Texts), shownTexts)], Many: c.Texts == nil || len(c.Texts) > shownTexts})
	}
	return nil
}

func (d *Desk) look(ctx context.Context, r Request) (*Look, error) {
	raw, err := d.raw()
	if err != nil {
		return nil, err
	}
	if raw != nil {
		l := lookRaw(raw)
		l.Files, l.Skipped = len(d.bundle.Files), d.bundle.Problems
		return l, nil
	}
	p, l, err := d.propose(ctx, r)
	if err != nil {
		return nil, err
	}
	l.Files = len(d.bundle.Files)
	if p == nil {
		return l, nil
	}
	for _, s := range p.Samples(shownSamples) {
		l.Samples = append(l.Samples, Sample{File: s.File, Label: s.Label, Pixels: s.Values})
	}
	return l, nil
}

func (d *Desk) read(ctx context.Context, r Request) (*Result, error) {
	raw, err := d.raw()
	if err != nil {
		return nil, err
	}
	if raw != nil {
		return d.readRaw(ctx, r, raw)
	}
	p, l, err := d.propose(ctx, r)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, errors.New(l.Needs)
	}
	to := &packing{put: d.Put}
	got, err := p.Read(ctx, to, d.progress(r.ID))
	if err != nil {
		return nil, err
	}
	m, err := to.packer.Close()
	if err == nil {
		err = d.putMarks(got.Marks)
	}
	if err != nil {
		return nil, err
	}
	result := resultOf(m, to.samples)
	result.Persons, result.PerClass, result.Duplicates, result.Skipped, result.Shape = got.Persons, got.PerClass, got.Duplicates, got.Skipped, got.Shape
	result.Damaged = got.Damaged
	result.Recipe = Recipe{Kind: p.Kind, Image: p.Image, Audio: audio.Defaults, Columns: m.Columns}
	result.Recipe.Audio.Seconds = l.Seconds
	return result, nil
}

// count says where a column's values lie, for a query that adds noise.
func (d *Desk) count(ctx context.Context, r Request) (*Counted, error) {
	_, l, err := d.propose(ctx, r)
	if err != nil {
		return nil, err
	}
	if l.Kind != data.Table {
		return nil, errors.New("only columns of a table are counted")
	}
	unit := data.UnitRecord
	if r.Settings.Person != "" {
		unit = data.UnitPerson
	}
	cells, units, err := intake.Tally(ctx, d.bundle, d.looked, r.Column, r.Settings.Person)
	return &Counted{cells, units, unit}, err
}

// MarksFile is the name under which Put gets the marks of what was read (see [intake.Result]), little-endian uint64s: no file of
// the dataset.
const MarksFile = "marks"

func (d *Desk) putMarks(marks []uint64) error {
	b := make([]byte, 0, 8*len(marks))
	for _, m := range marks {
		b = binary.LittleEndian.AppendUint64(b, m)
	}
	return d.Put(MarksFile, b)
}

func resultOf(m *data.Manifest, samples []Sample) *Result {
	return &Result{Kind: m.Kind, Train: m.TrainRecords, Test: m.TestRecords, Classes: m.Classes, Columns: m.Columns, Bytes: m.PackedBytes(), Samples: samples}
}

// packing is an intake's sink that packs, and keeps the first records of each class to show.
type packing struct {
	put     func(string, []byte) error
	packer  *data.Packer
	m       data.Manifest
	shown   map[byte]int
	samples []Sample
}

func (p *packing) Begin(m data.Manifest) (err error) {
	p.m, p.shown = m, map[byte]int{}
	p.packer, err = data.NewPacker(m, p.put)
	return err
}

func (p *packing) Append(split string, records data.Split) error {
	most := max(1, shownSamples/len(p.m.Classes))
	size := p.m.RecordBytes()
	for i, label := range records.Labels {
		if len(p.samples) == shownSamples {
			break
		}
		if p.shown[label] == most {
			continue
		}
		p.shown[label]++
		s := Sample{Label: p.m.Classes[label]}
		values := records.Values[i*size : (i+1)*size]
		if p.m.Float() {
			for k := range p.m.RecordSize() {
				s.Floats = append(s.Floats, data.Float32At(values, k))
			}
		} else {
			s.Pixels = append([]byte(nil), values...)
		}
		p.samples = append(p.samples, s)
	}
	return p.packer.Append(split, records)
}
