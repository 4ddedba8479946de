package main

import (
	"encoding/binary"
	"fmt"
	"math"

	"cloister/clip"
	"cloister/cmd/bench/network"
	"cloister/nn"
	"cloister/nn/compile"
)

// The contenders of a network, by the names that its rates go under.
const (
	private     = "private"
	private2    = "private, 2 workers"
	nonPrivate  = "non-private"
	nonPrivate2 = "non-private, 2 workers"
	evaluation  = "evaluation"
	plainGo     = "plain Go, private"
	tfjs        = "TF.js, non-private"
	tfjsTuned   = "TF.js with our input gradient, non-private"
	peak        = "peak"
)

// spec is what the bench's page needs to open a contender (web/src/page.ts).
type spec map[string]any

// rivals are all that takes part in a network's rounds.
type rivals struct {
	lab     *lab
	model   *nn.Model
	records network.Records
	params  []float32
	batch   int
	fma     bool
	modules map[bool]*compile.Module // by whether they are private
	files   map[bool]string
	places  map[bool]compile.Placement
	slices  [2]string // pixels and labels as the compute workers get them
}

func newRivals(l *lab, m *nn.Model, records, batch int, fma bool) (*rivals, error) {
	r := &rivals{lab: l, model: m, records: network.Synthetic(m, records), params: network.Start(m), batch: batch, fma: fma,
		modules: map[bool]*compile.Module{}, files: map[bool]string{}, places: map[bool]compile.Placement{}}
	r.slices = [2]string{l.site.File("pixels", r.records.Pixels), l.site.File("labels", r.records.Labels)}
	scale, shift := r.records.Normal.ScaleShift()
	for _, private := range []bool{true, false} {
		compiled, err := compile.Compile(m, compile.Options{Rule: clip.Rule{}, Scale: scale, Shift: shift, NonPrivate: !private, FMA: fma})
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", m.Name, err)
		}
		if r.places[private], err = compiled.Layout.Place(r.records.Len(), 0); err != nil {
			return nil, err
		}
		r.modules[private] = compiled
		r.files[private] = l.site.File(m.Name+".wasm", compiled.Wasm)
	}
	return r, nil
}

// step is the site's compute workers sharing one step over a batch.
func (r *rivals) step(private bool, workers int) spec {
	p := r.places[private]
	var jobs []spec
	for w := range workers {
		indices := r.sample(w*r.batch/workers, (w+1)*r.batch/workers)
		l := r.modules[private].Layout
		job := r.job("step", p.Pixels[0], p.Labels[0], p.Indices, len(indices), compile.Width(float64(r.batch)/float64(r.records.Len())))
		job.write(l.Coefficients, float64Bytes(1))
		if private {
			job.write(l.Bounds, float64Bytes(1))
		}
		job.write(l.Params, nn.Bytes(r.params))
		job.write(p.Indices, int32Bytes(indices))
		job.read = []int{l.Sum, 8 * l.NumParams, l.Counts, 8 * l.Groups, l.Loss, 8}
		jobs = append(jobs, job.spec(len(indices)))
	}
	return r.compute(private, jobs)
}

// evaluate is one compute worker predicting every record.
func (r *rivals) evaluate() spec {
	p := r.places[true]
	l := r.modules[true].Layout
	n := r.records.Len()
	job := r.job("evaluate", p.Pixels[0], p.Labels[0], 0, n, p.Out)
	job.write(l.Params, nn.Bytes(r.params))
	job.read = []int{p.Out, n, l.Loss, 8}
	return r.compute(true, []spec{job.spec(n)})
}

func (r *rivals) compute(private bool, jobs []spec) spec {
	p := r.places[private]
	return spec{"kind": "compute", "script": r.lab.compute, "module": r.files[private], "pages": p.Pages(),
		"slices": []spec{{"url": r.slices[0], "at": p.Pixels[0]}, {"url": r.slices[1], "at": p.Labels[0]}}, "jobs": jobs}
}

// sample is entries from to up to to of a batch that is spread evenly over the records.
func (r *rivals) sample(from, to int) []int32 {
	var all []int32
	for i := from; i < to; i++ {
		all = append(all, int32(i*r.records.Len()/r.batch))
	}
	return all
}

// job is one call into a compute worker's module.
type job struct {
	lab     *lab
	call    string
	args    []int
	payload []byte
	writes  []int
	read    []int
}

func (r *rivals) job(call string, args ...int) *job { return &job{lab: r.lab, call: call, args: args} }

func (j *job) write(at int, content []byte) {
	j.writes = append(j.writes, at, len(content))
	j.payload = append(j.payload, content...)
}

func (j *job) spec(units int) spec {
	return spec{"call": j.call, "args": j.args, "payload": j.lab.site.File("payload", j.payload), "write": orNone(j.writes),
		"read": orNone(j.read), "units": units}
}

func orNone(s []int) []int { return append([]int{}, s...) } // [] in JSON, not null

func (r *rivals) plain(batch int) spec {
	return spec{"kind": "go", "script": "plain.js", "wasm": "plain.wasm", "call": "step", "question": spec{"model": r.model.Name, "batch": batch}}
}

// tfjs is a non-private step in TF.js, at the quickest of the batch sizes.
func (r *rivals) tfjs(tuned bool, batches []int) (spec, error) {
	d, err := network.Describe(r.model)
	if err != nil {
		return nil, err
	}
	most := 0
	for _, b := range batches {
		most = max(most, b)
	}
	size := r.model.Input.Size()
	images := make([]float32, most*size)
	for i := range most {
		r.records.At(i, images[i*size:(i+1)*size])
	}
	return spec{"kind": "tfjs", "script": "tfjs.js", "tuned": tuned, "model": d, "batches": batches,
		"params": r.lab.site.File("params", nn.Bytes(r.params)), "images": r.lab.site.File("images", nn.Bytes(images)),
		"labels": r.lab.site.File("labels", r.records.Labels[:most])}, nil
}

// peakSpec runs the peak kernel in a compute worker; a unit is 10^9 floating-point operations.
func peakSpec(l *lab, fma bool) spec {
	j := (&job{lab: l, call: "peak", args: []int{peakTurns}}).spec(1)
	j["units"] = float64(peakFlops) / 1e9
	return spec{"kind": "compute", "script": l.compute, "module": l.site.File("peak.wasm", peakModule(fma)), "pages": 1,
		"slices": []spec{}, "jobs": []spec{j}}
}

func float64Bytes(values ...float64) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func int32Bytes(values []int32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}
