package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"

	"cloister/data"
	"cloister/data/bundle"
)

// Bounds on what is remembered while reading: of more records, not all duplicates are found; more persons are refused.
const (
	maxSeen    = 1 << 22
	maxPersons = 1 << 20
)

// pieceBytes is how much is handed to a sink at a time.
const pieceBytes = 1 << 20

// writer divides records into splits, numbers persons and counts.
type writer struct {
	sink     Sink
	m        *data.Manifest
	keyed    hash.Hash // HMAC-SHA-256 under the collection's key
	sum      []byte
	heldOut  uint64 // a keyed hash below it is held out
	result   Result
	progress Progress
	tell     func(Progress)

	open    [2]data.Split
	persons [2]map[string]uint32
	seen    map[uint64]bool // of sources: while reading, in memory alone
}

func newWriter(p *Proposal, m *data.Manifest, sink Sink, tell func(Progress)) *writer {
	w := &writer{sink: sink, m: m, keyed: hmac.New(sha256.New, p.options.Key[:]), tell: tell, seen: map[uint64]bool{}}
	w.persons = [2]map[string]uint32{{}, {}}
	if p.records >= fewest {
		w.heldOut = uint64(p.options.HeldOut * (1 << 63) * 2)
	}
	w.progress.Total = p.total
	w.result = Result{Kind: p.Kind, Classes: p.Classes, PerClass: make([]int, len(p.Classes)), Shape: shape(m), Skipped: p.Skipped}
	return w
}

// shape is a record's, for people.
func shape(m *data.Manifest) []int {
	if m.Kind == data.Table {
		return []int{m.RecordSize()}
	}
	return []int{m.Channels, m.Height, m.Width}
}

// hash is 64 bits of a keyed hash, a pseudorandom function of the source alone (HMAC, RFC 2104).
func (w *writer) hash(source []byte) uint64 {
	w.keyed.Reset()
	w.keyed.Write(source)
	w.sum = w.keyed.Sum(w.sum[:0])
	return binary.BigEndian.Uint64(w.sum)
}

// Mark is the mark of one record that is its own source: see [Result].
func Mark(key [32]byte, source []byte) uint64 {
	w := writer{keyed: hmac.New(sha256.New, key[:])}
	return w.hash(source)
}

// drawn is the split that the key puts a record in, by the hash of its source: 0 to train on, 1 held out. Where privacy is about
// persons, all of one's go together.
func (w *writer) drawn(person string, own uint64) int {
	decides := own
	if w.m.Unit == data.UnitPerson {
		decides = w.hash([]byte(person))
	}
	if decides < w.heldOut {
		return 1
	}
	return 0
}

// add takes a record for a split: its values, its class, whose it is, and the hash of the bytes that it was made of.
func (w *writer) add(k int, values []byte, class int, person string, own uint64) error {
	if w.seen[own] {
		w.result.Duplicates++
	} else if len(w.seen) < maxSeen {
		w.seen[own] = true
	}
	to := &w.open[k]
	to.Values, to.Labels = append(to.Values, values...), append(to.Labels, byte(class))
	if w.m.Unit == data.UnitPerson {
		index, known := w.persons[k][person]
		if !known {
			index = uint32(len(w.persons[k]))
			if index == maxPersons {
				return fmt.Errorf("more than %d persons", maxPersons)
			}
			w.persons[k][person] = index
		}
		to.Persons = append(to.Persons, index)
	}
	w.result.PerClass[class]++
	w.progress.Records++
	if len(to.Values) >= pieceBytes {
		return w.flush(k)
	}
	return nil
}

// skip lists what is left out.
func (w *writer) skip(file, reason string) {
	w.result.Skipped = append(w.result.Skipped, bundle.Problem{File: file, Reason: reason})
}

// told reports progress, with so many bytes done.
func (w *writer) told(bytes int64) {
	w.progress.Bytes = bytes
	if w.tell != nil {
		w.tell(w.progress)
	}
}

func (w *writer) flush(k int) error {
	records := w.open[k]
	if records.Len() == 0 {
		return nil
	}
	split := data.TrainSplit
	if k == 0 {
		w.result.Train += records.Len()
	} else {
		split = data.TestSplit
		w.result.Test += records.Len()
	}
	w.open[k] = data.Split{}
	return w.sink.Append(split, records)
}

func (w *writer) finish() error {
	for k := range w.open {
		if err := w.flush(k); err != nil {
			return err
		}
	}
	w.result.Persons = len(w.persons[0]) + len(w.persons[1])
	w.result.Marks = slices.Sorted(maps.Keys(w.seen))
	for class, n := range w.result.PerClass {
		if n == 0 {
			w.skip(w.result.Classes[class], "a class without a record that could be read")
		}
	}
	return nil
}

// enough reports too little to train on.
func (w *writer) enough() error {
	classes := 0
	for _, n := range w.result.PerClass {
		if n > 0 {
			classes++
		}
	}
	switch {
	case w.result.Records() == 0:
		return fmt.Errorf("no record could be read")
	case classes < 2:
		return fmt.Errorf("records of one class only could be read: want at least two")
	case w.result.Train == 0:
		return fmt.Errorf("all %d records were held out for testing: hold out fewer", w.result.Test)
	}
	return nil
}
