package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
	"cloister/cmd/experiments/experiment"
	"cloister/cmd/experiments/queue"
)

// laboratory carries out runs and keeps results.json and tables.md up to date after each.
type laboratory struct {
	root      string
	dir, data string
	only      []string
	until     time.Time // zero: no limit
	atOnce    int
	native    bool // not through the page
	queue     queue.Options
	carryOut  func(context.Context, experiment.Run) (experiment.Row, error)
	log       io.Writer

	plans     []experiment.Plan
	published []experiment.Published
	rows      []experiment.Row
	failed    map[string]bool
	tabled    time.Time // when the tables were last written
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

// run trains through the page, with the configuration that the run asks for.
func (l *laboratory) run(ctx context.Context, r experiment.Run) (experiment.Row, error) {
	if l.native {
		return native(ctx, filepath.Join(l.data, r.Folder()), r)
	}
	site, name, err := browser.Product(l.root, filepath.Join(l.data, r.Folder()))
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
	row := r.Of()
	row.EpsilonUpper, row.EpsilonLower, row.Delta, row.Sampling = report.Epsilon, report.EpsilonLow, report.Delta, report.Sampler
	row.Sigma, row.Steps, row.Accuracy, row.Wall = report.Sigma, report.Steps, report.Accuracy, report.Wall
	return row, nil
}

func (l *laboratory) tables() error {
	l.tabled = time.Now()
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
