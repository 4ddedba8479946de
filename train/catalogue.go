package train

import (
	"cloister/dp/mechanism"
	"cloister/train/protocol"
)

// adamRate is a learning rate that suits Adam under noise: its steps are about as long as its rate, whatever the gradients.
const adamRate = 0.002

// catalogue lists the mechanisms for the page.
func catalogue() []protocol.MechanismInfo {
	var all []protocol.MechanismInfo
	for _, m := range mechanism.Catalogue() {
		info := protocol.MechanismInfo{
			Name: m.Name, Kind: string(m.Kind), Title: m.Title, Family: m.Family, Summary: m.Summary, Pays: m.Pays, Paper: m.Paper,
			Params: []protocol.MechanismParam{},
		}
		if m.Optimizer != "" {
			info.LearningRate = adamRate
		}
		for _, p := range m.Params {
			info.Params = append(info.Params, protocol.MechanismParam(p))
		}
		all = append(all, info)
	}
	return all
}
