package features

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"cloister/data"
)

func brought() *Encoder {
	return &Encoder{File: "net.onnx", SHA256: strings.Repeat("0123456789abcdef", 4), TrainedOn: "ImageNet-1k", Values: ImageNet, Positions: Mean}
}

func packed(t *testing.T, ds *data.Dataset) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	if err := data.Pack(ds, func(name string, file []byte) error {
		files[name] = bytes.Clone(file)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// encoded runs a stage whose encoder makes of each record what a function does, and tells the manifest and the vectors of the first split.
func encoded(t *testing.T, ds *data.Dataset, e *Encoder, values int, run func(record []byte) []float32) (*data.Manifest, data.Split, error) {
	t.Helper()
	ctx := context.Background()
	job, err := OpenEncoded(ctx, memory(packed(t, ds)), e)
	if err != nil {
		return nil, data.Split{}, err
	}
	files := map[string][]byte{}
	stage := &Stage{Tell: func(Progress) {}, Put: func(name string, file []byte) error {
		files[name] = bytes.Clone(file)
		return nil
	}}
	if _, err := stage.Encode(ctx, job, values, func(records []byte) (out []float32, err error) {
		for at := 0; at < len(records); at += ds.RecordBytes() {
			out = append(out, run(records[at:at+ds.RecordBytes()])...)
		}
		return out, nil
	}); err != nil {
		return nil, data.Split{}, err
	}
	m, err := data.OpenManifest(ctx, memory(files))
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := m.FetchShard(ctx, memory(files), 0)
	if err != nil {
		t.Fatal(err)
	}
	return m, vectors, nil
}

// A vector is brought to norm Norm as a model sees it, whatever its size was, keeps its direction, and says whose it is.
func TestEncodes(t *testing.T) {
	ds := data.Digits(70, 10, 1)
	scale := func(record []byte) float64 { return math.Exp(float64(int(record[300])-128) / 2) } // 1e-28 to 1e27
	values := func(record []byte) []float32 {
		return []float32{float32(scale(record) * 3), float32(-scale(record) * float64(1+record[400])), 0}
	}
	m, got, err := encoded(t, ds, brought(), 3, values)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != ds.Name || m.Kind != data.Vector || m.RecordSize() != 3 || !bytes.Equal(got.Labels, ds.Train.Labels) {
		t.Errorf("described as %+v", m)
	}
	for i := range got.Labels {
		var seen [3]float64
		square := 0.0
		for k := range seen {
			seen[k] = (float64(got.Values[3*i+k])/255 - float64(m.Mean[0])) / float64(m.Std[0])
			square += seen[k] * seen[k]
		}
		record := ds.Train.Values[784*i : 784*(i+1)]
		if scale(record) < 1e-4 { // beside which the floor of a norm counts
			continue
		}
		want := math.Hypot(3, float64(1+record[400]))
		const step = Norm * 6. / 127 // of three values, times the root of 3
		if math.Abs(math.Sqrt(square)-Norm) > step || math.Abs(seen[0]-Norm*3/want) > step || math.Abs(seen[1]+Norm*float64(1+record[400])/want) > step {
			t.Fatalf("record %d: %v of norm %g, want the direction 3, %d", i, seen, math.Sqrt(square), -1-int(record[400]))
		}
	}
	if !strings.Contains(m.Title, "net.onnx (SHA-256 0123456789ab)") || !strings.Contains(m.Provenance, "outside every guarantee") ||
		m.Encoder() != "encoder net.onnx (SHA-256 0123456789ab), said to be trained on ImageNet-1k" {
		t.Errorf("the manifest says %q, %q, %q", m.Title, m.Provenance, m.Encoder())
	}
	plain := (&Patches{}).Describe(&data.Manifest{})
	if plain.Encoder() != "" {
		t.Errorf("a map of ours passes for the encoder %q", plain.Encoder())
	}
}

// What cannot be trained on is refused, and the file named.
func TestRefusesVectors(t *testing.T) {
	ds := data.Digits(40, 0, 1)
	constant := func(values ...float32) func([]byte) []float32 { return func([]byte) []float32 { return values } }
	seen := 0
	late := func([]byte) []float32 {
		if seen++; seen == 38 {
			return []float32{1, float32(math.Inf(-1))}
		}
		return []float32{1, 2}
	}
	large := data.Digits(9000, 0, 1)
	for want, c := range map[string]struct {
		ds     *data.Dataset
		values int
		run    func([]byte) []float32
	}{
		"net.onnx, record 0: value 1 of its vector is NaN":   {ds, 2, constant(1, float32(math.NaN()))},
		"net.onnx, record 37: value 1 of its vector is -Inf": {ds, 2, late},
		"net.onnx gives 0 values a record":                   {ds, 0, constant()},
		"net.onnx gives 65537 values a record":               {ds, maxFeatures + 1, constant()},
		"net.onnx gave 96 values for 32 records":             {ds, 2, constant(1, 2, 3)},
		"net.onnx gives 65536 values for each of 9000":       {large, maxFeatures, constant()},
	} {
		if _, _, err := encoded(t, c.ds, brought(), c.values, c.run); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	sounds := data.Digits(3, 0, 1)
	sounds.Kind = data.Audio
	if _, _, err := encoded(t, sounds, brought(), 2, nil); err == nil || !strings.Contains(err.Error(), "uint8 pictures alone") {
		t.Errorf("sounds: %v", err)
	}
}

// A description is refused where it cannot be told of in a line, and everything in it is part of its fingerprint, and so of what is kept.
func TestEncoderDescriptions(t *testing.T) {
	first := brought()
	if err := first.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, change := range []func(*Encoder){
		func(e *Encoder) { e.File = "other.onnx" }, func(e *Encoder) { e.SHA256 = strings.Repeat("ab", 32) }, func(e *Encoder) { e.TrainedOn = "CIFAR-100" },
		func(e *Encoder) { e.Values = Unit }, func(e *Encoder) { e.Positions = All },
	} {
		e := brought()
		if change(e); e.Validate() != nil || e.Fingerprint() == first.Fingerprint() {
			t.Errorf("change %d: %v, or the same fingerprint", i, e.Validate())
		}
	}
	for want, change := range map[string]func(*Encoder){
		"plain text":        func(e *Encoder) { e.File = "a\u202egnp.onnx" }, // which turns what follows round
		"is called":         func(e *Encoder) { e.File = " " },
		"no SHA-256":        func(e *Encoder) { e.SHA256 = "12" },
		"trained on":        func(e *Encoder) { e.TrainedOn = "" },
		"1 to 100 bytes":    func(e *Encoder) { e.TrainedOn = strings.Repeat("x", 101) },
		"values \"bytes\"":  func(e *Encoder) { e.Values = "bytes" },
		"positions \"one\"": func(e *Encoder) { e.Positions = "one" },
	} {
		e := brought()
		if change(e); e.Validate() == nil || !strings.Contains(fmt.Sprint(e.Validate()), want) {
			t.Errorf("%v, want %q", e.Validate(), want)
		}
	}
}
