package nn

type linear Linear

func (l linear) forward(params, x, y []float32) {
	matVec(params[:l.In*l.Units], params[l.In*l.Units:], x, y, 1)
}

func (l linear) backward(params, x, y, dy, dx, grad []float32) {
	for o, d := range dy {
		row := grad[o*l.In:][:l.In]
		x := x[:len(row)]
		for i := range row {
			row[i] = d * x[i]
		}
	}
	copy(grad[l.In*l.Units:], dy)
	if dx != nil {
		vecMat(dy, 1, l.Units, params, dx)
	}
}

// flatten copies: the layouts are the same.
type flatten struct{}

func (flatten) forward(params, x, y []float32) { copy(y, x) }

func (flatten) backward(params, x, y, dy, dx, grad []float32) { copy(dx, dy) }
