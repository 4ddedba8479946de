package train

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cloister/data"
	"cloister/nn"
	"cloister/train/protocol"
)

// testManifest describes 1000 records of 1x28x28.
func testManifest() *data.Manifest {
	m := data.Digits(1, 0, 1).Manifest
	m.TrainRecords = 1000
	return &m
}

func TestValidateNamesTheField(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	huge := uint64(1 << 60)
	for name, c := range map[string]struct {
		change func(*protocol.Config)
		want   string
	}{
		"unknown model":    {func(c *protocol.Config) { c.Model = "resnet" }, `Model is "resnet", want one of logistic`},
		"model too large":  {func(c *protocol.Config) { c.Model = "" }, "Model"},
		"epsilon 0":        {func(c *protocol.Config) { c.Epsilon = 0 }, "Epsilon (ε) is 0"},
		"epsilon negative": {func(c *protocol.Config) { c.Epsilon = -1 }, "Epsilon (ε) is -1"},
		"epsilon NaN":      {func(c *protocol.Config) { c.Epsilon = nan }, "Epsilon (ε) is NaN"},
		"epsilon infinite": {func(c *protocol.Config) { c.Epsilon = inf }, "Epsilon (ε) is +Inf"},
		"delta 0":          {func(c *protocol.Config) { c.Delta = 0 }, "Delta (δ) is 0"},
		"delta 1":          {func(c *protocol.Config) { c.Delta = 1 }, "Delta (δ) is 1"},
		"delta NaN":        {func(c *protocol.Config) { c.Delta = nan }, "Delta (δ) is NaN"},
		"delta over 1/N":   {func(c *protocol.Config) { c.Delta = 1e-3 }, "less than 1/1000"},
		"epochs 0":         {func(c *protocol.Config) { c.Epochs = 0 }, "Epochs is 0"},
		"epochs NaN":       {func(c *protocol.Config) { c.Epochs = nan }, "Epochs is NaN"},
		"epochs infinite":  {func(c *protocol.Config) { c.Epochs = inf }, "Epochs is +Inf"},
		"epochs too many":  {func(c *protocol.Config) { c.Epochs = 1e7 }, "Epochs is 10000000"},
		"batch 0":          {func(c *protocol.Config) { c.BatchSize = 0 }, "Batch size is 0"},
		"batch over N":     {func(c *protocol.Config) { c.BatchSize = 1001 }, "Batch size is 1001, want 1 to 1000 records"},
		"clip NaN":         {func(c *protocol.Config) { c.ClipNorm = nan }, "Clip norm is NaN"},
		"clip 0":           {func(c *protocol.Config) { c.ClipNorm = 0 }, "Clip norm is 0"},
		"rate NaN":         {func(c *protocol.Config) { c.LearningRate = nan }, "Learning rate is NaN"},
		"rate negative":    {func(c *protocol.Config) { c.LearningRate = -1 }, "Learning rate is -1"},
		"momentum 1":       {func(c *protocol.Config) { c.Momentum = 1 }, "Momentum is 1"},
		"momentum NaN":     {func(c *protocol.Config) { c.Momentum = nan }, "Momentum is NaN"},
		"workers":          {func(c *protocol.Config) { c.Workers = -1 }, "Workers is -1"},
		"optimizer":        {func(c *protocol.Config) { c.Optimizer = "lion" }, `Optimiser is "lion", want one of sgd`},
		"schedule":         {func(c *protocol.Config) { c.Schedule = "" }, "Rate schedule is "},
		"seed":             {func(c *protocol.Config) { c.Seed = &huge }, "Seed is"},
	} {
		c1 := quick()
		c.change(&c1)
		err := Validate(&c1, testManifest())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "train: ") {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
	good := quick()
	if err := Validate(&good, testManifest()); err != nil {
		t.Error(err)
	}
}

// The mechanism's name and parameters are checked before anything is charged.
func TestUnknownMechanismIsRefused(t *testing.T) {
	b := newBench(t, 500, 10)
	for _, m := range []protocol.Mechanism{{Name: "magic"}, {Name: "quantile", Params: map[string]float64{"rate": math.NaN()}}, {Name: "fixed", Params: map[string]float64{"nothing": 1}}} {
		c := quick()
		c.Mechanism = m
		if s, err := b.try(c, nil); err == nil {
			s.Close()
			t.Errorf("%+v: no error", m)
		}
	}
	if runs := b.ledger(t).Runs(); len(runs) != 0 {
		t.Errorf("refused runs are in the ledger: %+v", runs)
	}
}

// The benchmark counts floor(N/B) steps an epoch: 234 of 256 on 60,000 records, 1,170 in five epochs.
func TestStepsAreTheBenchmarks(t *testing.T) {
	c := benchmark("mnist-cnn", 60000)
	if total, perEpoch := c.Steps(60000); total != 1170 || perEpoch != 234 {
		t.Errorf("%d steps, %d an epoch", total, perEpoch)
	}
	c = benchmark("cifar-cnn", 50000)
	if total, perEpoch := c.Steps(50000); total != 5850 || perEpoch != 195 {
		t.Errorf("%d steps, %d an epoch", total, perEpoch)
	}
}

func TestPresetsAreValid(t *testing.T) {
	for _, records := range []int{1, 50, 1000, 60000, 400_000} {
		d := &Dataset{Manifest: *testManifest()}
		d.TrainRecords = records
		all := presets(d)
		for _, model := range d.models() {
			base := strings.TrimSuffix(model, "-tanh")
			if records >= 1000 && !slices.ContainsFunc(all, func(p protocol.Preset) bool { return strings.TrimSuffix(p.Config.Model, "-tanh") == base }) {
				t.Errorf("%d records: no preset for %s", records, base)
			}
		}
		for _, p := range all {
			if err := Validate(&p.Config, &d.Manifest); err != nil {
				t.Errorf("%d records, %s: %v", records, p.Title, err)
			}
		}
	}
}

// Settings say all that a form needs, in limits that hold for every preset, and know what package nn knows.
func TestSettingsAreWhole(t *testing.T) {
	fields := map[string]bool{}
	config := reflect.TypeFor[protocol.Config]()
	for i := range config.NumField() {
		name, _, _ := strings.Cut(config.Field(i).Tag.Get("json"), ",")
		fields[name] = true
	}
	keys := map[string]bool{}
	for _, s := range settings {
		if !fields[s.Field] || keys[s.Key] || s.Label == "" || s.Why == "" {
			t.Errorf("setting %+v has no field, no words, or another's key", s)
		}
		delete(fields, s.Field)
		keys[s.Key] = true
		if s.Kind == "number" && !s.Optional && !(s.Min <= s.Default && s.Default <= s.Max) {
			t.Errorf("%s: default %v is outside of %v to %v", s.Key, s.Default, s.Min, s.Max)
		}
	}
	if len(fields) > 0 {
		t.Errorf("fields without a setting: %v", fields)
	}
	for field, known := range map[string][]string{"optimizer": nn.OptimiserNames(), "schedule": nn.ScheduleNames()} {
		for _, name := range known {
			if err := checkChoice(field, name); err != nil {
				t.Error(err)
			}
		}
		if len(setting(field).Choices) != len(known) {
			t.Errorf("%s offers %v, there are %v", field, setting(field).Choices, known)
		}
	}
}
