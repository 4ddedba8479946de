package accountant_test

import (
	"fmt"
	"log"

	"cloister/accountant"
)

// A run of DP-SGD with a noise schedule: 5,000 steps at noise multiplier 1.1, then as many at 0.9, every record taking
// part in a step with probability 0.004.
func ExampleEpsilon() {
	run := []accountant.Segment{
		{Sigma: 1.1, Rate: 0.004, Steps: 5000},
		{Sigma: 0.9, Rate: 0.004, Steps: 5000},
	}
	b, err := accountant.Epsilon(run, 1e-5)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("epsilon is at most %.2f; the bounds agree to a thousandth: %v\n", b.Upper, b.Upper-b.Lower < 1e-3*b.Upper)
	fmt.Printf("Renyi differential privacy alone would say %.1f\n", b.RDP)
	// Output:
	// epsilon is at most 2.31; the bounds agree to a thousandth: true
	// Renyi differential privacy alone would say 2.6
}

// What epsilon means: the best attacker who sees everything the run releases, and asks whether one record was in the data.
func ExampleTradeOff() {
	c, err := accountant.TradeOff([]accountant.Segment{{Sigma: 1.1, Rate: 0.004, Steps: 5000}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accusing one innocent record in a hundred finds at most %.1f %% of the members\n", 100*c.TPR(0.01))
	fmt.Printf("an even guess is right with probability %.2f at most\n", c.Success(0.5))
	// Output:
	// accusing one innocent record in a hundred finds at most 2.3 % of the members
	// an even guess is right with probability 0.56 at most
}

// Noise for five epochs of MNIST in batches of 256, and what the printed figure proves.
func ExampleCalibrateSigma() {
	c, err := accountant.CalibrateSigma([]accountant.Segment{{Sigma: 1, Rate: 256. / 60000, Steps: 1170}}, 3, 1e-5)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("noise multiplier", accountant.FigureNoise.Text(c.Factor))
	fmt.Println("epsilon at most", accountant.FigureEpsilon.Text(c.EpsilonUpper))
	// Output:
	// noise multiplier 0.65075
	// epsilon at most 3.00
}

// Any mechanism that takes a noise multiplier can be calibrated: here noise that is correlated over four steps.
func ExampleCalibrate() {
	mechanism := func(noise float64) accountant.Event {
		return accountant.CyclicPoisson{Sigma: noise, Rate: 0.02, Bands: 4, Steps: 1000}
	}
	noise, _, err := accountant.Calibrate(mechanism, 2, 1e-5)
	if err != nil {
		log.Fatal(err)
	}
	b, err := accountant.EpsilonOf(mechanism(noise), 1e-5)
	if err != nil {
		log.Fatal(err)
	}
	_, known := b.Lower()
	fmt.Println("epsilon at most", accountant.FigureEpsilon.Text(b.Upper), "- a lower bound is known:", known)
	// Output:
	// epsilon at most 2.00 - a lower bound is known: false
}

// Figures are rounded on the side on which what they say stays true.
func ExampleFigure_Text() {
	fmt.Println(accountant.FigureEpsilonLower.Text(2.998899), "<= epsilon <=", accountant.FigureEpsilonUpper.Text(2.998899))
	fmt.Println("advantage at most", accountant.FigureProbability.Text(0.197413), "or", accountant.FigurePercentage.Text(0.197413))
	fmt.Println("delta", accountant.FigureDelta.Text(1.00049e-5))
	// Output:
	// 2.9988 <= epsilon <= 2.9989
	// advantage at most 0.1975 or 19.8 %
	// delta 1.001e-5
}

// What a run has spent so far, and what it promises as a whole.
func ExampleOdometer() {
	schedule := []accountant.Segment{{Sigma: 1.4, Rate: 0.01, Steps: 400}, {Sigma: 1, Rate: 0.01, Steps: 800}}
	o, err := accountant.NewOdometer(func(steps int) accountant.Event {
		return accountant.FromSegments(accountant.Prefix(schedule, steps))
	}, 1200, 1e-5)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f of %.1f\n", o.After(400), o.Promised())
	// Output:
	// 0.6 of 1.8
}
