//go:build !js

package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"cloister/certificate"
	"cloister/data"
	"cloister/train/protocol"
	"cloister/train/take"
)

// taken asks the program that writes files.
func taken(t *testing.T, d *take.Desk, r protocol.TakeRequest) protocol.TakeReply {
	t.Helper()
	r.ID = 7
	reply := d.Answer(r)
	if reply.Type == "refused" || reply.ID != 7 {
		t.Fatalf("%s: %s", r.Type, reply.Message)
	}
	return reply
}

// Whatever the plan is made of, a run's certificate is verified, with the bounds, the sampler and the relation that the page showed; and
// its model, in either form, predicts what the run's does.
func TestRunsAreTakenAlong(t *testing.T) {
	digits, persons, vectors := newBench(t, 600, 60), privateTest(t, people(4000, 1000, true)), newBench(t, 600, 60)
	vectors.dataset.Kind, vectors.dataset.Origins = data.Vector, []data.Origin{{What: "encoder net.onnx", From: data.Pretrained}}
	for name, c := range map[string]struct {
		bench  *bench
		change func(*protocol.Config)
	}{
		"fixed":        {digits, func(*protocol.Config) {}},
		"scheduled":    {digits, func(c *protocol.Config) { c.Mechanism.Name = "quantile+sigma-linear+momentum" }},
		"correlated":   {digits, func(c *protocol.Config) { c.Mechanism.Name = "bandmf" }},
		"averaged":     {digits, func(c *protocol.Config) { c.Mechanism.Name = "fixed+average-ema" }},
		"watched":      {digits, func(c *protocol.Config) { c.Audit = true }},
		"full batches": {digits, func(c *protocol.Config) { c.FullBatch = true }},
		"of persons":   {persons, func(c *protocol.Config) { c.AccuracyEvery = 1 }},
		"of vectors":   {vectors, func(*protocol.Config) {}},
		"a network":    {digits, func(c *protocol.Config) { c.Model, c.Epochs = "mnist-cnn-tanh", 0.4 }},
	} {
		t.Run(name, func(t *testing.T) {
			config := quick()
			c.change(&config)
			s := c.bench.session(t, config, nil)
			defer s.Close()
			steps(t, s, 2)
			all, err := s.Taken()
			if err != nil {
				t.Fatal(err)
			}
			d := &take.Desk{}
			files := taken(t, d, protocol.TakeRequest{Type: "certificate", Taken: all, Day: "2026-11-26", Settings: "#data=digits"}).Files
			if v := taken(t, d, protocol.TakeRequest{Type: "verify", File: files[0].Bytes}).Verdict; !v.Valid {
				t.Fatalf("its certificate is refused: %s: %s", v.Field, v.Why)
			}
			checkCertificate(t, files[0].Bytes, s)
			if !strings.Contains(string(files[1].Bytes), "Privacy certificate") {
				t.Error("the page to print is none")
			}
			checkModels(t, d, all, s)
		})
	}
}

func checkCertificate(t *testing.T, file []byte, s *Session) {
	t.Helper()
	c, err := certificate.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	encoder := s.dataset.Info().Encoder
	if outside := strings.Contains(c.Statement, "the encoder that it stands on"); outside != (encoder != "") || !strings.Contains(c.DPVariant.UnprotectedQuantities, encoder) {
		t.Errorf("vectors of %q: it states %q, and does not protect %q", encoder, c.Statement, c.DPVariant.UnprotectedQuantities)
	}
	p := s.Planned()
	if got := *c.PrivacyLoss.PrivacyParameters.Epsilon; math.Abs(got-p.EpsilonUpper) > 1e-9*got {
		t.Errorf("epsilon %v, the plan's is %v", got, p.EpsilonUpper)
	}
	if got := c.PrivacyLoss.EpsilonLower; (got != nil) != (p.EpsilonLower > 0) || got != nil && math.Abs(*got-p.EpsilonLower) > 1e-9**got {
		t.Errorf("lower bound %v, the plan's is %v", got, p.EpsilonLower)
	}
	if c.PrivacyLoss.PrivacyUnitDescription != p.Relation || c.Accounting.Sampler != p.Sampler || c.Accounting.Steps != p.Steps || c.Accounting.StepsDone != 2 {
		t.Errorf("%q, %q, %d steps of which %d are done; the plan says %q, %q, %d", c.PrivacyLoss.PrivacyUnitDescription, c.Accounting.Sampler, c.Accounting.Steps, c.Accounting.StepsDone, p.Relation, p.Sampler, p.Steps)
	}
	total, err := s.LedgerTotal()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Accounting.Together.Epsilon; total.None == "" && (got == nil || math.Abs(*got-total.Total) > 1e-6*total.Total) {
		t.Errorf("all runs together %v, the ledger says %v", got, total.Total)
	}
	if c.Model.Parameters != p.Parameters || (c.Audit != nil) != s.config.Audit {
		t.Errorf("%d parameters, audit %+v", c.Model.Parameters, c.Audit)
	}
}

func checkModels(t *testing.T, d *take.Desk, all *protocol.Taken, s *Session) {
	t.Helper()
	record := make([]byte, s.dataset.RecordBytes())
	for i := range record {
		record[i] = byte(i % 50)
	}
	want, err := s.Predict(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"onnx", "safetensors"} {
		files := taken(t, d, protocol.TakeRequest{Type: "model", Taken: all, Format: form, Preprocessing: []byte(`{"kind":"image"}`)}).Files
		o := taken(t, d, protocol.TakeRequest{Type: "open", File: files[0].Bytes}).Opened
		if o.Kind != s.dataset.Kind || len(o.Classes) != len(s.dataset.Classes) || string(o.Preprocessing) != `{"kind":"image"}` || !strings.Contains(o.Privacy, "epsilon is at most") {
			t.Errorf("%s says %+v", form, o)
		}
		got := taken(t, d, protocol.TakeRequest{Type: "predict", Record: record}).Prediction
		for k := range want {
			if math.Abs(got[k]-want[k]) > 1e-6 {
				t.Errorf("%s: probabilities %v, want %v", form, got, want)
				break
			}
		}
	}
}

// A run that is not private gets a certificate that promises nothing, and so does its model's file; beside it no sum holds.
func TestNotPrivateRunsAreTakenAlong(t *testing.T) {
	b := newBench(t, 600, 60)
	for _, change := range []func(*protocol.Config){
		func(c *protocol.Config) { *c = seeded(*c) },
		func(c *protocol.Config) { c.NonPrivate = true },
		func(c *protocol.Config) { c.Diagnostics = true },
		func(*protocol.Config) {},
	} {
		c := quick()
		change(&c)
		s := b.session(t, c, nil)
		steps(t, s, 1)
		all, err := s.Taken()
		if err != nil {
			t.Fatal(err)
		}
		d := &take.Desk{}
		file := taken(t, d, protocol.TakeRequest{Type: "certificate", Taken: all, Day: "2026-11-26"}).Files[0].Bytes
		v := taken(t, d, protocol.TakeRequest{Type: "verify", File: file}).Verdict
		if c.NotPrivate() == "" {
			if got, err := certificate.Decode(file); err != nil || !v.Valid || got.Accounting.Together.NotPrivateRuns != 3 || got.Accounting.Together.Epsilon != nil {
				t.Errorf("beside runs that are not private: %v %v, %s", err, v, file)
			}
		} else if v.Valid || v.Field != "not_private" {
			t.Errorf("%s: %+v", c.NotPrivate(), v)
		}
		model := taken(t, d, protocol.TakeRequest{Type: "model", Taken: all, Format: "onnx"}).Files[0].Bytes
		if o := taken(t, d, protocol.TakeRequest{Type: "open", File: model}).Opened; strings.Contains(o.Privacy, "epsilon is at most") != (c.NotPrivate() == "") {
			t.Errorf("its model says %q", o.Privacy)
		}
		s.Close()
	}
}

// No certificate, and no model, holds a hash of the records, a clock finer than a day, or their values.
func TestWhatIsTakenAlongTellsNoMore(t *testing.T) {
	text := func(b *bench) string {
		s := b.session(t, quick(), nil)
		defer s.Close()
		steps(t, s, 2)
		all, err := s.Taken()
		if err != nil {
			t.Fatal(err)
		}
		all.Params = make([]byte, len(all.Params)) // released, and noised
		said, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
	one := people(4000, 1000, false)
	other := people(4000, 1000, false)
	for i := range other.Train.Values {
		other.Train.Values[i] = 0
	}
	for i := range other.Train.Labels {
		other.Train.Labels[i] ^= 1
	}
	if a, b := text(openPeople(t, one)), text(openPeople(t, other)); a != b {
		t.Errorf("of other records it says\n%s\nnot\n%s", b, a)
	}
}

func TestTakeRefuses(t *testing.T) {
	for want, r := range map[string]protocol.TakeRequest{
		"lacks its taken":   {Type: "model", Format: "onnx", ID: 1},
		"no place for":      {Type: "verify", File: []byte("x"), Day: "2026-11-26", ID: 1},
		"no model is open":  {Type: "predict", Record: []byte("x"), ID: 1},
		"unknown":           {Type: "sing"},
		"export: ONNX":      {Type: "open", File: []byte("neither"), ID: 1},
		"safetensors":       {Type: "open", File: []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), ID: 1},
		"a record of shape": {Type: "certificate", Taken: &protocol.Taken{}, Day: "2026-11-26", ID: 1},
	} {
		if reply := (&take.Desk{}).Answer(r); reply.Type != "refused" || !strings.Contains(reply.Message, want) {
			t.Errorf("%+v: %+v, want it to say %q", r, reply, want)
		}
	}
}
