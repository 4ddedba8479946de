package nn

import (
	"fmt"
	"strings"
)

// Names lists the models that [ByName] knows. Each but the first also exists with tanh for ReLU, as "-tanh".
func Names() []string {
	return []string{"logistic", "small-mlp", "mlp", "mnist-cnn", "cifar-cnn", "spectrogram-cnn"}
}

// ByName builds a named model for an input shape and a number of classes. "mnist-cnn" (26,010 parameters on
// 1x28x28 with 10 classes) and "cifar-cnn" (132,042 on 3x32x32) are the DP-SGD benchmark's networks. "spectrogram-cnn"
// (41,258 on 1x25x20) is for spectrograms and images of any shape. Convolutions want more than a vector. "logistic" and
// "small-mlp" start with a last layer of zeros.
func ByName(name string, in Shape, classes int) (*Model, error) {
	base, tanh := strings.CutSuffix(name, "-tanh")
	var act Layer = ReLU{}
	if tanh {
		act = Tanh{}
	}
	if err := checkShape(in); err != nil {
		return nil, fmt.Errorf("nn: model %q: %w", name, err)
	}
	if vector := in.H == 1 && in.W == 1; vector && strings.HasSuffix(base, "-cnn") {
		return nil, fmt.Errorf("nn: model %q: its convolutions want an image, not a vector of %d values", name, in.C)
	}
	m := &Model{Name: name, Input: in}
	switch {
	case base == "logistic" && !tanh:
		m.Layers, m.ZeroHead = []Layer{Flatten{}, Linear{in.Size(), classes}}, true
	case base == "small-mlp":
		m.Layers, m.ZeroHead = []Layer{Flatten{}, Linear{in.Size(), 32}, act, Linear{32, classes}}, true
	case base == "mlp":
		m.Layers = []Layer{Flatten{}, Linear{in.Size(), 128}, act, Linear{128, classes}}
	case base == "mnist-cnn":
		m.Layers = mnistCNN(in, classes, act)
	case base == "cifar-cnn":
		m.Layers = cifarCNN(in, classes, act)
	case base == "spectrogram-cnn":
		m.Layers = spectrogramCNN(in, classes, act)
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
	return append(body, head(in, body, classes, act)...)
}

// spectrogramCNN keeps a coarse map of frames and frequencies, or of rows and columns: what is heard or seen depends on both. The map
// has about six by six places from a small input to a large one, so that the parameters, and with them the noise, do not grow with it.
func spectrogramCNN(in Shape, classes int, act Layer) []Layer {
	quarter := func(side int) int { return (side + 3) / 4 } // by two strides of 2
	height, width := quarter(in.H), quarter(in.W)
	pool := min((max(height, width)+3)/6, height, width)
	body := []Layer{
		Conv2D{In: in.C, Filters: 16, Kernel: 5, Stride: 2, Pad: 2}, act,
		Conv2D{In: 16, Filters: 32, Kernel: 3, Stride: 2, Pad: 1}, act,
	}
	if pool > 1 {
		body = append(body, AvgPool{pool, pool})
	}
	body = append(body, Flatten{})
	return append(body, head(in, body, classes, act)...)
}

// head classifies what a body makes of an input by a layer of 32 units. Whether the body fits is the model's to check.
func head(in Shape, body []Layer, classes int, act Layer) []Layer {
	features := 0
	if shapes, err := (&Model{Input: in, Layers: body}).activations(); err == nil {
		features = shapes[len(shapes)-1].C
	}
	return []Layer{Linear{features, 32}, act, Linear{32, classes}}
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
