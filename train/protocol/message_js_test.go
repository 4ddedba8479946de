package protocol

import (
	"math"
	"reflect"
	"strings"
	"syscall/js"
	"testing"
)

// object evaluates a JavaScript literal.
func object(source string) js.Value {
	return js.Global().Get("Function").New("return (" + source + ")").Invoke()
}

func TestDecodeRequest(t *testing.T) {
	got, err := DecodeRequest(object(`{
		type: "start", id: 7, checkpoint: new Uint8Array([1, 2, 255]), unknown: {a: 1}, source: null,
		config: {model: "mlp", epsilon: 2.5, batchSize: 64, mechanism: {name: "quantile", params: {rate: 0.2, low: 1e-3}}, seed: 12, diagnostics: true},
	}`))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(12)
	want := Request{Type: "start", ID: 7, Checkpoint: []byte{1, 2, 255}, Config: &Config{
		Model: "mlp", Epsilon: 2.5, BatchSize: 64, Seed: &seed, Diagnostics: true,
		Mechanism: Mechanism{Name: "quantile", Params: map[string]float64{"rate": 0.2, "low": 1e-3}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeRequestRefuses(t *testing.T) {
	for source, want := range map[string]string{
		`"text"`:                     "want an object",
		`null`:                       "want an object",
		`{type: 5}`:                  "type: want a string",
		`{id: "5"}`:                  "id: want a number",
		`{id: 1.5}`:                  "id: want a whole number",
		`{id: NaN}`:                  "id: want a whole number",
		`{id: 1e300}`:                "id: want a whole number",
		`{config: {seed: -1}}`:       "config: seed: want a whole number",
		`{config: {epsilon: "3"}}`:   "config: epsilon: want a number",
		`{config: {diagnostics: 1}}`: "config: diagnostics: want true or false",
		`{config: {mechanism: {params: {x: "y"}}}}`: `params: "x": want a number`,
		`{checkpoint: [1, 2]}`:                      "checkpoint: want a Uint8Array",
		`{checkpoint: {length: 1e12}}`:              "checkpoint: want a Uint8Array",
		`{type: "x".repeat(1 << 20)}`:               "type: want a string",
		`{config: {mechanism: {params: Object.fromEntries([...Array(70000).keys()].map((k) => [k, 1]))}}}`: "entries",
	} {
		if _, err := DecodeRequest(object(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want it to say %q", source, err, want)
		}
	}
}

// Blobs are handed over by reference; what only looks like one is refused.
func TestDecodeBlob(t *testing.T) {
	r, err := DecodeRequest(object(`{type: "open", source: {kind: "own", files: [{name: "a.blob", blob: new Blob(["four"])}]}}`))
	if err != nil || len(r.Source.Files) != 1 || r.Source.Files[0].Name != "a.blob" {
		t.Fatalf("%+v, %v", r, err)
	}
	if blob, ok := r.Source.Files[0].Blob.Handle.(js.Value); !ok || blob.Get("size").Int() != 4 {
		t.Errorf("handle %v", r.Source.Files[0].Blob.Handle)
	}
	for _, source := range []string{`{size: 4, arrayBuffer: () => 0}`, `new Uint8Array(4)`, `"four"`, `4`} {
		if _, err := DecodeRequest(object(`{source: {files: [{blob: ` + source + `}]}}`)); err == nil || !strings.Contains(err.Error(), "want a Blob") {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// Floats may be NaN or infinite: that is for validation to refuse by name.
func TestNumbersKeepInfinities(t *testing.T) {
	r, err := DecodeRequest(object(`{config: {epsilon: NaN, delta: -Infinity}}`))
	if err != nil || !math.IsNaN(r.Config.Epsilon) || !math.IsInf(r.Config.Delta, -1) {
		t.Errorf("%+v, %v", r.Config, err)
	}
}

func TestEncodeEvent(t *testing.T) {
	loss := 0.5
	e := Event{Type: "epoch", Step: &StepEvent{Step: 3, Epsilon: math.Inf(1), TrainLoss: &loss},
		Epoch: &EpochEvent{Confusion: [][]int{{1, 2}, {3, 4}}}, Checkpoint: []byte{9, 8}}
	v := EncodeEvent(e)
	js.Global().Set("encoded", v)
	defer js.Global().Delete("encoded")
	for source, want := range map[string]bool{
		`encoded.type === "epoch"`:                                                true,
		`encoded.step.step === 3 && encoded.step.epsilon === Infinity`:            true,
		`encoded.step.trainLoss === 0.5`:                                          true,
		`"batch" in encoded.step`:                                                 false,
		`JSON.stringify(encoded.epoch.confusion) === "[[1,2],[3,4]]"`:             true,
		`encoded.checkpoint instanceof Uint8Array && encoded.checkpoint[1] === 8`: true,
		`"loading" in encoded || "id" in encoded`:                                 false,
	} {
		if got := object(source).Bool(); got != want {
			t.Errorf("%s is %v", source, got)
		}
	}
}
