package mechanism

import (
	"errors"

	"cloister/clip"
	"cloister/dp"
)

const (
	nothing   = "nothing: it knows nothing of the data"
	post      = "nothing: it is computed from released gradients"
	oneCount  = "one noised count a step: the gradient's noise grows by about 0.03 % at the default count noise"
	perLayer  = "one noised count a layer and step, jointly with the gradient: about 0.3 % more noise for eight layers"
	groups    = "weaker amplification: records are assigned to as many groups as there are bands and a step samples from one of them"
	benchmark = "MLS-Bench, task optimization-dp-sgd"
	abadi     = "Abadi et al. 2016, Deep Learning with Differential Privacy, arXiv:1607.00133"
	andrew    = "Andrew et al. 2021, Differentially Private Learning with Adaptive Clipping, arXiv:1905.03871"
	bu        = "Bu et al. 2023, Automatic Clipping, arXiv:2206.07136"
)

// Families of mechanisms, for forms: those that did best in docs/experiments, the others by what they do.
const (
	recommended       = "Recommended"
	fixedClip         = "Fixed clip"
	adaptiveClip      = "Adaptive clip"
	filteredGradients = "Filtered gradients"
	shapedNoise       = "Correlated noise, curvature"
	withAdam          = "With Adam"
	madeSound         = "The benchmark's, made sound"
)

// Parameters that several mechanisms share.
var (
	countNoise = number("count_noise", "noise of each count (0: a twentieth of the batch)", 0, 0, 1e6)
	beta       = number("beta", "decay of the moving average", 0.9, 0, 0.9999)
	allocation = choice("allocation", "noise of the layers", "equal", "in proportion to each bound", "least in all")
	gain       = number("gain", "what the optimiser follows is the noised gradient times this", 1, 1e-3, 1e3)
	renewed    = count("every", "steps from one estimate of the curvature to the next (0: an epoch)", 0, 0, dp.MaxSteps)
	images     = count("images", "pink-noise images in an estimate", 128, 16, 1<<14)
	kappa      = number("kappa", "gain of the filter: weight of the newest gradient", 0.7, 0.01, 0.99)
)

// catalogue holds every mechanism with what it pays. Why each is sound follows from what it is made of:
//
//   - fixed bounds, normalisation and schedules know nothing of the data: the plan charges each step's noise multiplier,
//     and the engine scales noise to the joint sensitivity of the bounds in use, so that any bounds do;
//   - adaptive bounds are functions of noised counts that the plan charges together with the gradient, and change only
//     after the step whose batch was counted: to the next step they are public;
//   - noise allocated by layer keeps the sum of squared bound over deviation, which is all that the cost depends on;
//   - gradients at several points are combined per record before the one clip: the bound holds for the combination;
//   - correlated noise is accounted for as its matrix mechanism with one participation in each b steps;
//   - filters, gains, optimisers and averages of the model are functions of what was released.
var catalogue = []Mechanism{
	{
		Name: "fixed", Kind: Clipping, Family: recommended, Title: "Fixed clip (DP-SGD)", Paper: abadi, Pays: nothing,
		Summary: "Every gradient longer than the clip norm is shortened to it, then noise is added to the sum.",
		Params:  []Param{gain},
		build:   func(b *builder) error { return b.fixed(clip.Rule{}) },
	},
	{
		Name: "auto-s", Kind: Clipping, Family: fixedClip, Title: "Automatic clipping, AUTO-S", Paper: bu, Pays: nothing,
		Summary: "Every gradient g is scaled by C/(|g| + gamma), so that the clip norm needs no tuning.",
		Params:  []Param{number("gamma", "stabiliser, in units of the gradient norm", 0.01, 0, 100), gain},
		build: func(b *builder) error {
			return b.fixed(clip.Rule{Kind: clip.Normalise, Gamma: b.get("gamma")})
		},
	},
	{
		Name: "auto-v", Kind: Clipping, Family: fixedClip, Title: "Automatic clipping, AUTO-V", Paper: bu, Pays: nothing,
		Summary: "Every gradient is scaled to length C exactly, long or short.",
		Params:  []Param{gain},
		build:   func(b *builder) error { return b.fixed(clip.Rule{Kind: clip.Normalise}) },
	},
	{
		Name: "normalised", Kind: Clipping, Family: fixedClip, Title: "Gradient normalisation", Pays: nothing,
		Paper:   "Das, Hashemi, Sanghavi and Dhillon 2021, On the Convergence of Differentially Private Federated Learning on Non-Lipschitz Objectives, and with Normalized Client Updates, arXiv:2106.07094",
		Summary: "Every gradient is scaled to length 1 whatever the clip norm; learning rate and gain alone set the step.",
		Params:  []Param{gain},
		build: func(b *builder) error {
			b.ClipNorm = 1
			return b.fixed(clip.Rule{Kind: clip.Normalise})
		},
	},
	{
		Name: "psac", Kind: Clipping, Family: recommended, Title: "Per-sample adaptive clipping, PSAC", Pays: nothing,
		Paper:   "Xia et al. 2023, Differentially Private Learning with Per-Sample Adaptive Clipping, arXiv:2212.00328",
		Summary: "Scales by C/(|g| + r/(|g| + r)): like normalisation, but very short gradients do not dominate.",
		Params:  []Param{number("r", "where short gradients begin", 0.1, 1e-6, 100), gain},
		build:   func(b *builder) error { return b.fixed(clip.Rule{Kind: clip.PSAC, R: b.get("r")}) },
	},
	{
		Name: "per-layer", Kind: Clipping, Family: fixedClip, Title: "Fixed clip per layer", Pays: nothing,
		Paper:   "McMahan et al. 2018, Learning Differentially Private Recurrent Language Models, arXiv:1710.06963, Section 3",
		Summary: "Each layer's gradient has its own bound; noise follows their joint length.",
		Params:  []Param{allocation, gain},
		build: func(b *builder) error {
			if err := b.fixed(clip.Rule{Grouping: clip.PerLayer}); err != nil {
				return err
			}
			return b.allocation(int(b.get("allocation")))
		},
	},
	{
		Name: "quantile", Kind: Clipping, Family: adaptiveClip, Title: "Adaptive clip (noised quantile)", Paper: andrew, Pays: oneCount,
		Summary: "The clip norm follows a quantile of the gradient norms, found by noisy counting after each step.",
		Params:  append(quantileParams(0.2, 0.01, 100), gain),
		build:   func(b *builder) error { return b.adaptive(clip.Global) },
	},
	{
		Name: "quantile-layer", Kind: Clipping, Family: adaptiveClip, Title: "Adaptive clip per layer", Paper: andrew, Pays: perLayer,
		Summary: "Each layer's bound follows a quantile of that layer's norms, found by noisy counting after each step.",
		Params:  append(quantileParams(0.1, 0.01, 10), allocation, gain),
		build: func(b *builder) error {
			if err := b.adaptive(clip.PerLayer); err != nil {
				return err
			}
			return b.allocation(int(b.get("allocation")))
		},
	},
	{
		Name: "bandmf", Kind: Clipping, Family: recommended, Title: "Correlated noise (DP-BandMF)",
		Paper:   "Choquette-Choo et al. 2023, (Amplified) Banded Matrix Factorization, arXiv:2306.08153; strategy: Kalinin and Lampert 2024, arXiv:2405.13763",
		Pays:    groups,
		Summary: "The noise of a step partly cancels that of the steps before it, so that less of it adds up in the model.",
		Params:  []Param{count("bands", "bands (0: the number with the least noise in the model)", 0, 0, dp.MaxBands), gain},
		build: func(b *builder) error {
			if err := b.fixed(clip.Rule{}); err != nil {
				return err
			}
			return b.correlated(int(b.get("bands")), 1, (*iterates).bestStrategy)
		},
	},
	{
		Name: "cloister", Kind: Clipping, Family: recommended, Title: "Cloister's own: geometric noise, whitened gradients",
		Paper:   "this project, docs/mechanism.md; from Choquette-Choo et al. 2023, arXiv:2306.08153, Kalinin et al. 2026, arXiv:2601.22334, and Molina Van den Bosch et al. 2026, DP-KFC, arXiv:2605.13418",
		Pays:    groups,
		Summary: "Each step takes back most of the last one's noise, and gradients are evened out by a curvature estimated without data, so that longer steps pay.",
		Params: []Param{
			count("bands", "bands (0: about as many as leave the least noise in the model)", 0, 0, dp.MaxBands),
			number("clip", "clip bound, times the clip norm", 1, 1e-3, 1e3),
			number("gain", "what the optimiser follows is the noised gradient times this (0: by the noise)", 0, 0, 1e3),
			number("longer", "the same beside it, for layers that a normalisation follows", 8, 1e-3, 1e3),
			number("damping", "added to each curvature factor, times its mean eigenvalue (0: no whitening)", 1, 0, 1e3),
			renewed, images,
		},
		build: buildCloister,
	},
	{
		Name: "dp-lambda-cgd", Kind: Clipping, Family: shapedNoise, Title: "Each step takes back a share of the last one's noise (DP-λCGD)",
		Paper:   "Kalinin et al. 2026, DP-lambda-CGD, arXiv:2601.22334; cut to bands for the sampling of Choquette-Choo et al. 2023, arXiv:2306.08153",
		Pays:    groups,
		Summary: "A step subtracts a fixed share of the noise of the step before. It remembers the normals of two steps and no more.",
		Params:  []Param{count("bands", "bands (0: about as many as leave the least noise in the model)", 0, 0, dp.MaxBands), gain},
		build: func(b *builder) error {
			if err := b.fixed(clip.Rule{}); err != nil {
				return err
			}
			return b.geometric()
		},
	},
	{
		Name: "dp-kfc", Kind: Clipping, Family: shapedNoise, Title: "Whitened gradients (DP-KFC)",
		Paper:   "Molina Van den Bosch et al. 2026, DP-KFC, arXiv:2605.13418",
		Pays:    nothing,
		Summary: "Gradients are evened out by a curvature that is estimated from pink noise, clipped and noised in that space, and followed there.",
		Params: []Param{
			number("damping", "added to each curvature factor, times its mean eigenvalue", 1e-3, 1e-6, 1e3),
			renewed, images, gain,
		},
		build: func(b *builder) error {
			b.whiten()
			return b.fixed(clip.Rule{})
		},
	},
	{
		Name: "disk", Kind: Clipping, Family: filteredGradients, Title: "Kalman-filtered gradients (DiSK)", Pays: "nothing in privacy; a second gradient a step in time, unless gamma = (1 - kappa)/kappa",
		Paper:   "Zhang et al. 2024, DiSK, arXiv:2410.03883, Algorithm 2",
		Summary: "Gradients here and a little ahead are combined before clipping, and a filter predicts each from the last.",
		Params:  []Param{kappa, number("gamma", "how far ahead, in steps", 0.5, 0.01, 100)},
		build: func(b *builder) error {
			b.policy.lookahead = newLookahead(b.get("kappa"), b.get("gamma"), b.Coordinates())
			b.filter(newAverage(1-b.get("kappa"), fromFirst, b.Coordinates()))
			return b.fixed(clip.Rule{})
		},
	},
	{
		Name: "dp-adam", Kind: Clipping, Family: withAdam, Title: "DP-Adam", Pays: nothing, Optimizer: "adam",
		Paper:   abadi + " with Kingma and Ba 2015, arXiv:1412.6980",
		Summary: "Fixed clip, with Adam following the noised gradients.",
		build:   func(b *builder) error { return b.fixed(clip.Rule{}) },
	},
	{
		Name: "dp-adam-bc", Kind: Clipping, Family: withAdam, Title: "DP-AdamBC", Pays: nothing, Optimizer: "adambc",
		Paper:   "Tang et al. 2023, DP-AdamBC, arXiv:2312.14334; its floor gamma' under the corrected second moment is a constant, here it is 1 % of the noise's own second moment",
		Summary: "Adam whose second moment has the known variance of the noise taken off it. Takes no filter, which would change that variance.",
		build:   func(b *builder) error { return b.fixed(clip.Rule{}) },
	},
	{
		Name: "noise-decay", Kind: Clipping, Family: madeSound, Title: "Noise decay (sound)", Paper: benchmark, Pays: nothing,
		Summary: "In four stages noise multiplier and clip norm fall together; the first is calibrated to the whole schedule.",
		Params:  []Param{count("stages", "stages", 4, 1, 100), number("sigma_factor", "noise multiplier, per stage", 0.8, 0.1, 1), number("clip_factor", "clip norm, per stage", 0.85, 0.1, 1)},
		build: func(b *builder) error {
			b.noise(stageCurve(&b.Setting, int(b.get("stages")), b.get("sigma_factor")))
			b.decay(stageCurve(&b.Setting, int(b.get("stages")), b.get("clip_factor")), "stages", "clip_factor")
			return b.fixed(clip.Rule{})
		},
	},
	{
		Name: "alds", Kind: Clipping, Family: madeSound, Title: "ALDS (sound)", Paper: benchmark, Pays: perLayer,
		Summary: "Layer bounds follow noised medians under a shrinking joint limit, with less noise each epoch.",
		Params:  []Param{number("rate", "speed of the bounds", 0.1, 0, 2), number("sigma_factor", "noise multiplier, per epoch", 0.85, 0.1, 1), number("limit_factor", "joint limit, per epoch", 0.9, 0.1, 1), countNoise},
		build:   buildALDS,
	},
	{
		Name: "amc-ns", Kind: Clipping, Family: madeSound, Title: "AMC-NS (sound)", Paper: benchmark, Pays: perLayer,
		Summary: "Layer bounds follow noised medians, noise falls linearly, and the gradient is averaged over steps.",
		Params:  []Param{number("rate", "speed of the bounds", 0.2, 0, 2), number("sigma_end", "last noise multiplier over the first", 0.3, 0.05, 1), beta, allocation, countNoise},
		build:   buildAMCNS,
	},
	{
		Name: "alc-mvr", Kind: Clipping, Family: madeSound, Title: "ALC-MVR, first draft (sound)", Paper: benchmark, Pays: oneCount,
		Summary: "The clip norm follows the noised median and shrinks with the epochs; a moving average starts from the first gradient.",
		Params:  mvrParams,
		build:   func(b *builder) error { return buildALCMVR(b, fromFirst) },
	},
	{
		Name: "alc-mvr-2", Kind: Clipping, Family: madeSound, Title: "ALC-MVR, second draft (sound)", Paper: benchmark, Pays: oneCount,
		Summary: "The same, with a moving average that starts from zero.",
		Params:  mvrParams,
		build:   func(b *builder) error { return buildALCMVR(b, fromZero) },
	},
	{
		Name: "ac-van", Kind: Clipping, Family: madeSound, Title: "AC-VAN (sound)", Paper: benchmark, Pays: oneCount,
		Summary: "The clip norm follows the noised median; its steadiness factor, which no bounded query can give, is left out.",
		Params:  []Param{number("rate", "speed of the bound", 0.2, 0, 2), beta, countNoise},
		build: func(b *builder) error {
			b.quantile(b.get("rate"), 0.5, 0.1, 10)
			b.filter(newAverage(b.get("beta"), fromZero, b.Coordinates()))
			return nil
		},
	},
	{
		Name: "alc-nd", Kind: Clipping, Family: madeSound, Title: "ALC-ND (sound)", Paper: benchmark, Pays: perLayer,
		Summary: "Layer bounds follow noised medians; bounds and noise fall in four stages.",
		Params:  []Param{number("rate", "speed of the bounds", 0.1, 0, 2), number("sigma_factor", "noise multiplier, per stage", 0.8, 0.1, 1), number("clip_factor", "bounds, per stage", 0.85, 0.1, 1), allocation, countNoise},
		build:   buildALCND,
	},
	schedule("step", "in stages, by a factor each", []Param{count("stages", "stages", 4, 1, 100), number("factor", "factor per stage", 0.8, 0.1, 10)},
		func(b *builder) []float64 { return stageCurve(&b.Setting, int(b.get("stages")), b.get("factor")) })(NoiseSchedule),
	schedule("step", "in stages, by a factor each", []Param{count("stages", "stages", 4, 1, 100), number("factor", "factor per stage", 0.85, 0.1, 10)},
		func(b *builder) []float64 { return stageCurve(&b.Setting, int(b.get("stages")), b.get("factor")) })(ClipSchedule),
	schedule("exponential", "by a factor each epoch", []Param{number("factor", "factor per epoch", 0.95, 0.5, 2)},
		func(b *builder) []float64 { return epochCurve(&b.Setting, b.get("factor")) })(NoiseSchedule),
	schedule("exponential", "by a factor each epoch", []Param{number("factor", "factor per epoch", 0.95, 0.5, 2)},
		func(b *builder) []float64 { return epochCurve(&b.Setting, b.get("factor")) })(ClipSchedule),
	schedule("linear", "on a straight line", endParam, func(b *builder) []float64 { return linearCurve(&b.Setting, b.get("end")) })(NoiseSchedule),
	schedule("linear", "on a straight line", endParam, func(b *builder) []float64 { return linearCurve(&b.Setting, b.get("end")) })(ClipSchedule),
	schedule("cosine", "along half a cosine", endParam, func(b *builder) []float64 { return cosineCurve(&b.Setting, b.get("end")) })(NoiseSchedule),
	schedule("cosine", "along half a cosine", endParam, func(b *builder) []float64 { return cosineCurve(&b.Setting, b.get("end")) })(ClipSchedule),
	schedule("list", "by a list of values, one for each of equally long stages", listParams, listValues)(NoiseSchedule),
	schedule("list", "by a list of values, one for each of equally long stages", listParams, listValues)(ClipSchedule),
	{
		Name: "momentum", Kind: Filtering, Title: "Momentum", Pays: post, Paper: "Polyak 1964; free post-processing of released gradients",
		Summary: "The optimiser follows a moving average of the noised gradients, which is too short at first.",
		Params:  []Param{beta},
		build: func(b *builder) error {
			b.filter(newAverage(b.get("beta"), fromZero, b.Coordinates()))
			return nil
		},
	},
	{
		Name: "momentum-corrected", Kind: Filtering, Title: "Momentum with bias correction", Pays: post, Paper: "Kingma and Ba 2015, arXiv:1412.6980, Section 3",
		Summary: "A moving average of the noised gradients, scaled so that it has full length from the first step.",
		Params:  []Param{beta},
		build: func(b *builder) error {
			b.filter(newAverage(b.get("beta"), corrected, b.Coordinates()))
			return nil
		},
	},
	{
		Name: "doppler", Kind: Filtering, Title: "Low-pass filter (DOPPLER)", Pays: post,
		Paper:   "Zhang et al. 2024, DOPPLER, arXiv:2408.13460, Algorithm 1",
		Summary: "A recursive filter keeps the slow part of the gradients, where the signal is, and drops the fast part, which is noise.",
		Params:  []Param{number("a1", "feedback coefficient, 0 or below", -0.9, -0.9999, 0), number("b0", "weight of the newest gradient", 0.05, 1e-4, 1), number("b1", "weight of the one before", 0.05, 0, 1)},
		build: func(b *builder) error {
			b.filter(newLowPass(b.get("a1"), b.get("b0"), b.get("b1"), b.Coordinates()))
			return nil
		},
	},
	{
		Name: "paced", Kind: Filtering, Title: "Steps as long as the noise allows", Pays: post,
		Paper:   "this project",
		Summary: "Scales the noised gradients so that all noise of the run adds up to one learning rate in each parameter, whatever N, epsilon and steps are.",
		build: func(b *builder) error {
			if b.design.Spec.Strategy != nil {
				return errors.New("correlated noise cancels: what it adds up to is another matter; set the learning rate instead")
			}
			b.filter(newPace(&b.Setting))
			return nil
		},
	},
	{
		Name: "average-ema", Kind: Parameters, Title: "Moving average of the model", Pays: post,
		Paper:   "De et al. 2022, Unlocking High-Accuracy Differentially Private Image Classification through Scale, arXiv:2204.13650",
		Summary: "What is evaluated and kept is a moving average of the parameters.",
		Params:  []Param{number("decay", "decay a step", 0.999, 0, 0.99999)},
		build: func(b *builder) error {
			b.design.Averaging = newEMAParams(b.get("decay"), b.Setting.Params())
			return nil
		},
	},
	{
		Name: "average-tail", Kind: Parameters, Title: "Average of the last models", Pays: post,
		Paper:   "Polyak and Juditsky 1992; Jain et al. 2018, arXiv:1610.03774",
		Summary: "What is evaluated and kept is the mean of the parameters over the end of the run.",
		Params:  []Param{number("share", "share of the run that is averaged", 0.25, 0.001, 1)},
		build: func(b *builder) error {
			k := max(1, int(b.get("share")*float64(b.Steps)))
			b.design.Averaging = newTailParams(b.Steps, k, b.Setting.Params())
			return nil
		},
	},
}
