// Pack turns raw files into the blobs that the page loads: a manifest and shards, in a folder under dist/data.
//
//	pack -download mnist -out dist/data/mnist           fetch a benchmark from its home, check it, pack it
//	pack -in ../raw/mnist -out dist/data/mnist          pack files that are already here: IDX or CIFAR-10 binary, plain or .gz
//	pack -digits 20000 -out dist/data/digits            pack the built-in handwriting-like digits
//
// The three benchmarks are recognised by their checksums. Own data is described by flags: -name, -classes, -mean, -std.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"cloister/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// order is what a person asked for.
type order struct {
	in, download, out, format, mirror, rawDir string
	digits, testDigits                        int
	seed                                      uint64
	description
}

func run(ctx context.Context, args []string, log io.Writer) error {
	var o order
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&o.in, "in", "", "folder of raw files to pack")
	flags.StringVar(&o.download, "download", "", "benchmark to fetch and pack: "+strings.Join(benchmarkNames(), ", "))
	flags.IntVar(&o.digits, "digits", 0, "number of built-in training digits to draw and pack")
	flags.IntVar(&o.testDigits, "test-digits", 4000, "with -digits: number of test digits")
	flags.Uint64Var(&o.seed, "seed", 1, "with -digits: seed of the pictures")
	flags.StringVar(&o.out, "out", "", "folder to write, created if need be; the page offers those in dist/data")
	flags.StringVar(&o.format, "format", "auto", "with -in: idx, cifar10 or auto")
	flags.StringVar(&o.mirror, "mirror", "", "with -download: address to fetch from instead of the benchmark's homes")
	flags.StringVar(&o.rawDir, "raw", "datasets", "with -download: folder that keeps the raw files")
	o.description.flags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("pack: unknown argument %q", flags.Arg(0))
	}
	if err := o.check(); err != nil {
		return err
	}
	ds, err := o.dataset(ctx, func(format string, args ...any) { fmt.Fprintf(log, format+"\n", args...) })
	if err != nil {
		return err
	}
	if err := write(ctx, o.out, ds, log); err != nil {
		return err
	}
	return updateIndex(ctx, o.out)
}

func (o *order) check() error {
	sources := 0
	for _, asked := range []bool{o.in != "", o.download != "", o.digits != 0} {
		if asked {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("pack: want one of -in, -download and -digits (see -help)")
	case o.out == "":
		return errors.New("pack: want -out, the folder to write")
	case o.format != "auto" && o.format != "idx" && o.format != "cifar10":
		return fmt.Errorf("pack: -format %q: want idx, cifar10 or auto", o.format)
	case o.digits < 0 || o.testDigits < 0:
		return errors.New("pack: -digits and -test-digits cannot be negative")
	}
	return nil
}

// maxDigits keeps a dataset within what a page can load.
const maxDigits = data.MaxDatasetBytes / (28*28 + 1)

func (o *order) dataset(ctx context.Context, report func(string, ...any)) (*data.Dataset, error) {
	switch {
	case o.digits > 0:
		if o.digits > maxDigits || o.testDigits > maxDigits-o.digits {
			return nil, fmt.Errorf("pack: %d + %d digits: at most %d fit", o.digits, o.testDigits, maxDigits)
		}
		return data.Digits(o.digits, o.testDigits, o.seed), nil
	case o.in != "":
		return importRaw(o.in, o.format, o.description)
	}
	set, ok := benchmarkByName(o.download)
	if !ok {
		return nil, fmt.Errorf("pack: -download %q: want one of %s", o.download, strings.Join(benchmarkNames(), ", "))
	}
	homes := set.homes
	if o.mirror != "" {
		homes = []string{o.mirror}
	}
	dir := filepath.Join(o.rawDir, set.name)
	if err := newDownloader(report).download(ctx, set, homes, dir); err != nil {
		return nil, err
	}
	return importRaw(dir, set.format, o.description)
}

// write packs the dataset and reads it back as the page will.
func write(ctx context.Context, dir string, ds *data.Dataset, log io.Writer) error {
	if err := data.Write(dir, ds); err != nil {
		return err
	}
	packed, err := data.Open(ctx, data.FromDir(dir), nil)
	if err != nil {
		return fmt.Errorf("pack: reading back %s: %w", dir, err)
	}
	fmt.Fprintf(log, "%s: %s, %d training and %d test records of %dx%dx%d, %d classes, %d shards, %d bytes\n", dir, packed.Title,
		packed.TrainRecords, packed.TestRecords, packed.Channels, packed.Height, packed.Width, len(packed.Classes), len(packed.Shards), packed.PackedBytes())
	return nil
}
