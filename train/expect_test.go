package train

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/data"
	"cloister/train/protocol"
)

// made is a table of two sets at two sizes and budgets. With ten classes, guessing is 0.1.
var made = []Measured{
	{Kind: "image", Data: "easy", Classes: 10, Model: "mlp", Records: 100, Epsilon: 1, Accuracy: 0.28},
	{Kind: "image", Data: "easy", Classes: 10, Model: "mlp", Records: 100, Epsilon: 1, Seed: 1, Accuracy: 0.19},
	{Kind: "image", Data: "easy", Classes: 10, Model: "mlp", Records: 100, Epsilon: 4, Accuracy: 0.46},
	{Kind: "image", Data: "easy", Classes: 10, Model: "mlp", Records: 10000, Epsilon: 1, Accuracy: 0.82},
	{Kind: "image", Data: "easy", Classes: 10, Model: "mlp", Records: 10000, Epsilon: 4, Accuracy: 0.91},
	{Kind: "image", Data: "hard", Classes: 10, Model: "mlp", Records: 100, Epsilon: 1, Accuracy: 0.1},
	{Kind: "image", Data: "hard", Classes: 10, Model: "mlp", Records: 10000, Epsilon: 1, Accuracy: 0.55},
}

func TestExpect(t *testing.T) {
	facts := Facts{Kind: "image", Model: "mlp", Classes: 10, Units: 100, Epsilon: 1}
	for name, c := range map[string]struct {
		change    func(*Facts)
		low, high float64
		drowned   bool
	}{
		"as measured: over sets and seeds": {func(*Facts) {}, 0.1, 0.28, false},
		"half way in log N":                {func(f *Facts) { f.Units = 1000 }, (0.1 + 0.55) / 2, (0.28 + 0.82) / 2, false},
		"half way in log epsilon":          {func(f *Facts) { f.Epsilon = 2 }, 0.1, (0.28 + 0.46) / 2, false},
		"more than was measured":           {func(f *Facts) { f.Units = 20_000; f.Epsilon = 100 }, 0.55, 0.91, false},
		"fewer than were measured":         {func(f *Facts) { f.Units = 10 }, 0.1, 0.28, false},
		"less epsilon than was measured":   {func(f *Facts) { f.Epsilon = 0.1 }, 0.1, 0.28, false},
		"two classes":                      {func(f *Facts) { f.Classes = 2 }, 0.5, 0.6, false},
	} {
		f := facts
		c.change(&f)
		e := Expect(made, f)
		low, high := max(1/float64(f.Classes), c.low-2*runSpread), c.high+2*runSpread
		if e == nil || math.Abs(e.Low-low) > 1e-9 || math.Abs(e.High-high) > 1e-9 || e.Drowned != c.drowned {
			t.Errorf("%s: %+v, want %v to %v", name, e, low, high)
			continue
		}
		if !strings.Contains(e.Basis, "easy, hard") || len(e.Curve) != 2 || e.Curve[0].Records != 100 {
			t.Errorf("%s: %q, %v", name, e.Basis, e.Curve)
		}
	}
	for _, f := range []Facts{{}, {Kind: "table", Model: "mlp", Classes: 10, Units: 100, Epsilon: 1}, {Kind: "image", Model: "cnn", Classes: 10, Units: 100, Epsilon: 1},
		{Kind: "image", Model: "mlp", Classes: 10, Units: 100, Epsilon: math.NaN()}, {Kind: "image", Model: "mlp", Classes: 10, Units: 20_001, Epsilon: 1}} {
		if e := Expect(made, f); e != nil {
			t.Errorf("%+v: %+v from nothing", f, e)
		}
	}
	if e := Expect([]Measured{{Kind: "image", Data: "clear", Classes: 10, Model: "mlp", Records: 100, Epsilon: 1, Accuracy: 0.99}}, facts); e == nil || e.High != 1 {
		t.Errorf("a run that knows nearly all is told as %+v", e)
	}
	if e := Expect(made[5:6], facts); e == nil || !e.Drowned {
		t.Errorf("a run that guesses is %+v", e)
	}
}

// The table that is built in is of measured runs that make sense, each once, and is told with a plan.
func TestMeasuredTable(t *testing.T) {
	seen := map[Measured]bool{}
	for _, m := range measured {
		key := Measured{Data: m.Data, Model: m.Model, Records: m.Records, Epsilon: m.Epsilon, Seed: m.Seed}
		if seen[key] || !(m.Accuracy >= 0 && m.Accuracy <= 1) || m.Records < 1 || !(m.Epsilon > 0) || m.Classes < 2 || m.BatchSize > m.Records || m.Delta*float64(m.Records) >= 1 {
			t.Errorf("row %+v", m)
		}
		seen[key] = true
		first := slices.IndexFunc(recommended, func(p protocol.Preset) bool { return p.Config.Model == m.Model })
		if m.Kind == data.Vector {
			if c := head(m.Model); !c.FullBatch || m.BatchSize != m.Records || m.Epochs != c.Epochs {
				t.Errorf("row %+v: the recipe has %v full batches by now, measure it again", m, c.Epochs)
			}
		} else if first >= 0 {
			if c := suited(recommended[first].Config, m.Records); c.Model == m.Model && (c.BatchSize != m.BatchSize || c.Epochs != m.Epochs) {
				t.Errorf("row %+v: the preset has batches of %d and %v epochs by now, measure it again", m, c.BatchSize, c.Epochs)
			}
		}
		if m.Kind != data.Image && m.Kind != data.Audio && m.Kind != data.Table && m.Kind != data.Vector {
			t.Errorf("kind %q", m.Kind)
		}
	}
	b := newBench(t, 1000, 100)
	s := b.session(t, quick(), nil)
	defer s.Close()
	if e := s.Planned().Expected; e == nil || !(e.High > 0.4 && e.Low <= e.High && e.High <= 1) || len(e.Curve) < 2 {
		t.Errorf("1,000 digits by logistic regression: %+v", e)
	}
	c := quick()
	c.NonPrivate = true
	var none *protocol.Expected
	if p, err := propose(c, b.dataset, nil); err != nil || p.expected() != none {
		t.Errorf("without noise: %v", err)
	}
}

// How much one run differs from another is that of the rows that were measured twice. Of some twenty pairs it is known to a sixth. Heads on
// fixed features differ less and are told as widely.
func TestRunSpread(t *testing.T) {
	sum, pairs := map[bool]float64{}, map[bool]float64{}
	for i, a := range measured {
		for _, b := range measured[:i] {
			if b.Seed++; a.Same(b) {
				sum[a.Kind == data.Vector] += (a.Accuracy - b.Accuracy) * (a.Accuracy - b.Accuracy) / 2
				pairs[a.Kind == data.Vector]++
			}
		}
	}
	if s := math.Sqrt(sum[false] / pairs[false]); pairs[false] < 15 || math.Abs(s-runSpread) > runSpread/6 {
		t.Errorf("%v pairs differ by %.4f", pairs[false], s)
	}
	if s := math.Sqrt(sum[true] / pairs[true]); pairs[true] < 15 || !(s < runSpread) {
		t.Errorf("%v pairs of heads on features differ by %.4f", pairs[true], s)
	}
}

// The table is read as any reader of JSON reads it.
func TestMeasuredAreReadAsJSON(t *testing.T) {
	var want []Measured
	if err := json.Unmarshal([]byte(measuredFile), &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 100 || !slices.Equal(measured, want) {
		t.Errorf("%d rows, want the %d of expect.json", len(measured), len(want))
	}
}
