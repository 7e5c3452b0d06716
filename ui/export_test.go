package ui

import "strings"

// Accents are all letters with accents that can be typed by touch.
func Accents() string {
	var b strings.Builder
	for _, all := range accentsOf {
		b.WriteString(all + strings.ToUpper(all))
	}
	return b.String() + "İ"
}
