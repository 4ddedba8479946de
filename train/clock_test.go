//go:build !js

package train

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// slow is a backend whose steps take longer, as steps with other records in them would.
type slow struct {
	backend.Backend
	by time.Duration
}

func (s slow) Step(ctx context.Context, r backend.Request) (dp.Sums, error) {
	time.Sleep(s.by)
	return s.Backend.Step(ctx, r)
}

// remains is all that a private run leaves: what it told, in order, its ledger, and a checkpoint.
type remains struct {
	events       []protocol.Event
	ledger, file []byte
	from, to     time.Time
}

func remainsOf(t *testing.T, by time.Duration) *remains {
	p := newTalk(t)
	store := &ledger.MemoryStore{}
	host := p.trainer.host.(*MemoryHost)
	host.Store = store
	host.New = func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		b, err := backend.NewPlain(w, train, test)
		return slow{b, by}, err
	}
	r := &remains{from: time.Now()}
	p.open()
	c := quick()
	c.Epochs = 20 // 300 steps: not every one is told
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	r.events = p.until(func(e protocol.Event) bool { return e.Type == "done" })
	p.trainer.Send(protocol.Request{Type: "save"})
	r.file = p.hear("checkpoint").Checkpoint
	r.to = time.Now()
	var err error
	if r.ledger, err = store.Load(p.trainer.dataset.Key); err != nil {
		t.Fatal(err)
	}
	return r
}

// Nothing that a private run tells or keeps is a clock: events name the same steps however fast they go, only the last
// tells a time (whole seconds of the run), and neither they nor ledger nor checkpoint hold a time of day.
func TestAPrivateRunLeavesNoClock(t *testing.T) {
	fast, slowly := remainsOf(t, 0), remainsOf(t, 2*time.Millisecond)
	if a, b := fast.told(), slowly.told(); !slices.Equal(a, b) {
		t.Errorf("a fast run tells %v, a slow one %v", a, b)
	}
	if len(fast.ledger) != len(slowly.ledger) {
		t.Errorf("the ledger of a fast run has %d bytes, that of a slow one %d", len(fast.ledger), len(slowly.ledger))
	}
	for _, r := range []*remains{fast, slowly} {
		for _, e := range r.events {
			if e.Seconds != 0 && e.Type != "done" || e.Step != nil && e.Step.Seconds != nil {
				t.Errorf("%s tells a time", e.Type)
			}
			r.walk(t, e.Type, reflect.ValueOf(e))
		}
		r.scan(t, "ledger", r.ledger)
		r.scan(t, "checkpoint", r.file)
	}
}

// told are the kinds of a run's events and the steps that they are about.
func (r *remains) told() (all []string) {
	for _, e := range r.events {
		switch {
		case e.Step != nil:
			all = append(all, fmt.Sprint(e.Type, e.Step.Step, len(e.Step.Curve)))
		case e.Epoch != nil:
			all = append(all, fmt.Sprint(e.Type, e.Epoch.Step))
		case e.Type != "loading":
			all = append(all, e.Type)
		}
	}
	return all
}

// during says that a number is a time of day in the run, in seconds, milliseconds, microseconds or nanoseconds.
func (r *remains) during(x float64) bool {
	for unit := 1.0; unit <= 1e9; unit *= 1e3 {
		if s := x / unit; s >= float64(r.from.Unix()) && s <= float64(r.to.Unix()+1) {
			return true
		}
	}
	return false
}

func (r *remains) walk(t *testing.T, at string, v reflect.Value) {
	switch {
	case v.CanFloat() && r.during(v.Float()) || v.CanInt() && r.during(float64(v.Int())):
		t.Errorf("%s: %v is a time of the run", at, v)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		r.walk(t, at, v.Elem())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			r.walk(t, at+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			r.walk(t, at, v.Index(i))
		}
	}
}

// scan looks at every place of a file for a number as MessagePack writes it. Bytes that look like a time by chance: about
// one of 10^9 for each second of the run, in some 10^5 places.
func (r *remains) scan(t *testing.T, name string, file []byte) {
	for i := range file {
		if rest := file[i:]; len(rest) >= 4 && r.during(float64(binary.BigEndian.Uint32(rest))) ||
			len(rest) >= 8 && (r.during(float64(binary.BigEndian.Uint64(rest))) || r.during(math.Float64frombits(binary.BigEndian.Uint64(rest)))) {
			t.Errorf("%s: a time of the run at byte %d", name, i)
		}
	}
}
