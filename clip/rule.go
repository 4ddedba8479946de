// Package clip states how a per-sample gradient is bounded before it is summed: which parameters share a
// bound (groups), how the gradient of a group is scaled to it (kind), and what the sum's sensitivity is.
//
// Neighbouring relation everywhere: add or remove one record. The sum of clipped per-sample gradients then
// changes by at most [Rule.Sensitivity] in L2 norm.
package clip

import (
	"fmt"
	"math"
)

// Kind is the formula that turns a group's per-sample gradient norm n and its bound C into a scale factor.
type Kind uint8

const (
	// Clip scales by min(1, C/n) (Abadi et al. 2016, "Deep Learning with Differential Privacy", Algorithm 1).
	Clip Kind = iota
	// Normalise scales by C/(n + gamma); AUTO-S for gamma > 0 and AUTO-V for gamma = 0
	// (Bu et al. 2023, "Automatic Clipping", Section 4).
	Normalise
	// PSAC scales by C/(n + r/(n + r)), non-monotone in n near zero
	// (Xia et al. 2023, "Differentially Private Learning with Per-Sample Adaptive Clipping", Section 4).
	PSAC
)

var kindNames = [...]string{"clip", "normalise", "psac"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("clip.Kind(%d)", uint8(k))
}

// Grouping says which parameters share one bound.
type Grouping uint8

const (
	// Global puts all parameters into one group.
	Global Grouping = iota
	// PerLayer gives each parameter tensor (a layer's weight, a layer's bias) a group of its own.
	PerLayer
)

func (g Grouping) String() string {
	if g == PerLayer {
		return "per-layer"
	}
	return "global"
}

// Floor is the norm at or below which a group's gradient counts as zero: its float32 square would underflow,
// and no factor computed from it could be trusted.
const Floor = 1e-18

// Least is the smallest factor that is used. Below it, factors and what they scale would come close to float32 numbers
// that lose digits, where rounding up would break the bound, and that take many times as long as others to compute with.
const Least = 1e-20

// Rule is a clip rule without its bounds, which may change at every step. The zero value is global clipping.
type Rule struct {
	Kind     Kind
	Grouping Grouping
	Gamma    float64 // Normalise: stabiliser gamma >= 0, in units of the gradient norm
	R        float64 // PSAC: r > 0
}

// Validate reports the first field that is out of its range.
func (r Rule) Validate() error {
	switch {
	case r.Kind > PSAC:
		return fmt.Errorf("clip: unknown kind %d", r.Kind)
	case r.Grouping > PerLayer:
		return fmt.Errorf("clip: unknown grouping %d", r.Grouping)
	case r.Kind == Normalise && !(r.Gamma >= 0 && r.Gamma <= math.MaxFloat32):
		return fmt.Errorf("clip: normalise needs a finite gamma >= 0, got %v", r.Gamma)
	case r.Kind == PSAC && !(r.R > 0 && r.R <= math.MaxFloat32):
		return fmt.Errorf("clip: PSAC needs a finite r > 0, got %v", r.R)
	}
	return nil
}

// Groups is the number of bounds the rule takes for a model with the given number of parameter tensors.
func (r Rule) Groups(tensors int) int {
	if r.Grouping == Global {
		return 1
	}
	return tensors
}

// Group is the group of parameter tensor t.
func (r Rule) Group(t int) int {
	if r.Grouping == Global {
		return 0
	}
	return t
}

// Factor is the scale for a group whose per-sample gradient has the given L2 norm; norm*Factor <= bound, up to
// float64's rounding.
// A norm at or below [Floor] or not finite gives 0, as does a factor below [Least]: the record then contributes nothing.
func (r Rule) Factor(norm, bound float64) float64 {
	if !(norm > Floor) || math.IsInf(norm, 1) {
		return 0
	}
	factor := 0.0
	switch r.Kind {
	case Clip:
		factor = math.Min(1, bound/norm)
	case Normalise:
		factor = bound / (norm + r.Gamma)
	case PSAC:
		factor = bound / (norm + r.R/(norm+r.R))
	}
	if factor < Least {
		return 0
	}
	return factor
}

// Sensitivity is the L2 sensitivity of the sum of clipped gradients, sqrt(sum_g C_g^2) over the groups' bounds,
// under add/remove of one record.
func Sensitivity(bounds []float64) float64 {
	s := 0.0
	for _, c := range bounds {
		s = math.Hypot(s, c)
	}
	return s
}

// CheckBounds reports a wrong number of bounds or one that is not a positive float32.
func CheckBounds(bounds []float64, groups int) error {
	if len(bounds) != groups {
		return fmt.Errorf("clip: %d bounds for %d groups", len(bounds), groups)
	}
	for g, c := range bounds {
		if !(c >= 1e-12 && c <= 1e12) {
			return fmt.Errorf("clip: bound %d is %v, want a number from 1e-12 to 1e12", g, c)
		}
	}
	return nil
}
