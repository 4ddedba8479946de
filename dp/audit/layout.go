package audit

import "iter"

// Layout is that of a gradient with canaries: behind each of the model's tensors lie the coordinates appended to it.
type Layout struct {
	Model    []int // sizes of the model's tensors
	Appended []int // what follows each
}

// Params is the number of the model's coordinates.
func (l Layout) Params() int { return total(l.Model) }

// Tensors are the sizes with what is appended.
func (l Layout) Tensors() []int {
	sizes := make([]int, len(l.Model))
	for t := range sizes {
		sizes[t] = l.Model[t] + l.Appended[t]
	}
	return sizes
}

// Parts are the model's and the appended coordinates of every tensor, as parts of a vector of the layout.
func Parts[T any](l Layout, v []T) iter.Seq2[[]T, []T] {
	return func(yield func(model, appended []T) bool) {
		for t, n := range l.Model {
			end := n + l.Appended[t]
			if !yield(v[:n], v[n:end]) {
				return
			}
			v = v[end:]
		}
	}
}

// Take copies the model's coordinates of a vector of the layout to dst, and returns dst.
func Take[T any](l Layout, dst, v []T) []T {
	to := dst
	for model := range Parts(l, v) {
		to = to[copy(to, model):]
	}
	return dst
}

func total(sizes []int) int {
	n := 0
	for _, s := range sizes {
		n += s
	}
	return n
}
