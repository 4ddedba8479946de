package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"cloister/cmd/chromium"
)

// machine is what figures were measured on.
type machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	System  string `json:"system"`
	Go      string `json:"go"`
	Browser string `json:"browser"`
	Load    string `json:"load"` // the system's load averages when the measurement began
}

func describeMachine(tab *chromium.Tab) (machine, error) {
	version, err := tab.Version()
	return machine{CPU: processor(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Browser: version, Load: load()}, err
}

// processor is the name that Linux knows; elsewhere the architecture has to do. Virtual machines hide the model's
// number, so the family's and the model's identifiers follow.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if fields["model name"] == "" {
		return runtime.GOARCH
	}
	return fmt.Sprintf("%s (family %s, model %s)", fields["model name"], fields["cpu family"], fields["model"])
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, %s, load averages %s", m.CPU, m.Cores, m.System, m.Browser, m.Go, m.Load)
}

// machineOf starts a browser to ask its version.
func machineOf(ctx context.Context) (machine, error) {
	tab, err := chromium.Open(ctx, chromium.Options{})
	if err != nil {
		return machine{}, err
	}
	defer tab.Close()
	return describeMachine(tab)
}
