package nn

import (
	"encoding/binary"
	"math"
)

// Bytes are numbers as files and modules hold them: little-endian, 4 bytes each.
func Bytes(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, x := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// Floats are the numbers that [Bytes] wrote; what is left over of b is ignored.
func Floats(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
