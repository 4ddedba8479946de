package features

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"cloister/data"
)

// A window by hand: two columns of 0 and 20 have mean 10, variance 100.
func TestWindowByHand(t *testing.T) {
	p := small(1)
	p.Input.H, p.Input.W, p.Side, p.Contrast = 2, 3, 2, 44 // 100 + 44 = 12^2
	out := make([]float64, 4)
	p.window([]byte{0, 20, 7, 0, 20, 7}, 0, 0, false, out)
	for i, want := range []float64{-10. / 12, 10. / 12, -10. / 12, 10. / 12} {
		if math.Abs(out[i]-want) > 1e-12 {
			t.Errorf("value %d is %g, want %g", i, out[i], want)
		}
	}
	p.window([]byte{7, 20, 0, 7, 20, 0}, 0, 0, true, out)
	if math.Abs(out[0]+10./12) > 1e-12 {
		t.Errorf("mirrored: value 0 is %g", out[0])
	}
	p.window(bytes.Repeat([]byte{99}, 6), 0, 1, false, out)
	if out[0] != 0 || out[3] != 0 {
		t.Errorf("of an even picture: %v", out)
	}
}

// A response by hand: one window, one atom that picks a pixel, no damping to speak of.
func TestPoolByHand(t *testing.T) {
	p := small(1)
	p.Input.H, p.Input.W, p.Side, p.Atoms, p.Fine, p.Grid, p.Contrast, p.Floor, p.Threshold = 2, 2, 2, 8, 1, 1, 44, 4, .25
	d := &Dictionary{Windows: p.gaussians(), Whiten: make([]float32, 4*5), Atoms: make([]float32, 8*5)}
	d.Atoms[0] = 3      // of the first pixel, -10/12
	d.Atoms[5+4] = 2    // the constant
	d.Atoms[2*5+4] = .2 // below the threshold
	got := p.Pool(d, []byte{0, 20, 0, 20})
	// Whitened windows are zero, so all is divided by sqrt(4). One window and one cell: the weight is 1.
	want := make([]float64, 16)
	want[8] = math.Sqrt(3*10./12/2 - .25) // of the opposite
	want[1] = math.Sqrt(2./2 - .25)
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("response %d is %g, want %g", i, got[i], want[i])
		}
	}
}

// Where a mirror image keeps its meaning, both have the same features.
func TestMirrorImagesAgree(t *testing.T) {
	p := small(3)
	m := build(t, p)
	image := p.Image(77)
	mirrored := make([]byte, len(image))
	for i := range image {
		row, x := i/p.Input.W, i%p.Input.W
		mirrored[row*p.Input.W+p.Input.W-1-x] = image[i]
	}
	a, errA := m.Apply(image)
	b, errB := m.Apply(mirrored)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	norm := 0.0
	for i := range a {
		norm += a[i] * a[i]
		if math.Abs(a[i]-b[i]) > 1e-9 {
			t.Fatalf("feature %d is %g, of the mirror image %g", i, a[i], b[i])
		}
	}
	if math.Abs(norm-1) > 1e-6 {
		t.Errorf("the norm is %g", math.Sqrt(norm))
	}
	if _, err := m.Apply(image[1:]); err == nil {
		t.Error("a record that is too short has features")
	}
}

func TestQuantise(t *testing.T) {
	p := small(1)
	for _, x := range []float64{0, p.Step(), -3.4 * p.Step(), 126 * p.Step()} {
		b := p.Quantise([]float64{x})[0]
		if math.Abs(p.Value(b)-x) > p.Step()/2+1e-12 {
			t.Errorf("%g became %d, which is %g", x, b, p.Value(b))
		}
	}
	if got := p.Quantise([]float64{1e9, -1e9}); got[0] != 255 || got[1] != 0 {
		t.Errorf("beyond the range: %v", got)
	}
}

// An image depends on the seed and its number alone, and there is something on it.
func TestImages(t *testing.T) {
	p := small(3)
	for i := range 6 {
		a := p.Image(i)
		if !bytes.Equal(a, p.Image(i)) || bytes.Equal(a, p.Image(i+1)) {
			t.Errorf("image %d: not the same twice, or the same as the next", i)
		}
		low, high := a[0], a[0]
		for _, v := range a {
			low, high = min(low, v), max(high, v)
		}
		if len(a) != p.Input.Size() || high-low < 10 {
			t.Errorf("image %d: %d values from %d to %d", i, len(a), low, high)
		}
	}
}

// A fingerprint is stable, and no two descriptions share one.
func TestFingerprint(t *testing.T) {
	p := small(1)
	const known = "c6c67c295a8f25cd5a47d756da4dc983b9c4ac6d9d1251539421f3156f2caf31"
	if got := p.Fingerprint(); got != known {
		t.Errorf("the fingerprint is %s, was %s: if what a description means has changed, raise version", got, known)
	}
	var fields map[string]any
	text, _ := json.Marshal(p)
	json.Unmarshal(text, &fields)
	if len(fields) != reflect.TypeOf(p).NumField() {
		t.Errorf("%d of %d fields are part of the fingerprint", len(fields), reflect.TypeOf(p).NumField())
	}
	q := p
	q.Synthetic.Seed++
	if q.Fingerprint() == p.Fingerprint() {
		t.Error("another seed has the same fingerprint")
	}
}

// What describes the features stays true of the records: their name, whose ledger they share, classes and counts. The normalisation turns
// bytes into features of norm Norm, beside which a bias is short.
func TestDescribe(t *testing.T) {
	for _, name := range []string{"mnist", "fashion-mnist", "cifar-10"} {
		m, _ := data.Known(name)
		p, err := Recipe(&m, false)
		if err != nil {
			t.Fatal(err)
		}
		f := p.Describe(&m)
		if f.Name != m.Name || f.TrainRecords != m.TrainRecords || f.RecordSize() != p.Len() || f.Kind != data.Vector {
			t.Errorf("%s: described as %+v", name, f)
		}
		for b := range 256 {
			x := (float64(b)/255 - float64(f.Mean[0])) / float64(f.Std[0])
			if want := Norm * p.Value(byte(b)); math.Abs(x-want) > 1e-5 {
				t.Fatalf("byte %d is normalised to %g, stands for %g", b, x, want)
			}
		}
		if _, err := data.NewPacker(f, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bytes := int64(f.TrainRecords+f.TestRecords) * int64(f.RecordBytes()+1); bytes > data.MaxDatasetBytes {
			t.Errorf("%s: features take %d bytes, more than a dataset may", name, bytes)
		}
		for _, o := range f.Origins {
			if strings.HasPrefix(o.What, "features") && o.From != data.Fixed {
				t.Errorf("%s: %s is said to be %s", name, o.What, o.From)
			}
		}
	}
}

// The maps that published figures are of stay what they are.
func TestRecipesStayTheSame(t *testing.T) {
	sound := func(frames, mels int) *data.Manifest {
		return &data.Manifest{Kind: data.Audio, Type: data.Uint8, Channels: 1, Height: frames, Width: mels}
	}
	mnist, _ := data.Known("mnist")
	cifar, _ := data.Known("cifar-10")
	for _, c := range []struct {
		of     *data.Manifest
		mirror bool
		want   string
	}{{&mnist, false, "d6f374441450"}, {&cifar, true, "be6366d55ae9"}, {sound(25, 20), false, "7f948b202f98"}} {
		p, err := Recipe(c.of, c.mirror)
		if got := p.Fingerprint(); err != nil || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: the map is %.12s (%v), was %s", c.of.Kind, got, err, c.want)
		}
	}
	if long, err := Recipe(sound(1500, 20), false); err != nil || long.Synthetic.Images != 500 {
		t.Errorf("of a minute: %d synthetic recordings (%v)", long.Synthetic.Images, err)
	}
	refused := map[string]*data.Manifest{
		"kind table":          {Kind: data.Table, Type: data.Float32, Channels: 3, Height: 1, Width: 1},
		"type float32":        {Kind: data.Audio, Type: data.Float32, Channels: 1, Height: 25, Width: 20},
		"2 channels":          {Kind: data.Audio, Type: data.Uint8, Channels: 2, Height: 25, Width: 20},
		"windows of 6 pixels": sound(25, 5),
		"100 mels":            sound(25, 100),
		"80 seconds":          sound(2000, 20),
	}
	for want, m := range refused {
		if _, err := Recipe(m, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := Recipe(sound(25, 20), true); err == nil {
		t.Error("a recording is mirrored")
	}
}

func TestRefusesDescriptions(t *testing.T) {
	for want, change := range map[string]func(*Patches){
		"positive":          func(p *Patches) { p.Ridge = math.NaN() },
		"synthetic records": func(p *Patches) { p.Synthetic.Kind = "photographs" },
		"synthetic images":  func(p *Patches) { p.Synthetic.Images = 1 << 30 },
		"grid of":           func(p *Patches) { p.Grid = 9 },
		"atoms":             func(p *Patches) { p.Atoms = 1 << 40 },
		"windows of 20":     func(p *Patches) { p.Side = 20 },
	} {
		p := small(1)
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	p := small(1)
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}
