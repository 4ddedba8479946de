package wasm

import (
	"bytes"
	"math"
	"testing"
)

// Vectors from the DWARF specification, version 4, figures 22 and 23, and the ends of the ranges.
func TestLEB128(t *testing.T) {
	for _, c := range []struct {
		value uint64
		want  []byte
	}{
		{0, []byte{0}}, {2, []byte{2}}, {127, []byte{127}}, {128, []byte{0x80, 1}}, {129, []byte{0x81, 1}}, {12857, []byte{0xb9, 0x64}},
		{624485, []byte{0xe5, 0x8e, 0x26}}, {math.MaxUint32, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
	} {
		if got := appendUnsigned(nil, c.value); !bytes.Equal(got, c.want) {
			t.Errorf("unsigned %d is % x, want % x", c.value, got, c.want)
		}
	}
	for _, c := range []struct {
		value int64
		want  []byte
	}{
		{0, []byte{0}}, {2, []byte{2}}, {-2, []byte{0x7e}}, {63, []byte{0x3f}}, {64, []byte{0xc0, 0}}, {-64, []byte{0x40}}, {-65, []byte{0xbf, 0x7f}},
		{127, []byte{0xff, 0}}, {-127, []byte{0x81, 0x7f}}, {128, []byte{0x80, 1}}, {-128, []byte{0x80, 0x7f}}, {-123456, []byte{0xc0, 0xbb, 0x78}},
		{math.MinInt32, []byte{0x80, 0x80, 0x80, 0x80, 0x78}},
		{math.MinInt64, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}},
	} {
		if got := appendSigned(nil, c.value); !bytes.Equal(got, c.want) {
			t.Errorf("signed %d is % x, want % x", c.value, got, c.want)
		}
	}
}

func FuzzLEB128(f *testing.F) {
	f.Add(int64(-1))
	f.Fuzz(func(t *testing.T, v int64) {
		if got := decodeSigned(appendSigned(nil, v)); got != v {
			t.Errorf("signed %d comes back as %d", v, got)
		}
		if got := decodeUnsigned(appendUnsigned(nil, uint64(v))); got != uint64(v) {
			t.Errorf("unsigned %d comes back as %d", uint64(v), got)
		}
	})
}

func TestLEB128DoesNotAllocate(t *testing.T) {
	buffer := make([]byte, 0, 16)
	if n := testing.AllocsPerRun(100, func() {
		buffer = appendUnsigned(buffer[:0], 624485)
		buffer = appendSigned(buffer[:0], -123456)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func decodeUnsigned(b []byte) (v uint64) {
	for i, c := range b {
		v |= uint64(c&0x7f) << (7 * i)
	}
	return v
}

func decodeSigned(b []byte) (v int64) {
	shift := 0
	for _, c := range b {
		v |= int64(c&0x7f) << shift
		shift += 7
	}
	if shift < 64 && b[len(b)-1]&0x40 != 0 {
		v |= -1 << shift
	}
	return v
}
