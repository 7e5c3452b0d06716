package main

import "anodize/core/ceremony"

// rehearsed is the machine of a rehearsal: none.
type rehearsed struct{}

func (rehearsed) Look() ceremony.Environment {
	return ceremony.Environment{By: version(), Claims: []ceremony.Claim{
		{Name: "Machine", Value: "none: this is a rehearsal on simulated devices"},
	}}
}
