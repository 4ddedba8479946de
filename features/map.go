package features

import (
	"context"
	"math"

	"cloister/nn/compile/extract"
)

// Map is a description and its constants: a function from records to vectors.
type Map struct {
	Patches
	Dictionary *Dictionary
	Whitening  *Whitening
}

// Whitening holds the constants of a map's second half: features less their mean over synthetic cells, decorrelated.
type Whitening struct {
	Matrix []float32 // [channels][channels], zero above the diagonal
	Bias   []float32 // [channels]
}

// Statistics gathers what a whitening is computed from: pooled responses to synthetic images.
type Statistics struct {
	p *Patches
	m *moments
}

// NewStatistics begins with nothing.
func (p *Patches) NewStatistics() *Statistics { return &Statistics{p, newMoments(p.Channels())} }

// Add takes roots of pooled responses, [record][cell][channel].
func (s *Statistics) Add(pooled []float32) { s.m.add(pooled) }

// Whitening is computed from the covariance of standardised features, Cov: the inverse of the Cholesky factor of Cov + OutputRidge I,
// times the features' standardisation. It differs from the symmetric root (ZCA) by a rotation within a cell, which
// neither a cell's norm nor a linear layer that starts at zero notices.
func (s *Statistics) Whitening() (*Whitening, error) {
	n := s.p.Channels()
	mean, covariance := s.m.covariance()
	scale := make([]float64, n)
	for i := range n {
		scale[i] = 1 / math.Sqrt(covariance[i*n+i]+1e-9)
	}
	for i := range n {
		for j := range n {
			covariance[i*n+j] *= scale[i] * scale[j]
		}
		covariance[i*n+i] += s.p.OutputRidge
	}
	if err := cholesky(covariance, n); err != nil {
		return nil, err
	}
	lower := invertLower(covariance, n)
	w := &Whitening{Matrix: make([]float32, n*n), Bias: make([]float32, n)}
	for i := range n {
		row := lower[i*n : (i+1)*n]
		for j := range row {
			row[j] *= scale[j]
			w.Matrix[i*n+j] = float32(row[j])
		}
		w.Bias[i] = float32(-dot(row, mean))
	}
	return w, nil
}

// Pooling computes the roots of many records' pooled responses: float32 [record][cell][channel].
type Pooling func(ctx context.Context, m *extract.Module, records []byte) ([]float32, error)

// Build makes a map's constants. progress gets the share that is done, and may be nil.
func Build(ctx context.Context, p Patches, pool Pooling, o extract.Options, progress func(float64)) (*Map, error) {
	if progress == nil {
		progress = func(float64) {}
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	images, err := p.Images(ctx, func(done float64) { progress(.2 * done) })
	if err != nil {
		return nil, err
	}
	d, err := p.NewDictionary(ctx, images, func(done float64) { progress(.2 + .4*done) })
	if err != nil {
		return nil, err
	}
	w, err := p.NewWhitening(ctx, d, images, pool, o, func(done float64) { progress(.6 + .4*done) })
	if err != nil {
		return nil, err
	}
	return &Map{Patches: p, Dictionary: d, Whitening: w}, nil
}

// NewWhitening pools the synthetic [Patches.Images]. progress gets the share that is done.
func (p *Patches) NewWhitening(ctx context.Context, d *Dictionary, images []byte, pool Pooling, o extract.Options, progress func(float64)) (*Whitening, error) {
	module, err := extract.Compile(p.compiled(d, nil), o)
	if err != nil {
		return nil, err
	}
	s, size := p.NewStatistics(), p.Input.Size()
	for first := 0; first < p.Synthetic.Images; first += piece {
		end := min(first+piece, p.Synthetic.Images)
		pooled, err := pool(ctx, module, images[first*size:end*size])
		if err != nil {
			return nil, err
		}
		s.Add(pooled)
		progress(float64(end) / float64(p.Synthetic.Images))
	}
	return s.Whitening()
}

// Compile emits the map.
func (m *Map) Compile(o extract.Options) (*extract.Module, error) {
	return extract.Compile(m.compiled(m.Dictionary, m.Whitening), o)
}
