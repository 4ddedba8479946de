package pagetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/certificate"
	"cloister/data"
	"cloister/nn"
	"cloister/nn/export"
	"cloister/nn/export/exporttest"
)

// A person's own encoder: a network in a file, of which onnxruntime-web makes vectors in the tab. Nothing of that is fetched before it is
// asked for, what is no encoder is refused by its name, the vectors are what a forward pass in plain Go gives, and whoever got hold of a worker
// that runs it would get nothing out.
func TestBringsAnEncoder(t *testing.T) {
	long(t)
	t.Parallel()
	s, o := serve(t), newOutside(t)
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/encoder.") {
			body = append(body, "\n"+s.attempts(o, "encoder")...)
		}
		return body
	}
	s.pack(t, "small", "-digits", "120", "-test-digits", "40")
	folder := t.TempDir()
	net := exporttest.Model(t, "cifar-cnn", nn.Shape{C: 3, H: 32, W: 32}, true)
	good := onnxFile(t, folder, "good net.onnx", net)
	whole := read(t, good)
	cut := filepath.Join(folder, "cut.onnx")
	write(t, cut, whole[:len(whole)/2])
	bytesOf := *net
	bytesOf.Input.Float = false
	infinite := *net
	infinite.Input.Scale = []float32{3e38, 3e38, 3e38}

	p := open(t, s.page("#data=small"), 1280)
	p.wait("the data", dataReady)
	p.click("features-open")
	p.clickOn(`document.querySelector("#encoder summary")`)
	p.clickButton("Compute with it")
	p.wait("the wish for a file", fault("Choose the encoder's ONNX file"))
	p.upload("encoder-file", good)
	p.clickButton("Compute with it")
	p.wait("the wish for words", fault("good net.onnx was trained on"))
	p.run(chromedp.SendKeys("#encoder-trained-on", "random numbers", chromedp.ByQuery))
	p.clickButton("Compute with it")
	p.wait("the wish for a declaration", fault("none of these records"))
	_, paths := s.requests(0)
	if asked := strings.Join(paths, " "); strings.Contains(asked, "onnxruntime") || strings.Contains(asked, "encoder.") {
		t.Errorf("the runtime was fetched before anybody asked for it: %s", asked)
	}
	p.click("encoder-declared")

	for file, words := range map[string]string{
		cut: "no whole ONNX file",
		onnxFile(t, folder, "bytes.onnx", &bytesOf):                                                     "of type uint8",
		onnxFile(t, folder, "infinite.onnx", &infinite):                                                 "of its vector is",
		onnxFile(t, folder, "wide.onnx", exporttest.Model(t, "tiny", nn.Shape{C: 8, H: 6, W: 6}, true)): "8 channels",
	} {
		p.upload("encoder-file", file)
		p.clickButton("Compute with it")
		p.wait("the refusal of "+file, fault(filepath.Base(file))+" && "+fault(words))
	}

	p.upload("encoder-file", good)
	p.clickButton("Compute with it")
	p.wait("the vectors", `location.hash.includes("data=small%2Bfeatures%2Bencoder-") && document.getElementById("features-words").innerText.startsWith("Ready") && `+dataReady)
	compareVectors(t, p, net)
	if _, paths := s.requests(0); !slices.Contains(paths, "ran/encoder") || len(o.list()) > 0 {
		t.Errorf("the worker tried to get out in %v, and reached %v", paths, o.list())
	}
	p.clickButton("Close")

	for where, words := range map[string]string{"receipt": "Outside the guarantee", "sentences": "Nothing is promised of what made", "provenance": "outside every guarantee"} {
		p.wait(words, fmt.Sprintf(`document.getElementById(%q).textContent.includes(%q) && document.getElementById(%[1]q).textContent.includes("good net.onnx (SHA-256 ")`, where, words))
	}
	p.choose("setting-model", "logistic")
	p.set("epochs", "2")
	p.click("train")
	p.wait("the end", state+` === "done"`)
	p.wait("what to keep", `!document.getElementById("keep-panel").hidden`)
	v := certificate.Verify(read(t, p.kept("Certificate", "*.json")))
	if !v.Valid || !strings.Contains(v.Certificate.DPVariant.UnprotectedQuantities, "good net.onnx") || !strings.Contains(v.Certificate.DPVariant.UnprotectedQuantities, "random numbers") || !strings.Contains(v.Certificate.Statement, "the encoder that it stands on") {
		t.Errorf("its certificate: %+v", v)
	}
	if results := read(t, p.kept("Results (CSV)", "*.csv")); !bytes.Contains(results, []byte("good net.onnx")) {
		t.Errorf("its results are %s", results)
	}
	p.choose("data", "small")
	p.clickButton("Open")
	p.wait("the records", `location.hash.includes("data=small&") && `+dataReady)
	p.wait("the run, which is kept", `document.getElementById("kept").innerText.includes("good net.onnx")`)

	p.click("features-open") // what was made is there, and the runtime is not asked
	p.clickButton("Compute with it")
	p.wait("the kept vectors", `location.hash.includes("%2Bencoder-") && document.getElementById("features-words").innerText.startsWith("Ready, and kept") && `+dataReady)
	for _, problem := range p.Problems() { // attempts, which the policy stopped, may show
		if !strings.Contains(problem, "Content Security Policy") {
			t.Errorf("the console shows an error: %s", problem)
		}
	}
}

// fault is what the panel says cannot be.
func fault(words string) string {
	return fmt.Sprintf(`!document.querySelector("#features .problem").hidden && document.querySelector("#features .problem").innerText.includes(%q)`, words)
}

func onnxFile(t *testing.T, folder, name string, m *export.Model) string {
	t.Helper()
	file, err := m.ONNX("test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, name)
	write(t, path, file)
	return path
}

// compareVectors holds what this device keeps of a set against forward passes in plain Go, on records that are resized here by another way: as a
// sum over all pixels, each with the weight of a tent.
func compareVectors(t *testing.T, p *tab, net *export.Model) {
	t.Helper()
	files := eval[map[string][]byte](p, `(async () => {
		const files = {};
		const all = await (await navigator.storage.getDirectory()).getDirectoryHandle("features");
		for await (const set of all.values()) for await (const file of set.values()) {
			const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
			files[file.name] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
		}
		return files;
	})()`)
	fetch := func(_ context.Context, name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[name])), nil
	}
	m, err := data.OpenManifest(context.Background(), fetch)
	if err != nil {
		t.Fatal(err)
	}
	predictor, err := export.NewPredictor(net)
	if err != nil {
		t.Fatal(err)
	}
	digits := data.Digits(120, 40, data.BuiltInSeed)
	seen := map[string]int{}
	for i, shard := range m.Shards {
		got, err := m.FetchShard(context.Background(), fetch, i)
		if err != nil {
			t.Fatal(err)
		}
		from := digits.Train
		if shard.Split == data.TestSplit {
			from = digits.Test
		}
		for k := range got.Labels {
			at := seen[shard.Split]
			seen[shard.Split]++
			vector, err := predictor.Logits(colours(from.Values[784*at : 784*(at+1)]))
			if err != nil {
				t.Fatal(err)
			}
			if got.Labels[k] != from.Labels[at] {
				t.Fatalf("record %d of %s has another's label", at, shard.Split)
			}
			compareVector(t, vector, got.Values[k*m.RecordBytes():(k+1)*m.RecordBytes()])
		}
	}
	if seen[data.TrainSplit] != 120 || seen[data.TestSplit] != 40 {
		t.Errorf("vectors of %v records", seen)
	}
}

// compareVector allows a byte to be its neighbour, for float32 sums in another order.
func compareVector(t *testing.T, vector []float32, bytes []byte) {
	t.Helper()
	square := 0.0
	for _, v := range vector {
		square += float64(v) * float64(v)
	}
	step := 6 / (127 * math.Sqrt(float64(len(vector))))
	for j, v := range vector {
		if want := 128 + float64(v)/math.Sqrt(square)/step; math.Abs(float64(bytes[j])-want) > 0.51 {
			t.Fatalf("value %d is the byte %d, want %.3f", j, bytes[j], want)
		}
	}
}

// colours is a digit on 32 x 32 pixels in three colours, as ImageNet's networks take it: little-endian float32.
func colours(digit []byte) []byte {
	const from, to = 28, 32
	tent := func(i, j int) float64 {
		at := min(max((float64(j)+.5)*from/to-.5, 0), from-1)
		return max(0, 1-math.Abs(at-float64(i)))
	}
	mean, std := [3]float64{.485, .456, .406}, [3]float64{.229, .224, .225}
	var out []byte
	for c := range 3 {
		for y := range to {
			for x := range to {
				sum := 0.0
				for i := range from {
					for j := range from {
						if w := tent(i, y) * tent(j, x); w > 0 {
							sum += w * float64(digit[i*from+j])
						}
					}
				}
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32((sum/255-mean[c])/std[c])))
			}
		}
	}
	return out
}
