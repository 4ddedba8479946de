package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"cloister/cmd/chromium"
	"cloister/train/protocol"
)

// Order is one run through the page.
type Order struct {
	Page     string            // "": the training page; another one of the site that has a Train button
	Settings map[string]string // as the page's address has them
	Override map[string]any    // of the configuration, where the page has no control for it; nil for none
	Features *Features         // trained on instead of the records; nil for the records
}

// Report is what one run came to.
type Report struct {
	Interactive float64  `json:"interactiveS"` // seconds from the page's address to a Train button that can be clicked
	Wall        float64  `json:"wallS"`        // seconds from the click to done
	Accuracy    float64  `json:"accuracy"`     // on the public test split, after the last epoch
	Epsilon     float64  `json:"epsilonUpper"`
	EpsilonLow  float64  `json:"epsilonLower"`
	Delta       float64  `json:"delta"`
	Sigma       float64  `json:"sigma"` // of the first step
	Steps       int      `json:"steps"`
	Sampler     string   `json:"sampler"`
	Parameters  int      `json:"parameters"`
	Workers     int      `json:"workers"`
	Private     bool     `json:"private"`
	Memory      int64    `json:"memoryPeak"`          // bytes, the tab's private memory at its largest
	Idle        *float64 `json:"idle,omitempty"`      // share of the time that compute workers waited; runs with diagnostics only
	Features    float64  `json:"featuresS,omitempty"` // seconds from asking for features until they could be trained on
	Again       float64  `json:"againS,omitempty"`    // the same in a further tab, which finds them on the device

	Epochs  []EpochReport `json:"epochs"`
	Notices []string      `json:"notices,omitempty"`
}

// EpochReport is one point of a learning curve.
type EpochReport struct {
	Epoch    float64 `json:"epoch"`
	Accuracy float64 `json:"accuracy"`
	Loss     float64 `json:"loss"`
	At       float64 `json:"atS"` // seconds after the click
}

// Product serves dist/, with a packed dataset of any folder as dist/data/NAME. Without one it serves dist/ as it is.
func Product(root, data string) (site *Site, name string, err error) {
	if site, err = Serve(); err != nil {
		return nil, "", err
	}
	if err = site.Mount("/", filepath.Join(root, "dist")); err == nil && data != "" {
		name, err = mountData(site, data)
	}
	if err != nil {
		site.Close()
		return nil, "", err
	}
	return site, name, nil
}

func mountData(site *Site, dir string) (string, error) {
	name := filepath.Base(filepath.Clean(dir))
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("browser: no packed dataset in %s: run 'make data', or go run ./cmd/pack -in ../shared/datasets/%s -out %s (%w)", dir, name, dir, err)
	}
	index, err := json.Marshal([]map[string]string{{"name": name, "title": name}})
	if err != nil {
		return "", fmt.Errorf("browser: %w", err)
	}
	site.Replace("/data/index.json", index)
	return name, site.Mount("/data/"+name+"/", dir)
}

// Run opens the page in a browser of its own, so that no ledger remembers an earlier run, and trains.
func Run(ctx context.Context, site *Site, o Order, log io.Writer) (*Report, error) {
	tab, err := chromium.Open(ctx, chromium.Options{Log: log})
	if err != nil {
		return nil, err
	}
	defer tab.Close()
	page, err := NewPage(tab, site.URL)
	if err != nil {
		return nil, err
	}
	if _, err := page.Open(ctx, o.Page, o.Settings); err != nil {
		return nil, err
	}
	memory, told := int64(0), 0
	remember := func() error {
		now, err := tab.Memory()
		memory = max(memory, now)
		return err
	}
	var seconds float64
	if o.Features != nil {
		if seconds, err = page.Compute(ctx, *o.Features, remember); err != nil {
			return nil, err
		}
		fmt.Fprintf(log, "features after %.1f s\n", seconds)
	}
	heard, err := page.Train(ctx, o.Override, func(h *Heard) error {
		for ; told < len(h.Epochs); told++ {
			fmt.Fprintf(log, "epoch %.4g: accuracy %.2f %%\n", h.Epochs[told].Epoch, 100*h.Epochs[told].Accuracy)
		}
		return remember()
	})
	if err != nil {
		return nil, err
	}
	report, err := newReport(heard, memory)
	if err == nil && o.Features != nil {
		report.Features = seconds
		report.Again, err = again(ctx, tab, site, o)
	}
	return report, err
}

func newReport(h *Heard, memory int64) (*Report, error) {
	if h.Planned == nil || h.Step == nil || len(h.Epochs) == 0 {
		return nil, fmt.Errorf("browser: the run ended without a plan, a step or an evaluation")
	}
	p := h.Planned
	if h.Step.Step != p.Steps {
		return nil, fmt.Errorf("browser: the run ended at step %d of %d", h.Step.Step, p.Steps)
	}
	r := &Report{
		Interactive: h.Ready / 1000, Wall: (h.Done - h.Clicked) / 1000,
		Epsilon: p.EpsilonUpper, EpsilonLow: p.EpsilonLower, Delta: p.Delta, Sigma: p.NoiseMultiplier, Steps: p.Steps, Sampler: p.Sampler,
		Parameters: p.Parameters, Workers: p.Workers, Private: p.Private, Memory: memory, Notices: h.Notices, Idle: h.Step.Idle,
	}
	for _, e := range h.Epochs {
		r.Epochs = append(r.Epochs, EpochReport{e.Epoch, e.Accuracy, e.Loss, (e.At - h.Clicked) / 1000})
	}
	r.Accuracy = r.Epochs[len(r.Epochs)-1].Accuracy
	return r, nil
}

// ParseSettings reads settings as the page's address has them after #.
func ParseSettings(text string) (map[string]string, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("browser: settings %q: %w", text, err)
	}
	settings := map[string]string{}
	for key := range values {
		settings[key] = values.Get(key)
	}
	return settings, nil
}

// Fields is a configuration as the page's messages have it, every field stated.
func Fields(c protocol.Config) (map[string]any, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	var all map[string]any
	return all, json.Unmarshal(text, &all)
}
