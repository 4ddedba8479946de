package audio

import "bytes"

// mendMidSide adds zeros to what a frame codes. go-mp3 v0.3.4 turns mid and side into left and right up to the last line that
// either channel codes, but reorders the lines of short blocks first, which takes some of them beyond. With small values of
// zero up to the last line of the first channel that codes any, it turns them all.
//
// What needs no mending, or would be longer than limit bytes, stays as it is.
func (c coded) mendMidSide(h header, limit int) coded {
	extra, bits := make([]int, len(c.granules)), c.bits
	for i := 0; i+1 < len(c.granules) && h.midSide(); i += 2 {
		if !c.granules[i].short && !c.granules[i+1].short {
			continue
		}
		codes := i
		if c.granules[i].bits == 0 {
			codes = i + 1
		}
		extra[codes] = c.granules[codes].zeros()
		bits += extra[codes]
	}
	if bits == c.bits || (bits+7)/8 > limit {
		return c
	}
	mended := coded{c.sideInfo, bytes.Clone(c.side), make([]byte, (bits+7)/8)}
	from, to := bitReader{bytes: c.main}, 0
	for i, g := range c.granules {
		for left := g.bits; left > 0; {
			n := min(left, 8)
			setBits(mended.main, to, n, from.bits(n))
			to, left = to+n, left-n
		}
		for range extra[i] {
			setBits(mended.main, to, 1, 1)
			to++
		}
		setBits(mended.side, g.lengthAt, 12, g.bits+extra[i])
	}
	return mended
}

// zeros is how many bits, all of them 1, code zeros from a granule's last big value to the last line (ISO/IEC 11172-3, table
// B.7: four small values of 0 are 1 in table A, 1111 in table B); 0 if they do not fit.
func (g granule) zeros() int {
	n := (576 - 2*g.bigValues) / 4
	if g.tableB {
		n *= 4
	}
	const longest = 1<<12 - 1
	if g.bits == 0 || g.bits+n > longest {
		return 0
	}
	return n
}
