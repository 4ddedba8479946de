package network

import (
	"fmt"

	"cloister/nn"
)

// Description is a model as the bench's page reads it (web/src/model.ts).
type Description struct {
	Name    string           `json:"name"`
	Input   [3]int           `json:"input"`
	Classes int              `json:"classes"`
	Layers  []map[string]any `json:"layers"`
}

// Describe is a model as JSON.
func Describe(m *nn.Model) (Description, error) {
	d := Description{Name: m.Name, Input: [3]int{m.Input.C, m.Input.H, m.Input.W}, Classes: m.Classes()}
	for i, l := range m.Layers {
		layer, err := describeLayer(l)
		if err != nil {
			return d, fmt.Errorf("network: layer %d of %s: %w", i, m.Name, err)
		}
		d.Layers = append(d.Layers, layer)
	}
	return d, nil
}

func describeLayer(l nn.Layer) (map[string]any, error) {
	switch l := l.(type) {
	case nn.Conv2D:
		return map[string]any{"kind": "conv", "in": l.In, "out": l.Filters, "kernel": l.Kernel, "stride": l.Stride, "pad": l.Pad}, nil
	case nn.Linear:
		return map[string]any{"kind": "linear", "in": l.In, "out": l.Units}, nil
	case nn.MaxPool:
		return map[string]any{"kind": "maxpool", "kernel": l.Kernel, "stride": l.Stride}, nil
	case nn.AvgPool:
		return map[string]any{"kind": "avgpool", "kernel": l.Kernel, "stride": l.Stride}, nil
	case nn.GroupNorm:
		return map[string]any{"kind": "groupnorm", "groups": l.Groups, "channels": l.Channels}, nil
	case nn.ReLU:
		return map[string]any{"kind": "relu"}, nil
	case nn.Tanh:
		return map[string]any{"kind": "tanh"}, nil
	case nn.GlobalAvgPool:
		return map[string]any{"kind": "globalavgpool"}, nil
	case nn.Flatten:
		return map[string]any{"kind": "flatten"}, nil
	}
	return nil, fmt.Errorf("no description for %v", l)
}
