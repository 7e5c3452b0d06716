package ceremony

import (
	"context"
	"unicode/utf8"
)

// question asks for one line of text.
type question struct {
	title, sentence   string
	label, hint       string
	value             string
	limit             int // bytes
	mono, numeric     bool
	listed            []string
	notice            Notice
	done, back, extra string // labels of the actions; extra may be empty
	extraWhy          string
	check             func(string) error
}

// errExtra says that a question's extra action was pressed.
var errExtra = stepError("the extra action")

// stepError is an error that steers and is never shown.
type stepError string

func (e stepError) Error() string { return string(e) }

// askText returns a text that passes the question's check; errBack if the
// people left, errExtra if they took the extra action.
func (c *Ceremony) askText(ctx context.Context, q question) (string, error) {
	value, problem := q.value, ""
	c.show(q.screen(value, problem), false)
	for {
		e, err := c.answer(ctx, nil)
		if err != nil {
			return "", err
		}
		problem = ""
		switch e := e.(type) {
		case Input:
			if utf8.ValidString(e.Text) && len(value)+len(e.Text) <= q.limit {
				value += e.Text
			} else {
				problem = "It is as long as it can be."
			}
		case Erase:
			_, n := utf8.DecodeLastRuneInString(value)
			value = value[:len(value)-n]
		case Press:
			switch e.Action {
			case "back":
				if q.listed == nil || value == q.value {
					return "", errBack
				}
				value = q.value // what was typed goes first, what was added later
				c.redraw(q.screen(value, problem))
				continue
			case "extra":
				if value == q.value {
					return "", errExtra
				}
				problem = "Add what you typed, or erase it."
				c.redraw(q.screen(value, problem))
				continue
			}
			if err := q.check(value); err == nil {
				return value, nil
			} else {
				problem = capital(err.Error()) + "."
			}
		}
		c.redraw(q.screen(value, problem))
	}
}

func (q question) screen(value, problem string) screen {
	body := TextBody{Label: q.label, Value: value, Hint: q.hint, Mono: q.mono, Numeric: q.numeric, Listed: q.listed}
	if problem != "" {
		body.Hint, body.Wrong = problem, true
	}
	actions := []Action{{ID: "back", Label: q.back, Key: "Esc", Kind: Stop}}
	if q.extra != "" {
		actions = append(actions, Action{ID: "extra", Label: q.extra, Key: "F2", Why: q.extraWhy})
	}
	return screen{
		title: q.title, sentence: q.sentence, body: body, notice: q.notice,
		actions: append(actions, Action{ID: "done", Label: q.done, Key: "Enter", Kind: Primary}),
	}
}

// askChoice returns the index of what was picked; errBack if the people left.
func (c *Ceremony) askChoice(ctx context.Context, title, sentence string, choices []Choice, back string) (int, error) {
	return c.askNumber(ctx, title, sentence, ChoicesBody{Choices: choices}, back)
}

// askNumber is askChoice for a list that need not be numbered from 1.
func (c *Ceremony) askNumber(ctx context.Context, title, sentence string, b ChoicesBody, back string) (int, error) {
	note := "Press a number, or touch"
	if !b.Keys() {
		note = "Go with the arrow keys and press Enter, or touch"
	}
	e, err := c.ask(ctx, screen{
		title: title, sentence: sentence, body: b, note: note,
		actions: []Action{{ID: "back", Label: back, Key: "Esc", Kind: Stop}},
	}, nil)
	if err != nil {
		return 0, err
	}
	if pick, ok := e.(Pick); ok {
		return pick.Index, nil
	}
	return 0, errBack
}
