package pagetest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// saveChart presses PNG or SVG beneath the first chart shown in an element, and returns the file.
func (p *tab) saveChart(in, kind string) []byte {
	p.t.Helper()
	button := fmt.Sprintf(`[...document.querySelectorAll("#%s .saves button")].find((b) => b.offsetParent && b.innerText === %s)`, in, quote(kind))
	return read(p.t, p.downloaded("*."+strings.ToLower(kind), func() { p.clickOn(button) }, func() string { return p.text(in) }))
}

// svgTexts are the words of an SVG, and its paths; whatever is no XML fails the test.
func svgParts(t *testing.T, file []byte) (words, paths []string) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(file))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return words, paths
		}
		if err != nil {
			t.Fatalf("%v in %s", err, file)
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Local == "d" {
					paths = append(paths, a.Value)
				}
			}
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				words = append(words, text)
			}
		}
	}
}

// A chart is saved as it is seen: as an SVG whose curve goes through the run's figures, and as a PNG that has the curve's
// colour; so is the accountant's.
func TestSavesCharts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.train(t, "data=digits&model=logistic&epochs=3")
	p.run(theme("light"))
	p.wait("the end", state+` === "done"`)
	words, paths := svgParts(t, p.saveChart("learning", "SVG"))
	for _, want := range []string{"Test accuracy", "Epoch", "100 %"} {
		if !slices.Contains(words, want) {
			t.Errorf("the SVG lacks %q: %q", want, words)
		}
	}
	curve := ""
	for _, path := range paths {
		if strings.Count(path, "L") == 3 {
			curve = path
		}
	}
	_, last, _ := strings.Cut(curve[strings.LastIndex(curve, "L")+1:], " ")
	y, err := strconv.ParseFloat(last, 64)
	if err != nil {
		t.Fatalf("no curve of four points in %q", paths)
	}
	height := 0.0 // of the plot: a line of the grid
	for _, path := range paths {
		if _, down, ok := strings.Cut(path, " 0V"); ok {
			height, _ = strconv.ParseFloat(down, 64)
		}
	}
	accuracy := number(t, strings.TrimSuffix(p.text("tile-accuracy"), " %"))
	if drawn := 100 * (1 - y/height); drawn < accuracy-0.1 || drawn > accuracy+0.1 {
		t.Errorf("the curve ends at %.2f %%, the accuracy is %.2f %%", drawn, accuracy)
	}

	picture, err := png.Decode(bytes.NewReader(p.saveChart("learning", "PNG")))
	if err != nil {
		t.Fatal(err)
	}
	if n := count(picture, 0x12, 0x69, 0x5a); n < 500 { // --accent by day
		t.Errorf("%d pixels of the PNG, %v, have the curve's colour", n, picture.Bounds())
	}
	p.save() // nothing is lost by leaving
	p.clean()

	p.run(chromedp.Navigate(s.page("accountant.html")))
	p.wait("the attacker", traced)
	if words, _ := svgParts(t, p.saveChart("tradeoff", "SVG")); !slices.Contains(words, "The best attacker") || !slices.Contains(words, "A coin toss") {
		t.Errorf("the accountant's SVG says %q", words)
	}
}

func count(picture image.Image, r, g, b uint32) (n int) {
	box := picture.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if pr, pg, pb, _ := picture.At(x, y).RGBA(); pr>>8 == r && pg>>8 == g && pb>>8 == b {
				n++
			}
		}
	}
	return n
}

// Whatever a plan changes over the run is drawn beside the setting that decides it, with words for those who do not see it.
func TestDrawsCourses(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=8&rate=0.5&schedule=cosine&clip=1&open=mechanism.advanced&mechanism=fixed%2Bsigma-linear%2Bclip-step"), 1280)
	p.wait("the data", dataReady)
	shown := func(of, words string) {
		t.Helper()
		p.wait(words, fmt.Sprintf(`(() => { const line = document.querySelector(".setting:has(#%s) .course"); return line?.offsetParent && line.innerText.includes(%s) && line.querySelector("path").getAttribute("d").length > 50; })()`, of, quote(words)))
	}
	shown("mechanism-part-1", "Noise multiplier: ")
	shown("mechanism-part-2", "Clip norm: 1 to 0.614") // 0.85^3
	shown("setting-schedule", "Learning rate: 0.5 to 0.019")
	p.choose("mechanism-part-1", "")
	p.choose("mechanism-part-2", "")
	p.choose("mechanism-part-0", "noise-decay") // it brings both
	shown("mechanism-part-0", "Clip norm: 1 to 0.614")
	p.set("schedule", "constant")
	p.wait("no course of the rate", `!document.querySelector(".setting:has(#setting-schedule) .course")`)
	p.choose("mechanism-part-0", "per-layer")
	if words := eval[string](p, `document.getElementById("mechanism-part-0-allocation").innerText`); !strings.Contains(words, "in proportion") {
		t.Errorf("how layers share the noise is chosen by %q", words)
	}
	p.clean()
}
