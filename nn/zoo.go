package nn

import (
	"fmt"
	"strings"
)

// Names lists the models that [ByName] knows. Each of the last three also exists with tanh for ReLU, as "-tanh".
func Names() []string { return []string{"logistic", "mlp", "mnist-cnn", "cifar-cnn"} }

// ByName builds a named model for an input shape and a number of classes. "mnist-cnn" (26,010 parameters on
// 1x28x28 with 10 classes) and "cifar-cnn" (132,042 on 3x32x32) are the DP-SGD benchmark's networks.
func ByName(name string, in Shape, classes int) (*Model, error) {
	base, tanh := strings.CutSuffix(name, "-tanh")
	var act Layer = ReLU{}
	if tanh {
		act = Tanh{}
	}
	if err := checkShape(in); err != nil {
		return nil, fmt.Errorf("nn: model %q: %w", name, err)
	}
	m := &Model{Name: name, Input: in}
	switch {
	case base == "logistic" && !tanh:
		m.Layers = []Layer{Flatten{}, Linear{in.Size(), classes}}
	case base == "mlp":
		m.Layers = []Layer{Flatten{}, Linear{in.Size(), 128}, act, Linear{128, classes}}
	case base == "mnist-cnn":
		m.Layers = mnistCNN(in, classes, act)
	case base == "cifar-cnn":
		m.Layers = cifarCNN(in, classes, act)
	default:
		return nil, fmt.Errorf("nn: unknown model %q, want one of %s", name, strings.Join(Names(), ", "))
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}

func mnistCNN(in Shape, classes int, act Layer) []Layer {
	body := []Layer{
		Conv2D{In: in.C, Filters: 16, Kernel: 8, Stride: 2, Pad: 3}, act, MaxPool{2, 1},
		Conv2D{In: 16, Filters: 32, Kernel: 4, Stride: 2}, act, MaxPool{2, 1}, Flatten{},
	}
	features := 0
	if shapes, err := (&Model{Input: in, Layers: body}).activations(); err == nil {
		features = shapes[len(shapes)-1].C
	}
	return append(body, Linear{features, 32}, act, Linear{32, classes})
}

func cifarCNN(in Shape, classes int, act Layer) []Layer {
	var layers []Layer
	channels := in.C
	for i, width := range []int{32, 64, 64, 128} {
		layers = append(layers, Conv2D{In: channels, Filters: width, Kernel: 3, Stride: 1, Pad: 1}, GroupNorm{8, width}, act)
		if i < 3 {
			layers = append(layers, AvgPool{2, 2})
		}
		channels = width
	}
	return append(layers, GlobalAvgPool{}, Flatten{}, Linear{channels, classes})
}
