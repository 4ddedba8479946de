package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"
)

// TestDigitsNeverChange pins the pictures, so that a result on the built-in set means the same next year and on every
// platform: the test runs natively and in WebAssembly. A deliberate change of the generator changes the hash, and every
// figure measured on the old pictures.
func TestDigitsNeverChange(t *testing.T) {
	ds := Digits(1000, 100, 7)
	hash := sha256.New()
	for _, part := range [][]byte{ds.Train.Values, ds.Train.Labels, ds.Test.Values, ds.Test.Labels} {
		hash.Write(part)
	}
	const want = "952a91b5f4650ef589158a2652be84901db80140c0834bf86e3d597fd0165a74"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("SHA-256 of 1,000 + 100 digits of seed 7 is %s, want %s", got, want)
	}
}

func TestDigitsDependOnSeedAndIndexAlone(t *testing.T) {
	long, short := Digits(50, 20, 7), Digits(30, 10, 7)
	if !bytes.HasPrefix(long.Train.Values, short.Train.Values) || !bytes.HasPrefix(long.Test.Labels, short.Test.Labels) {
		t.Error("a longer dataset does not begin with the shorter one's records")
	}
	if part := DrawDigits(TestSplit, 5, 10, 7); !bytes.Equal(part.Values, long.Test.Values[5*784:15*784]) || !bytes.Equal(part.Labels, long.Test.Labels[5:15]) {
		t.Error("records drawn from the middle of a split are not the split's")
	}
	if bytes.Equal(long.Train.Values[:20*784], long.Test.Values) {
		t.Error("the test split repeats the training split")
	}
	if bytes.Equal(long.Train.Values, Digits(50, 0, 8).Train.Values) {
		t.Error("another seed draws the same pictures")
	}
}

func TestDigitsAreDistinctAndValid(t *testing.T) {
	ds := Digits(5000, 1000, 4)
	if err := ds.Validate(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range []Split{ds.Train, ds.Test} {
		for i := range s.Len() {
			seen[string(s.Values[i*784:(i+1)*784])] = true
		}
	}
	if len(seen) != 6000 {
		t.Errorf("%d distinct pictures of 6000", len(seen))
	}
}

// TestDigitStatistics: classes are uniform (chi-squared with 9 degrees of freedom, 33.7 has a false-alarm rate of 1e-4;
// the seed is fixed), and the stated normalisation is the generator's (records vary by 0.05 in mean, so that 20,000 give
// it to 4e-4).
func TestDigitStatistics(t *testing.T) {
	ds := Digits(20000, 0, 5)
	var counts [10]float64
	for _, label := range ds.Train.Labels {
		counts[label]++
	}
	chi := 0.0
	for _, c := range counts {
		chi += (c - 2000) * (c - 2000) / 2000
	}
	if chi > 33.7 {
		t.Errorf("class counts %v: chi-squared %.1f", counts, chi)
	}
	mean, std := moments(ds.Train.Values, 1, 784)
	if math.Abs(mean[0]-digitsMean) > 0.002 || math.Abs(std[0]-digitsStd) > 0.002 {
		t.Errorf("mean %.4f, standard deviation %.4f; stated %.4f, %.4f", mean[0], std[0], digitsMean, digitsStd)
	}
}

func TestDigitsReportProgress(t *testing.T) {
	var calls []int64
	DigitsWithProgress(1500, 1000, 1, func(done, total int64) {
		if total != 2500 {
			t.Errorf("total %d, want 2500", total)
		}
		calls = append(calls, done)
	})
	if len(calls) != 3 || calls[0] != 1000 || calls[1] != 2000 || calls[2] != 2500 {
		t.Errorf("progress at %v, want 1000, 2000 and 2500", calls)
	}
}

// moments is the mean and standard deviation of pixel/255, per channel.
func moments(pixels []byte, channels, plane int) (mean, std []float64) {
	n := float64(len(pixels) / channels)
	sum, squares := make([]int, channels), make([]int, channels)
	for c := 0; len(pixels) > 0; c = (c + 1) % channels {
		for _, p := range pixels[:plane] {
			sum[c] += int(p)
			squares[c] += int(p) * int(p)
		}
		pixels = pixels[plane:]
	}
	mean, std = make([]float64, channels), make([]float64, channels)
	for c := range mean {
		mean[c] = float64(sum[c]) / n / 255
		std[c] = math.Sqrt(float64(squares[c])/n/(255*255) - mean[c]*mean[c])
	}
	return mean, std
}

func BenchmarkDigits(b *testing.B) {
	for b.Loop() {
		Digits(1000, 1, 1)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/digit")
}
