package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloister/cmd/experiments/experiment"
	"cloister/data"
	"cloister/train"
	"cloister/train/protocol"
)

// forecast measures what train.Expect tells: the preset of a model, trained privately on the first N of the shuffled records of a
// public set or a generated table, for each N and epsilon that has no row yet. It trains natively, the smallest sets first, and
// keeps the file up to date.
func forecast(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("experiments forecast", flag.ContinueOnError)
	flags.SetOutput(log)
	file := flags.String("file", "train/expect.json", "the `table`")
	folder := flags.String("data", "dist/data", "`folder` of the packed datasets")
	sets := flags.String("sets", "mnist,fashion-mnist,fsdd,"+strings.Join(tableNames(), ","), "packed `datasets`, whose test records must be public, or generated tables")
	models := flags.String("models", "logistic,mlp", "`models`; what does not fit is left out")
	sizes := flags.String("n", "100,300,1000,3000,10000,30000,60000", "training `records`")
	epsilons := flags.String("epsilon", "0.5,1,3,8", "`budgets`")
	seeds := flags.Int("seeds", 2, "`runs` of each, with subsets and noise of their own")
	limit := flags.Duration("for", 0, "begin no run after this time; 0 for no limit")
	batch := flags.Float64("batch", 0, "try this `share` of the records as a batch instead of the preset's, and write nothing")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil || flags.NArg() > 0 {
		return errArguments
	}
	ns, err := numbers(*sizes)
	if err != nil {
		return err
	}
	budgets, err := numbers(*epsilons)
	if err != nil {
		return err
	}
	f := &forecaster{file: *file, log: log, batch: *batch}
	if err := f.read(); err != nil {
		return err
	}
	start := time.Now()
	slices.Sort(ns)
	for _, n := range ns {
		for _, name := range strings.Split(*sets, ",") {
			for seed := range *seeds {
				for _, model := range strings.Split(*models, ",") {
					for _, epsilon := range budgets {
						if *limit > 0 && time.Since(start) > *limit {
							return nil
						}
						if err := f.measure(ctx, filepath.Join(*folder, name), train.Measured{Data: name, Model: model, Records: int(n), Epsilon: epsilon, Seed: uint64(seed)}); err != nil {
							return fmt.Errorf("experiments: %s, %s, %v records, epsilon %v: %w", name, model, n, epsilon, err)
						}
					}
				}
			}
		}
	}
	return nil
}

func numbers(list string) (values []float64, err error) {
	for text := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v > 0) {
			return nil, fmt.Errorf("experiments: %q is not a number above 0", text)
		}
		values = append(values, v)
	}
	return values, nil
}

// forecaster holds the rows, and the set that was opened last.
type forecaster struct {
	file  string
	log   io.Writer
	rows  []train.Measured
	batch float64

	folder string
	whole  *data.Dataset
}

func (f *forecaster) read() error {
	text, err := os.ReadFile(f.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &f.rows)
	}
	return err
}

// write puts one row on a line.
func (f *forecaster) write() error {
	var b bytes.Buffer
	for i, row := range f.rows {
		line, err := json.Marshal(row)
		if err != nil {
			return err
		}
		b.WriteString([]string{"[\n", ",\n"}[min(i, 1)])
		b.Write(line)
	}
	b.WriteString("\n]\n")
	return experiment.WriteFile(f.file, b.Bytes())
}

// open reads a set into memory, or generates it, unless it is there.
func (f *forecaster) open(ctx context.Context, folder string) (err error) {
	if f.folder == folder {
		return nil
	}
	if f.whole = generated(filepath.Base(folder)); f.whole == nil {
		f.whole, err = data.Open(ctx, data.FromDir(folder), nil)
	}
	if err == nil && !(f.whole.TestPublic && f.whole.TestRecords > 0) {
		err = errors.New("its test records are not public")
	}
	f.folder = folder
	return err
}

func (f *forecaster) measure(ctx context.Context, folder string, want train.Measured) error {
	if f.batch == 0 && slices.ContainsFunc(f.rows, want.Same) {
		return nil
	}
	if err := f.open(ctx, folder); err != nil {
		return err
	}
	if want.Records > f.whole.TrainRecords {
		return nil
	}
	got, err := f.train(ctx, want)
	if err != nil || got == nil {
		return err
	}
	fmt.Fprintf(f.log, "%s\t%s\tn %d\tepsilon %v\tseed %d\tbatch %d\t%.4f\n", got.Data, got.Model, got.Records, got.Epsilon, got.Seed, got.BatchSize, got.Accuracy)
	if f.batch != 0 {
		return nil
	}
	f.rows = append(f.rows, *got)
	return f.write()
}

// train runs a trainer as a page would, on a subset in memory.
func (f *forecaster) train(ctx context.Context, want train.Measured) (*train.Measured, error) {
	files := map[string][]byte{}
	if err := data.Pack(subset(f.whole, want.Records, want.Seed), func(name string, file []byte) error {
		files[name] = bytes.Clone(file)
		return nil
	}); err != nil {
		return nil, err
	}
	open := func(_ context.Context, name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[name])), nil
	}
	_, last, err := natively(ctx, open, func(d *protocol.DatasetInfo) *protocol.Config { return f.preset(d, &want) })
	if err != nil || last == nil {
		return nil, err
	}
	want.Accuracy = last.Accuracy
	return &want, nil
}

// preset is the model's, at a budget; nil where the model does not fit.
func (f *forecaster) preset(d *protocol.DatasetInfo, want *train.Measured) *protocol.Config {
	for _, p := range d.Presets {
		if p.Config.Model == want.Model {
			c := p.Config
			c.Epsilon, c.Seed = want.Epsilon, &want.Seed
			if f.batch > 0 {
				c.BatchSize = max(1, int(f.batch*float64(want.Records)))
			}
			want.Kind, want.Classes, want.Delta, want.BatchSize, want.Epochs = f.whole.Kind, len(d.Classes), c.Delta, c.BatchSize, c.Epochs
			if c.FullBatch {
				want.BatchSize = want.Records
			}
			return &c
		}
	}
	return nil
}

// mostTested bounds how many test records are tried: 2,000 tell an accuracy to 1 %.
const mostTested = 2000

// subset takes training records at random, and the first test records.
func subset(whole *data.Dataset, n int, seed uint64) *data.Dataset {
	part := &data.Dataset{Manifest: whole.Manifest}
	part.Name, part.Title, part.Shards = whole.Name+"-part", whole.Title+", part", nil
	size := whole.RecordBytes()
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(whole.TrainRecords)[:n] {
		part.Train.Append(data.Split{Values: whole.Train.Values[i*size : (i+1)*size], Labels: whole.Train.Labels[i : i+1]})
	}
	tested := min(mostTested, whole.TestRecords)
	part.Test = data.Split{Values: whole.Test.Values[:tested*size], Labels: whole.Test.Labels[:tested]}
	part.TrainRecords, part.TestRecords = n, tested
	return part
}
