package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
)

// lab is the bench's page in a tab of its own, with the built site beside it.
type lab struct {
	root string
	site *browser.Site
	tab  *chromium.Tab

	compute string // address of the site's own compute workers' script
}

// openLab builds what the bench alone needs (its page, TF.js, plain Go as wasm) and opens the page.
func openLab(ctx context.Context, log io.Writer) (*lab, error) {
	root, err := chromium.Root()
	if err != nil {
		return nil, err
	}
	if err := buildBench(ctx, root); err != nil {
		return nil, err
	}
	l := &lab{root: root}
	if l.site, err = browser.Serve(); err != nil {
		return nil, err
	}
	if err := l.site.Mount("/bench/", filepath.Join(root, "build/bench")); err != nil {
		l.close()
		return nil, err
	}
	if l.tab, err = chromium.Open(ctx, chromium.Options{Log: log}); err != nil {
		l.close()
		return nil, err
	}
	if err := l.tab.Visit(l.site.URL + "/bench/"); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) close() {
	if l.tab != nil {
		l.tab.Close()
	}
	l.site.Close()
}

// mountSite serves dist/, whose workers are what is measured.
func (l *lab) mountSite(ctx context.Context, log io.Writer) error {
	if err := browser.Build(ctx, l.root, log); err != nil {
		return err
	}
	dist := filepath.Join(l.root, "dist")
	scripts, err := filepath.Glob(filepath.Join(dist, "assets/compute.*.js"))
	if err != nil || len(scripts) != 1 {
		return fmt.Errorf("bench: %s holds %d compute workers' scripts, want 1: run 'make build'", dist, len(scripts))
	}
	l.compute = "/site/assets/" + filepath.Base(scripts[0])
	return l.site.Mount("/site/", dist)
}

// buildBench leaves build/bench/ as cmd/bench/web and cmd/bench/plain say. What npm brings is pinned by the lock file.
func buildBench(ctx context.Context, root string) error {
	web := filepath.Join(root, "cmd/bench/web")
	if _, err := os.Stat(filepath.Join(web, "node_modules")); err != nil {
		if err := browser.Exec(ctx, web, nil, "npm", "ci"); err != nil {
			return err
		}
	}
	if err := browser.Exec(ctx, web, nil, "npm", "run", "build"); err != nil {
		return err
	}
	return browser.Exec(ctx, root, []string{"GOOS=js", "GOARCH=wasm"},
		"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "build/bench/plain.wasm", "./cmd/bench/plain")
}
