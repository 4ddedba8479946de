package accountant

import "testing"

// The first three have limits: 100 ms, 0.5 s and 1 s natively, three times that in a tab.

func BenchmarkEpsilonBothSides(b *testing.B) {
	for b.Loop() {
		if _, err := Epsilon([]Segment{{1, 0.004, 10000}}, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCalibrateSigma(b *testing.B) {
	for b.Loop() {
		if _, err := CalibrateSigma([]Segment{{1, 0.004, 10000}}, 3, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
}

// manySigmas is a schedule in which no two steps are alike.
func manySigmas() (schedule []Segment) {
	for i := range 1170 {
		schedule = append(schedule, Segment{1.3 - 0.7*float64(i)/1170, 256. / 60000, 1})
	}
	return schedule
}

func BenchmarkEpsilonOf1170Sigmas(b *testing.B) {
	schedule := manySigmas()
	for b.Loop() {
		if _, err := Epsilon(schedule, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEpsilonRDP(b *testing.B) {
	for b.Loop() {
		if _, _, err := EpsilonRDP([]Segment{{1, 0.004, 10000}}, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPRV(b *testing.B) {
	for b.Loop() {
		if _, err := (PRV{}).Epsilon([]Segment{{1, 0.004, 10000}}, 1e-5); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOdometerRun follows a whole run; the time per step is reported beside.
func BenchmarkOdometerRun(b *testing.B) {
	const steps = 4680
	for b.Loop() {
		o, err := scheduleOdometer([]Segment{{0.8, 256. / 60000, steps}}, 1e-5)
		if err != nil {
			b.Fatal(err)
		}
		for k := range steps + 1 {
			if !(o.After(k) >= 0) {
				b.Fatal(k)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/steps, "us/step")
}

func BenchmarkOdometerRunOf1170Sigmas(b *testing.B) {
	schedule := manySigmas()
	for b.Loop() {
		o, err := scheduleOdometer(schedule, 1e-5)
		if err != nil {
			b.Fatal(err)
		}
		for k := range o.Steps() + 1 {
			if !(o.After(k) >= 0) {
				b.Fatal(k)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1170, "us/step")
}

func BenchmarkTransform(b *testing.B) {
	const n = 1 << 16
	tr, x := newTransform(n), make([]float64, n)
	x[3] = 1
	for b.Loop() {
		tr.forward(x)
	}
}
