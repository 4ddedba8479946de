package data

import (
	"fmt"
	"reflect"
)

// Known is the description of a published benchmark dataset by name: everything but its record counts and shards.
// Normalisation constants are those the benchmarks state; they belong to the published training sets, which are public.
func Known(name string) (Manifest, bool) {
	for _, m := range known() {
		if m.Name == name {
			return m, true
		}
	}
	return Manifest{}, false
}

// Published tells whether all records are public, those to train on too: a benchmark's, or drawn by Digits. It goes by the
// whole description, which cmd/pack gives to no other records; a person who states it of their own calls them public.
func (m *Manifest) Published() bool {
	described, ok := Known(m.Name)
	if m.Name == digitsName {
		var seed uint64
		_, err := fmt.Sscanf(m.Provenance, digitsProvenance, &seed)
		described, ok = digitsManifest(seed), err == nil
	}
	described.TrainRecords, described.TestRecords, described.Shards = m.TrainRecords, m.TestRecords, m.Shards
	return ok && reflect.DeepEqual(described, *m)
}

func known() []Manifest {
	return []Manifest{{
		Name: "mnist", Title: "MNIST handwritten digits",
		Channels: 1, Height: 28, Width: 28,
		Classes: digitClasses(),
		Mean:    []float32{0.1307}, Std: []float32{0.3081},
		TestPublic: true,
		Provenance: "The MNIST database of handwritten digits, Y. LeCun, C. Cortes and C. J. C. Burges (LeCun et al. 1998), derived from NIST Special Database 19.",
	}, {
		Name: "fashion-mnist", Title: "Fashion-MNIST",
		Channels: 1, Height: 28, Width: 28,
		Classes: []string{"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
		Mean:    []float32{0.2860}, Std: []float32{0.3530},
		TestPublic: true,
		Provenance: "Fashion-MNIST, Zalando SE (Xiao, Rasul and Vollgraf 2017), MIT licence.",
	}, {
		Name: "cifar-10", Title: "CIFAR-10",
		Channels: 3, Height: 32, Width: 32,
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Mean:    []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.2023, 0.1994, 0.2010},
		TestPublic: true,
		Provenance: "CIFAR-10, A. Krizhevsky, V. Nair and G. Hinton (Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images). Its authors state no licence.",
	}}
}

func digitClasses() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}
