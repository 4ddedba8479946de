package train

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// ownCollection is the collection that data of a person's own belong to where none is named.
const ownCollection = "Own data"

const maxCollection = 80 // bytes of a collection's name

// collection is the name that a person gave the collection that their data belong to, without idle spaces. What is spent on any
// part of a collection counts for all of it, whatever is added, renamed or packed again.
func collection(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case name == "":
		return ownCollection, nil
	case len(name) > maxCollection || !utf8.ValidString(name):
		return "", fmt.Errorf("train: a collection's name has %d bytes, at most %d of plain text", len(name), maxCollection)
	}
	return name, nil
}

// collectionKey is where a collection's ledger is, by its name alone: "Patients" and "patients" are one. No packed set can have
// such a name, for its space.
func collectionKey(name string) string {
	if name = strings.ToLower(name); name != strings.ToLower(ownCollection) {
		name = "own data: " + name
	}
	return ledger.DataKey([]byte(name))
}

// openOwn opens what the page packed of a person's own files: a manifest and its shards.
func openOwn(ctx context.Context, host Host, src protocol.Source, progress func(protocol.Loading)) (*Dataset, error) {
	if len(src.Files) == 0 {
		return nil, errors.New("train: the source holds no files")
	}
	name, err := collection(src.Collection)
	if err != nil {
		return nil, err
	}
	d, err := fetchDataset(ctx, host, host.Own(src.Files), nil, progress)
	if err != nil {
		return nil, err
	}
	d.own, d.public, d.Collection, d.Key = true, false, name, collectionKey(name)
	return d, nil
}

// openFeatures opens what the page made of a published dataset by a fixed map: vectors under the records' name, whose ledger they share.
// Records themselves are refused here, for under a name of their choice they would have a ledger of their choice.
func openFeatures(ctx context.Context, host Host, files []protocol.File, progress func(protocol.Loading)) (*Dataset, error) {
	m, err := data.OpenManifest(ctx, host.Own(files))
	if err != nil {
		return nil, err
	}
	if m.Kind != data.Vector {
		return nil, errors.New("train: the source holds records, not features of them")
	}
	d, err := fetchDataset(ctx, host, host.Own(files), files, progress)
	if err != nil {
		return nil, err
	}
	d.Collection, _, _ = strings.Cut(m.Title, data.VectorTitle)
	return d, nil
}
