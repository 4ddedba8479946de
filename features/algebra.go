package features

import (
	"errors"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// cholesky factors a symmetric positive definite matrix [n][n], A = L L^T; L is left in the lower triangle.
func cholesky(a []float64, n int) error {
	if _, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Lower, N: n, Stride: n, Data: a}); !ok {
		return errors.New("features: a covariance is not positive definite")
	}
	return nil
}

// invertLower is the inverse of the lower triangle of a, with zeros above the diagonal.
func invertLower(a []float64, n int) []float64 {
	inverse := make([]float64, n*n)
	for i := range n {
		copy(inverse[i*n:i*n+i+1], a[i*n:])
	}
	lapack64.Trtri(blas64.Triangular{Uplo: blas.Lower, Diag: blas.NonUnit, N: n, Stride: n, Data: inverse})
	return inverse
}

func dot[T float32 | float64](a, b []T) T {
	b = b[:len(a)]
	var s0, s1, s2, s3 T
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return s0 + s1 + (s2 + s3)
}

// parallel shares 0 to n-1 out among the processors, in pieces of at least the given size.
func parallel(n, least int, body func(first, end int)) {
	workers := min(runtime.GOMAXPROCS(0), n/least)
	if workers < 2 {
		if n > 0 {
			body(0, n)
		}
		return
	}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { body(n*w/workers, n*(w+1)/workers) })
	}
	all.Wait()
}

// moments sums rows of n values, and their products, about an origin that keeps the sums small.
type moments struct {
	n        int
	count    float64
	sum      []float64
	products []float64 // [n][n], the lower triangle
}

func newMoments(n int) *moments {
	return &moments{n: n, sum: make([]float64, n), products: make([]float64, n*n)}
}

// add takes rows, float32 [rows][n].
func (m *moments) add(values []float32) {
	rows := len(values) / m.n
	m.count += float64(rows)
	// Products of float32 columns are summed in float32 over short stretches, then in float64.
	const stretch = 256
	for first := 0; first < rows; first += stretch {
		count := min(stretch, rows-first)
		columns := make([]float32, m.n*count) // [n][count]
		for r := range count {
			for k, v := range values[(first+r)*m.n : (first+r+1)*m.n] {
				columns[k*count+r] = v
				m.sum[k] += float64(v)
			}
		}
		parallel(m.n, 8, func(first, end int) {
			for i := first; i < end; i++ {
				// Triangles: rows from both ends, so that the processors get about as much each.
				m.row(columns, count, i)
			}
		})
	}
}

func (m *moments) row(columns []float32, count, i int) {
	a := columns[i*count : (i+1)*count]
	for j := range i + 1 {
		m.products[i*m.n+j] += float64(dot(a, columns[j*count:(j+1)*count]))
	}
}

// covariance is the rows' mean and covariance, [n][n].
func (m *moments) covariance() (mean, covariance []float64) {
	mean, covariance = make([]float64, m.n), make([]float64, m.n*m.n)
	for i := range mean {
		mean[i] = m.sum[i] / m.count
	}
	for i := range m.n {
		for j := range i + 1 {
			c := m.products[i*m.n+j]/m.count - mean[i]*mean[j]
			covariance[i*m.n+j], covariance[j*m.n+i] = c, c
		}
	}
	return mean, covariance
}
