package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// downloader fetches files, going on where an earlier try stopped.
type downloader struct {
	client *http.Client
	tries  int           // at one home, in a row, that get no further
	pause  time.Duration // between tries
	stall  time.Duration // without a byte, after which a connection is given up
	report func(format string, args ...any)
}

func newDownloader(report func(string, ...any)) *downloader {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	return &downloader{client: &http.Client{Transport: transport}, tries: 5, pause: 2 * time.Second, stall: time.Minute, report: report}
}

// errRefused marks what another try at the same home cannot mend.
var errRefused = errors.New("refused")

// download brings a dataset's raw files into a folder and checks them. What is there and right is not fetched again.
func (d *downloader) download(ctx context.Context, set *published, homes []string, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	for _, r := range set.remote {
		if r.sha256 == "" && haveMembers(dir, set) {
			d.report("%s: its members are here and right", r.file)
			continue
		}
		if err := d.fromAnyHome(ctx, r, homes, dir); err != nil {
			return fmt.Errorf("pack: %s: %w", r.file, err)
		}
		if r.sha256 == "" {
			if err := unpack(filepath.Join(dir, r.file), dir, set); err != nil {
				os.Remove(filepath.Join(dir, r.file)) // it is damaged: do not trip over it again
				return fmt.Errorf("pack: %s: %w", r.file, err)
			}
		}
	}
	return nil
}

func (d *downloader) fromAnyHome(ctx context.Context, r remote, homes []string, dir string) error {
	path := filepath.Join(dir, r.file)
	if checkFile(path, r) == nil {
		d.report("%s: here and right", r.file)
		return nil
	}
	var failures []error
	for _, home := range homes {
		err := d.fromHome(ctx, r, strings.TrimSuffix(home, "/")+"/"+r.file, path)
		if err == nil || ctx.Err() != nil {
			return err
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// fromHome fetches into path.part, tries again while that helps, and renames the file once it is whole and right.
func (d *downloader) fromHome(ctx context.Context, r remote, url, path string) error {
	part := path + ".part"
	for failures, reached := 0, sizeOf(part); ; {
		before := sizeOf(part)
		err := d.fetch(ctx, r, url, part)
		if size := sizeOf(part); size > reached { // further than ever: a file that begins anew again and again does not count
			failures, reached = 0, size
		}
		if err == nil {
			if err = checkFile(part, r); err == nil {
				return os.Rename(part, path)
			}
			os.Remove(part)
			if before == 0 { // otherwise parts of two different files may have met: begin anew
				err = fmt.Errorf("%w: %w", errRefused, err)
			}
		}
		failures++
		if failures == d.tries || errors.Is(err, errRefused) || ctx.Err() != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
		d.report("%s: %v; trying again", r.file, err)
		select {
		case <-ctx.Done():
		case <-time.After(d.pause):
		}
	}
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// fetch asks for the bytes that part lacks and appends them. A server without ranges sends the file anew.
func (d *downloader) fetch(ctx context.Context, r remote, url, part string) error {
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	defer file.Close()
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if r.sha256 != "" && have == r.bytes {
		return nil // whole: an earlier run was stopped before it could check
	}
	if have > r.bytes {
		if have, err = 0, restart(file); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	response, err := d.ask(ctx, url, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	whole, err := position(response, file, have)
	if err != nil || whole {
		return err
	}
	have, err = file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return d.copy(file, response, r, have, cancel)
}

func (d *downloader) ask(ctx context.Context, url string, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	request.Header.Set("Accept-Encoding", "identity") // the bytes themselves, so that they can be counted
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	return d.client.Do(request)
}

// position readies the file for the body of an answer, or reports that there is nothing left to fetch.
func position(response *http.Response, file *os.File, have int64) (whole bool, err error) {
	switch status := response.StatusCode; {
	case status == http.StatusOK:
		return false, restart(file)
	case status == http.StatusPartialContent:
		var first, last int64
		_, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/", &first, &last)
		if err != nil || first != have {
			return false, errors.Join(fmt.Errorf("asked for bytes from %d, got %q", have, response.Header.Get("Content-Range")), restart(file))
		}
		return false, nil
	case status == http.StatusRequestedRangeNotSatisfiable:
		var total int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes */%d", &total); err == nil && total == have {
			return true, nil
		}
		return false, errors.Join(errors.New("the server has fewer bytes than are here: beginning anew"), restart(file))
	case status == http.StatusTooManyRequests || status >= 500:
		return false, errors.New(response.Status)
	default:
		return false, fmt.Errorf("%w: %s", errRefused, response.Status)
	}
}

func restart(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// copy appends the body, bounded, and gives up when nothing arrives for too long.
func (d *downloader) copy(file *os.File, response *http.Response, r remote, have int64, cancel func()) error {
	if stated := response.ContentLength; r.sha256 != "" && stated >= 0 && have+stated != r.bytes {
		return errors.Join(fmt.Errorf("%w: the server's file has %d bytes, the published one %d", errRefused, have+stated, r.bytes), restart(file))
	}
	watchdog := time.AfterFunc(d.stall, cancel)
	defer watchdog.Stop()
	d.report("%s: from %s, %d bytes are here", r.file, response.Request.URL.Host, have)
	total := have
	n, err := io.Copy(file, &observed{io.LimitReader(response.Body, r.bytes-have+1), func(n int) {
		watchdog.Reset(d.stall)
		if total += int64(n); total/reportEvery != (total-int64(n))/reportEvery {
			d.report("%s: %d MiB", r.file, total>>20)
		}
	}})
	if err != nil {
		return fmt.Errorf("cut after %d bytes: %w", have+n, err)
	}
	if have+n > r.bytes {
		return errors.Join(fmt.Errorf("%w: more than the %d bytes expected", errRefused, r.bytes), restart(file))
	}
	if r.sha256 != "" && have+n < r.bytes {
		return fmt.Errorf("cut after %d of %d bytes", have+n, r.bytes)
	}
	return nil
}

// reportEvery is the number of bytes between two reports of progress.
const reportEvery = 16 << 20

// observed tells how many bytes each read brings.
type observed struct {
	io.Reader
	tell func(n int)
}

func (o *observed) Read(b []byte) (int, error) {
	n, err := o.Reader.Read(b)
	o.tell(n)
	return n, err
}

// checkFile checks a file's checksum. A file without one passes if it is there: its members are checked later.
func checkFile(path string, r remote) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if r.sha256 == "" {
		return nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != r.sha256 {
		return fmt.Errorf("checksum mismatch: SHA-256 is %s, published %s", got, r.sha256)
	}
	return nil
}
