package nn

// window is a square pooling window with its shapes.
type window struct {
	kernel, stride int
	in, out        Shape
}

// each calls visit for every output position o with the input position at the window's corner.
func (p window) each(visit func(o, corner int)) {
	o := 0
	for c := range p.out.C {
		for y := range p.out.H {
			for x := range p.out.W {
				visit(o, (c*p.in.H+y*p.stride)*p.in.W+x*p.stride)
				o++
			}
		}
	}
}

type maxPool struct{ window }

// largest is the position of a window's largest value, the first of equals in row order.
func (p maxPool) largest(x []float32, corner int) int {
	best := corner
	for ky := range p.kernel {
		row := corner + ky*p.in.W
		for i := row; i < row+p.kernel; i++ {
			if x[i] > x[best] {
				best = i
			}
		}
	}
	return best
}

func (p maxPool) forward(_, x, y []float32) {
	p.each(func(o, corner int) { y[o] = x[p.largest(x, corner)] })
}

func (p maxPool) backward(_, x, _, dy, dx, _ []float32) {
	if dx == nil {
		return
	}
	clear(dx)
	p.each(func(o, corner int) { dx[p.largest(x, corner)] += dy[o] })
}

type avgPool struct{ window }

func (p avgPool) forward(_, x, y []float32) {
	share := 1 / float32(p.kernel*p.kernel)
	p.each(func(o, corner int) {
		var s float32
		for ky := range p.kernel {
			s += sum(x[corner+ky*p.in.W:][:p.kernel])
		}
		y[o] = s * share
	})
}

func (p avgPool) backward(_, _, _, dy, dx, _ []float32) {
	if dx == nil {
		return
	}
	share := 1 / float32(p.kernel*p.kernel)
	clear(dx)
	p.each(func(o, corner int) {
		for ky := range p.kernel {
			row := dx[corner+ky*p.in.W:][:p.kernel]
			for i := range row {
				row[i] += dy[o] * share
			}
		}
	})
}

type globalAvgPool struct{ in Shape }

func (p globalAvgPool) forward(_, x, y []float32) {
	area := p.in.H * p.in.W
	for c := range y {
		y[c] = sum(x[c*area:(c+1)*area]) / float32(area)
	}
}

func (p globalAvgPool) backward(_, _, _, dy, dx, _ []float32) {
	if dx == nil {
		return
	}
	area := p.in.H * p.in.W
	for c, v := range dy {
		fill(dx[c*area:(c+1)*area], v/float32(area))
	}
}
