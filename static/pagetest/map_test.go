package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/cmd/experiments/experiment"
	"cloister/data"
	"cloister/features"
	"cloister/nn/compile/extract"
)

// The tutorial on features shows what package features makes: its synthetic pictures are those that are drawn here. Its table of what others report is
// that of docs/experiments, and of our rows it has those that were run.
func TestTutorialOnFeatures(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("learn-features.html"), 1280)
	claimsAreReported(t, p)
	if before := p.answered("3"); !strings.HasPrefix(before, "Take two digits first") {
		t.Errorf("before digits were taken the answer is %q", before)
	}
	p.clickButton("Draw some")
	p.wait("the pictures", `document.querySelectorAll("learn-pictures canvas").length === 2`)
	for i, shape := range [][3]int{{3, 32, 32}, {1, 28, 28}} {
		of := data.Manifest{Kind: data.Image, Type: data.Uint8, Channels: shape[0], Height: shape[1], Width: shape[2]}
		recipe, err := features.Recipe(&of, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range [][2]int{{0, 0}, {5, 2}} { // the first and the last of six by three
			shown := eval[[]int](p, fmt.Sprintf(`(() => {
				const [size, channels, high, wide] = [2, %d, %d, %d], out = [];
				const context = document.querySelectorAll("learn-pictures canvas")[%d].getContext("2d");
				const { data } = context.getImageData(size * %d * (wide + 1), size * %d * (high + 1), size * wide, size * high);
				for (let c = 0; c < channels; c++) for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) out.push(data[4 * size * (y * size * wide + x) + c]);
				return out;
			})()`, shape[0], shape[1], shape[2], i, place[0], place[1]))
			drawn := recipe.Image(6*place[1] + place[0])
			if !slices.EqualFunc(shown, drawn, func(a int, b byte) bool { return a == int(b) }) {
				t.Errorf("picture %v of kind %s is not the program's", place, recipe.Synthetic.Kind)
			}
		}
	}
	p.clean()
}

// claimsAreReported holds the table to its sources.
func claimsAreReported(t *testing.T, p *tab) {
	t.Helper()
	text, err := os.ReadFile("../../docs/experiments/claims.json")
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Published []struct {
			Method, Source, Accounting string
			Recalled                   bool
			Accuracy                   map[string]float64
		}
		Ours []struct {
			Method, Setting, Mechanism string
		}
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	rows := eval[[][]string](p, `[...document.querySelectorAll(".claims")[1].querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent))`)
	row := func(method string) []string {
		if i := slices.IndexFunc(rows, func(r []string) bool { return r[0] == method }); i >= 0 {
			return rows[i]
		}
		return nil
	}
	sets := []string{"mnist", "fashion-mnist", "cifar-10"}
	found := 0
	for _, c := range claims.Published {
		r := row(c.Method)
		if len(r) != 5 || r[4] != c.Accounting {
			t.Errorf("of %s the table has %q", c.Method, r)
			continue
		}
		found++
		for i, set := range sets {
			accuracy, reported := c.Accuracy[set]
			cell := r[i+1]
			if !reported {
				if cell != "" {
					t.Errorf("%s reports nothing on %s, the table has %q", c.Method, set, cell)
				}
				continue
			}
			if c.Recalled != strings.HasPrefix(cell, "≈") || number(t, strings.Trim(cell, "≈ *")) != accuracy {
				t.Errorf("%s reports %v on %s, the table has %q", c.Method, accuracy, set, cell)
			}
		}
	}
	board := readBoard(t)
	for _, o := range claims.Ours {
		r := row(o.Method)
		ran := false
		for i, set := range sets {
			at := slices.IndexFunc(board.Standings, func(s experiment.Standing) bool {
				return s.Setting == o.Setting && s.Mechanism == o.Mechanism && s.Dataset == set
			})
			if at < 0 {
				continue
			}
			ran = true
			if want := fmt.Sprintf("%.2f ± ", 100*board.Standings[at].Accuracy); len(r) != 5 || !strings.HasPrefix(r[i+1], want) {
				t.Errorf("on %s %s came to %s, the table has %q", set, o.Method, want, r)
			}
		}
		if ran {
			found++
		} else if r != nil {
			t.Errorf("%s was not run, and the table has %q", o.Method, r)
		}
	}
	if len(rows) != found || found < 10 {
		t.Errorf("the table has %d rows, of which %d are known", len(rows), found)
	}
}

func readBoard(t *testing.T) (b experiment.Board) {
	t.Helper()
	text, err := os.ReadFile("../../build/leaderboard.json")
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The dictionary and a digit's vector are those that the stage makes outside of a browser: the same atoms, each byte within one.
func TestTutorialOnFeaturesComputes(t *testing.T) {
	long(t)
	t.Parallel()
	ctx := context.Background()
	digits := data.Digits(1, 100, data.BuiltInSeed)
	recipe, err := features.Recipe(&digits.Manifest, false)
	if err != nil {
		t.Fatal(err)
	}
	native := features.NewNative()
	defer native.Close()
	m, err := features.Build(ctx, recipe, native.Pool, extract.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	module, err := m.Compile(extract.Options{})
	if err != nil {
		t.Fatal(err)
	}

	p := open(t, serve(t).page("learn-features.html"), 1280)
	p.clickButton("Make the dictionary")
	for range 4 { // ten seconds on an idle machine
		if p.within(patience, `document.querySelector("learn-atoms [role=status]").innerText.startsWith("Done")`) {
			break
		}
	}
	if words := eval[string](p, `document.querySelector("learn-atoms").innerText`); !strings.Contains(words, recipe.Fingerprint()[:12]) || !strings.Contains(words, fmt.Sprint(recipe.Atoms)) {
		t.Errorf("the dictionary is told as %q", words)
	}
	portraits, n := recipe.Portraits(m.Dictionary), recipe.Side*recipe.Side
	var first []float32
	for j := range recipe.Atoms {
		if a := portraits[j*n : (j+1)*n]; first == nil || recipe.Roughness(a) < recipe.Roughness(first) {
			first = a
		}
	}
	most := 0.0
	for _, v := range first {
		most = max(most, math.Abs(float64(v)))
	}
	shown := eval[[]float64](p, `(() => {
		const { data } = [...document.querySelectorAll("learn-atoms canvas")].at(-1).getContext("2d").getImageData(0, 0, 24, 24);
		return Array.from({ length: 36 }, (_, i) => data[4 * (24 * 4 * Math.floor(i / 6) + 4 * (i % 6))]);
	})()`)
	for i, v := range first {
		if want := 128 + 127*float64(v)/most; math.Abs(shown[i]-want) > 1.01 {
			t.Errorf("the smoothest atom is shown as %v, want %v at %d", shown[i], want, i)
		}
	}

	const seen = `document.querySelector("learn-digit").vector !== undefined`
	p.clickButton("Show the digits")
	p.wait("the digits", `document.querySelectorAll("learn-digit .digits button").length === 10`)
	var last []byte
	for _, label := range []int{7, 3} {
		at := slices.Index(digits.Test.Labels, byte(label))
		record := digits.Test.Values[at*784 : (at+1)*784]
		p.clickOn(fmt.Sprintf(`document.querySelector("learn-digit .digits [aria-label='Take the %d']")`, label))
		p.within(patience, seen)
		p.wait("the vector", seen)
		got := eval[[]int](p, `[...document.querySelector("learn-digit").vector]`)
		want, err := native.Features(ctx, module, record)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, func(a int, b byte) bool { return a-int(b) <= 1 && int(b)-a <= 1 }) {
			t.Errorf("the vector of the %d is not the stage's", label)
		}
		apart := 0.0
		for i, b := range want {
			if last != nil {
				d := recipe.Value(b) - recipe.Value(last[i])
				apart += d * d
			}
		}
		apart = math.Sqrt(apart)
		if last == nil {
			if early := p.answered("1"); !strings.HasPrefix(early, "Take two") {
				t.Errorf("of one digit the answer is %q", early)
			}
		} else if shown := number(t, eval[string](p, `[...document.querySelectorAll("learn-digit .tiles dd")][2].innerText`)); math.Abs(shown-apart) > .011 || p.answered(fmt.Sprint(shown)) != "Right." || !strings.HasPrefix(p.answered("0.1"), "Not") {
			t.Errorf("the vectors are %.3f apart, shown as %v", apart, shown)
		}
		last = want
	}

	// Another atom, by the slider and by the sheet.
	said := func() string { return eval[string](p, `document.querySelector("learn-digit output").innerText`) }
	eval[any](p, `(() => { const s = document.querySelector("learn-digit input"); s.value = 20; s.dispatchEvent(new Event("input")); })()`)
	if now := said(); now != "20 of 256" {
		t.Errorf("by the slider it is atom %q", now)
	}
	eval[any](p, `(() => {
		const canvas = document.querySelector("learn-digit .atoms canvas"), box = canvas.getBoundingClientRect();
		canvas.dispatchEvent(new MouseEvent("click", { clientX: box.left + 1.5 * box.width / 16, clientY: box.top + 2.5 * box.height / 16 }));
	})()`)
	if now := said(); now != "34 of 256" {
		t.Errorf("the second of the third row is atom %q", now)
	}
	// A drawing is looked at as well.
	eval[any](p, `(document.querySelector("learn-digit").vector = undefined, null)`)
	eval[any](p, `(() => {
		const pad = document.querySelector("learn-digit .pad"), box = pad.getBoundingClientRect();
		const send = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
		pad.setPointerCapture = () => {};
		send("pointerdown", .5, .2); send("pointermove", .5, .5); send("pointermove", .5, .8); send("pointerup", .5, .8);
	})()`)
	p.wait("the drawing's vector", seen)
	if words := eval[string](p, `document.querySelector("learn-digit .looked .tiles").innerText`); !strings.Contains(words, "1.00") {
		t.Errorf("of the drawing it says %q", words)
	}

	if folder := os.Getenv("PICTURES"); folder != "" {
		for _, width := range []int64{1280, 360} {
			for _, colours := range []string{"light", "dark"} {
				p.run(chromedp.EmulateViewport(width, 900), theme(colours))
				var png []byte
				p.run(chromedp.FullScreenshot(&png, 100))
				if err := os.WriteFile(fmt.Sprintf("%s/features-%d-%s.png", folder, width, colours), png, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, f := range p.violations() {
		t.Error(f)
	}
	p.fits("learn-features.html")
	p.run(chromedp.EmulateViewport(1280, 900))
	p.seenInForcedColours("learn-features.html")
	p.prints("learn-features.html")
	p.clean()
}
