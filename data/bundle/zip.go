package bundle

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// What a file of an archive may unpack to. Text compresses by 20 at most as a rule; a bomb, by the thousand.
const (
	maxEntry    = 4 << 30
	bombRatio   = 200
	bombMinimum = 64 << 20 // below it, any ratio is harmless
)

// zip lists a ZIP's files.
func (b *Bundle) zip(content io.ReaderAt, size int64, prefix string) error {
	z, err := zip.NewReader(content, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("not a ZIP, or damaged: %w", err)
	}
	var packed uint64
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		name, refused := entryName(decodeName(f))
		if litter(name) {
			continue
		}
		if packed += f.CompressedSize64; packed > uint64(size) {
			return errors.New("its files lie on top of each other: a ZIP bomb")
		}
		if refused == "" {
			refused = refusal(f)
		}
		if refused != "" {
			b.problem(prefix+name, refused)
			continue
		}
		b.add(prefix+name, int64(f.UncompressedSize64), func() (io.ReadCloser, error) { return openEntry(f) })
		if len(b.Files) > MaxFiles {
			return nil
		}
	}
	return nil
}

// decodeName reads a name that does not say to be UTF-8 and is not as what old programs wrote: code page 437.
func decodeName(f *zip.File) string {
	if utf8.ValidString(f.Name) {
		return f.Name
	}
	name, err := charmap.CodePage437.NewDecoder().String(f.Name)
	if err != nil {
		return strings.ToValidUTF8(f.Name, "?")
	}
	return name
}

func refusal(f *zip.File) string {
	const encrypted = 1
	packed, unpacked := f.CompressedSize64, f.UncompressedSize64
	switch {
	case f.Flags&encrypted != 0:
		return "encrypted: unpack the archive with its password first"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Sprintf("compressed by method %d, which is not read: unpack the archive first", f.Method)
	case !f.Mode().IsRegular():
		return "not a file but a link or device"
	case unpacked > maxEntry || unpacked > bombMinimum && unpacked/bombRatio > packed:
		return fmt.Sprintf("%d bytes that would unpack to %d: a ZIP bomb, or too large", packed, unpacked)
	}
	return ""
}

// capped fails where more arrives than was stated, whatever the archive's own reader thinks of it.
type capped struct {
	io.ReadCloser
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errors.New("unpacks to more than was stated, or is allowed")
	}
	return n, err
}

func openEntry(f *zip.File) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &capped{r, int64(f.UncompressedSize64)}, nil
}

// tar lists a tar's files. They lie in it as they are.
func (b *Bundle) tar(content io.ReaderAt, size int64, prefix string) error {
	in := io.NewSectionReader(content, 0, size)
	for t := tar.NewReader(in); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("not a tar, or damaged: %w", err)
		}
		name, refused := entryName(h.Name)
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || litter(name) {
			continue
		}
		at, err := in.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		switch {
		case refused != "":
		case h.Typeflag != tar.TypeReg || sparse(h):
			refused = "not a plain file"
		case h.Size > size-at:
			refused = "truncated"
		}
		if refused != "" {
			b.problem(prefix+name, refused)
			continue
		}
		b.add(prefix+name, h.Size, func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(content, at, h.Size)), nil
		})
		if len(b.Files) > MaxFiles {
			return nil
		}
	}
}

// sparse says whether a file's holes were left out.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
