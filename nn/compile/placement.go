package compile

import "fmt"

// Placement says where a host puts records and what a call takes and gives: byte addresses above the module's own memory.
// Every host places them alike.
type Placement struct {
	Pixels, Labels [2]int // of two sets of records, such as a training and a test set
	Indices        int    // int32 [records of the first set]
	Out            int    // float32 [records of the first set][Groups] norms or factors, or uint8 [records of either set] predictions
	End            int    // first byte behind all of it
}

// PageSize is the unit of WebAssembly's memory, in bytes.
const PageSize = 1 << 16

// Pages is how many units of memory it takes to hold everything.
func (p *Placement) Pages() int { return (p.End + PageSize - 1) / PageSize }

// maxAddress is as far as a memory reaches.
const maxAddress = 1 << 32

// Place lays out two sets of records; either may be empty. It refuses what a module cannot address, or what its
// rounding is not bounded for.
func (l *Layout) Place(first, second int) (Placement, error) {
	if first < 0 || second < 0 || first > MaxRecords || second > maxAddress {
		return Placement{}, fmt.Errorf("compile: %d and %d records, the step takes at most %d", first, second, MaxRecords)
	}
	at := l.Data
	take := func(bytes int) int {
		here := at
		at = roundUp(at+bytes, 64)
		return here
	}
	var p Placement
	for i, n := range [2]int{first, second} {
		p.Pixels[i], p.Labels[i] = take(n*l.Record), take(n)
	}
	p.Indices = take(4 * first)
	p.Out = take(max(4*first*l.Groups, first, second))
	p.End = at
	if p.End > maxAddress {
		return Placement{}, fmt.Errorf("compile: %d MB of records do not fit into WebAssembly's memory", p.End>>20)
	}
	return p, nil
}
