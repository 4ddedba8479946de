package pagetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cloister/cmd/chromium"
)

// pack packs a dataset as a person would and puts it beside the page, under data/.
func (s *site) pack(t *testing.T, name string, arguments ...string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	command := exec.Command("go", append([]string{"run", "./cmd/pack", "-out", filepath.Join(folder, name)}, arguments...)...)
	command.Dir = "../.."
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("pack: %v\n%s", err, output)
	}
	s.extra["data/"] = folder
}

func TestOffersPackedData(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.pack(t, "small", "-digits", "2000", "-test-digits", "500")
	p := s.train(t, "data=small&model=logistic&epochs=2&batch=100")
	p.wait("the end", state+` === "done"`)
	if words := p.text("provenance"); !strings.Contains(words, "2,000") || !strings.Contains(words, "500") {
		t.Errorf("the data are described as %q", words)
	}
	p.clean()
}

// A shard that lost bytes or changed on its way is refused, with its name; the built-in digits are offered instead.
func TestRefusesBrokenShard(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func([]byte) []byte{
		"truncated": func(b []byte) []byte { return b[:len(b)/2] },
		"changed":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.pack(t, "small", "-digits", "2000", "-test-digits", "500")
			s.change = func(path string, body []byte) []byte {
				if strings.HasSuffix(path, ".blob") && !strings.HasSuffix(path, "manifest.blob") {
					return spoil(body)
				}
				return body
			}
			p := open(t, s.page("#data=small"), 1280)
			p.wait("the refusal", `!document.getElementById("problem").hidden`)
			words := p.text("problem")
			if !strings.Contains(strings.ToLower(words), "shard") || !strings.Contains(words, map[string]string{"truncated": "truncated", "changed": "checksum"}[name]) {
				t.Errorf("the refusal is %q", words)
			}
			p.clickButton("Use the built-in digits")
			p.wait("the built-in digits", dataReady)
			p.clean()
		})
	}
}

// MNIST itself, where the raw files are at hand: packed, loaded and trained for a few steps.
func TestTrainsMNIST(t *testing.T) {
	long(t)
	t.Parallel()
	raw, err := filepath.Abs("../../../shared/datasets/mnist")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(raw); err != nil {
		t.Skip("SKIPPED: ../shared/datasets/mnist is not on this machine")
	}
	s := serve(t)
	s.pack(t, "mnist", "-in", raw)
	p := openWith(t, s.page("#data=mnist&model=mnist-cnn&epochs=1&batch=1000"), chromium.Options{Width: 1280, Height: 900}) // whose memory is its own
	p.start()
	p.wait("the end", state+` === "done"`)
	if words := p.text("provenance"); !strings.Contains(words, "60,000") {
		t.Errorf("the data are described as %q", words)
	}
	if accuracy := number(t, p.text("tile-accuracy")); accuracy < 50 {
		t.Errorf("test accuracy %v %% after an epoch, want at least 50", accuracy)
	}
	if mib := p.resident(); mib > 400 {
		t.Errorf("the tab takes %d MiB with 70,000 images, want at most 400", mib)
	} else {
		t.Logf("the tab takes %d MiB", mib)
	}
	p.clean()
}
