package pagetest

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"cloister/data/image/imagetest"
	files "cloister/data/intake/hostile"
)

// told are the words of the panel, those folded away too.
func (p *tab) told() string {
	return eval[string](p, `document.getElementById("own").textContent`)
}

// isTold waits for words of the panel.
func (p *tab) isTold(words string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("the words %q", words), `document.getElementById("own").textContent.includes(`+quote(words)+`)`)
}

// lists checks that the panel has each file with words of what is told of it, in one line.
func (p *tab) lists(told map[string]string) {
	p.t.Helper()
	lines := eval[[]string](p, `[...document.querySelectorAll("#own .left-out li")].map((li) => li.textContent)`)
	for file, words := range told {
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, file+" ") && strings.Contains(line, words)
		}
		if !found {
			p.t.Errorf("no line has %s that says %q: %q", file, words, lines)
		}
	}
	if len(lines) != len(told) {
		p.t.Errorf("%d lines, want %d: %q", len(lines), len(told), lines)
	}
}

// halves is a picture, dark on its left and light on its right, of blocks that a JPEG keeps as they are.
func halves() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			v := uint8(40 + 180*(x/16))
			m.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	return m
}

// Pictures of every kind come as a ZIP that is hostile itself. Each that cannot be read is listed with the reason, a class that lost its only
// picture too, classes stay as unequal as they are, and the rest is trained on. A photograph on its side is answered as the same one upright.
func TestOwnHostilePictures(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	dir := t.TempDir()
	upright := halves()
	readable, more := 2, []files.File{{Name: "bird/1.png", Content: []byte("GIF"), Left: "not a PNG"}}
	for _, f := range files.Pictures(t) {
		f.Name = "dog/" + f.Name
		if more = append(more, f); f.Left == "" {
			readable++
		}
	}
	for i := range 40 {
		more = append(more, files.File{Name: fmt.Sprintf("%s/%d.jpg", []string{"cat", "dog", "dog", "dog"}[i%4], 10+i), Content: imagetest.Encoded(t, upright, "jpeg")})
		readable++
	}
	content, left := files.ZIP(t, more...)
	p.drop(writeFile(t, filepath.Join(dir, "pets.zip"), content))
	p.wait("the samples", `document.querySelectorAll(".own-samples canvas").length > 10`)
	p.choose("own-width", "8")
	p.choose("own-height", "8")
	p.wait("smaller samples", `document.querySelector(".own-samples canvas").width === 8`)
	p.read()
	left["bird"] = "a class without a record"
	p.lists(left)
	if words := p.text("own-words"); !strings.Contains(words, fmt.Sprintf("%d records were read", readable)) {
		t.Errorf("of %d pictures that can be read: %q", readable, words)
	}
	want := fmt.Sprintf("[[bird 0] [cat 11] [dog %d]]", readable-11)
	if got := fmt.Sprint(eval[[][]string](p, `[...document.querySelectorAll("#own .counts li")].map((li) => [li.querySelector(".name").textContent, li.querySelector(".share").textContent])`)); got != want {
		t.Errorf("records per class are %s, want %s", got, want)
	}
	p.trainOnOwn()
	answers := map[string]string{}
	for name, file := range map[string][]byte{
		"upright.jpg": imagetest.Encoded(t, upright, "jpeg"),
		"held.jpg":    imagetest.WithEXIF(imagetest.Encoded(t, imagetest.Stored(upright, 6), "jpeg"), 6, binary.BigEndian),
		"held.png":    imagetest.WithEXIF(imagetest.Encoded(t, imagetest.Stored(upright, 8), "png"), 8, binary.LittleEndian),
		"lying.png":   imagetest.Encoded(t, imagetest.Stored(upright, 6), "png"), // which says nothing
	} {
		p.upload("own-try-file", writeFile(t, filepath.Join(dir, name), file))
		p.wait("the answer to "+name, `document.getElementById("try").innerText.includes(`+quote(name)+`) && document.getElementById("try").innerText.includes("Taken for")`)
		answers[name] = strings.ReplaceAll(p.text("try"), name, "")
	}
	if answers["held.jpg"] != answers["upright.jpg"] || answers["held.png"] != answers["upright.jpg"] || answers["lying.png"] == answers["upright.jpg"] {
		t.Errorf("a picture that is held otherwise has another answer: %q", answers)
	}
	for _, f := range files.Pictures(t) {
		if f.Left != "" {
			p.upload("own-try-file", writeFile(t, filepath.Join(dir, f.Name), f.Content))
			p.wait("the refusal of "+f.Name, `document.getElementById("try").innerText.includes(`+quote(f.Name+": ")+`) && document.getElementById("try").innerText.includes(`+quote(f.Left)+`)`)
		}
	}
	// What cannot be read at all says so and takes nothing from the run.
	p.drop(writeFile(t, filepath.Join(dir, "cut.zip"), content[:len(content)-9]))
	p.isTold("cut.zip")
	p.drop(writeFile(t, filepath.Join(dir, "one", "cat", "1.png"), imagetest.Encoded(t, upright, "png")))
	p.isTold("No classes")
	if got := eval[string](p, state); got != "done" {
		t.Errorf("after bad imports the page is %s", got)
	}
	p.clean()
}

// Recordings of every rate, cut off, with flipped bits and huge tags: what cannot be read is listed, what is damaged too, and is read.
func TestOwnHostileRecordings(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page(""), 1280)
	p.wait("the page", `document.getElementById("own-open") && document.readyState === "complete"`) // files need not wait for data
	const corpus = "../../data/audio/testdata"
	folder, told, readable := filepath.Join(t.TempDir(), "words"), map[string]string{}, 1
	writeFile(t, filepath.Join(folder, "no", "1.mp3"), files.Recording(t, corpus, "mono-16000"))
	for _, f := range files.Recordings(t, corpus) {
		writeFile(t, filepath.Join(folder, "yes", f.Name), f.Content)
		if f.Left+f.Damaged != "" {
			told["words/yes/"+f.Name] = f.Left + f.Damaged
		}
		if f.Left == "" {
			readable++
		}
	}
	p.drop(folder)
	p.wait("what would be read", canRead)
	p.choose("own-held-out", "0")
	p.wait("what would be read", canRead)
	p.read()
	p.lists(told)
	if words := p.text("own-words"); !strings.Contains(words, fmt.Sprintf("%d records were read", readable)) {
		t.Errorf("of %d recordings that can be read: %q", readable, words)
	}
	p.clean()
}

// Tables that are hostile, one after the other in one visit. CLOISTER_LONG=1 runs it.
func TestOwnHostileTables(t *testing.T) {
	long(t)
	s := serve(t)
	p := open(t, s.page(""), 1280)
	p.wait("the page", `document.getElementById("own-open") && document.readyState === "complete"`) // files need not wait for data
	dir := t.TempDir()
	drop := func(name, text string) {
		t.Helper()
		p.drop(writeFile(t, filepath.Join(dir, name), []byte(text)))
	}
	// states what there is to state of columns x and y, which are the first and the last of two or three.
	stated := func(name string) {
		t.Helper()
		p.wait("the columns of "+name, `document.getElementById("own-label") && document.getElementById("own-name").value === `+quote(strings.TrimSuffix(name, ".csv")))
		p.choose("own-label", "y")
		p.wait("the other columns", `document.getElementById("own-column-0-low")`)
		p.choose("own-column-0-low", "0")
		p.choose("own-column-0-high", "9")
	}
	rows := strings.Repeat("1,2020-01-02,a\n2,2021-03-04,b\n", 10_000) // more than a record may have
	drop("bad.csv", "x,when,y\n1,2020-01-02,a\n2,2020-01-02\n3,2020-01-02,a,b\nNaN,2020-01-02,a\nInf,2020-01-02,b\n1e999,2020-01-02,b\n"+rows+"1,2020-01-02,\"a\n"+rows)
	stated("bad.csv")
	p.read()
	if use := eval[string](p, `document.getElementById("own-column-1").value`); use != "out" || !strings.Contains(p.told(), "when dates") {
		t.Errorf("a column of dates is proposed to be used as %q", use)
	}
	for _, words := range []string{"5 left out, and why", "line 3: 2 fields, want 3", "line 4: 4 fields, want 3", `line 6: column "x": "Inf" is not a number`, `line 7: column "x": "1e999" is not a number`, "line 20008: a quote", "40,002 records were read"} {
		p.isTold(words)
	}

	drop("swiss.csv", "x,y\n1,Z\xfcrich\n2,Bern\n3,Z\xfcrich\n")
	stated("swiss.csv")
	p.isTold("taken for Windows-1252")
	p.isTold("2 classes: Bern, Zürich")
	p.choose("own-encoding", "utf-16le") // what is chosen instead is done: it has one line, and nothing is said of the rows that there were
	p.isTold("swiss.csv: no rows")
	if words := p.text("own-words"); words != "" || eval[bool](p, canRead) {
		t.Errorf("with an encoding by which it has no rows it can be read, and the page says %q", words)
	}
	p.choose("own-encoding", "windows-1252")
	p.isTold("3 rows. Say which column is the label")

	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeffx,y\r\n1,Zürich\r\n2,Bern\r\n")) { // whose lines end as on Windows
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	drop("two.csv", string(wide))
	stated("two.csv")
	p.isTold("2 classes: Bern, Zürich.")
	p.choose("own-held-out", "0")
	p.read()
	p.isTold("2 records were read")

	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "1,%d\n", i)
	}
	for _, c := range []struct{ name, text, words string }{
		{"one.csv", "x,y\n1,a\n2,a\n", "one.csv: one class only"},
		{"many.csv", "x,y\n" + many.String(), `column "y" has more than 256 different labels`},
	} {
		drop(c.name, c.text)
		stated(c.name)
		p.isTold(c.words)
	}
	for _, c := range []struct{ name, text, words string }{
		{"empty.csv", "", "empty.csv: empty"},
		{"zeros.csv", string(make([]byte, 5000)), "zeros.csv: not a text"},
		{"bare.csv", "x,y\n", "bare.csv: no rows"},
	} {
		drop(c.name, c.text)
		p.isTold(c.words)
	}
	drop("twice.csv", "x,x\n1,a\n") // names are proposed where they are names
	p.isTold("2 rows. Say which column is the label")
	p.tap(`document.getElementById("own-header")`)
	p.isTold(`twice.csv: two columns are called "x"`)
	if words := p.told(); strings.Contains(words, "NaN") {
		t.Errorf("the panel shows NaN: %s", words)
	}
	p.clean()
}

// What others reached says what it is from, and where nothing was measured. CLOISTER_LONG=1 runs it.
func TestForecastSaysItsSource(t *testing.T) {
	long(t)
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=10"), 1280)
	p.wait("the data", dataReady)
	p.wait("what others reached", `/Others reached\s*\d+–\d+ %/.test(document.getElementById("receipt").innerText)`)
	p.clickOn(`document.querySelector("#receipt button.help")`)
	if words := p.text("expected-words"); !strings.Contains(words, "Measured on public data") || !strings.Contains(words, "1,000: ") {
		t.Errorf("what others reached is from %q", words)
	}
	p.choose("setting-model", "small-mlp")
	p.wait("that nothing was measured", `/Others reached\s*not measured/.test(document.getElementById("receipt").innerText)`)
	p.clean()
}
