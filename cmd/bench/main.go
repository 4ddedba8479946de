// Command bench measures Cloister in headless Chromium: the compiled step against the machine and against others, the
// accountant, and a whole training run through the page.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

const usage = `usage: go run ./cmd/bench COMMAND [flags]

  step         samples a second of the compiled step, against this core's peak, plain Go and TF.js
  account      milliseconds of the accountant, natively and in a tab
  import       records a second of a table and of pictures in a ZIP, natively, and the heap that they take
  mechanism    what mechanisms cost: whole runs through the page, by turns
  train        a whole run through the page: seconds, accuracy, memory

Each command explains its flags with -h. All but import measure dist/, so build it first: make build.
`

// command is one measurement. Progress goes to log, results to out.
type command func(ctx context.Context, args []string, out, log io.Writer) error

var commands = map[string]command{"step": stepCommand, "account": accountCommand, "import": importCommand, "mechanism": mechanismCommand, "train": trainCommand}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// dispatch runs a command and returns the exit status: 2 for arguments that make no sense, 1 for a failure.
func dispatch(ctx context.Context, args []string, out, log io.Writer) int {
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(log, usage)
		return 2
	}
	err := commands[args[0]](ctx, args[1:], out, log)
	switch {
	case err == nil || err == flag.ErrHelp:
		return 0
	case err == errArguments:
		return 2
	}
	fmt.Fprintln(log, err)
	return 1
}

var errArguments = fmt.Errorf("bench: bad arguments")

// parse reads a command's flags; what is wrong with them has been said when it returns an error.
func parse(flags *flag.FlagSet, args []string, log io.Writer) error {
	flags.SetOutput(log)
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return err
		}
		return errArguments
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(log, "bench %s: unexpected argument %q\n", flags.Name(), flags.Arg(0))
		return errArguments
	}
	return nil
}
