package mechanism

import (
	"errors"
	"fmt"
	"math"

	"cloister/clip"
	"cloister/dp"

	"github.com/tinylib/msgp/msgp"
)

// A composed policy is a clip policy, a schedule on its bounds, an allocation of noise, evaluation points and filters,
// each of which knows nothing of the others. Every one of them sees released values only, so any composition does.
type composed struct {
	rule      clip.Rule
	clip      clipPolicy
	decay     []float64                 // multiplies the bounds of every step; nil: 1
	allocate  func(bounds, a []float64) // sets the noise weights; nil: equal
	lookahead *lookahead                // nil: evaluate at the current parameters
	whitening *whitening                // nil: gradients as they are
	gain      float64                   // multiplies what is released, before the filters
	gains     *gains                    // by tensor, beside it; nil: 1
	filters   []filter

	weights, thresholds []float64
}

// part is anything with state: slices of fixed length that it updates in place.
type part interface {
	state() [][]float64
}

// clipPolicy states bounds and may learn from noised counts.
type clipPolicy interface {
	part
	bounds(dst []float64)
	observe(r *dp.Released)
}

// filter changes a released gradient in place.
type filter interface {
	part
	apply(r *dp.Released)
}

func (c *composed) Rule() clip.Rule { return c.rule }

func (c *composed) Ask(v dp.View, a *dp.Ask) {
	c.clip.bounds(a.Bounds)
	if c.decay != nil {
		// What is learnt from counts is about the bounds before the schedule: else it would undo the schedule.
		c.thresholds = append(c.thresholds[:0], a.Bounds...)
		a.Thresholds = c.thresholds
		for g := range a.Bounds {
			a.Bounds[g] *= c.decay[v.Step]
		}
	}
	if c.allocate != nil {
		if len(c.weights) != len(a.Bounds) {
			c.weights = make([]float64, len(a.Bounds))
		}
		c.allocate(a.Bounds, c.weights)
		a.Allocation = c.weights
	}
	if c.lookahead != nil {
		c.lookahead.ask(v, a)
	}
	if c.whitening != nil {
		c.whitening.ask(v, a)
	}
}

func (c *composed) Observe(r *dp.Released) error {
	c.clip.observe(r)
	c.amplify(r)
	if c.gains != nil {
		c.gains.apply(r)
	}
	for _, f := range c.filters {
		f.apply(r)
	}
	return nil
}

// amplify multiplies a release, and what it says of its noise, by the gain: steps in a run of a given learning rate are so
// many times longer.
func (c *composed) amplify(r *dp.Released) {
	if c.gain == 1 {
		return
	}
	scale(r, c.gain)
}

// clipNorms are the joint sensitivities of a schedule on fixed bounds; nil where there is no schedule, or bounds that adapt.
func (c *composed) clipNorms() []float64 {
	fixed, ok := c.clip.(fixedBounds)
	if !ok || c.decay == nil {
		return nil
	}
	norm := clip.Sensitivity(fixed)
	return eachStep(len(c.decay), func(t int) float64 { return norm * c.decay[t] })
}

func (c *composed) parts() []part {
	all := []part{c.clip}
	for _, f := range c.filters {
		all = append(all, f)
	}
	if c.lookahead != nil {
		all = append(all, c.lookahead)
	}
	if c.whitening != nil {
		all = append(all, c.whitening)
	}
	return all
}

// The state of a policy is a MessagePack array of its parts' vectors, as little-endian float64 bytes.

func (c *composed) AppendState(b []byte) []byte { return appendVectors(b, vectors(c.parts()...)) }

func (c *composed) SetState(b []byte) error { return setVectors(b, vectors(c.parts()...)) }

func vectors(parts ...part) (all [][]float64) {
	for _, p := range parts {
		all = append(all, p.state()...)
	}
	return all
}

func appendVectors(b []byte, vs [][]float64) []byte {
	b = msgp.AppendArrayHeader(b, uint32(len(vs)))
	for _, v := range vs {
		b = msgp.AppendArrayHeader(b, uint32(len(v)))
		for _, x := range v {
			b = msgp.AppendFloat64(b, x)
		}
	}
	return b
}

// setVectors decodes all of b before it changes any vector.
func setVectors(b []byte, vs [][]float64) error {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err == nil && int(n) != len(vs) {
		err = fmt.Errorf("%d vectors, want %d", n, len(vs))
	}
	if err != nil {
		return fmt.Errorf("mechanism: policy state: %w", err)
	}
	decoded := make([][]float64, len(vs))
	for i, v := range vs {
		if n, b, err = msgp.ReadArrayHeaderBytes(b); err == nil && int(n) != len(v) {
			err = fmt.Errorf("%d values, want %d", n, len(v))
		}
		decoded[i] = make([]float64, len(v))
		for j := 0; j < len(v) && err == nil; j++ {
			if decoded[i][j], b, err = msgp.ReadFloat64Bytes(b); err == nil && (math.IsNaN(decoded[i][j]) || math.IsInf(decoded[i][j], 0)) {
				err = fmt.Errorf("value %d is not finite", j)
			}
		}
		if err != nil {
			return fmt.Errorf("mechanism: policy state: vector %d: %w", i, err)
		}
	}
	if len(b) > 0 {
		return errors.New("mechanism: policy state: bytes behind its end")
	}
	for i, v := range vs {
		copy(v, decoded[i])
	}
	return nil
}
