package nn

// Loops over contiguous rows, which carry nearly all of the reference's work. Four rows at a time keep four
// independent sums in registers, or load and store the destination once instead of four times; rows are re-sliced to
// one length so that the compiler drops the bounds checks.

// matVec computes y[o*stride] = bias[o] + w[o] . x for rows w[o] of length len(x).
func matVec(w, bias, x, y []float32, stride int) {
	n, o := len(x), 0
	for ; o+4 <= len(bias); o += 4 {
		w0, w1, w2, w3 := w[o*n:][:n], w[(o+1)*n:][:n], w[(o+2)*n:][:n], w[(o+3)*n:][:n]
		s0, s1, s2, s3 := bias[o], bias[o+1], bias[o+2], bias[o+3]
		for i, v := range x {
			s0 += w0[i] * v
			s1 += w1[i] * v
			s2 += w2[i] * v
			s3 += w3[i] * v
		}
		y[o*stride], y[(o+1)*stride], y[(o+2)*stride], y[(o+3)*stride] = s0, s1, s2, s3
	}
	for ; o < len(bias); o++ {
		s, row := bias[o], w[o*n:][:n]
		for i, v := range x {
			s += row[i] * v
		}
		y[o*stride] = s
	}
}

// vecMat computes y = sum_o a[o*stride] rows[o] over n rows of length len(y).
func vecMat(a []float32, stride, n int, rows, y []float32) {
	clear(y)
	o, l := 0, len(y)
	for ; o+4 <= n; o += 4 {
		a0, a1, a2, a3 := a[o*stride], a[(o+1)*stride], a[(o+2)*stride], a[(o+3)*stride]
		r0, r1, r2, r3 := rows[o*l:][:l], rows[(o+1)*l:][:l], rows[(o+2)*l:][:l], rows[(o+3)*l:][:l]
		for i := range y {
			y[i] += a0*r0[i] + a1*r1[i] + a2*r2[i] + a3*r3[i]
		}
	}
	for ; o < n; o++ {
		a0, r0 := a[o*stride], rows[o*l:][:l]
		for i := range y {
			y[i] += a0 * r0[i]
		}
	}
}
