// Package take makes files of what a trainer hands over, a model and a certificate of its run, and reads them back: models, to use them
// without any data, and certificates, to verify them. In the browser it is a program of its own, which is loaded when
// somebody first asks for it.
package take

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"cloister/accountant"
	"cloister/certificate"
	"cloister/nn"
	"cloister/nn/export"
	"cloister/train/protocol"
)

// Desk answers requests, one at a time. It holds the model that was opened last.
type Desk struct {
	model     *export.Model
	predictor *export.Predictor
}

// Answer answers a request. It never fails: what can't be done is said.
func (d *Desk) Answer(r protocol.TakeRequest) (reply protocol.TakeReply) {
	defer func() {
		if p := recover(); p != nil {
			reply = refused(r.ID, fmt.Errorf("the program failed: %v", p))
		}
	}()
	reply, err := d.answer(&r)
	if err != nil {
		return refused(r.ID, err)
	}
	reply.ID = r.ID
	return reply
}

func refused(id int, err error) protocol.TakeReply {
	return protocol.TakeReply{Type: "refused", ID: id, Message: err.Error()}
}

func (d *Desk) answer(r *protocol.TakeRequest) (protocol.TakeReply, error) {
	if err := r.Check(); err != nil {
		return protocol.TakeReply{}, err
	}
	switch r.Type {
	case "model":
		files, err := modelFile(r)
		return protocol.TakeReply{Type: "files", Files: files}, err
	case "certificate":
		files, err := certificateFiles(r)
		return protocol.TakeReply{Type: "files", Files: files}, err
	case "open":
		return d.open(r.File)
	case "predict":
		return d.predict(r.Record)
	case "verify":
		return protocol.TakeReply{Type: "verdict", Verdict: verdict(certificate.Verify(r.File))}, nil
	}
	return protocol.TakeReply{}, fmt.Errorf("unknown request %q", r.Type)
}

// forms are those in which a model is handed out, with the ends of their files' names.
var forms = []struct {
	name, end string
	write     func(*export.Model) ([]byte, error)
}{
	{"ONNX", "onnx", func(m *export.Model) ([]byte, error) { return m.ONNX(software()) }},
	{"safetensors", "safetensors", (*export.Model).SafeTensors},
}

func modelFile(r *protocol.TakeRequest) ([]protocol.TakenFile, error) {
	c, m, err := made(r)
	if err != nil {
		return nil, err
	}
	for _, f := range forms {
		if f.end == r.Format {
			file, err := f.write(m)
			return []protocol.TakenFile{{Name: c.Model.Architecture + "." + f.end, Bytes: file}}, err
		}
	}
	return nil, fmt.Errorf("a model in the form %.40q, want onnx or safetensors", r.Format)
}

// made is the certificate, without the model's files, and the model, which says what the certificate states.
func made(r *protocol.TakeRequest) (*certificate.Certificate, *export.Model, error) {
	c, err := certificateOf(r)
	if err != nil {
		return nil, nil, err
	}
	m, err := modelOf(r.Taken)
	if err != nil {
		return nil, nil, err
	}
	m.About.Privacy = c.Statement
	if c.NotPrivate != "" {
		m.About.Privacy += " It is not private: " + c.NotPrivate + "."
	}
	if len(r.Preprocessing) > 0 {
		m.About.Preprocessing = json.RawMessage(r.Preprocessing)
	}
	return c, m, m.Check()
}

func modelOf(t *protocol.Taken) (*export.Model, error) {
	if len(t.Shape) != 3 || len(t.Params)%4 != 0 {
		return nil, fmt.Errorf("a record of shape %v, parameters of %d bytes", t.Shape, len(t.Params))
	}
	net, err := nn.ByName(t.Model, nn.Shape{C: t.Shape[0], H: t.Shape[1], W: t.Shape[2]}, len(t.Classes))
	if err != nil {
		return nil, err
	}
	return &export.Model{
		Net: net, Params: nn.Floats(t.Params), Input: export.Input{Float: t.Float, Scale: narrow(t.Scale), Shift: narrow(t.Shift)},
		About: export.About{Title: title(t), Kind: t.Kind, Classes: t.Classes},
	}, nil
}

func title(t *protocol.Taken) string { return fmt.Sprintf("%s on %s", t.Model, t.Title) }

func narrow(values []float64) []float32 {
	n := make([]float32, len(values))
	for i, v := range values {
		n[i] = float32(v)
	}
	return n
}

// software is this program's name and version.
func software() string {
	version := "of an unknown version"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				version = s.Value[:min(len(s.Value), 12)]
			case s.Key == "vcs.modified" && s.Value == "true":
				version += ", changed"
			}
		}
		version += ", " + info.GoVersion
	}
	return "Cloister " + version
}

func (d *Desk) open(file []byte) (protocol.TakeReply, error) {
	m, err := readModel(file)
	if err != nil {
		return protocol.TakeReply{}, err
	}
	p, err := export.NewPredictor(m)
	if err != nil {
		return protocol.TakeReply{}, err
	}
	d.model, d.predictor = m, p
	in, about := m.Net.Input, &m.About
	return protocol.TakeReply{Type: "opened", Opened: &protocol.OpenedModel{
		Title: about.Title, Kind: about.Kind, Channels: in.C, Height: in.H, Width: in.W, Classes: about.Classes, Privacy: about.Privacy,
		Preprocessing: about.Preprocessing, Parameters: len(m.Params),
	}}, nil
}

// readModel reads a file in either form: a header of JSON follows eight bytes in one alone.
func readModel(file []byte) (*export.Model, error) {
	if len(file) > 8 && file[8] == '{' {
		return export.ReadSafeTensors(file)
	}
	return export.ReadONNX(file)
}

func (d *Desk) predict(record []byte) (protocol.TakeReply, error) {
	if d.predictor == nil {
		return protocol.TakeReply{}, errors.New("no model is open")
	}
	logits, err := d.predictor.Logits(record)
	if err != nil {
		return protocol.TakeReply{}, err
	}
	return protocol.TakeReply{Type: "prediction", Prediction: nn.Probabilities(logits)}, nil
}

func verdict(v certificate.Verdict) *protocol.TakenVerdict {
	out := &protocol.TakenVerdict{Valid: v.Valid, Field: v.Field, Why: v.Why}
	if v.Bounds != nil {
		out.Upper, out.Lower = accountant.FigureEpsilonUpper.Text(v.Bounds.Upper), "unknown"
		if v.Bounds.Lower != nil {
			out.Lower = accountant.FigureEpsilonLower.Text(*v.Bounds.Lower)
		}
	}
	if !v.Valid {
		return out
	}
	out.Statement = v.Certificate.Statement
	for _, l := range v.Certificate.Lines() {
		out.Lines = append(out.Lines, protocol.TakenLine{Title: l.Title, Text: l.Text})
	}
	return out
}
