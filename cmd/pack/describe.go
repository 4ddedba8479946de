package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"

	"cloister/data"
)

// description is what a person states of their own data. Nothing of it is ever computed from the records: class lists and
// normalisation constants are public, and would leak if they came from private data.
type description struct {
	name, title, classes, mean, std, provenance string
	testPublic                                  bool
}

func (d *description) flags(set *flag.FlagSet) {
	set.StringVar(&d.name, "name", "", "short name, for folders and addresses; a benchmark's own is known")
	set.StringVar(&d.title, "title", "", "own data: title for people (default: the name)")
	set.StringVar(&d.classes, "classes", "", "own data: class names in the order of the labels, separated by commas")
	set.StringVar(&d.mean, "mean", "", "own data: mean of pixel/255 per channel, separated by commas; stated, never measured on private records")
	set.StringVar(&d.std, "std", "", "own data: standard deviation of pixel/255 per channel, likewise")
	set.StringVar(&d.provenance, "provenance", "", "own data: where it comes from, under which licence")
	set.BoolVar(&d.testPublic, "test-public", false, "own data: the test split is public, so that raw accuracy on it may be shown")
}

// manifest is the description of data that is not a published benchmark, without its shape and counts.
func (d *description) manifest() (data.Manifest, error) {
	if _, isBenchmark := data.Known(d.name); isBenchmark {
		return data.Manifest{}, fmt.Errorf("pack: these files are not the published %s (their checksums differ): give them another -name, and describe them", d.name)
	}
	m := data.Manifest{
		Name: d.name, Title: d.title, Provenance: d.provenance, TestPublic: d.testPublic,
		Kind: data.Image, Type: data.Uint8, Unit: data.UnitRecord,
		Origins: []data.Origin{{What: "classes", From: data.Stated}, {What: "normalisation", From: data.Stated}},
	}
	for _, required := range [][2]string{{"-name", d.name}, {"-classes", d.classes}, {"-mean", d.mean}, {"-std", d.std}} {
		if required[1] == "" {
			return m, fmt.Errorf("pack: these files are not a known benchmark: state %s (see -help)", required[0])
		}
	}
	if m.Title == "" {
		m.Title = d.name
	}
	for class := range strings.SplitSeq(d.classes, ",") {
		m.Classes = append(m.Classes, strings.TrimSpace(class))
	}
	var err error
	if m.Mean, err = numbers("-mean", d.mean); err == nil {
		m.Std, err = numbers("-std", d.std)
	}
	return m, err
}

func numbers(flag, list string) (values []float32, err error) {
	for text := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
		if err != nil {
			return nil, fmt.Errorf("pack: %s: %q is not a number", flag, text)
		}
		values = append(values, float32(v))
	}
	return values, nil
}
