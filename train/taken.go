package train

import (
	"fmt"

	"cloister/accountant"
	"cloister/data"
	"cloister/nn"
	"cloister/train/protocol"
)

// Taken is the run's model and what is public of it, see [protocol.Taken]. The ledger is read for it.
func (s *Session) Taken() (*protocol.Taken, error) {
	d := s.dataset
	scale, shift := nn.Normalisation{Mean: d.Mean, Std: d.Std, Float: d.Float()}.ScaleShift()
	t := &protocol.Taken{
		Model: s.config.Model, Params: nn.Bytes(s.evaluated()),
		Title: d.Title, Kind: d.Kind, Shape: []int{d.Channels, d.Height, d.Width}, Float: d.Float(), Scale: wide(scale), Shift: wide(shift),
		Classes: d.Classes, Unit: unitName(s.plan.Spec().Unit), Units: units(&d.Manifest, data.TrainSplit),
		Mechanism: mechanismOf(&s.config), Epsilon: s.config.Epsilon, Delta: s.plan.Delta(), Rate: s.plan.Rate(),
		Steps: s.plan.Steps(), Done: s.engine.Step(), NotPrivate: s.engine.NotPrivate(), Forgets: s.env.LedgerForgets,
	}
	if !d.TestPublic {
		t.HeldOut = units(&d.Manifest, data.TestSplit)
	}
	for _, o := range d.Origins {
		t.Constants = append(t.Constants, protocol.TakenConstant{What: o.What, From: o.From})
	}
	for _, c := range d.Columns {
		t.Columns = append(t.Columns, protocol.TakenColumn{Name: c.Name, Low: c.Low, High: c.High, Categories: c.Categories, From: c.Origin})
	}
	var err error
	if s.plan.Private() {
		if t.Events, err = takenEvents(nil, s.plan.Event(), 1); err != nil {
			return nil, err
		}
	}
	if err = s.takeOthers(t); err == nil {
		t.Audit, err = s.Audited()
	}
	return t, err
}

// takeOthers tells what the ledger knows of other runs on these records, whole plans as it counts them.
func (s *Session) takeOthers(t *protocol.Taken) error {
	if err := s.env.Ledger.Refresh(); err != nil {
		return err
	}
	for _, r := range s.env.Ledger.Runs() {
		switch {
		case r.Charged == 0 || r.ID == s.engine.Run():
		case r.NotPrivate != "":
			t.OpenRuns++
		default:
			events, err := takenEvents(nil, r.Event(), 1)
			if err != nil {
				return err
			}
			t.Others = append(t.Others, protocol.TakenRun{Unit: unitName(r.Unit), Events: events})
		}
	}
	return nil
}

// takenEvents appends an event's parts, each taken so many times.
func takenEvents(to []protocol.TakenEvent, e accountant.Event, times int) ([]protocol.TakenEvent, error) {
	switch e := e.(type) {
	case accountant.Composition:
		var err error
		for _, part := range e {
			if to, err = takenEvents(to, part, times); err != nil {
				break
			}
		}
		return to, err
	case accountant.Repetition:
		return takenEvents(to, e.Event, times*e.Times)
	case accountant.JointQuery: // charged as one release
		return append(to, protocol.TakenEvent{Kind: "poisson", Sigma: e.Sigma, Rate: e.Rate, Bands: 1, Times: times}), nil
	case accountant.PoissonGaussian:
		return append(to, protocol.TakenEvent{Kind: "poisson", Sigma: e.Sigma, Rate: e.Rate, Bands: 1, Times: times}), nil
	case accountant.CyclicPoisson:
		if times == 1 {
			return append(to, protocol.TakenEvent{Kind: "cyclic", Sigma: e.Sigma, Rate: e.Rate, Bands: e.Bands, Times: e.Steps}), nil
		}
	case accountant.Gaussian:
		return append(to, protocol.TakenEvent{Kind: "count", Sigma: e.Sigma, Rate: 1, Bands: 1, Times: times}), nil
	}
	return nil, fmt.Errorf("train: take: there are no words yet for a plan's %T", e)
}

func unitName(unit string) string {
	if unit == "" {
		return data.UnitRecord
	}
	return unit
}

func wide(values []float32) []float64 {
	w := make([]float64, len(values))
	for i, v := range values {
		w[i] = float64(v)
	}
	return w
}
