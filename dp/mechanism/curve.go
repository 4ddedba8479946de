package mechanism

import "math"

// A curve multiplies a noise multiplier or a clip bound at every step: 1 at first, and data-independent, so that a plan
// can be calibrated over it before step 1.

// eachStep evaluates f over the steps of a run.
func eachStep(steps int, f func(t int) float64) []float64 {
	c := make([]float64, steps)
	for t := range c {
		c[t] = f(t)
	}
	return c
}

// stageCurve multiplies by factor at the end of each of equally long stages.
func stageCurve(s *Setting, stages int, factor float64) []float64 {
	return eachStep(s.Steps, func(t int) float64 { return math.Pow(factor, float64(t*stages/s.Steps)) })
}

// epochCurve multiplies by factor after every epoch.
func epochCurve(s *Setting, factor float64) []float64 {
	return eachStep(s.Steps, func(t int) float64 { return math.Pow(factor, float64(t/s.StepsPerEpoch)) })
}

// levels is how many values a smooth curve takes: a staircase of 40 is as good as a ramp, and a schedule with few
// different noise multipliers is quick to account for. What is planned, executed and charged is the staircase.
const levels = 40

// smoothCurve runs f over 0 to 1 in equally long levels, the first at 0 and the last at 1.
func smoothCurve(s *Setting, f func(x float64) float64) []float64 {
	n := min(levels, s.Steps)
	return eachStep(s.Steps, func(t int) float64 {
		if n == 1 {
			return f(0)
		}
		return f(float64(t*n/s.Steps) / float64(n-1))
	})
}

// linearCurve goes from 1 to end on a straight line.
func linearCurve(s *Setting, end float64) []float64 {
	return smoothCurve(s, func(x float64) float64 { return 1 + (end-1)*x })
}

// cosineCurve goes from 1 to end along half a cosine.
func cosineCurve(s *Setting, end float64) []float64 {
	return smoothCurve(s, func(x float64) float64 { return end + (1-end)*(1+math.Cos(math.Pi*x))/2 })
}

// listCurve divides the run into stages of equal length, one for each value.
func listCurve(s *Setting, values []float64) []float64 {
	return eachStep(s.Steps, func(t int) float64 { return values[t*len(values)/s.Steps] })
}

// times multiplies two curves; nil is 1.
func times(a, b []float64) []float64 {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return eachStep(len(a), func(t int) float64 { return a[t] * b[t] })
}
