package pagetest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is pasted is taken as what is dropped.
func TestOwnPaste(t *testing.T) {
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	eval[any](p, `(() => {
		const clipboardData = new DataTransfer();
		clipboardData.items.add(new File([atob(`+quote(base64.StdEncoding.EncodeToString(people(400)))+`)], "pasted.csv"));
		document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
		return null;
	})()`)
	p.wait("its columns", `document.getElementById("own-label") && document.getElementById("own-name").value === "pasted"`)
	p.choose("own-label", "ill")
	p.read()
	p.trainOnOwn()
	p.choose("own-try-0", "Bern")
	p.asked("no", "yes")
	// A text that is pasted is nobody's file.
	p.wait("the panel to be gone", `document.getElementById("own").hidden`)
	eval[any](p, `(() => {
		const clipboardData = new DataTransfer();
		clipboardData.setData("text/plain", "hello");
		document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
		return null;
	})()`)
	if eval[bool](p, `!document.getElementById("own").hidden`) {
		t.Error("a text opens the panel")
	}
	p.clean()
}

// visits is a table of so many persons with a few rows each.
func visits(persons int) []byte {
	rng := rand.New(rand.NewPCG(7, 8))
	text := []byte("who,age,ill\n")
	for i := range persons {
		age := rng.IntN(80)
		for range 1 + rng.IntN(4) {
			text = fmt.Appendf(text, "p%d,%d,%s\n", i, age, []string{"no", "yes"}[min(1, (age+rng.IntN(20))/50)])
		}
	}
	return text
}

// A column says whose a row is: persons are counted, protected and told of; bounds that nobody knows are found by noised counts, which cost
// what was said, are charged before they are shown, and add up with the training.
func TestOwnPersonsAndBounds(t *testing.T) {
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	p.drop(writeFile(t, filepath.Join(t.TempDir(), "visits.csv"), visits(4000)))
	p.wait("its columns", `document.getElementById("own-label")`)
	p.choose("own-label", "ill")
	p.wait("the unit", `document.getElementById("own-unit")?.querySelector('option[value="who"]')`)
	p.choose("own-unit", "who")
	p.wait("the other column", `document.querySelectorAll(".own-columns li").length === 1 && document.getElementById("own-column-0-low")`)
	p.choose("own-collection", "Visits")
	p.choose("own-bounds-epsilon", "0.25")
	p.clickButton("Find")
	p.wait("the bounds", `document.querySelector(".own-columns").innerText.includes("found, noised")`)
	low, high := eval[string](p, `document.getElementById("own-column-0-low").value`), eval[string](p, `document.getElementById("own-column-0-high").value`)
	// Counts have noise of 27 persons; 80 of 4,000 are few: more than 5 standard deviations away from other thresholds.
	if l, h := number(t, low), number(t, high); l < 0 || l > 4 || h != 80 && h != 100 {
		t.Errorf("bounds of ages from 0 to 79 are %s and %s", low, high)
	}
	if !eval[bool](p, `document.getElementById("own-collection").readOnly`) {
		t.Error("the collection that paid for the bounds can be exchanged for another")
	}
	p.read()
	if words := p.text("own-words"); !strings.Contains(words, "of 4,000 persons") {
		t.Errorf("what was read is %q", words)
	}
	p.trainOnOwn()
	if words := p.text("sentences"); !strings.Contains(words, "any one person, with all their records") || !strings.Contains(words, "All runs on these records together") {
		t.Errorf("promised is %q", words)
	}
	spent, together := number(t, p.text("tile-epsilon")), eval[string](p, `document.getElementById("sentences").innerText.match(/All runs on these records together.*ε ≤ ([\d.]+)/)[1]`)
	if all := number(t, together); !(all > spent+0.005 && all <= spent+0.26) { // two Gaussians of 3 and 0.25 come to little more than 3
		t.Errorf("the run has spent %v, all together %v: what were the bounds?", spent, all)
	}
	p.openBudget()
	p.wait("both in the collection's history", drawer+`.includes("collection “Visits”") && `+drawer+`.includes("Bounds of age") && document.querySelectorAll("#budget-body tbody tr").length === 2`)
	p.choose("own-try-0", "70")
	p.asked("no", "yes")
	p.clean()
}

// Pictures in a ZIP that nothing says the classes of are given them by hand, folder by folder.
func TestOwnLabelsByHand(t *testing.T) {
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	dir := t.TempDir()
	var shots bytes.Buffer
	z := zip.NewWriter(&shots)
	for i := range 60 {
		m := image.NewGray(image.Rect(0, 0, 8, 8))
		for k := range m.Pix {
			m.Pix[k] = uint8(i%2*150 + 7*k%90)
		}
		var file bytes.Buffer
		png.Encode(&file, m)
		w, err := z.Create(fmt.Sprintf("%s half/%d.png", []string{"first", "second"}[i%2], i))
		if err == nil {
			_, err = w.Write(file.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			writeFile(t, filepath.Join(dir, "one.png"), file.Bytes())
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p.click("own-open")
	p.upload("own-files", writeFile(t, filepath.Join(dir, "shots.zip"), shots.Bytes()))
	p.wait("the form", `document.getElementById("own-labelling")`)
	p.choose("own-labelling", "hand")
	p.wait("the places", `document.querySelectorAll(".by-hand input").length === 2`)
	p.wait("what is missing", `/no classes/i.test(document.getElementById("own-words").innerText)`)
	p.choose("own-hand-0", "night")
	p.wait("that one class is not enough", `/one class/i.test(document.getElementById("own-words").innerText)`)
	p.choose("own-hand-1", "day")
	p.wait("the classes", `document.querySelector(".own-form").innerText.includes("2 classes: day, night")`)
	p.read()
	p.trainOnOwn()
	p.upload("own-try-file", filepath.Join(dir, "one.png"))
	p.asked("night", "day")
	p.clean()
}

// idx is a file of MNIST's format, of the given sizes.
func idx(sizes []int, values []byte) []byte {
	file := []byte{0, 0, 8, byte(len(sizes))}
	for _, n := range sizes {
		file = binary.BigEndian.AppendUint32(file, uint32(n))
	}
	return append(file, values...)
}

func gzipped(t *testing.T, content []byte) []byte {
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A set in a published format, here of somebody's own records: compressed IDX files, and CIFAR-10's binary batches after them on the same page.
func TestOwnPublishedFormats(t *testing.T) {
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	dir := t.TempDir()
	records := func(n, size int) (values, labels []byte) {
		for i := range n {
			labels = append(labels, byte(i%2))
			for k := range size {
				values = append(values, byte(i%2*120+(k*7+i*13)%100))
			}
		}
		return values, labels
	}
	folder := filepath.Join(dir, "mine")
	for name, n := range map[string]int{"train": 200, "t10k": 40} {
		values, labels := records(n, 64)
		writeFile(t, filepath.Join(folder, name+"-images-idx3-ubyte.gz"), gzipped(t, idx([]int{n, 8, 8}, values)))
		writeFile(t, filepath.Join(folder, name+"-labels-idx1-ubyte.gz"), gzipped(t, idx([]int{n}, labels)))
	}
	p.drop(folder)
	p.wait("what it is", `document.getElementById("own-words").innerText.includes("IDX")`)
	p.clickButton("Read them")
	p.wait("that classes are wanted", `document.querySelector("#own .problem").innerText.includes("name the classes")`)
	p.choose("own-classes", "dark, light")
	p.read()
	if words := p.text("own-words"); !strings.Contains(words, "200 to train on, 40 held out") {
		t.Errorf("what was read is %q", words)
	}
	p.trainOnOwn()
	var file bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	m.Set(1, 1, color.Gray{200})
	png.Encode(&file, m)
	p.upload("own-try-file", writeFile(t, filepath.Join(dir, "one.png"), file.Bytes()))
	p.asked("dark", "light")

	var batch []byte
	values, labels := records(100, 3072)
	for i, label := range labels {
		batch = append(append(batch, label), values[3072*i:3072*(i+1)]...)
	}
	p.drop(writeFile(t, filepath.Join(dir, "data_batch_1.bin"), batch), writeFile(t, filepath.Join(dir, "test_batch.bin"), batch[:20*3073]))
	p.wait("what it is", `document.getElementById("own-words").innerText.includes("CIFAR-10")`)
	p.choose("own-classes", "dark, light")
	p.read()
	p.trainOnOwn()
	p.upload("own-try-file", filepath.Join(dir, "one.png"))
	p.asked("dark", "light")
	// Labels that are cut off are told with the file's name.
	cut := filepath.Join(dir, "cut")
	images, _ := os.ReadFile(filepath.Join(folder, "train-images-idx3-ubyte.gz"))
	writeFile(t, filepath.Join(cut, "train-images-idx3-ubyte.gz"), images[:len(images)/2])
	writeFile(t, filepath.Join(cut, "train-labels-idx1-ubyte"), idx([]int{200}, labels[:100]))
	p.drop(cut)
	p.wait("what it is", `document.getElementById("own-words").innerText.includes("IDX")`)
	p.choose("own-classes", "dark, light")
	p.clickButton("Read them")
	p.wait("the refusal", `document.querySelector("#own .problem").innerText.includes("train-images-idx3-ubyte")`)
	p.clean()
}
