package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"cloister/data"
	"cloister/data/bundle"
)

// Formats of datasets that were published or packed, rather than dropped by whoever owns their pictures.
const (
	Packed = "packed"  // by this program
	IDX    = "idx"     // MNIST's
	CIFAR  = "cifar10" // CIFAR-10's binary version
)

// Raw is a dataset in a format of its own.
type Raw struct {
	Format      string
	train, test []bundle.File // of IDX, images and labels; of CIFAR-10, batches; of a packed one, all files
}

// FindRaw looks for a dataset by the names that publishers give files; format "" means any. It returns nil where there is none: then it
// is for Propose to say what the files are.
func FindRaw(files []bundle.File, format string) (*Raw, error) {
	any := format == ""
	if any || format == Packed {
		manifest := commonFolder(files) + data.ManifestFile // an output among other files is not what those are
		for _, f := range files {
			if f.Name == manifest {
				return &Raw{Format: Packed, train: files}, nil
			}
		}
	}
	if any || format == IDX {
		train := append(find(files, "train-images?idx3-ubyte"), find(files, "train-labels?idx1-ubyte")...)
		if len(train) == 2 {
			images := append(find(files, "t10k-images?idx3-ubyte"), find(files, "test-images?idx3-ubyte")...)
			labels := append(find(files, "t10k-labels?idx1-ubyte"), find(files, "test-labels?idx1-ubyte")...)
			if len(images) != len(labels) || len(images) > 1 {
				return nil, fmt.Errorf("intake: want one file of test images and one of test labels, found %d and %d", len(images), len(labels))
			}
			return &Raw{IDX, train, append(images, labels...)}, nil
		}
	}
	if any || format == CIFAR {
		var batches []bundle.File
		for _, f := range files { // of a batch that is there twice, the better file
			if ok, _ := path.Match("data_batch_*.bin", path.Base(f.Name)); ok && find(files, path.Base(f.Name))[0].Name == f.Name {
				batches = append(batches, find(files, path.Base(f.Name))[0])
			}
		}
		slices.SortFunc(batches, func(a, b bundle.File) int { return strings.Compare(path.Base(a.Name), path.Base(b.Name)) })
		batches = slices.CompactFunc(batches, func(a, b bundle.File) bool { return path.Base(a.Name) == path.Base(b.Name) })
		if len(batches) > 0 {
			return &Raw{CIFAR, batches, find(files, "test_batch.bin")}, nil
		}
	}
	return nil, nil
}

// find is the file of a pattern, if there is one: of several, such as one that was unpacked beside its .gz, the largest plain one that
// holds anything.
func find(files []bundle.File, pattern string) []bundle.File {
	var best []bundle.File
	for _, f := range files {
		if ok, _ := path.Match(pattern, path.Base(f.Name)); !ok || f.Size == 0 {
			continue
		}
		if len(best) == 0 || f.Size > best[0].Size {
			best = []bundle.File{f}
		}
	}
	return best
}

// Read reads the dataset. What is recognised by its records as a published one gets that one's description; other raw files
// get the one that is stated, without shape and counts, and a packed one keeps its own.
func (r *Raw) Read(ctx context.Context, stated func() (data.Manifest, error)) (*data.Dataset, error) {
	if r.Format == Packed {
		return r.open(ctx)
	}
	train, shape, err := r.split(r.train)
	if err != nil {
		return nil, err
	}
	test, testShape, err := r.split(r.test)
	if err != nil {
		return nil, err
	}
	if test.Len() > 0 && testShape != shape {
		return nil, fmt.Errorf("intake: test images are %dx%d, training images %dx%d", testShape[1], testShape[2], shape[1], shape[2])
	}
	ds := &data.Dataset{Train: train, Test: test, Manifest: data.Manifest{
		Type: data.Uint8, Channels: shape[0], Height: shape[1], Width: shape[2], TrainRecords: train.Len(), TestRecords: test.Len(),
	}}
	publicity := data.NewPublicity(&ds.Manifest)
	publicity.Add(data.TrainSplit, train)
	publicity.Add(data.TestSplit, test)
	described, ok := publicity.Benchmark()
	if !ok {
		if described, err = stated(); err != nil {
			return nil, err
		}
		described.Kind, described.Type, described.Unit = data.Image, data.Uint8, data.UnitRecord
		described.Channels, described.Height, described.Width = shape[0], shape[1], shape[2]
		described.TrainRecords, described.TestRecords = train.Len(), test.Len()
	}
	ds.Manifest = described
	return ds, ds.Validate()
}

func (r *Raw) split(files []bundle.File) (records data.Split, shape [3]int, err error) {
	if len(files) == 0 {
		return records, shape, nil
	}
	readers, names := make([]io.Reader, len(files)), make([]string, len(files))
	for i, f := range files {
		names[i] = path.Base(f.Name)
		in, err := f.Open()
		if err != nil {
			return records, shape, fmt.Errorf("intake: %s: %w", f.Name, err)
		}
		defer in.Close()
		readers[i] = in
	}
	if r.Format == IDX {
		shape[0] = 1
		records, shape[1], shape[2], err = data.ImportIDX(readers[0], readers[1])
	} else {
		shape = [3]int{3, 32, 32}
		records, err = data.ImportCIFAR10(readers...)
	}
	if err != nil {
		err = fmt.Errorf("intake: %q: %w", names, err)
	}
	return records, shape, err
}

// open opens a packed dataset from the folder that its manifest lies in.
func (r *Raw) open(ctx context.Context) (*data.Dataset, error) {
	byName := map[string]bundle.File{}
	folder := commonFolder(r.train)
	for _, f := range r.train {
		byName[f.Name] = f
	}
	return data.Open(ctx, func(_ context.Context, name string) (io.ReadCloser, error) {
		f, ok := byName[folder+name]
		if !ok {
			return nil, errors.New("not there")
		}
		return f.Open()
	}, nil)
}
