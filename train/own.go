package train

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

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
	d, err := fetchDataset(ctx, host, host.Own(src.Files), progress)
	if err != nil {
		return nil, err
	}
	d.own, d.public, d.Collection, d.Key = true, false, name, collectionKey(name)
	return d, nil
}
