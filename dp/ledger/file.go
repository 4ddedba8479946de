package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// A file of ledgers is a header, the ledgers, and the CRC-32C of all before it. A ledger is the length of its key (one byte)
// and the key, the length of its bytes (uint32) and the bytes, as a store keeps them. Numbers are little-endian.
const (
	fileMagic = "CLSTLDX\x01" // the last byte is the format's version
	maxFiled  = 4096          // ledgers in a file
)

// Export writes all ledgers of a store into one file. Whatever is spent later is not in it.
func Export(store Store) ([]byte, error) {
	keys, err := store.Keys()
	if err != nil {
		return nil, fmt.Errorf("ledger: listing: %w", err)
	}
	slices.Sort(keys)
	if len(keys) > maxFiled {
		return nil, fmt.Errorf("ledger: %d ledgers, a file holds at most %d", len(keys), maxFiled)
	}
	b := []byte(fileMagic)
	for _, key := range keys {
		l, err := Open(store, key)
		if err != nil {
			return nil, fmt.Errorf("ledger: exporting %s: %w", key, err)
		}
		whole, err := store.Load(key)
		if err != nil {
			return nil, fmt.Errorf("ledger: reading: %w", err)
		}
		if int64(len(whole)) < l.sound {
			return nil, fmt.Errorf("ledger: exporting %s: %w", key, ErrConflict)
		}
		sound := whole[:l.sound]
		if len(b)+len(sound) > maxLedger {
			return nil, fmt.Errorf("ledger: a file holds at most %d bytes", maxLedger)
		}
		b = append(append(b, byte(len(key))), key...)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(sound))), sound...)
	}
	return seal(b), nil
}

func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b[:len(b):len(b)], crc32.Checksum(b, castagnoli))
}

// Merged is what an import did to one ledger.
type Merged struct {
	Key    string
	On     string // what its records are called
	Runs   int    // in the file
	New    int    // of them were not known
	Raised int    // of them had charged more there
	Budget bool   // the file's budget was taken over: there was none, or it is the stricter
}

// Import merges a file of ledgers into a store: runs that are not known are entered, charges that are higher there are taken
// over, and a stricter budget. Nothing gets lower, and importing twice changes nothing. The whole file is checked first.
// After an error, ledgers that were not reached are as they were.
func Import(store Store, file []byte) ([]Merged, error) {
	read, err := readFile(file)
	if err != nil {
		return nil, err
	}
	var to []*Ledger
	for _, from := range read { // whatever can be refused is, before anything is written
		l, err := Open(store, from.key)
		if err == nil {
			_, _, err = l.missing(from)
		}
		if err != nil {
			return nil, err
		}
		to = append(to, l)
	}
	var all []Merged
	for i, from := range read {
		var m Merged
		err := to[i].write(func() (records []record, err error) {
			records, m, err = to[i].missing(from)
			return records, err
		})
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
	return all, nil
}

// readFile checks a file of ledgers and reads them, each into a ledger without a store.
func readFile(b []byte) (all []*Ledger, err error) {
	switch {
	case len(b) > maxLedger+4:
		return nil, fmt.Errorf("ledger: a file of %d bytes, at most %d", len(b), maxLedger+4)
	case len(b) < len(fileMagic)+4 || string(b[:len(fileMagic)-1]) != fileMagic[:len(fileMagic)-1]:
		return nil, errors.New("ledger: not a file of ledgers")
	case b[len(fileMagic)-1] != fileMagic[len(fileMagic)-1]:
		return nil, fmt.Errorf("ledger: a file of ledgers of version %d, this program reads version %d", b[len(fileMagic)-1], fileMagic[len(fileMagic)-1])
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errors.New("ledger: the file is damaged: its checksum does not match")
	}
	rest := body[len(fileMagic):]
	take := func(n int) (part []byte) {
		if n > len(rest) {
			err = errors.New("ledger: the file ends in the middle of a ledger")
			n = len(rest)
		}
		part, rest = rest[:n], rest[n:]
		return part
	}
	for len(rest) > 0 && err == nil {
		if len(all) == maxFiled {
			return nil, fmt.Errorf("ledger: a file of more than %d ledgers", maxFiled)
		}
		l := &Ledger{key: string(take(int(take(1)[0])))}
		var bytes []byte
		if length := take(4); err == nil {
			bytes = take(int(binary.LittleEndian.Uint32(length)))
		}
		if err != nil {
			return nil, err
		}
		if err := errors.Join(checkKey(l.key), l.read(bytes)); err != nil {
			return nil, fmt.Errorf("%w (in the file, ledger %d)", err, len(all)+1)
		}
		if l.sound != int64(len(bytes)) {
			return nil, fmt.Errorf("ledger: the file's ledger %d has an unfinished end", len(all)+1)
		}
		if slices.ContainsFunc(all, func(other *Ledger) bool { return other.key == l.key }) {
			return nil, fmt.Errorf("ledger: the file holds ledger %s twice", l.key)
		}
		all = append(all, l)
	}
	return all, err
}

// missing is what a ledger lacks of another one, as records, and what entering them does.
func (l *Ledger) missing(from *Ledger) (records []record, m Merged, err error) {
	m = Merged{Key: l.key, Runs: len(from.runs)}
	for _, e := range from.runs {
		m.On = e.On
		here := l.find(e.ID)
		switch {
		case here == nil:
			b := beginning(&e.Run, e.Day)
			b.Elsewhere = true
			records = append(records, record{Run: e.ID, Begin: b, UpTo: e.Charged})
			m.New++
		case !here.same(&e.Run):
			return nil, m, fmt.Errorf("ledger: run %x of %q stands here with another plan than in the file: one of them was changed", e.ID, e.Title)
		case here.Charged < e.Charged:
			records = append(records, record{Run: e.ID, UpTo: e.Charged})
			m.Raised++
		}
		charged := e.Charged
		if here != nil {
			charged = max(charged, here.Charged)
		}
		for _, what := range e.Kept {
			if here == nil || !slices.Contains(here.Kept, what) {
				records = append(records, record{Run: e.ID, UpTo: charged, Kept: what})
			}
		}
	}
	if b, h := from.budget, l.budget; b != nil && (h == nil || b.Epsilon <= h.Epsilon && b.Delta <= h.Delta && (b.Epsilon < h.Epsilon || b.Delta < h.Delta)) {
		records = append(records, record{Budget: b})
		m.Budget = true
	}
	return records, m, nil
}

// same says whether two runs are private for the same reasons.
func (e *Entry) same(r *Run) bool {
	return e.Bands == r.Bands && e.Unit == r.Unit && e.NotPrivate == r.NotPrivate && slices.Equal(e.Events, r.Events)
}
