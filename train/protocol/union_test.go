package protocol

import (
	"reflect"
	"strings"
	"testing"
)

func TestRequestsAreChecked(t *testing.T) {
	good := []Request{
		{Type: "pause"}, {Type: "ledger"}, {Type: "ledger", Delta: 1e-5, ID: 3}, {Type: "open", Source: &Source{Kind: "digits"}},
		{Type: "start", Config: &Config{}}, {Type: "predict", Record: []byte{1}, ID: 1},
	}
	for _, r := range good {
		if err := r.Check(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	bad := map[string]Request{
		"lacks its source":        {Type: "open"},
		"lacks its config":        {Type: "propose", ID: 1},
		"lacks its id":            {Type: "account", Question: &AccountQuestion{}},
		"no place for config":     {Type: "pause", Config: &Config{}},
		"no place for checkpoint": {Type: "start", Config: &Config{}, Checkpoint: []byte{1}},
		"no place for record":     {Type: "unheard of", Record: []byte{1}},
	}
	for want, r := range bad {
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}

// Every field of a union belongs to types that there are.
func TestUnionsNameTheirTypes(t *testing.T) {
	types := map[reflect.Type]string{
		reflect.TypeFor[Request]():     " boot open start pause resume step stop save restore propose rehearse predict bounds ledger budget spending export import keep account audit replay take author ",
		reflect.TypeFor[Event]():       " ready loading dataset planned ledger spending exported imported history step epoch state done checkpoint safepoint proposal rehearsal prediction bounds account audit replay taken notice error unauthored unanswered ",
		reflect.TypeFor[TakeRequest](): " model certificate open predict verify ",
		reflect.TypeFor[TakeReply]():   " files opened prediction verdict refused ",
	}
	for union, all := range types {
		for i := range union.NumField() {
			f := union.Field(i)
			on := strings.Fields(f.Tag.Get("on"))
			if len(on) == 0 && f.Name != "Type" {
				t.Errorf("%s.%s is carried by no message", union.Name(), f.Name)
			}
			for _, kind := range on {
				if !strings.Contains(all, " "+strings.TrimSuffix(kind, "?")+" ") {
					t.Errorf("%s.%s: there is no %s", union.Name(), f.Name, kind)
				}
			}
		}
	}
}
