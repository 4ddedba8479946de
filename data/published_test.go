//go:build !js

package data

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// published is a folder of a published dataset, in ../shared/datasets beside the repository.
func published(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "datasets", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: dataset %s is not in ../shared/datasets, so that its import is not tested", name)
	}
	return dir
}

func openFile(t *testing.T, dir, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestPublishedIDX: what is known of the two datasets independently. Class counts of MNIST: LeCun et al. 1998 as
// commonly tabulated; of Fashion-MNIST: 6,000 each (Xiao et al. 2017). Mean and standard deviation: those that the
// benchmarks state, to their four digits.
func TestPublishedIDX(t *testing.T) {
	for name, counts := range map[string][]int{
		"mnist":         {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
		"fashion-mnist": {6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000},
	} {
		t.Run(name, func(t *testing.T) {
			dir := published(t, name)
			known, ok := Known(name)
			if !ok {
				t.Fatal("not known")
			}
			train, height, width, err := ImportIDX(openFile(t, dir, "train-images-idx3-ubyte.gz"), openFile(t, dir, "train-labels-idx1-ubyte.gz"))
			if err != nil {
				t.Fatal(err)
			}
			if height != known.Height || width != known.Width {
				t.Errorf("%dx%d, want 28x28", height, width)
			}
			if got := classCounts(train, 10); !slices.Equal(got, counts) {
				t.Errorf("class counts %v, want %v", got, counts)
			}
			mean, std := moments(train.Values, 1, 784)
			if math.Abs(mean[0]-float64(known.Mean[0])) > 1e-4 || math.Abs(std[0]-float64(known.Std[0])) > 1e-4 {
				t.Errorf("mean %.5f, standard deviation %.5f; stated %v, %v", mean[0], std[0], known.Mean, known.Std)
			}
			test, _, _, err := ImportIDX(openFile(t, dir, "t10k-images-idx3-ubyte.gz"), openFile(t, dir, "t10k-labels-idx1-ubyte.gz"))
			if err != nil || test.Len() != 10000 {
				t.Errorf("%d test records (%v), want 10000", test.Len(), err)
			}
		})
	}
}

// TestPublishedCIFAR10: 5,000 training records a class (Krizhevsky 2009) and the channel means that are in common use.
// The standard deviations in common use (.2023, .1994, .2010) are means of each image's own, so that is what is compared.
func TestPublishedCIFAR10(t *testing.T) {
	dir := published(t, "cifar-10")
	var batches []io.Reader
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"} {
		batches = append(batches, openFile(t, dir, name+".bin.gz"))
	}
	train, err := ImportCIFAR10(batches...)
	if err != nil {
		t.Fatal(err)
	}
	if got := classCounts(train, 10); slices.Min(got) != 5000 || slices.Max(got) != 5000 {
		t.Errorf("class counts %v, want 5000 each", got)
	}
	known, _ := Known("cifar-10")
	test, err := ImportCIFAR10(openFile(t, dir, "test_batch.bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if !publicIn(&known, train, test) {
		t.Error("CIFAR-10 is not known to be public")
	}
	test.Labels[9999] ^= 1
	if publicIn(&known, train, test) {
		t.Error("CIFAR-10 with a label of one's own is public")
	}
	mean, _ := moments(train.Values, 3, 1024)
	within := make([]float64, 3)
	for i := range train.Len() {
		_, std := moments(train.Values[i*cifarPixels:(i+1)*cifarPixels], 3, 1024)
		for c := range within {
			within[c] += std[c] / float64(train.Len())
		}
	}
	for c := range mean {
		if math.Abs(mean[c]-float64(known.Mean[c])) > 1e-4 || math.Abs(within[c]-float64(known.Std[c])) > 2e-4 {
			t.Errorf("channel %d: mean %.5f, standard deviation within images %.5f; stated %v, %v", c, mean[c], within[c], known.Mean[c], known.Std[c])
		}
	}
}

func classCounts(s Split, classes int) []int {
	counts := make([]int, classes)
	for _, label := range s.Labels {
		counts[label]++
	}
	return counts
}

// A published dataset's records are public whatever its manifest says, and nobody else's are, whatever theirs says: the
// words of MNIST around private pictures, or around MNIST with one pixel changed.
func TestPublicityGoesByTheRecords(t *testing.T) {
	dir := published(t, "mnist")
	read := func(images, labels string) Split {
		s, _, _, err := ImportIDX(openFile(t, dir, images), openFile(t, dir, labels))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	train := read("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
	test := read("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
	mnist, _ := Known("mnist")
	renamed := mnist
	renamed.Name, renamed.Provenance = "mine", "Drawn by my patients."
	if !publicIn(&mnist, train, test) || !publicIn(&renamed, train, test) {
		t.Error("MNIST is not known to be public")
	}
	fewer := mnist
	fewer.TestRecords = 9999
	if publicIn(&fewer, train, test.slice(0, 9999, 784)) || publicIn(&mnist, train, test.slice(0, 9999, 784)) {
		t.Error("a part of MNIST passes for all of it")
	}
	train.Values[12345678] ^= 1
	if publicIn(&mnist, train, test) {
		t.Error("records with the words of MNIST, but for one pixel its own, are public")
	}
}

func TestPublicityOfDigits(t *testing.T) {
	ds := Digits(300, 20, 5)
	if !publicIn(&ds.Manifest, ds.Train, ds.Test) {
		t.Error("the digits are not known to be public")
	}
	ds.Test.Values[777]++
	if publicIn(&ds.Manifest, ds.Train, ds.Test) {
		t.Error("records that say they are digits, and are not, are public")
	}
	own := Manifest{Type: Uint8, Channels: 1, Height: 28, Width: 28, TestPublic: true}
	if publicIn(&own, Split{}, Split{}) {
		t.Error("nothing at all is public")
	}
}

// publicIn tells whether records are public that arrive in pieces.
func publicIn(m *Manifest, train, test Split) bool {
	p := NewPublicity(m)
	for split, s := range map[string]Split{TrainSplit: train, TestSplit: test} {
		for first := 0; first < s.Len(); first += 7777 {
			p.Add(split, s.slice(first, min(first+7777, s.Len()), m.RecordBytes()))
		}
	}
	return p.Published()
}
