// Package accounting times the accountant at the questions whose speed is promised. It runs natively and in a tab.
package accounting

import (
	"fmt"
	"slices"
	"time"

	"cloister/accountant"
)

// Timing is one question, its answer and how long that took.
type Timing struct {
	Question string    `json:"question"`
	Answer   string    `json:"answer"`
	Ms       float64   `json:"ms"`      // median
	Each     []float64 `json:"each"`    // milliseconds of every run, in order
	Native   float64   `json:"native"`  // at most so many milliseconds natively
	InTab    float64   `json:"inTab"`   // and in Chromium
	Gap      float64   `json:"gap"`     // relative distance of the two bounds
	GapMost  float64   `json:"gapMost"` // what it may be; 0: not asked
}

const delta = 1e-5

// Measure asks every question the given number of times.
func Measure(runs int) ([]Timing, error) {
	if runs < 1 {
		return nil, fmt.Errorf("accounting: %d runs, want at least 1", runs)
	}
	timings := []Timing{
		{Question: "two-sided epsilon of sigma 1, q 0.004, 10,000 steps", Native: 100, InTab: 300},
		{Question: "calibration of sigma to epsilon 3 at q 256/60,000, 1,170 steps", Native: 500, InTab: 1500},
		{Question: "two-sided epsilon of 1,170 different sigmas", Native: 1000, InTab: 3000, GapMost: 0.02},
	}
	for i, ask := range []func() (string, float64, error){oneSigma, calibration, manySigmas} {
		t := &timings[i]
		for range runs {
			start := time.Now()
			answer, gap, err := ask()
			if err != nil {
				return nil, fmt.Errorf("accounting: %s: %w", t.Question, err)
			}
			t.Each = append(t.Each, float64(time.Since(start).Microseconds())/1000)
			t.Answer, t.Gap = answer, gap
		}
		sorted := slices.Sorted(slices.Values(t.Each))
		t.Ms = sorted[len(sorted)/2]
	}
	return timings, nil
}

func oneSigma() (string, float64, error) {
	b, err := accountant.Epsilon([]accountant.Segment{{Sigma: 1, Rate: 0.004, Steps: 10_000}}, delta)
	return between(b), b.Upper/b.Lower - 1, err
}

func calibration() (string, float64, error) {
	c, err := accountant.CalibrateSigma([]accountant.Segment{{Sigma: 1, Rate: 256.0 / 60_000, Steps: 1170}}, 3, delta)
	return fmt.Sprintf("sigma %.6g, epsilon at most %.6g", c.Factor, c.EpsilonUpper), 0, err
}

// manySigmas is a run whose noise multiplier falls at every step, from 1.8 to 0.54.
func manySigmas() (string, float64, error) {
	const steps = 1170
	segments := make([]accountant.Segment, steps)
	for t := range segments {
		segments[t] = accountant.Segment{Sigma: 1.808 * (1 - 0.7*float64(t)/(steps-1)), Rate: 256.0 / 60_000, Steps: 1}
	}
	b, err := accountant.Epsilon(segments, delta)
	return between(b), b.Upper/b.Lower - 1, err
}

func between(b accountant.Bounds) string { return fmt.Sprintf("%.6g to %.6g", b.Lower, b.Upper) }
