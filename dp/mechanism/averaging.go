package mechanism

// Averaging replaces the parameters that are evaluated and kept by an average over the run: a function of released
// values, which costs nothing. The optimiser goes on from its own parameters. State is a checkpoint's to keep.
type Averaging interface {
	// Add takes the parameters after a step (from 0).
	Add(step int, params []float32)
	// Average sets dst to the average so far; before the first Add it leaves dst as it is.
	Average(dst []float32)
	AppendState(b []byte) []byte
	SetState(b []byte) error
}

// emaParams is a bias-corrected exponential moving average of parameters (De et al. 2022, "Unlocking High-Accuracy
// Differentially Private Image Classification through Scale", Section 3.4, whose decay warms up for the same end).
type emaParams struct {
	decay   float64
	m, mass []float64
}

func newEMAParams(decay float64, dim int) *emaParams {
	return &emaParams{decay: decay, m: make([]float64, dim), mass: make([]float64, 1)}
}

func (e *emaParams) Add(_ int, params []float32) {
	m := e.m[:len(params)]
	for i, x := range params {
		m[i] += (1 - e.decay) * (float64(x) - m[i])
	}
	e.mass[0] += (1 - e.decay) * (1 - e.mass[0])
}

func (e *emaParams) Average(dst []float32) {
	if e.mass[0] == 0 {
		return
	}
	for i, x := range e.m {
		dst[i] = float32(x / e.mass[0])
	}
}

func (e *emaParams) state() [][]float64          { return [][]float64{e.m, e.mass} }
func (e *emaParams) AppendState(b []byte) []byte { return appendVectors(b, e.state()) }
func (e *emaParams) SetState(b []byte) error     { return setVectors(b, e.state()) }

// tailParams is the mean of the parameters from a planned step on (Polyak-Ruppert averaging of the last k iterates;
// Jain et al. 2018, "Parallelizing Stochastic Gradient Descent for Least Squares Regression").
type tailParams struct {
	from      float64
	sum, seen []float64 // seen: steps taken, and how many of them are in the sum
}

// newTailParams averages the last k of steps.
func newTailParams(steps, k, dim int) *tailParams {
	return &tailParams{from: float64(max(0, steps-k)), sum: make([]float64, dim), seen: make([]float64, 2)}
}

func (p *tailParams) Add(step int, params []float32) {
	p.seen[0] = float64(step + 1)
	sum := p.sum[:len(params)]
	if p.seen[0] <= p.from {
		for i, x := range params { // until the tail begins, the average is the newest
			sum[i] = float64(x)
		}
		return
	}
	if p.seen[1] == 0 {
		clear(sum)
	}
	p.seen[1]++
	for i, x := range params {
		sum[i] += float64(x)
	}
}

func (p *tailParams) Average(dst []float32) {
	if p.seen[0] == 0 {
		return
	}
	n := max(1, p.seen[1])
	for i, x := range p.sum {
		dst[i] = float32(x / n)
	}
}

func (p *tailParams) state() [][]float64          { return [][]float64{p.sum, p.seen} }
func (p *tailParams) AppendState(b []byte) []byte { return appendVectors(b, p.state()) }
func (p *tailParams) SetState(b []byte) error     { return setVectors(b, p.state()) }
