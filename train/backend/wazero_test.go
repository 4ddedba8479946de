//go:build !js

package backend

import "testing"

func TestNativeKeepsTheContract(t *testing.T) {
	contract(t, func(t *testing.T, work Work, train, test Records) Backend {
		n, err := NewNative(work, train, test)
		if err != nil {
			t.Fatal(err)
		}
		return n
	})
}
