// Package ceremony is the one state machine of a ceremony: the gates, the
// operations and the pipeline that all of them pass through.
//
// It guarantees the order of things by types: no function that opens the HSM
// can be called without the receipt of an intent that was burned and read back,
// and none that writes to the stick without the receipt of a record. It runs in
// one goroutine, shows immutable views and takes events; whatever draws the
// views decides nothing.
package ceremony
