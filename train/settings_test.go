//go:build !js

package train

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// The page's form, its addresses and its checks are made from this table before the trainer is there to tell it.
func TestPageHasTheSettings(t *testing.T) {
	const file = "../static/src/settings/table.json"
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(settings); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("static/src/settings/table.json is stale (%v): run UPDATE=1 go test ./train -run TestPageHasTheSettings", err)
	}
}
