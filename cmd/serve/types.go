package main

import (
	"path"
	"regexp"
)

// A kind is what the server knows of a file by its extension.
type kind struct {
	mime     string
	compress bool // text or code: worth compressing ahead of time
}

// Types are stated here rather than taken from the machine, whose table may lack WebAssembly or call scripts plain text.
var kinds = map[string]kind{
	".html":        {"text/html; charset=utf-8", true},
	".css":         {"text/css; charset=utf-8", true},
	".js":          {"text/javascript; charset=utf-8", true},
	".mjs":         {"text/javascript; charset=utf-8", true},
	".json":        {"application/json", true},
	".map":         {"application/json", true},
	".txt":         {"text/plain; charset=utf-8", true},
	".md":          {"text/markdown; charset=utf-8", true},
	".csv":         {"text/csv; charset=utf-8", true},
	".xml":         {"application/xml", true},
	".svg":         {"image/svg+xml", true},
	".webmanifest": {"application/manifest+json", true},
	".wasm":        {"application/wasm", true},
	".blob":        {"application/octet-stream", true},
	".msgp":        {"application/octet-stream", true},
	".png":         {"image/png", false},
	".jpg":         {"image/jpeg", false},
	".jpeg":        {"image/jpeg", false},
	".webp":        {"image/webp", false},
	".ico":         {"image/x-icon", false},
	".woff2":       {"font/woff2", false},
	".mp3":         {"audio/mpeg", false},
	".pdf":         {"application/pdf", false},
}

func kindOf(name string) kind {
	if k, ok := kinds[path.Ext(name)]; ok {
		return k
	}
	return kind{mime: "application/octet-stream"}
}

// hashedName matches name.0123abcd.ext: such a name belongs to one content for ever.
var hashedName = regexp.MustCompile(`\.[0-9a-f]{8,64}\.[a-z0-9]+$`)

func cachePolicy(name string) string {
	if hashedName.MatchString(name) {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache" // kept, but asked for again by its ETag
}
