package accountant

import (
	"math"
	"testing"
)

// FuzzBounds: for every finite input an answer is an error or two bounds in order, never a NaN.
func FuzzBounds(f *testing.F) {
	for _, s := range []struct {
		sigma, rate, sigma2, delta, epsilon float64
		steps, steps2                       int
	}{
		{1, 0.01, 2, 1e-5, 1, 1000, 10}, {1e-300, 1, 1, 1e-5, 0, 1, 1}, {1e300, 1e-300, 1e-3, 1e-300, 1e300, 1 << 50, 0},
		{0.01, 0.5, 0.02, 1e-10, 700, 100, 100}, {0, 0, 0, 0, 0, 0, 0}, {5e-324, 5e-324, 1, 5e-324, 5e-324, 3, 3},
		{1, 1, 0.3, 0.5, 3, 2, 2}, {30, 0.999999999, 1, 0.999, 1e-9, 1 << 40, 1}, {0.05, 1e-12, 3, 1e-9, 5, 1e6, 7},
	}[:questions(9, 8, 7)] {
		f.Add(s.sigma, s.rate, s.sigma2, s.delta, s.epsilon, s.steps, s.steps2)
	}
	f.Fuzz(func(t *testing.T, sigma, rate, sigma2, delta, epsilon float64, steps, steps2 int) {
		schedule := []Segment{{sigma, rate, steps}, {sigma2, math.Sqrt(rate), steps2}}
		check := func(what string, b Bounds, err error) {
			if err != nil {
				return
			}
			if !(b.Lower >= 0 && b.Lower <= b.Upper && b.Upper <= b.RDP*(1+1e-9)) {
				t.Errorf("%s of %v: %+v", what, schedule, b)
			}
		}
		b, err := Epsilon(schedule, delta)
		check("epsilon", b, err)
		b, err = Delta(schedule, epsilon)
		check("delta", b, err)
		if err == nil && b.Upper > 1 {
			t.Errorf("delta %v above 1", b.Upper)
		}
	})
}

// FuzzSmallDelta: over the range for which it is claimed, bounds are numbers in order, near each other, and rise as
// delta falls.
func FuzzSmallDelta(f *testing.F) {
	f.Add(2.1, 1e-4, 1e-12, 121)
	f.Add(0.6, 0.005, 1e-14, 95)
	f.Add(40.0, 1.0, 1e-9, 1)
	f.Fuzz(func(t *testing.T, sigma, rate, delta float64, steps int) {
		if !(sigma >= 0.3 && sigma <= 50 && rate >= 1e-5 && rate <= 1 && delta >= 1e-14 && delta <= 1e-3 && steps >= 1 && steps <= 1e6) {
			t.Skip()
		}
		checkSmallDelta(t, []Segment{{sigma, rate, steps}}, delta, 0.01)
	})
}

// FuzzCurve: every schedule has a curve or an error, never one that is not concave or falls below a blind guess.
func FuzzCurve(f *testing.F) {
	f.Add(0.5, 0.5, 0.25, 2000)
	f.Add(1.0, 1.0, 1e-3, 100)
	f.Add(1e-200, 1e-12, 1e200, 1<<50)
	f.Add(0.0, 1e-12, 1.0, 3)
	f.Fuzz(func(t *testing.T, sigma, rate, sigma2 float64, steps int) {
		c, err := TradeOff([]Segment{{sigma, rate, steps}, {sigma2, 1, 1}, {sigma, 1e-3, 1}})
		if err != nil {
			return
		}
		for i, p := range c.Points {
			if !(p.FPR >= 0 && p.TPR >= p.FPR && p.TPR <= 1 && (i == 0 || p.FPR > c.Points[i-1].FPR && p.TPR >= c.Points[i-1].TPR)) {
				t.Fatalf("point %d is %v", i, p)
			}
		}
		if a := c.Advantage(); steps > 0 && !(a > 0 && a <= 1) && sigma2 < 1e10 {
			t.Fatalf("advantage %v", a)
		}
	})
}

func FuzzParseSegments(f *testing.F) {
	for _, s := range []string{"1:0.01:1000", "1.3:0.004:500;0.9:1:5;", "?:0.1:3", "0.8*?:.1:3;1*?:.2:9", "1e400:1:1", ":::", ";;", "*?:1:1", "0x1p-3:1:1", "nan:1:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if segments, err := ParseSegments(text); err == nil {
			again, err := ParseSegments(FormatSegments(segments))
			if err != nil || len(again) != len(segments) {
				t.Fatalf("%q does not survive being written: %v", text, err)
			}
			for i := range again {
				if again[i] != segments[i] || again[i].Validate() != nil {
					t.Fatalf("%q: segment %d is %v, was %v", text, i, again[i], segments[i])
				}
			}
		}
		if shape, err := ParseShape(text); err == nil {
			for _, s := range shape {
				if s.Validate() != nil {
					t.Fatalf("%q gives %v", text, s)
				}
			}
		}
	})
}

// FuzzCalibrate: every question about epsilon, delta, rate and steps in the ranges that people ask about has an answer that
// keeps its promise.
func FuzzCalibrate(f *testing.F) {
	f.Add(0.1586, 1.6e-8, 1.526e-4, uint32(20))
	f.Add(3.0, 1e-5, 0.0042666, uint32(1170))
	f.Add(50.0, 1e-3, 1.0, uint32(1))
	f.Add(0.01, 1e-12, 0.5, uint32(99_999))
	f.Fuzz(func(t *testing.T, epsilon, delta, rate float64, steps uint32) {
		if !(epsilon >= 0.01 && epsilon <= 50 && delta >= 1e-12 && delta <= 1e-3 && rate >= 1e-5 && rate <= 1) {
			return
		}
		shape := []Segment{{1, rate, int(steps%100_000) + 1}}
		c, err := CalibrateSigma(shape, epsilon, delta)
		if err != nil {
			t.Fatalf("%s at (%v, %v): %v", FormatSegments(shape), epsilon, delta, err)
		}
		if b, err := Epsilon(c.Segments, delta); err != nil || !(b.Upper <= epsilon) {
			t.Fatalf("%s at (%v, %v): factor %v with %+v, %v", FormatSegments(shape), epsilon, delta, c.Factor, b, err)
		}
	})
}
