package train

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/nn"
	"cloister/train/protocol"
)

func seeded(c protocol.Config) protocol.Config {
	seed := uint64(42)
	c.Seed = &seed
	return c
}

// A reproducible run resumed from a file continues bit for bit, whatever the mechanism and optimiser keep.
func TestReproducibleRunContinuesExactly(t *testing.T) {
	for _, c := range []struct{ mechanism, optimizer string }{
		{"fixed", "sgd"}, {"quantile+momentum-corrected", "adam"}, {"bandmf", "sgd"}, {"disk+average-ema", "sgd"}, {"cloister+momentum", "sgd"},
	} {
		t.Run(c.mechanism, func(t *testing.T) {
			b := newBench(t, 1000, 50)
			config := seeded(quick())
			config.Mechanism.Name, config.Optimizer = c.mechanism, c.optimizer
			whole := b.session(t, config, nil)
			defer whole.Close()
			steps(t, whole, 7)
			file, err := whole.Checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			steps(t, whole, 5)

			saved, err := DecodeCheckpoint(file)
			if err != nil {
				t.Fatal(err)
			}
			b.host.memory = ledger.MemoryStore{} // as on another machine
			resumed := b.session(t, saved.Config, saved)
			defer resumed.Close()
			if resumed.Last().Step != 7 {
				t.Fatalf("resumed at step %d", resumed.Last().Step)
			}
			steps(t, resumed, 5)
			if !slices.Equal(whole.params, resumed.params) {
				t.Error("parameters differ after five more steps")
			}
			x, _ := whole.Evaluate(context.Background())
			y, _ := resumed.Evaluate(context.Background())
			if x.Loss != y.Loss {
				t.Errorf("losses %v and %v", x.Loss, y.Loss)
			}
		})
	}
}

// Equal seeds give equal runs; runs without one differ.
func TestSeedDecidesARun(t *testing.T) {
	b := newBench(t, 500, 10)
	params := func(c protocol.Config) []float32 {
		s := b.session(t, c, nil)
		defer s.Close()
		steps(t, s, 2)
		return s.params
	}
	if !slices.Equal(params(seeded(quick())), params(seeded(quick()))) {
		t.Error("one seed, two runs")
	}
	if slices.Equal(params(quick()), params(quick())) {
		t.Error("two private runs drew the same noise")
	}
}

// A private run's file holds no random state, and resuming it goes on behind everything that was charged.
func TestPrivateRunResumesWithinItsTarget(t *testing.T) {
	b := newBench(t, 1000, 50)
	s := b.session(t, quick(), nil)
	steps(t, s, 5)
	file, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	steps(t, s, 4) // and is killed: no Close, no Settle
	charged := b.charged(t)
	if charged < 9 {
		t.Fatalf("%d steps charged after 9 were done", charged)
	}

	saved, err := DecodeCheckpoint(file)
	if err != nil {
		t.Fatal(err)
	}
	if saved.Engine.Random != nil {
		t.Error("a private run saved random state")
	}
	resumed := b.session(t, saved.Config, saved)
	defer resumed.Close()
	if at := resumed.Last().Step; at != charged {
		t.Errorf("resumed at step %d, %d were charged", at, charged)
	}
	if charged < resumed.Planned().Steps && !b.told("stay charged") {
		t.Errorf("the person was not told: %q", b.notices)
	}
	for !resumed.Done() {
		steps(t, resumed, 1)
	}
	p := resumed.Planned()
	if got := resumed.Last().Epsilon; got != p.EpsilonUpper || got > quick().Epsilon {
		t.Errorf("spent %v of %v", got, p.EpsilonUpper)
	}
	ledger := b.ledger(t)
	if runs := ledger.Runs(); len(runs) != 1 || runs[0].Charged != p.Steps {
		t.Errorf("ledger %+v", runs)
	}
}

func (b *bench) ledger(t testing.TB) *ledger.Ledger {
	t.Helper()
	store, _, _ := b.host.Ledgers()
	l, err := ledger.Open(store, b.dataset.Key)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// charged is what the ledger holds of its only run.
func (b *bench) charged(t testing.TB) int {
	t.Helper()
	runs := b.ledger(t).Runs()
	if len(runs) != 1 {
		t.Fatalf("%d runs in the ledger", len(runs))
	}
	return runs[0].Charged
}

func (b *bench) told(words string) bool {
	return slices.ContainsFunc(b.notices, func(s string) bool { return strings.Contains(s, words) })
}

func TestStoppedRunSettles(t *testing.T) {
	b := newBench(t, 1000, 50)
	s := b.session(t, quick(), nil)
	steps(t, s, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := b.charged(t); got != 3 {
		t.Errorf("%d steps charged after 3 and a clean stop", got)
	}
}

func total(t testing.TB, s *Session) *protocol.LedgerTotal {
	t.Helper()
	l, err := s.LedgerTotal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Two runs on the same records compose, and the person is told before the second begins.
func TestSecondRunOnTheSameRecordsComposes(t *testing.T) {
	b := newBench(t, 1000, 50)
	first := b.session(t, quick(), nil)
	steps(t, first, 1)
	first.Close()
	second := b.session(t, quick(), nil)
	defer second.Close()
	// A run that was stopped is certified at its planned epsilon.
	l, p := total(t, second), second.Planned()
	if math.Abs(l.Others-first.Planned().EpsilonUpper) > 1e-9 {
		t.Errorf("before: %v, the first run planned %v", l.Others, first.Planned().EpsilonUpper)
	}
	if !(l.Total > p.EpsilonUpper && l.Total < p.EpsilonUpper+l.Others) {
		t.Errorf("total %v of %v and %v", l.Total, l.Others, p.EpsilonUpper)
	}
	if !b.told("trained on before") {
		t.Errorf("notices %q", b.notices)
	}
}

// No epsilon covers what a run that was not private showed, nor such a run itself.
func TestNoTotalWithRunsThatAreNotPrivate(t *testing.T) {
	b := newBench(t, 1000, 50)
	run := func(seed *uint64) *protocol.LedgerTotal {
		c := quick()
		c.Seed = seed
		s := b.session(t, c, nil)
		defer s.Close()
		steps(t, s, 1)
		return total(t, s)
	}
	seed := uint64(7)
	run(nil)
	if l := run(&seed); !math.IsInf(l.Total, 1) || math.IsInf(l.Others, 1) || l.None == "" {
		t.Errorf("a seeded run after a private one: %+v", l)
	}
	if l := run(nil); !math.IsInf(l.Total, 1) || !math.IsInf(l.Others, 1) || l.None == "" {
		t.Errorf("a private run after a seeded one: %+v", l)
	}
	if b.told("Inf") {
		t.Errorf("notices %q", b.notices)
	}
}

func TestCheckpointIsRefused(t *testing.T) {
	b := newBench(t, 500, 10)
	s := b.session(t, quick(), nil)
	steps(t, s, 1)
	file, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"empty":     {func([]byte) []byte { return nil }, "too few"},
		"truncated": {func(f []byte) []byte { return f[:len(f)-1] }, "truncated"},
		"extended":  {func(f []byte) []byte { return append(f, 0) }, "truncated or extended"},
		"magic":     {func(f []byte) []byte { f[0]++; return f }, "does not start"},
		"version":   {func(f []byte) []byte { f[len(checkpointMagic)-1]++; return f }, "version 2"},
		"damaged":   {func(f []byte) []byte { f[len(f)-9] ^= 4; return f }, "checksum"},
	} {
		_, err := DecodeCheckpoint(c.change(bytes.Clone(file)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*Checkpoint)
		want   string
	}{
		"other records":  {func(c *Checkpoint) { c.DataKey = "0" }, "other records"},
		"less noise":     {func(c *Checkpoint) { c.Plan.NoiseMultiplier /= 2 }, "epsilon"},
		"larger epsilon": {func(c *Checkpoint) { c.Plan.Epsilon *= 2; c.Plan.NoiseMultiplier /= 1.2 }, "plan"},
		"more steps":     {func(c *Checkpoint) { c.Plan.Steps++ }, "plan"},
		"NaN":            {func(c *Checkpoint) { copy(c.Params, nn.Bytes([]float32{float32(math.NaN())})) }, "parameter 0"},
		"short":          {func(c *Checkpoint) { c.Params = c.Params[4:] }, "parameters"},
		"optimiser":      {func(c *Checkpoint) { c.Optimizer.Vectors = c.Optimizer.Vectors[4:] }, "optimiser"},
		"policy state":   {func(c *Checkpoint) { c.Engine.Policy = []byte{0xc0} }, "policy state"},
		"step":           {func(c *Checkpoint) { c.Engine.Step = c.Plan.Steps + 1 }, "step"},
		"random state":   {func(c *Checkpoint) { seed := uint64(1); c.Config.Seed = &seed; c.Engine.Random = &dp.RandomState{} }, "random state"},
		"unknown run":    {func(c *Checkpoint) { c.Engine.Run[0]++; c.Engine.Policy = []byte{0xc0} }, "policy state"},
		"config":         {func(c *Checkpoint) { c.Config.ClipNorm = math.NaN() }, "Clip norm"},
	} {
		saved, err := DecodeCheckpoint(bytes.Clone(file))
		if err != nil {
			t.Fatal(err)
		}
		c.change(saved)
		if s, err := b.try(saved.Config, saved); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				s.Close()
			}
		}
	}
	store, _, _ := b.host.Ledgers()
	if ledger, err := ledger.Open(store, b.dataset.Key); err != nil || len(ledger.Runs()) != 1 {
		t.Errorf("after all refusals the ledger holds %d runs, %v", len(ledger.Runs()), err)
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	c := Checkpoint{Config: seeded(quick()), Plan: dp.Spec{Steps: 3}, Params: nn.Bytes([]float32{1, 2})}
	file, err := c.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:checkpointHead])
	f.Fuzz(func(t *testing.T, b []byte) {
		// Past the checksum, which a fuzzer cannot guess, the payload alone must not crash either.
		var raw Checkpoint
		raw.UnmarshalMsg(b)
		if c, err := DecodeCheckpoint(b); err == nil {
			if again, err := c.Encode(); err != nil || len(again) == 0 {
				t.Fatal(err)
			}
		}
	})
}
