package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
)

// policyFile is the content-security policy of the site, in its root. The same text stands as <meta> in every page: the
// server has no policy of its own, so that the two cannot differ.
const policyFile = "csp.txt"

// readPolicy refuses a folder without a policy: a page of this site must never be served unprotected.
func readPolicy(root fs.FS) (string, error) {
	file, err := root.Open(policyFile)
	if err != nil {
		return "", fmt.Errorf("%w: is this a built site? (make build)", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil {
		return "", err
	}
	policy := strings.TrimSpace(string(text))
	if !strings.HasPrefix(policy, "default-src 'none';") {
		return "", fmt.Errorf("%s: want a policy that begins with default-src 'none'", policyFile)
	}
	if strings.ContainsFunc(policy, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%s: want a single line of ASCII", policyFile)
	}
	return policy, nil
}

// secure sets what every answer carries, an error's too.
func secure(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", permissions("()"))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// permissions are what a page may ask a person for: nothing, but that a picture is taken and a sound recorded where a model can be asked
// about them.
func permissions(devices string) string {
	return "camera=" + devices + ", microphone=" + devices + ", geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), display-capture=(), browsing-topics=()"
}

// trainingPage is the page that uses them.
const trainingPage = "train.html"
