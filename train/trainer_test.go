//go:build !js

package train

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloister/data"
	"cloister/dp"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// talk is a page's end of the line.
type talk struct {
	*testing.T
	trainer *Trainer
	events  chan protocol.Event
	folder  string
}

func newTalk(t *testing.T) *talk {
	folder := t.TempDir()
	d := data.Digits(1500, 100, 7)
	if err := data.Write(folder, d); err != nil {
		t.Fatal(err)
	}
	host := &MemoryHost{New: PlainBackend, Open: data.FromDir}
	p := &talk{T: t, events: make(chan protocol.Event, 10_000), folder: folder}
	p.trainer = NewTrainer(host, func(e protocol.Event) { p.events <- e })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.trainer.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return p
}

// until returns the events up to the first that is as wanted.
func (p *talk) until(want func(protocol.Event) bool) (all []protocol.Event) {
	p.Helper()
	for {
		select {
		case e := <-p.events:
			all = append(all, e)
			if want(e) {
				return all
			}
		case <-time.After(time.Minute):
			p.Fatalf("no such event within a minute; heard %d, the last: %+v", len(all), all[max(0, len(all)-3):])
		}
	}
}

func (p *talk) hear(kind string) protocol.Event {
	p.Helper()
	all := p.until(func(e protocol.Event) bool { return e.Type == kind || e.Type == "error" })
	last := all[len(all)-1]
	if last.Type != kind {
		p.Fatalf("heard %q instead of %s", last.Message, kind)
	}
	return last
}

func (p *talk) hearState(state string) {
	p.Helper()
	p.until(func(e protocol.Event) bool { return e.Type == "state" && e.State == state })
}

func (p *talk) open() {
	p.Helper()
	p.trainer.Send(protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: p.folder}})
	p.hear("dataset")
	p.hearState("idle")
}

func TestAPageTrains(t *testing.T) {
	p := newTalk(t)
	if e := p.hear("ready"); len(e.Mechanisms) < 10 {
		t.Errorf("%d mechanisms", len(e.Mechanisms))
	}
	p.trainer.Send(protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: p.folder}})
	d := p.hear("dataset").Dataset
	if d.Train != 1500 || d.Test != 100 || len(d.Samples) != shownSamples || len(d.Models) < 3 || len(d.Presets) == 0 {
		t.Errorf("dataset %+v", d)
	}
	c := quick()
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	plan := p.hear("planned").Planned
	if !plan.Private || plan.Steps != 30 || !(plan.EpsilonUpper <= 3) || !(plan.EpsilonLower > 2.9) {
		t.Errorf("planned %+v", plan)
	}
	events := p.until(func(e protocol.Event) bool { return e.Type == "done" })
	epochs, curve := 0, []protocol.Spend(nil)
	for _, e := range events {
		if e.Step != nil {
			curve = append(curve, e.Step.Curve...)
		}
		switch e.Type {
		case "error":
			t.Errorf("error %q", e.Message)
		case "step":
			if e.Step.TrainLoss != nil || e.Step.Batch != nil || e.Step.Idle != nil {
				t.Errorf("a private run shows raw figures: %+v", e.Step)
			}
		case "epoch":
			epochs++
			checkEpoch(t, e.Epoch, d)
		}
	}
	if epochs != 3 { // before the first step, and after each epoch
		t.Errorf("%d evaluations", epochs)
	}
	// Whichever steps are told, the curve's are the plan's: here every one.
	for i, s := range curve {
		if s.Step != i+1 || i > 0 && s.Epsilon < curve[i-1].Epsilon {
			t.Errorf("point %d of the curve is %+v", i, s)
		}
	}
	if len(curve) != 30 {
		t.Errorf("%d points of the curve", len(curve))
	}
	if last := events[len(events)-1]; last.Step.Step != 30 || last.Step.Epsilon != plan.EpsilonUpper {
		t.Errorf("done with %+v", last.Step)
	}
	p.hearState("done")
}

func checkEpoch(t *testing.T, e *protocol.EpochEvent, d *protocol.DatasetInfo) {
	t.Helper()
	sum, right := 0, 0
	for class, row := range e.Confusion {
		right += row[class]
		for _, n := range row {
			sum += n
		}
	}
	if sum != d.Test || float64(right)/float64(sum) != e.Accuracy || len(e.Predictions) != len(d.Samples) || !(e.Loss > 0) {
		t.Errorf("epoch event %+v", e)
	}
}

func TestPauseSaveRestoreStop(t *testing.T) {
	p := newTalk(t)
	p.open()
	c := quick()
	c.Epochs = 50
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	p.until(func(e protocol.Event) bool { return e.Type == "step" })
	p.trainer.Send(protocol.Request{Type: "pause"})
	p.hearState("paused")
	p.trainer.Send(protocol.Request{Type: "step"})
	one := p.hear("step").Step.Step
	p.trainer.Send(protocol.Request{Type: "save"})
	file := p.hear("checkpoint").Checkpoint
	p.trainer.Send(protocol.Request{Type: "account", ID: 5, Question: &protocol.AccountQuestion{Kind: "epsilon", Segments: "1:0.01:100", Delta: 1e-5}})
	if e := p.hear("account"); e.ID != 5 || !(e.Answer.Upper > 0) {
		t.Errorf("answer %+v", e)
	}
	p.trainer.Send(protocol.Request{Type: "resume"})
	p.hearState("running")
	p.until(func(e protocol.Event) bool { return e.Type == "step" && e.Step.Step > one })
	p.trainer.Send(protocol.Request{Type: "stop"})
	done := p.hear("done")
	if done.Step.Step <= one || done.Step.Step >= 750 {
		t.Errorf("stopped at step %d", done.Step.Step)
	}
	// Stopped early, a run is certified at what it planned to spend.
	if done.Planned.EpsilonUpper < 2.9 {
		t.Errorf("certified at %v", done.Planned.EpsilonUpper)
	}
	p.trainer.Send(protocol.Request{Type: "restore", Checkpoint: file})
	events := p.until(func(e protocol.Event) bool { return e.Type == "state" && e.State == "paused" })
	var at int
	for _, e := range events {
		if e.Type == "step" {
			at = e.Step.Step
		}
	}
	if at < done.Step.Step { // a private run goes on behind all that it was charged for
		t.Errorf("restored at step %d, %d were charged", at, done.Step.Step)
	}
}

func TestRequestsThatCannotBe(t *testing.T) {
	p := newTalk(t)
	c, bad := quick(), quick()
	bad.BatchSize = 1 << 40
	for _, r := range []struct {
		request protocol.Request
		want    string
	}{
		{protocol.Request{Type: "start", Config: &c}, "open one first"},
		{protocol.Request{Type: "pause"}, "no run"},
		{protocol.Request{Type: "open"}, "lacks its source"},
		{protocol.Request{Type: "open", Source: &protocol.Source{Kind: "ftp"}}, `"ftp"`},
		{protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: filepath.Join(p.folder, "nothing")}}, "manifest"},
		{protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: p.folder}}, ""},
		{protocol.Request{Type: "start", Config: &bad}, "Batch size"},
		{protocol.Request{Type: "restore", Checkpoint: []byte("no")}, "checkpoint"},
		{protocol.Request{Type: "account", ID: 1, Question: &protocol.AccountQuestion{Kind: "luck"}}, ""},
	} {
		p.trainer.Send(r.request)
		if r.want == "" {
			continue
		}
		events := p.until(func(e protocol.Event) bool { return e.Type == "error" })
		if got := events[len(events)-1].Message; !strings.Contains(strings.ToLower(got), strings.ToLower(r.want)) {
			t.Errorf("%s: %q, want it to say %q", r.request.Type, got, r.want)
		}
	}
	p.trainer.Send(protocol.Request{Type: "ledger", ID: 8, Delta: 2})
	if e := p.until(func(e protocol.Event) bool { return e.Type == "error" }); e[len(e)-1].ID != 8 {
		t.Errorf("a question that failed is answered by %+v", e[len(e)-1])
	}
	p.trainer.Send(protocol.Request{Type: "account", ID: 1, Question: &protocol.AccountQuestion{Kind: "luck"}})
	if e := p.hear("account"); !strings.Contains(e.Answer.Error, `"luck"`) {
		t.Errorf("answer %+v", e.Answer)
	}
}

// A broken shard is refused by name, and what was open before is closed.
func TestBrokenShard(t *testing.T) {
	p := newTalk(t)
	p.open()
	shards, err := filepath.Glob(filepath.Join(p.folder, "train*"))
	if err != nil || len(shards) == 0 {
		t.Fatalf("no shards: %v", err)
	}
	file, err := os.ReadFile(shards[0])
	if err != nil {
		t.Fatal(err)
	}
	file[len(file)/2]++
	if err := os.WriteFile(shards[0], file, 0o600); err != nil {
		t.Fatal(err)
	}
	p.trainer.Send(protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: p.folder}})
	events := p.until(func(e protocol.Event) bool { return e.Type == "error" })
	if got := events[len(events)-1].Message; !strings.Contains(got, "Shard 0") || !strings.Contains(got, "checksum") {
		t.Errorf("error %q", got)
	}
	c := quick()
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	events = p.until(func(e protocol.Event) bool { return e.Type == "error" })
	if got := events[len(events)-1].Message; !strings.Contains(got, "open one first") {
		t.Errorf("error %q", got)
	}
}

// A replay is heard under its own name only, gets no ledger, keeps other requests out and can be stopped.
func TestAPageReplays(t *testing.T) {
	p := newTalk(t)
	p.trainer.Replay = func(ctx context.Context, c protocol.Config, env Environment, progress func(protocol.ReplayAnswer)) protocol.ReplayAnswer {
		if env.Ledger != nil || env.Dataset == nil || c.Mechanism.Name != "standard" {
			t.Errorf("replaying %q with %+v", c.Mechanism.Name, env)
		}
		progress(protocol.ReplayAnswer{NotPrivate: "no", Step: 1})
		<-ctx.Done()
		return protocol.ReplayAnswer{NotPrivate: "no", Done: true, Error: "stopped"}
	}
	c := quick()
	p.trainer.Send(protocol.Request{Type: "replay", ID: 1, Config: &c})
	p.refused("open one first")
	p.open()
	c.Mechanism.Name = "standard"
	p.trainer.Send(protocol.Request{Type: "replay", Config: &c, ID: 7})
	if e := p.hear("replay"); e.ID != 7 || e.Replay.Step != 1 || e.Replay.NotPrivate == "" {
		t.Errorf("heard %+v", e.Replay)
	}
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	p.refused("a replay goes on")
	p.trainer.Send(protocol.Request{Type: "account", ID: 1, Question: &protocol.AccountQuestion{Kind: "epsilon", Segments: "1:0.01:100", Delta: 1e-5}})
	p.hear("account")
	p.trainer.Send(protocol.Request{Type: "stop"})
	if e := p.hear("replay"); !e.Replay.Done || e.Replay.Error != "stopped" {
		t.Errorf("heard %+v", e.Replay)
	}
	ledger := &bench{host: p.trainer.host.(*MemoryHost), dataset: p.trainer.dataset}
	if runs := ledger.ledger(t).Runs(); len(runs) != 0 {
		t.Errorf("the ledger knows of %d runs", len(runs))
	}
	c = quick()
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	p.until(func(e protocol.Event) bool { return e.Type == "step" })
	p.trainer.Send(protocol.Request{Type: "replay", ID: 1, Config: &c})
	p.refused("there is a run")
}

func (p *talk) refused(why string) {
	p.Helper()
	events := p.until(func(e protocol.Event) bool { return e.Type == "error" })
	if got := events[len(events)-1].Message; !strings.Contains(strings.ToLower(got), why) {
		p.Errorf("error %q, want it to say %q", got, why)
	}
}

// diverging is a backend whose gradients leave the finite numbers after some steps.
type diverging struct {
	backend.Backend
	after int
}

func (d *diverging) Step(ctx context.Context, r backend.Request) (dp.Sums, error) {
	s, err := d.Backend.Step(ctx, r)
	if d.after--; d.after < 0 && err == nil {
		s.Gradient[0] = math.Inf(1)
	}
	return s, err
}

// A run without clipping that diverges says so once, with one step and what to change, and is over: nothing repeats it.
func TestDivergence(t *testing.T) {
	p := newTalk(t)
	p.trainer.host.(*MemoryHost).New = func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		b, err := backend.NewPlain(w, train, test)
		return &diverging{b, 6}, err
	}
	p.open()
	c := quick()
	c.NonPrivate = true
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	events := p.until(func(e protocol.Event) bool { return e.Type == "error" })
	said := events[len(events)-1].Message
	if !strings.Contains(said, "diverged at step 7") || !strings.Contains(said, "lower learning rate than 0.5") || strings.Count(said, "step") != 1 {
		t.Errorf("the page hears %q", said)
	}
	for _, e := range events {
		if e.Type == "state" && e.State == "paused" {
			t.Error("the run can be resumed")
		}
	}
	p.trainer.Send(protocol.Request{Type: "resume"})
	p.refused("the run is over")
}
