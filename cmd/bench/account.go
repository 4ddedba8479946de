package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"cloister/cmd/bench/accounting"
	"cloister/cmd/markdown"
)

// accountReport is the accountant's speed on both sides.
type accountReport struct {
	Machine machine             `json:"machine"`
	Native  []accounting.Timing `json:"native"`
	Tab     []accounting.Timing `json:"tab"`
}

func accountCommand(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("account", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON")
	runs := flags.Int("runs", 5, "times that each question is asked")
	if err := parse(flags, args, log); err != nil {
		return err
	}
	report, err := measureAccount(ctx, *runs, log)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(out, report)
	}
	return report.document().Write(out)
}

func measureAccount(ctx context.Context, runs int, log io.Writer) (*accountReport, error) {
	l, err := openLab(ctx, log)
	if err != nil {
		return nil, err
	}
	defer l.close()
	r := &accountReport{}
	if r.Machine, err = describeMachine(l.tab); err != nil {
		return nil, err
	}
	if r.Native, err = accounting.Measure(runs); err != nil {
		return nil, err
	}
	spec := map[string]any{"kind": "go", "script": "plain.js", "wasm": "plain.wasm", "call": "account", "question": runs}
	if err := l.tab.Call("bench.open", nil, "account", spec); err != nil {
		return nil, err
	}
	return r, l.tab.Call("bench.ask", &r.Tab, "account", nil)
}

func (r *accountReport) document() *markdown.Document {
	d := &markdown.Document{}
	d.Line("Machine: %v.", r.Machine)
	r.describe(d)
	return d
}

func (r *accountReport) describe(d *markdown.Document) {
	d.Line("The accountant's speed, medians of %d.", len(r.Native[0].Each))
	d.Row("question", "answer", "native ms", "at most", "in a tab ms", "at most")
	for i, n := range r.Native {
		tab := r.Tab[i]
		d.Row(n.Question, n.Answer, markdown.Figure(n.Ms), markdown.Figure(n.Native), markdown.Figure(tab.Ms), markdown.Figure(n.InTab))
	}
	for i, n := range r.Native {
		if n.GapMost > 0 {
			d.Line("The bounds of %s are %.3g %% apart (promised: at most %.3g %%).", n.Question, 100*n.Gap, 100*n.GapMost)
		}
		if r.Tab[i].Answer != n.Answer {
			d.Line("The tab's answer to %s: %s.", n.Question, r.Tab[i].Answer)
		}
	}
}

func printJSON(out io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}
