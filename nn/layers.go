package nn

import "fmt"

func (l Conv2D) Out(in Shape) (Shape, error) {
	if in.C != l.In {
		return Shape{}, fmt.Errorf("takes %d channels, got %d", l.In, in.C)
	}
	if l.Filters < 1 || l.Pad < 0 || l.Pad >= l.Kernel {
		return Shape{}, fmt.Errorf("needs at least one filter and 0 <= pad < kernel")
	}
	h, w, err := windows(in, l.Kernel, l.Stride, l.Pad)
	if err == nil && (l.Kernel > maxKernel || l.Filters > maxParams/(l.In*l.Kernel*l.Kernel)) {
		err = fmt.Errorf("has a kernel larger than %d or more than %d weights", maxKernel, maxParams)
	}
	return Shape{l.Filters, h, w}, err
}

func (l Conv2D) Tensors() []Tensor {
	return weightAndBias(l.In*l.Kernel*l.Kernel, l.Filters, l.Filters, l.In, l.Kernel, l.Kernel)
}

func (l Conv2D) String() string {
	return fmt.Sprintf("conv %d->%d %dx%d stride %d pad %d", l.In, l.Filters, l.Kernel, l.Kernel, l.Stride, l.Pad)
}

func (l Conv2D) reference(in, out Shape) op { return newConv(l, in, out) }

func (l Linear) Out(in Shape) (Shape, error) {
	if in.H != 1 || in.W != 1 || in.C != l.In {
		return Shape{}, fmt.Errorf("takes a vector of %d, got %v", l.In, in)
	}
	if l.Units > maxParams/l.In {
		return Shape{}, fmt.Errorf("has more than %d weights", maxParams)
	}
	return Shape{l.Units, 1, 1}, nil
}

func (l Linear) Tensors() []Tensor       { return weightAndBias(l.In, l.Units, l.Units, l.In) }
func (l Linear) String() string          { return fmt.Sprintf("linear %d->%d", l.In, l.Units) }
func (l Linear) reference(_, _ Shape) op { return linear(l) }

func (ReLU) Out(in Shape) (Shape, error) { return in, nil }
func (ReLU) Tensors() []Tensor           { return nil }
func (ReLU) String() string              { return "relu" }
func (ReLU) reference(_, _ Shape) op     { return relu{} }

func (Tanh) Out(in Shape) (Shape, error) { return in, nil }
func (Tanh) Tensors() []Tensor           { return nil }
func (Tanh) String() string              { return "tanh" }
func (Tanh) reference(_, _ Shape) op     { return tanh{} }

func (l MaxPool) Out(in Shape) (Shape, error) {
	h, w, err := windows(in, l.Kernel, l.Stride, 0)
	return Shape{in.C, h, w}, err
}
func (MaxPool) Tensors() []Tensor            { return nil }
func (l MaxPool) String() string             { return fmt.Sprintf("maxpool %d stride %d", l.Kernel, l.Stride) }
func (l MaxPool) reference(in, out Shape) op { return &maxPool{l, in, out, make([]int32, out.Size())} }

func (l AvgPool) Out(in Shape) (Shape, error) { return MaxPool(l).Out(in) }
func (AvgPool) Tensors() []Tensor             { return nil }
func (l AvgPool) String() string              { return fmt.Sprintf("avgpool %d stride %d", l.Kernel, l.Stride) }
func (l AvgPool) reference(in, out Shape) op  { return avgPool{l, in, out} }

func (GlobalAvgPool) Out(in Shape) (Shape, error) { return Shape{in.C, 1, 1}, nil }
func (GlobalAvgPool) Tensors() []Tensor           { return nil }
func (GlobalAvgPool) String() string              { return "global avgpool" }
func (GlobalAvgPool) reference(in, _ Shape) op    { return globalAvgPool{in} }

func (l GroupNorm) Out(in Shape) (Shape, error) {
	if in.C != l.Channels || l.Groups < 1 || l.Channels%l.Groups != 0 {
		return Shape{}, fmt.Errorf("needs %d channels in %d equal groups, got %d channels", l.Channels, l.Groups, in.C)
	}
	return in, nil
}

func (l GroupNorm) Tensors() []Tensor {
	return []Tensor{
		{Name: "weight", Dims: []int{l.Channels}, Len: l.Channels, Init: Init{Value: 1}},
		{Name: "bias", Dims: []int{l.Channels}, Len: l.Channels},
	}
}
func (l GroupNorm) String() string           { return fmt.Sprintf("groupnorm %d of %d", l.Groups, l.Channels) }
func (l GroupNorm) reference(in, _ Shape) op { return newGroupNorm(l, in) }

func (Flatten) Out(in Shape) (Shape, error) { return Shape{in.Size(), 1, 1}, nil }
func (Flatten) Tensors() []Tensor           { return nil }
func (Flatten) String() string              { return "flatten" }
func (Flatten) reference(_, _ Shape) op     { return flatten{} }

// windows counts the positions of a square window over a padded input.
func windows(in Shape, kernel, stride, pad int) (h, w int, err error) {
	if kernel < 1 || stride < 1 || kernel > in.H+2*pad || kernel > in.W+2*pad {
		return 0, 0, fmt.Errorf("window %d stride %d pad %d does not fit %v", kernel, stride, pad, in)
	}
	return (in.H+2*pad-kernel)/stride + 1, (in.W+2*pad-kernel)/stride + 1, nil
}
