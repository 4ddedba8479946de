package extract

import "testing"

func TestRefusesWhatDoesNotFit(t *testing.T) {}
