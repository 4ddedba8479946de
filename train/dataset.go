package train

import (
	"context"
	"fmt"
	"strings"

	"cloister/data"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/nn"
	"cloister/train/backend"
	"cloister/train/protocol"
)

const shownSamples = 24 // test records shown with their predictions

// Dataset is an open dataset: what is public of it, and where its records are.
type Dataset struct {
	data.Manifest
	Records    Records
	TestLabels []byte
	Samples    []protocol.SampleImage // the first of the public test split

	owners  owners      // whose records are, where persons are protected
	persons *dp.Persons // of the training split; nil where records are protected
	own     bool        // of the person's own

	nobodys   bool            // its records were made up
	public    bool            // all of its records are, as their content shows
	publicity *data.Publicity // while they arrive

	// Collection is what the ledger of the records is called: of a person's own, the collection that they named.
	Collection string

	// Key is where that ledger is: by a public name, which a published set has by its content, so that neighbouring sets share a
	// ledger. A hash of private records would tell whether one of them had changed, which is what the noise hides.
	Key string
}

// OpenDataset fetches or generates the records of a source into a host.
func OpenDataset(ctx context.Context, host Host, src protocol.Source, progress func(protocol.Loading)) (*Dataset, error) {
	switch src.Kind {
	case "digits":
		return generateDigits(ctx, host, data.BuiltInTrain, data.BuiltInTest, progress)
	case "url":
		if src.URL == "" {
			return nil, fmt.Errorf("train: the source names no folder")
		}
		return fetchDataset(ctx, host, host.Fetch(src.URL), nil, progress)
	case "own":
		return openOwn(ctx, host, src, progress)
	case "features":
		return openFeatures(ctx, host, src.Files, progress)
	}
	return nil, fmt.Errorf("train: unknown source of data %q, want digits, url, own or features", src.Kind)
}

// fetchDataset opens a packed dataset. kept are its files where they stay at hand for as long as it is open, so that its values need no copy.
func fetchDataset(ctx context.Context, host Host, fetch data.Fetch, kept []protocol.File, progress func(protocol.Loading)) (*Dataset, error) {
	m, err := data.OpenManifest(ctx, fetch)
	if err != nil {
		return nil, err
	}
	d := newDataset(host, m)
	d.publicity = data.NewPublicity(m)
	state := protocol.Loading{Total: m.PackedBytes(), What: m.Title}
	blobs := map[string]any{}
	for _, f := range kept {
		blobs[f.Name] = f.Blob.Handle
	}
	err = m.EachShard(ctx, fetch, kept != nil, func(shard *data.Shard, records data.Split, at int) error {
		if err := d.addFrom(shard.Split, records, blobs[shard.File], at); err != nil {
			return err
		}
		state.Done += int64(shard.Bytes)
		progress(state)
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.public = d.publicity.Published()
	if b, published := d.publicity.Benchmark(); published {
		d.Collection, d.Key = b.Title, ledger.DataKey([]byte(b.Name))
	} else {
		d.nobodys = d.public // drawn anew, and the same
	}
	if d.persons, err = d.owners.group(m, data.TrainSplit); err == nil {
		_, err = d.owners.group(m, data.TestSplit)
	}
	return d, err
}

func generateDigits(ctx context.Context, host Host, train, test int, progress func(protocol.Loading)) (*Dataset, error) {
	const piece = 1000
	m := data.Digits(1, 0, data.BuiltInSeed).Manifest
	m.TrainRecords, m.TestRecords = train, test
	d := newDataset(host, &m)
	d.public, d.nobodys = true, true // drawn right here
	state := protocol.Loading{Total: int64(train + test), What: m.Title}
	for _, split := range []string{data.TrainSplit, data.TestSplit} {
		records := train
		if split == data.TestSplit {
			records = test
		}
		for from := 0; from < records; from += piece {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			n := min(piece, records-from)
			if err := d.add(split, data.DrawDigits(split, from, n, data.BuiltInSeed)); err != nil {
				return nil, err
			}
			state.Done += int64(n)
			progress(state)
		}
	}
	return d, nil
}

func newDataset(host Host, m *data.Manifest) *Dataset {
	return &Dataset{Manifest: *m, Records: host.NewRecords(m.RecordBytes()), Collection: m.Title, Key: ledger.DataKey([]byte(m.Name))}
}

// add passes records on to their place and keeps what a session needs of them.
func (d *Dataset) add(split string, s data.Split) error { return d.addFrom(split, s, nil, 0) }

// addFrom adds records whose values lie at hand in a blob, from a byte of it on.
func (d *Dataset) addFrom(split string, s data.Split, blob any, at int) error {
	if d.publicity != nil {
		d.publicity.Add(split, s)
	}
	d.owners.add(split, s.Persons)
	records := backend.Records{Values: s.Values, Labels: s.Labels, Blob: blob, At: at}
	if split == data.TrainSplit {
		return d.Records.Append(backend.Train, records)
	}
	d.TestLabels = append(d.TestLabels, s.Labels...)
	for i := 0; d.TestPublic && d.Kind == data.Image && !d.Float() && i < s.Len() && len(d.Samples) < shownSamples; i++ {
		pixels := s.Values[i*d.RecordBytes() : (i+1)*d.RecordBytes()]
		d.Samples = append(d.Samples, protocol.SampleImage{Pixels: append([]byte(nil), pixels...), Label: int(s.Labels[i])})
	}
	return d.Records.Append(backend.Test, records)
}

// Published tells whether all records are public, those to train on too. Their content decides, whatever is said of them.
func (d *Dataset) Published() bool { return d.public }

// Info is what the page is told.
func (d *Dataset) Info() *protocol.DatasetInfo {
	return &protocol.DatasetInfo{
		Name: d.Name, Title: d.Title, Channels: d.Channels, Height: d.Height, Width: d.Width,
		Classes: d.Classes, Train: d.TrainRecords, Test: d.TestRecords, TestPublic: d.TestPublic,
		Kind: d.Kind, Unit: d.Unit, Units: units(&d.Manifest, data.TrainSplit), Own: d.own, Nobodys: d.nobodys, Collection: d.Collection,
		Provenance: d.Provenance, Encoder: d.Encoder(), Samples: d.Samples, Models: d.models(), Presets: presets(d), Replay: d.replay(),
	}
}

// models are the names of the networks that fit the records' shape.
func (d *Dataset) models() []string {
	var fit []string
	for _, name := range nn.Names() {
		if d.Kind == data.Vector && strings.HasSuffix(name, "-cnn") {
			continue // cells and channels are not rows and columns of a picture
		}
		for _, form := range []string{name, name + "-tanh"} {
			c := protocol.Config{Model: form}
			if d.Kind == data.Vector && strings.Contains(form, "-cnn") {
				continue // neighbours in a vector of features are none
			}
			if _, err := network(&c, &d.Manifest); err == nil {
				fit = append(fit, form)
			}
		}
	}
	return fit
}
