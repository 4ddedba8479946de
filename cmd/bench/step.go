package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"cloister/cmd/bench/network"
	"cloister/cmd/markdown"
	"cloister/nn"
	"cloister/nn/compile"
)

// stepPlan is how long and how often is measured.
type stepPlan struct {
	rounds  int     // that count; one more comes first, to warm up
	ms      float64 // of each contender in each round
	batch   int
	tfjs    []int // batch sizes to choose from
	records map[string]int

	idleEpochs float64 // of the run that shows how long compute workers wait
}

func newStepPlan(quick bool) stepPlan {
	p := stepPlan{rounds: 8, ms: 1000, batch: 1024, tfjs: []int{16, 32, 128}, idleEpochs: 5,
		records: map[string]int{"mnist": 10_000, "cifar": 2048}}
	if quick {
		p.rounds, p.ms, p.batch, p.tfjs, p.idleEpochs = 3, 300, 128, []int{32}, 1
		p.records = map[string]int{"mnist": 1024, "cifar": 256}
	}
	return p
}

func stepCommand(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("step", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON: the ratios under \"ratios\", every figure beside them")
	quick := flags.Bool("quick", false, "a small batch and few, short rounds: to see that all works, not for figures")
	file := flags.String("out", "", "write the tables to this Markdown `file` too, with the accountant's and a training run's")
	only := flags.String("only", "", "measure the one `network` of this name")
	if err := parse(flags, args, log); err != nil {
		return err
	}
	report, err := measureSteps(ctx, newStepPlan(*quick), *only, log)
	if err != nil {
		return err
	}
	if *file != "" {
		if err := report.addTheRest(ctx, *quick, log); err != nil {
			return err
		}
		if err := report.document().WriteFile(*file); err != nil {
			return err
		}
	}
	if *asJSON {
		return printJSON(out, report)
	}
	return report.document().Write(out)
}

func measureSteps(ctx context.Context, plan stepPlan, only string, log io.Writer) (*stepReport, error) {
	l, err := openLab(ctx, log)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.mountSite(ctx, log); err != nil {
		return nil, err
	}
	report := &stepReport{Batch: plan.batch, Rounds: plan.rounds}
	if report.Machine, err = describeMachine(l.tab); err != nil {
		return nil, err
	}
	if err := l.tab.Call("bench.validates", &report.FMA, l.site.File("fma.wasm", compile.FMAProbe)); err != nil {
		return nil, err
	}
	if report.Noise, err = measureNoise(ctx, l.root); err != nil {
		return nil, err
	}
	if report.Idle, err = measureIdle(ctx, l.root, plan.idleEpochs, log); err != nil {
		return nil, err
	}
	models, err := network.All()
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if only != "" && only != m.Name {
			continue
		}
		n, err := measureNetwork(l, m, plan, report.FMA, log)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		report.Networks = append(report.Networks, *n)
	}
	report.ratios()
	return report, nil
}

// measureNetwork opens a network's contenders, proves that TF.js computes the same gradient, and times all by turns.
func measureNetwork(l *lab, m *nn.Model, plan stepPlan, fma bool, log io.Writer) (*networkReport, error) {
	family, _, _ := strings.Cut(m.Name, "-")
	r, err := newRivals(l, m, plan.records[family], plan.batch, fma)
	if err != nil {
		return nil, err
	}
	flops, err := network.Count(m)
	if err != nil {
		return nil, err
	}
	n := &networkReport{Name: m.Name, Parameters: m.NumParams(), Flops: flops, Records: r.records.Len(), Rates: map[string]float64{}, Each: map[string][]float64{}}
	if err := l.tab.Call("bench.startUp", &n.Module, r.files[true], 9); err != nil {
		return nil, err
	}
	ids, err := openAll(r, plan, n, log)
	defer func() {
		for _, id := range ids {
			l.tab.Call("bench.close", nil, id)
		}
	}()
	if err != nil {
		return nil, err
	}
	for _, id := range []string{tfjs, tfjsTuned} {
		if err := checkGradient(r, id); err != nil {
			return nil, err
		}
	}
	return n, rounds(l, n, ids, plan, log)
}

func openAll(r *rivals, plan stepPlan, n *networkReport, log io.Writer) (ids []string, err error) {
	plainBatch := 16
	if r.model.Input.C > 1 {
		plainBatch = 2
	}
	specs := map[string]spec{
		private: r.step(true, 1), private2: r.step(true, 2), nonPrivate: r.step(false, 1), nonPrivate2: r.step(false, 2),
		evaluation: r.evaluate(), plainGo: r.plain(plainBatch), peak: peakSpec(r.lab, r.fma),
	}
	if specs[tfjs], err = r.tfjs(false, plan.tfjs); err != nil {
		return nil, err
	}
	if specs[tfjsTuned], err = r.tfjs(true, plan.tfjs); err != nil {
		return nil, err
	}
	for _, id := range contenders {
		fmt.Fprintf(log, "%s: opening %s\n", r.model.Name, id)
		var about struct{ Batch int }
		if err := r.lab.tab.Call("bench.open", &about, id, specs[id]); err != nil {
			return ids, err
		}
		if id == tfjs {
			n.TfjsBatch = about.Batch
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// contenders in the order of a round: those whose ratios matter most stand next to each other. Rounds go there and back
// by turns, so that neither of two neighbours always comes first, and what drifts cancels.
var contenders = []string{nonPrivate, private, private2, nonPrivate2, peak, plainGo, tfjs, tfjsTuned, evaluation}

func rounds(l *lab, n *networkReport, ids []string, plan stepPlan, log io.Writer) error {
	for round := range plan.rounds + 1 {
		rates := map[string]float64{}
		if err := l.tab.Call("bench.round", &rates, ids, plan.ms); err != nil {
			return err
		}
		slices.Reverse(ids)
		fmt.Fprintf(log, "%s: round %d of %d: private %s samples/s, peak %s GFLOP/s\n", n.Name, round, plan.rounds, markdown.Figure(rates[private]), markdown.Figure(rates[peak]))
		if round == 0 {
			continue
		}
		for _, id := range ids {
			n.Each[id] = append(n.Each[id], rates[id])
		}
	}
	for id, each := range n.Each {
		n.Rates[id] = median(each)
	}
	return nil
}

// checkGradient insists that TF.js trains the same network: its gradient, summed over a few records, must be the
// reference's. Float32 sums in another order differ by about 1e-6.
func checkGradient(r *rivals, id string) error {
	const count, tolerance = 4, 1e-4
	reference, err := nn.NewReference(r.model)
	if err != nil {
		return err
	}
	want, grad, x := make([]float64, len(r.params)), make([]float32, len(r.params)), make([]float32, r.model.Input.Size())
	loss := 0.0
	for i := range count {
		label := r.records.At(i, x)
		loss += reference.Gradient(r.params, x, label, grad)
		for j, g := range grad {
			want[j] += float64(g)
		}
	}
	var got struct {
		Loss     float64
		Gradient []float64
	}
	if err := r.lab.tab.Call("bench.ask", &got, id, spec{"op": "gradient", "count": count}); err != nil {
		return err
	}
	if d := distance(got.Gradient, want); !(d < tolerance) || !(math.Abs(got.Loss-loss) < tolerance*loss) {
		return fmt.Errorf("bench: %s computes another gradient than nn: relative distance %.3g, loss %g and %g", id, d, got.Loss, loss)
	}
	return nil
}

// distance is relative, in the L2 norm.
func distance(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference, size := 0.0, 0.0
	for i, w := range want {
		difference += (got[i] - w) * (got[i] - w)
		size += w * w
	}
	return math.Sqrt(difference / size)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
