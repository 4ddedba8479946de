//go:build !js

package train

import (
	"math"
	"strings"
	"testing"

	"cloister/data"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// Bounds are asked for before any dataset is open; what they cost is in the ledger of the person's own data when they are told, and a
// refusal charges nothing.
func TestBoundsOfOwnData(t *testing.T) {
	store := &ledger.MemoryStore{}
	p := newTalk(t)
	p.trainer.host.(*MemoryHost).Store = store
	cells := make([]int64, 2*len(data.Grid())+1)
	for age := range 90 {
		cells[data.GridCell(float64(age))] += 100 * dp.BoundsShare
	}
	q := protocol.BoundsQuestion{Column: "age", Cells: cells, Units: 9000, Unit: data.UnitPerson, Epsilon: 0.5, Delta: 1e-6}
	p.trainer.Send(protocol.Request{Type: "bounds", ID: 7, Bounds: &q})
	e := p.hear("bounds")
	// A hundredth of the ages lies below 1; the first threshold with so few above it is 100. Noise of 5 standard deviations would change that.
	if a := e.Bounds; e.ID != 7 || !(a.Low >= 0 && a.Low <= 2) || !(a.High >= 80 && a.High <= 100) || !(a.Epsilon <= 0.5 && a.Epsilon > 0.49) || !(a.Few >= 90) {
		t.Errorf("heard %+v", a)
	}
	own, err := ledger.Open(store, collectionKey(ownCollection))
	if err != nil {
		t.Fatal(err)
	}
	spent, err := own.Epsilon(1e-6)
	if err != nil || math.Abs(spent.Upper-e.Bounds.Epsilon) > 1e-9 || len(own.Runs()) != 1 || own.Runs()[0].Unit != dp.UnitPerson {
		t.Errorf("the ledger says %v of %+v, %v", spent.Upper, own.Runs(), err)
	}
	for words, change := range map[string]func(*protocol.BoundsQuestion){
		"too few": func(q *protocol.BoundsQuestion) { q.Epsilon = 1e-4 },
		"cells":   func(q *protocol.BoundsQuestion) { q.Cells = q.Cells[1:] },
		"finite":  func(q *protocol.BoundsQuestion) { q.Epsilon = math.Inf(1) },
	} {
		bad := q
		change(&bad)
		p.trainer.Send(protocol.Request{Type: "bounds", ID: 8, Bounds: &bad})
		if e := p.hear("error"); e.ID != 8 || !strings.Contains(e.Message, words) {
			t.Errorf("want a refusal that says %q, heard %+v", words, e)
		}
	}
	if err := own.Refresh(); err != nil || len(own.Runs()) != 1 {
		t.Errorf("refusals are in the ledger: %+v, %v", own.Runs(), err)
	}
}
