package data

// Known is the description of a published benchmark dataset by name: everything but its shards.
// Normalisation constants are those the benchmarks state; they belong to the published training sets, which are public.
func Known(name string) (Manifest, bool) {
	for _, b := range benchmarks() {
		if b.Name == name {
			return b.Manifest, true
		}
	}
	return Manifest{}, false
}

func benchmarks() []benchmark {
	return []benchmark{{
		Manifest: Manifest{
			Name: "mnist", Title: "MNIST handwritten digits",
			Kind: Image, Type: Uint8, Unit: UnitRecord,
			Channels: 1, Height: 28, Width: 28,
			TrainRecords: 60000, TestRecords: 10000,
			Classes: digitClasses(),
			Mean:    []float32{0.1307}, Std: []float32{0.3081},
			TestPublic: true, Origins: byPublisher(),
			Provenance: "The MNIST database of handwritten digits, Y. LeCun, C. Cortes and C. J. C. Burges (LeCun et al. 1998), derived from NIST Special Database 19.",
		},
		train: []Raw{
			{"train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{"train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
		},
		test: []Raw{
			{"t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{"t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		},
	}, {
		Manifest: Manifest{
			Name: "fashion-mnist", Title: "Fashion-MNIST",
			Kind: Image, Type: Uint8, Unit: UnitRecord,
			Channels: 1, Height: 28, Width: 28,
			TrainRecords: 60000, TestRecords: 10000,
			Classes: []string{"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
			Mean:    []float32{0.2860}, Std: []float32{0.3530},
			TestPublic: true, Origins: byPublisher(),
			Provenance: "Fashion-MNIST, Zalando SE (Xiao, Rasul and Vollgraf 2017), MIT licence.",
		},
		train: []Raw{
			{"train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{"train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
		},
		test: []Raw{
			{"t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{"t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		},
	}, {
		Manifest: Manifest{
			Name: "cifar-10", Title: "CIFAR-10",
			Kind: Image, Type: Uint8, Unit: UnitRecord,
			Channels: 3, Height: 32, Width: 32,
			TrainRecords: 50000, TestRecords: 10000,
			Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
			Mean:    []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.2023, 0.1994, 0.2010},
			TestPublic: true, Origins: byPublisher(),
			Provenance: "CIFAR-10, A. Krizhevsky, V. Nair and G. Hinton (Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images). Its authors state no licence.",
		},
		train: []Raw{
			{"data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
			{"data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
			{"data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
			{"data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
			{"data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
		},
		test: []Raw{
			{"test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"},
		},
	}}
}

func byPublisher() []Origin {
	return []Origin{{"shape", Publisher}, {"classes", Publisher}, {"normalisation", Publisher}}
}

func digitClasses() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}
