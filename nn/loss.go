package nn

import "math"

// CrossEntropy is the softmax cross-entropy of a sample's logits, log(sum_k exp(z_k)) - z_label, natural logarithm.
func CrossEntropy(logits []float32, label int) float64 {
	top, total := logSumExp(logits)
	return math.Log(total) + (top - float64(logits[label]))
}

// negligible is the least magnitude that the loss's gradient has beside 0. No record is worth what is below it, and its
// products would be denormal numbers, which take so long to compute with that time would tell of such records
// (nn/compile/kernel/quiet.go).
const negligible = 0x1p-40

// crossEntropy also writes the loss's gradient softmax(z) - onehot(label) over dz, entries below [negligible] as 0.
func crossEntropy(z []float32, label int, dz []float32) float64 {
	top, total := logSumExp(z)
	for k, v := range z {
		p := math.Exp(float64(v)-top) / total
		if k == label {
			p--
		}
		if math.Abs(p) < negligible {
			p = 0
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

// Probabilities are the softmax of logits.
func Probabilities(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, z := range logits {
		top = max(top, float64(z))
	}
	p, total := make([]float64, len(logits)), 0.0
	for i, z := range logits {
		p[i] = math.Exp(float64(z) - top)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}
