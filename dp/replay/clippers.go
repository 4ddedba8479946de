package replay

import (
	"math"
	"slices"
)

// global clips all tensors together by a bound that may move before each batch is clipped.
type global struct {
	tensors int
	bound   float64
	factor  func(norm, bound float64) float64
	adapt   func(g *global, norms []float64, epoch int) // uses raw norms of this batch; nil: the bound stays
	used    func(g *global, norms []float64, epoch int) float64
}

func (g *global) clip(norms [][]float64, adapting, epoch int) (factors [][]float64, unit, bounds []float64) {
	whole := make([]float64, len(norms))
	for i, row := range norms {
		for _, n := range row {
			whole[i] = math.Hypot(whole[i], n)
		}
	}
	if g.adapt != nil {
		g.adapt(g, whole[:adapting], epoch)
	}
	bound := g.bound
	if g.used != nil {
		bound = g.used(g, whole[:adapting], epoch)
	}
	factors = make([][]float64, len(norms))
	for i, n := range whole {
		factors[i] = slices.Repeat([]float64{g.factor(n, bound)}, g.tensors)
	}
	share := bound / math.Sqrt(float64(g.tensors))
	return factors, slices.Repeat([]float64{bound}, g.tensors), slices.Repeat([]float64{share}, g.tensors)
}

// perLayer gives every tensor a bound of its own.
type perLayer struct {
	bounds []float64
	adapt  func(p *perLayer, norms [][]float64, epoch int) // nil: the bounds stay
	used   func(bound float64, epoch int) float64          // nil: the bound itself
	joint  bool                                            // noise by sqrt(sum C_l^2) everywhere; false: by C_l
}

func (p *perLayer) clip(norms [][]float64, adapting, epoch int) (factors [][]float64, unit, bounds []float64) {
	if p.adapt != nil && adapting > 0 {
		p.adapt(p, norms[:adapting], epoch)
	}
	bounds = slices.Clone(p.bounds)
	total := 0.0
	for l := range bounds {
		if p.used != nil {
			bounds[l] = p.used(bounds[l], epoch)
		}
		total = math.Hypot(total, bounds[l])
	}
	factors = make([][]float64, len(norms))
	for i, row := range norms {
		factors[i] = make([]float64, len(row))
		for l, n := range row {
			factors[i][l] = abadi(n, bounds[l])
		}
	}
	if p.joint {
		return factors, slices.Repeat([]float64{total}, len(bounds)), bounds
	}
	return factors, bounds, bounds
}

func (g *global) penalty() float64 { return 1 }

// penalty: noise sigma C_l on each of L layers hides a record that moves all of them sqrt(L) times less well.
func (p *perLayer) penalty() float64 {
	if p.joint {
		return 1
	}
	return math.Sqrt(float64(len(p.bounds)))
}

// abadi is min(1, C/n) (Abadi et al. 2016); a zero gradient stays.
func abadi(norm, bound float64) float64 {
	if norm <= bound {
		return 1
	}
	return bound / norm
}

// geometric moves a bound towards the median norm: C exp(rate (p - 1/2)), p the raw fraction of norms above it.
func geometric(bound float64, norms []float64, rate, low, high float64) float64 {
	if len(norms) == 0 {
		return bound
	}
	above := 0
	for _, n := range norms {
		if n > bound {
			above++
		}
	}
	p := float64(above) / float64(len(norms))
	return min(max(bound*math.Exp(rate*(p-0.5)), low), high)
}

// column is the norms of tensor l over the batch.
func column(norms [][]float64, l int) []float64 {
	c := make([]float64, len(norms))
	for i, row := range norms {
		c[i] = row[l]
	}
	return c
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

func meanAndDeviation(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(deviation)
}
