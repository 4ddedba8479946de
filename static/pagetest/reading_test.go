package pagetest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// readings are the pages to read: the first, the tutorials, how to build with it, and what is looked up.
func readings(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, "learn*.html"))
	if err != nil || len(found) < 7 {
		t.Fatalf("the site has the tutorials %v: %v", found, err)
	}
	all := []string{"index.html", "build.html", "accountant.html", "leaderboard.html", "mechanism.html", "tour.html"}
	for _, name := range found {
		all = append(all, filepath.Base(name))
	}
	return all
}

// going starts what can be started on a page, so that it goes on while it is looked at: what is pressed, and when it is under way.
var going = map[string]struct{ press, underWay string }{
	"index.html":            {`document.querySelector("cloister-trainer [part=train]")`, trains("cloister-trainer")},
	"learn-accuracy.html":   {`document.querySelector("#batch [part=train]")`, trains("#batch")},
	"tour.html":             {`document.querySelector("#sound [part=train]")`, trains("#sound")},
	"learn-gives-away.html": {`document.querySelector("learn-secret button")`, `document.querySelector("learn-secret [role=status]").innerText.includes("training")`},
	"learn-epsilon.html":    {`document.querySelector("learn-odds button")`, `document.querySelector("learn-odds canvas")`},
	"learn-mechanism.html":  {`document.querySelector("#fixed button")`, `document.querySelector("#fixed [role=status]").innerText.startsWith("Training") && document.querySelector("#fixed canvas")`},
	"learn-features.html":   {`document.querySelector("learn-pictures button")`, `document.querySelector("learn-pictures canvas")`},
	"learn-own-data.html":   {`document.querySelector("learn-total button")`, `document.querySelector("learn-total dd")`},
}

// drawn are pages with curves of each kind.
var drawn = map[string]bool{"index.html": true, "leaderboard.html": true, "learn-epsilon.html": true}

func trains(element string) string {
	return `document.querySelector("` + element + ` [part=status]").innerText.startsWith("Training") && document.querySelector("` + element + ` canvas")`
}

// Pages to read, before and while something on them runs: accessible by axe in both themes; nothing is pushed off the smallest screen, or off a phone by
// text of twice the size; nothing moves for who wants no motion; in the system's own colours whatever is drawn can be seen; paper is light, without what can
// only be pressed. Their links lead somewhere.
func TestReadingPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("index.html"), 1280)
	for i, name := range readings(t) {
		if !longer && i%3 > 0 {
			continue
		}
		p.run(chromedp.EmulateViewport(1280, 900), theme("dark"), chromedp.Navigate(s.page(name)))
		if shows := showsByItself[name]; shows != "" {
			p.wait(name, shows)
		}
		p.leadsSomewhere(name)
		if longer && !slices.Contains(pages, name) { // which TestFitsAndIsAccessible looks at
			p.accessible(name + ", dark")
		}
		if live := going[name]; live.press != "" {
			eval[any](p, `(document.querySelectorAll("cloister-trainer, learn-written").forEach((e) => e.setAttribute("epochs", "500")), null)`)
			p.clickOn(live.press)
			p.wait(name+" to be under way", live.underWay)
			if longer {
				p.accessible(name + ", dark, under way")
			}
		}
		if moving := eval[[]string](p, `document.getAnimations().map(({ effect }) => effect.target.outerHTML.slice(0, 80))`); len(moving) > 0 {
			t.Errorf("%s moves for who wants no motion: %q", name, moving)
		}
		p.run(chromedp.EmulateViewport(360, 740), theme("light"))
		if !slices.Contains(pages, name) || going[name].press != "" {
			p.accessible(name + ", 360 px, under way")
		}
		p.fits(name)
		p.run(chromedp.EmulateViewport(1280, 900))
		if longer || drawn[name] {
			p.seenInForcedColours(name)
			p.prints(name)
		}
		eval[any](p, `(document.querySelectorAll("cloister-trainer").forEach((e) => e.stop()), null)`)
	}
	p.clean()
}

func (p *tab) accessible(when string) {
	p.t.Helper()
	for _, f := range p.violations() {
		p.t.Errorf("%s: %s", when, f)
	}
}

// leadsSomewhere checks the links to this site, and that those to others name a page.
func (p *tab) leadsSomewhere(name string) {
	p.t.Helper()
	for _, link := range eval[[]string](p, `[...document.querySelectorAll("main a[href], header a[href]")].map((a) => a.getAttribute("href"))`) {
		if strings.Contains(link, "://") {
			if !strings.HasPrefix(link, "https://") {
				p.t.Errorf("%s: the link %q is not encrypted", name, link)
			}
			continue
		}
		file, fragment, _ := strings.Cut(strings.TrimPrefix(link, "./"), "#")
		if file == "" {
			file = "index.html"
			if strings.HasPrefix(link, "#") {
				file = name
			}
		}
		text, err := os.ReadFile(filepath.Join(dist, file))
		if err != nil || fragment != "" && !strings.Contains(fragment, "=") && !strings.Contains(string(text), `id="`+fragment+`"`) {
			p.t.Errorf("%s: the link %q leads nowhere", name, link)
		}
	}
}

// fits checks the smallest screen, and a phone with text of twice the size, on which navigation and what can be pressed are still there.
func (p *tab) fits(name string) {
	p.t.Helper()
	p.run(chromedp.EmulateViewport(320, 740))
	if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 320 {
		p.t.Errorf("%s: %d px wide on a screen of 320", name, wide)
	}
	p.run(chromedp.EmulateViewport(360, 740))
	eval[any](p, `(document.documentElement.style.fontSize = "200%", new Promise((go) => setTimeout(go, 200)))`)
	if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 360 {
		over := eval[[]string](p, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > 361 && !e.closest(".scroll")).map((e) => e.outerHTML.slice(0, 80))`)
		p.t.Errorf("%s: %d px wide on a screen of 360 with text of twice the size: %q", name, wide, over)
	}
	eval[any](p, `(scrollTo({ top: 0, behavior: "instant" }), null)`)
	if missing := p.outOfView(`["header.site nav a:last-child", "#theme"]`); len(missing) > 0 {
		p.t.Errorf("%s: with text of twice the size navigation is out of view: %v", name, missing)
	}
	// What is cut off cannot be read: words wider than the box that they stand in, where that neither scrolls nor says that it cuts.
	if cut := eval[[]string](p, `[...document.querySelectorAll("main :is(button, label, dd, dt, p, h1, h2, h3, li, figcaption, legend)")]
		.filter((e) => e.offsetParent && !e.closest(".scroll, .sr-only, svg") && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).display !== "inline" && getComputedStyle(e).textOverflow !== "ellipsis")
		.map((e) => e.outerHTML.slice(0, 100))`); len(cut) > 0 {
		p.t.Errorf("%s: with text of twice the size words are cut off: %q", name, cut)
	}
	eval[any](p, `(document.documentElement.style.fontSize = "", null)`)
}

// seenInForcedColours checks that in the system's own colours, dark and light, lines and curves are of another colour than what they are drawn on.
func (p *tab) seenInForcedColours(name string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.run(mode(&emulation.MediaFeature{Name: "forced-colors", Value: "active"}, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme}))
		lost := eval[[]string](p, `new Promise((go) => setTimeout(go, 300)).then(() => {
			const light = (colour) => { const [r, g, b] = colour.match(/[\d.]+/g).map((v) => (v / 255) ** 2.2); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
			const apart = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			const paper = light(getComputedStyle(document.body).backgroundColor);
			const unseen = (colour) => colour === "none" || /^rgba.*, 0\)$/.test(colour) || apart(light(colour), paper) < 1.5;
			const lines = [...document.querySelectorAll("main svg :is(path, circle, text)")].filter((e) => e.getBoundingClientRect().width > 0);
			const lostLines = lines.filter((e) => unseen(getComputedStyle(e).stroke) && unseen(getComputedStyle(e).fill)).map((e) => e.outerHTML.slice(0, 80));
			const lostCurves = [...document.querySelectorAll("main .u-over")].map((e) => e.parentElement.querySelector("canvas")).filter((canvas) => {
				const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
				let seen = 0;
				for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && apart(light("rgb(" + data.slice(i, i + 3).join() + ")"), paper) >= 3) seen++;
				return seen < 100;
			}).map((canvas) => canvas.closest("figure").innerText.slice(0, 80));
			const lostMarks = [...document.querySelectorAll("main .segmented :checked + span")].filter((e) => getComputedStyle(e).backgroundColor === getComputedStyle(document.body).backgroundColor).map((e) => e.outerHTML);
			return [...lostLines, ...lostCurves, ...lostMarks];
		})`)
		if len(lost) > 0 {
			p.t.Errorf("%s: in forced colours, %s, nobody sees %q", name, scheme, lost)
		}
	}
}

// prints checks a page on paper, from a dark screen.
func (p *tab) prints(name string) {
	p.t.Helper()
	p.run(theme("dark"))
	eval[any](p, `(globalThis.printed = [], addEventListener("beforeprint", () => printed.push(getComputedStyle(document.body).color)), null)`)
	var pdf []byte
	p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPrintBackground(true).Do(ctx)
		return err
	}))
	if sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); sheets == 0 || sheets > 6 {
		p.t.Errorf("%s prints on %d sheets", name, sheets)
	}
	if ink := eval[[]string](p, "printed"); len(ink) == 0 || !regexp.MustCompile(`^rgb\(\d\d?, `).MatchString(ink[0]) {
		p.t.Errorf("%s is printed in %v", name, ink)
	}
	p.run(emulation.SetEmulatedMedia().WithMedia("print"))
	if pressed := eval[[]string](p, `[...document.querySelectorAll("button, nav, progress, .skip, form:has(> input)")].filter((e) => e.offsetParent && !e.matches("thead *")).map((e) => e.outerHTML.slice(0, 80))`); len(pressed) > 0 {
		p.t.Errorf("%s: what can only be pressed is printed: %q", name, pressed)
	}
	if words := eval[int](p, `document.querySelector("main").innerText.length`); words < 300 {
		p.t.Errorf("%s: %d letters are left on paper", name, words)
	}
}

// Before anything is pressed the first page asks for itself, its style, its letters and three scripts; pages to read likewise. The trainer comes when somebody trains.
func TestFirstPageAsksForLittle(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("index.html"), 1280)
	asks := regexp.MustCompile(`^(index\.html|manifest\.webmanifest|favicon\.ico|assets/(site\.\w+\.css|(guard|head|index)\.\w+\.js|favicon\.\w+\.svg|serif-latin\.\w+\.woff2))$`)
	idle := func() []string {
		eval[any](p, `new Promise((go) => requestIdleCallback(() => setTimeout(go, 300), { timeout: 5000 }))`)
		_, asked := s.requests(0)
		return asked
	}
	for _, path := range idle() {
		if !asks.MatchString(path) {
			t.Errorf("the first page asks for %s before anything is pressed", path)
		}
	}
	total := 0
	for _, path := range slices.Compact(slices.Sorted(slices.Values(idle()))) {
		if info, err := os.Stat(filepath.Join(dist, path)); err == nil {
			total += int(info.Size())
		}
	}
	if total > 300_000 {
		t.Errorf("the first page has %d bytes before it is packed, want at most 300,000", total)
	}
	before, _ := s.requests(0)
	for _, name := range readings(t) {
		if showsByItself[name] == "" {
			p.run(chromedp.Navigate(s.page(name)))
			eval[any](p, `new Promise((go) => requestIdleCallback(go, { timeout: 5000 }))`)
		}
	}
	_, asked := s.requests(before)
	for _, path := range asked {
		if strings.HasSuffix(path, ".wasm") || path == "sw.js" {
			t.Errorf("%s was loaded before anybody pressed anything", path)
		}
	}
	p.run(chromedp.Navigate(s.page("index.html")))
	p.clickButton("Train")
	p.wait("the end", `document.querySelector("cloister-trainer [part=status]").innerText.startsWith("Done")`)
	if _, asked := s.requests(before); !slices.ContainsFunc(asked, func(path string) bool {
		return strings.HasPrefix(path, "assets/trainer.") && strings.HasSuffix(path, ".wasm")
	}) {
		t.Errorf("the trainer was never loaded; the test above cannot fail: %v", asked)
	}
	p.clean()
}
