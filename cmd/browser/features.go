package browser

import (
	"context"
	"fmt"
	"time"

	"cloister/cmd/chromium"
)

// Features are fixed features of the data that are open, as the page's panel computes them.
type Features struct {
	Mirrored bool // a picture's mirror image keeps its meaning
}

// featuresState is what the panel says; features are there when the page has opened them as its data.
const featuresState = `(() => {
	const panel = document.getElementById("features"), fault = panel.querySelector(".problem");
	return {
		words: document.getElementById("features-words").innerText, fault: fault.hidden ? "" : fault.innerText,
		there: location.hash.includes("%2Bfeatures") && !document.getElementById("train").disabled,
	};
})()`

const computeButton = `[...document.querySelectorAll("#features button")].find((b) => b.innerText === "Compute them")`

// Compute asks the page for features and waits until they can be trained on, calling watch about twice a second. It returns the seconds
// that this took.
func (p *Page) Compute(ctx context.Context, f Features, watch func() error) (float64, error) {
	clicks := []string{`document.getElementById("features-open")`}
	if f.Mirrored {
		clicks = append(clicks, `document.getElementById("features-mirrored")`)
	}
	start := time.Now()
	for _, element := range append(clicks, computeButton) {
		if err := p.tab.Click(element); err != nil {
			return 0, err
		}
	}
	for {
		var s struct {
			Words, Fault string
			There        bool
		}
		if err := p.tab.Await(featuresState, &s); err != nil {
			return 0, err
		}
		switch {
		case s.Fault != "":
			return 0, fmt.Errorf("browser: the page says: %s", s.Fault)
		case s.There:
			return time.Since(start).Seconds(), nil
		}
		if err := watch(); err != nil {
			return 0, err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return 0, fmt.Errorf("browser: waiting for features, the page says %q: %w", s.Words, err)
		}
	}
}

// again opens the page in another tab of the same browser and asks for the same features.
func again(ctx context.Context, first *chromium.Tab, site *Site, o Order) (float64, error) {
	tab, err := first.Another(chromium.Options{})
	if err != nil {
		return 0, err
	}
	defer tab.Close()
	page, err := NewPage(tab, site.URL)
	if err != nil {
		return 0, err
	}
	if _, err := page.Open(ctx, o.Page, o.Settings); err != nil {
		return 0, err
	}
	return page.Compute(ctx, *o.Features, func() error { return nil })
}
