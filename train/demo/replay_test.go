//go:build !js

package demo

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/data"
	"cloister/dp/replay"
	"cloister/nn"
	"cloister/train"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// room is an environment as the trainer gives it, on a few generated digits.
func room(t *testing.T, records, test int) train.Environment {
	t.Helper()
	return roomOf(t, data.Digits(records, test, 3))
}

func roomOf(t *testing.T, ds *data.Dataset) train.Environment {
	t.Helper()
	folder := t.TempDir()
	if err := data.Write(folder, ds); err != nil {
		t.Fatal(err)
	}
	host := &train.MemoryHost{Open: data.FromDir, New: func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		return backend.NewNative(w, train, test)
	}}
	d, err := train.OpenDataset(t.Context(), host, protocol.Source{Kind: "url", URL: folder}, func(protocol.Loading) {})
	if err != nil {
		t.Fatal(err)
	}
	return train.Environment{Dataset: d, Compute: host.Compute, Workers: 1, Notice: func(s string) { t.Log(s) }}
}

// asked is the benchmark's setting for the records, made small.
func asked(t *testing.T, env train.Environment, mechanism string) protocol.Config {
	t.Helper()
	c := env.Dataset.Info().Replay
	if c == nil {
		t.Fatal("these records are not offered for a replay")
	}
	seed := uint64(1)
	c.Mechanism.Name, c.Seed, c.BatchSize, c.Epochs = mechanism, &seed, 50, 4
	return *c
}

func quiet(protocol.ReplayAnswer) {}

// Standard DP-SGD as published learns to tell digits apart (0.1 is chance), and tells at every epoch how far it is. What it
// claims is what it was asked for; what can be proven is far above.
func TestReplayLearns(t *testing.T) {
	env := room(t, 2000, 500)
	var heard []protocol.ReplayAnswer
	a := Replay(t.Context(), asked(t, env, "standard"), env, func(a protocol.ReplayAnswer) { heard = append(heard, a) })
	t.Logf("accuracy %.3f, %+v", a.Accuracy, a.Privacy)
	if a.Error != "" || !a.Done || a.Step != 160 || a.Epoch != 4 || a.Accuracy < 0.5 {
		t.Errorf("%+v", a)
	}
	if p := a.Privacy; math.Abs(p.Claimed-3) > 0.01 || p.Proven < 10 || math.IsInf(p.Proven, 1) || !strings.Contains(p.Why, "Poisson") || p.Shuffled < 10 {
		t.Errorf("privacy %+v", p)
	}
	if last := heard[len(heard)-1]; last.Epoch != 4 || last.Accuracy != a.Accuracy || last.Done {
		t.Errorf("heard last %+v", last)
	}
	for _, a := range append(heard, a) {
		if a.NotPrivate == "" {
			t.Errorf("not marked: %+v", a)
		}
	}
}

// An auditor beside a replay finds the epsilon that is not kept: ALC-ND's noise is too small by sqrt(8) besides. The network
// learns nonetheless.
func TestReplayIsCaught(t *testing.T) {
	env := room(t, 2000, 500)
	caught := map[string]float64{"alc-nd": 3}
	if os.Getenv("CLOISTER_LONG") != "" {
		caught["standard"] = 1
	}
	for mechanism, least := range caught {
		c := asked(t, env, mechanism)
		c.Audit = true
		a := Replay(t.Context(), c, env, quiet)
		if a.Error != "" || a.Audit == nil {
			t.Fatalf("%s: %+v", mechanism, a)
		}
		t.Logf("%s: accuracy %.3f; %d of %d guesses right, epsilon at least %.3f", mechanism, a.Accuracy, a.Audit.Correct, a.Audit.Guesses, a.Audit.Lower)
		if a.Audit.Lower <= least || a.Audit.Lower > a.Privacy.Proven || a.Audit.Privacy != a.Privacy || a.Audit.Step != a.Steps {
			t.Errorf("%s: %+v, %+v", mechanism, a, a.Audit)
		}
		if mechanism == "standard" && a.Accuracy < 0.5 {
			t.Errorf("accuracy %v", a.Accuracy)
		}
	}
}

// Every published mechanism trains, and the claim of none that steers by raw data is proven.
func TestEveryPublishedMechanismTrains(t *testing.T) {
	env := room(t, 300, 50)
	if len(Published()) != 13 {
		t.Errorf("%d mechanisms are published", len(Published()))
	}
	for _, m := range Published() {
		c := asked(t, env, m.Name)
		c.Epochs = 1
		a := Replay(t.Context(), c, env, quiet)
		if a.Error != "" || a.Step != 6 || !(a.Privacy.Claimed > 0) || a.Privacy.Why == "" || m.Title == "" || m.Sound == "" {
			t.Errorf("%s: %+v", m.Name, a)
		}
		raw := strings.Contains(a.Privacy.Why, "raw data")
		if raw != math.IsInf(a.Privacy.Proven, 1) {
			t.Errorf("%s: proven %v, because %q", m.Name, a.Privacy.Proven, a.Privacy.Why)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	env := room(t, 300, 50)
	for want, change := range map[string]func(*protocol.Config, *train.Dataset){
		"known to be":    func(_ *protocol.Config, d *train.Dataset) { d.TestRecords = 0 },
		"unknown mech":   func(c *protocol.Config, _ *train.Dataset) { c.Mechanism.Name = "wishful" },
		"Batch size":     func(c *protocol.Config, _ *train.Dataset) { c.BatchSize = 1 << 40 },
		"whole epochs":   func(c *protocol.Config, _ *train.Dataset) { c.Epochs = 1.5 },
		"at most 100000": func(c *protocol.Config, _ *train.Dataset) { c.Epochs, c.BatchSize = 1000, 2 },
		"no parameters":  func(c *protocol.Config, _ *train.Dataset) { c.Mechanism.Params = map[string]float64{"rate": 1} },
		"published":      func(c *protocol.Config, _ *train.Dataset) { c.NonPrivate = true },
	} {
		c := asked(t, env, "standard")
		changed, d := env, *env.Dataset
		changed.Dataset = &d
		change(&c, &d)
		if a := Replay(t.Context(), c, changed, quiet); !strings.Contains(a.Error, want) || a.Step != 0 || !a.Done {
			t.Errorf("%+v, want an error that says %q", a, want)
		}
	}
}

// What a manifest says makes no record public: neither that they are digits drawn here nor the words of MNIST.
func TestReplayRefusesPrivateRecords(t *testing.T) {
	env := room(t, 300, 50)
	c := asked(t, env, "standard")
	drawn := data.Digits(300, 50, 3)
	drawn.Train.Values[1234] ^= 1
	mnist := data.Digits(300, 50, 3)
	described, _ := data.Known("mnist")
	described.TrainRecords, described.TestRecords = 300, 50
	mnist.Manifest = described
	for _, ds := range []*data.Dataset{drawn, mnist} {
		env := roomOf(t, ds)
		if env.Dataset.Info().Replay != nil {
			t.Errorf("%s: a replay is offered", ds.Title)
		}
		if a := Replay(t.Context(), c, env, quiet); !strings.Contains(a.Error, "not known to be public") || a.Step != 0 {
			t.Errorf("%s: %+v, want a refusal", ds.Title, a)
		}
	}
}

func TestReplayStops(t *testing.T) {
	env := room(t, 300, 50)
	c := asked(t, env, "standard")
	c.Epochs = 1000
	ctx, stop := context.WithCancel(t.Context())
	a := Replay(ctx, c, env, func(protocol.ReplayAnswer) { stop() })
	if !strings.Contains(a.Error, "stopped") || a.Step == 0 || a.Step > 100 || a.Privacy.Proven != 0 {
		t.Errorf("%+v", a)
	}
}

// One batch, clipped as a whole by standard DP-SGD, is what package nn's reference makes of it one record at a time, within
// float32 (the compiled step's contract: 1e-4 of the bound).
func TestReplayClipsLikeTheReference(t *testing.T) {
	env := room(t, 300, 50)
	c := asked(t, env, "standard")
	r, err := newRerun(t.Context(), &c, &env)
	if err != nil {
		t.Fatal(err)
	}
	defer r.backend.Close()
	batch := slices.Clone(r.batches.at(0))
	s := r.setting
	s.NoiseMultiplier = 1e-12
	if r.mechanism, err = replay.New("standard", s, rand.New(rand.NewPCG(1, 2))); err != nil {
		t.Fatal(err)
	}
	g := &gradients{ctx: t.Context(), backend: r.backend, tensors: len(s.Tensors),
		request: backend.Request{Points: [][]float32{r.params}, Records: batch, Bounds: r.bounds}}
	got, err := r.mechanism.ClipAndNoise(g, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range reference(t, env, r, batch) {
		if math.Abs(got[i]*float64(s.BatchSize)-want) > 1e-4 {
			t.Fatalf("coordinate %d: %v, want %v", i, got[i]*float64(s.BatchSize), want)
		}
	}
}

// reference is the sum of globally clipped gradients by the plain-Go backend.
func reference(t *testing.T, env train.Environment, r *rerun, batch []int32) []float64 {
	t.Helper()
	model, err := nn.ByName("mnist-cnn", nn.Shape{C: 1, H: 28, W: 28}, 10)
	if err != nil {
		t.Fatal(err)
	}
	host := &train.MemoryHost{New: train.PlainBackend}
	work := backend.Work{Model: model, Rule: clip.Rule{}, Rate: 0.1, Mean: env.Dataset.Mean, Std: env.Dataset.Std}
	plain, err := host.Compute(t.Context(), work, env.Dataset.Records, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := plain.Step(t.Context(), backend.Request{Points: [][]float32{r.params}, Records: batch, Bounds: []float64{1}})
	if err != nil {
		t.Fatal(err)
	}
	return sums.Gradient
}
