package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall/js"

	"cloister/data"
	"cloister/features"
	"cloister/internal/browser"
	"cloister/nn"
	"cloister/nn/compile/extract"
)

// view answers a page that shows how a map works, one question after the other.
func view(ctx context.Context, host js.Value) error {
	p, err := features.Recipe(&data.Digits(1, 0, data.BuiltInSeed).Manifest, false)
	if err != nil {
		return err
	}
	v := &viewer{host: host, engine: &engine{host: host}, m: features.Map{Patches: p}}
	for {
		text, err := browser.Await(host.Call("question"))
		if err != nil {
			return err
		}
		var q question
		if err := json.Unmarshal([]byte(text.String()), &q); err != nil {
			return err
		}
		answer, err := v.answer(ctx, &q)
		if err != nil {
			return err
		}
		facts, err := json.Marshal(answer.facts)
		if err != nil {
			return err
		}
		arrays := make([]any, len(answer.arrays))
		for i, a := range answer.arrays {
			arrays[i] = toJS(a)
		}
		host.Call("answer", string(facts), arrays)
	}
}

// question is what a page asks: Question in static/src/features/messages.ts.
type question struct {
	Kind   string `json:"kind"`   // pictures, digits, dictionary or record
	Colour bool   `json:"colour"` // of pictures: those that a map for photographs is made of
	First  int    `json:"first"`
	Count  int    `json:"count"`
	Pixels []int  `json:"pixels"` // of a record
}

// answer is one in words and numbers, and arrays beside them.
type answer struct {
	facts  any
	arrays [][]byte
}

const (
	windowsShown    = 24
	windowsMeasured = 2000
	picturesAtOnce  = 100
)

// viewer holds what was made so far of the map of the built-in digits.
type viewer struct {
	host   js.Value
	engine *engine
	m      features.Map
	images []byte
	module *extract.Module // of the whole map
}

func (v *viewer) answer(ctx context.Context, q *question) (answer, error) {
	switch q.Kind {
	case "pictures":
		return v.pictures(q)
	case "digits":
		return v.digits(), nil
	case "dictionary":
		return v.dictionary(ctx)
	case "record":
		return v.record(ctx, q.Pixels)
	}
	return answer{}, fmt.Errorf("features: a question of kind %.40q", q.Kind)
}

// pictures are synthetic ones of a map for photographs or of the digits'.
func (v *viewer) pictures(q *question) (answer, error) {
	p := v.m.Patches
	if q.Colour {
		var err error
		photographs := data.Manifest{Kind: data.Image, Type: data.Uint8, Channels: 3, Height: 32, Width: 32}
		if p, err = features.Recipe(&photographs, true); err != nil {
			return answer{}, err
		}
	}
	if q.Count < 1 || q.Count > picturesAtOnce || q.First < 0 || q.First+q.Count > p.Synthetic.Images {
		return answer{}, fmt.Errorf("features: %d synthetic pictures from %d on, of %d", q.Count, q.First, p.Synthetic.Images)
	}
	var pixels []byte
	for i := range q.Count {
		pixels = append(pixels, p.Image(q.First+i)...)
	}
	return answer{map[string]any{"channels": p.Input.C, "height": p.Input.H, "width": p.Input.W, "synthetic": p.Synthetic}, [][]byte{pixels}}, nil
}

// digits are the first test records of the built-in digits, one of each class.
func (v *viewer) digits() answer {
	size, labels := v.m.Input.Size(), []int{}
	var pixels []byte
	few := data.DrawDigits(data.TestSplit, 0, 100, data.BuiltInSeed)
	for class := range 10 {
		if i := slices.Index(few.Labels, byte(class)); i >= 0 {
			labels = append(labels, class)
			pixels = append(pixels, few.Values[i*size:(i+1)*size]...)
		}
	}
	return answer{map[string]any{"height": v.m.Input.H, "width": v.m.Input.W, "labels": labels}, [][]byte{pixels}}
}

// tell says how far a question is: the dictionary first, and then the rest of the map.
func (v *viewer) tell(done float64) {
	v.host.Call("tell", fmt.Sprintf(`{"making":true,"done":%g,"records":0,"total":0}`, done))
}

func (v *viewer) dictionary(ctx context.Context) (answer, error) {
	if err := v.make(ctx); err != nil {
		return answer{}, err
	}
	p, d := &v.m.Patches, v.m.Dictionary
	n := p.Side * p.Side * p.Input.C
	portraits := p.Portraits(d)
	order := make([]int, p.Atoms)
	for j := range order {
		order[j] = j
	}
	rough := func(j int) float64 { return p.Roughness(portraits[j*n : (j+1)*n]) }
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rough(a), rough(b)) })
	w := p.Windows(d, v.images, windowsMeasured)
	shown := min(windowsShown*n, len(w.Before))
	facts := map[string]any{
		"patches": p, "fingerprint": p.Fingerprint(), "order": order,
		"alikeBefore": p.Alike(w.Before), "alikeAfter": p.Alike(w.After),
	}
	return answer{facts, [][]byte{nn.Bytes(w.Before[:shown]), nn.Bytes(w.After[:shown]), nn.Bytes(portraits)}}, nil
}

// make makes the dictionary, once.
func (v *viewer) make(ctx context.Context) (err error) {
	if v.m.Dictionary != nil {
		return nil
	}
	if v.images, err = v.m.Images(ctx, func(done float64) { v.tell(.3 * done) }); err != nil {
		return err
	}
	v.m.Dictionary, err = v.m.NewDictionary(ctx, v.images, func(done float64) { v.tell(.3 + .7*done) })
	return err
}

// record is what the map makes of one picture: its responses, what of them is pooled, and the vector, as the compiled map has it.
func (v *viewer) record(ctx context.Context, pixels []int) (answer, error) {
	p, o := &v.m.Patches, extract.Options{FMA: relaxed()}
	if len(pixels) != p.Input.Size() {
		return answer{}, fmt.Errorf("features: a picture of %d values, want %d", len(pixels), p.Input.Size())
	}
	if err := v.make(ctx); err != nil {
		return answer{}, err
	}
	if v.module == nil {
		w, err := p.NewWhitening(ctx, v.m.Dictionary, v.images, v.engine.Pool, o, v.tell)
		if err != nil {
			return answer{}, err
		}
		v.m.Whitening = w
		if v.module, err = v.m.Compile(o); err != nil {
			return answer{}, err
		}
	}
	record := make([]byte, len(pixels))
	for i, value := range pixels {
		record[i] = byte(value)
	}
	vector, err := v.engine.Features(ctx, v.module, record)
	if err != nil {
		return answer{}, err
	}
	var pooled []float32
	for _, root := range p.Pool(v.m.Dictionary, record) {
		pooled = append(pooled, float32(root))
	}
	facts := map[string]any{"rows": p.Input.H - p.Side + 1, "columns": p.Input.W - p.Side + 1, "step": p.Step()}
	return answer{facts, [][]byte{nn.Bytes(p.Responses(v.m.Dictionary, record)), nn.Bytes(pooled), vector}}, nil
}
