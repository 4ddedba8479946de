package accountant

import "math"

// maxKinds is how many kinds of step are composed exactly; more are gathered into that many groups.
const maxKinds = 256

// grouped replaces a long schedule by two short ones, one at most and one at least as private: steps whose noise
// multipliers and rates differ by less than a small factor are counted together at the group's least noise and largest
// rate, and at its largest noise and least rate. (Epsilon falls with sigma and rises with q.)
func grouped(merged []Segment) (less, more []Segment) {
	for ratio := 0.0005; ; ratio *= 1.3 {
		type cell struct{ sigma, rate int }
		index := map[cell]int{}
		less, more = less[:0], more[:0]
		for _, s := range merged {
			c := cell{int(math.Floor(math.Log(s.Sigma) / ratio)), int(math.Floor(math.Log(s.Rate) / ratio))}
			i, seen := index[c]
			if !seen {
				if len(less) == maxKinds {
					less = nil
					break
				}
				i = len(less)
				index[c] = i
				less, more = append(less, Segment{s.Sigma, s.Rate, 0}), append(more, Segment{s.Sigma, s.Rate, 0})
			}
			less[i] = Segment{min(less[i].Sigma, s.Sigma), max(less[i].Rate, s.Rate), less[i].Steps + s.Steps}
			more[i] = Segment{max(more[i].Sigma, s.Sigma), min(more[i].Rate, s.Rate), more[i].Steps + s.Steps}
		}
		if less != nil {
			return less, more
		}
	}
}
