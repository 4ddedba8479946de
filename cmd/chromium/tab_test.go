package chromium

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestPrivateBytes(t *testing.T) {
	status := "Name:\tchromium\nVmRSS:\t  300 kB\nRssAnon:\t     100 kB\nRssFile:\t 200 kB\nVmSwap:\t 7 kB\nThreads:\t9\n"
	if got, err := privateBytes(status); err != nil || got != 107<<10 {
		t.Errorf("%d, %v, want %d", got, err, 107<<10)
	}
	for _, bad := range []string{"", "RssAnon:\t100 kB\n", strings.ReplaceAll(status, "100", "x")} {
		if got, err := privateBytes(bad); err == nil {
			t.Errorf("%q gave %d", bad, got)
		}
	}
}

const testPage = `data:text/html,<button style="margin:2000px 0" onclick="this.textContent='pressed'">press</button>`

func TestTab(t *testing.T) {
	if !Installed() {
		t.Skip("no Chromium: 'make browser' installs it")
	}
	var log strings.Builder
	tab, err := Open(t.Context(), Options{Width: 360, Height: 500, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if err := tab.Before("globalThis.early = innerWidth; console.log('hello', 1)"); err != nil {
		t.Fatal(err)
	}
	if err := tab.Visit(testPage); err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := tab.Call("(async (a, b) => a.x + b + early)", &sum, map[string]int{"x": 40}, 2); err != nil || sum != 402 {
		t.Errorf("%d, %v, want 402", sum, err)
	}
	if err := tab.Await("Promise.reject(new Error('no way'))", nil); err == nil || !strings.Contains(err.Error(), "no way") {
		t.Errorf("error %v", err)
	}
	var text string
	if err := tab.Click(`document.querySelector("button")`); err != nil {
		t.Error(err)
	}
	if err := tab.Await(`document.querySelector("button").textContent`, &text); err != nil || text != "pressed" {
		t.Errorf("after a click the button says %q, %v", text, err)
	}
	if err := tab.Await("new Promise((go) => { setTimeout(() => { setTimeout(go); throw new Error('nobody catches'); }); })", nil); err != nil {
		t.Error(err)
	}
	if p := tab.Problems(); len(p) != 1 || !strings.Contains(p[0], "nobody catches") {
		t.Errorf("problems %q", p)
	}
	if !strings.Contains(log.String(), "console.log: hello 1\n") {
		t.Errorf("logged %q", log.String())
	}
	if runtime.GOOS == "linux" {
		if m, err := tab.Memory(); err != nil || m < 1<<20 || m > 4<<30 {
			t.Errorf("memory %d, %v", m, err)
		}
	}
	if version, err := tab.Version(); err != nil || !strings.Contains(version, "/") {
		t.Errorf("version %q, %v", version, err)
	}
}

// A task that works is found with how long, one that waits is not.
func TestTasks(t *testing.T) {
	if !Installed() {
		t.Skip("no Chromium: 'make browser' installs it")
	}
	tab, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if err := tab.Visit(testPage); err != nil {
		t.Fatal(err)
	}
	tasks, err := tab.Tasks(100*time.Millisecond, func() error {
		return tab.Await(`new Promise((go) => setTimeout(function busy() { for (let i = 0, x = 0; i < 3e8; i++) x += i; setTimeout(go, 300); }, 10))`, nil)
	})
	if err != nil || len(tasks) == 0 || tasks[0].Processor < 100*time.Millisecond || !strings.Contains(tasks[0].What, "busy") {
		t.Errorf("tasks %+v, %v", tasks, err)
	}
}
