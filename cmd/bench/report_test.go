package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"cloister/cmd/bench/network"
)

// sample is a report of two networks whose rates are easy to divide.
func sample() *stepReport {
	rates := func(private, other float64) map[string][]float64 {
		return map[string][]float64{
			"private": {private, private * 2, private * 3}, nonPrivate: {private, private * 2, private * 6},
			private2: {private * 1.9, private * 3.8, private * 5.7}, plainGo: {private / 12, private / 6, private / 4},
			tfjs: {other, other * 2, other * 3}, tfjsTuned: {other * 2, other * 4, other * 6}, peak: {50, 100, 150},
			evaluation: {private * 4, private * 8, private * 12}, nonPrivate2: {1, 1, 1},
		}
	}
	r := &stepReport{
		Rounds: 3, Batch: 1024, Idle: &idleReport{Batch: 1024, Runs: []idleShare{{1, 0.03}, {2, 0.05}}}, Noise: noiseReport{Normals: 26010, Tab: 0.5, Native: 0.4},
		Networks: []networkReport{
			{Name: "mnist-cnn-tanh", Flops: network.Flops{Forward: 1e6, Input: 5e5, Weights: 1e6}, Each: rates(10_000, 1000)},
			{Name: "cifar-cnn", Flops: network.Flops{Forward: 2e7, Input: 1e7, Weights: 2e7}, Each: rates(900, 100)},
		},
	}
	for i := range r.Networks {
		n := &r.Networks[i]
		n.Rates = map[string]float64{}
		for id, each := range n.Each {
			n.Rates[id] = median(each)
		}
	}
	r.ratios()
	return r
}

// Ratios are medians of the rounds' own ratios, each under the pairing whose networks were measured.
func TestRatios(t *testing.T) {
	r := sample()
	for _, c := range []struct {
		of   map[string]float64
		key  string
		want float64
	}{
		{r.Ratios, "mnist_private_over_plain", 12},
		{r.Ratios, "mnist_private_over_tfjs", 10},
		{r.Ratios, "mnist_private_over_tfjs_tuned", 5},
		{r.Ratios, "mnist_private_over_nonprivate", 1},
		{r.Ratios, "mnist_of_peak", 10_000 * 2.5e6 / 50e9},
		{r.Ratios, "workers2_over_1", 1.9},
		{r.Ratios, "mnist_evaluation_of_epoch", 1.0 / 4 / 6},
		{r.NamedRatios, "cifar_private_over_tfjs", 9},
		{r.NamedRatios, "cifar_private_over_nonprivate", 1},
		{r.NamedRatios, "cifar_of_peak", 900 * 5e7 / 50e9},
	} {
		if got := c.of[c.key]; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s is %v, want %v", c.key, got, c.want)
		}
	}
	for _, absent := range []struct {
		of  map[string]float64
		key string
	}{{r.Ratios, "cifar_of_peak"}, {r.NamedRatios, "mnist_of_peak"}} {
		if v, ok := absent.of[absent.key]; ok {
			t.Errorf("%s is %v of a network that was not measured", absent.key, v)
		}
	}
}

func TestReportDocument(t *testing.T) {
	var b strings.Builder
	if err := sample().document().Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| MNIST: private step / plain Go in wasm ", "at least 12.0", "**cifar-cnn**", "| private ", "20,000", "waited 5 %", "batch 1,024",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestMedianAndDistance(t *testing.T) {
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median of three is %v", m)
	}
	if m := median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("median of four is %v", m)
	}
	if d := distance([]float64{3, 4.5}, []float64{3, 4}); math.Abs(d-0.1) > 1e-12 {
		t.Errorf("distance %v, want 0.1", d)
	}
	if d := distance([]float64{1}, []float64{1, 2}); !math.IsInf(d, 1) {
		t.Errorf("distance of unequal lengths is %v", d)
	}
}

// The peak kernel computes what it should: every lane tends to 2, and no accumulator is idle.
func TestPeakModule(t *testing.T) {
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	module, err := runtime.Instantiate(ctx, peakModule(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := module.ExportedFunction("peak").Call(ctx, 1); err != nil {
		t.Fatal(err)
	}
	memory, _ := module.Memory().Read(0, 16*peakAccumulators)
	want := float32(2 - math.Pow(2, 1-peakUnroll)) // after n turns from zero: 2 - 2^(1-n)
	for i := range 4 * peakAccumulators {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(memory[4*i:])); got != want {
			t.Errorf("lane %d is %v, want %v", i, got, want)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"fly"}, {"step", "-fast"}, {"train", "now"}, {"train", "-settings", "%zz"}, {"account", "-runs", "x"}} {
		var log bytes.Buffer
		if status := dispatch(t.Context(), args, &bytes.Buffer{}, &log); status != 2 || log.Len() == 0 {
			t.Errorf("%q: status %d, said %q", args, status, log.String())
		}
	}
}

// TF.js computes the reference's gradient on every network that is timed, in both forms.
func TestTfjsGradient(t *testing.T) {
	if _, err := os.Stat(filepath.Join("web", "node_modules")); err != nil {
		t.Skip("TF.js is not there: 'npm ci' in cmd/bench/web brings it; every bench step makes this check itself")
	}
	l, err := openLab(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	models, err := network.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		r, err := newRivals(l, m, 8, 8, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, tuned := range []bool{false, true} {
			s, err := r.tfjs(tuned, []int{4})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.tab.Call("bench.open", nil, "tfjs", s); err != nil {
				t.Fatal(err)
			}
			if err := checkGradient(r, "tfjs"); err != nil {
				t.Errorf("%s, tuned %v: %v", m.Name, tuned, err)
			}
			if err := l.tab.Call("bench.close", nil, "tfjs"); err != nil {
				t.Error(err)
			}
		}
	}
}
