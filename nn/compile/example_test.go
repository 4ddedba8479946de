//go:build !js

package compile_test

import (
	"context"
	"encoding/binary"
	"fmt"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/compile"

	"github.com/tetratelabs/wazero"
)

// Two records' gradients, each clipped to norm 1, summed by the compiled module.
func Example() {
	m := &nn.Model{Name: "line", Input: nn.Shape{C: 2, H: 1, W: 1}, Layers: []nn.Layer{nn.Linear{In: 2, Units: 2}}}
	step, err := compile.Compile(m, compile.Options{Rule: clip.Rule{}, Scale: []float32{1, 1}, Shift: []float32{0, 0}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	module, err := runtime.Instantiate(ctx, step.Wasm)
	if err != nil {
		fmt.Println(err)
		return
	}
	memory, l := module.Memory(), step.Layout
	at, err := l.Place(2, 0) // a set of two records, and an empty one
	if err != nil {
		fmt.Println(err)
		return
	}
	memory.Grow(uint32(at.Pages()) - memory.Size()/compile.PageSize)
	memory.Write(uint32(at.Pixels[0]), []byte{3, 4, 0, 1})
	memory.Write(uint32(at.Labels[0]), []byte{0, 1})
	memory.Write(uint32(at.Indices), binary.LittleEndian.AppendUint32(make([]byte, 4), 1)) // records 0 and 1
	memory.WriteFloat64Le(uint32(l.Bounds), 1)
	if _, err := module.ExportedFunction("step").Call(ctx, uint64(at.Pixels[0]), uint64(at.Labels[0]), uint64(at.Indices), 2, 2); err != nil {
		fmt.Println(err)
		return
	}
	for i := range l.NumParams { // the parameters are all zero, so both classes are equally likely
		sum, _ := memory.ReadFloat64Le(uint32(l.Sum + 8*i))
		fmt.Printf("%.3f, ", sum)
	}
	loss, _ := memory.ReadFloat64Le(uint32(l.Loss))
	fmt.Printf("loss %.3f, within %.5f of what one record may add\n", loss, compile.Rounding(2))
	// Output:
	// -0.416, -0.055, 0.416, 0.055, 0.361, -0.361, loss 1.386, within 0.00007 of what one record may add
}
