package audio

import "bytes"

// sideInfo is what repacking has to know of a frame's side information.
type sideInfo struct {
	begin    int // bytes before the frame's own main data at which its main data begins
	bits     int // length of the main data
	granules []granule
	fault    string // why a decoder must not see this frame, or ""
}

// granule is one channel of a block of 576 samples.
type granule struct {
	lengthAt  int  // bit of the side information at which the length is stated
	bits      int  // length: scale factors, big values, small values
	bigValues int  // pairs of lines
	short     bool // three short blocks
	tableB    bool // small values have codes of four bits
}

// readSide checks a frame's side information (ISO/IEC 11172-3, 2.4.1.7; ISO/IEC 13818-3, 2.4.1.7).
func readSide(h header, side []byte) (s sideInfo) {
	r := bitReader{bytes: side}
	if h.version == mpeg1 {
		s.begin = r.bits(9)
		r.skip([]int{5, 3}[h.channels()-1]) // private bits
		r.skip(4 * h.channels())            // scale factors shared by the granules
	} else {
		s.begin = r.bits(8)
		r.skip(h.channels())
	}
	for range h.granules() * h.channels() {
		g, fault := readGranule(h, &r)
		if fault != "" {
			s.fault = fault
		}
		s.granules = append(s.granules, g)
		s.bits += g.bits
	}
	return s
}

func readGranule(h header, r *bitReader) (g granule, fault string) {
	g.lengthAt = r.at
	g.bits = r.bits(12)
	g.bigValues = r.bits(9)
	if g.bigValues > 288 {
		fault = "a frame that states more values than it has lines"
	}
	r.skip(8)                    // global gain
	r.skip([]int{4, 9}[h.low()]) // scale factor lengths
	if switched := r.bits(1); switched == 1 {
		block, mixed := r.bits(2), r.bits(1)
		g.short = block == 2
		switch {
		case block == 0:
			fault = "a frame with a reserved block type"
		case g.short && mixed == 1 && h.low() == 1:
			fault = "a frame with mixed blocks in MPEG-2, which are not decoded"
		}
		r.skip(2*5 + 3*3) // tables and gains of the windows
	} else {
		r.skip(3 * 5) // tables
		if region0, region1 := r.bits(4), r.bits(3); region0+region1+2 > 22 {
			fault = "a frame whose regions pass its last band"
		}
	}
	if h.version == mpeg1 {
		r.skip(1) // pre-emphasis
	}
	r.skip(1) // scale of scale factors
	g.tableB = r.bits(1) == 1
	return g, fault
}

// withBegin is a copy of a frame's side information whose main data begins elsewhere.
func withBegin(h header, side []byte, begin int) []byte {
	side = bytes.Clone(side)
	if h.version == mpeg1 {
		side[0] = byte(begin >> 1)
		side[1] = side[1]&0x7f | byte(begin<<7)
	} else {
		side[0] = byte(begin)
	}
	return side
}

// bitReader reads the most significant bit first. Its caller knows that the bits are there.
type bitReader struct {
	bytes []byte
	at    int
}

func (r *bitReader) skip(n int) { r.at += n }

func (r *bitReader) bits(n int) (v int) {
	for range n {
		v = v<<1 | int(r.bytes[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}

// setBits writes n bits of v, the most significant first.
func setBits(to []byte, at, n, v int) {
	for i := range n {
		mask := byte(0x80) >> ((at + i) % 8)
		if to[(at+i)/8] &^= mask; v>>(n-1-i)&1 == 1 {
			to[(at+i)/8] |= mask
		}
	}
}
