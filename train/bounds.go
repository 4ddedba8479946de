package train

import (
	"fmt"

	"cloister/accountant"
	"cloister/data"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// bounds answers a question about a column of the person's own data, which it charges to their ledger first.
func (t *Trainer) bounds(q protocol.BoundsQuestion) (*protocol.BoundsAnswer, error) {
	store, forgets, err := t.host.Ledgers()
	if err != nil {
		return nil, err
	}
	name, err := collection(q.Collection)
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(store, collectionKey(name))
	if err != nil {
		return nil, err
	}
	unit := ""
	if q.Unit == data.UnitPerson {
		unit = dp.UnitPerson
	}
	grid := data.Grid()
	query, err := dp.NewBoundsQuery(len(grid), q.Units, q.Epsilon, q.Delta)
	if err != nil {
		return nil, err
	}
	cost, err := accountant.EpsilonOf(accountant.FromSegments(query.Segments()), q.Delta)
	if err != nil {
		return nil, err
	}
	if !(cost.Upper <= q.Epsilon) {
		return nil, fmt.Errorf("train: bounds would cost epsilon %v, not the %v that was stated", cost.Upper, q.Epsilon)
	}
	low, high, err := query.Release(l, ledger.Run{Title: fmt.Sprintf("Bounds of %.80s", q.Column), On: name, Unit: unit, Epsilon: cost.Upper, Delta: q.Delta}, q.Cells)
	if err != nil {
		return nil, err
	}
	if forgets {
		t.notice("What the bounds cost is not kept here: it is forgotten with this page.")
	}
	return &protocol.BoundsAnswer{Low: grid[low], High: grid[high], Epsilon: cost.Upper, Few: query.Few}, nil
}
