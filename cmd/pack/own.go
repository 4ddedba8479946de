package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cloister/data"
	"cloister/data/audio"
	"cloister/data/bundle"
	"cloister/data/image"
	"cloister/data/intake"
)

// own is what a person states of pictures, tables and recordings of their own.
type own struct {
	label, person, bounds, categories, missing, encoding, shape, fit, labels, test string
	personLevel                                                                    int
	heldOut                                                                        float64
	recordings                                                                     audio.Settings
}

func (o *own) flags(set *flag.FlagSet) {
	set.StringVar(&o.label, "label", "", "table: the column that says what a row is")
	set.StringVar(&o.bounds, "bounds", "", `table: bounds of numbers, stated and never measured: "age=0:120,income=0:1e5"; others are left out`)
	set.StringVar(&o.categories, "categories", "", `table: categories of columns: "town=Bern|Basel"; unstated, those of the file, which are then public`)
	set.StringVar(&o.missing, "missing", "", `table: what stands for a missing number: "age=40"; unstated, the middle of the bounds`)
	set.StringVar(&o.encoding, "encoding", "", "table: utf-8, utf-16le, utf-16be or windows-1252; unstated, UTF-8 and UTF-16 are recognised")
	set.StringVar(&o.person, "person", "", "table: the column that says whose a row is; the person is then what privacy is about")
	set.StringVar(&o.shape, "shape", "", "pictures: channels, height and width of a record: 1x28x28")
	set.StringVar(&o.fit, "fit", string(image.Crop), "pictures of another aspect: crop, pad or stretch")
	set.StringVar(&o.labels, "labels", "", "files: folder (one per class), name (cat_1.png) or table (labels.csv); unstated, what is there")
	set.IntVar(&o.personLevel, "person-level", 0, "files: the folder, counted from 1, that says whose a file is")
	set.StringVar(&o.test, "test", "", "files: names of a published test split, instead of -held-out: *_[0-4].mp3")
	o.recordings = audio.Defaults
	set.Float64Var(&o.recordings.Seconds, "seconds", o.recordings.Seconds, "recordings: length of a record; longer ones are cut, shorter ones followed by silence")
	set.IntVar(&o.recordings.Hop, "hop", o.recordings.Hop, "recordings: samples, of 16000 a second, from one frame of the spectrogram to the next")
	set.IntVar(&o.recordings.Mels, "mels", o.recordings.Mels, "recordings: bands of the spectrogram")
	set.Float64Var(&o.heldOut, "held-out", 0.1, "own data: share of the records, or persons, that is kept for testing")
}

// options are what was stated, read.
func (o *order) options(key intake.Key) (options intake.Options, err error) {
	front, err := audio.NewFrontend(o.recordings)
	if err != nil {
		return options, fmt.Errorf("pack: %w", err)
	}
	options = intake.Options{
		Name: o.name, Title: o.title, Provenance: o.provenance, HeldOut: o.heldOut, Key: key, Labelling: intake.Labelling(o.labels),
		PersonLevel: o.personLevel, Fit: image.Fit(o.fit), Encoding: strings.ToLower(o.encoding), Label: o.label, Person: o.person,
		Test: o.test, TestPublic: o.testPublic, Recordings: func() intake.Recording { return front },
		Bounds: map[string]intake.Bounds{}, Categories: map[string][]string{}, Missing: map[string]float64{},
	}
	if options.Name == "" {
		options.Name = plainName(o.out)
	}
	if o.classes != "" {
		options.Classes = listOf(o.classes, ",")
	}
	if o.shape != "" {
		if n, err := fmt.Sscanf(o.shape, "%dx%dx%d", &options.Shape[0], &options.Shape[1], &options.Shape[2]); n != 3 || err != nil {
			return options, fmt.Errorf("pack: -shape %q: want channels, height and width, such as 1x28x28", o.shape)
		}
	}
	err = pairs("-bounds", o.bounds, func(name, value string) error {
		low, high, _ := strings.Cut(value, ":")
		b := intake.Bounds{}
		var errLow, errHigh error
		b.Low, errLow = strconv.ParseFloat(low, 64)
		b.High, errHigh = strconv.ParseFloat(high, 64)
		options.Bounds[name] = b
		return errors.Join(errLow, errHigh)
	})
	if err == nil {
		err = pairs("-categories", o.categories, func(name, value string) error {
			options.Categories[name] = listOf(value, "|")
			return nil
		})
	}
	if err == nil {
		err = pairs("-missing", o.missing, func(name, value string) (err error) {
			options.Missing[name], err = strconv.ParseFloat(value, 64)
			return err
		})
	}
	return options, err
}

// pairs reads a list of name=value. Names may hold anything but = and a comma.
func pairs(flag, list string, take func(name, value string) error) error {
	if list == "" {
		return nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		at := strings.LastIndex(pair, "=")
		if at < 1 || take(strings.TrimSpace(pair[:at]), strings.TrimSpace(pair[at+1:])) != nil {
			return fmt.Errorf("pack: %s: %q is not as in the example of -help", flag, pair)
		}
	}
	return nil
}

func listOf(list, separator string) (all []string) {
	for item := range strings.SplitSeq(list, separator) {
		all = append(all, strings.TrimSpace(item))
	}
	return all
}

// plainName makes a dataset's name of a folder's.
func plainName(folder string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(filepath.Base(filepath.Clean(folder))))
	if name = strings.TrimLeft(name, "-_."); name == "" {
		return "own-data"
	}
	return name[:min(len(name), 64)]
}

// keyFile keeps the key of the held-out split beside a packed dataset. Whoever has the folder has all records anyway; what leaves the tab
// holds neither.
const keyFile = "split.key"

// splitKey is the collection's key: the one beside an earlier output, or a new one.
func splitKey(out string) (key intake.Key, err error) {
	old, err := os.ReadFile(filepath.Join(out, keyFile))
	if err == nil && len(old) == len(key) {
		return intake.Key(old), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return key, fmt.Errorf("pack: %w", err)
	}
	rand.Read(key[:])
	return key, nil
}

// packOwn reads what was dropped and packs it.
func (o *order) packOwn(ctx context.Context, to *staging) (*report, error) {
	sources, err := bundle.FromDisk(o.in)
	if err != nil {
		return nil, err
	}
	b, err := bundle.List(sources)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	format := o.format
	if format == "auto" {
		format = ""
	}
	raw, err := intake.FindRaw(b.Files, format)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		return o.packRaw(ctx, raw, b, to)
	}
	if format != "" {
		return nil, fmt.Errorf("pack: %s: no raw files of format %q: want train-images-idx3-ubyte and train-labels-idx1-ubyte "+
			"(test: t10k-... or test-...), or data_batch_1.bin and so on, each plain or .gz", o.in, format)
	}
	key, err := splitKey(o.out)
	if err != nil {
		return nil, err
	}
	options, err := o.options(key)
	if err != nil {
		return nil, err
	}
	p, err := intake.Propose(ctx, b, options)
	if err != nil {
		return nil, err
	}
	result, err := p.Read(ctx, &packing{to: to}, nil)
	if err != nil {
		return nil, err
	}
	if err := to.close(); err != nil {
		return nil, err
	}
	return &report{
		Kind: result.Kind, Records: result.Records(), Train: result.Train, Test: result.Test, Shape: result.Shape, Classes: result.Classes,
		Skipped: append([]bundle.Problem{}, result.Skipped...), // never null
	}, to.put(keyFile, key[:])
}

// packRaw packs a dataset that is in a format of its own.
func (o *order) packRaw(ctx context.Context, raw *intake.Raw, b *bundle.Bundle, to *staging) (*report, error) {
	ds, err := raw.Read(ctx, o.description.manifest)
	if err != nil {
		return nil, err
	}
	if o.name != "" {
		ds.Name = o.name
	}
	return packWhole(ds, b.Problems, to)
}

// packing is an intake's sink that packs.
type packing struct{ to *staging }

func (p *packing) Begin(m data.Manifest) (err error) {
	p.to.packer, err = data.NewPacker(m, p.to.put)
	return err
}

func (p *packing) Append(split string, records data.Split) error {
	return p.to.packer.Append(split, records)
}
