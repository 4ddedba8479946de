// Package pagetest drives the built site in Chromium, as a person would. Run it through make test-page: it needs dist/,
// and skips, loudly, where there is no browser or no built site.
package pagetest
