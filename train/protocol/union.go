package protocol

import (
	"fmt"
	"reflect"
	"strings"
)

// Presence says whether messages of one type carry a field.
type Presence int

const (
	Absent Presence = iota
	Optional
	Required
)

// PresenceOn reads a union's field tags: `on` lists the types that carry the field, a "?" behind those that may go without.
func PresenceOn(tag reflect.StructTag, kind string) Presence {
	for _, word := range strings.Fields(tag.Get("on")) {
		if name, optional := strings.CutSuffix(word, "?"); name == kind {
			if optional {
				return Optional
			}
			return Required
		}
	}
	return Absent
}

// Check tells what a request lacks, or carries that its type has no place for.
func (r *Request) Check() error { return check(reflect.ValueOf(r).Elem(), r.Type) }

// Check does the same for a request to the program that writes files.
func (r *TakeRequest) Check() error { return check(reflect.ValueOf(r).Elem(), r.Type) }

func check(v reflect.Value, kind string) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "Type" {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch given := !v.Field(i).IsZero(); {
		case given && PresenceOn(f.Tag, kind) == Absent:
			return fmt.Errorf("protocol: a request of type %q has no place for %s", kind, name)
		case !given && PresenceOn(f.Tag, kind) == Required:
			return fmt.Errorf("protocol: a request of type %q lacks its %s", kind, name)
		}
	}
	return nil
}
