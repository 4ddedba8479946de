package main

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"cloister/cmd/markdown"
	"cloister/data"
	"cloister/data/bundle"
	"cloister/data/intake"
)

// importRow is how fast one kind of data was read.
type importRow struct {
	What     string  `json:"what"`
	Records  int     `json:"records"`
	MB       float64 `json:"mb"` // 10^6 bytes of the file
	Seconds  float64 `json:"seconds"`
	PerSec   float64 `json:"perSecond"`
	HeapPeak float64 `json:"heapPeakMB"` // Go's heap, sampled; 0 in a page

	path string
}

func importCommand(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON")
	rows := flags.Int("rows", 1_000_000, "rows of ten columns in a CSV file")
	pictures := flags.Int("pictures", 10_000, "JPEG files in a ZIP")
	side := flags.Int("side", 256, "width and height of a picture")
	inPage := flags.Bool("page", false, "read in the built page, in Chromium, instead of natively")
	recordings := flags.String("recordings", "", "with -page: a `file` of recordings too, such as a ZIP")
	if err := parse(flags, args, log); err != nil {
		return err
	}
	if *rows < 2 || *pictures < 2 || *side < 8 {
		fmt.Fprintln(log, "bench import: want at least two rows, two pictures and a side of 8")
		return errArguments
	}
	dir, err := os.MkdirTemp("", "import-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	table, zip := filepath.Join(dir, "table.csv"), filepath.Join(dir, "pictures.zip")
	fmt.Fprintln(log, "writing a table and pictures ...")
	if err := writeTable(table, *rows); err != nil {
		return err
	}
	if err := writePictures(zip, *pictures, *side); err != nil {
		return err
	}
	if *inPage {
		return importInPage(ctx, []importRow{
			{What: "table of 10 columns", path: table},
			{What: fmt.Sprintf("ZIP of %dx%d JPEGs", *side, *side), path: zip},
			{What: "recordings", path: *recordings},
		}, *asJSON, out, log)
	}
	bounds := map[string]intake.Bounds{}
	for c := range 9 {
		bounds[fmt.Sprintf("x%d", c)] = intake.Bounds{Low: 0, High: 1}
	}
	var all []importRow
	for _, m := range []struct {
		what, path string
		options    intake.Options
	}{
		{"table of 10 columns", table, intake.Options{Name: "bench", Label: "label", HeldOut: 0.1, Bounds: bounds}},
		{fmt.Sprintf("ZIP of %dx%d JPEGs", *side, *side), zip, intake.Options{Name: "bench", HeldOut: 0.1, Shape: [3]int{3, 64, 64}}},
	} {
		fmt.Fprintf(log, "reading a %s ...\n", m.what)
		row, err := measureImport(ctx, m.path, m.options)
		if err != nil {
			return err
		}
		row.What = m.what
		all = append(all, row)
	}
	if *asJSON {
		return printJSON(out, all)
	}
	d := &markdown.Document{}
	d.Line("Reading, natively, on one core: the packed bytes are counted and thrown away.")
	d.Row("what", "records", "MB", "seconds", "records a second", "heap, MB at most")
	for _, r := range all {
		d.Row(r.What, strconv.Itoa(r.Records), markdown.Figure(r.MB), markdown.Figure(r.Seconds), markdown.Figure(r.PerSec), markdown.Figure(r.HeapPeak))
	}
	return d.Write(out)
}

// packAway is a sink that packs and forgets.
type packAway struct{ packer *data.Packer }

func (p *packAway) Begin(m data.Manifest) (err error) {
	p.packer, err = data.NewPacker(m, func(string, []byte) error { return nil })
	return err
}

func (p *packAway) Append(split string, records data.Split) error {
	return p.packer.Append(split, records)
}

func measureImport(ctx context.Context, path string, o intake.Options) (row importRow, err error) {
	sources, err := bundle.FromDisk(path)
	if err != nil {
		return row, err
	}
	runtime.GC()
	peak := watchHeap()
	start := time.Now()
	b, err := bundle.List(sources)
	if err != nil {
		return row, err
	}
	defer b.Close()
	p, err := intake.Propose(ctx, b, o)
	if err != nil {
		return row, err
	}
	sink := &packAway{}
	r, err := p.Read(ctx, sink, nil)
	if err == nil {
		_, err = sink.packer.Close()
	}
	if err != nil {
		return row, err
	}
	row.Seconds = time.Since(start).Seconds()
	row.Records, row.MB, row.HeapPeak = r.Records(), float64(sources[0].Size)/1e6, peak()
	row.PerSec = float64(row.Records) / row.Seconds
	return row, nil
}

// watchHeap samples the heap until the function that it returns is called, which tells the most that was in use, in MB.
func watchHeap() func() float64 {
	var most atomic.Uint64
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(done)
		<-over
		return float64(most.Load()) / 1e6
	}
}

func writeTable(path string, rows int) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer file.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	text := []byte("x0,x1,x2,x3,x4,x5,x6,x7,x8,label\n")
	for i := range rows {
		for range 9 {
			text = append(strconv.AppendFloat(text, rng.Float64(), 'f', 4, 64), ',')
		}
		text = append(strconv.AppendInt(text, int64(i%2), 10), '\n')
		if len(text) > 1<<20 || i == rows-1 {
			if _, err := file.Write(text); err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			text = text[:0]
		}
	}
	return nil
}

// writePictures draws pictures of noise over a ramp, which compress about as photographs do.
func writePictures(path string, pictures, side int) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer file.Close()
	z := zip.NewWriter(file)
	rng := rand.New(rand.NewPCG(2, 2))
	const different = 20
	var drawn [different]bytes.Buffer
	for k := range drawn {
		m := image.NewRGBA(image.Rect(0, 0, side, side))
		for i := range m.Pix {
			m.Pix[i] = byte(200*(i/4%side)/side + rng.IntN(40))
		}
		if err := jpeg.Encode(&drawn[k], m, nil); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	for i := range pictures {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d/%d.jpg", i%2, i), Method: zip.Store})
		if err == nil {
			_, err = w.Write(drawn[i%different].Bytes())
		}
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return z.Close()
}
