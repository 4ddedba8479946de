package nn

import "math"

type relu struct{}

// forward lets NaN through, as PyTorch does: a broken record must not look like a sound one.
func (relu) forward(params, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		if v <= 0 {
			v = 0
		}
		y[i] = v
	}
}

func (relu) backward(params, x, y, dy, dx, grad []float32) {
	dx, y = dx[:min(len(dx), len(dy))], y[:len(dy)]
	for i := range dx {
		d := dy[i]
		if y[i] == 0 {
			d = 0
		}
		dx[i] = d
	}
}

type tanh struct{}

func (tanh) forward(params, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = float32(math.Tanh(float64(v)))
	}
}

func (tanh) backward(params, x, y, dy, dx, grad []float32) {
	dx, y = dx[:min(len(dx), len(dy))], y[:len(dy)]
	for i := range dx {
		dx[i] = dy[i] * (1 - y[i]*y[i])
	}
}
