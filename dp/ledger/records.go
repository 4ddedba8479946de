package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

//go:generate go run github.com/tinylib/msgp -file records.go -o records_gen.go -tests=false -io=false -unexported
//msgp:limit arrays:65536 maps:64

// A ledger file is a header and frames. A frame is the payload's length, the length's complement and the payload's CRC-32C
// (little-endian uint32 each), then the payload: one record as MessagePack. The complement tells a length that was
// damaged, behind which records would be lost, from a frame that was never finished.
const (
	ledgerMagic = "CLSTLDG\x01" // the last byte is the format's version
	frameHead   = 12
	maxFrame    = 4 << 20
	maxLedger   = 64 << 20
	maxEvents   = 65536 // of a run: the decoder's limit on arrays
	maxText     = 1000  // bytes of a title, a reason or a note
)

// Limits of a run, for whoever plans one.
const (
	MaxSteps = 1 << 20
	MaxBands = 1024
)

// record is one line of the ledger. Begin is set in a run's first record only; UpTo is how many of the run's steps are
// charged from now on. A line that sets the budget is of no run.
type record struct {
	Run    RunID   `msg:"run"`
	Begin  *begin  `msg:"begin,omitempty"`
	UpTo   int     `msg:"upto"`
	Kept   string  `msg:"kept,omitempty"` // something that was made of the run's model and kept
	Budget *Budget `msg:"budget,omitempty"`
}

// begin says what a run will cost.
type begin struct {
	Title      string  `msg:"title"`
	Events     []event `msg:"events"`     // of all its steps, in order
	Bands      int     `msg:"bands"`      // steps that count as one (cyclic Poisson)
	NotPrivate string  `msg:"notprivate"` // why a run is not private; empty when it is
	Unit       string  `msg:"unit"`       // whose privacy it protects: "" each record's, or "person"
	On         string  `msg:"on"`         // what the records are called
	Day        string  `msg:"day"`        // when it began, YYYY-MM-DD
	Epsilon    float64 `msg:"epsilon"`    // of the plan alone, at Delta; 0 where not stated
	Delta      float64 `msg:"delta"`
	Steps      int     `msg:"steps"`     // of the plan; 0 where not stated
	Elsewhere  bool    `msg:"elsewhere"` // it came with an imported file
}

// Budget is what everything on one set of records may cost together, ever: see [accountant.RenyiFilter]. It holds however
// later runs are chosen. A budget that is changed after looking at results is itself chosen by them: the one before holds
// for what was spent under it.
type Budget struct {
	Epsilon float64 `msg:"epsilon"` // 0: no budget any more
	Delta   float64 `msg:"delta"`
	Order   float64 `msg:"order"` // that the filter favours
	Day     string  `msg:"day"`   // when it was set, YYYY-MM-DD
}

type event struct {
	Sigma float64 `msg:"s"`
	Rate  float64 `msg:"q"`
	Steps int     `msg:"n"`
}

// RunID names a run in the ledger.
type RunID [16]byte

func (id RunID) Name() string { return hex.EncodeToString(id[:]) }

// ParseRunID reads what [RunID.Name] writes.
func ParseRunID(text string) (id RunID, err error) {
	if len(text) != 2*len(id) {
		return id, fmt.Errorf("ledger: a run's name of %d characters, want %d", len(text), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return id, fmt.Errorf("ledger: a run's name: %w", err)
	}
	return id, nil
}

// appendFrame refuses what could be written but not be read: it would take the whole ledger with it.
func appendFrame(b []byte, r *record) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	payload, err := r.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	if len(payload) > maxFrame {
		return nil, fmt.Errorf("ledger: record of %d bytes, at most %d", len(payload), maxFrame)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, ^uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...), nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readLedger decodes a ledger and returns its records and the length of its sound part. A last frame that is cut short,
// or a tail of zeros, is a write that never finished: nothing that depended on it happened, and it is left out.
// Anything else that does not check is damage, and an error.
func readLedger(b []byte) (records []record, sound int, err error) {
	if len(b) > maxLedger {
		return nil, 0, fmt.Errorf("ledger: one of %d bytes, at most %d", len(b), maxLedger)
	}
	if len(b) < len(ledgerMagic) {
		if bytes.HasPrefix([]byte(ledgerMagic), b) || zeros(b) {
			return nil, 0, nil
		}
		return nil, 0, fmt.Errorf("ledger: not a ledger: it starts with %q", b)
	}
	if zeros(b) {
		return nil, 0, nil
	}
	if head := b[:len(ledgerMagic)]; string(head) != ledgerMagic {
		return nil, 0, fmt.Errorf("ledger: not a ledger of version %d: it starts with %q", ledgerMagic[len(ledgerMagic)-1], head)
	}
	at := len(ledgerMagic)
	for at < len(b) {
		rest := b[at:]
		if len(rest) < frameHead || zeros(rest) {
			break
		}
		n := binary.LittleEndian.Uint32(rest)
		if n > maxFrame || binary.LittleEndian.Uint32(rest[4:]) != ^n {
			return nil, 0, fmt.Errorf("ledger: record %d: damaged length %d", len(records), n)
		}
		if len(rest) < frameHead+int(n) {
			break
		}
		payload := rest[frameHead : frameHead+int(n)]
		if got, sum := binary.LittleEndian.Uint32(rest[8:]), crc32.Checksum(payload, castagnoli); got != sum {
			return nil, 0, fmt.Errorf("ledger: record %d: checksum %08x, want %08x", len(records), got, sum)
		}
		var r record
		left, err := r.UnmarshalMsg(payload)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d bytes too many", len(left))
		}
		if err == nil {
			err = r.check()
		}
		if err != nil {
			return nil, 0, fmt.Errorf("ledger: record %d: %w", len(records), err)
		}
		records = append(records, r)
		at += frameHead + int(n)
	}
	return records, at, nil
}

func zeros(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// check bounds the values of a record; whether records fit together is for the ledger to say.
func (r *record) check() error {
	if r.UpTo < 0 || r.UpTo > MaxSteps {
		return fmt.Errorf("%d steps charged", r.UpTo)
	}
	if len(r.Kept) > maxText {
		return fmt.Errorf("a note of %d bytes, at most %d", len(r.Kept), maxText)
	}
	if r.Budget != nil {
		return r.Budget.check()
	}
	if r.Begin == nil {
		return nil
	}
	return r.Begin.check()
}

func (b *begin) check() error {
	if n := max(len(b.Title), len(b.NotPrivate), len(b.On)); n > maxText {
		return fmt.Errorf("a text of %d bytes, at most %d", n, maxText)
	}
	if b.Day != "" {
		if _, err := time.Parse(time.DateOnly, b.Day); err != nil {
			return fmt.Errorf("day %.20q, want YYYY-MM-DD", b.Day)
		}
	}
	if b.Steps < 0 || b.Steps > MaxSteps {
		return fmt.Errorf("plan of %d steps", b.Steps)
	}
	if !(b.Epsilon >= 0) || math.IsInf(b.Epsilon, 1) || !(b.Delta >= 0 && b.Delta < 1) {
		return fmt.Errorf("plan of epsilon %v at delta %v", b.Epsilon, b.Delta)
	}
	if b.Bands < 1 || b.Bands > MaxBands {
		return fmt.Errorf("%d bands", b.Bands)
	}
	if b.Unit != "" && b.Unit != "person" {
		return fmt.Errorf("unit of privacy %.40q", b.Unit)
	}
	for _, e := range b.Events {
		if !(e.Sigma > 0) || math.IsInf(e.Sigma, 1) || !(e.Rate > 0 && e.Rate <= 1) || e.Steps < 1 || e.Steps > MaxSteps {
			return fmt.Errorf("event of sigma %v, rate %v, %d steps", e.Sigma, e.Rate, e.Steps)
		}
	}
	return nil
}
