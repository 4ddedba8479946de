package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"cloister/cmd/chromium"
	"cloister/train/protocol"
)

//go:embed hook.js
var hook string

// Page is the built site's training page, used as a person uses it: settings in the address, a click on Train.
type Page struct {
	tab  *chromium.Tab
	root string // address of the site
}

// NewPage prepares a tab for the site at an address without a slash at the end. One page trains once: a ledger remembers.
func NewPage(tab *chromium.Tab, root string) (*Page, error) {
	return &Page{tab, root}, tab.Before(hook)
}

// Heard is what the page heard from the trainer. Times are milliseconds since the page began to load.
type Heard struct {
	Ready   float64             `json:"ready"`   // Train could be clicked
	Clicked float64             `json:"clicked"` // the page asked the trainer to start
	Done    float64             `json:"done"`    // the trainer said that the run was done; 0 before
	Planned *protocol.Planned   `json:"planned"`
	Step    *protocol.StepEvent `json:"step"` // the latest
	Epochs  []HeardEpoch        `json:"epochs"`
	Notices []string            `json:"notices"`
	Error   *string             `json:"error"`
}

// HeardEpoch is an evaluation and when the page heard of it.
type HeardEpoch struct {
	protocol.EpochEvent
	At float64 `json:"at"`
}

// Open loads the page with the settings in its address (static/src/settings/settings.ts has their names) and waits until a person
// could start to train. page is a file of the site, "" for the training page.
func (p *Page) Open(ctx context.Context, page string, settings map[string]string) (*Heard, error) {
	if page == "" {
		page = "train.html"
	}
	words := url.Values{}
	for key, value := range settings {
		words.Set(key, value)
	}
	if err := p.tab.Visit(p.root + "/" + page + "#" + words.Encode()); err != nil {
		return nil, err
	}
	return p.await(ctx, "the page is usable", func(h *Heard) bool { return h.Ready > 0 })
}

// Train clicks Train and waits until the run is done, telling watch about twice a second what has been heard so far.
// What override holds replaces fields of the configuration that the page sends (protocol.Config's names in JSON); nil for
// none.
func (p *Page) Train(ctx context.Context, override map[string]any, watch func(*Heard) error) (*Heard, error) {
	if override != nil {
		if err := p.tab.Call("benchHook.override", nil, override); err != nil {
			return nil, err
		}
	}
	if err := p.tab.Click(`document.getElementById("train")`); err != nil {
		return nil, err
	}
	for {
		h, err := p.heard()
		if err != nil {
			return h, err
		}
		if err := watch(h); err != nil || h.Done > 0 {
			return h, err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// await polls until the page has got so far, for at most two minutes.
func (p *Page) await(ctx context.Context, what string, so func(*Heard) bool) (*Heard, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		h, err := p.heard()
		if err != nil || so(h) {
			return h, err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, fmt.Errorf("browser: waiting until %s: %w", what, err)
		}
	}
}

// heard is what the page has heard; an error that the trainer told the page is an error.
func (p *Page) heard() (*Heard, error) {
	var text json.RawMessage
	if err := p.tab.Await("benchHook.heard()", &text); err != nil {
		return nil, err
	}
	h := &Heard{}
	if err := json.Unmarshal(text, h); err != nil {
		return nil, fmt.Errorf("browser: what the page heard: %w", err)
	}
	if h.Error != nil {
		return h, fmt.Errorf("browser: the page says: %s", *h.Error)
	}
	return h, nil
}
