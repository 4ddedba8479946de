package network

import "testing"

// The counts, by hand from the shapes: mnist-cnn's convolutions are 16x14x14 outputs of 64 taps and 32x5x5 of 256.
func TestCountMNIST(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	conv1, conv2, fc1, fc2 := int64(16*14*14*64), int64(32*5*5*256), int64(512*32), int64(32*10)
	forward := 2 * (conv1 + conv2 + fc1 + fc2)
	want := Flops{Forward: forward, Weights: forward, Input: 2 * (conv2 + fc1 + fc2)}
	for _, n := range all[:2] {
		got, err := Count(n)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", n.Name, got, err, want)
		}
	}
}

// GroupNorm has parameters but is not the first layer that learns, and adds nothing to the count.
func TestCountCIFAR(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	first := int64(32 * 1024 * 27)
	rest := int64(64*256*32*9 + 64*64*64*9 + 128*16*64*9 + 128*10)
	want := Flops{Forward: 2 * (first + rest), Weights: 2 * (first + rest), Input: 2 * rest}
	got, err := Count(all[2])
	if err != nil || got != want {
		t.Errorf("cifar-cnn: %+v, %v, want %+v", got, err, want)
	}
}

func TestUngroupedParameters(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	convs := 32*27 + 32 + 32*32*9 + 32 + 64*32*9 + 64 + 64*64*9 + 64 + 128*64*9 + 128 + 128*128*9 + 128
	want := convs + 2048*128 + 128 + 128*10 + 10
	if got := all[3].NumParams(); got != want || want != 550570 {
		t.Errorf("%d parameters, want %d", got, want)
	}
}

func TestDescribeCoversEveryLayer(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		d, err := Describe(n)
		if err != nil || len(d.Layers) != len(n.Layers) || d.Classes != 10 {
			t.Errorf("%s: %+v, %v", n.Name, d, err)
		}
	}
}
