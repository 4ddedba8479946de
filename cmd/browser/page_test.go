package browser

import (
	"strings"
	"testing"

	"cloister/cmd/chromium"
)

// openPage opens a page that behaves as the training page does, in a tab of its own.
func openPage(t *testing.T) *Page {
	t.Helper()
	if !chromium.Installed() {
		t.Skip("no Chromium: 'make browser' installs it")
	}
	site, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	if err := site.Mount("/", "testdata"); err != nil {
		t.Fatal(err)
	}
	tab, err := chromium.Open(t.Context(), chromium.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	page, err := NewPage(tab, site.URL)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// The address reaches the page, a click starts it, what it hears is told with its times, and an override wins.
func TestTrain(t *testing.T) {
	page := openPage(t)
	opened, err := page.Open(t.Context(), "", map[string]string{"epochs": "2"})
	if err != nil || opened.Ready <= 0 {
		t.Fatalf("%+v, %v", opened, err)
	}
	watched := 0
	h, err := page.Train(t.Context(), nil, func(*Heard) error { watched++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if h.Planned.Steps != 20 || h.Planned.EpsilonUpper != 2.5 || h.Step.Step != 20 || len(h.Epochs) != 2 || h.Epochs[1].Accuracy != 0.2 {
		t.Errorf("heard %+v", h)
	}
	if !(h.Ready < h.Clicked && h.Clicked <= h.Epochs[0].At && h.Epochs[1].At <= h.Done) || watched == 0 {
		t.Errorf("ready %v, clicked %v, epochs %+v, done %v", h.Ready, h.Clicked, h.Epochs, h.Done)
	}
	if len(h.Notices) != 1 || h.Notices[0] != "a notice" {
		t.Errorf("notices %q", h.Notices)
	}
}

func TestTrainOverrideAndError(t *testing.T) {
	page := openPage(t)
	if _, err := page.Open(t.Context(), "", map[string]string{"epochs": "2"}); err != nil {
		t.Fatal(err)
	}
	h, err := page.Train(t.Context(), map[string]any{"epochs": 1, "fail": true}, func(*Heard) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "it broke") {
		t.Errorf("error %v", err)
	}
	if h == nil || h.Planned == nil || h.Planned.Steps != 10 {
		t.Errorf("heard %+v", h)
	}
}
