package nn

import "math"

// crossEntropy returns the softmax cross-entropy log(sum_k exp(z_k)) - z_label and writes its gradient
// softmax(z) - onehot(label) over dz. The largest logit is taken out first, so that nothing overflows.
func crossEntropy(z []float32, label int, dz []float32) float64 {
	top, total := logSumExp(z)
	for k, v := range z {
		p := math.Exp(float64(v)-top) / total
		if k == label {
			p -= 1
		}
		dz[k] = float32(p)
	}
	return loss(z, label, top, total)
}

// loss is the cross-entropy for the parts that logSumExp returns.
func loss(z []float32, label int, top, total float64) float64 {
	return math.Log(total) + (top - float64(z[label]))
}

// logSumExp returns log(sum_k exp(z_k)) in two parts: top = max z and total = sum_k exp(z_k - top).
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
