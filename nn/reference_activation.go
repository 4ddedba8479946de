package nn

import "math"

type relu struct{}

func (relu) forward(_, x, y []float32) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

func (relu) backward(_, x, _, dy, dx, _ []float32) {
	for i := range dx {
		dx[i] = 0
		if x[i] > 0 {
			dx[i] = dy[i]
		}
	}
}

type tanh struct{}

func (tanh) forward(_, x, y []float32) {
	for i, v := range x {
		y[i] = float32(math.Tanh(float64(v)))
	}
}

func (tanh) backward(_, _, y, dy, dx, _ []float32) {
	for i := range dx {
		dx[i] = dy[i] * (1 - y[i]*y[i])
	}
}

// crossEntropy is -log softmax(logits)[label], the maximum taken out first, and its slope softmax - onehot.
func crossEntropy(logits []float32, label int, slope []float32) float64 {
	largest := float64(logits[0])
	for _, v := range logits {
		largest = max(largest, float64(v))
	}
	total := 0.0
	for _, v := range logits {
		total += math.Exp(float64(v) - largest)
	}
	for i, v := range logits {
		slope[i] = float32(math.Exp(float64(v)-largest) / total)
	}
	slope[label]--
	return math.Log(total) + largest - float64(logits[label])
}
