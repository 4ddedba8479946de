package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"cloister/cmd/browser"
	"cloister/cmd/chromium"
	"cloister/cmd/markdown"
)

// pageImport is how fast the page reads one file, from the moment that it is given until it could be trained on.
type pageImport struct {
	importRow
	LongestTask float64 `json:"longestTaskMs"` // of the page's main thread; 0: none of 50 ms or more
	LongestWork float64 `json:"longestWorkMs"` // that a task took of a processor, which other work on the machine does not lengthen; likewise
	Work        string  `json:"longestWork,omitempty"`
	TabPeak     float64 `json:"tabPeakMB"` // private memory of the tab, sampled
}

// panelState is what the panel's buttons and words say; a file is in when the second button is shown.
const panelState = `(() => {
	const [read, use] = document.querySelectorAll(".own-act button");
	const fault = document.querySelector("#own .problem");
	return {read: !read.hidden && !read.disabled, done: !use.hidden, words: document.getElementById("own-words").innerText, fault: fault.hidden ? "" : fault.innerText, label: !!document.getElementById("own-label")};
})()`

// stateLabel states the label of a table, and the bounds of the columns before it.
const stateLabel = `(() => {
	const set = (e, value) => { e.value = value; e.dispatchEvent(new Event("change")); };
	document.querySelectorAll("[id$=-low]").forEach((e) => set(e, "0"));
	document.querySelectorAll("[id$=-high]").forEach((e) => set(e, "1"));
})()`

// importInPage measures the files that there are.
func importInPage(ctx context.Context, files []importRow, asJSON bool, out, log io.Writer) error {
	root, err := chromium.Root()
	if err != nil {
		return err
	}
	if err := browser.Build(ctx, root, log); err != nil {
		return err
	}
	var all []pageImport
	for _, f := range files {
		if f.path == "" {
			continue
		}
		info, err := os.Stat(f.path)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		fmt.Fprintf(log, "the page reads a %s ...\n", f.What)
		row, err := measureInPage(ctx, root, f.path, log)
		if err != nil {
			return err
		}
		row.What, row.MB = f.What, float64(info.Size())/1e6
		row.PerSec = float64(row.Records) / row.Seconds
		fmt.Fprintf(log, "%d records in %.1f s, longest task %.0f ms, of which it worked %.0f ms (%s), tab at most %.0f MB\n", row.Records, row.Seconds, row.LongestTask, row.LongestWork, row.Work, row.TabPeak)
		all = append(all, row)
	}
	if asJSON {
		return printJSON(out, all)
	}
	d := &markdown.Document{}
	d.Line("Reading in the page, in headless Chromium: from the file picker to records that can be trained on.")
	d.Row("what", "records", "MB", "seconds", "records a second", "longest task of the main thread, ms", "most work in one, ms", "tab, MB at most")
	for _, r := range all {
		d.Row(r.What, strconv.Itoa(r.Records), markdown.Figure(r.MB), markdown.Figure(r.Seconds), markdown.Figure(r.PerSec), markdown.Figure(r.LongestTask), markdown.Figure(r.LongestWork), markdown.Figure(r.TabPeak))
	}
	return d.Write(out)
}

// measureInPage gives the page a file as a person would, by its file picker, in a browser of its own.
func measureInPage(ctx context.Context, root, path string, log io.Writer) (row pageImport, err error) {
	site, err := browser.Serve()
	if err != nil {
		return row, err
	}
	defer site.Close()
	if err := site.Mount("/", filepath.Join(root, "dist")); err != nil {
		return row, err
	}
	tab, err := chromium.Open(ctx, chromium.Options{Log: log})
	if err != nil {
		return row, err
	}
	defer tab.Close()
	if err := tab.Before(`window.longest = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longest = Math.max(window.longest, e.duration); }).observe({ type: "longtask" });`); err != nil {
		return row, err
	}
	if err := tab.Visit(site.URL + "/train.html"); err != nil {
		return row, err
	}
	if err := tab.Await(`(async () => { while (document.getElementById("train").disabled) await new Promise((go) => setTimeout(go, 50)); window.longest = 0; })()`, nil); err != nil {
		return row, err
	}
	tasks, err := tab.Tasks(50*time.Millisecond, func() error { return giveFile(tab, path, &row) })
	if err != nil {
		return row, err
	}
	if len(tasks) > 0 {
		row.LongestWork, row.Work = float64(tasks[0].Processor.Milliseconds()), tasks[0].What
	}
	return row, tab.Await("window.longest", &row.LongestTask)
}

// giveFile gives the page a file, states what it asks about a table, and has it read.
func giveFile(tab *chromium.Tab, path string, row *pageImport) error {
	type state struct {
		Read, Done, Label bool
		Words, Fault      string
	}
	until := func(what string, ready func(state) bool) (s state, err error) {
		for deadline := time.Now().Add(15 * time.Minute); ; {
			if err := tab.Await(panelState, &s); err != nil {
				return s, err
			}
			if memory, err := tab.Memory(); err == nil {
				row.TabPeak = max(row.TabPeak, float64(memory)/1e6)
			}
			if ready(s) {
				return s, nil
			}
			if s.Fault != "" || time.Now().After(deadline) {
				return s, fmt.Errorf("bench: %s: waiting for %s the page said %q %q", path, what, s.Words, s.Fault)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	start := time.Now()
	if err := chromedp.Run(tab.Context, chromedp.SetUploadFiles("#own-files", []string{path}, chromedp.ByQuery)); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	s, err := until("a look", func(s state) bool { return s.Read || s.Label })
	if err == nil && s.Label {
		for _, script := range []string{
			`(() => { const e = document.getElementById("own-label"); e.value = "label"; e.dispatchEvent(new Event("change")); })()`,
			`(async () => { while (!document.querySelector("[id$=-low]") || document.getElementById("own-column-9")) await new Promise((go) => setTimeout(go, 50)); })()`,
			stateLabel,
		} {
			if err := tab.Await(script, nil); err != nil {
				return err
			}
		}
		_, err = until("bounds", func(s state) bool { return s.Read })
	}
	if err != nil {
		return err
	}
	if err := tab.Click(`document.querySelector(".own-act button")`); err != nil {
		return err
	}
	if s, err = until("the records", func(s state) bool { return s.Done }); err != nil {
		return err
	}
	row.Seconds = time.Since(start).Seconds()
	count, _, _ := strings.Cut(s.Words, " ")
	if row.Records, err = strconv.Atoi(strings.ReplaceAll(count, ",", "")); err != nil {
		return fmt.Errorf("bench: %s: the page says %q", path, s.Words)
	}
	return nil
}
