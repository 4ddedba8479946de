package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cloister/nn"
	"cloister/train/protocol"
)

// settings are all that a person can set of a run: their words and their limits, stated here and nowhere else. The page
// is told them with the catalogue of mechanisms, and Validate holds configurations to them. Limits are far beyond what a
// tab can usefully do.
var settings = []protocol.Setting{
	{
		Key: "model", Field: "model", Group: "model", Kind: "choice", Label: "Model", Choices: models(),
		Why: "The network that learns. Larger ones learn more and take longer.",
	},
	{
		Key: "epsilon", Field: "epsilon", Group: "privacy", Kind: "number", Label: "Epsilon (ε)", Min: 0.01, Max: 1000, Default: 3,
		Why:   "The privacy budget of the whole run. Smaller is more private; 1 to 8 is usual.",
		Paper: "Dwork et al. 2006, Our Data, Ourselves: Privacy Via Distributed Noise Generation",
	},
	{
		Key: "delta", Field: "delta", Group: "privacy", Kind: "number", Label: "Delta (δ)", Min: 1e-15, Max: 0.5, Default: 1e-5,
		Why:   "The chance that the promise fails. Keep it well below one over the number of records.",
		Paper: "Dwork et al. 2006, Our Data, Ourselves: Privacy Via Distributed Noise Generation",
	},
	{
		Key: "audit", Field: "audit", Group: "privacy", Kind: "switch", Label: "Attack this run",
		Why:   "Plants 2,000 canaries among the records, half of them by a coin, and lets an attacker guess which. Neither the model nor epsilon changes.",
		Paper: "Steinke et al. 2023, Privacy Auditing with One (1) Training Run, arXiv:2305.08846",
	},
	{
		Key: "epochs", Field: "epochs", Group: "training", Kind: "number", Label: "Epochs", Unit: "passes", Min: 0.01, Max: 10_000, Default: 5,
		Why: "Passes over the data. More passes learn more, and need more noise in each step.",
	},
	{
		Key: "batch", Field: "batchSize", Group: "training", Kind: "number", Label: "Batch size", Unit: "records", Min: 1, Max: 1 << 30, Whole: true, Default: 256,
		Why: "Records expected in a step; each is drawn at random, by itself. Larger batches drown the noise.",
	},
	{
		Key: "full", Field: "fullBatch", Group: "training", Kind: "switch", Label: "Every record at every step",
		Why:   "Full batches instead of random ones: an epoch is one step, and epsilon rests on nothing but the noise. For models that are quick on each record.",
		Paper: "Balle and Wang 2018, Improving the Gaussian Mechanism for Differential Privacy, arXiv:1805.06530, Theorem 8",
	},
	{
		Key: "clip", Field: "clipNorm", Group: "training", Kind: "number", Label: "Clip norm", Min: 1e-6, Max: 1e6, Default: 1,
		Why:   "The most that one record may pull on the model in one step.",
		Paper: "Abadi et al. 2016, Deep Learning with Differential Privacy, arXiv:1607.00133, Algorithm 1",
	},
	{
		Key: "rate", Field: "learningRate", Group: "training", Kind: "number", Label: "Learning rate", Min: 1e-9, Max: 1e6, Default: 0.1,
		Why: "How far a step moves the model.",
	},
	{
		Key: "accuracy", Field: "accuracyEvery", Group: "training", Kind: "number", Label: "Noised accuracy every", Unit: "epochs", Min: -1, Max: 10_000, Whole: true,
		Why: "On private held-out records, each figure paid for with some of the budget. 0: at the end alone; -1: never.",
	},
	{
		Key: "workers", Field: "workers", Group: "training", Kind: "number", Label: "Workers", Unit: "processors", Max: 64, Whole: true,
		Why: "Processors to compute with; 0 means all. It changes the speed, never the privacy.",
	},
	{
		Key: "mechanism", Field: "mechanism", Group: "mechanism", Kind: "mechanism", Label: "Mechanism",
		Why: "How gradients are clipped, noised and filtered.",
	},
	{
		Key: "optimizer", Field: "optimizer", Group: "advanced", Kind: "choice", Label: "Optimiser",
		Why:     "What is made of a noised gradient. Free of cost to privacy.",
		Choices: []protocol.Choice{{Value: "sgd", Label: "SGD"}, {Value: "nesterov", Label: "SGD, Nesterov's momentum"}, {Value: "adam", Label: "Adam"}, {Value: "adambc", Label: "Adam, corrected for the noise"}},
		Paper:   "Sutskever et al. 2013, On the Importance of Initialization and Momentum in Deep Learning; Kingma and Ba 2015, Adam, arXiv:1412.6980; Tang et al. 2023, DP-AdamBC, arXiv:2312.14334",
	},
	{
		Key: "momentum", Field: "momentum", Group: "advanced", Kind: "number", Label: "Momentum", Max: 0.9999, Default: 0.9,
		Why: "How much of the last step SGD carries on, from 0 to below 1.",
	},
	{
		Key: "schedule", Field: "schedule", Group: "advanced", Kind: "choice", Label: "Rate schedule",
		Why:     "How the learning rate falls during the run.",
		Choices: []protocol.Choice{{Value: "constant", Label: "Constant"}, {Value: "cosine", Label: "Cosine, to zero"}, {Value: "step", Label: "In steps"}},
	},
	{
		Key: "diagnostics", Field: "diagnostics", Group: "advanced", Kind: "switch", Label: "Diagnostics",
		Why: "Shows raw figures of your records (training loss, batch sizes). The run is then not private.",
	},
	{
		Key: "nonprivate", Field: "nonPrivate", Group: "advanced", Kind: "switch", Label: "Train without privacy",
		Why: "No clipping, no noise: for comparison. The run is then not private.",
	},
	{
		Key: "seed", Field: "seed", Group: "advanced", Kind: "number", Label: "Seed", Max: 1<<53 - 1, Whole: true, Optional: true,
		Why: "Makes a run repeatable. Who knows the seed can remove the noise: the run is then not private.",
	},
}

// models are all networks; which of them fit a dataset, its DatasetInfo tells.
func models() (all []protocol.Choice) {
	titles := map[string]string{
		"logistic": "Logistic regression", "small-mlp": "Two dense layers, small", "mlp": "Two dense layers",
		"mnist-cnn": "Small convolutional network", "cifar-cnn": "Larger convolutional network",
		"spectrogram-cnn": "Convolutional network for spectrograms",
	}
	for _, name := range nn.Names() {
		title := titles[name]
		if title == "" {
			title = name
		}
		all = append(all, protocol.Choice{Value: name, Label: title})
		if name != "logistic" {
			all = append(all, protocol.Choice{Value: name + "-tanh", Label: title + ", tanh"})
		}
	}
	return all
}

// setting finds one by its field in a configuration.
func setting(field string) *protocol.Setting {
	return &settings[slices.IndexFunc(settings, func(s protocol.Setting) bool { return s.Field == field })]
}

// checkNumber refuses what is outside of a setting's limits, of which a dataset may narrow the upper one.
func checkNumber(field string, x, most float64) error {
	s := *setting(field)
	s.Max = min(s.Max, most)
	if x >= s.Min && x <= s.Max {
		return nil
	}
	return fmt.Errorf("train: %s is %s, want %s to %s%s", s.Label, figure(x), figure(s.Min), figure(s.Max), unit(s))
}

func unit(s protocol.Setting) string {
	if s.Unit == "" {
		return ""
	}
	return " " + s.Unit
}

func figure(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e16 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// checkChoice refuses a word that a setting does not have.
func checkChoice(field, word string) error {
	s := setting(field)
	var words []string
	for _, c := range s.Choices {
		if c.Value == word {
			return nil
		}
		words = append(words, c.Value)
	}
	return fmt.Errorf("train: %s is %q, want one of %s", s.Label, word, strings.Join(words, ", "))
}
