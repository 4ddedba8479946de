package audio

import (
	"fmt"
	"testing"

	"cloister/data"
)

// What a frontend says of its records is what a dataset of them is.
func TestRecordsAreWhatTheManifestSays(t *testing.T) {
	f, err := NewFrontend(Settings{Seconds: 0.25, Hop: 160, Mels: 20, LogLow: -8, LogHigh: 2})
	if err != nil {
		t.Fatal(err)
	}
	d := data.Dataset{Manifest: data.Manifest{Name: "tones", Title: "Tones", Classes: []string{"low", "high"}, Unit: data.UnitRecord, TrainRecords: 3}}
	f.Describe(&d.Manifest)
	for _, name := range []string{"mono-44100.mp3", "joint-22050.mp3", "mono-11025.mp3"} {
		record, _, err := f.Record(name, corpus(t, name))
		if err != nil {
			t.Fatal(err)
		}
		d.Train.Append(data.Split{Values: record, Labels: []byte{1}})
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	if d.Kind != data.Audio || d.Height != 25 || d.Width != 20 {
		t.Errorf("a dataset of %s, %dx%d", d.Kind, d.Height, d.Width)
	}
}

// The same sound at other rates and as other files gives nearly the same record.
func TestRecordsDoNotDependOnTheRate(t *testing.T) {
	f, err := NewFrontend(Settings{Seconds: 0.25, Hop: 160, Mels: 40, LogLow: -6, LogHigh: 2})
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := f.Record("16000", corpus(t, "mono-16000.mp3"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mono-44100.mp3", "mono-48000.mp3", "mono-22050-80.mp3"} {
		got, _, err := f.Record(name, corpus(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want { // where the tones are; what the encoder left elsewhere is its own
			if off := int(got[i]) - int(want[i]); want[i] > 160 && (off < -3 || off > 3) {
				t.Errorf("%s: frame %d, mel %d is %d, not %d", name, i/40, i%40, got[i], want[i])
			}
		}
	}
}

func ExampleFrontend_Record() {
	f, err := NewFrontend(Defaults)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _, err = f.Record("four.mp3", []byte("OggS: not what its name says"))
	fmt.Println(err)
	fmt.Println(f.Frames(), "frames of", f.Mels, "mels")
	// Output:
	// at byte 0: Ogg is not read: convert it to WAV or MP3
	// 25 frames of 20 mels
}
