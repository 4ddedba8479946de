package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
	"cloister/cmd/experiments/experiment"
)

// laboratory carries out runs and keeps results.json and tables.md up to date after each.
type laboratory struct {
	root      string
	dir, data string
	only      []string
	until     time.Time // zero: no limit
	atOnce    int
	native    bool // not through the page
	log       io.Writer

	plans     []experiment.Plan
	published []experiment.Published
	rows      []experiment.Row
	running   map[string]bool
	failed    map[string]bool
}

func (l *laboratory) open() error {
	var err error
	if l.root, err = chromium.Root(); err != nil {
		return err
	}
	for _, path := range []*string{&l.dir, &l.data} {
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(l.root, *path)
		}
	}
	if l.plans, err = experiment.Load(l.dir); err != nil {
		return err
	}
	if l.published, err = experiment.ReadPublished(filepath.Join(l.dir, "published.json")); err != nil {
		return err
	}
	l.rows, err = experiment.ReadRows(l.results())
	return err
}

func (l *laboratory) results() string { return filepath.Join(l.dir, "results.json") }

// ended is a run that was carried out, or what kept it from that.
type ended struct {
	run experiment.Run
	row experiment.Row
	err error
}

// runAll goes on until nothing is missing: trials that are done make further runs known. A run that fails does not keep
// the others from running.
func (l *laboratory) runAll(ctx context.Context) error {
	l.running, l.failed = map[string]bool{}, map[string]bool{}
	results := make(chan ended)
	for {
		if err := l.begin(ctx, results); err != nil {
			return err
		}
		if len(l.running) == 0 {
			break
		}
		if err := l.end(<-results); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(l.failed) > 0:
		return fmt.Errorf("experiments: %d runs failed: %s", len(l.failed), strings.Join(slices.Sorted(maps.Keys(l.failed)), ", "))
	}
	return l.save()
}

// begin starts runs, in the plans' order, while there is room and time for them.
func (l *laboratory) begin(ctx context.Context, results chan<- ended) error {
	missing, _, err := experiment.Missing(l.plans, l.rows)
	if err != nil {
		return err
	}
	for _, r := range experiment.Select(missing, l.only) {
		late := !l.until.IsZero() && time.Now().After(l.until)
		if late || ctx.Err() != nil || len(l.running) == l.atOnce {
			break
		}
		if l.running[r.Key()] || l.failed[r.Key()] {
			continue
		}
		l.running[r.Key()] = true
		go func() {
			row, err := l.run(ctx, r)
			results <- ended{r, row, err}
		}()
	}
	return nil
}

// end notes what a run came to.
func (l *laboratory) end(e ended) error {
	delete(l.running, e.run.Key())
	if e.err != nil {
		fmt.Fprintf(l.log, "%s: %v\n", e.run.Key(), e.err)
		l.failed[e.run.Key()] = true
		return nil
	}
	l.rows = experiment.Add(l.rows, e.row)
	fmt.Fprintf(l.log, "%s: accuracy %.2f %%, epsilon %.4f, %.0f s\n", e.run.Key(), 100*e.row.Accuracy, e.row.EpsilonUpper, e.row.Wall)
	return l.save()
}

// run trains through the page, with the configuration that the run asks for.
func (l *laboratory) run(ctx context.Context, r experiment.Run) (experiment.Row, error) {
	if l.native {
		return native(ctx, filepath.Join(l.data, r.Dataset), r)
	}
	site, name, err := browser.Product(l.root, filepath.Join(l.data, r.Dataset))
	if err != nil {
		return experiment.Row{}, err
	}
	defer site.Close()
	r.Config.Workers = runtime.NumCPU() / l.atOnce
	override, err := browser.Fields(r.Config)
	if err != nil {
		return experiment.Row{}, err
	}
	report, err := browser.Run(ctx, site, browser.Order{Settings: map[string]string{"data": name, "model": r.Config.Model}, Override: override}, io.Discard)
	if err != nil {
		return experiment.Row{}, err
	}
	if !(report.Epsilon <= r.Config.Epsilon) {
		return experiment.Row{}, fmt.Errorf("experiments: epsilon %v is above the target %v", report.Epsilon, r.Config.Epsilon)
	}
	row := r.Of()
	row.EpsilonUpper, row.EpsilonLower, row.Delta, row.Sampling = report.Epsilon, report.EpsilonLow, report.Delta, report.Sampler
	row.Sigma, row.Steps, row.Accuracy, row.Wall = report.Sigma, report.Steps, report.Accuracy, report.Wall
	return row, nil
}

func (l *laboratory) save() error {
	if err := experiment.WriteRows(l.results(), l.rows); err != nil {
		return err
	}
	tables, err := experiment.Tables(l.plans, l.rows, l.published)
	if err != nil {
		return err
	}
	return tables.WriteFile(filepath.Join(l.dir, "tables.md"))
}

func (l *laboratory) list(out io.Writer) error {
	missing, waiting, err := experiment.Missing(l.plans, l.rows)
	if err != nil {
		return err
	}
	missing = experiment.Select(missing, l.only)
	for _, r := range missing {
		fmt.Fprintln(out, r.Key())
	}
	fmt.Fprintf(out, "%d runs done, %d missing, %d wait for trials; go run ./cmd/experiments%s resumes\n",
		len(l.rows), len(missing), waiting, onlyFlag(l.only))
	return nil
}

func onlyFlag(only []string) string {
	if len(only) == 0 {
		return ""
	}
	return " -only " + strings.Join(only, ",")
}
