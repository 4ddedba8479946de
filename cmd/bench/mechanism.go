package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
	"cloister/cmd/markdown"
	"cloister/train/protocol"
)

// mechanismReport is what mechanisms cost: runs through the page that differ in nothing else, by turns.
type mechanismReport struct {
	Machine machine         `json:"machine"`
	Data    string          `json:"data"`
	Model   string          `json:"model"`
	Batch   int             `json:"batch"`
	Rounds  int             `json:"rounds"`
	Written string          `json:"written,omitempty"` // the mechanism that is compared with itself, in Go and as written on the page
	Of      []mechanismCost `json:"of"`
}

// mechanismCost has a figure of each round.
type mechanismCost struct {
	Title string             `json:"title"`
	Use   protocol.Mechanism `json:"use"`
	Most  float64            `json:"most"` // promised of an epoch's time over the first one's; 0: nothing
	Epoch []float64          `json:"epochS"`
	Wall  []float64          `json:"wallS"` // from the click to done

	page string // on which it runs; "": the training page
}

// compared are the benchmark's standard mechanism, which others are measured by, and our own with and without what it consists of.
func compared() []mechanismCost {
	return []mechanismCost{
		{Title: "fixed clip", Use: protocol.Mechanism{Name: "fixed"}},
		{Title: "correlated noise of many bands", Use: protocol.Mechanism{Name: "cloister", Params: map[string]float64{"damping": 0}}, Most: 1.1},
		{Title: "and whitened gradients", Use: protocol.Mechanism{Name: "cloister"}, Most: 1.6},
	}
}

// twice is one mechanism of the catalogue, and the page's example of the same name, which is written in JavaScript.
func twice(name string) []mechanismCost {
	return []mechanismCost{
		{Title: name + ", in Go", Use: protocol.Mechanism{Name: name}},
		{Title: name + ", written in JavaScript", Use: protocol.Mechanism{Name: name}, Most: 1.4, page: "mechanism.html"},
	}
}

func mechanismCommand(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("mechanism", flag.ContinueOnError)
	data := flags.String("data", "dist/data/mnist", "`folder` of a packed dataset")
	model := flags.String("model", "mnist-cnn", "a model of the page")
	epochs := flags.Float64("epochs", 3, "passes over the data in each run, at least 2")
	batch := flags.Int("batch", 256, "expected batch size")
	rounds := flags.Int("rounds", 4, "runs of each, in an order that turns round each time")
	written := flags.String("written", "", "`name` of an example of the page where mechanisms are written: it is compared with the catalogue's")
	asJSON := flags.Bool("json", false, "print JSON")
	into := flags.String("into", "", "put the table in place of its section of this Markdown `file`")
	if err := parse(flags, args, log); err != nil {
		return err
	}
	if *epochs < 2 || *rounds < 1 {
		fmt.Fprintln(log, "bench mechanism: at least 2 epochs and 1 round")
		return errArguments
	}
	r, err := measureMechanisms(ctx, *data, *model, *written, *epochs, *batch, *rounds, log)
	if err != nil {
		return err
	}
	if *into != "" {
		if err := replaceSection(*into, r); err != nil {
			return err
		}
	}
	if *asJSON {
		return printJSON(out, r)
	}
	return r.document().Write(out)
}

func measureMechanisms(ctx context.Context, data, model, written string, epochs float64, batch, rounds int, log io.Writer) (*mechanismReport, error) {
	root, err := chromium.Root()
	if err != nil {
		return nil, err
	}
	if !filepath.IsAbs(data) {
		data = filepath.Join(root, data)
	}
	if err := browser.Build(ctx, root, log); err != nil {
		return nil, err
	}
	site, name, err := browser.Product(root, data)
	if err != nil {
		return nil, err
	}
	defer site.Close()
	r := &mechanismReport{Data: name, Model: model, Batch: batch, Rounds: rounds, Written: written, Of: compared()}
	if written != "" {
		r.Of = twice(written)
	}
	if r.Machine, err = machineOf(ctx); err != nil {
		return nil, err
	}
	for round := range rounds {
		for i := range r.Of {
			if round%2 == 1 {
				i = len(r.Of) - 1 - i
			}
			m := &r.Of[i]
			order := browser.Order{Page: m.page, Settings: map[string]string{"data": name, "model": model}}
			order.Override, err = browser.Fields(protocol.Config{Model: model, Epsilon: 3, Delta: 1e-5, Epochs: epochs, BatchSize: batch, Mechanism: m.Use,
				ClipNorm: 1, Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9, Schedule: "cosine"})
			if err != nil {
				return nil, err
			}
			if m.page != "" { // it brings its code
				order.Settings["mechanism"] = m.Use.Name
				delete(order.Override, "mechanism")
			}
			run, err := browser.Run(ctx, site, order, io.Discard)
			if err != nil {
				return nil, err
			}
			first, last := run.Epochs[0], run.Epochs[len(run.Epochs)-1]
			m.Epoch = append(m.Epoch, (last.At-first.At)/(last.Epoch-first.Epoch))
			m.Wall = append(m.Wall, run.Wall)
			fmt.Fprintf(log, "round %d of %d, %s: %.2f s an epoch, %.2f s in all\n", round+1, rounds, m.Title, m.Epoch[round], run.Wall)
		}
	}
	return r, nil
}

// ratio is the median over rounds of a time over the first mechanism's.
func (r *mechanismReport) ratio(of func(*mechanismCost) []float64, i int) float64 {
	var each []float64
	for round, v := range of(&r.Of[i]) {
		each = append(each, v/of(&r.Of[0])[round])
	}
	return median(each)
}

const mechanismTitle = "What a mechanism costs: "

func (r *mechanismReport) title() string {
	if r.Written != "" {
		return "What it costs to write a mechanism: " + r.Written
	}
	return mechanismTitle + r.Model
}

func (r *mechanismReport) document() *markdown.Document {
	d := &markdown.Document{}
	d.Line("## %s", r.title())
	flag := ""
	if r.Written != "" {
		flag = " -written " + r.Written
	}
	d.Line("Written by `go run ./cmd/bench mechanism -data dist/data/%s -model %s%s`: runs through the page that differ in the mechanism alone, by turns, there and back, medians of %d rounds; batch %s, "+
		"the browser's own number of compute workers. An epoch's seconds are those from one epoch's end to the next, evaluation included. Machine: %v.",
		r.Data, r.Model, flag, r.Rounds, markdown.Whole(r.Batch), r.Machine)
	d.Row("mechanism", "s an epoch", "times the first", "promised", "click to done s", "times the first")
	for i := range r.Of {
		m, promised := &r.Of[i], ""
		if m.Most > 0 {
			promised = "at most " + markdown.Figure(m.Most)
		}
		d.Row(m.Title, markdown.Figure(median(m.Epoch)), markdown.Figure(r.ratio(func(m *mechanismCost) []float64 { return m.Epoch }, i)), promised,
			markdown.Figure(median(m.Wall)), markdown.Figure(r.ratio(func(m *mechanismCost) []float64 { return m.Wall }, i)))
	}
	return d
}

// replaceSection puts the report where its section is in a file, or at its end.
func replaceSection(file string, r *mechanismReport) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := r.document().Write(&b); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(withSection(string(old), "## "+r.title()+"\n", b.String())), 0o644)
}

// withSection replaces what lies from a heading to the next one of its level.
func withSection(text, heading, section string) string {
	before, after, found := strings.Cut(text, heading)
	if !found {
		return strings.TrimRight(text, "\n") + "\n\n" + section
	}
	rest := ""
	if i := strings.Index(after, "\n## "); i >= 0 {
		rest = after[i:]
	}
	return before + section + rest
}
