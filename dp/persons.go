package dp

import (
	"errors"
	"fmt"
	"slices"
)

// Persons says whose each record is, where a run protects persons: its N is their number, and a step samples them. A sampled
// person brings one of their records, drawn uniformly (user-level sampling with one example each: Chua et al. 2024, "Mind the
// Privacy Unit!", arXiv:2406.14322; Charles et al. 2024, "Fine-Tuning Large Language Models with User-Level Differential
// Privacy", arXiv:2407.07737).
//
// It costs what sampling as many records costs. Fix what everybody else draws, and which of the person's records would be
// drawn: with the person, the sum then gains one clipped contribution with probability q, and without them none. That is the
// ordinary Poisson-subsampled Gaussian, of the same dominating pair whichever record it is; and a mixture of pairs, here over
// the drawn record, is no easier to tell apart than the worst of them, since hockey-stick divergences are jointly convex.
// Over several steps the person may bring different records: an adaptive adversary is accounted for anyway. With bands, persons
// are assigned to groups, so that a person takes part in one step of each b at most, as accounted for.
//
// Persons is immutable, and safe for concurrent use.
type Persons struct {
	records []int32 // of person 0, then of person 1, ...
	starts  []int32 // person p has records[starts[p]:starts[p+1]]
}

// NewPersons groups records by their owners, owner[i] being whose record i is: 0 to persons-1, everybody with at least one.
func NewPersons(owner []uint32, persons int) (*Persons, error) {
	if persons < 1 || persons > len(owner) || len(owner) > MaxRecords {
		return nil, fmt.Errorf("dp: %d persons with %d records, want at least one person, a record of each, and at most %d records", persons, len(owner), MaxRecords)
	}
	p := &Persons{records: make([]int32, len(owner)), starts: make([]int32, persons+1)}
	for i, o := range owner {
		if int64(o) >= int64(persons) {
			return nil, fmt.Errorf("dp: record %d is of person %d, but there are %d", i, o, persons)
		}
		p.starts[o+1]++
	}
	for k := range persons {
		if p.starts[k+1] == 0 {
			return nil, fmt.Errorf("dp: person %d has no record", k)
		}
		p.starts[k+1] += p.starts[k]
	}
	next := slices.Clone(p.starts)
	for i, o := range owner {
		p.records[next[o]] = int32(i)
		next[o]++
	}
	return p, nil
}

// Len is the number of persons.
func (p *Persons) Len() int { return len(p.starts) - 1 }

// Records is the number of records of all persons.
func (p *Persons) Records() int { return len(p.records) }

// With are the persons and so many more behind them, who have one record each, behind the others: an audit's canaries.
func (p *Persons) With(more int) *Persons {
	grown := &Persons{records: slices.Clone(p.records), starts: slices.Clone(p.starts)}
	for range more {
		grown.records = append(grown.records, int32(len(grown.records)))
		grown.starts = append(grown.starts, int32(len(grown.records)))
	}
	return grown
}

// bring replaces each sampled person by one of their records, drawn uniformly and independently, and sorts the records.
func (p *Persons) bring(r *Stream, sample []int32) {
	for i, person := range sample {
		own := p.records[p.starts[person]:p.starts[person+1]]
		sample[i] = own[below(r, uint64(len(own)))]
	}
	slices.Sort(sample)
}

// checkPersons insists that a plan's unit of privacy is what its engine samples.
func checkPersons(plan *Plan, p *Persons) error {
	switch persons := plan.spec.Unit == UnitPerson; {
	case persons && p == nil:
		return errors.New("dp: a plan that protects persons needs to know whose each record is")
	case !persons && p != nil:
		return errors.New("dp: a plan that protects records cannot sample persons")
	case persons && p.Len() != plan.spec.N:
		return fmt.Errorf("dp: %d persons in a plan for %d", p.Len(), plan.spec.N)
	}
	return nil
}
