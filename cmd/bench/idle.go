package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// idleReport is the share of the training time that the page's compute workers spend waiting: for the trainer to sample,
// add noise and move the parameters, and for each other.
type idleReport struct {
	Data    string  `json:"data"`
	Batch   int     `json:"batch"`
	Workers int     `json:"workers"`
	Idle    float64 `json:"idle"`
}

// mnistData is where make data leaves the packed MNIST.
const mnistData = "dist/data/mnist"

// measureIdle trains mnist-cnn through the page with diagnostics, which tell it. Steps are timed, evaluations are not.
// Without the data it measures nothing: everything else does without.
func measureIdle(ctx context.Context, root string, epochs float64, log io.Writer) (*idleReport, error) {
	const batch = 1024
	if _, err := os.Stat(filepath.Join(root, mnistData)); err != nil {
		fmt.Fprintf(log, "bench: no packed MNIST in %s (make data brings it): how long compute workers wait is not measured\n", mnistData)
		return nil, nil
	}
	settings := map[string]string{"model": "mnist-cnn", "batch": strconv.Itoa(batch), "epochs": strconv.FormatFloat(epochs, 'g', -1, 64), "diagnostics": "1"}
	report, err := measureTraining(ctx, mnistData, settings, 1, log)
	if err != nil {
		return nil, err
	}
	r := report.Runs[0]
	if r.Idle == nil {
		return nil, fmt.Errorf("bench: the page did not tell how long its compute workers wait")
	}
	return &idleReport{Data: settings["data"], Batch: batch, Workers: r.Workers, Idle: *r.Idle}, nil
}
