package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"cloister/accountant"
	"cloister/certificate"
)

// errRefused ends with status 1: the answer is no.
var errRefused = errors.New("refused")

// verify reads a certificate, works its bounds out anew and says yes or no.
func verify(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	model := flags.String("model", "", "a `file` of the model that the certificate is about")
	asJSON := flags.Bool("json", false, "answer in JSON")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if flags.NArg() != 1 {
		return errors.New("verify: name one certificate, for example: account verify certificate.json")
	}
	file, err := read(flags.Arg(0), certificate.MaxFileBytes)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	v := certificate.Verify(file)
	if *model != "" && v.Valid {
		if err := about(&v, *model); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	if *asJSON {
		err = writeJSON(stdout, verdictJSON(v))
	} else {
		verdictTable(stdout, v)
	}
	if err == nil && !v.Valid {
		err = errRefused
	}
	return err
}

func read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: more than %d bytes", path, most)
	}
	return b, err
}

// about refuses a certificate of another model.
func about(v *certificate.Verdict, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	for _, of := range v.Certificate.Model.Files {
		if of.SHA256 == sum {
			return nil
		}
	}
	v.Valid, v.Field, v.Why = false, "model.files", fmt.Sprintf("%s has SHA-256 %s: the certificate is of another model", path, sum)
	return nil
}

func verdictTable(w io.Writer, v certificate.Verdict) {
	if !v.Valid {
		if v.Field != "" {
			fmt.Fprintf(w, "no: %s: %s\n", v.Field, v.Why)
		} else {
			fmt.Fprintf(w, "no: %s\n", v.Why)
		}
		return
	}
	fmt.Fprintf(w, "yes: %s\n", v.Certificate.Statement)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  recomputed, upper bound\t%s\n", accountant.FigureEpsilonUpper.Text(v.Bounds.Upper))
	lower := "none is known"
	if v.Bounds.Lower != nil {
		lower = accountant.FigureEpsilonLower.Text(*v.Bounds.Lower)
	}
	fmt.Fprintf(t, "  recomputed, lower bound\t%s\n", lower)
	for _, l := range v.Certificate.Lines() {
		fmt.Fprintf(t, "  %s\t%s\n", l.Title, l.Text)
	}
	t.Flush()
	fmt.Fprintln(w, v.Why)
}

func verdictJSON(v certificate.Verdict) any {
	out := map[string]any{"valid": v.Valid, "field": v.Field, "why": v.Why}
	if v.Bounds != nil {
		out["upper"], out["lower"], out["together"] = number(v.Bounds.Upper), v.Bounds.Lower, v.Bounds.Together
	}
	return out
}
