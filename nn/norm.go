package nn

import "math"

// groupNorm normalises group by group; with mean m and standard deviation s of a group's values,
// xhat = (x - m)/s and y = weight_c xhat + bias_c (Wu and He 2018, Section 3.2).
type groupNorm struct {
	GroupNorm
	area      int       // values of one channel
	mean, inv []float64 // of each group: m and 1/s
}

func newGroupNorm(l GroupNorm, in Shape) *groupNorm {
	return &groupNorm{l, in.H * in.W, make([]float64, l.Groups), make([]float64, l.Groups)}
}

func (l *groupNorm) forward(params, x, y []float32) {
	weight, bias := params[:l.Channels], params[l.Channels:]
	per := l.Channels / l.Groups
	for g := range l.Groups {
		values := x[g*per*l.area:][:per*l.area]
		l.mean[g], l.inv[g] = moments(values)
		for c := g * per; c < (g+1)*per; c++ {
			scale := float64(weight[c]) * l.inv[g]
			shift := float64(bias[c]) - l.mean[g]*scale
			in, out := x[c*l.area:][:l.area], y[c*l.area:][:l.area]
			for i, v := range in {
				out[i] = float32(float64(v)*scale + shift)
			}
		}
	}
}

// moments returns the mean and 1/sqrt(variance + eps), the variance taken around the mean so that it cannot cancel.
func moments(x []float32) (mean, inv float64) {
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	variance := 0.0
	for _, v := range x {
		d := float64(v) - mean
		variance += d * d
	}
	return mean, 1 / math.Sqrt(variance/float64(len(x))+GroupNormEps)
}

// backward: with g = weight_c dy and averages over the group, dx = (g - mean(g) - xhat mean(g xhat))/s.
func (l *groupNorm) backward(params, x, y, dy, dx, grad []float32) {
	weight := params[:l.Channels]
	dweight, dbias := grad[:l.Channels], grad[l.Channels:]
	per := l.Channels / l.Groups
	for g := range l.Groups {
		mean, inv := l.mean[g], l.inv[g]
		meanG, meanGX := 0.0, 0.0
		for k := range per {
			c := g*per + k
			one, along := l.channel(x, dy, c, mean, inv)
			dweight[c], dbias[c] = float32(along), float32(one)
			meanG += float64(weight[c]) * one
			meanGX += float64(weight[c]) * along
		}
		if dx == nil {
			continue
		}
		n := float64(per * l.area)
		meanG, meanGX = meanG/n, meanGX/n
		for c := g * per; c < (g+1)*per; c++ {
			w := float64(weight[c])
			in, d, out := x[c*l.area:][:l.area], dy[c*l.area:][:l.area], dx[c*l.area:][:l.area]
			for i, v := range in {
				xhat := (float64(v) - mean) * inv
				out[i] = float32(inv * (w*float64(d[i]) - meanG - xhat*meanGX))
			}
		}
	}
}

// channel sums dy and dy xhat over one channel.
func (l *groupNorm) channel(x, dy []float32, c int, mean, inv float64) (one, along float64) {
	in, d := x[c*l.area:][:l.area], dy[c*l.area:][:l.area]
	for i, v := range in {
		one += float64(d[i])
		along += float64(d[i]) * (float64(v) - mean) * inv
	}
	return one, along
}
