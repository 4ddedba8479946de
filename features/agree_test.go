package features

import (
	"context"
	"math"
	"testing"

	"cloister/nn"
	"cloister/nn/compile"
	"cloister/nn/compile/extract"
	"cloister/nn/compile/wasmtest"
)

// small is a map that takes no time: its cells and strips are uneven, its windows fill no vector.
func small(channels int) Patches {
	return Patches{
		Input: nn.Shape{C: channels, H: 13, W: 12}, Side: 4 + channels%2, Atoms: 24, Fine: 5, Grid: 2, Mirror: channels == 3,
		Contrast: 10, Ridge: .1, Floor: .1, Threshold: .5, Blur: .5, OutputRidge: .03, CellFloor: .05, Range: 6,
		Synthetic: Synthetic{Kind: Mixed, Seed: 3, Images: 60, Windows: 2000, Rounds: 3},
	}
}

// reference pools by the reference.
func reference(p *Patches, d *Dictionary) Pooling {
	return func(_ context.Context, m *extract.Module, records []byte) ([]float32, error) {
		var out []float32
		for at := 0; at < len(records); at += m.RecordBytes {
			for _, v := range p.Pool(d, records[at:at+m.RecordBytes]) {
				out = append(out, float32(v))
			}
		}
		return out, nil
	}
}

func dictionary(ctx context.Context, p *Patches) (*Dictionary, error) {
	images, err := p.Images(ctx, func(float64) {})
	if err != nil {
		return nil, err
	}
	return p.NewDictionary(ctx, images, func(float64) {})
}

func build(t *testing.T, p Patches) *Map {
	t.Helper()
	ctx := context.Background()
	d, err := dictionary(ctx, &p)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Build(ctx, p, reference(&p, d), extract.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compiled code agrees with the reference, on any number of records.
func TestCompiledAgreesWithTheReference(t *testing.T) {
	sound := small(1)
	sound.Synthetic.Kind = Babble
	for _, p := range []Patches{small(1), small(3), sound} {
		m, channels := build(t, p), p.Input.C
		forms := []bool{false}
		if wasmtest.FMA(compile.FMAProbe) {
			forms = append(forms, true)
		}
		for _, fma := range forms {
			module, err := m.Compile(extract.Options{FMA: fma})
			if err != nil {
				t.Fatal(err)
			}
			w := wasmtest.New(t, module.Wasm)
			const n = 6
			var records []byte
			for i := range n {
				records = append(records, m.Image(1000+i)...)
			}
			clear(records[:module.RecordBytes]) // an empty image, or silence
			out := module.Data + (len(records)+63)/64*64
			end := out + 4*n*module.Features
			w.Reserve(end + 64)
			w.Write(module.Data, records)
			for _, count := range []int{n, 1} {
				w.Write(end, []byte("guard"))
				w.Call("vectors", module.Data, count, out)
				got := w.Floats(out, count*module.Features)
				for i := range count {
					want, err := m.Apply(records[i*module.RecordBytes : (i+1)*module.RecordBytes])
					if err != nil {
						t.Fatal(err)
					}
					if e := distance(got[i*module.Features:(i+1)*module.Features], want); !(e < 1e-4) {
						t.Errorf("%d channels, record %d: vectors differ by %g of their norm", channels, i, e)
					}
				}
				w.Call("features", module.Data, count, out)
				bytes := w.Bytes(out, count*module.Features)
				for i := range bytes {
					want := m.Quantise([]float64{float64(got[i])})[0]
					if d := int(bytes[i]) - int(want); d < -1 || d > 1 {
						t.Fatalf("%d channels: byte %d is %d, want %d", channels, i, bytes[i], want)
					}
				}
				if string(w.Bytes(end, 5)) != "guard" {
					t.Error("the module wrote past its output")
				}
			}
		}
	}
}

func distance(got []float32, want []float64) float64 {
	d, n := 0.0, 0.0
	for i, v := range want {
		d += (float64(got[i]) - v) * (float64(got[i]) - v)
		n += v * v
	}
	return math.Sqrt(d / n)
}
