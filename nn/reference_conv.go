package nn

// convolution gathers the input into patches, one row of In*Kernel*Kernel values for each output position, in the order
// of a filter's weights. Forward is then a dot product of filter and patch, and both gradients are sums of rows.
type convolution struct {
	Conv2D
	in, out        Shape
	patches, slope []float32 // [output position][weight of a filter]: the inputs, and the loss's derivative by them
}

func newConvolution(l Conv2D, in, out Shape) *convolution {
	size := out.H * out.W * l.In * l.Kernel * l.Kernel
	return &convolution{l, in, out, make([]float32, size), make([]float32, size)}
}

// runs calls visit for every stretch of a patch that is contiguous in the input: n values from patch position p, which
// lie in the input from i on.
func (c *convolution) runs(visit func(p, i, n int)) {
	patch := 0
	for y := range c.out.H {
		for x := range c.out.W {
			left := x*c.Stride - c.Pad
			from, to := max(0, -left), min(c.Kernel, c.in.W-left)
			for channel := range c.In {
				for k := range c.Kernel {
					row := y*c.Stride - c.Pad + k
					if row >= 0 && row < c.in.H {
						visit(patch+from, (channel*c.in.H+row)*c.in.W+left+from, to-from)
					}
					patch += c.Kernel
				}
			}
		}
	}
}

func (c *convolution) forward(w, x, y []float32) {
	c.runs(func(p, i, n int) { copy(c.patches[p:p+n], x[i:i+n]) }) // padding stays 0
	size, area := c.In*c.Kernel*c.Kernel, c.out.H*c.out.W
	for f, bias := range w[c.Filters*size:] {
		filter := w[f*size : (f+1)*size]
		for p := range area {
			y[f*area+p] = bias + dot(filter, c.patches[p*size:])
		}
	}
}

// backward relies on the patches that forward left.
func (c *convolution) backward(w, _, _, dy, dx, dw []float32) {
	size, area := c.In*c.Kernel*c.Kernel, c.out.H*c.out.W
	clear(dw)
	clear(c.slope)
	for f := range c.Filters {
		filter, gradient := w[f*size:(f+1)*size], dw[f*size:(f+1)*size]
		for p, slope := range dy[f*area : (f+1)*area] {
			dw[c.Filters*size+f] += slope
			addScaled(gradient, slope, c.patches[p*size:])
			if dx != nil {
				addScaled(c.slope[p*size:(p+1)*size], slope, filter)
			}
		}
	}
	if dx != nil {
		clear(dx)
		c.runs(func(p, i, n int) { addScaled(dx[i:i+n], 1, c.slope[p:]) })
	}
}

// dot is the inner product of a and the start of b, in four interleaved sums.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return s0 + s1 + s2 + s3
}

// addScaled adds scale times the start of src to dst.
func addScaled(dst []float32, scale float32, src []float32) {
	src = src[:len(dst)]
	for len(dst) >= 4 && len(src) >= 4 {
		dst[0] += scale * src[0]
		dst[1] += scale * src[1]
		dst[2] += scale * src[2]
		dst[3] += scale * src[3]
		dst, src = dst[4:], src[4:]
	}
	for i, v := range src {
		dst[i] += scale * v
	}
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

func sum(x []float32) (s float32) {
	for _, v := range x {
		s += v
	}
	return s
}
