package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"cloister/data"
	"cloister/data/table"
)

// Generated tables, which are nobody's: two of customers of a bank, by Agrawal, Imielinski and Swami 1993 ("Database Mining: A Performance
// Perspective", section 4.1, functions 2 and 7), which differ in whether a straight line parts the classes, and the waveforms of
// Breiman, Friedman, Olshen and Stone 1984 ("Classification and Regression Trees", section 2.6.2). Classes are equally
// frequent. Record i of a split depends on i alone.
var tables = map[string]func(*rand.Rand) ([]float64, int){
	"customers-by-age-and-salary":    func(rng *rand.Rand) ([]float64, int) { return customer(rng, ageAndSalary) },
	"customers-by-disposable-income": func(rng *rand.Rand) ([]float64, int) { return customer(rng, disposable) },
	"waveforms":                      waveform,
}

const (
	tableTrain = 60_000
	tableTest  = mostTested
)

// generated is a table of that name; nil where there is none.
func generated(name string) *data.Dataset {
	draw := tables[name]
	if draw == nil {
		return nil
	}
	plan := table.Plan{Columns: customerColumns, Classes: []string{"B", "A"}}
	if name == "waveforms" {
		plan = table.Plan{Columns: waveformColumns(), Classes: []string{"1", "2", "3"}}
	}
	ds := &data.Dataset{Manifest: data.Manifest{
		Name: name, Title: name, Kind: data.Table, Type: data.Float32, Unit: data.UnitRecord, Channels: plan.Values(), Height: 1, Width: 1,
		Classes: plan.Classes, Columns: plan.Columns, TrainRecords: tableTrain, TestRecords: tableTest, TestPublic: true, Provenance: "Generated. Nobody's records.",
	}}
	ds.Mean, ds.Std = plan.Normalisation()
	for stream, split := range []*data.Split{&ds.Train, &ds.Test} {
		for i := range []int{tableTrain, tableTest}[stream] {
			rng := rand.New(rand.NewPCG(uint64(stream), uint64(i)))
			values, label := draw(rng)
			for label != i%len(plan.Classes) { // so that classes are equally frequent
				values, label = draw(rng)
			}
			split.Values = appendRecord(split.Values, plan.Columns, values)
			split.Labels = append(split.Labels, byte(label))
		}
	}
	return ds
}

// appendRecord appends a row as the importer reads it: numbers clipped to their bounds, a value for each category.
func appendRecord(record []byte, columns []data.Column, row []float64) []byte {
	for i := range columns {
		c := &columns[i]
		if len(c.Categories) == 0 {
			record = data.AppendFloat32(record, float32(min(max(row[i], c.Low), c.High)))
		}
		for k := range c.Categories {
			is := float32(0)
			if k == int(row[i]) {
				is = 1
			}
			record = data.AppendFloat32(record, is)
		}
	}
	return record
}

// customerColumns are those of the paper's table 1. What it numbers without an order are categories.
var customerColumns = []data.Column{
	{Name: "salary", Low: 20_000, High: 150_000},
	{Name: "commission", Low: 0, High: 75_000},
	{Name: "age", Low: 20, High: 80},
	{Name: "education", Low: 0, High: 4},
	{Name: "car", Categories: numbered(20)},
	{Name: "zipcode", Categories: numbered(9)},
	{Name: "house value", Low: 0, High: 1_350_000},
	{Name: "years owned", Low: 1, High: 30},
	{Name: "loan", Low: 0, High: 500_000},
}

const perturbed = 0.05 // of a column's range, section 4.1: what was measured is off by up to half of it to each side

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(i+1))
	}
	return names
}

func customer(rng *rand.Rand, good func(salary, commission, age, loan float64) bool) (row []float64, label int) {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	salary, commission, age, zipcode, loan := between(20_000, 150_000), 0., between(20, 80), rng.IntN(9), between(0, 500_000)
	if salary < 75_000 {
		commission = between(10_000, 75_000)
	}
	house := float64(9-zipcode) * 100_000 * between(0.5, 1.5)
	if good(salary, commission, age, loan) {
		label = 1
	}
	row = []float64{salary, commission, age, float64(rng.IntN(5)), float64(rng.IntN(20)), float64(zipcode), house, float64(1 + rng.IntN(30)), loan}
	for i := range row {
		if c := customerColumns[i]; len(c.Categories) == 0 && row[i] > 0 {
			row[i] += perturbed * (c.High - c.Low) * (rng.Float64() - 0.5)
		}
	}
	return row, label
}

// ageAndSalary is the paper's function 2: boxes.
func ageAndSalary(salary, _, age, _ float64) bool {
	from := 25_000.
	switch {
	case age < 40:
		from = 50_000
	case age < 60:
		from = 75_000
	}
	return from <= salary && salary <= from+50_000
}

// disposable is the paper's function 7: a plane.
func disposable(salary, commission, _, loan float64) bool {
	return 2./3*(salary+commission)-loan/5-20_000 > 0
}

func waveformColumns() (columns []data.Column) {
	for i := range 21 {
		columns = append(columns, data.Column{Name: fmt.Sprintf("x%d", i+1), Low: -4, High: 10})
	}
	return columns
}

// waveform is a mean of two of three triangles, with weights at random, and noise of standard deviation 1.
func waveform(rng *rand.Rand) (row []float64, label int) {
	label = rng.IntN(3)
	tops := [3]float64{11, 15, 7} // where they are 6 high
	a, b := tops[[3]int{0, 0, 1}[label]], tops[[3]int{1, 2, 2}[label]]
	triangle := func(top float64, i int) float64 { return max(0, 6-math.Abs(float64(i)-top)) }
	share := rng.Float64()
	for i := range 21 {
		row = append(row, share*triangle(a, i+1)+(1-share)*triangle(b, i+1)+rng.NormFloat64())
	}
	return row, label
}

func tableNames() (names []string) {
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
