package dp

import (
	"math"
	"math/bits"
)

// rate is a probability as a fraction of 2^64, rounded down: a record is never sampled more often than accounted for.
type rate struct {
	bits uint64
	sure bool // probability 1
}

func newRate(q float64) rate {
	if q >= 1 {
		return rate{sure: true}
	}
	// q = m 2^e exactly; m 2^(e+64) is truncated by the conversion.
	return rate{bits: uint64(math.Ldexp(q, 64))}
}

// poisson appends to dst the records of 0..n-1 that a Poisson sample holds: each in or out on its own, with probability
// q exactly (to 2^-64). Sixteen random bits settle most records; only a tie with the leading bits of q takes more.
// The time depends on n and hardly on who was drawn.
func poisson(r *Stream, q rate, n int, dst []int32) []int32 {
	if q.sure {
		for i := range n {
			dst = append(dst, int32(i))
		}
		return dst
	}
	head := q.bits >> 48
	const lanes, tops = 0x0001_0001_0001_0001, 0x8000_8000_8000_8000
	for i := 0; i < n; i += 4 {
		u := r.Uint64()
		if head < 0x7fff && (u-lanes*(head+1))&^u&tops == 0 {
			continue // no lane is at most head: at a small rate nearly every word (Warren, Hacker's Delight, Section 6-1)
		}
		for j := i; j < min(i+4, n); j++ {
			if chunk := u & 0xffff; chunk < head || chunk == head && r.Uint64()>>16 < q.bits&(1<<48-1) {
				dst = append(dst, int32(j))
			}
			u >>= 16
		}
	}
	return dst
}

// assignGroups assigns every one of n records to one of `groups` groups, independently and uniformly, and lists each group's
// records in ascending order (cyclic Poisson sampling: Choquette-Choo et al. 2023, Section 3).
func assignGroups(r *Stream, n, groups int) [][]int32 {
	assigned := make([][]int32, groups)
	for i := range n {
		g := below(r, uint64(groups))
		assigned[g] = append(assigned[g], int32(i))
	}
	return assigned
}

// below is uniform on 0..n-1 (Lemire 2019, "Fast Random Integer Generation in an Interval").
func below(r *Stream, n uint64) uint64 {
	for {
		hi, lo := bits.Mul64(r.Uint64(), n)
		if lo >= -n%n {
			return hi
		}
	}
}

// sampler draws the records of each step.
type sampler struct {
	q       rate
	n       int
	groups  [][]int32 // cyclic Poisson: step t samples from groups[t mod b]; nil: from all records
	persons *Persons  // whom n and groups count; nil: records
	picks   []int32
	sample  [2][]int32 // used in turn: one step's is still at work while the next one's is drawn
}

func newSampler(p *Plan, persons *Persons, r *Stream) *sampler {
	s := &sampler{q: newRate(p.spec.groupRate()), n: p.spec.N, persons: persons}
	if p.Bands() > 1 {
		s.groups = assignGroups(r, p.spec.N, p.Bands())
	}
	return s
}

// draw returns the ascending records of a step, in a slice that the next draw but one reuses.
func (s *sampler) draw(r *Stream, step int) []int32 {
	sample := s.sample[step%2][:0]
	if s.groups == nil {
		sample = poisson(r, s.q, s.n, sample)
	} else {
		group := s.groups[step%len(s.groups)]
		s.picks = poisson(r, s.q, len(group), s.picks[:0])
		for _, i := range s.picks {
			sample = append(sample, group[i])
		}
	}
	if s.persons != nil {
		s.persons.bring(r, sample)
	}
	s.sample[step%2] = sample
	return sample
}
