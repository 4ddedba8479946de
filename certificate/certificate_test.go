package certificate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"cloister/accountant"
	"cloister/certificate"
)

// sound is a certificate of MNIST's 60,000 records in batches of 256 for 1,170 steps at noise multiplier 0.6508, whose epsilon is 3 by the
// accountant's own vectors, with another run, counts of held-out records and an attack.
func sound(t testing.TB) *certificate.Certificate {
	t.Helper()
	c := &certificate.Certificate{
		Basic: certificate.Basic{Name: "mnist-cnn on MNIST", PublicationDate: "2026-11-26"},
		DPVariant: certificate.DPVariant{DataDomain: "MNIST", Unprotected: certificate.Unprotected{
			Units: 60_000, HeldOutUnits: 10_000, Classes: []string{"zero", "one <b>"}, RecordKind: "table", RecordShape: [3]int{4, 1, 1},
			Constants: []certificate.Constant{{"normalisation", "stated"}},
			Columns:   []certificate.Column{{Name: "age", Low: 0, High: 120, Categories: []string{}, From: "stated"}},
		}},
		PrivacyLoss: certificate.PrivacyLoss{PrivacyUnit: "record", TargetEpsilon: 3.2},
		Accounting: certificate.Accounting{BatchSize: 256, Steps: 1170, StepsDone: 1100, Events: []certificate.Event{
			{certificate.PoissonGaussian, certificate.Gradients, 0.6508, 256. / 60_000, 1, 585},
			{certificate.PoissonGaussian, certificate.Gradients, 0.66, 256. / 60_000, 1, 585},
			{certificate.Gaussian, certificate.HeldOutAccuracy, 40, 1, 1, 2},
		}, Together: certificate.Together{OtherRuns: []certificate.Run{{"record", []certificate.Event{{certificate.CyclicPoissonGaussian, certificate.Gradients, 1, 0.01, 8, 400}}}}}},
		Implementation: certificate.Implementation{Mechanism: "fixed", Settings: "#data=mnist", Software: "a test"},
		Model:          certificate.Model{Architecture: "mnist-cnn", Parameters: 26010, Files: []certificate.File{{"ONNX", strings.Repeat("0a", 32)}, {"safetensors", strings.Repeat("b1", 32)}}},
		Audit:          &certificate.Audit{StepsSeen: 1100, Guesses: 100, Correct: 60, Confidence: 0.95, EpsilonLower: 0.05, Most: 3.4},
	}
	c.PrivacyLoss.PrivacyParameters.Delta = 1e-5
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	return c
}

func encoded(t testing.TB, c *certificate.Certificate) []byte {
	t.Helper()
	file, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What is issued is verified, and says what the accountant says.
func TestVerifiesItsOwn(t *testing.T) {
	c := sound(t)
	v := certificate.Verify(encoded(t, c))
	if !v.Valid || !strings.Contains(v.Why, "arithmetic, not honesty") {
		t.Fatalf("refused: %+v", v)
	}
	rate := 256. / 60_000
	want, err := accountant.Epsilon([]accountant.Segment{{Sigma: 0.6508, Rate: rate, Steps: 585}, {Sigma: 0.66, Rate: rate, Steps: 585}, {Sigma: 40, Rate: 1, Steps: 2}}, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	if got := *c.PrivacyLoss.PrivacyParameters.Epsilon; math.Abs(got-want.Upper) > 1e-9 || math.Abs(*c.PrivacyLoss.EpsilonLower-want.Lower) > 1e-9 {
		t.Errorf("epsilon from %v to %v, want %v to %v", *c.PrivacyLoss.EpsilonLower, got, want.Lower, want.Upper)
	}
	if together := *c.Accounting.Together.Epsilon; !(together > want.Upper) {
		t.Errorf("all runs together cost %v, this one alone %v", together, want.Upper)
	}
	if !strings.Contains(c.Statement, "epsilon is at most "+accountant.FigureEpsilon.Text(want.Upper)+" at delta 1e-5") {
		t.Errorf("it states %q", c.Statement)
	}
}

// A run on what an encoder made of the records says so in its statement, in what is not protected and in a line of its own; a certificate
// that leaves it out there is refused.
func TestEncoderIsOutside(t *testing.T) {
	c := sound(t)
	const encoder = "encoder a.onnx (SHA-256 0123456789ab), said to be trained on <b>"
	u := &c.DPVariant.Unprotected
	u.RecordKind, u.RecordShape, u.Columns = "vector", [3]int{1, 1, 512}, []certificate.Column{}
	u.Constants = append(u.Constants, certificate.Constant{encoder, "pretrained"})
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if v := certificate.Verify(encoded(t, c)); !v.Valid {
		t.Fatalf("refused: %+v", v)
	}
	if !strings.HasSuffix(c.Statement, "Nothing is promised of what the encoder that it stands on was trained on.") || !strings.Contains(c.DPVariant.UnprotectedQuantities, encoder) {
		t.Errorf("it states %q, and does not protect %q", c.Statement, c.DPVariant.UnprotectedQuantities)
	}
	if page := string(c.Page()); !strings.Contains(page, "<dt>Encoder</dt><dd>encoder a.onnx (SHA-256 0123456789ab), said to be trained on &lt;b&gt;. Its training data are outside the guarantee</dd>") {
		t.Errorf("the page does not say it: %s", page)
	}
	bare := sound(t)
	for field, hush := range map[string]func(){
		"statement":                         func() { c.Statement = bare.Statement },
		"dp_variant.unprotected_quantities": func() { c.DPVariant.UnprotectedQuantities = bare.DPVariant.UnprotectedQuantities },
	} {
		if err := c.Complete(); err != nil {
			t.Fatal(err)
		}
		hush()
		if _, err := c.Encode(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("without its %s: %v", field, err)
		}
	}
}

// Promising less than is true is no lie.
func TestAcceptsLooserBounds(t *testing.T) {
	c := sound(t)
	*c.PrivacyLoss.EpsilonLower = 0.5
	*c.Accounting.Together.Epsilon = 100
	c.PrivacyLoss.TargetEpsilon = 8
	if v := certificate.Verify(encoded(t, c)); !v.Valid {
		t.Errorf("refused: %+v", v)
	}
}

func TestNotPrivatePromisesNothing(t *testing.T) {
	c := sound(t)
	c.NotPrivate = "its seed is known"
	c.PrivacyLoss.PrivacyParameters.Epsilon, c.PrivacyLoss.EpsilonLower, c.Accounting.Together.Epsilon, c.Audit = nil, nil, nil, nil
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if v := certificate.Verify(encoded(t, c)); v.Valid || v.Field != "not_private" || c.Statement != "Nothing is promised of this run's privacy." {
		t.Errorf("%+v, %q", v, c.Statement)
	}
}

// inconsistent are changes to the file, each by the path of the field that is changed, and the field that the refusal names.
var inconsistent = []struct {
	path  string
	value any
	field string // "": the same
}{
	{"format", "other", ""},
	{"version", 2, ""},
	{"statement", "Epsilon is at most 0.1.", ""},
	{"caveat", "This certificate is signed.", ""},
	{"basic.name", "", ""},
	{"basic.publication_date", "2026-11-26T09:15:00Z", ""},
	{"basic.publication_date", "2026-13-01", ""},
	{"basic.data_product_type", "Query", ""},
	{"dp_variant.name", "Pure differential privacy", ""},
	{"dp_variant.data_domain", "", ""},
	{"dp_variant.unprotected_quantities", "Nothing.", ""},
	{"dp_variant.unprotected.units", 600_000, "dp_variant.unprotected_quantities accounting.events[0].sampling_rate"},
	{"dp_variant.unprotected.units", 0, ""},
	{"dp_variant.unprotected.held_out_units", 0, "accounting.events[2].releases"},
	{"dp_variant.unprotected.classes", []string{"one"}, ""},
	{"dp_variant.unprotected.record_kind", "video", ""},
	{"dp_variant.unprotected.record_shape", []int{0, 1, 1}, ""},
	{"dp_variant.unprotected.columns.0.low", 121, "dp_variant.unprotected.columns[0]"},
	{"privacy_loss.privacy_unit", "person", "privacy_loss.privacy_unit_description statement"},
	{"privacy_loss.privacy_unit", "household", ""},
	{"privacy_loss.privacy_unit_description", "replace one record", ""},
	{"privacy_loss.privacy_parameters.epsilon", 1.5, "statement privacy_loss.epsilon_lower"},
	{"privacy_loss.privacy_parameters.epsilon", nil, ""},
	{"privacy_loss.privacy_parameters.epsilon", -1, ""},
	{"privacy_loss.privacy_parameters.delta", 1e-3, "audit.epsilon_lower"},
	{"privacy_loss.privacy_parameters.delta", 0, ""},
	{"privacy_loss.privacy_parameters.delta", 1, ""},
	{"privacy_loss.epsilon_lower", 2.9999, ""},
	{"privacy_loss.epsilon_lower", 50, ""},
	{"privacy_loss.epsilon_lower", -1, ""},
	{"privacy_loss.target_epsilon", 1, ""},
	{"deployment_model.model_name", "Local", "deployment_model"},
	{"accounting.post_processing", "None.", ""},
	{"accounting.composition", "Parallel.", ""},
	{"accounting.sampler", "shuffled", ""},
	{"accounting.batch_size", 128, "accounting.events[0].sampling_rate"},
	{"accounting.batch_size", 0, ""},
	{"accounting.steps", 100, ""},
	{"accounting.steps_done", 1171, ""},
	{"accounting.events", []any{}, ""},
	{"accounting.events.0.mechanism", "laplace", "accounting.events[0].mechanism"},
	{"accounting.events.0.releases", "labels", "accounting.events[0].releases"},
	{"accounting.events.0.noise_multiplier", 0.3, "privacy_loss.privacy_parameters.epsilon"},
	{"accounting.events.0.noise_multiplier", 0, "accounting.events[0].noise_multiplier"},
	{"accounting.events.0.sampling_rate", 0.001, "accounting.events[0].sampling_rate"},
	{"accounting.events.0.sampling_rate", 1.5, "accounting.events[0].sampling_rate"},
	{"accounting.events.0.bands", 4, "accounting.events[0].bands"},
	{"accounting.events.0.times", 500, "accounting.steps"},
	{"accounting.events.2.noise_multiplier", 1, "privacy_loss.privacy_parameters.epsilon"},
	{"accounting.events.2.times", -1, "accounting.events[2].times"},
	{"accounting.together.other_runs.0.events.0.noise_multiplier", 0.1, "accounting.together.epsilon"},
	{"accounting.together.other_runs.0.privacy_unit", "person", "accounting.together.epsilon"},
	{"accounting.together.not_private_runs", 1, "accounting.together.epsilon"},
	{"accounting.together.ledger_forgets", true, "accounting.together.epsilon"},
	{"accounting.together.epsilon", 2, ""},
	{"accounting.together.condition", "Always.", ""},
	{"implementation.pre_processing_eda_hyperparameter_tuning", "None.", ""},
	{"implementation.mechanisms", "Magic.", ""},
	{"implementation.software", "", ""},
	{"model.parameters", 0, ""},
	{"model.files", []any{}, ""},
	{"model.files.0.sha256", strings.Repeat("0A", 32), "model.files[0].sha256"},
	{"model.files.1.format", "ONNX", "model.files[1].format"},
	{"audit.steps_seen", 1171, ""},
	{"audit.correct", 101, ""},
	{"audit.confidence", 1, ""},
	{"audit.epsilon_lower", 2, ""},
	{"audit.most", 0.01, ""},
	{"not_private", "its seed is known", "privacy_loss.privacy_parameters.epsilon"},
}

// At least thirty inconsistent certificates are refused, by name.
func TestRefusesInconsistent(t *testing.T) {
	file := encoded(t, sound(t))
	for _, c := range inconsistent {
		v := certificate.Verify(changed(t, file, c.path, c.value))
		want := c.field
		if want == "" {
			want = c.path
		}
		if v.Valid || v.Why == "" || !strings.Contains(" "+want+" ", " "+v.Field+" ") {
			t.Errorf("%s = %v: valid %v, at %q: %s; want it refused at %q", c.path, c.value, v.Valid, v.Field, v.Why, want)
		}
	}
	if len(inconsistent) < 30 {
		t.Error("too few")
	}
}

// A promise that an attack refutes is refused.
func TestRefusesWhatWasRefuted(t *testing.T) {
	c := sound(t)
	c.Audit.Guesses, c.Audit.Correct, c.Audit.EpsilonLower, c.Audit.Most = 1000, 1000, 5, 5.8
	if _, err := c.Encode(); err == nil || !strings.Contains(err.Error(), "audit.epsilon_lower: the attacker found 5") {
		t.Errorf("%v", err)
	}
}

// changed sets a field of the file and writes it as a certificate is written.
func changed(t *testing.T, file []byte, path string, value any) []byte {
	t.Helper()
	var c certificate.Certificate
	var all map[string]any
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	set(t, all, strings.Split(path, "."), value)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil { // into the order of the fields
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func set(t *testing.T, in any, path []string, value any) {
	t.Helper()
	switch in := in.(type) {
	case map[string]any:
		if _, ok := in[path[0]]; !ok && path[0] != "not_private" {
			t.Fatalf("there is no field %q", path[0])
		}
		if len(path) == 1 {
			in[path[0]] = value
			return
		}
		set(t, in[path[0]], path[1:], value)
	case []any:
		var i int
		fmt.Sscan(path[0], &i)
		set(t, in[i], path[1:], value)
	default:
		t.Fatalf("no place for %q", path)
	}
}

// There is one way to write a certificate: what a reader may take for one thing and a program for another is refused.
func TestRefusesTwoReadings(t *testing.T) {
	file := string(encoded(t, sound(t)))
	if v := certificate.Verify([]byte(strings.Join(strings.Fields(file), " "))); !v.Valid {
		t.Errorf("other spaces are refused: %s", v.Why)
	}
	for name, text := range map[string]string{
		"twice":           strings.Replace(file, `"delta": 0.00001`, `"delta": 1e-9, "delta": 0.00001`, 1),
		"another case":    strings.Replace(file, `"delta"`, `"Delta"`, 1),
		"unknown":         strings.Replace(file, `"version": 1`, `"version": 1, "signed": true`, 1),
		"escaped":         strings.Replace(file, `"MNIST"`, `"MN\u0049ST"`, 1),
		"missing":         strings.Replace(file, `"version": 1,`, ``, 1),
		"followed":        file + `{}`,
		"cut":             file[:len(file)/2],
		"empty":           "",
		"another number":  strings.Replace(file, `0.00001`, `1e-5`, 1),
		"a list for null": strings.Replace(file, `"audit": {`, `"audit": [`, 1),
		"not UTF-8":       strings.Replace(file, "MNIST", "MN\xffIST", 1),
	} {
		if text == file {
			t.Errorf("%s: nothing was changed", name)
		}
		if v := certificate.Verify([]byte(text)); v.Valid || v.Why == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// The page says what the file says, in its own letters, and loads nothing.
func TestPage(t *testing.T) {
	c := sound(t)
	page := string(c.Page())
	for _, want := range []string{c.Statement, "arithmetic, not honesty", "one &lt;b&gt;", "60 of 100 guesses", strings.Repeat("0a", 32), "0 to 120 (stated)", "epsilon of all together at most"} {
		if !strings.Contains(strings.ReplaceAll(page, "&#39;", "'"), want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if strings.Contains(page, "<b>") || strings.Contains(page, "src=") || strings.Contains(page, "href") || strings.Contains(page, "<script") {
		t.Error("it holds markup of somebody else's, or loads something")
	}
}

// cheap is one whose bounds are worked out in no time: a fuzzer's runs are a few hundred times slower.
func cheap(t testing.TB) *certificate.Certificate {
	c := sound(t)
	c.Accounting.BatchSize, c.Accounting.Steps, c.Accounting.StepsDone = 60_000, 10, 10
	c.Accounting.Events = []certificate.Event{
		{certificate.PoissonGaussian, certificate.Gradients, 8, 1, 1, 10}, {certificate.Gaussian, certificate.HeldOutAccuracy, 40, 1, 1, 2},
	}
	c.Accounting.Together.OtherRuns = []certificate.Run{{"record", []certificate.Event{{certificate.PoissonGaussian, certificate.Gradients, 9, 1, 1, 4}}}}
	c.Audit.StepsSeen = 10
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	return c
}

func FuzzVerify(f *testing.F) {
	f.Add(encoded(f, cheap(f)))
	f.Add([]byte(`{"format":"cloister-privacy-certificate","version":1}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		v := certificate.Verify(file)
		if v.Why == "" {
			t.Error("a verdict without a reason")
		}
		if v.Valid {
			v.Certificate.Page()
			if again, err := v.Certificate.Encode(); err != nil || !certificate.Verify(again).Valid {
				t.Errorf("written again it is not valid: %v", err)
			}
		}
	})
}
