package main

import (
	"container/heap"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"

	"cloister/cmd/experiments/experiment"
	"cloister/cmd/markdown"
)

// simulate tells how long a sweep takes on some machines that pull runs from one queue: the runs' times are drawn from those that were
// measured, machines are lost now and then, and what they had is begun again elsewhere when patience ends.
func simulate(args []string, log io.Writer) error {
	flags := flag.NewFlagSet("experiments simulate", flag.ContinueOnError)
	flags.SetOutput(log)
	results := flags.String("results", "docs/experiments/results.json", "measured `runs`")
	out := flags.String("out", "docs/experiments/sweep.md", "`file` to write")
	runs := flags.Int("runs", 10_000, "`runs` of the sweep")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil || flags.NArg() > 0 || *runs < 1 {
		return errArguments
	}
	rows, err := experiment.ReadRows(*results)
	if err != nil {
		return err
	}
	var times []time.Duration
	var sum time.Duration
	for _, r := range rows {
		d := time.Duration(r.Wall * float64(time.Second))
		times, sum = append(times, d), sum+d
	}
	if len(times) == 0 {
		return fmt.Errorf("experiments: %s has no runs", *results)
	}
	mean := sum / time.Duration(len(times))
	d := &markdown.Document{}
	d.Line("# How long a large sweep takes")
	d.Line("Written by `go run ./cmd/experiments simulate`. Simulated, not run: %s runs, each as long as one that was measured, drawn at random from the %d of %s (%.0f s on average; "+
		"the longest %.0f s), on machines like the one that measured them, each with one run at a time. They pull from one queue, so that none waits while there is something to do.",
		markdown.Whole(*runs), len(times), filepath.Base(*results), mean.Seconds(), longest(times).Seconds())
	d.Line("In the last two columns a machine is lost after 24 hours on average, without a word, and another takes its place at once; what it ran is begun again a minute later, when the queue's patience ends.")
	d.Row("machines", "hours", "times as fast", "idle, %", "hours, machines lost", "runs begun twice")
	one := 0.0
	for _, machines := range []int{1, 10, 100, 1000} {
		whole, _ := sweepTime(times, *runs, machines, 0)
		broken, again := sweepTime(times, *runs, machines, 24*time.Hour)
		hours := whole.Hours()
		if machines == 1 {
			one = hours
		}
		d.Row(markdown.Whole(machines), fmt.Sprintf("%.1f", hours), fmt.Sprintf("%.1f", one/hours), fmt.Sprintf("%.1f", 100*(1-one/hours/float64(machines))), fmt.Sprintf("%.1f", broken.Hours()), markdown.Whole(again))
	}
	return d.WriteFile(*out)
}

func longest(times []time.Duration) (most time.Duration) {
	for _, d := range times {
		most = max(most, d)
	}
	return most
}

// patience is that of queue.Options as it is usually.
const patience = time.Minute

// sweepTime simulates a sweep: when the last run is done, and how many runs were begun again because their machine was lost. The times of the runs are
// the same for any number of machines. life is how long a machine lasts on average; 0: for ever.
func sweepTime(times []time.Duration, runs, machines int, life time.Duration) (end time.Duration, again int) {
	drawn, lost := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(2, 2))
	free := make(clock, machines) // when each machine takes its next run
	for range runs {
		d := times[drawn.IntN(len(times))]
		at := free[0]
		if life > 0 {
			for { // memoryless: how long a machine is there already says nothing
				left := time.Duration(lost.ExpFloat64() * float64(life))
				if left >= d {
					break
				}
				at += left + patience
				again++
			}
		}
		free[0] = at + d
		end = max(end, free[0])
		heap.Fix(&free, 0)
	}
	return end, again
}

// clock is a heap of times.
type clock []time.Duration

func (c clock) Len() int           { return len(c) }
func (c clock) Less(i, j int) bool { return c[i] < c[j] }
func (c clock) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *clock) Push(any)          { panic("experiments: machines do not come and go") }
func (c *clock) Pop() any          { panic("experiments: machines do not come and go") }
