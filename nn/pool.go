package nn

type maxPool struct {
	MaxPool
	in, out Shape
	source  []int32 // of each output, the index of the input that it was taken from
}

func (l *maxPool) forward(params, x, y []float32) {
	i := 0
	for c := range l.out.C {
		for oy := range l.out.H {
			for ox := range l.out.W {
				corner := (c*l.in.H+oy*l.Stride)*l.in.W + ox*l.Stride
				l.source[i] = int32(l.largest(x, corner))
				y[i] = x[l.source[i]]
				i++
			}
		}
	}
}

// largest finds the window's largest value, the first of equals. A NaN wins, as in PyTorch.
func (l *maxPool) largest(x []float32, corner int) (at int) {
	at = corner
	best := x[at]
	for ky := range l.Kernel {
		from := corner + ky*l.in.W
		for kx, v := range x[from:][:l.Kernel] {
			if v > best || v != v {
				best, at = v, from+kx
			}
		}
	}
	return at
}

func (l *maxPool) backward(params, x, y, dy, dx, grad []float32) {
	if dx == nil {
		return
	}
	clear(dx)
	for i, from := range l.source {
		dx[from] += dy[i]
	}
}

type avgPool struct {
	AvgPool
	in, out Shape
}

func (l avgPool) forward(params, x, y []float32) {
	scale := 1 / float32(l.Kernel*l.Kernel)
	l.windows(func(i, corner int) {
		s := float32(0)
		for ky := range l.Kernel {
			s += sum(x[corner+ky*l.in.W:][:l.Kernel])
		}
		y[i] = s * scale
	})
}

func (l avgPool) backward(params, x, y, dy, dx, grad []float32) {
	if dx == nil {
		return
	}
	scale := 1 / float32(l.Kernel*l.Kernel)
	clear(dx)
	l.windows(func(i, corner int) {
		d := dy[i] * scale
		for ky := range l.Kernel {
			row := dx[corner+ky*l.in.W:][:l.Kernel]
			for kx := range row {
				row[kx] += d
			}
		}
	})
}

// windows calls do with the index of each output and of its window's first input.
func (l avgPool) windows(do func(i, corner int)) {
	i := 0
	for c := range l.out.C {
		for oy := range l.out.H {
			for ox := range l.out.W {
				do(i, (c*l.in.H+oy*l.Stride)*l.in.W+ox*l.Stride)
				i++
			}
		}
	}
}

type globalAvgPool struct{ in Shape }

func (l globalAvgPool) forward(params, x, y []float32) {
	n := l.in.H * l.in.W
	for c := range y {
		y[c] = sum(x[c*n:][:n]) / float32(n)
	}
}

func (l globalAvgPool) backward(params, x, y, dy, dx, grad []float32) {
	if dx == nil {
		return
	}
	n := l.in.H * l.in.W
	for c, d := range dy {
		row := dx[c*n:][:n]
		for i := range row {
			row[i] = d / float32(n)
		}
	}
}
