package main

import (
	"strings"
	"testing"
)

// A section is replaced where it is, and added where it is not; what others wrote stays.
func TestSectionIsReplaced(t *testing.T) {
	const text = "# Performance\n\nfirst\n\n## A\n\nold\n\n### deeper\n\n## B\n\nlast\n"
	for _, c := range []struct{ heading, want string }{
		{"## A\n", "# Performance\n\nfirst\n\n## A\n\nnew\n\n## B\n\nlast\n"},
		{"## B\n", "# Performance\n\nfirst\n\n## A\n\nold\n\n### deeper\n\n## B\n\nnew\n"},
		{"## C\n", text + "\n## C\n\nnew\n"},
	} {
		if got := withSection(text, c.heading, c.heading+"\nnew\n"); got != c.want {
			t.Errorf("%s: %q, want %q", strings.TrimSpace(c.heading), got, c.want)
		}
	}
}

// Ratios are medians of the rounds' own ratios.
func TestMechanismRatios(t *testing.T) {
	r := &mechanismReport{Model: "mnist-cnn", Rounds: 3, Of: compared()}
	for i, epochs := range [][]float64{{1, 2, 4}, {1.1, 2, 8}, {3, 3, 3}} {
		r.Of[i].Epoch, r.Of[i].Wall = epochs, []float64{10, 10, 10}
	}
	of := func(m *mechanismCost) []float64 { return m.Epoch }
	for i, want := range []float64{1, 1.1, 1.5} {
		if got := r.ratio(of, i); got != want {
			t.Errorf("mechanism %d: ratio %v, want %v", i, got, want)
		}
	}
	var b strings.Builder
	if err := r.document().Write(&b); err != nil || !strings.Contains(b.String(), "## What a mechanism costs: mnist-cnn\n") {
		t.Errorf("%s, %v", b.String(), err)
	}
	w := &mechanismReport{Model: "mnist-cnn", Rounds: 1, Written: "alds", Of: twice("alds")}
	for i, epoch := range []float64{2, 2.5} {
		w.Of[i].Epoch, w.Of[i].Wall = []float64{epoch}, []float64{10}
	}
	b.Reset()
	if err := w.document().Write(&b); err != nil || !strings.Contains(b.String(), "## What it costs to write a mechanism: alds\n") || !strings.Contains(b.String(), "-written alds") || !strings.Contains(b.String(), "1.25") {
		t.Errorf("%s, %v", b.String(), err)
	}
}
