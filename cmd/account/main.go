// Command account is the privacy accountant on a terminal.
//
//	account epsilon -delta 1e-5 -segments "1.1:0.004:5000;0.9:0.004:5000"
//	account delta   -epsilon 3  -segments "1.1:0.004:5000"
//	account sigma   -epsilon 3 -delta 1e-5 -segments "?:0.004:5000"
//	account curve   -delta 1e-5 -segments "1.1:0.004:5000"
//	account verify  [-model model.onnx] certificate.json
//
// A segment is sigma:q:steps: noise multiplier, Poisson sampling rate, number of steps. Every question takes -json for
// programs. Bad arguments end with status 2 and one line on standard error; a certificate that is refused, with status 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// question answers one subcommand.
type question struct {
	name, does string
	answer     func(a arguments) (answer, error)
}

var questions = []question{
	{"epsilon", "bounds epsilon at -delta", askEpsilon},
	{"delta", "bounds delta at -epsilon", askDelta},
	{"sigma", "finds the least noise for -epsilon at -delta; segments say ?:q:steps, or 0.8*?:q:steps in a schedule", askSigma},
	{"curve", "shows what the best attacker achieves", askCurve},
}

// arguments are the flags shared by all questions.
type arguments struct {
	epsilon, delta, prior float64
	segments              string
	given                 map[string]bool
}

// answer knows how to show itself to people and to programs.
type answer interface {
	table(w io.Writer)
	json() any
}

func run(args []string, stdout, stderr io.Writer) int {
	err := ask(args, stdout)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRefused):
		return 1
	}
	fmt.Fprintf(stderr, "account: %s\n", strings.TrimPrefix(err.Error(), "accountant: "))
	return 2
}

func ask(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to compute: epsilon, delta, sigma, curve or verify (account help explains)")
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		usage(stdout)
		return nil
	}
	if args[0] == "verify" {
		return verify(args[1:], stdout)
	}
	for _, q := range questions {
		if q.name == args[0] {
			return q.ask(args[1:], stdout)
		}
	}
	return fmt.Errorf("unknown question %q: choose epsilon, delta, sigma, curve or verify", args[0])
}

func (q question) ask(args []string, stdout io.Writer) error {
	a := arguments{given: map[string]bool{}}
	flags := flag.NewFlagSet(q.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Float64Var(&a.epsilon, "epsilon", 0, "the privacy budget")
	flags.Float64Var(&a.delta, "delta", 0, "the probability with which the budget may be exceeded")
	flags.Float64Var(&a.prior, "prior", 0.5, "an attacker's belief beforehand that a record was used")
	flags.StringVar(&a.segments, "segments", "", "sigma:q:steps joined by ;")
	asJSON := flags.Bool("json", false, "answer in JSON")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q", q.name, flags.Arg(0))
	}
	flags.Visit(func(f *flag.Flag) { a.given[f.Name] = true })
	result, err := q.answer(a)
	if err != nil {
		return err
	}
	if *asJSON {
		return writeJSON(stdout, result.json())
	}
	result.table(stdout)
	return nil
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: account <question> [-epsilon E] [-delta D] [-prior P] -segments \"sigma:q:steps;...\" [-json]")
	for _, q := range questions {
		fmt.Fprintf(w, "  %-8s %s\n", q.name, q.does)
	}
	fmt.Fprintln(w, "usage: account verify [-model FILE] [-json] certificate.json: works a certificate's bounds out anew and says yes or no")
	fmt.Fprintln(w, "Neighbouring data sets: one record more or less. Sampling: Poisson; q = 1 takes every record.")
}
