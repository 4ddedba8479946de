package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// Raw is a file of a published dataset as its publisher made it, uncompressed.
type Raw struct{ File, SHA256 string }

// benchmark is a published dataset: its description and its files, images before labels, or batches in order.
type benchmark struct {
	Manifest
	train, test []Raw
}

// RawFiles are the files that a known dataset was published in: images before labels, or batches in order. The sums were
// taken of files whose published checksums (MD5 of MNIST's and Fashion-MNIST's files, SHA-1 of CIFAR-10's batches) agree;
// a test of cmd/pack repeats that.
func RawFiles(name string) (train, test []Raw) {
	for _, b := range benchmarks() {
		if b.Name == name {
			return b.train, b.test
		}
	}
	return nil, nil
}

// Publicity tells whether all records of a dataset are public, those to train on too: a benchmark's, or drawn by Digits. It goes by
// the records as they arrive, not by what their manifest says: it makes the publisher's files of them again and compares the
// checksums, or draws the digits again.
type Publicity struct {
	candidates  []benchmark // of the manifest's shape and counts
	recordBytes int
	splits      [2]rebuilt
	seed        *uint64 // of digits
	refuted     bool
}

// rebuilt is a split on its way to being its publisher's files.
type rebuilt struct {
	stated, records int
	files           []hash.Hash
}

// NewPublicity begins with no records.
func NewPublicity(m *Manifest) *Publicity {
	p := &Publicity{recordBytes: m.RecordBytes(), splits: [2]rebuilt{{stated: m.TrainRecords}, {stated: m.TestRecords}}}
	shape := func(m *Manifest) [4]int { return [4]int{m.valueBytes(), m.Channels, m.Height, m.Width} }
	for _, b := range benchmarks() {
		if shape(&b.Manifest) == shape(m) && b.TrainRecords == m.TrainRecords && b.TestRecords == m.TestRecords {
			p.candidates = append(p.candidates, b)
		}
	}
	if len(p.candidates) > 0 && m.Channels == 1 {
		for i := range p.splits {
			p.splits[i].files = idxHashes(p.splits[i].stated, m.Height, m.Width)
		}
	}
	if seed, err := digitsSeedOf(m.Provenance); err == nil && shape(m) == [4]int{1, 1, digitSide, digitSide} {
		p.seed = &seed
	}
	return p
}

// digitsSeedOf is the seed that a provenance names. Package fmt's scanner would do, for ten kilobytes of the download.
func digitsSeedOf(provenance string) (uint64, error) {
	before, after, _ := strings.Cut(digitsProvenance, "%d")
	return strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(provenance, before), after), 10, 64)
}

func idxHashes(records, height, width int) []hash.Hash {
	files := []hash.Hash{sha256.New(), sha256.New()}
	writeWords(files[0], idxImages, uint32(records), uint32(height), uint32(width))
	writeWords(files[1], idxLabels, uint32(records))
	return files
}

func writeWords(to hash.Hash, words ...uint32) {
	for _, w := range words {
		to.Write(binary.BigEndian.AppendUint32(nil, w))
	}
}

// Add takes the next records of a split.
func (p *Publicity) Add(split string, s Split) {
	to := &p.splits[splitIndex(split)]
	switch {
	case p.refuted:
	case p.seed != nil:
		want := DrawDigits(split, to.records, s.Len(), *p.seed)
		p.refuted = !bytes.Equal(s.Values, want.Values) || !bytes.Equal(s.Labels, want.Labels)
	case len(p.candidates) == 0:
		p.refuted = true
	case p.candidates[0].Channels == 1:
		to.files[0].Write(s.Values)
		to.files[1].Write(s.Labels)
	default:
		to.addCIFAR(s, p.recordBytes)
	}
	to.records += s.Len()
}

func (to *rebuilt) addCIFAR(s Split, recordBytes int) {
	for i := range s.Len() {
		if (to.records+i)%cifarBatch == 0 {
			to.files = append(to.files, sha256.New())
		}
		file := to.files[len(to.files)-1]
		file.Write(s.Labels[i : i+1])
		file.Write(s.Values[i*recordBytes : (i+1)*recordBytes])
	}
}

// Published tells whether the records were all there, and public.
func (p *Publicity) Published() bool {
	if p.seed != nil {
		return p.complete() && !p.refuted
	}
	_, ok := p.Benchmark()
	return ok
}

// Benchmark is the description of the published dataset that the records are, but for its shards.
func (p *Publicity) Benchmark() (Manifest, bool) {
	if p.seed != nil || p.refuted || !p.complete() {
		return Manifest{}, false
	}
	for _, b := range p.candidates {
		if p.splits[0].are(b.train) && p.splits[1].are(b.test) {
			return b.Manifest, true
		}
	}
	return Manifest{}, false
}

func (p *Publicity) complete() bool {
	return p.splits[0].records == p.splits[0].stated && p.splits[1].records == p.splits[1].stated
}

func (to *rebuilt) are(files []Raw) bool {
	if len(files) != len(to.files) {
		return false
	}
	for i, f := range files {
		if hex.EncodeToString(to.files[i].Sum(nil)) != f.SHA256 {
			return false
		}
	}
	return true
}
