// Command experiments trains mechanism x dataset x seed through the page, in headless Chromium, as docs/experiments says,
// from where it left off. What is run is dist/, so build it first: make build. "experiments forecast" measures the table of what to
// expect of a run, natively.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"cloister/cmd/browser"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errArguments):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errArguments = errors.New("experiments: bad arguments")

func command(ctx context.Context, args []string, out, log io.Writer) error {
	if len(args) > 0 && args[0] == "forecast" {
		return forecast(ctx, args[1:], log)
	}
	flags := flag.NewFlagSet("experiments", flag.ContinueOnError)
	dir := flags.String("dir", "docs/experiments", "`folder` of setting-*.json, published.json and results.json")
	data := flags.String("data", "dist/data", "`folder` of the packed datasets")
	only := flags.String("only", "", "runs whose key begins so, as in \"a/mnist/\"; several with commas")
	list := flags.Bool("list", false, "list what is missing and run nothing")
	limit := flags.Duration("for", 0, "begin no run after this time; 0 for no limit")
	atOnce := flags.Int("at-once", 1, "`runs` at the same time, each with an equal part of the processors")
	native := flags.Bool("native", false, "run outside of a browser, each on one processor")
	flags.SetOutput(log)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errArguments
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(log, "experiments: unexpected argument %q\n", flags.Arg(0))
		return errArguments
	}
	if *atOnce < 1 || *atOnce > runtime.NumCPU() {
		fmt.Fprintf(log, "experiments: %d runs at once on %d processors\n", *atOnce, runtime.NumCPU())
		return errArguments
	}
	l := &laboratory{dir: *dir, data: *data, atOnce: *atOnce, native: *native, log: log}
	if *only != "" {
		l.only = strings.Split(*only, ",")
	}
	if *limit > 0 {
		l.until = time.Now().Add(*limit)
	}
	if err := l.open(); err != nil {
		return err
	}
	if *list {
		return l.list(out)
	}
	if !l.native {
		if err := browser.Build(ctx, l.root, log); err != nil {
			return err
		}
	}
	if err := l.runAll(ctx); err != nil {
		return err
	}
	return l.list(out)
}
