package nn

import "math"

// CrossEntropy is the softmax cross-entropy of a sample's logits, log(sum_k exp(z_k)) - z_label, natural logarithm.
func CrossEntropy(logits []float32, label int) float64 {
	top, total := logSumExp(logits)
	return math.Log(total) + (top - float64(logits[label]))
}

// crossEntropy also writes the loss's gradient softmax(z) - onehot(label) over dz.
func crossEntropy(z []float32, label int, dz []float32) float64 {
	top, total := logSumExp(z)
	for k, v := range z {
		p := math.Exp(float64(v)-top) / total
		if k == label {
			p--
		}
		dz[k] = float32(p)
	}
	return math.Log(total) + (top - float64(z[label]))
}

// logSumExp returns log(sum_k exp(z_k)) in two parts, top = max z and total = sum_k exp(z_k - top), so that nothing
// overflows.
func logSumExp(z []float32) (top, total float64) {
	top = math.Inf(-1)
	for _, v := range z {
		top = max(top, float64(v))
	}
	for _, v := range z {
		total += math.Exp(float64(v) - top)
	}
	return top, total
}
