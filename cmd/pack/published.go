package main

import "cloister/data"

// published is a benchmark dataset: where it lives.
type published struct {
	name    string   // a name of data.Known
	format  string   // idx or cifar10
	homes   []string // where its files are, tried in order: the authors' own first, then hosts of the same bytes
	remote  []remote
	members []data.Raw // what they are when unpacked, in any order
}

// remote is a file to download. One without a checksum is an archive, whose members are checked instead.
type remote struct {
	file   string
	bytes  int64 // exact; of an archive, a bound
	sha256 string
}

// cifarBatchBytes is the size of each CIFAR-10 batch: 10,000 records of 3,073 bytes.
const cifarBatchBytes = 10000 * 3073

var benchmarks = []published{{
	name: "mnist", format: "idx",
	homes: []string{
		"http://yann.lecun.com/exdb/mnist/",
		"https://ossci-datasets.s3.amazonaws.com/mnist/",
		"https://storage.googleapis.com/cvdf-datasets/mnist/",
	},
	remote: []remote{
		{"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		{"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		{"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		{"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	},
}, {
	name: "fashion-mnist", format: "idx",
	homes: []string{
		"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
		"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
	},
	remote: []remote{
		{"train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
		{"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
		{"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
		{"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
	},
}, {
	name: "cifar-10", format: "cifar10",
	homes:  []string{"https://www.cs.toronto.edu/~kriz/"},
	remote: []remote{{file: "cifar-10-binary.tar.gz", bytes: 200 << 20}},
}}

func benchmarkNames() (names []string) {
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	return names
}

func benchmarkByName(name string) (*published, bool) {
	for i := range benchmarks {
		if benchmarks[i].name == name {
			set := benchmarks[i]
			train, test := data.RawFiles(name)
			set.members = append(train, test...)
			return &set, true
		}
	}
	return nil, false
}
