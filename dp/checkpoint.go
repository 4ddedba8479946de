package dp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"cloister/dp/ledger"
)

//go:generate go run github.com/tinylib/msgp -file checkpoint.go -o checkpoint_gen.go -tests=false -io=false
//msgp:limit arrays:1024 maps:64

// State is what an engine saves between steps. A private run saves its place and its policy's state, no random state,
// no sample, no past noise: resuming draws fresh keys and goes on behind what the ledger charged. Decoded byte strings
// alias the input: a length in a broken header cannot make the decoder allocate more than there is.
type State struct {
	Run    ledger.RunID `msg:"run"`
	Step   int          `msg:"step"`
	Policy []byte       `msg:"policy,zerocopy,limit=1073741824"`

	// Random is for reproducible runs, which are not private and continue exactly.
	Random *RandomState `msg:"random,omitempty"`
}

// RandomState are the streams of a reproducible run, before the next step's sample, and the past of correlated noise.
type RandomState struct {
	Sampling []byte    `msg:"sampling,zerocopy,limit=1024"`
	Noise    []byte    `msg:"noise,zerocopy,limit=1024"`
	Past     []byte    `msg:"past,zerocopy,limit=1073741824"` // little-endian float64: rows of noise, a geometric strategy's last normals
	Inverse  []float64 `msg:"inverse"`
	Variance float64   `msg:"variance"`
	Steps    int       `msg:"steps"`
}

// State saves the engine between two steps.
func (e *Engine) State() (State, error) {
	s := State{Run: e.run, Step: e.step, Policy: e.policy.AppendState(nil)}
	if !e.seeded {
		return s, nil
	}
	sampling, noise := e.sampling, e.noise
	switch {
	case e.pending: // a failed step is repeated with the same draws
		sampling, noise = &e.beforeDraw, &e.beforeNoise
	case e.foreseen:
		sampling = &e.beforeNext
	}
	r := &RandomState{}
	var err1, err2 error
	r.Sampling, err1 = sampling.MarshalBinary()
	r.Noise, err2 = noise.MarshalBinary()
	if c := e.past; c != nil {
		c.save(r)
	}
	s.Random = r
	return s, errors.Join(err1, err2)
}

// Restore brings a new engine, made with Options.Resume, to a saved state. Only a reproducible run goes back to the step
// it was saved at; a private run stays behind everything that it was charged for. It checks before it changes anything
// but the policy.
func (e *Engine) Restore(s State) error {
	if s.Run != e.run {
		return fmt.Errorf("dp: state of run %x in run %x", s.Run, e.run)
	}
	if s.Step > e.charged {
		return fmt.Errorf("dp: state at step %d, charged up to %d", s.Step, e.charged)
	}
	if err := s.Check(e.plan, e.policy, e.seeded); err != nil || !e.seeded {
		return err
	}
	if err := e.past.check(s.Random); err != nil {
		return err
	}
	sampling, noise, err := s.Random.streams()
	if err != nil {
		return err
	}
	e.step, e.charged, e.counted = s.Step, s.Step, s.Step
	*e.sampling, *e.noise = sampling, noise
	e.pending, e.foreseen = false, false
	e.past.restore(s.Random)
	return nil
}

// Check refuses what no engine of this plan would restore, so that a run need not enter a ledger to be refused. It leaves
// the policy in the state saved.
func (s *State) Check(p *Plan, policy Policy, seeded bool) error {
	if s.Step < 0 || s.Step > p.Steps() {
		return fmt.Errorf("dp: state at step %d of %d", s.Step, p.Steps())
	}
	if seeded {
		if s.Random == nil {
			return errors.New("dp: state of a private run in a reproducible one")
		}
		if _, _, err := s.Random.streams(); err != nil {
			return err
		}
	}
	return policy.SetState(s.Policy)
}

func (r *RandomState) streams() (sampling, noise Stream, err error) {
	if err = errors.Join(sampling.UnmarshalBinary(r.Sampling), noise.UnmarshalBinary(r.Noise)); err != nil {
		err = fmt.Errorf("dp: random state: %w", err)
	}
	return sampling, noise, err
}

// rows are what the next step's noise follows from.
func (c *correlation) rows() [][]float64 {
	if c.ratio == 0 {
		return c.past
	}
	return append(slices.Clone(c.past), c.white[0])
}

func (c *correlation) save(r *RandomState) {
	for _, w := range c.rows() {
		for _, x := range w {
			r.Past = binary.LittleEndian.AppendUint64(r.Past, math.Float64bits(x))
		}
	}
	r.Inverse, r.Variance, r.Steps = slices.Clone(c.inverse), c.variance, c.steps
}

func (c *correlation) check(r *RandomState) error {
	if c == nil {
		if len(r.Past) > 0 {
			return errors.New("dp: state with correlated noise for a plan without")
		}
		return nil
	}
	values := 0
	for _, w := range c.rows() {
		values += len(w)
	}
	if len(r.Past) != 8*values || len(r.Inverse) != len(c.inverse) || r.Steps < 0 || !(r.Variance >= 0) || math.IsInf(r.Variance, 1) {
		return errors.New("dp: state of correlated noise does not fit the plan")
	}
	return nil
}

func (c *correlation) restore(r *RandomState) {
	if c == nil {
		return
	}
	b := r.Past
	for _, w := range c.rows() {
		for j := range w {
			w[j], b = math.Float64frombits(binary.LittleEndian.Uint64(b)), b[8:]
		}
	}
	copy(c.inverse, r.Inverse)
	c.variance, c.steps = r.Variance, r.Steps
}
