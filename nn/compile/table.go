package compile

import "encoding/binary"

// list places constant int32 values; equal lists share one place. Values that form a grid, as pixels do, cost a call at the
// module's start instead of their own size.
func (p *plan) list(values []int) int {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	if at, ok := p.tables[string(b)]; ok {
		return at
	}
	at := p.alloc(len(b))
	p.tables[string(b)] = at
	if g, ok := gridOf(values); ok && len(values) > 8 {
		g.at = at
		p.grids = append(p.grids, g)
	} else {
		p.module.Data(at, b)
	}
	return at
}

// grid is a table of origin + row*down + column*right.
type grid struct{ at, rows, columns, origin, down, right int }

// gridOf finds the grid that values form, if they form one.
func gridOf(values []int) (grid, bool) {
	n := len(values)
	if n < 2 {
		return grid{}, false
	}
	g := grid{origin: values[0], right: values[1] - values[0], columns: 2}
	for g.columns < n && values[g.columns]-values[g.columns-1] == g.right {
		g.columns++
	}
	if g.rows = n / g.columns; g.rows > 1 {
		g.down = values[g.columns] - values[0]
	}
	for i, v := range values {
		if v != g.origin+i/g.columns*g.down+i%g.columns*g.right {
			return grid{}, false
		}
	}
	return g, g.rows*g.columns == n
}

// fillGrids makes the tables when the module is instantiated.
func (p *plan) fillGrids() {
	f := p.module.Func()
	for _, g := range p.grids {
		call(f, p.kernels.Grid(), g.at, g.rows, g.columns, g.origin, g.down, g.right)
	}
	p.module.Start(f)
}
