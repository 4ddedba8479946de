package main

import (
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloister/data"
)

// sharedDataset is a folder of a published dataset, in ../shared/datasets beside the repository.
func sharedDataset(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "datasets", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: dataset %s is not in ../shared/datasets, so that packing it is not tested", name)
	}
	return dir
}

func openPacked(t *testing.T, dir string) *data.Dataset {
	t.Helper()
	ds, err := data.Open(t.Context(), data.FromDir(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// tiny is a folder of five 2x3 training images and two test images.
func tiny(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"train-images-idx3-ubyte": "\x00\x00\x08\x03\x00\x00\x00\x05\x00\x00\x00\x02\x00\x00\x00\x03" + strings.Repeat("abcdef", 5),
		"train-labels.idx1-ubyte": "\x00\x00\x08\x01\x00\x00\x00\x05\x00\x01\x02\x01\x00",
		"test-images-idx3-ubyte":  "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03" + strings.Repeat("ghijkl", 2),
		"test-labels-idx1-ubyte":  "\x00\x00\x08\x01\x00\x00\x00\x02\x02\x01",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackOwnData(t *testing.T) {
	out := filepath.Join(t.TempDir(), "own")
	err := run(t.Context(), []string{"-in", tiny(t), "-out", out, "-name", "own", "-classes", "cat, dog,bird", "-mean", "0.4", "-std", "0.25", "-provenance", "mine"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ds := openPacked(t, out)
	if ds.Title != "own" || !slices.Equal(ds.Classes, []string{"cat", "dog", "bird"}) || ds.Mean[0] != 0.4 || ds.Std[0] != 0.25 || ds.TestPublic {
		t.Errorf("description %+v", ds.Manifest)
	}
	if ds.Channels != 1 || ds.Height != 2 || ds.Width != 3 || string(ds.Test.Values) != "ghijklghijkl" || string(ds.Train.Labels) != "\x00\x01\x02\x01\x00" {
		t.Errorf("records %+v", ds)
	}
}

func TestPackCIFARFormat(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	record := func(label byte) []byte { return append([]byte{label}, make([]byte, 3072)...) }
	for name, content := range map[string][]byte{"data_batch_1.bin": record(1), "data_batch_2.bin": record(2), "test_batch.bin": record(3)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-in", dir, "-out", out, "-name", "own", "-classes", "a,b,c,d", "-mean", ".5,.5,.5", "-std", ".2,.2,.2", "-test-public"}
	if err := run(t.Context(), args, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	ds := openPacked(t, out)
	if ds.Channels != 3 || string(ds.Train.Labels) != "\x01\x02" || string(ds.Test.Labels) != "\x03" || !ds.TestPublic {
		t.Errorf("%+v", ds.Manifest)
	}
}

func TestPackDigits(t *testing.T) {
	out := t.TempDir()
	if err := run(t.Context(), []string{"-digits", "50", "-test-digits", "20", "-seed", "9", "-out", out}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	want, got := data.Digits(50, 20, 9), openPacked(t, out)
	if !slices.Equal(got.Train.Values, want.Train.Values) || !slices.Equal(got.Test.Labels, want.Test.Labels) {
		t.Error("the digits packed are not those of the generator")
	}
}

func TestRunExplains(t *testing.T) {
	dir := tiny(t)
	described := []string{"-in", dir, "-out", t.TempDir(), "-name", "own", "-classes", "a,b,c", "-mean", "0", "-std", "1"}
	with := func(more ...string) []string { return slices.Concat(described, more) }
	for _, c := range []struct {
		want string
		args []string
	}{
		{"want one of -in, -download, -digits and -features", nil},
		{"want one of -in, -download, -digits and -features", with("-digits", "5")},
		{"want -out", []string{"-digits", "5"}},
		{`-format "png"`, with("-format", "png")},
		{`-download "imagenet": want one of mnist, fashion-mnist, cifar-10`, []string{"-download", "imagenet", "-out", "x"}},
		{"at most", []string{"-digits", "99999999", "-out", "x"}},
		{"cannot be negative", []string{"-digits", "-1", "-out", "x"}},
		{"nothing there to read", []string{"-in", t.TempDir(), "-out", "x"}},
		{"no raw files", []string{"-in", t.TempDir(), "-format", "idx", "-out", "x"}},
		{"no such file", []string{"-in", filepath.Join(dir, "nothing"), "-out", "x"}},
		{"not a known benchmark: state -name", []string{"-in", dir, "-out", "x"}},
		{"state -classes", []string{"-in", dir, "-out", "x", "-name", "own"}},
		{"not the published mnist", []string{"-in", dir, "-out", "x", "-name", "mnist"}},
		{`-mean: "nine" is not a number`, with("-mean", "nine")},
		{"2 means", with("-mean", "1,2")},
		{"record 2: label 2, but there are 2 classes", with("-classes", "a,b")},
		{`name "../own"`, with("-name", "../own")},
		{"not usable", with("-std", "NaN")},
		{`unknown argument "more"`, with("more")},
	} {
		if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("pack %q: error %v, want one that says %q", c.args, err, c.want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "test-labels-idx1-ubyte")); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), described, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "one file of test images and one of test labels") {
		t.Errorf("test images without labels: error %v", err)
	}
}

// TestBenchmarkSums ties the table to what the publishers stated: MD5 of the raw MNIST and Fashion-MNIST files, SHA-1 of
// CIFAR-10's batches.
func TestBenchmarkSums(t *testing.T) {
	for name, sums := range map[string]map[string]string{
		"mnist": {
			"train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb", "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
			"t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea", "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
		},
		"fashion-mnist": {
			"train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a", "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
			"t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a", "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
		},
		"cifar-10": {
			"data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540", "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
			"data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295", "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
			"data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628", "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := sharedDataset(t, name)
			set, _ := benchmarkByName(name)
			for _, f := range set.members {
				file, err := os.Open(filepath.Join(dir, f.File+".gz"))
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				plain, err := gzip.NewReader(file)
				if err != nil {
					t.Fatal(err)
				}
				content, err := io.ReadAll(plain)
				if err != nil {
					t.Fatal(err)
				}
				md, sha := md5.Sum(content), sha1.Sum(content)
				if want := sums[f.File]; hex.EncodeToString(md[:]) != want && hex.EncodeToString(sha[:]) != want {
					t.Errorf("%s: MD5 %x, SHA-1 %x, published %s", f.File, md, sha, want)
				}
				if got := sum(content); got != f.SHA256 {
					t.Errorf("%s: SHA-256 %s, in the table %s", f.File, got, f.SHA256)
				}
			}
		})
	}
}

// TestDownloadAndPackMNIST walks the whole way of `make data`, from a local server.
func TestDownloadAndPackMNIST(t *testing.T) {
	mirror := httptest.NewServer(http.FileServer(http.Dir(sharedDataset(t, "mnist"))))
	defer mirror.Close()
	raw, out := t.TempDir(), t.TempDir()
	if err := run(t.Context(), []string{"-download", "mnist", "-mirror", mirror.URL, "-raw", raw, "-out", out}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	ds := openPacked(t, out)
	if ds.Name != "mnist" || ds.TrainRecords != 60000 || ds.TestRecords != 10000 || !ds.TestPublic || ds.Mean[0] != 0.1307 {
		t.Errorf("%+v", ds.Manifest)
	}
	if want := "\x05\x00\x04\x01\x09\x02\x01\x03\x01\x04"; string(ds.Train.Labels[:10]) != want { // the well-known beginning
		t.Errorf("labels begin with %v", ds.Train.Labels[:10])
	}
}

func TestRecogniseLocalFiles(t *testing.T) {
	out := t.TempDir()
	if err := run(t.Context(), []string{"-in", sharedDataset(t, "fashion-mnist"), "-out", out}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if ds := openPacked(t, out); ds.Name != "fashion-mnist" || ds.Classes[9] != "ankle boot" {
		t.Errorf("%+v", ds.Manifest)
	}
}
