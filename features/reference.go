package features

import (
	"fmt"
	"math"
)

// The reference: plain Go in float64, one window at a time, no blocks and no tables.

// window standardises the window whose first pixel is (y, x) of an image [channel][row][column]: values in the order
// [row][column][channel], less their mean, divided by sqrt(variance + Contrast).
func (p *Patches) window(image []byte, y, x int, mirrored bool, out []float64) {
	k, mean := 0, 0.0
	for a := range p.Side {
		for b := range p.Side {
			column := x + b
			if mirrored {
				column = p.Input.W - 1 - column
			}
			for c := range p.Input.C {
				out[k] = float64(image[(c*p.Input.H+y+a)*p.Input.W+column])
				mean += out[k]
				k++
			}
		}
	}
	mean /= float64(k)
	variance := 0.0
	for i := range out[:k] {
		out[i] -= mean
		variance += out[i] * out[i]
	}
	scale := 1 / math.Sqrt(variance/float64(k)+p.Contrast)
	for i := range out[:k] {
		out[i] *= scale
	}
}

// affine is row j of a matrix [..][n+1] times x and a 1.
func affine(m []float32, j int, x []float64) float64 {
	row := m[j*(len(x)+1) : (j+1)*(len(x)+1)]
	sum := float64(row[len(x)])
	for i, v := range x {
		sum += float64(row[i]) * v
	}
	return sum
}

// whiten makes q, the whitened form of a standardised window, and tells what damps it and its responses.
func (p *Patches) whiten(d *Dictionary, window, q []float64) (damp float64) {
	square := 0.0
	for i := range q {
		q[i] = affine(d.Whiten, i, window)
		square += q[i] * q[i]
	}
	return 1 / math.Sqrt(square/float64(len(q))+p.Floor)
}

// responses tells each window's responses to all atoms, of an image or its mirror image. z is used again.
func (p *Patches) responses(d *Dictionary, image []byte, mirrored bool, each func(y, x int, z []float64)) {
	n := p.Side * p.Side * p.Input.C
	w, q, z := make([]float64, n), make([]float64, n), make([]float64, p.Atoms)
	for y := range p.Input.H - p.Side + 1 {
		for x := range p.Input.W - p.Side + 1 {
			p.window(image, y, x, mirrored, w)
			damp := p.whiten(d, w, q)
			for j := range z {
				z[j] = damp * affine(d.Atoms, j, w)
			}
			each(y, x, z)
		}
	}
}

// Pool is the first half of a map: the roots of an image's pooled responses, [cell][channel].
func (p *Patches) Pool(d *Dictionary, image []byte) []float64 {
	rows, columns := p.Input.H-p.Side+1, p.Input.W-p.Side+1
	fine, channels := p.Fine*p.Fine, p.Channels()
	sums := make([]float64, fine*channels)
	for _, mirrored := range []bool{false, true} {
		if mirrored && !p.Mirror {
			break
		}
		p.responses(d, image, mirrored, func(y, x int, z []float64) {
			cell := sums[(y*p.Fine/rows*p.Fine+x*p.Fine/columns)*channels:]
			for j, v := range z {
				cell[j] += max(0, v-p.Threshold)
				cell[p.Atoms+j] += max(0, -v-p.Threshold)
			}
		})
	}
	out := make([]float64, p.Len())
	for c := range p.Cells() {
		for f := range fine {
			for k := range channels {
				out[c*channels+k] += float64(d.Windows[c*fine+f]) * sums[f*channels+k]
			}
		}
	}
	for i, v := range out {
		out[i] = math.Sqrt(v)
	}
	return out
}

// Finish is the second half: whitened features of norm one.
func (p *Patches) Finish(w *Whitening, pooled []float64) []float64 {
	k := p.Channels()
	out, total := make([]float64, len(pooled)), 0.0
	for c := range p.Cells() {
		cell, from := out[c*k:(c+1)*k], pooled[c*k:(c+1)*k]
		square := 0.0
		for i := range cell {
			cell[i] = float64(w.Bias[i])
			for j, v := range from {
				cell[i] += float64(w.Matrix[i*k+j]) * v
			}
			square += cell[i] * cell[i]
		}
		scale := 1 / math.Sqrt(square/float64(k)+p.CellFloor)
		for i := range cell {
			cell[i] *= scale
		}
		total += square * scale * scale
	}
	for i := range out {
		out[i] /= math.Sqrt(total + 1e-12)
	}
	return out
}

// Quantise is the bytes of features, and Value what a byte stands for.
func (p *Patches) Quantise(x []float64) []byte {
	out := make([]byte, len(x))
	for i, v := range x {
		out[i] = quantised(v, p.Step())
	}
	return out
}

func (p *Patches) Value(b byte) float64 { return (float64(b) - 128) * p.Step() }

// Apply is a record's features, by the reference.
func (m *Map) Apply(record []byte) ([]float64, error) {
	if len(record) != m.Input.Size() {
		return nil, fmt.Errorf("features: a record of %d bytes, want %d", len(record), m.Input.Size())
	}
	return m.Finish(m.Whitening, m.Pool(m.Dictionary, record)), nil
}
