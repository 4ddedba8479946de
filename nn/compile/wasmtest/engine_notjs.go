//go:build !js

package wasmtest

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// FMA says whether the engine has relaxed SIMD.
func FMA([]byte) bool { return false }

var runtime = wazero.NewRuntime(context.Background())

type native struct{ api.Module }

func instantiate(t testing.TB, module []byte) (engine, error) {
	ctx := context.Background()
	code, err := runtime.CompileModule(ctx, module)
	if err != nil {
		return nil, err
	}
	m, err := runtime.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		m.Close(ctx)
		code.Close(ctx)
	})
	return native{m}, nil
}

func (n native) call(name string, args []uint32) error {
	wide := make([]uint64, len(args))
	for i, a := range args {
		wide[i] = uint64(a)
	}
	_, err := n.ExportedFunction(name).Call(context.Background(), wide...)
	return err
}

func (n native) read(at, count int) []byte {
	b, _ := n.Memory().Read(uint32(at), uint32(count))
	return append([]byte(nil), b...)
}

func (n native) write(at int, b []byte) { n.Memory().Write(uint32(at), b) }
func (n native) size() int              { return int(n.Memory().Size()) }

func (n native) grow(pages int) bool {
	_, ok := n.Memory().Grow(uint32(pages))
	return ok
}
