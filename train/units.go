package train

import (
	"fmt"

	"cloister/data"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// units is how many there are of what a run protects and samples: records of a split, or persons.
func units(m *data.Manifest, split string) int {
	switch {
	case m.Unit == data.UnitPerson:
		return m.Persons(split)
	case split == data.TrainSplit:
		return m.TrainRecords
	}
	return m.TestRecords
}

// checkBatch refuses a batch of more persons than there are.
func checkBatch(c *protocol.Config, m *data.Manifest) error {
	if n := units(m, data.TrainSplit); m.Unit == data.UnitPerson && c.Batch(n) > n {
		return fmt.Errorf("train: Batch size is %d, but these records belong to %d persons, of whom each brings one record to a step: take at most %d, "+
			"or import the records without naming whose they are, which protects each record by itself and not its person", c.BatchSize, n, n)
	}
	return nil
}

// owners collects whose records are, as they arrive.
type owners struct{ splits [2][]uint32 }

func (o *owners) add(split string, persons []uint32) {
	k := splitOf(split)
	o.splits[k] = append(o.splits[k], persons...)
}

func splitOf(split string) int {
	if split == data.TrainSplit {
		return 0
	}
	return 1
}

// group sorts a split's records by their persons; nil where records are protected.
func (o *owners) group(m *data.Manifest, split string) (*dp.Persons, error) {
	if m.Unit != data.UnitPerson || m.Persons(split) == 0 {
		return nil, nil
	}
	p, err := dp.NewPersons(o.splits[splitOf(split)], m.Persons(split))
	if err != nil {
		return nil, fmt.Errorf("train: %s split: %w", split, err)
	}
	return p, nil
}

// persons are whom the engine samples: the dataset's, and an auditor's canaries beside them.
func (p *Proposal) persons() *dp.Persons {
	persons := p.dataset.persons
	if persons != nil && p.audit != nil {
		return persons.With(p.audit.Canaries)
	}
	return persons
}

// mixed says why the spends of private runs, and of the plan at hand where there is one, cannot be added up: a bound for a record says
// nothing of a person with many.
func mixed(runs []ledger.Entry, run ledger.RunID, plan *dp.Plan) string {
	kinds := map[string]bool{}
	if plan != nil {
		kinds[plan.Spec().Unit] = true
	}
	for _, r := range runs {
		if r.Charged > 0 && r.ID != run && r.NotPrivate == "" {
			kinds[r.Unit] = true
		}
	}
	if len(kinds) > 1 {
		return "runs on these records protect different things, some a record and some a person with all of theirs: no total covers both"
	}
	return ""
}
