package take

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"cloister/certificate"
	"cloister/train/protocol"
)

// certificateFiles are the certificate for programs and for people.
func certificateFiles(r *protocol.TakeRequest) ([]protocol.TakenFile, error) {
	c, m, err := made(r)
	if err != nil {
		return nil, err
	}
	for _, f := range forms {
		file, err := f.write(m)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(file)
		c.Model.Files = append(c.Model.Files, certificate.File{Format: f.name, SHA256: hex.EncodeToString(sum[:])})
	}
	c.Model.Parameters = len(m.Params)
	file, err := c.Encode()
	if err != nil {
		return nil, err
	}
	if v := certificate.Verify(file); !v.Valid && v.Field != "not_private" {
		return nil, fmt.Errorf("the certificate would be refused: %s: %s", v.Field, v.Why)
	}
	return []protocol.TakenFile{{Name: "certificate.json", Bytes: file}, {Name: "certificate.html", Bytes: c.Page()}}, nil
}

// certificateOf states what was handed over, and works the bounds out.
func certificateOf(r *protocol.TakeRequest) (*certificate.Certificate, error) {
	t := r.Taken
	if len(t.Shape) != 3 {
		return nil, fmt.Errorf("a record of shape %v", t.Shape)
	}
	c := &certificate.Certificate{
		NotPrivate: t.NotPrivate,
		Basic:      certificate.Basic{Name: title(t), PublicationDate: r.Day},
		DPVariant: certificate.DPVariant{DataDomain: fmt.Sprintf("%s: %ss of shape %dx%dx%d", t.Title, strings.Replace(t.Kind, "audio", "recording", 1), t.Shape[0], t.Shape[1], t.Shape[2]),
			Unprotected: unprotected(t)},
		PrivacyLoss: certificate.PrivacyLoss{PrivacyUnit: t.Unit, TargetEpsilon: t.Epsilon, PrivacyParameters: certificate.PrivacyParameters{Delta: t.Delta}},
		Accounting: certificate.Accounting{BatchSize: t.Rate * float64(t.Units), Steps: t.Steps, StepsDone: t.Done, Events: events(t.Events, certificate.Gradients),
			Together: certificate.Together{OtherRuns: []certificate.Run{}, NotPrivateRuns: t.OpenRuns, LedgerForgets: t.Forgets}},
		Implementation: certificate.Implementation{Mechanism: t.Mechanism, Settings: r.Settings, Software: software()},
		Model:          certificate.Model{Architecture: t.Model},
	}
	for _, run := range t.Others {
		c.Accounting.Together.OtherRuns = append(c.Accounting.Together.OtherRuns, certificate.Run{PrivacyUnit: run.Unit, Events: events(run.Events, certificate.NoisedSums)})
	}
	if a := t.Audit; a != nil {
		c.Audit = &certificate.Audit{StepsSeen: a.Step, Guesses: a.Guesses, Correct: a.Correct, Confidence: a.Confidence, EpsilonLower: a.Lower, Most: a.Most}
	}
	return c, c.Complete()
}

func unprotected(t *protocol.Taken) certificate.Unprotected {
	u := certificate.Unprotected{
		Units: t.Units, HeldOutUnits: t.HeldOut, Classes: t.Classes, RecordKind: t.Kind, RecordShape: [3]int(t.Shape),
		Constants: []certificate.Constant{}, Columns: []certificate.Column{},
	}
	for _, k := range t.Constants {
		u.Constants = append(u.Constants, certificate.Constant{What: k.What, From: k.From})
	}
	for _, col := range t.Columns {
		u.Columns = append(u.Columns, certificate.Column{Name: col.Name, Low: col.Low, High: col.High, Categories: append([]string{}, col.Categories...), From: col.From})
	}
	return u
}

// events are a plan's, which release sums of this kind, and counts of held-out records.
func events(taken []protocol.TakenEvent, sums string) []certificate.Event {
	list := []certificate.Event{}
	for _, e := range taken {
		event := certificate.Event{Mechanism: certificate.PoissonGaussian, Releases: sums, NoiseMultiplier: e.Sigma, SamplingRate: e.Rate, Bands: e.Bands, Times: e.Times}
		switch {
		case e.Kind == "cyclic" && e.Bands > 1:
			event.Mechanism = certificate.CyclicPoissonGaussian
		case e.Kind == "count":
			event.Mechanism, event.Releases = certificate.Gaussian, certificate.HeldOutAccuracy
		}
		list = append(list, event)
	}
	return list
}
