package yubihsm_test

import (
	"testing"

	"anodize/core/hsm"
)

// Driver and simulator were written apart from each other; a key that arrives
// shows that both read firmware 2.4's RSA wrap in one way.
func TestKeyCopiedUnderRSAIsTheSame(t *testing.T) {
	for _, spec := range []hsm.KeySpec{hsm.ECDSAP384, hsm.Ed25519, hsm.RSA3072} {
		t.Run(string(spec), func(t *testing.T) {
			p := savedPair(t, spec)(t)
			from, to := p.open(t)
			copied, err := hsm.CopyKeyRSA(t.Context(), from, to, p.key, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !samePublic(t, copied, p.key) || copied.ID != p.key.ID {
				t.Errorf("%+v arrived of %+v", copied, p.key)
			}
			if in := p.wrapKeys(t); in != nil {
				t.Errorf("a wrap key is left in %v", in)
			}
			if _, err := to.Sign(t.Context(), copied, []byte("the bytes to be signed")); err != nil {
				t.Error(err)
			}
		})
	}
}
