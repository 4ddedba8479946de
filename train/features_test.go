//go:build !js

package train

import (
	"context"
	"strings"
	"testing"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// Features of published records share the records' ledger, those of own data the one of all own data. Records are no features: under a
// name of their choice they would have a ledger of their choice.
func TestFeaturesShareALedger(t *testing.T) {
	ds := &data.Dataset{Manifest: data.Digits(1, 0, 1).Manifest}
	ds.Name, ds.Kind, ds.Height, ds.Width, ds.TrainRecords = "mnist", data.Vector, 9, 32, 3
	ds.Train = data.Split{Values: make([]byte, 3*9*32), Labels: []byte{0, 1, 2}}
	open := func(kind string, files []protocol.File) (*Dataset, error) {
		return OpenDataset(context.Background(), &MemoryHost{}, protocol.Source{Kind: kind, Files: files}, func(protocol.Loading) {})
	}
	ds.Title = "MNIST" + data.VectorTitle + " of net.onnx"
	ds.Origins = []data.Origin{{What: "shape", From: data.Fixed}, {What: "encoder net.onnx", From: data.Pretrained}}
	files := packedFiles(t, ds)
	for kind, want := range map[string]struct{ key, collection string }{
		"features": {ledger.DataKey([]byte("mnist")), "MNIST"}, "own": {collectionKey(ownCollection), ownCollection},
	} {
		d, err := open(kind, files)
		if err != nil {
			t.Fatal(err)
		}
		if d.Key != want.key || d.Collection != want.collection || d.own != (kind == "own") {
			t.Errorf("%s: in another ledger, of %q, or own is %t", kind, d.Collection, d.own)
		}
		if got := d.Info().Encoder; got != "encoder net.onnx" {
			t.Errorf("%s: the page is told of the encoder %q", kind, got)
		}
		if d.Published() {
			t.Errorf("%s: vectors pass for a published set", kind)
		}
		for _, m := range d.models() {
			if strings.Contains(m, "cnn") {
				t.Errorf("%s: model %s is offered for vectors", kind, m)
			}
		}
		if len(d.models()) == 0 || len(presets(d)) == 0 {
			t.Errorf("%s: %d models, %d presets", kind, len(d.models()), len(presets(d)))
		}
	}
	ds.Kind = data.Image
	if _, err := open("features", packedFiles(t, ds)); err == nil || !strings.Contains(err.Error(), "not features") {
		t.Errorf("records passed for features: %v", err)
	}
}

// packedFiles are a dataset's files as the page hands them over.
func packedFiles(t *testing.T, ds *data.Dataset) (files []protocol.File) {
	t.Helper()
	if err := data.Pack(ds, func(name string, file []byte) error {
		files = append(files, protocol.File{Name: name, Blob: protocol.Blob{Handle: append([]byte(nil), file...)}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return files
}
