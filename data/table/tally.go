package table

import (
	"context"
	"fmt"
	"strings"

	"cloister/data"
)

// UnitBits is the precision of what a unit counts: 2^UnitBits is one whole row, or one person with all of their rows.
const UnitBits = 20

// maxUnits is how many rows or persons are told apart; MaxRecords of a run is the same.
const maxUnits = 1 << 22

// Tally says where a column's values lie on [data.Grid]: for each cell, how many units, times 2^UnitBits, have a value there. The units
// are rows or, where a column names persons (person >= 0), those: each of k rows of one counts 1/k, so that nobody counts more than one.
// What is no finite number is in no cell, and still a row of somebody's. The figures are private: they are for a query that adds noise.
func Tally(ctx context.Context, open Open, d Dialect, fields, column, person int) (cells []int64, units int, err error) {
	if column < 0 || column >= fields || person >= fields || person == column {
		return nil, 0, fmt.Errorf("table: column %d and persons in column %d of %d", column, person, fields)
	}
	rows := map[string]int64{}
	each := func(row func(fields []string) error) error {
		first := d.Header
		return Rows(ctx, open, d, func(all []string) error {
			if first {
				first = false
				return nil
			}
			if len(all) != fields {
				return nil
			}
			if person >= 0 && missing(strings.TrimSpace(all[person])) {
				return nil // it says of nobody whose it is
			}
			return row(all)
		})
	}
	if person >= 0 {
		err := each(func(all []string) error {
			rows[strings.Clone(strings.TrimSpace(all[person]))]++
			if len(rows) > maxUnits {
				return fmt.Errorf("more than %d persons", maxUnits)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		units = len(rows)
	}
	cells = make([]int64, 2*len(data.Grid())+1)
	err = each(func(all []string) error {
		share := int64(1) << UnitBits
		if person >= 0 {
			share /= max(1, rows[strings.TrimSpace(all[person])])
		} else if units++; units > maxUnits {
			return fmt.Errorf("more than %d rows", maxUnits)
		}
		if v, ok := number(strings.TrimSpace(all[column]), d.Comma); ok {
			cells[data.GridCell(v)] += share
		}
		return nil
	})
	return cells, units, err
}
