package data

import (
	"fmt"
	"slices"
	"strconv"
)

// grid holds the thresholds among which bounds of a column are sought: 0 and, on both sides of it, eight to a factor of ten from 1e-6
// to 6e9, all of them round numbers. It is the same for all data, so that which threshold was found says nothing but what was released.
var grid = func() (all []float64) {
	mantissas := []string{"1", "1.5", "2", "3", "4", "5", "6", "8"}
	const lowest, highest = -6, 9
	for exponent := lowest; exponent <= highest; exponent++ {
		for _, m := range mantissas {
			if exponent == highest && m == mantissas[len(mantissas)-1] {
				break // 127 on each side: 8 halvings find one of 255
			}
			v, err := strconv.ParseFloat(fmt.Sprintf("%se%d", m, exponent), 64) // the number that people write
			if err != nil {
				panic(err)
			}
			all = append(all, v, -v)
		}
	}
	all = append(all, 0)
	slices.Sort(all)
	return all
}()

// Grid is the thresholds, ascending.
func Grid() []float64 { return slices.Clone(grid) }

// GridCell says where a finite value lies: in cell 2i+1 is what equals threshold i, in cell 2i what lies below it and above those before.
func GridCell(v float64) int {
	i, exact := slices.BinarySearch(grid, v)
	if exact {
		return 2*i + 1
	}
	return 2 * i
}
