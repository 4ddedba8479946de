// Package bundle lists what a person dropped: files, folders and archives of them. Archives are read in place through an
// io.ReaderAt, so that a ZIP of any size needs no more memory than its directory and the file being read.
package bundle

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// MaxFiles bounds how many files are listed.
const MaxFiles = 1 << 20

// Content is a file's bytes, open.
type Content interface {
	io.ReaderAt
	io.Closer
}

// Source is one thing that was dropped: a file on disk, or a Blob. Open is called when its bytes are needed.
type Source struct {
	Name string // with slashes, where it lay in a folder that was dropped with it
	Size int64
	Open func() (Content, error)
}

// Problem is a file, or a part of one, that was left out.
type Problem struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// File is a file of a bundle, in an archive or by itself.
type File struct {
	Name string // with slashes; of two archives dropped together each one's files begin with its name
	Size int64  // -1 where it is compressed by gzip and nobody knows
	open func() (io.ReadCloser, error)
}

// Open reads the file from its start. Reading more bytes than were stated fails.
func (f File) Open() (io.ReadCloser, error) { return f.open() }

// Read is all of a file of at most limit bytes, allocating no more than has arrived.
func (f File) Read(limit int64) ([]byte, error) {
	if f.Size > limit {
		return nil, fmt.Errorf("%d bytes: at most %d are read", f.Size, limit)
	}
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var content bytes.Buffer
	if f.Size > 0 {
		content.Grow(int(min(f.Size, 1<<20)) + bytes.MinRead)
	}
	n, err := io.Copy(&content, io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("at most %d bytes are read", limit)
	}
	return content.Bytes(), err
}

// Head is the first n bytes, or all of a shorter file.
func (f File) Head(n int) ([]byte, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, n)
	n, err = io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], err
}

// Bundle is what was dropped. Its archives stay open until Close.
type Bundle struct {
	Files    []File // litter of file systems left out, in the order found
	Problems []Problem
	archives []Content
}

// Close closes the archives.
func (b *Bundle) Close() error {
	var all error
	for _, a := range b.archives {
		all = errors.Join(all, a.Close())
	}
	return all
}

// List lists the files of sources and of the archives among them. An archive within an archive, and what else cannot be read,
// becomes a problem. More than MaxFiles files are an error.
func List(sources []Source) (*Bundle, error) {
	b := new(Bundle)
	for _, s := range sources {
		s.Name = strings.TrimPrefix(path.Clean(s.Name), "/")
		if litter(s.Name) {
			continue
		}
		var err error
		switch extension(s.Name) {
		case ".zip", ".tar":
			err = b.archive(s, len(sources) == 1)
		case ".tgz", ".7z", ".rar":
			err = errors.New("archives of this kind are not read: unpack it, or make a ZIP of it")
		default:
			b.add(s.Name, s.Size, s.reader)
		}
		if err != nil {
			b.problem(s.Name, err.Error())
		}
		if len(b.Files) > MaxFiles {
			b.Close()
			return nil, fmt.Errorf("bundle: more than %d files", MaxFiles)
		}
	}
	return b, nil
}

func extension(name string) string { return strings.ToLower(path.Ext(name)) }

func (b *Bundle) problem(file, reason string) {
	b.Problems = append(b.Problems, Problem{file, reason})
}

// add lists a file; one that gzip compressed is listed without that.
func (b *Bundle) add(name string, size int64, open func() (io.ReadCloser, error)) {
	if extension(name) == ".gz" {
		if extension(strings.TrimSuffix(name, path.Ext(name))) == ".tar" {
			b.problem(name, "archives of this kind are not read: unpack it, or make a ZIP of it")
			return
		}
		b.Files = append(b.Files, File{strings.TrimSuffix(name, path.Ext(name)), -1, func() (io.ReadCloser, error) { return gunzip(open) }})
		return
	}
	b.Files = append(b.Files, File{name, size, open})
}

type inflated struct {
	*gzip.Reader
	under io.Closer
}

func (i inflated) Close() error { return errors.Join(i.Reader.Close(), i.under.Close()) }

func gunzip(open func() (io.ReadCloser, error)) (io.ReadCloser, error) {
	under, err := open()
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(under)
	if err != nil {
		under.Close()
		return nil, err
	}
	return &capped{inflated{r, under}, maxEntry}, nil
}

type section struct {
	*io.SectionReader
	io.Closer
}

func (s Source) reader() (io.ReadCloser, error) {
	c, err := s.Open()
	if err != nil {
		return nil, err
	}
	return section{io.NewSectionReader(c, 0, s.Size), c}, nil
}

// archive lists a ZIP or tar. The files of the only one are named as it names them.
func (b *Bundle) archive(s Source, only bool) error {
	c, err := s.Open()
	if err != nil {
		return err
	}
	prefix := ""
	if !only {
		prefix = strings.TrimSuffix(s.Name, path.Ext(s.Name)) + "/"
	}
	if extension(s.Name) == ".zip" {
		err = b.zip(c, s.Size, prefix)
	} else {
		err = b.tar(c, s.Size, prefix)
	}
	b.archives = append(b.archives, c)
	return err
}

// litter says whether a file is one that systems leave behind and nobody means.
func litter(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".." || part == "__MACOSX" || strings.HasPrefix(part, "~$") {
			return true
		}
	}
	switch strings.ToLower(path.Base(name)) {
	case "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r":
		return true
	}
	return false
}

// entryName is an archive entry's name with slashes, or why it is refused.
func entryName(name string) (clean, refused string) {
	name = strings.ReplaceAll(name, `\`, "/")
	clean = path.Clean(name)
	if strings.HasPrefix(clean, "/") || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(clean, 0) || len(clean) > 1 && clean[1] == ':' {
		return clean, "its name leads out of the archive"
	}
	switch extension(clean) {
	case ".zip", ".tar", ".tgz", ".7z", ".rar":
		return clean, "an archive within an archive: unpack it first"
	}
	return clean, ""
}
