package sim

import "testing"

// BenchmarkHSMSignECDSA is what the simulated device and the test's own host
// take for a P-384 signature, channel included: what a driver's figures stand on.
func BenchmarkHSMSignECDSA(b *testing.B) {
	c := hsmLoginDefault(b, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA, hsmP384))
	digest := make([]byte, 48)
	for b.Loop() {
		c.must(hsmSignECDSA, hsmBE(10), digest)
	}
}

func BenchmarkHSMEcho(b *testing.B) {
	c := hsmLoginDefault(b, NewHSM(1))
	for b.Loop() {
		c.must(hsmEcho, []byte("x"))
	}
}
