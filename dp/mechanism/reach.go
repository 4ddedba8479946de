package mechanism

import (
	"fmt"
	"math"
	"strings"

	"cloister/clip"
)

// reaching clip policies know, before a run, the least and the greatest bound that they can state at a step, whatever is
// released until then.
type reaching interface {
	reach(step int) (least, greatest float64)
}

func (f fixedBounds) reach(int) (least, greatest float64) {
	least, greatest = f[0], f[0]
	for _, c := range f {
		least, greatest = min(least, c), max(greatest, c)
	}
	return least, greatest
}

// Bounds start equal. From then on each is anywhere between low and high, scaled down under a cap: furthest when it alone
// is at low and all others are at high.
func (q *quantileBounds) reach(step int) (least, greatest float64) {
	if step == 0 {
		return q.c[0], q.c[0]
	}
	least, greatest = q.low, q.high
	if q.cap != nil {
		norm := math.Hypot(q.low, q.high*math.Sqrt(float64(len(q.c)-1)))
		least *= min(1, q.cap[step]/norm)
		greatest = min(greatest, q.cap[step])
	}
	return least, greatest
}

// checkReach refuses a plan whose bounds could leave what a clip rule takes: it would halt with its budget spent.
func (b *builder) checkReach() error {
	policy, ok := b.policy.clip.(reaching)
	if !ok {
		return fmt.Errorf("mechanism: a clip policy of type %T does not tell how far its bounds reach", b.policy.clip)
	}
	ends := make([]float64, 2)
	for t := range b.Steps {
		ends[0], ends[1] = policy.reach(t)
		err := clip.CheckBounds(ends, 2) // as thresholds
		if b.policy.decay != nil && err == nil {
			ends[0], ends[1] = ends[0]*b.policy.decay[t], ends[1]*b.policy.decay[t]
			err = clip.CheckBounds(ends, 2)
		}
		if err != nil {
			return fmt.Errorf("mechanism: clip bounds could reach from %.3g to %.3g at step %d, beyond what clipping takes: change %s: %w",
				ends[0], ends[1], t, strings.Join(b.shapers, ", "), err)
		}
	}
	return nil
}

// shapesBounds notes which parameters of the part being built shape the bounds.
func (b *builder) shapesBounds(params ...string) {
	for _, p := range params {
		b.shapers = append(b.shapers, b.part+"."+p)
	}
}
