package pagetest

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/image/draw"
)

// screens are those that the training page is laid out for.
var screens = []struct{ Width, Height int64 }{{1280, 900}, {1920, 1080}, {820, 1180}, {360, 740}}

// proposed says that all is told that is known before a run.
const proposed = `document.getElementById("receipt").innerText.includes("≤") && !document.getElementById("receipt").innerText.includes("…")`

// Takes pictures of the training page before, during and after a run, on every screen, light and dark, into the folder
// that PICTURES names: for eyes, and for docs.
func TestPictures(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("SKIPPED: PICTURES names no folder")
	}
	settings := os.Getenv("PICTURES_OF")
	if settings == "" {
		settings = "data=digits&model=mnist-cnn-tanh&epochs=8"
	}
	p := open(t, serve(t).page("#"+settings), 1280)
	p.wait("the data", dataReady)
	p.wait("the proposal", proposed)
	p.picture(folder, "before")
	p.click("train")
	p.wait("half of it", state+` === "running" && document.getElementById("progress").value > 0.5`)
	p.click("train")
	p.wait("the pause", state+` === "paused"`)
	p.picture(folder, "during")
	p.click("train")
	p.wait("the end", state+` === "done"`)
	p.wait("the sentences", `document.getElementById("sentences").innerText.includes("advantage")`)
	p.clickOn(`document.querySelector("#samples button")`)
	p.wait("the bars", `document.getElementById("try").innerText.includes("Taken for")`)
	eval[any](p, "scrollTo(0, 0)")
	p.picture(folder, "after")
	p.clean()
	for _, colours := range []string{"light", "dark"} {
		if err := sheet(folder, colours); err != nil {
			t.Error(err)
		}
	}
}

// sheet puts the pictures of one colour side by side, small: a row for each time, a column for each screen.
func sheet(folder, colours string) error {
	const high, gap = 270, 12
	y := gap
	all := image.NewRGBA(image.Rect(0, 0, 4000, 3*(high+gap)+gap))
	draw.Draw(all, all.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	width := 0
	for _, when := range []string{"before", "during", "after"} {
		x := gap
		for _, screen := range screens {
			file, err := os.Open(filepath.Join(folder, fmt.Sprintf("%s-%dx%d-%s.png", when, screen.Width, screen.Height, colours)))
			if err != nil {
				return err
			}
			picture, err := png.Decode(file)
			file.Close()
			if err != nil {
				return err
			}
			wide := int(screen.Width * high / screen.Height)
			draw.CatmullRom.Scale(all, image.Rect(x, y, x+wide, y+high), picture, picture.Bounds(), draw.Src, nil)
			x += wide + gap
		}
		width, y = x, y+high+gap
	}
	file, err := os.Create(filepath.Join(folder, "screens-"+colours+".jpg"))
	if err != nil {
		return err
	}
	defer file.Close()
	return jpeg.Encode(file, all.SubImage(image.Rect(0, 0, width, y)), &jpeg.Options{Quality: 82})
}

func (p *tab) picture(folder, when string) {
	for _, screen := range screens {
		for _, colours := range []string{"light", "dark"} {
			p.run(chromedp.EmulateViewport(screen.Width, screen.Height), theme(colours))
			eval[any](p, "new Promise((go) => setTimeout(go, 300))")
			var png []byte
			p.run(chromedp.CaptureScreenshot(&png))
			name := fmt.Sprintf("%s-%dx%d-%s.png", when, screen.Width, screen.Height, colours)
			if err := os.WriteFile(filepath.Join(folder, name), png, 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	p.run(chromedp.EmulateViewport(1280, 900))
}
