package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloister/certificate"
)

// issued writes a model and its certificate.
func issued(t *testing.T) (model, file string) {
	t.Helper()
	model, file = filepath.Join(t.TempDir(), "model.onnx"), filepath.Join(t.TempDir(), "certificate.json")
	if err := os.WriteFile(model, []byte("a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("a model"))
	c := &certificate.Certificate{
		Basic: certificate.Basic{Name: "logistic on digits", PublicationDate: "2026-11-26"},
		DPVariant: certificate.DPVariant{DataDomain: "digits", Unprotected: certificate.Unprotected{
			Units: 1000, Classes: []string{"0", "1"}, RecordKind: "image", RecordShape: [3]int{1, 28, 28}}},
		PrivacyLoss: certificate.PrivacyLoss{PrivacyUnit: "record", TargetEpsilon: 50},
		Accounting: certificate.Accounting{BatchSize: 10, Steps: 100, Events: []certificate.Event{
			{Mechanism: certificate.PoissonGaussian, Releases: certificate.Gradients, NoiseMultiplier: 1, SamplingRate: 0.01, Bands: 1, Times: 100}}},
		Implementation: certificate.Implementation{Mechanism: "fixed", Software: "a test"},
		Model:          certificate.Model{Architecture: "logistic", Parameters: 7850, Files: []certificate.File{{Format: "ONNX", SHA256: hex.EncodeToString(sum[:])}}},
	}
	c.PrivacyLoss.PrivacyParameters.Delta = 1e-5
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	text, err := c.Encode()
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return model, file
}

func TestVerify(t *testing.T) {
	model, file := issued(t)
	for _, args := range [][]string{{"verify", file}, {"verify", "-model", model, file}} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "yes: ") || !strings.Contains(out.String(), "proves arithmetic, not honesty") {
			t.Errorf("%q: status %d, %q %q", args, code, out.String(), errs.String())
		}
	}
	// The epsilon of 100 steps at noise 1 and rate 0.01, by the other question.
	text := answered(t, "epsilon", "-delta", "1e-5", "-segments", "1:0.01:100")
	got := answered(t, "verify", file)
	within(t, "upper", got["upper"], text["upper"].(float64), 1e-9)
	within(t, "lower", got["lower"], text["lower"].(float64), 1e-9)
	if got["valid"] != true {
		t.Errorf("%v", got)
	}
}

func TestVerifySaysNo(t *testing.T) {
	_, file := issued(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, bytes.Replace(text, []byte(`"noise_multiplier": 1,`), []byte(`"noise_multiplier": 2,`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other+"2", bytes.Replace(text, []byte(`"noise_multiplier": 1,`), []byte(`"noise_multiplier": 0.5,`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"verify", other}, "no: privacy_loss.epsilon_lower: ", 1},
		{[]string{"verify", other + "2"}, "no: privacy_loss.privacy_parameters.epsilon: ", 1},
		{[]string{"verify", "-model", other, file}, "no: model.files: ", 1},
		{[]string{"verify", "main.go"}, "no: ", 1},
		{[]string{"verify"}, "", 2},
		{[]string{"verify", file, file}, "", 2},
		{[]string{"verify", "absent.json"}, "", 2},
		{[]string{"verify", "-model", "absent.onnx", file}, "", 2},
	} {
		var out, errs bytes.Buffer
		code := run(c.args, &out, &errs)
		if code != c.code || !strings.HasPrefix(out.String(), c.want) || (code == 2) != (errs.Len() > 0) {
			t.Errorf("%q: status %d, %q %q, want status %d and %q", c.args, code, out.String(), errs.String(), c.code, c.want)
		}
	}
}
