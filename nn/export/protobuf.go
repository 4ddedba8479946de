package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), as far as ONNX needs it: a message is a
// sequence of fields, each a number and a type of wire, then a varint, four or eight bytes, or a length and as many bytes.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// message is a message as it is written.
type message []byte

func (m *message) key(field, wire int) { *m = binary.AppendUvarint(*m, uint64(field<<3|wire)) }

func (m *message) int(field int, v int64) {
	m.key(field, wireVarint)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) float(field int, v float32) {
	m.key(field, wire32)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
}

func (m *message) bytes(field int, b []byte) {
	m.key(field, wireBytes)
	*m = append(binary.AppendUvarint(*m, uint64(len(b))), b...)
}

func (m *message) text(field int, s string) { m.bytes(field, []byte(s)) }

// field is a field as it is read. bytes aliases the message.
type field struct {
	number int
	wire   int
	value  uint64 // varint, or the bits of four or eight bytes
	bytes  []byte
}

var errCut = errors.New("a message is cut short")

// fields calls visit for each field of a message. What a length claims is never allocated.
func fields(m []byte, visit func(field) error) error {
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		if n <= 0 || key>>3 == 0 || key>>3 >= 1<<29 {
			return fmt.Errorf("a message has a field without a number")
		}
		f := field{number: int(key >> 3), wire: int(key & 7)}
		m = m[n:]
		switch f.wire {
		case wireVarint:
			if f.value, n = binary.Uvarint(m); n <= 0 {
				return errCut
			}
		case wire64:
			if n = 8; len(m) < n {
				return errCut
			}
			f.value = binary.LittleEndian.Uint64(m)
		case wire32:
			if n = 4; len(m) < n {
				return errCut
			}
			f.value = uint64(binary.LittleEndian.Uint32(m))
		case wireBytes:
			length, head := binary.Uvarint(m)
			if head <= 0 || length > uint64(len(m)-head) {
				return errCut
			}
			n = head + int(length)
			f.bytes = m[head:n]
		default:
			return fmt.Errorf("field %d has wire type %d", f.number, f.wire)
		}
		m = m[n:]
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// ints appends a repeated whole number, which is written one by one or packed into bytes.
func (f field) ints(to []int64) ([]int64, error) {
	if f.wire == wireVarint {
		return append(to, int64(f.value)), nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 || f.wire != wireBytes {
			return nil, errCut
		}
		to, b = append(to, int64(v)), b[n:]
	}
	return to, nil
}
