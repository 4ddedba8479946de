package train

import (
	"cloister/dp/mechanism"
)

// adamRate is a learning rate that suits Adam under noise: its steps are about as long as its rate, whatever the gradients.
const adamRate = 0.002

// catalogue lists the mechanisms for the page.
func catalogue() []MechanismInfo {
	var all []MechanismInfo
	for _, m := range mechanism.Catalogue() {
		info := MechanismInfo{
			Name: m.Name, Kind: string(m.Kind), Title: m.Title, Summary: m.Summary, Pays: m.Pays, Paper: m.Paper,
			Params: []MechanismParam{},
		}
		if m.Optimizer != "" {
			info.LearningRate = adamRate
		}
		for _, p := range m.Params {
			info.Params = append(info.Params, MechanismParam(p))
		}
		all = append(all, info)
	}
	return all
}
