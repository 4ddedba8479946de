// Package wasmtest runs emitted modules in tests: under wazero natively, in the browser's own engine under GOOS=js, so that one
// test covers both and the browser also checks relaxed SIMD.
package wasmtest

import (
	"cloister/nn"
	"encoding/binary"
	"math"
	"testing"
)

// Instance is a running module with an exported memory. Its methods end the test on failure.
type Instance struct {
	t testing.TB
	engine
}

// engine is what differs between hosts.
type engine interface {
	call(name string, args []uint32) error
	read(at, n int) []byte // a copy
	write(at int, b []byte)
	size() int
	grow(pages int) bool
}

// New validates and instantiates a module. It is freed when the test ends.
func New(t testing.TB, module []byte) *Instance {
	t.Helper()
	e, err := instantiate(t, module)
	if err != nil {
		t.Fatalf("the module does not validate: %v", err)
	}
	return &Instance{t, e}
}

// Call calls an export; a trap fails the test.
func (i *Instance) Call(name string, args ...int) {
	i.t.Helper()
	if err := i.Try(name, args...); err != nil {
		i.t.Fatalf("%s%v: %v", name, args, err)
	}
}

// Try calls an export and returns its trap.
func (i *Instance) Try(name string, args ...int) error {
	wide := make([]uint32, len(args))
	for k, a := range args {
		wide[k] = uint32(a)
	}
	return i.call(name, wide)
}

// Reserve grows the memory to at least size bytes.
func (i *Instance) Reserve(size int) {
	i.t.Helper()
	if missing := size - i.size(); missing > 0 && !i.grow((missing+65535)/65536) {
		i.t.Fatalf("memory does not grow to %d bytes", size)
	}
}

func (i *Instance) Write(at int, b []byte) {
	i.t.Helper()
	i.check(at, len(b))
	i.write(at, b)
}

func (i *Instance) Bytes(at, n int) []byte {
	i.t.Helper()
	i.check(at, n)
	return i.read(at, n)
}

func (i *Instance) check(at, n int) {
	i.t.Helper()
	if at < 0 || at+n > i.size() {
		i.t.Fatalf("no memory from %d to %d", at, at+n)
	}
}

func (i *Instance) WriteFloats(at int, v []float32) {
	i.t.Helper()
	i.Write(at, nn.Bytes(v))
}

func (i *Instance) Floats(at, n int) []float32 {
	i.t.Helper()
	return nn.Floats(i.Bytes(at, 4*n))
}

func (i *Instance) WriteDoubles(at int, v []float64) {
	i.t.Helper()
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	i.Write(at, b)
}

func (i *Instance) Doubles(at, n int) []float64 {
	i.t.Helper()
	b, v := i.Bytes(at, 8*n), make([]float64, n)
	for k := range v {
		v[k] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*k:]))
	}
	return v
}

func (i *Instance) Ints(at, n int) []int {
	i.t.Helper()
	b, v := i.Bytes(at, 4*n), make([]int, n)
	for k := range v {
		v[k] = int(int32(binary.LittleEndian.Uint32(b[4*k:])))
	}
	return v
}

func (i *Instance) WriteInts(at int, v []int) {
	i.t.Helper()
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	i.Write(at, b)
}
