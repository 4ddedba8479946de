package features

import "math"

// What a map is made of and what it does to one record, for eyes. Everything here is computed by the reference.

// Windows are some of the windows that atoms are made of.
type Windows struct {
	Before []float32 // [window][n]: standardised
	After  []float32 // whitened
}

// Windows takes about count windows, evenly from those of the synthetic [Patches.Images], and leaves out those that say little.
func (p *Patches) Windows(d *Dictionary, images []byte, count int) (w Windows) {
	n := p.Side * p.Side * p.Input.C
	all := p.syntheticWindows(images, n)
	window, q := make([]float64, n), make([]float64, n)
	for k := range count {
		row := all[k*p.Synthetic.Windows/count*n:][:n]
		for i, v := range row {
			window[i] = float64(v)
		}
		p.whiten(d, window, q)
		if dot(q, q) < least*float64(n) {
			continue
		}
		w.Before = append(w.Before, row...)
		for _, v := range q {
			w.After = append(w.After, float32(v))
		}
	}
	return w
}

// Alike is the correlation of pixels with their right neighbours, over windows: what one tells of the next.
func (p *Patches) Alike(windows []float32) float64 {
	var xy, xx, yy float64
	step := p.Input.C
	for i := range len(windows) - step {
		if i/step%p.Side == p.Side-1 {
			continue // the next begins a row
		}
		x, y := float64(windows[i]), float64(windows[i+step])
		xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
	}
	return xy / math.Sqrt(xx*yy+1e-12)
}

// Portraits are what atoms look like, [atom][n]: the window, less the mean of all, whose whitened form is an atom's direction.
func (p *Patches) Portraits(d *Dictionary) []float32 {
	n := p.Side * p.Side * p.Input.C
	at := func(i, k int) float64 { return float64(d.Whiten[i*(n+1)+k]) }
	out := make([]float32, 0, p.Atoms*n)
	x := make([]float64, n)
	for j := range p.Atoms {
		for k := n - 1; k >= 0; k-- { // an atom is its direction times the whitening
			x[k] = float64(d.Atoms[j*(n+1)+k])
			for i := k + 1; i < n; i++ {
				x[k] -= x[i] * at(i, k)
			}
			x[k] /= at(k, k)
		}
		for i := range n { // and its direction the whitening times its portrait
			for k := range i {
				x[i] -= at(i, k) * x[k]
			}
			x[i] /= at(i, i)
			out = append(out, float32(x[i]))
		}
	}
	return out
}

// Roughness is how much a window changes from pixel to pixel, compared with how much it varies.
func (p *Patches) Roughness(window []float32) float64 {
	var rough, square float64
	row, step := p.Side*p.Input.C, p.Input.C
	for i, v := range window {
		square += float64(v) * float64(v)
		if i%row < row-step {
			d := float64(window[i+step] - v)
			rough += d * d
		}
		if i+row < len(window) {
			d := float64(window[i+row] - v)
			rough += d * d
		}
	}
	return rough / (square + 1e-12)
}

// Responses are an image's responses before they are pooled, [atom][row][column] of a window's first pixel.
func (p *Patches) Responses(d *Dictionary, image []byte) []float32 {
	rows, columns := p.Input.H-p.Side+1, p.Input.W-p.Side+1
	out := make([]float32, p.Atoms*rows*columns)
	p.responses(d, image, false, func(y, x int, z []float64) {
		for j, v := range z {
			out[(j*rows+y)*columns+x] = float32(v)
		}
	})
	return out
}
