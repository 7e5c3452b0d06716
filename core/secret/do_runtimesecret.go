//go:build goexperiment.runtimesecret

package secret

import "runtime/secret"

// Do calls f; what it leaves on the stack, in registers and, once collected, on
// the heap is erased (package runtime/secret).
func Do(f func()) { secret.Do(f) }
