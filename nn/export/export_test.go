package export_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"cloister/nn"
	"cloister/nn/export"
	"cloister/nn/export/exporttest"
	"cloister/nn/nntest"
)

// formats are both ways out and in.
var formats = []struct {
	name  string
	write func(*export.Model) ([]byte, error)
	read  func([]byte) (*export.Model, error)
}{
	{"ONNX", func(m *export.Model) ([]byte, error) { return m.ONNX("test") }, export.ReadONNX},
	{"safetensors", (*export.Model).SafeTensors, export.ReadSafeTensors},
}

// What is read back says and predicts the same, to the bit; the catalogue has every kind of layer.
func TestReadsBackWhatItWrites(t *testing.T) {
	models := exporttest.Models(t)
	var nets []*nn.Model
	for _, m := range models {
		nets = append(nets, m.Net)
	}
	if missing := nntest.Missing(nets...); len(missing) > 0 {
		t.Errorf("no model has the layers %v", missing)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, m := range models {
		for _, f := range formats {
			file, err := f.write(m)
			if err != nil {
				t.Errorf("%s, %s: %v", m.Net.Name, f.name, err)
				continue
			}
			again, err := f.read(file)
			if err != nil {
				t.Errorf("%s, %s: %v", m.Net.Name, f.name, err)
				continue
			}
			same(t, m.Net.Name+", "+f.name, m, again, rng)
			if second, err := f.write(m); err != nil || !bytes.Equal(second, file) {
				t.Errorf("%s, %s: written twice it differs, %v", m.Net.Name, f.name, err)
			}
		}
	}
}

func same(t *testing.T, what string, m, again *export.Model, rng *rand.Rand) {
	t.Helper()
	mine, _ := json.Marshal(m.About)
	theirs, _ := json.Marshal(again.About)
	if string(mine) != string(theirs) || m.Net.Name != again.Net.Name {
		t.Errorf("%s: it says %q %s, said %q %s", what, again.Net.Name, theirs, m.Net.Name, mine)
	}
	p, err := export.NewPredictor(m)
	if err != nil {
		t.Fatal(err)
	}
	q, err := export.NewPredictor(again)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		record := exporttest.Record(m, rng)
		want, err := p.Logits(record)
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Logits(record)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("%s: logits %v, want %v", what, got, want)
			}
		}
	}
}

// A model's predictions are those of a network that sees normalised records.
func TestPredictsAsTraining(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	norm := nn.Normalisation{Mean: []float32{0.1307}, Std: []float32{0.3081}}
	m := exporttest.Model(t, "mnist-cnn", nn.Shape{C: 1, H: 28, W: 28}, false)
	m.Input = export.InputOf(norm)
	record := exporttest.Record(m, rng)
	p, err := export.NewPredictor(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Logits(record)
	if err != nil {
		t.Fatal(err)
	}
	r, err := nn.NewReference(m.Net)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, len(record))
	norm.Apply(x, record)
	for k, want := range r.Forward(m.Params, x) {
		if math.Abs(float64(got[k]-want)) > 1e-5 {
			t.Errorf("logit %d is %v, want %v", k, got[k], want)
		}
	}
	if _, err := p.Logits(record[1:]); err == nil {
		t.Error("a record of another size is taken")
	}
}

// Another program's reader of safetensors finds the tensors, by PyTorch's names.
func TestSafeTensorsAreRead(t *testing.T) {
	for _, m := range exporttest.Models(t) {
		file, err := m.SafeTensors()
		if err != nil {
			t.Fatal(err)
		}
		read, err := safetensors.Deserialize(file)
		if err != nil {
			t.Errorf("%s: %v", m.Net.Name, err)
			continue
		}
		for _, want := range m.Net.Tensors() {
			view, ok := read.Tensor(want.Name)
			if !ok {
				t.Errorf("%s: there is no tensor %q", m.Net.Name, want.Name)
				continue
			}
			var b []byte
			for _, x := range m.Params[want.Offset:][:want.Len] {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			if !bytes.Equal(view.Data(), b) {
				t.Errorf("%s: tensor %q has other values", m.Net.Name, want.Name)
			}
		}
	}
}

func TestRefusesWhatCannotBe(t *testing.T) {
	for want, break_ := range map[string]func(m *export.Model){
		"parameters":          func(m *export.Model) { m.Params = m.Params[1:] },
		"parameter 3 is NaN":  func(m *export.Model) { m.Params[3] = float32(math.NaN()) },
		"scales":              func(m *export.Model) { m.Input.Scale = nil },
		"shift 0 is +Inf":     func(m *export.Model) { m.Input.Shift[0] = float32(math.Inf(1)) },
		"class names":         func(m *export.Model) { m.About.Classes = m.About.Classes[1:] },
		"UTF-8":               func(m *export.Model) { m.About.Title = "\xff" },
		"are said":            func(m *export.Model) { m.About.Title = strings.Repeat("x", 2<<20) },
		"kind":                func(m *export.Model) { m.About.Kind = "video" },
		"JSON":                func(m *export.Model) { m.About.Preprocessing = []byte("{") },
		"has 0 layers":        func(m *export.Model) { m.Net.Layers = nil },
		"too large to be":     func(m *export.Model) { *m = *huge() },
		"takes 3 channels":    func(m *export.Model) { m.Net.Layers[0] = nn.Conv2D{In: 3, Filters: 1, Kernel: 1, Stride: 1} },
		"want a vector of at": func(m *export.Model) { m.Net.Layers = m.Net.Layers[:2]; m.Params = m.Params[:16*65] },
	} {
		m := exporttest.Model(t, "mnist-cnn", nn.Shape{C: 1, H: 28, W: 28}, false)
		break_(m)
		for _, f := range formats {
			if _, err := f.write(m); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want it to say %q", f.name, err, want)
			}
		}
	}
}

// huge takes few bytes to describe, and more memory than there is.
func huge() *export.Model {
	net := &nn.Model{Name: "huge", Input: nn.Shape{C: 1, H: 4000, W: 4000}, Layers: []nn.Layer{
		nn.Conv2D{In: 1, Filters: 1, Kernel: 64, Stride: 1, Pad: 32}, nn.GlobalAvgPool{}, nn.Flatten{}, nn.Linear{In: 1, Units: 2},
	}}
	return &export.Model{Net: net, Params: make([]float32, net.NumParams()), Input: export.Input{Scale: []float32{1}, Shift: []float32{0}},
		About: export.About{Kind: "image", Classes: []string{"a", "b"}}}
}

// Wherever a file is cut, and whichever byte of its description is another, reading ends in an error or a model.
func TestReadsDamagedFiles(t *testing.T) {
	m := exporttest.Model(t, "tiny", nn.Shape{C: 8, H: 6, W: 6}, true)
	for _, f := range formats {
		file, err := f.write(m)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(file) {
			if _, err := f.read(file[:n]); err == nil {
				t.Errorf("%s: the first %d bytes of %d are read as a model", f.name, n, len(file))
			}
		}
		if _, err := f.read(append(bytes.Clone(file), 0)); err == nil {
			t.Errorf("%s: a byte too many is not noticed", f.name)
		}
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= 0x41
			use(f.read(damaged))
		}
	}
}

// use asks a model that was read.
func use(m *export.Model, err error) {
	if err != nil {
		return
	}
	if p, err := export.NewPredictor(m); err == nil {
		p.Logits(make([]byte, m.RecordBytes()))
	}
}

func FuzzReadONNX(f *testing.F)        { fuzz(f, 0) }
func FuzzReadSafeTensors(f *testing.F) { fuzz(f, 1) }

func fuzz(f *testing.F, format int) {
	file, err := formats[format].write(exporttest.Model(f, "tiny", nn.Shape{C: 8, H: 6, W: 6}, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := formats[format].read(file)
		if err != nil {
			return
		}
		use(m, err)
		again, err := formats[format].write(m)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := formats[format].read(again); err != nil {
			t.Fatalf("what was read and written cannot be read: %v", err)
		}
	})
}
