// Pack turns raw files into the blobs that the page loads: a manifest and shards, in a folder under dist/data.
//
//	pack -download mnist -out dist/data/mnist           fetch a benchmark from its home, check it, pack it
//	pack -in ../raw/mnist -out dist/data/mnist          pack files that are already here: IDX or CIFAR-10 binary, plain or .gz
//	pack -in photographs.zip -out dist/data/pets -json  pack pictures, recordings or a table of one's own: a file, a folder or a ZIP
//	pack -in fsdd-mp3.tar -out dist/data/fsdd -test '*_[0-4].mp3' -test-public
//	                                                    pack recordings, with the split that their publisher made
//	pack -features dist/data/pets -mirrored -out dist/data/pets-features
//	                                                    pack fixed features of a packed dataset
//	pack -show 7 dist/data/pets                         print a record
//	pack -digits 20000 -out dist/data/digits            pack the built-in handwriting-like digits
//
// The three benchmarks are recognised by their records. Own data is described by flags. What cannot be read is left out and listed;
// where nothing is left, one line says why and nothing is written.
package main

import (
	"context"
	"encoding/json"
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
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(1)
	}
}

// order is what a person asked for.
type order struct {
	in, download, out, format, mirror, rawDir string
	digits, testDigits                        int
	seed                                      uint64
	features                                  string
	mirrored                                  bool
	json                                      bool
	show                                      int
	description
	own
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	var o order
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is one line
	flags.StringVar(&o.in, "in", "", "file, folder or ZIP to pack: pictures, recordings, a table, or raw files of a benchmark")
	flags.StringVar(&o.download, "download", "", "benchmark to fetch and pack: "+strings.Join(benchmarkNames(), ", "))
	flags.IntVar(&o.digits, "digits", 0, "number of built-in training digits to draw and pack")
	flags.IntVar(&o.testDigits, "test-digits", 4000, "with -digits: number of test digits")
	flags.Uint64Var(&o.seed, "seed", 1, "with -digits: seed of the pictures")
	flags.StringVar(&o.out, "out", "", "folder to write, created if need be; the page offers those in dist/data")
	flags.StringVar(&o.format, "format", "auto", "with -in: idx, cifar10 or auto")
	flags.StringVar(&o.mirror, "mirror", "", "with -download: address to fetch from instead of the benchmark's homes")
	flags.StringVar(&o.rawDir, "raw", "datasets", "with -download: folder that keeps the raw files")
	flags.StringVar(&o.features, "features", "", "packed folder of pictures or recordings whose fixed features to pack")
	flags.BoolVar(&o.mirrored, "mirrored", false, "with -features: a picture's mirror image keeps its meaning (of pets it does, of digits it does not)")
	flags.BoolVar(&o.json, "json", false, "print what was packed as JSON")
	flags.IntVar(&o.show, "show", -1, "print the record of this number, from 0, of the packed folder that follows")
	o.description.flags(flags)
	o.own.flags(flags)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(log)
		flags.PrintDefaults()
		return err
	} else if err != nil {
		return fmt.Errorf("pack: %w (see -help)", err)
	}
	if o.show != -1 && flags.NArg() == 1 {
		return show(ctx, o.show, flags.Arg(0), out)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("pack: unknown argument %q", flags.Arg(0))
	}
	if err := o.check(); err != nil {
		return err
	}
	report, err := o.pack(ctx, log)
	if err != nil {
		return err
	}
	if err := updateIndex(ctx, o.out); err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(out).Encode(report)
	}
	fmt.Fprintf(log, "%s: %s, %d training and %d test records of %v, %d classes\n", o.out, report.Kind, report.Train, report.Test, report.Shape, len(report.Classes))
	for _, s := range report.Skipped {
		fmt.Fprintf(log, "left out: %s: %s\n", s.File, s.Reason)
	}
	return nil
}

// pack packs into a folder of its own first, reads that as the page will, and moves it to where it was asked for.
func (o *order) pack(ctx context.Context, log io.Writer) (*report, error) {
	to, err := newStaging(o.out)
	if err != nil {
		return nil, err
	}
	defer to.discard()
	r, err := o.dataset(ctx, to, func(format string, args ...any) { fmt.Fprintf(log, format+"\n", args...) })
	if err != nil {
		return nil, err
	}
	if err := check(ctx, to.dir); err != nil {
		return nil, fmt.Errorf("pack: reading back what was packed: %w", err)
	}
	return r, to.publish(o.out)
}

// check reads a packed dataset, shard by shard.
func check(ctx context.Context, dir string) error {
	m, err := data.OpenManifest(ctx, data.FromDir(dir))
	for i := 0; err == nil && i < len(m.Shards); i++ {
		_, err = m.FetchShard(ctx, data.FromDir(dir), i)
	}
	return err
}

func (o *order) check() error {
	sources := 0
	for _, asked := range []bool{o.in != "", o.download != "", o.digits != 0, o.features != ""} {
		if asked {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("pack: want one of -in, -download, -digits and -features (see -help)")
	case o.out == "":
		return errors.New("pack: want -out, the folder to write")
	case o.format != "auto" && o.format != "idx" && o.format != "cifar10":
		return fmt.Errorf("pack: -format %q: want idx, cifar10 or auto", o.format)
	case o.digits < 0 || o.testDigits < 0:
		return errors.New("pack: -digits and -test-digits cannot be negative")
	}
	return o.checkFeatures()
}

// maxDigits keeps a dataset within what a page can load.
const maxDigits = data.MaxDatasetBytes / (28*28 + 1)

func (o *order) dataset(ctx context.Context, to *staging, tell func(string, ...any)) (*report, error) {
	switch {
	case o.digits > 0:
		if o.digits > maxDigits || o.testDigits > maxDigits-o.digits {
			return nil, fmt.Errorf("pack: %d + %d digits: at most %d fit", o.digits, o.testDigits, maxDigits)
		}
		return packWhole(data.Digits(o.digits, o.testDigits, o.seed), nil, to)
	case o.features != "":
		return o.packFeatures(ctx, to, tell)
	case o.in != "":
		return o.packOwn(ctx, to)
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
	if err := newDownloader(tell).download(ctx, set, homes, dir); err != nil {
		return nil, err
	}
	o.in, o.format = dir, set.format
	return o.packOwn(ctx, to)
}
