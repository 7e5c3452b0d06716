package usbredir

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// maxQueue bounds the transfers that wait at one endpoint.
const maxQueue = 256

// attachment is the device from being plugged in until it leaves: its endpoints'
// queues, and which of them are halted.
type attachment struct {
	session       *session
	description   Description
	configuration byte
	ctx           context.Context
	leave         context.CancelFunc
	workers       sync.WaitGroup
	queues        map[byte]chan transfer
	stopReporting context.CancelFunc // nil: it does not report

	mu      sync.Mutex
	halted  map[byte]bool
	pending map[uint64]context.CancelFunc
}

// transfer is a bulk request in its endpoint's queue.
type transfer struct {
	id  uint64
	ctx context.Context // ends when the machine cancels it
	bulk
}

func newAttachment(ctx context.Context, s *session, d Description) *attachment {
	a := &attachment{
		session: s, description: d, queues: map[byte]chan transfer{},
		halted: map[byte]bool{}, pending: map[uint64]context.CancelFunc{},
	}
	a.ctx, a.leave = context.WithCancel(ctx)
	for _, e := range d.Endpoints {
		queue := make(chan transfer, maxQueue)
		a.queues[e] = queue
		a.workers.Go(func() { a.serve(queue) })
	}
	return a
}

// end cancels everything and waits until nothing of the device runs any more.
func (a *attachment) end() {
	a.leave()
	a.workers.Wait()
}

func (a *attachment) enqueue(id uint64, b bulk) error {
	ctx, err := a.begin(id)
	if err != nil {
		return err
	}
	select {
	case a.queues[b.endpoint] <- transfer{id, ctx, b}:
		return nil
	default:
		a.done(id)
		return a.session.answer(id, b, nil, statusInvalid)
	}
}

// begin gives a transfer its context.
func (a *attachment) begin(id uint64) (context.Context, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, twice := a.pending[id]; twice {
		return nil, fmt.Errorf("%w: two transfers with the id %d", errProtocol, id)
	}
	ctx, cancel := context.WithCancel(a.ctx)
	a.pending[id] = cancel
	return ctx, nil
}

func (a *attachment) cancel(id uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cancel, ok := a.pending[id]; ok { // else it has been answered
		cancel()
	}
}

func (a *attachment) done(id uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending[id]()
	delete(a.pending, id)
}

func (a *attachment) setHalt(endpoint byte, halt bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.halted[endpoint] = halt
}

func (a *attachment) isHalted(endpoint byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.halted[endpoint]
}

func (a *attachment) clearAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.halted)
}

// serve works off one endpoint's queue, in order.
func (a *attachment) serve(queue chan transfer) {
	for {
		select {
		case <-a.ctx.Done():
			return
		case t := <-queue:
			in, err := a.carry(t)
			if a.ctx.Err() != nil {
				return
			}
			status, leaves := a.judge(t, in, err)
			a.done(t.id)
			if gone := a.settle(t, in, status, leaves); gone {
				return
			}
		}
	}
}

// carry asks the device.
func (a *attachment) carry(t transfer) (in []byte, err error) {
	switch {
	case t.ctx.Err() != nil:
		return nil, t.ctx.Err()
	case a.isHalted(t.endpoint):
		return nil, ErrStall
	case t.isIn():
		return a.session.device.BulkIn(t.ctx, t.endpoint, t.length)
	}
	return nil, a.session.device.BulkOut(t.ctx, t.endpoint, t.data)
}

// judge says how a transfer ended, and what makes the device leave the bus after it.
func (a *attachment) judge(t transfer, in []byte, why error) (status byte, leaves error) {
	switch {
	case why == nil:
		return statusSuccess, nil
	case errors.Is(why, ErrRestart) && len(in) > 0: // after this answer
		return statusSuccess, why
	case errors.Is(why, ErrGone), errors.Is(why, ErrRestart):
		return statusError, why
	case errors.Is(why, ErrStall):
		a.setHalt(t.endpoint, true)
		return statusStall, nil
	case errors.Is(why, ErrBabble):
		return statusBabble, nil
	case t.ctx.Err() != nil:
		return statusCancelled, nil
	}
	return statusError, nil
}

// settle answers a transfer, and reports whether the device left the bus: then one
// that failed needs no answer.
func (a *attachment) settle(t transfer, in []byte, status byte, leaves error) (gone bool) {
	if leaves == nil || status == statusSuccess {
		if err := a.session.answer(t.id, t.bulk, in, status); err != nil {
			leaves = err
		}
	}
	if leaves != nil {
		a.session.raise(leaves)
	}
	return leaves != nil
}
