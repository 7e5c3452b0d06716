package ceremony

import (
	"time"
)

// work shows long work as the list of its steps.
type work struct {
	c     *Ceremony
	q     screen
	steps []WorkStep
	at    int
	began time.Time
}

// newWork shows the list with its first step running.
func (c *Ceremony) newWork(title, sentence string, labels ...string) *work {
	w := &work{c: c, q: screen{title: title, sentence: sentence}, steps: make([]WorkStep, len(labels)), began: time.Now()}
	for i, label := range labels {
		w.steps[i] = WorkStep{Label: label, Fraction: -1}
	}
	w.steps[0].State = Current
	w.q.body = StepsBody{append([]WorkStep(nil), w.steps...)}
	c.show(w.q, true)
	return w
}

// tick shows how long the running step has taken.
func (w *work) tick() {
	w.steps[w.at].Detail = elapsed(time.Since(w.began))
	w.q.body = StepsBody{append([]WorkStep(nil), w.steps...)}
	w.c.progress(w.q)
}

// next ends the running step and begins the one after it.
func (w *work) next() {
	w.steps[w.at].State, w.steps[w.at].Detail = Done, elapsed(time.Since(w.began))
	if w.at++; w.at < len(w.steps) {
		w.steps[w.at].State = Current
	}
	w.began = time.Now()
	w.q.body = StepsBody{append([]WorkStep(nil), w.steps...)}
	w.c.progress(w.q)
}
