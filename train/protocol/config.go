package protocol

import "strings"

//go:generate go run github.com/tinylib/msgp -file config.go -o config_gen.go -tests=false -io=false
//msgp:limit arrays:16 maps:64

// Config is everything that decides a run. It is plain data: it comes from a page, a file or a test, is validated
// before anything else happens, and travels in checkpoints and results.
type Config struct {
	Model string `json:"model" msg:"model"` // a name of nn.ByName: "logistic", "mlp", "mnist-cnn", "cifar-cnn", "spectrogram-cnn", or with "-tanh"

	Epsilon float64 `json:"epsilon" msg:"epsilon"` // privacy budget of the whole run, > 0
	Delta   float64 `json:"delta" msg:"delta"`     // in (0, 1); below 1/N to mean anything

	Epochs    float64 `json:"epochs" msg:"epochs"`       // expected passes over the training records; an epoch is floor(N / BatchSize) steps
	BatchSize int     `json:"batchSize" msg:"batchSize"` // expected batch size q N under Poisson sampling, 1 to N

	// FullBatch takes every record at every step, whatever BatchSize is: an epoch is one step, and the run is a composition of
	// Gaussian mechanisms that rests on no assumption about sampling.
	FullBatch bool `json:"fullBatch,omitempty" msg:"fullbatch"`

	Mechanism Mechanism `json:"mechanism" msg:"mechanism"` // how gradients are clipped, scheduled, noised and filtered
	ClipNorm  float64   `json:"clipNorm" msg:"clipNorm"`   // C, the bound (or the first bound) on a per-sample gradient's L2 norm

	Optimizer    string  `json:"optimizer" msg:"optimizer"`       // "sgd", "nesterov", "adam" or "adambc" (Adam corrected for the noise); a mechanism may bring its own
	LearningRate float64 `json:"learningRate" msg:"learningRate"` // at the first step
	Momentum     float64 `json:"momentum" msg:"momentum"`         // SGD's, plain or Nesterov's, in [0, 1)
	Schedule     string  `json:"schedule" msg:"schedule"`         // learning rate: "constant", "cosine" (per epoch, to 0), "step"

	// Audit plants canaries among the records, each in or out by a secret coin, and tells at the end how well an attacker
	// guesses the coins from what was released. It changes neither what the model learns nor what the run costs.
	Audit bool `json:"audit,omitempty" msg:"audit"`

	// AccuracyEvery is after how many epochs a noised accuracy on private held-out records is released; 0: at the end alone, negative:
	// never. It costs some of the budget. A public test split is tried after each epoch, for nothing.
	AccuracyEvery int `json:"accuracyEvery,omitempty" msg:"accuracyevery"`

	Workers int `json:"workers" msg:"workers"` // compute workers; 0 = one per processor

	// Seed, when set, makes sampling, noise and initialisation reproducible. A run with a seed is NOT private and says so
	// wherever it shows.
	Seed *uint64 `json:"seed,omitempty" msg:"seed"`
	// Diagnostics shows raw figures of private data (training loss, batch sizes, norms). The run is then NOT private.
	Diagnostics bool `json:"diagnostics,omitempty" msg:"diagnostics"`
	// NonPrivate trains without clipping bound or noise, for comparison. The run is NOT private.
	NonPrivate bool `json:"nonPrivate,omitempty" msg:"nonPrivate"`
}

// Mechanism names a policy of package dp and its parameters.
type Mechanism struct {
	Name   string             `json:"name" msg:"name"`               // a name of mechanism.Catalogue, "fixed" when empty
	Params map[string]float64 `json:"params,omitempty" msg:"params"` // the mechanism's own parameters; missing ones take their published defaults
	Source string             `json:"source,omitempty" msg:"source"` // of the mechanism "written": its code
}

// Steps is the number of steps of the run, and of one epoch, for n training records: an epoch is floor(n / BatchSize)
// steps, as in the DP-SGD benchmark.
func (c *Config) Steps(n int) (total, perEpoch int) {
	perEpoch = n / c.Batch(n)
	return int(c.Epochs*float64(perEpoch) + 1e-9), perEpoch
}

// Batch is how many of n training records a step is expected to take.
func (c *Config) Batch(n int) int {
	if c.FullBatch {
		return n
	}
	return c.BatchSize
}

// SamplingRate is q, the probability of each record to be in a step's batch.
func (c *Config) SamplingRate(n int) float64 { return float64(c.Batch(n)) / float64(n) }

// NotPrivate says why a run of this configuration is not private; it is empty when the run is.
func (c *Config) NotPrivate() string {
	var why []string
	if c.NonPrivate {
		why = append(why, "gradients are neither clipped nor noised")
	}
	if c.Seed != nil {
		why = append(why, "its seed is known, and with it the noise (reproducible)")
	}
	if c.Diagnostics {
		why = append(why, "raw figures of the private data are shown (diagnostics)")
	}
	return strings.Join(why, "; ")
}
