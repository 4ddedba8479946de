package kernel

import "cloister/nn/compile/wasm"

// Group normalisation (Wu and He 2018, Section 3), per sample: with the mean m and the variance v over the pixels and
// channels of a group, xhat = (x - m)/sqrt(v + eps) and y = gamma_c xhat + beta_c.
//
// Kernels take sums per channel first, on vectors, then combine the channels of each group one by one, then
// apply per-channel coefficients on vectors. x, dy, gamma, dgamma and dbeta must be quiet, xhat is (see [Quiet]).

// GroupNorm is the geometry of a normalisation: x, xhat and their gradient are one Image, y and its
// gradient another that differs in Row only.
type GroupNorm struct {
	Image            // of x
	OutRow           int
	Channels, Groups int
	Eps              float32
}

func (g GroupNorm) count() float32 { return float32(g.Height * g.Width * g.Channels / g.Groups) }

// GroupNormScratch is the number of vectors of scratch, per vector of channels, that the kernels need.
const GroupNormScratch = 3

// GroupNormForward writes xhat, which may replace x, and y. Parameters: x, xhat, y (first pixels), gamma, beta, inverse
// (one float per channel, 1/sqrt(v + eps): kept for the gradient), scratch.
func (s *Set) GroupNormForward(g GroupNorm) *wasm.Func {
	return s.once(named("groupNorm", g), 7, func(f *wasm.Func) {
		x, mean, inverse := view{f.Param(0), g.Row}, f.Param(6), f.Param(5)
		v, least := f.Local(wasm.V128), hoist(f, []float32{Quiet})[0]
		s.columnSum(f, g.Image, x, mean, Store)
		g.share(f, mean, func(sum wasm.Local) { f.Get(sum).F32(g.count()).F32Div() })
		s.reduce(f, g.Image, []view{x}, []wasm.Local{mean}, inverse, Store, func(acc wasm.Local, pixel, array []wasm.Local, i int) {
			f.Get(pixel[0]).V128Load(i * vec).Get(array[0]).V128Load(i * vec).F32x4Sub().Set(v)
			s.madd(f, acc, v, v)
		})
		g.share(f, inverse, func(sum wasm.Local) {
			f.F32(1).Get(sum).F32(g.count() * g.Eps).F32Add().F32(g.count()).F32Div().F32Sqrt().F32Div()
		})
		g.apply(f, cursors(f, f.Param(0), f.Param(1), f.Param(2)), []int{g.Row, g.Row, g.OutRow}, cursors(f, mean, inverse, f.Param(3), f.Param(4)),
			func(pixel, array []wasm.Local, o int) {
				f.Get(pixel[0]).V128Load(o).Get(array[0]).V128Load(o).F32x4Sub()
				f.Get(array[1]).V128Load(o).F32x4Mul().Set(v)
				hush(f, v, least)
				f.Set(v)
				f.Get(pixel[1]).Get(v).V128Store(o)
				f.Get(pixel[2]).Get(v).Get(array[2]).V128Load(o).F32x4Mul()
				f.Get(array[3]).V128Load(o).F32x4Add().V128Store(o)
			})
	})
}

// GroupNormSums takes the gradients of gamma and beta, dgamma[c] = sum of dy xhat and dbeta[c] = sum of dy.
// Parameters: dy, xhat (first pixels), dgamma, dbeta.
func (s *Set) GroupNormSums(g GroupNorm) *wasm.Func {
	return s.once(named("groupNormSums", g), 4, func(f *wasm.Func) {
		dy, xhat, v, d := view{f.Param(0), g.OutRow}, view{f.Param(1), g.Row}, f.Local(wasm.V128), f.Local(wasm.V128)
		s.reduce(f, g.Image, []view{dy, xhat}, nil, f.Param(2), Store, func(acc wasm.Local, pixel, _ []wasm.Local, i int) {
			f.Get(pixel[0]).V128Load(i * vec).Set(d)
			f.Get(pixel[1]).V128Load(i * vec).Set(v)
			s.madd(f, acc, d, v)
		})
		s.columnSum(f, g.Image, dy, f.Param(3), Store)
	})
}

// GroupNormGradient takes the gradient of x from this sample's dgamma and dbeta: with a = sum of gamma_c dbeta_c and
// b = sum of gamma_c dgamma_c over the group of n values,
//
//	dx = inverse (gamma_c dy - a/n - xhat b/n)
//
// Parameters: dy, xhat, dx (first pixels), gamma, inverse, dgamma, dbeta, scratch.
func (s *Set) GroupNormGradient(g GroupNorm) *wasm.Func {
	return s.once(named("groupNormGradient", g), 8, func(f *wasm.Func) {
		size := g.Vectors * vec
		scale, a, b := f.Param(7), f.Local(wasm.I32), f.Local(wasm.I32)
		f.Get(scale).I32(size).I32Add().Tee(a).I32(size).I32Add().Set(b)
		g.product(f, scale, f.Param(3), f.Param(4))
		g.product(f, a, scale, f.Param(6))
		g.product(f, b, scale, f.Param(5))
		for _, sum := range []wasm.Local{a, b} {
			g.share(f, sum, func(sum wasm.Local) { f.Get(sum).F32(g.count()).F32Div() })
		}
		g.apply(f, cursors(f, f.Param(0), f.Param(1), f.Param(2)), []int{g.OutRow, g.Row, g.Row}, cursors(f, scale, a, b),
			func(pixel, array []wasm.Local, o int) {
				f.Get(pixel[2])
				f.Get(pixel[0]).V128Load(o).Get(array[0]).V128Load(o).F32x4Mul()
				f.Get(array[1]).V128Load(o).F32x4Sub()
				f.Get(pixel[1]).V128Load(o).Get(array[2]).V128Load(o).F32x4Mul().F32x4Sub()
				f.V128Store(o)
			})
	})
}

// apply visits every vector of the images, block of channels by block.
func (g GroupNorm) apply(f *wasm.Func, images []wasm.Local, rows []int, arrays []wasm.Local, body func(pixel, array []wasm.Local, offset int)) {
	pixel := f.Locals(len(images), wasm.I32)
	g.blocks(f, append(append([]wasm.Local{}, images...), arrays...), func(n int) {
		for i, p := range pixel {
			f.Get(images[i]).Set(p)
		}
		g.each(f, pixel, rows, func() {
			for v := range n {
				body(pixel, arrays, v*vec)
			}
		})
	})
}

// product is out = x y on per-channel floats.
func (g GroupNorm) product(f *wasm.Func, out, x, y wasm.Local) {
	at := cursors(f, out, x, y)
	f.Times(g.Vectors, func() {
		f.Get(at[0]).Get(at[1]).V128Load(0).Get(at[2]).V128Load(0).F32x4Mul().V128Store(0)
		for _, p := range at {
			f.Advance(p, vec)
		}
	})
}

// share replaces the per-channel floats at an address by one value per group, a function of the group's sum, made quiet. The
// padded channels' floats are zeroed.
func (g GroupNorm) share(f *wasm.Func, address wasm.Local, value func(sum wasm.Local)) {
	at, from, sum := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.F32)
	channels := g.Channels / g.Groups
	f.Get(address).Set(at)
	f.Times(g.Groups, func() {
		f.Get(at).Set(from)
		f.F32(0).Set(sum)
		f.Times(channels, func() {
			f.Get(sum).Get(at).F32Load(0).F32Add().Set(sum)
			f.Advance(at, 4)
		})
		f.Get(sum).F32Abs().F32(Quiet).F32Lt().If(func() { f.F32(0).Set(sum) })
		value(sum)
		f.Set(sum)
		f.Times(channels, func() {
			f.Get(from).Get(sum).F32Store(0)
			f.Advance(from, 4)
		})
	})
	f.Times(g.Vectors*Lanes-g.Channels, func() {
		f.Get(at).F32(0).F32Store(0)
		f.Advance(at, 4)
	})
}
