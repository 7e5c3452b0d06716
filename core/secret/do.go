//go:build !goexperiment.runtimesecret

package secret

// Do calls f. In a program that was built with GOEXPERIMENT=runtimesecret the
// stack and the registers that f used are erased before Do returns, and what it
// allocated when it is collected (package runtime/secret); in others nothing
// more is done than what f itself wipes.
func Do(f func()) { f() }
