package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloister/data"
	"cloister/train"
)

// A forecast trains what the file lacks, privately, and nothing twice; sizes that a set does not have are left out.
func TestForecastMeasuresOnce(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "expect.json")
	if err := data.Write(filepath.Join(folder, "digits"), data.Digits(150, 60, 1)); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"forecast", "-file", file, "-data", folder, "-sets", "digits", "-models", "logistic,cifar-cnn-tanh", "-n", "120,1000", "-epsilon", "8", "-seeds", "1"}
	var log bytes.Buffer
	for want := range 2 { // rows told of: one, then none
		log.Reset()
		if err := command(context.Background(), arguments, nil, &log); err != nil {
			t.Fatal(err)
		}
		if told := strings.Count(log.String(), "\n"); told != 1-want {
			t.Errorf("told %d runs: %s", told, log.String())
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []train.Measured
	if err := json.Unmarshal(text, &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if r := rows[0]; r.Kind != data.Image || r.Data != "digits" || r.Records != 120 || r.Classes != 10 || r.BatchSize != 60 || !(r.Accuracy > 0 && r.Accuracy <= 1) {
		t.Errorf("measured %+v", r)
	}
	for _, bad := range []string{"0", "-5", "x", ""} {
		if err := command(context.Background(), []string{"forecast", "-n", bad}, nil, &log); err == nil {
			t.Errorf("%q records are taken", bad)
		}
	}
}
