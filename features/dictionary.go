package features

import (
	"context"
	"math"
	"math/rand/v2"
)

// Dictionary holds the constants of a map's first half.
type Dictionary struct {
	Windows []float32 // [cell][fine cell]: Gaussian weights, divided by the number of windows that a cell stands for
	Whiten  []float32 // [n][n+1]: of a standardised window and a 1
	Atoms   []float32 // [Atoms][n+1]: of the same; unit directions of whitened windows
}

// NewDictionary clusters windows of the synthetic [Patches.Images]. progress gets the share that is done.
func (p *Patches) NewDictionary(ctx context.Context, images []byte, progress func(float64)) (*Dictionary, error) {
	n := p.Side * p.Side * p.Input.C
	windows := p.syntheticWindows(images, n)
	m := newMoments(n)
	m.add(windows)
	mean, covariance := m.covariance()
	for i := range n {
		covariance[i*n+i] += p.Ridge
	}
	if err := cholesky(covariance, n); err != nil {
		return nil, err
	}
	lower := invertLower(covariance, n)
	d := &Dictionary{Windows: p.gaussians(), Whiten: withBias(lower, mean, n, n)}
	directions, err := p.directions(ctx, whitened(windows, lower, mean, n), n, progress)
	if err != nil {
		return nil, err
	}
	atoms := make([]float64, p.Atoms*n) // direction times whitening
	for j := range p.Atoms {
		for a := range n {
			c := float64(directions[j*n+a])
			for k, l := range lower[a*n : a*n+a+1] {
				atoms[j*n+k] += c * l
			}
		}
	}
	d.Atoms = withBias(atoms, mean, p.Atoms, n)
	return d, nil
}

// withBias appends to each row of m, [rows][n], what makes it a function of a window that has its mean on it: -m mean.
func withBias(m, mean []float64, rows, n int) []float32 {
	out := make([]float32, 0, rows*(n+1))
	for j := range rows {
		row := m[j*n : (j+1)*n]
		for _, v := range row {
			out = append(out, float32(v))
		}
		out = append(out, float32(-dot(row, mean)))
	}
	return out
}

const least = .2 // mean square of a whitened window that says something

// whitened is lower (window - mean) of every window, for those that are of some size, brought to norm one.
func whitened(windows []float32, lower, mean []float64, n int) []float32 {
	count := len(windows) / n
	kept := make([]bool, count)
	parallel(count, 64, func(first, end int) {
		x, q := make([]float64, n), make([]float64, n)
		for i := first; i < end; i++ {
			row := windows[i*n : (i+1)*n]
			for k, v := range row {
				x[k] = float64(v) - mean[k]
			}
			square := 0.0
			for a := range n {
				q[a] = dot(lower[a*n:a*n+a+1], x[:a+1])
				square += q[a] * q[a]
			}
			kept[i] = square >= least*float64(n)
			for k := range row {
				row[k] = float32(q[k] / math.Sqrt(square+1e-9))
			}
		}
	})
	out := windows[:0]
	for i, keep := range kept {
		if keep {
			out = append(out, windows[i*n:(i+1)*n]...)
		}
	}
	return out
}

// directions clusters unit vectors about lines through the origin: spherical k-means without signs (Dhillon and Modha 2001; Coates
// and Ng 2012, "Learning Feature Representations with K-means", Section 2). A cluster that loses its members begins anew.
func (p *Patches) directions(ctx context.Context, points []float32, n int, progress func(float64)) ([]float32, error) {
	r := p.random(streamAtoms, 0)
	count := len(points) / n
	centres := make([]float32, p.Atoms*n)
	for j := range p.Atoms {
		i := r.IntN(count)
		copy(centres[j*n:], points[i*n:(i+1)*n])
	}
	of := make([]int, count)
	sign := make([]float32, count)
	for round := range p.Synthetic.Rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		parallel(count, 64, func(first, end int) {
			for i := first; i < end; i++ {
				of[i], sign[i] = nearest(centres, points[i*n:(i+1)*n])
			}
		})
		recentre(centres, points, of, sign, n, r)
		progress(float64(round+1) / float64(p.Synthetic.Rounds))
	}
	return centres, nil
}

// nearest is the centre that a point is most parallel to, and whether it points the other way.
func nearest(centres, point []float32) (best int, sign float32) {
	n, most := len(point), float32(-1)
	for j := range len(centres) / n {
		z := dot(centres[j*n:(j+1)*n], point)
		s := float32(1)
		if z < 0 {
			z, s = -z, -1
		}
		if z > most {
			best, sign, most = j, s, z
		}
	}
	return best, sign
}

func recentre(centres, points []float32, of []int, sign []float32, n int, r *rand.Rand) {
	sums := make([]float64, len(centres))
	for i, j := range of {
		for k, v := range points[i*n : (i+1)*n] {
			sums[j*n+k] += float64(sign[i] * v)
		}
	}
	for j := range len(centres) / n {
		sum := sums[j*n : (j+1)*n]
		norm := math.Sqrt(dot(sum, sum))
		if norm < 1e-3 {
			i := r.IntN(len(of))
			copy(centres[j*n:(j+1)*n], points[i*n:(i+1)*n])
			continue
		}
		for k, v := range sum {
			centres[j*n+k] = float32(v / norm)
		}
	}
}

// gaussians are the weights of fine cells in cells. All weights of a cell would be 1 if there were but one, so a cell's sum is
// about its share of the mean response of a window.
func (p *Patches) gaussians() []float32 {
	along := make([]float64, p.Grid*p.Fine)
	for u := range p.Grid {
		for v := range p.Fine {
			d := (float64(v)+.5)/float64(p.Fine)*float64(p.Grid) - .5 - float64(u)
			along[u*p.Fine+v] = math.Exp(-d * d / (2 * p.Blur * p.Blur))
		}
	}
	windows := (p.Input.H - p.Side + 1) * (p.Input.W - p.Side + 1)
	if p.Mirror {
		windows *= 2
	}
	scale := float64(p.Cells()) / float64(windows)
	var out []float32
	for u := range p.Grid {
		for v := range p.Grid {
			for y := range p.Fine {
				for x := range p.Fine {
					out = append(out, float32(scale*along[u*p.Fine+y]*along[v*p.Fine+x]))
				}
			}
		}
	}
	return out
}
