package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"cloister/cmd/bench/network"
	"cloister/cmd/browser"
	"cloister/cmd/markdown"
)

// stepReport is everything that `bench step` measured. Rates are samples a second, medians over the rounds.
type stepReport struct {
	Machine  machine         `json:"machine"`
	FMA      bool            `json:"fma"`
	Batch    int             `json:"batch"`
	Rounds   int             `json:"rounds"`
	Networks []networkReport `json:"networks"`
	Noise    noiseReport     `json:"noise"`
	Idle     *idleReport     `json:"idle"`

	Account  *accountReport `json:"account,omitempty"` // where the whole of docs/performance.md is written
	Training *trainReport   `json:"training,omitempty"`

	// The ratios of the networks without ReLU and without group normalisation, and of the benchmark's named networks.
	RatioNetworks      pairing            `json:"ratioNetworks"`
	Ratios             map[string]float64 `json:"ratios"`
	NamedRatioNetworks pairing            `json:"ratiosNamedNetworks"`
	NamedRatios        map[string]float64 `json:"ratiosNamed"`
}

// pairing says which network stands for each dataset.
type pairing struct {
	MNIST string `json:"mnist"`
	CIFAR string `json:"cifar"`
}

// networkReport is one network's rates.
type networkReport struct {
	Name       string               `json:"name"`
	Parameters int                  `json:"parameters"`
	Flops      network.Flops        `json:"flops"`   // a sample
	Records    int                  `json:"records"` // that a compute worker holds
	TfjsBatch  int                  `json:"tfjsBatch"`
	Module     moduleReport         `json:"module"` // of the private step
	Rates      map[string]float64   `json:"rates"`  // peak: GFLOP/s
	Each       map[string][]float64 `json:"each"`   // of every round
}

// moduleReport is a compiled module's size and start-up.
type moduleReport struct {
	Bytes         int     `json:"bytes"`
	CompileMs     float64 `json:"compileMs"`
	InstantiateMs float64 `json:"instantiateMs"`
}

// goal is a ratio that is promised.
type goal struct {
	key, text   string
	least, most float64 // 0: none
}

// goals of each pairing, in the order of the table.
var goals = []goal{
	{key: "mnist_private_over_plain", text: "MNIST: private step / plain Go in wasm", least: 12},
	{key: "mnist_private_over_tfjs", text: "MNIST: private / TF.js non-private", least: 10},
	{key: "cifar_private_over_tfjs", text: "CIFAR-10: private / TF.js non-private", least: 5.5},
	{key: "mnist_private_over_nonprivate", text: "MNIST: private / own non-private", least: 0.95},
	{key: "cifar_private_over_nonprivate", text: "CIFAR-10: private / own non-private", least: 0.97},
	{key: "mnist_of_peak", text: "MNIST: GFLOP/s of the step / 128-bit peak", least: 0.70},
	{key: "cifar_of_peak", text: "CIFAR-10: GFLOP/s of the step / 128-bit peak", least: 0.75},
	{key: "workers2_over_1", text: "MNIST: 2 workers / 1", least: 1.85},
	{key: "mnist_private_over_tfjs_tuned", text: "MNIST: private / TF.js non-private with our input gradient"},
	{key: "cifar_private_over_tfjs_tuned", text: "CIFAR-10: private / TF.js non-private with our input gradient"},
	{key: "mnist_evaluation_of_epoch", text: "MNIST: evaluating 10,000 images / an epoch's time", most: 0.08},
}

func (r *stepReport) ratios() {
	r.RatioNetworks = pairing{"mnist-cnn-tanh", "cifar-ungrouped-tanh"}
	r.NamedRatioNetworks = pairing{"mnist-cnn", "cifar-cnn"}
	r.Ratios = r.ratiosOf(r.RatioNetworks)
	r.NamedRatios = r.ratiosOf(r.NamedRatioNetworks)
}

func (r *stepReport) ratiosOf(p pairing) map[string]float64 {
	ratios := map[string]float64{}
	if n := r.network(p.MNIST); n != nil {
		ratios["mnist_private_over_plain"] = n.ratio(private, plainGo)
		ratios["mnist_private_over_tfjs"] = n.ratio(private, tfjs)
		ratios["mnist_private_over_tfjs_tuned"] = n.ratio(private, tfjsTuned)
		ratios["mnist_private_over_nonprivate"] = n.ratio(private, nonPrivate)
		ratios["mnist_of_peak"] = n.ratio(private, peak) * n.gflop()
		ratios["workers2_over_1"] = n.ratio(private2, private)
		const epoch, test = 60_000, 10_000
		ratios["mnist_evaluation_of_epoch"] = n.ratio(private, evaluation) * test / epoch
	}
	if n := r.network(p.CIFAR); n != nil {
		ratios["cifar_private_over_tfjs"] = n.ratio(private, tfjs)
		ratios["cifar_private_over_tfjs_tuned"] = n.ratio(private, tfjsTuned)
		ratios["cifar_private_over_nonprivate"] = n.ratio(private, nonPrivate)
		ratios["cifar_of_peak"] = n.ratio(private, peak) * n.gflop()
	}
	return ratios
}

// addTheRest measures what a reader of the whole document wants besides: a training run and the accountant.
func (r *stepReport) addTheRest(ctx context.Context, quick bool, log io.Writer) (err error) {
	settings := map[string]string{"model": "mnist-cnn", "epochs": "20", "batch": "1024", "epsilon": "3"}
	trainings, questions := 3, 5
	if quick {
		settings["epochs"], trainings, questions = "2", 1, 1
	}
	if r.Idle != nil { // the data are there
		if r.Training, err = measureTraining(ctx, mnistData, browser.Order{Settings: settings}, trainings, log); err != nil {
			return err
		}
	}
	r.Account, err = measureAccount(ctx, questions, log)
	return err
}

func (r *stepReport) network(name string) *networkReport {
	for i := range r.Networks {
		if r.Networks[i].Name == name {
			return &r.Networks[i]
		}
	}
	return nil
}

// ratio is the median over the rounds of the two rates' ratio within a round: what slows a whole round cancels.
func (n *networkReport) ratio(over, under string) float64 {
	var each []float64
	for i, v := range n.Each[over] {
		each = append(each, v/n.Each[under][i])
	}
	return median(each)
}

// gflop is 10^9 floating-point operations of one sample's step.
func (n *networkReport) gflop() float64 { return float64(n.Flops.Total()) / 1e9 }

func (r *stepReport) document() *markdown.Document {
	d := &markdown.Document{}
	d.Line("# Performance")
	d.Line("Written by `go run ./cmd/bench step`, in one tab of headless Chromium: every contender by turns, there and back, medians of %d rounds, batch %s "+
		"where no other is named. Machine: %v. Relaxed SIMD (fused multiply-add): %s.", r.Rounds, markdown.Whole(r.Batch), r.Machine, yesNo(r.FMA))
	r.promises(d)
	d.Line("## Rates")
	for i := range r.Networks {
		r.Networks[i].rates(d)
	}
	if r.Training != nil {
		d.Line("## A whole run")
		r.Training.describe(d)
	}
	if r.Account != nil {
		d.Line("## The accountant")
		r.Account.describe(d)
	}
	d.Line("## How it is counted")
	d.Line(method)
	return d
}

// promises is the table of ratios beside what was promised.
func (r *stepReport) promises(d *markdown.Document) {
	d.Line("## Ratios")
	d.Row("ratio", "promised", r.RatioNetworks.MNIST+", "+r.RatioNetworks.CIFAR, r.NamedRatioNetworks.MNIST+", "+r.NamedRatioNetworks.CIFAR)
	for _, g := range goals {
		promised := ""
		switch {
		case g.least > 0:
			promised = "at least " + markdown.Figure(g.least)
		case g.most > 0:
			promised = "at most " + markdown.Figure(g.most)
		}
		d.Row(g.text, promised, orDash(r.Ratios, g.key), orDash(r.NamedRatios, g.key))
	}
	d.Line("Drawing %s normal variates for the noise takes %s ms in the tab and %s ms natively (promised: at most 1 ms in the tab).",
		markdown.Whole(r.Noise.Normals), markdown.Figure(r.Noise.Tab), markdown.Figure(r.Noise.Native))
	if r.Idle == nil {
		return
	}
	d.Line("In a run of the page on MNIST (batch %s) a single compute worker waited %.2g %% of the time (promised: at most 6 %%). Of %d workers, which then share "+
		"the processors with the trainer and the page, each waited %.2g %%.",
		markdown.Whole(r.Idle.Batch), 100*r.Idle.Runs[0].Idle, r.Idle.Runs[1].Workers, 100*r.Idle.Runs[1].Idle)
}

func (n *networkReport) rates(d *markdown.Document) {
	d.Line("**%s**: %s parameters, %s MFLOP a sample (%s forward, %s by the input, %s by the weights). Module: %s bytes, compiled in %s ms, instantiated in %s ms.",
		n.Name, markdown.Whole(n.Parameters), markdown.Figure(float64(n.Flops.Total())/1e6), markdown.Figure(float64(n.Flops.Forward)/1e6),
		markdown.Figure(float64(n.Flops.Input)/1e6), markdown.Figure(float64(n.Flops.Weights)/1e6),
		markdown.Whole(n.Module.Bytes), markdown.Figure(n.Module.CompileMs), markdown.Figure(n.Module.InstantiateMs))
	d.Row("step", "samples/s", "GFLOP/s", "of the peak")
	for _, id := range contenders {
		rate := n.Rates[id]
		switch id {
		case peak:
			d.Row("this core's 128-bit peak", "", markdown.Figure(rate), "")
		case evaluation:
			d.Row(id+" (forward only)", markdown.Figure(rate), "", "")
		case tfjs:
			d.Row(fmt.Sprintf("%s (batch %d)", id, n.TfjsBatch), markdown.Figure(rate), markdown.Figure(rate*n.gflop()), markdown.Figure(n.ratio(id, peak)*n.gflop()))
		default:
			d.Row(id, markdown.Figure(rate), markdown.Figure(rate*n.gflop()), markdown.Figure(n.ratio(id, peak)*n.gflop()))
		}
	}
}

const method = `A sample's floating-point operations are counted from the layers: 2 for each multiply-add of a convolution or a linear
layer, once forward, once for the gradient of the weights, and once for the gradient of the input, except in the first
layer that learns, whose input needs none. Taps on zero padding count. Vector padding, packing, activations, pooling,
normalisation, norms and clipping do not: they are overhead. The peak is measured in the same rounds: twelve
independent accumulators of a multiply-add (relaxed_madd where the browser has it) on four floats. What has waited for
others is slow at first: the first fifth of a second of a turn does not count, unless one unit of work takes the turn.

A step of the compiled module is what the trainer asks of a compute worker: parameters, bounds and indices in, the
float64 sum, counts and loss out, by the site's own worker script and messages. Plain Go is nn's reference, clipping
included, compiled by the Go toolchain.

TF.js runs in a worker, on its wasm backend, with SIMD and one thread, at the quickest of several batch sizes, without
privacy, on images that were normalised beforehand. The gradient of a convolution's filter, which that backend lacks,
is made of kernels that it has (a convolution in which batch and channels change places, which is quicker than im2col
and matMul); its gradient of max pooling, which loses windows without a positive value, is repaired. "With our input
gradient" replaces a kernel that it does have by a quicker composition, for stride 1. Before it is timed its gradient
is compared with nn's reference.`

func orDash(ratios map[string]float64, key string) string {
	if v, ok := ratios[key]; ok && !math.IsNaN(v) {
		return markdown.Figure(v)
	}
	return "-"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
