package nn

// conv gathers the input window of every output position into a row (im2col). The layer is then a linear one, applied
// at each position, and every inner loop runs over contiguous rows whatever the stride.
type conv struct {
	Conv2D
	in, out Shape
	patches []float32 // [position][in channel][kernel row][kernel column]; what lies in the padding stays 0 for ever
	dpatch  []float32 // dLoss/dpatch of one position
}

func newConv(l Conv2D, in, out Shape) *conv {
	window := l.In * l.Kernel * l.Kernel
	return &conv{l, in, out, make([]float32, out.H*out.W*window), make([]float32, window)}
}

func (l *conv) forward(params, x, y []float32) {
	window, positions := len(l.dpatch), l.out.H*l.out.W
	w, bias := params[:l.Filters*window], params[l.Filters*window:]
	for p := range positions {
		patch := l.patches[p*window:][:window]
		l.windows(p, func(at, from, n int) { copyRow(patch[at:][:n], x[from:][:n]) })
		matVec(w, bias, patch, y[p:], positions)
	}
}

func (l *conv) backward(params, x, y, dy, dx, grad []float32) {
	window, positions := len(l.dpatch), l.out.H*l.out.W
	w, dw, dbias := params[:l.Filters*window], grad[:l.Filters*window], grad[l.Filters*window:]
	for o := range l.Filters {
		d := dy[o*positions:][:positions]
		dbias[o] = sum(d)
		vecMat(d, 1, positions, l.patches, dw[o*window:][:window])
	}
	if dx == nil {
		return
	}
	clear(dx)
	for p := range positions {
		vecMat(dy[p:], positions, l.Filters, w, l.dpatch)
		l.windows(p, func(at, from, n int) { addRow(dx[from:][:n], l.dpatch[at:][:n]) })
	}
}

// windows calls row for each kernel row of position p that meets the input: n values from patch[at] and x[from] on.
func (l *conv) windows(p int, row func(at, from, n int)) {
	top, left := p/l.out.W*l.Stride-l.Pad, p%l.out.W*l.Stride-l.Pad
	first, end := max(0, -left), min(l.Kernel, l.in.W-left)
	for c := range l.In {
		for ky := max(0, -top); ky < min(l.Kernel, l.in.H-top); ky++ {
			row((c*l.Kernel+ky)*l.Kernel+first, (c*l.in.H+top+ky)*l.in.W+left+first, end-first)
		}
	}
}

// copyRow is copy for the few values of a kernel's row, where a call to the runtime would cost more.
func copyRow(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = src[i]
	}
}

func addRow(dst, src []float32) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] += src[i]
	}
}

func sum(x []float32) (s float32) {
	for _, v := range x {
		s += v
	}
	return s
}
