package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
	"cloister/cmd/markdown"
)

// trainReport is one configuration, run several times.
type trainReport struct {
	Machine  machine           `json:"machine"`
	Settings map[string]string `json:"settings"`
	Runs     []browser.Report  `json:"runs"`
}

func trainCommand(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	data := flags.String("data", "dist/data/mnist", "`folder` of a packed dataset; empty for the built-in digits")
	model := flags.String("model", "mnist-cnn", "a model of the page")
	epochs := flags.Float64("epochs", 20, "passes over the data")
	batch := flags.Int("batch", 1024, "expected batch size")
	epsilon := flags.Float64("epsilon", 3, "privacy budget")
	more := flags.String("settings", "", "further settings as the page's address has them, \"clip=0.5&rate=1\"")
	features := flags.Bool("features", false, "train on fixed features of the records, which the page computes first, with the settings that it proposes for them")
	mirrored := flags.Bool("mirrored", false, "with -features: a picture's mirror image keeps its meaning")
	runs := flags.Int("runs", 1, "number of runs, each in a browser of its own")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, args, log); err != nil {
		return err
	}
	settings, err := browser.ParseSettings(*more)
	if err != nil {
		fmt.Fprintln(log, err)
		return errArguments
	}
	order := browser.Order{Settings: settings}
	if *features {
		order.Features = &browser.Features{Mirrored: *mirrored}
	} else {
		for key, value := range map[string]string{
			"model": *model, "epochs": strconv.FormatFloat(*epochs, 'g', -1, 64),
			"batch": strconv.Itoa(*batch), "epsilon": strconv.FormatFloat(*epsilon, 'g', -1, 64),
		} {
			settings[key] = value
		}
	}
	report, err := measureTraining(ctx, *data, order, *runs, log)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(out, report)
	}
	return report.document().Write(out)
}

func measureTraining(ctx context.Context, data string, order browser.Order, runs int, log io.Writer) (*trainReport, error) {
	root, err := chromium.Root()
	if err != nil {
		return nil, err
	}
	if data != "" && !filepath.IsAbs(data) {
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
	for key, usual := range map[string]string{"mechanism": "fixed", "rate": "0.5"} { // what figures of other days were measured with
		if order.Features == nil && order.Settings[key] == "" {
			order.Settings[key] = usual
		}
	}
	if name != "" {
		order.Settings["data"] = name
	}
	report := &trainReport{Settings: order.Settings}
	if report.Machine, err = machineOf(ctx); err != nil {
		return nil, err
	}
	for i := range runs {
		r, err := browser.Run(ctx, site, order, log)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(log, "run %d of %d: %.2f s, accuracy %.2f %%\n", i+1, runs, r.Wall, 100*r.Accuracy)
		report.Runs = append(report.Runs, *r)
	}
	return report, nil
}

func (r *trainReport) document() *markdown.Document {
	d := &markdown.Document{}
	d.Line("Machine: %v.", r.Machine)
	r.describe(d)
	return d
}

func (r *trainReport) describe(d *markdown.Document) {
	d.Line("Training through the page, as a person would: %s. Seconds from opening the page, data included, until Train can be clicked; from the click to done, "+
		"with evaluations on the test set on the way; peak of the tab's private memory. Features: seconds until the page has computed them, and until another tab finds them.", r.words())
	d.Row("run", "interactive s", "features s", "found s", "click to done s", "accuracy %", "epsilon", "sigma", "steps", "workers", "peak memory MB")
	for i, run := range r.Runs {
		d.Row(strconv.Itoa(i+1), markdown.Figure(run.Interactive), markdown.Figure(run.Features), markdown.Figure(run.Again), markdown.Figure(run.Wall), fmt.Sprintf("%.2f", 100*run.Accuracy),
			fmt.Sprintf("%.4f", run.Epsilon), fmt.Sprintf("%.5g", run.Sigma), markdown.Whole(run.Steps),
			strconv.Itoa(run.Workers), markdown.Figure(float64(run.Memory)/1e6))
	}
}

// words are the settings in a fixed order.
func (r *trainReport) words() string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(r.Settings)) {
		all = append(all, key+" "+r.Settings[key])
	}
	return strings.Join(all, ", ")
}
