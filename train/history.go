package train

import (
	"fmt"
	"math"

	"cloister/train/protocol"
)

// maxHistory bounds the evaluations that a run remembers; those of a run with more epochs are forgotten.
const maxHistory = 1 << 14

// remember adds an evaluation, in place of one at the same step.
func (s *Session) remember(e *protocol.EpochEvent) {
	if n := len(s.history); n > 0 && s.history[n-1].Step == e.Step {
		s.history = s.history[:n-1]
	}
	if len(s.history) < maxHistory {
		s.history = append(s.history, Evaluated{Step: e.Step, Accuracy: e.Accuracy, Loss: e.Loss})
	}
}

// checkHistory insists on evaluations that a run of so many steps can have had.
func checkHistory(history []Evaluated, steps int) error {
	last := -1
	for _, e := range history {
		if e.Step <= last || e.Step > steps || !(e.Accuracy >= 0 && e.Accuracy <= 1) {
			return fmt.Errorf("an evaluation with accuracy %v at step %d of %d", e.Accuracy, e.Step, steps)
		}
		last = e.Step
	}
	return nil
}

// tested is how many records, or persons, an evaluation of this run tries, and the standard deviation of the noise on its accuracy.
func (s *Session) tested() (units int, noise float64) {
	h := s.plan.Spec().HeldOut
	switch {
	case h.Records == 0:
		return len(s.dataset.TestLabels), 0
	case s.config.NonPrivate:
		return h.Records, 0
	}
	return h.Records, h.Sigma / float64(h.Records)
}

// History is what the curves of a restored run begin with: its evaluations and, from the plan, what it has spent.
func (s *Session) History() (evaluated []protocol.Evaluated, spending []protocol.Spend) {
	tried, noise := s.tested()
	for _, e := range s.history {
		evaluated = append(evaluated, protocol.Evaluated{
			StdError: math.Hypot(noise, samplingError(e.Accuracy, tried)), Noised: s.plan.Spec().HeldOut.Records > 0,
			Epoch: float64(e.Step) / float64(s.perEpoch), Step: e.Step, Accuracy: e.Accuracy, Loss: e.Loss, Epsilon: s.spent(e.Step),
		})
	}
	for step := 1; step < s.last.Step; step++ {
		if s.onCurve(step) {
			spending = append(spending, protocol.Spend{Step: step, Epsilon: s.spent(step)})
		}
	}
	return evaluated, append(spending, s.Spend())
}
