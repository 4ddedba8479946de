// Command board writes what the site's leaderboard shows, from docs/experiments.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"cloister/cmd/experiments/experiment"
)

func main() {
	dir := flag.String("dir", "docs/experiments", "`folder` of setting-*.json, published.json and results.json")
	out := flag.String("out", "build/leaderboard.json", "`file` to write")
	flag.Parse()
	if err := write(*dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir, out string) error {
	plans, err := experiment.Load(dir)
	if err != nil {
		return err
	}
	rows, err := experiment.ReadRows(filepath.Join(dir, "results.json"))
	if err != nil {
		return err
	}
	published, err := experiment.ReadPublished(filepath.Join(dir, "published.json"))
	if err != nil {
		return err
	}
	board, err := experiment.MakeBoard(plans, rows, published)
	if err != nil {
		return err
	}
	text, err := json.Marshal(board)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return experiment.WriteFile(out, text)
}
