package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// noiseReport is the time of drawing mnist-cnn's noise, 26,010 standard normals, in milliseconds.
type noiseReport struct {
	Normals int     `json:"normals"`
	Native  float64 `json:"nativeMs"`
	Tab     float64 `json:"tabMs"`
}

var benchmarkLine = regexp.MustCompile(`(?m)^BenchmarkNormals26010\S*\s+\d+\s+([0-9.]+) ns/op`)

// measureNoise runs dp's own benchmark, natively and in headless Chromium: what draws noise is dp's alone.
func measureNoise(ctx context.Context, root string) (noiseReport, error) {
	r := noiseReport{Normals: 26010}
	var err error
	if r.Native, err = benchmark(ctx, root, nil, nil); err != nil {
		return r, err
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return r, fmt.Errorf("bench: go env GOROOT: %w", err)
	}
	// The browser's Go runtime has room for a small environment only.
	inTab := fmt.Sprintf("env -i 'PATH=%s' 'HOME=%s' %s tool wasmbrowsertest",
		filepath.Join(root, "tools/browser")+":"+os.Getenv("PATH"), os.Getenv("HOME"), filepath.Join(strings.TrimSpace(string(goroot)), "bin/go"))
	r.Tab, err = benchmark(ctx, root, []string{"GOOS=js", "GOARCH=wasm"}, []string{"-exec", inTab})
	return r, err
}

// benchmark is the median of five runs, in milliseconds.
func benchmark(ctx context.Context, root string, env, flags []string) (float64, error) {
	args := append([]string{"test", "-run", "^$", "-bench", "^BenchmarkNormals26010$", "-benchtime", "300x", "-count", "5"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./dp")...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	lines := benchmarkLine.FindAllStringSubmatch(said.String(), -1)
	if err != nil || len(lines) == 0 {
		return 0, fmt.Errorf("bench: dp's benchmark of normals: %w\n%s", err, said.String())
	}
	var ms []float64
	for _, line := range lines {
		ns, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			return 0, fmt.Errorf("bench: %q: %w", line[0], err)
		}
		ms = append(ms, ns/1e6)
	}
	return median(ms), nil
}
