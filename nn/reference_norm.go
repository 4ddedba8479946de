package nn

import "math"

// groupNorm keeps each group's mean and 1/sqrt(variance + eps) from forward for backward.
type groupNorm struct {
	layer         GroupNorm
	in            Shape
	centre, scale []float64
}

// group is the range of values of group g, and how many belong to one channel.
func (n *groupNorm) group(g int) (from, to, area int) {
	area = n.in.H * n.in.W
	size := n.layer.Channels / n.layer.Groups * area
	return g * size, (g + 1) * size, area
}

func (n *groupNorm) forward(w, x, y []float32) {
	gain, shift := w[:n.layer.Channels], w[n.layer.Channels:]
	for g := range n.layer.Groups {
		from, to, area := n.group(g)
		mean, square := 0.0, 0.0
		for _, v := range x[from:to] {
			mean += float64(v)
		}
		mean /= float64(to - from)
		for _, v := range x[from:to] {
			square += (float64(v) - mean) * (float64(v) - mean)
		}
		n.centre[g], n.scale[g] = mean, 1/math.Sqrt(square/float64(to-from)+GroupNormEps)
		for i := from; i < to; i++ {
			c := i / area
			y[i] = gain[c]*float32((float64(x[i])-mean)*n.scale[g]) + shift[c]
		}
	}
}

// backward follows from y = gain h + shift with h = (x - mean) scale: dx = scale (dh - mean(dh) - h mean(dh h)).
func (n *groupNorm) backward(w, x, _, dy, dx, dw []float32) {
	channels := n.layer.Channels
	for g := range n.layer.Groups {
		from, to, area := n.group(g)
		slopes, products := 0.0, 0.0 // sums of dh and of dh h over the group
		for c := from / area; c < to/area; c++ {
			gain, shift := 0.0, 0.0
			for i := c * area; i < (c+1)*area; i++ {
				gain += float64(dy[i]) * n.normalised(x[i], g)
				shift += float64(dy[i])
			}
			dw[c], dw[channels+c] = float32(gain), float32(shift)
			slopes += float64(w[c]) * shift
			products += float64(w[c]) * gain
		}
		size := float64(to - from)
		for i := from; i < to && dx != nil; i++ {
			dh := float64(w[i/area]) * float64(dy[i])
			dx[i] = float32(n.scale[g] * (dh - slopes/size - n.normalised(x[i], g)*products/size))
		}
	}
}

func (n *groupNorm) normalised(x float32, g int) float64 {
	return (float64(x) - n.centre[g]) * n.scale[g]
}
