package nn

type linear struct{ Linear }

func (l linear) forward(w, x, y []float32) {
	bias := w[l.Units*l.In:]
	for u := range y {
		y[u] = bias[u] + dot(x, w[u*l.In:])
	}
}

func (l linear) backward(w, x, _, dy, dx, dw []float32) {
	copy(dw[l.Units*l.In:], dy)
	clear(dx)
	for u, slope := range dy {
		row := dw[u*l.In:][:len(x)]
		for i, v := range x {
			row[i] = slope * v
		}
		if dx != nil {
			addScaled(dx, slope, w[u*l.In:])
		}
	}
}

type flatten struct{}

func (flatten) forward(_, x, y []float32) { copy(y, x) }

func (flatten) backward(_, _, _, dy, dx, _ []float32) { copy(dx, dy) }
