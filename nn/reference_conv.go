package nn

// convolution walks kernel taps outermost and output rows innermost, so that the inner loops run along rows of memory.
type convolution struct {
	Conv2D
	in, out Shape
}

// span is the half-open range of outputs along one axis for which tap k reads inside an input of size n.
func (c convolution) span(k, n, outputs int) (first, end int) {
	if k < c.Pad {
		first = (c.Pad - k + c.Stride - 1) / c.Stride
	}
	return first, max(first, min(outputs, (n-1-k+c.Pad)/c.Stride+1))
}

// rows calls visit with the stretch of an input row and of an output row that one kernel tap connects: out[j] meets
// in[j*Stride], from in and out positions on.
func (c convolution) rows(f, channel, ky, kx int, visit func(in, out, n int)) {
	y0, y1 := c.span(ky, c.in.H, c.out.H)
	x0, x1 := c.span(kx, c.in.W, c.out.W)
	if x0 == x1 {
		return
	}
	for y := y0; y < y1; y++ {
		in := (channel*c.in.H+y*c.Stride+ky-c.Pad)*c.in.W + x0*c.Stride + kx - c.Pad
		visit(in, (f*c.out.H+y)*c.out.W+x0, x1-x0)
	}
}

// taps calls visit for every weight.
func (c convolution) taps(visit func(weight, f, channel, ky, kx int)) {
	i := 0
	for f := range c.Filters {
		for channel := range c.In {
			for ky := range c.Kernel {
				for kx := range c.Kernel {
					visit(i, f, channel, ky, kx)
					i++
				}
			}
		}
	}
}

func (c convolution) forward(w, x, y []float32) {
	area := c.out.H * c.out.W
	for f, b := range w[len(w)-c.Filters:] {
		fill(y[f*area:(f+1)*area], b)
	}
	c.taps(func(i, f, channel, ky, kx int) {
		weight := w[i]
		c.rows(f, channel, ky, kx, func(in, out, n int) {
			row, src := y[out:out+n], x[in:]
			if c.Stride == 1 {
				src = src[:n]
				for j, v := range src {
					row[j] += weight * v
				}
				return
			}
			for j := range row {
				row[j] += weight * src[j*c.Stride]
			}
		})
	})
}

func (c convolution) backward(w, x, _, dy, dx, dw []float32) {
	area := c.out.H * c.out.W
	bias := dw[len(dw)-c.Filters:]
	for f := range bias {
		bias[f] = sum(dy[f*area : (f+1)*area])
	}
	clear(dx)
	c.taps(func(i, f, channel, ky, kx int) {
		var slope float32
		weight := w[i]
		c.rows(f, channel, ky, kx, func(in, out, n int) {
			row := dy[out : out+n]
			slope += stridedDot(row, x[in:], c.Stride)
			if dx != nil {
				stridedAdd(dx[in:], row, weight, c.Stride)
			}
		})
		dw[i] = slope
	})
}

func stridedDot(a, b []float32, stride int) (s float32) {
	if stride == 1 {
		b = b[:len(a)]
		for j, v := range a {
			s += v * b[j]
		}
		return s
	}
	for j, v := range a {
		s += v * b[j*stride]
	}
	return s
}

func stridedAdd(dst, src []float32, weight float32, stride int) {
	if stride == 1 {
		dst = dst[:len(src)]
		for j, v := range src {
			dst[j] += weight * v
		}
		return
	}
	for j, v := range src {
		dst[j*stride] += weight * v
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
