package protocol

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"syscall/js"
)

// Messages are structs with json tags on the Go side and plain objects on the other. Bytes are Uint8Arrays, which JSON
// has no form for; numbers keep infinities.

// Limits on a message from the page.
const (
	maxDepth  = 8
	maxLength = 1 << 16 // of a list, an object or a string
	maxBytes  = 1 << 30
)

// EncodeEvent turns an event into the plain object that a page gets.
func EncodeEvent(e Event) js.Value { return encodeStruct(reflect.ValueOf(e), e.Type) }

// DecodeRequest reads a page's message, which may be anything at all.
func DecodeRequest(message js.Value) (r Request, err error) {
	if err := decode(message, reflect.ValueOf(&r).Elem(), 0); err != nil {
		return Request{}, fmt.Errorf("protocol: message: %w", err)
	}
	return r, nil
}

// EncodeTakeReply and DecodeTakeRequest are the same for the program that writes files.
func EncodeTakeReply(r TakeReply) js.Value { return encodeStruct(reflect.ValueOf(r), r.Type) }

// DecodeTakeRequest reads a page's message.
func DecodeTakeRequest(message js.Value) (r TakeRequest, err error) {
	if err := decode(message, reflect.ValueOf(&r).Elem(), 0); err != nil {
		return TakeRequest{}, fmt.Errorf("protocol: message: %w", err)
	}
	return r, nil
}

func encode(v reflect.Value) js.Value {
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(v, "")
	case reflect.Pointer:
		if v.IsNil() {
			return js.Null()
		}
		return encode(v.Elem())
	case reflect.Slice:
		return encodeSlice(v)
	case reflect.Map:
		object := js.Global().Get("Object").New()
		for _, key := range v.MapKeys() {
			object.Set(key.String(), encode(v.MapIndex(key)))
		}
		return object
	}
	return js.ValueOf(plain(v))
}

// encodeStruct leaves out what is optional and zero, but not what messages of the kind always carry.
func encodeStruct(v reflect.Value, kind string) js.Value {
	object := js.Global().Get("Object").New()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if name, optional := field(f); !optional || !v.Field(i).IsZero() || PresenceOn(f.Tag, kind) == Required {
			object.Set(name, encode(v.Field(i)))
		}
	}
	return object
}

func encodeSlice(v reflect.Value) js.Value {
	if b, ok := v.Interface().([]byte); ok {
		bytes := js.Global().Get("Uint8Array").New(len(b))
		js.CopyBytesToJS(bytes, b)
		return bytes
	}
	list := js.Global().Get("Array").New(v.Len())
	for i := range v.Len() {
		list.SetIndex(i, encode(v.Index(i)))
	}
	return list
}

func plain(v reflect.Value) any {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	}
	return v.String()
}

// decode fills v. Fields that an object lacks keep their values.
func decode(from js.Value, v reflect.Value, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v.Kind() {
	case reflect.Struct:
		return decodeStruct(from, v, depth)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(from, v.Elem(), depth)
	case reflect.Slice:
		return decodeSlice(from, v, depth)
	case reflect.Map:
		return decodeMap(from, v, depth)
	case reflect.String:
		// A primitive string has no properties in Go; the object around it has.
		if from.Type() != js.TypeString || js.Global().Get("Object").New(from).Get("length").Int() > maxLength {
			return fmt.Errorf("want a string of at most %d characters", maxLength)
		}
		v.SetString(from.String())
	case reflect.Bool:
		if from.Type() != js.TypeBoolean {
			return fmt.Errorf("want true or false, got %v", from.Type())
		}
		v.SetBool(from.Bool())
	default:
		return decodeNumber(from, v)
	}
	return nil
}

func decodeStruct(from js.Value, v reflect.Value, depth int) error {
	switch held := v.Addr().Interface().(type) {
	case *Blob:
		held.Handle = from
		return wantInstance(from, "Blob")
	case *MessagePort:
		held.Handle = from
		return wantInstance(from, "MessagePort")
	}
	if from.Type() != js.TypeObject {
		return fmt.Errorf("want an object, got %v", from.Type())
	}
	for i := range v.NumField() {
		name, _ := field(v.Type().Field(i))
		value := from.Get(name)
		if value.IsUndefined() || value.IsNull() {
			continue
		}
		if err := decode(value, v.Field(i), depth+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func wantInstance(from js.Value, class string) error {
	if !from.InstanceOf(js.Global().Get(class)) {
		return fmt.Errorf("want a %s, got %v", class, from.Type())
	}
	return nil
}

func decodeSlice(from js.Value, v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if !from.InstanceOf(js.Global().Get("Uint8Array")) || from.Length() > maxBytes {
			return fmt.Errorf("want a Uint8Array of at most %d bytes", maxBytes)
		}
		b := make([]byte, from.Length())
		js.CopyBytesToGo(b, from)
		v.SetBytes(b)
		return nil
	}
	if !js.Global().Get("Array").Call("isArray", from).Bool() || from.Length() > maxLength {
		return fmt.Errorf("want a list of at most %d elements", maxLength)
	}
	list := reflect.MakeSlice(v.Type(), from.Length(), from.Length())
	for i := range list.Len() {
		if err := decode(from.Index(i), list.Index(i), depth+1); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	v.Set(list)
	return nil
}

func decodeMap(from js.Value, v reflect.Value, depth int) error {
	if from.Type() != js.TypeObject {
		return fmt.Errorf("want an object, got %v", from.Type())
	}
	keys := js.Global().Get("Object").Call("keys", from)
	if keys.Length() > maxLength {
		return fmt.Errorf("want at most %d entries", maxLength)
	}
	entries := reflect.MakeMap(v.Type())
	for i := range keys.Length() {
		key, value := keys.Index(i).String(), reflect.New(v.Type().Elem()).Elem()
		if err := decode(from.Get(key), value, depth+1); err != nil {
			return fmt.Errorf("%.40q: %w", key, err)
		}
		entries.SetMapIndex(reflect.ValueOf(key), value)
	}
	v.Set(entries)
	return nil
}

func decodeNumber(from js.Value, v reflect.Value) error {
	if from.Type() != js.TypeNumber {
		return fmt.Errorf("want a number, got %v", from.Type())
	}
	x := from.Float()
	if v.CanFloat() {
		v.SetFloat(x)
		return nil
	}
	// Integers that a page can name exactly.
	if x != math.Trunc(x) || math.Abs(x) > 1<<53 || v.CanUint() && x < 0 {
		return fmt.Errorf("want a whole number, got %v", x)
	}
	if v.CanUint() {
		v.SetUint(uint64(x))
	} else {
		v.SetInt(int64(x))
	}
	return nil
}

// field is a struct field's name in messages, and whether it is left out when it is zero.
func field(f reflect.StructField) (name string, optional bool) {
	name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, option == "omitempty"
}
