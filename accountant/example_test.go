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
