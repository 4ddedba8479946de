package intake

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/table"
)

// MaxFileBytes bounds one picture or recording.
const MaxFileBytes = image.MaxFileBytes

// files are pictures or recordings, one record each.
type files struct {
	p     *Proposal
	all   []labelled
	maker Maker
}

// proposeFiles proposes classes and, of pictures, a shape.
func (p *Proposal) proposeFiles(ctx context.Context, k kinds) (err error) {
	own, foreign := k.images, slices.Concat(k.recordings, k.tables, k.others)
	if p.Kind == data.Audio {
		own, foreign = k.recordings, slices.Concat(k.images, k.tables, k.others)
	}
	p.leaveOut(foreign)
	f := &files{p: p}
	if f.all, err = p.label(ctx, own, k.labels); err != nil {
		return err
	}
	p.source, p.records = f, len(f.all)
	for _, l := range f.all {
		p.total += max(0, l.Size)
	}
	if p.Classes = slices.Clone(p.options.Classes); p.Classes == nil {
		seen := map[string]bool{}
		for _, l := range f.all {
			if !seen[l.label] {
				seen[l.label] = true
				p.Classes = append(p.Classes, l.label)
			}
		}
		table.Sort(p.Classes)
	}
	if p.Kind == data.Audio {
		if k.recording == nil {
			return errors.New("recordings are not read here")
		}
		f.maker = k.recording
		return nil
	}
	if p.Image, err = proposeShape(f.all, p.options); err == nil {
		err = p.Image.Validate()
	}
	return err
}

// Of pictures that nobody stated a shape for: how many are looked at, and the size of a record where theirs differ or are large.
const (
	lookedAt    = 64
	usualSide   = 64
	largestSide = 96
)

// proposeShape looks at some pictures' headers: what they have in common, or the usual size, in colour where any has some.
func proposeShape(all []labelled, o Options) (image.Settings, error) {
	s := image.Settings{Channels: o.Shape[0], Height: o.Shape[1], Width: o.Shape[2], Fit: o.Fit}
	if s.Fit == "" {
		s.Fit = image.Crop
	}
	if o.Shape != [3]int{} {
		return s, nil
	}
	sizes, grey, known := map[[2]int]int{}, true, 0
	for i := 0; i < len(all) && known < lookedAt; i += max(1, len(all)/lookedAt) {
		file, err := all[i].Read(MaxFileBytes)
		if err != nil {
			continue
		}
		h, err := image.ReadHeader(file)
		if err != nil {
			continue
		}
		known++
		grey = grey && h.Grey
		if h.Turned() {
			h.Width, h.Height = h.Height, h.Width
		}
		sizes[[2]int{h.Height, h.Width}]++
	}
	s.Channels, s.Height, s.Width = 3, usualSide, usualSide
	if grey && known > 0 {
		s.Channels = 1
	}
	for size := range sizes {
		if len(sizes) == 1 && max(size[0], size[1]) <= largestSide {
			s.Height, s.Width = size[0], size[1]
		}
	}
	return s, nil
}

// prepare makes the maker of pictures, whose settings may have been changed since they were proposed.
func (f *files) prepare() {
	if f.p.Kind != data.Image {
		return
	}
	decoder := f.p.options.Decoder
	if decoder == nil {
		decoder = image.Go{}
	}
	f.maker = pictures{f.p.Image, decoder, origin(f.p.options.Shape != [3]int{})}
}

// Sample is a record to look at before anything is read.
type Sample struct {
	File, Label string
	Values      []byte
}

// Samples are the records of up to n files, from all over the bundle; those that cannot be read are left out. Tables have none.
func (p *Proposal) Samples(n int) (all []Sample) {
	f, ok := p.source.(*files)
	if !ok {
		return nil
	}
	f.prepare()
	for i := range min(n, len(f.all)) {
		l := f.all[i*len(f.all)/min(n, len(f.all))]
		if _, values, _, err := f.record(l.File); err == nil {
			all = append(all, Sample{l.Name, l.label, values})
		}
	}
	return all
}

// Folders are the names of the folders that the first file lies in, below the one that all share: which of them says whose a file is, its
// owner knows.
func (p *Proposal) Folders() []string {
	f, ok := p.source.(*files)
	if !ok || len(f.all) == 0 {
		return nil
	}
	own := make([]bundle.File, len(f.all))
	for i, l := range f.all {
		own[i] = l.File
	}
	return foldersBelow(own[0].Name, commonFolder(own))
}

func (f *files) manifest(m *data.Manifest) {
	f.prepare()
	f.maker.Describe(m)
	if f.p.options.PersonLevel > 0 {
		m.Unit = data.UnitPerson
	}
}

func (f *files) read(ctx context.Context, w *writer) error {
	class := map[string]int{}
	for k, c := range w.m.Classes {
		class[c] = k
	}
	done := int64(0)
	for _, l := range f.all {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, known := class[l.label]
		if !known {
			w.skip(l.Name, fmt.Sprintf("its label %.40q is not one of the classes", l.label))
			continue
		}
		content, values, damage, err := f.record(l.File)
		own := w.hash(content)
		if err != nil {
			w.skip(l.Name, err.Error())
		} else if err := w.add(f.split(w, l, own), values, k, l.person, own); err != nil {
			return err
		} else if len(damage) > 0 {
			w.result.Damaged = append(w.result.Damaged, bundle.Problem{File: l.Name, Reason: strings.Join(damage, "; ")})
		}
		done += int64(len(content))
		w.told(done)
	}
	return nil
}

// split is where a file's record goes: as its name says where a published split was stated, else as the key draws.
func (f *files) split(w *writer, l labelled, own uint64) int {
	if f.p.options.Test == "" {
		return w.drawn(l.person, own)
	}
	if isTest, _ := path.Match(f.p.options.Test, path.Base(l.Name)); isTest {
		return 1
	}
	return 0
}

func (f *files) record(file bundle.File) (content, values []byte, damage []string, err error) {
	if content, err = file.Read(MaxFileBytes); err != nil {
		return content, nil, nil, err
	}
	values, damage, err = f.maker.Record(file.Name, content)
	return content, values, damage, err
}

// pictures makes uint8 records of pictures.
type pictures struct {
	image.Settings
	decoder image.Decoder
	shape   string // where it came from
}

var _ Maker = pictures{}

// Describe centres values, whatever they are: half of white is 0.
func (p pictures) Describe(m *data.Manifest) {
	m.Type, m.Channels, m.Height, m.Width = data.Uint8, p.Channels, p.Height, p.Width
	for range p.Channels {
		m.Mean, m.Std = append(m.Mean, 0.5), append(m.Std, 0.5)
	}
	m.Origins = append(m.Origins, data.Origin{What: "shape", From: p.shape}, data.Origin{What: "normalisation", From: data.Fixed})
}

// Record decodes a picture and fits it.
func (p pictures) Record(_ string, file []byte) (values []byte, damage []string, err error) {
	values, err = p.Read(file, p.decoder)
	return values, nil, err
}
