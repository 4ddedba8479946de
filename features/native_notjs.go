//go:build !js

package features

import (
	"context"
	"fmt"
	"runtime"

	"cloister/nn"
	"cloister/nn/compile/extract"
	"cloister/nn/compile/wasm"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

var _ Engine = (*Native)(nil)

// Native runs compiled maps outside of a browser, under wazero, an instance a processor.
type Native struct {
	runtime   wazero.Runtime
	module    *extract.Module
	instances []api.Module
}

// NewNative compiles nothing yet.
func NewNative() *Native { return &Native{runtime: wazero.NewRuntime(context.Background())} }

func (n *Native) Close() error { return n.runtime.Close(context.Background()) }

// Pool and Features make it an [Engine].
func (n *Native) Pool(ctx context.Context, m *extract.Module, records []byte) ([]float32, error) {
	b, err := n.run(ctx, m, "pool", records, 4*m.Features)
	return nn.Floats(b), err
}

func (n *Native) Features(ctx context.Context, m *extract.Module, records []byte) ([]byte, error) {
	return n.run(ctx, m, "features", records, m.Features)
}

// run calls an export on all records, shared out evenly.
func (n *Native) run(ctx context.Context, m *extract.Module, export string, records []byte, outBytes int) ([]byte, error) {
	if len(records)%m.RecordBytes != 0 {
		return nil, fmt.Errorf("features: %d bytes of records of %d", len(records), m.RecordBytes)
	}
	if err := n.load(ctx, m); err != nil {
		return nil, err
	}
	count := len(records) / m.RecordBytes
	out := make([]byte, count*outBytes)
	errs := make([]error, len(n.instances))
	workers := len(n.instances)
	parallel(workers, 1, func(first, end int) {
		for w := first; w < end; w++ {
			from, to := count*w/workers, count*(w+1)/workers
			errs[w] = one(ctx, n.instances[w], m, export, records[from*m.RecordBytes:to*m.RecordBytes], out[from*outBytes:to*outBytes])
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (n *Native) load(ctx context.Context, m *extract.Module) error {
	if n.module == m {
		return nil
	}
	for _, i := range n.instances {
		i.Close(ctx)
	}
	n.instances, n.module = nil, nil
	code, err := n.runtime.CompileModule(ctx, m.Wasm)
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	for range runtime.GOMAXPROCS(0) {
		i, err := n.runtime.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName(""))
		if err != nil {
			return fmt.Errorf("features: %w", err)
		}
		n.instances = append(n.instances, i)
	}
	n.module = m
	return nil
}

func one(ctx context.Context, i api.Module, m *extract.Module, export string, records, out []byte) error {
	count := len(records) / m.RecordBytes
	at := m.Data + (len(records)+63)/64*64
	memory := i.Memory()
	if missing := (at+len(out)+wasm.PageSize-1)/wasm.PageSize - int(memory.Size()/wasm.PageSize); missing > 0 {
		if _, ok := memory.Grow(uint32(missing)); !ok {
			return fmt.Errorf("features: no memory for %d records", count)
		}
	}
	memory.Write(uint32(m.Data), records)
	if _, err := i.ExportedFunction(export).Call(ctx, uint64(m.Data), uint64(count), uint64(at)); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	b, _ := memory.Read(uint32(at), uint32(len(out)))
	copy(out, b)
	return nil
}
