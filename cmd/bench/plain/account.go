//go:build js

package main

import "cloister/cmd/bench/accounting"

// account times the accountant as it runs in a tab.
func account(runs int) ([]accounting.Timing, error) { return accounting.Measure(runs) }
