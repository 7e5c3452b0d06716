package ceremony

import (
	"context"
	"fmt"
	"strings"
	"time"

	"anodize/core/disc"
)

// burnProgress shows a burn as the list of its steps, each with its time, and
// returns what the drive reports to.
func (c *Ceremony) burnProgress(title string, directories []disc.Directory) func(disc.Progress) {
	var files int
	var total int64
	for _, d := range directories {
		files += len(d.Files)
		for _, f := range d.Files {
			total += f.Size
		}
	}
	steps := []WorkStep{
		{Label: fmt.Sprintf("Session put together, %s, %s", plural(len(directories), "directory"), plural(files, "file")), State: Done, Detail: size(total)},
		{Label: "Preparing the drive, next sector " + number(c.table.disc.NextAddress)},
		{Label: "Writing"}, {Label: "Closing the session"}, {Label: readingBack},
	}
	c.show(c.burning(title, append([]WorkStep(nil), steps...), false), true)
	at, began := 0, time.Now()
	return func(p disc.Progress) {
		now := burnRow(p.Step)
		for ; at < now; at++ {
			if at > 0 {
				steps[at].State, steps[at].Detail = Done, elapsed(time.Since(began))
			}
			began = time.Now()
		}
		row := &steps[now]
		row.State, row.Fraction, row.Detail = Current, -1, elapsed(time.Since(began))
		switch p.Step {
		case disc.StepReload:
			row.Label = "The drive opens, to forget what it was sent. If it stays open, push it closed"
		case disc.StepReadBack:
			row.Label = readingBack
		}
		if p.Total > 0 {
			row.Fraction = float64(p.Done) / float64(p.Total)
			if p.Done == p.Total {
				row.Detail = elapsed(time.Since(began))
			} else if left := remaining(time.Since(began), p.Done, p.Total); left > 0 {
				row.Detail = elapsed(left) + " left"
			}
		}
		c.progress(c.burning(title, append([]WorkStep(nil), steps...), false))
	}
}

const readingBack = "Reading back and comparing"

// remaining estimates the time left from the time taken for done of total.
func remaining(taken time.Duration, done, total int64) time.Duration {
	if done <= 0 || done >= total {
		return 0
	}
	return time.Duration(float64(taken) * float64(total-done) / float64(done))
}

// burnRow is the row of the list that a step of the drive belongs to.
func burnRow(s disc.Step) int {
	switch s {
	case disc.StepBuild, disc.StepPrepare:
		return 1
	case disc.StepWrite, disc.StepFlush:
		return 2
	case disc.StepClose:
		return 3
	}
	return 4
}

// burning is the screen of a burn, running or done.
func (c *Ceremony) burning(title string, steps []WorkStep, done bool) screen {
	next := Action{ID: "next", Label: "Continue", Key: "Enter", Kind: Primary}
	q := screen{
		title:    title,
		sentence: fmt.Sprintf("Session %d of this archive. Leave the disc and the power alone until it says done.", c.table.archive.sessions+1),
		body:     StepsBody{steps},
		notice:   Notice{Kind: Caution, Text: "Nothing goes to the stick before this session is on the disc and read back equal."},
		note:     "If the power fails now, the next start finds what is on the disc, and asks what happened.",
	}
	if done {
		q.title, q.sentence = "On the disc: "+title, fmt.Sprintf("Read back equal, as session %d. Note the log's and the tree's head, shown with the phases.", c.table.archive.sessions)
		q.notice, q.note = Notice{}, ""
	} else {
		next.Why = "Not before it is read back"
	}
	q.actions = []Action{next}
	return q
}

// showBurned lets people see that the burn is done and note the heads. moved says
// that the archive is on another disc now.
func (c *Ceremony) showBurned(ctx context.Context, d draft, moved bool) error {
	steps := []WorkStep{{Label: readingBack}} // after it had to be read again
	if b, ok := c.View().Body.(StepsBody); ok {
		steps = append([]WorkStep(nil), b.Steps...)
	}
	for i := range steps {
		if strings.HasSuffix(steps[i].Detail, " left") {
			steps[i].Detail = ""
		}
		steps[i].State = Done
	}
	q := c.burning(d.step.what, steps, true)
	if d.next != "" {
		q.notice = Notice{Kind: Caution, Text: d.next}
	}
	if moved {
		q.notice = Notice{Kind: Caution, Text: "From now on the archive is the disc in the drive. Write on the old one, and on its case: carried to another disc, and the date."}
	}
	_, err := c.ask(ctx, q, nil)
	return err
}
