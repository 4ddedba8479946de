package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"cloister/cmd/browser"
)

// idleReport is the share of the training time that the page's compute workers spend waiting: for the trainer to sample,
// add noise and move the parameters, and for each other.
type idleReport struct {
	Data  string      `json:"data"`
	Batch int         `json:"batch"`
	Runs  []idleShare `json:"runs"` // one compute worker, which the promise is about, and one per processor
}

type idleShare struct {
	Workers int     `json:"workers"`
	Idle    float64 `json:"idle"`
}

// mnistData is where make data leaves the packed MNIST.
const mnistData = "dist/data/mnist"

// measureIdle trains mnist-cnn through the page with diagnostics, which tell it. Steps are timed, evaluations are not.
// Without the data it measures nothing.
func measureIdle(ctx context.Context, root string, epochs float64, log io.Writer) (*idleReport, error) {
	const batch = 1024
	if _, err := os.Stat(filepath.Join(root, mnistData)); err != nil {
		fmt.Fprintf(log, "bench: no packed MNIST in %s (make data brings it): how long compute workers wait, and how long a training run takes, is not measured\n", mnistData)
		return nil, nil
	}
	report := &idleReport{Batch: batch}
	for _, workers := range []string{"1", "0"} {
		settings := map[string]string{"model": "mnist-cnn", "batch": strconv.Itoa(batch), "epochs": strconv.FormatFloat(epochs, 'g', -1, 64),
			"workers": workers, "diagnostics": "1"}
		trained, err := measureTraining(ctx, mnistData, browser.Order{Settings: settings}, 1, log)
		if err != nil {
			return nil, err
		}
		r := trained.Runs[0]
		if r.Idle == nil {
			return nil, fmt.Errorf("bench: the page did not tell how long its compute workers wait")
		}
		report.Data = settings["data"]
		report.Runs = append(report.Runs, idleShare{r.Workers, *r.Idle})
	}
	return report, nil
}
