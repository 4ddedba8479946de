package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloister/data"
)

// A folder of recordings, one of which is not read: classes by name, the split by name, the shape as stated.
func TestPacksRecordings(t *testing.T) {
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "tones")
	for name, from := range map[string]string{
		"low_0.mp3": "mono-16000.mp3", "low_1.mp3": "mono-44100.mp3", "low_2.mp3": "mono-22050-80.mp3", "low_3.mp3": "mono-8000.mp3",
		"high_0.mp3": "joint-44100.mp3", "high_1.mp3": "joint-22050.mp3",
	} {
		file, err := os.ReadFile(filepath.Join("../../data/audio/testdata", from))
		if err == nil {
			err = os.WriteFile(filepath.Join(in, name), file, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var printed bytes.Buffer
	args := []string{"-in", in, "-out", out, "-seconds", "0.25", "-hop", "160", "-mels", "20", "-test", "*_0.mp3", "-test-public", "-json"}
	if err := run(t.Context(), args, &printed, io.Discard); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind                 string
		Records, Train, Test int
		Shape                []int
		Classes              []string
		Skipped              []struct{ File, Reason string }
	}
	if err := json.Unmarshal(printed.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "audio" || got.Records != 5 || got.Train != 3 || got.Test != 2 || len(got.Shape) != 3 || got.Shape[1] != 25 || got.Shape[2] != 20 || strings.Join(got.Classes, " ") != "high low" {
		t.Errorf("packed %s", printed.Bytes())
	}
	if len(got.Skipped) != 1 || got.Skipped[0].File != "low_3.mp3" || !strings.Contains(got.Skipped[0].Reason, "at byte 0: MPEG-2.5 at 8 kHz") {
		t.Errorf("left out %v", got.Skipped)
	}
	ds, err := data.Open(t.Context(), data.FromDir(out), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !ds.TestPublic || !strings.Contains(ds.Provenance, "log-mel spectrogram") {
		t.Errorf("the manifest says %+v", ds.Manifest)
	}
	for says, args := range map[string][]string{
		"500 mels":         {"-mels", "500"},
		"not a pattern":    {"-test", "["},
		"may divide a per": {"-test", "*_0.mp3", "-person-level", "1"},
	} {
		if err := run(t.Context(), append([]string{"-in", in, "-out", out}, args...), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want one that says %q", args, err, says)
		}
	}
}
