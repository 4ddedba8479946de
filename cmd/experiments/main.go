// Command experiments trains mechanism x dataset x seed through the page, in headless Chromium, as docs/experiments says,
// from where it left off. What is run is dist/, so build it first: make build. "experiments forecast" measures the table of what to
// expect of a run, natively; "experiments simulate" tells how long a large sweep takes. Runs go through a queue, which other machines may join.
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
	"cloister/cmd/experiments/queue"
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
	if len(args) > 0 && args[0] == "simulate" {
		return simulate(args[1:], log)
	}
	flags := flag.NewFlagSet("experiments", flag.ContinueOnError)
	dir := flags.String("dir", "docs/experiments", "`folder` of setting-*.json, published.json and results.json")
	data := flags.String("data", "dist/data", "`folder` of the packed datasets")
	only := flags.String("only", "", "runs whose key begins so, as in \"a/mnist/\"; several with commas")
	list := flags.Bool("list", false, "list what is missing and run nothing")
	limit := flags.Duration("for", 0, "begin no run after this time; 0 for no limit")
	atOnce := flags.Int("at-once", 1, "`runs` at the same time, each with an equal part of the processors; with -queue, 0 leaves them to other machines")
	native := flags.Bool("native", false, "run outside of a browser, each on one processor")
	url := flags.String("queue", "", "`address` of a NATS server with JetStream whose queue any number of machines work on, as nats://host:4222; a server within this process without it")
	work := flags.Bool("work", false, "take runs from the queue and do nothing else: for further machines")
	watch := flags.Bool("watch", false, "tell how far the queue is and do nothing else")
	credentials := flags.String("credentials", "", "`file` of a NATS user's credentials")
	ca := flags.String("ca", "", "`file` of the authority that signed the server's certificate; the system's without it")
	cert := flags.String("cert", "", "`file` of a client certificate")
	key := flags.String("key", "", "`file` of its key")
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
	if *url == "" && (*work || *watch) {
		fmt.Fprintln(log, "experiments: -work and -watch need a -queue")
		return errArguments
	}
	if *atOnce < 0 || *atOnce == 0 && (*url == "" || *work) || *atOnce > runtime.NumCPU() {
		fmt.Fprintf(log, "experiments: %d runs at once on %d processors\n", *atOnce, runtime.NumCPU())
		return errArguments
	}
	l := &laboratory{dir: *dir, data: *data, atOnce: *atOnce, native: *native, log: log}
	l.carryOut = l.run
	l.queue = queue.Options{URL: *url, Credentials: *credentials, CA: *ca, Cert: *cert, Key: *key}
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
	if *watch {
		return l.watch(ctx)
	}
	if !l.native && l.atOnce > 0 {
		if err := browser.Build(ctx, l.root, log); err != nil {
			return err
		}
	}
	if *work {
		return l.onlyWork(ctx)
	}
	if err := l.runAll(ctx); err != nil {
		return err
	}
	return l.list(out)
}
