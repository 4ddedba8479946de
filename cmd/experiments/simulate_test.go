package main

import (
	"math"
	"testing"
	"time"
)

// Equal runs on m machines take ceil(runs/m) of their time. One machine of mean life L gets through a run of length d in (L + patience)
// (e^(d/L) - 1) on average: the geometric series of attempts that fail.
func TestSweepTime(t *testing.T) {
	hour := []time.Duration{time.Hour}
	for _, c := range []struct{ runs, machines, hours int }{{1, 1, 1}, {10, 1, 10}, {10, 3, 4}, {100, 100, 1}, {5, 100, 1}} {
		if end, again := sweepTime(hour, c.runs, c.machines, 0); end != time.Duration(c.hours)*time.Hour || again != 0 {
			t.Errorf("%d runs on %d machines take %v, %d again; want %d h", c.runs, c.machines, end, again, c.hours)
		}
	}
	if a, _ := sweepTime([]time.Duration{time.Hour, time.Minute}, 1000, 1, 0); a < 400*time.Hour || a > 620*time.Hour {
		t.Errorf("1,000 runs of a minute or an hour take %v", a)
	}
	const runs = 20_000
	life := 2 * time.Hour
	end, again := sweepTime(hour, runs, 1, life)
	fails := math.Exp(0.5) - 1 // failed attempts a run
	if sd := 5 * math.Sqrt(fails*(1+fails)*runs); math.Abs(float64(again)-fails*runs) > sd {
		t.Errorf("%d runs were begun again, want %.0f ± %.0f", again, fails*runs, sd)
	}
	if want := fails * (life + patience).Hours() * runs; math.Abs(end.Hours()-want)/want > 0.03 {
		t.Errorf("with losses it takes %v h, want %v", end.Hours(), want)
	}
}
