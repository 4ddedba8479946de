package pagetest

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var pages = []string{"train.html", "accountant.html", "leaderboard.html", "mechanism.html", "tour.html"}

// theme makes the system prefer light or dark, and no motion: a colour that is still changing is no colour to judge.
func theme(name string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	})
}

// showsByItself says of a page that it has all that it shows without being asked.
var showsByItself = map[string]string{
	"train.html":       dataReady,
	"accountant.html":  `document.getElementById("points").innerText.includes("%")`,
	"leaderboard.html": `document.querySelector("#standings tbody").rows.length && document.querySelector("#plot canvas")`,
	"mechanism.html":   dataReady,
	"tour.html":        `document.getElementById("attack").rows.length`,
}

// ready waits until a page has all that it shows by itself.
func (p *tab) ready(page string) {
	p.t.Helper()
	p.wait(page, showsByItself[page])
}

// violations are those of axe-core's rules on the page as it stands.
func (p *tab) violations() []string {
	p.t.Helper()
	if !eval[bool](p, `"axe" in globalThis`) {
		axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
		if err != nil {
			p.t.Skip("SKIPPED: axe-core is not installed; run npm ci in static/")
		}
		eval[any](p, string(axe)+"; null")
	}
	return eval[[]string](p, `(async () => {
		for (;;) {
			const found = (await axe.run()).violations.flatMap((v) => v.nodes.map((node) => ({ rule: v.id, node })));
			// What was replaced while axe read has lost its place and its colours: it reads the page as it stands now.
			if (found.every(({ node }) => document.querySelector(node.target[0]))) {
				return found.map(({ rule, node }) => rule + ": " + node.target.join(" ") + ": " + node.failureSummary);
			}
		}
	})()`)
}

// Each page that answers, with everything unfolded: axe-core's rules (WCAG 2.2 A and AA, and its best practices) in both themes, on a small
// and a wide screen; nothing is wider than the screen, from 320 px up, nor with text of twice the size on a phone: what must be wide scrolls
// in a box of its own.
func TestFitsAndIsAccessible(t *testing.T) {
	t.Parallel()
	for _, page := range pages {
		p := open(t, serve(t).page(page+"#data=digits&model=logistic&epochs=1"), 1280)
		p.ready(page)
		if page == "train.html" { // with a run's results
			p.click("train")
			p.wait("the end", state+` === "done"`)
		}
		eval[any](p, `(document.querySelectorAll("details").forEach((d) => (d.open = true)), null)`)
		for _, width := range []int{320, 360, 768, 820, 1000, 1280, 1920} {
			p.run(chromedp.EmulateViewport(int64(width), 900))
			if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s: %d px wide on a screen of %d", page, wide, width)
			}
			for _, colours := range []string{"light", "dark"} {
				if !longer && (width != 360 || colours != "light") && (width != 1280 || colours != "dark") {
					continue
				}
				p.run(theme(colours))
				for _, f := range p.violations() {
					t.Errorf("%s, %d px, %s: %s", page, width, colours, f)
				}
			}
		}
		if page != "train.html" {
			p.run(chromedp.EmulateViewport(360, 740))
			eval[any](p, `(document.documentElement.style.fontSize = "200%", null)`)
			if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 360 {
				t.Errorf("%s: %d px wide on a screen of 360 with text of twice the size", page, wide)
			}
		}
		p.clean()
	}
}

// press presses a key in the element that has the focus.
func (p *tab) press(key string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(key))
}

// tabTo presses Tab until the element with this id has the focus, and checks that every stop on the way can be seen.
func (p *tab) tabTo(id string) {
	p.t.Helper()
	for range 80 {
		p.press(kb.Tab)
		type stop struct {
			ID      string
			Name    string
			Visible bool
		}
		at := eval[stop](p, `(() => {
			const e = document.activeElement, box = e.getBoundingClientRect(), shown = getComputedStyle(e);
			return {ID: e.id, Name: e.outerHTML.slice(0, 80), Visible: e === document.body || box.width > 0 && shown.outlineStyle !== "none" && shown.outlineWidth !== "0px"};
		})()`)
		if !at.Visible {
			p.t.Errorf("the focus cannot be seen on %s", at.Name)
		}
		if at.ID == id {
			return
		}
	}
	p.t.Fatalf("Tab never reaches #%s", id)
}

// The whole of a run without a mouse: to the content, train, pause, stop, walk along a curve.
func TestWorksByKeyboard(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=100"), 1280)
	p.wait("the data", dataReady)
	p.press(kb.Tab)
	if words := eval[string](p, "document.activeElement.innerText"); !strings.Contains(words, "Skip") {
		t.Errorf("the first stop is %q, want the way past the header", words)
	}
	p.press(kb.Enter)
	p.tabTo("setting-epsilon")
	p.press("2") // a field that gets the focus by Tab is selected whole
	p.press(kb.Enter)
	p.wait("what was typed", `document.getElementById("tile-target").innerText === "2.00"`)
	if now := eval[string](p, state); now != "idle" {
		t.Errorf("Enter in a field makes the page %s: it must spend nothing", now)
	}
	p.run(chromedp.Focus(".brand", chromedp.ByQuery))
	p.tabTo("train")
	p.press(kb.Enter)
	p.wait("an epoch", `document.getElementById("tile-accuracy").innerText.includes("%") && document.getElementById("progress").value > 0.05`)
	if !eval[bool](p, `document.getElementById("setting-epsilon").matches(":disabled")`) {
		t.Error("epsilon can be changed during a run")
	}
	if id := eval[string](p, "document.activeElement.id"); id != "train" {
		t.Errorf("while the run goes on the focus is on %q, want it on the button that now pauses", id)
	}
	p.press(" ")
	p.wait("the pause", state+` === "paused"`)
	p.tabTo("stop")
	p.press(kb.Enter)
	p.wait("the end", state+` === "done"`)
	if id := eval[string](p, "document.activeElement.id"); id != "train" {
		t.Errorf("at the end the focus is on %q, want it on Train: Stop can no longer be pressed", id)
	}
	if target := p.text("tile-target"); target != "2.00" {
		t.Errorf("the target is %s, want 2.00 as typed", target)
	}
}

// Arrow keys walk along a curve; where one is is shown at once, and spoken when one rests.
func TestCurvesSpeak(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=4")
	p.wait("the end", state+` === "done"`)
	p.run(chromedp.Focus(".chart .focusable", chromedp.ByQuery))
	shown := func() string { return eval[string](p, `document.querySelector(".chart .readout").innerText`) }
	p.press(kb.Home)
	if words := shown(); !strings.HasPrefix(words, "Epoch 0:") {
		t.Errorf("at the start of the curve it says %q", words)
	}
	p.press(kb.ArrowRight)
	p.press(kb.ArrowRight)
	p.wait("the spoken words", `document.querySelector(".chart [aria-live]").textContent.startsWith("Epoch 2:")`)
	if words := shown(); !strings.HasPrefix(words, "Epoch 2:") {
		t.Errorf("two steps on it says %q", words)
	}
	p.press(kb.Escape)
	if words := shown(); !strings.HasPrefix(words, "Epoch 4:") {
		t.Errorf("without a cursor it says %q, want the latest", words)
	}
	// The table beneath holds the same figures.
	rows := eval[int](p, `(document.querySelector(".chart details").open = true, new Promise((go) => setTimeout(() => go(document.querySelectorAll(".chart tbody")[0].rows.length), 200)))`)
	if rows != 5 {
		t.Errorf("the table has %d rows, want 5: the start and four epochs", rows)
	}
	p.clean()
}

func TestThemeIsRemembered(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("accountant.html"), 1280)
	p.run(theme("light"))
	paper := func() string { return eval[string](p, "getComputedStyle(document.body).backgroundColor") }
	light := paper()
	p.click("theme")
	dark := paper()
	if dark == light {
		t.Fatal("the button does not change the theme")
	}
	p.run(chromedp.Navigate(s.page("index.html")))
	if now := paper(); now != dark {
		t.Errorf("on the next page the background is %s, want %s", now, dark)
	}
	if pressed := eval[string](p, `document.getElementById("theme").getAttribute("aria-pressed")`); pressed != "true" {
		t.Errorf("the button says aria-pressed=%s", pressed)
	}
}

// modes are what a system or a person may ask for.
func mode(features ...*emulation.MediaFeature) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures(features)
}

// Text of twice the size on a phone pushes nothing off the screen; in the system's own colours bars and curves are drawn;
// paper is light, without what can only be pressed.
func TestLegibleInEveryMode(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=2")
	p.wait("the end", state+` === "done"`)

	p.run(chromedp.EmulateViewport(360, 740))
	eval[any](p, `(document.documentElement.style.fontSize = "200%", new Promise((go) => setTimeout(go, 300)))`)
	if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 360 {
		over := eval[[]string](p, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest(".scroll")).map((e) => e.outerHTML.slice(0, 80))`)
		t.Errorf("with text of 200 %% the page is %d px wide on a screen of 360: %q", wide, over)
	}
	if missing := p.outOfView(`["header.site nav a:last-child", "#theme"]`); len(missing) > 0 {
		t.Errorf("with text of 200 %% navigation is out of view: %v", missing)
	}
	eval[any](p, `(document.documentElement.style.fontSize = "", null)`)

	p.run(chromedp.EmulateViewport(1280, 900), mode(&emulation.MediaFeature{Name: "forced-colors", Value: "active"}))
	eval[any](p, "new Promise((go) => setTimeout(go, 500))")
	type seen struct {
		Bar, Track string
		Drawn      int
	}
	s := eval[seen](p, `(() => {
		const colour = (selector) => getComputedStyle(document.querySelector(selector)).backgroundColor;
		const canvas = document.querySelector("#learning canvas"), {width, height} = canvas;
		const {data} = canvas.getContext("2d").getImageData(0, 0, width, height), inks = new Set();
		for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) inks.add(data.slice(i, i + 3).join());
		return {Bar: colour("#meter > span"), Track: colour("#meter"), Drawn: inks.size};
	})()`)
	if s.Bar == s.Track || s.Drawn < 2 {
		t.Errorf("in forced colours the meter is %s on %s, the chart has %d colours", s.Bar, s.Track, s.Drawn)
	}

	p.run(mode(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"}))
	paper := `getComputedStyle(document.querySelector(".card")).backgroundColor`
	dark := eval[string](p, paper)
	eval[any](p, `(globalThis.printed = [], addEventListener("beforeprint", () => printed.push(`+paper+`)), null)`)
	var pdf []byte
	p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPrintBackground(true).Do(ctx)
		return err
	}))
	if sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); sheets == 0 || sheets > 3 {
		t.Errorf("it prints on %d sheets, want at most 3", sheets)
	}
	if printed := eval[[]string](p, "printed"); len(printed) == 0 || printed[0] == dark {
		t.Errorf("it prints on %v, the dark screen is %s", printed, dark)
	}
	p.run(emulation.SetEmulatedMedia().WithMedia("print"))
	if eval[bool](p, `[...document.querySelectorAll("#train, #setup, nav, #try-panel")].some((e) => e.offsetParent)`) {
		t.Error("what can only be pressed is printed")
	}
	p.clean()
}
