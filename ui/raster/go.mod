module gioui.org/anodize

go 1.26

require (
	gioui.org v0.10.3
	pgregory.net/rapid v1.3.0
)

require (
	github.com/go-text/typesetting v0.3.5 // indirect
	golang.org/x/exp/shiny v0.0.0-20250408133849-7e4ce0ab07d0 // indirect
	golang.org/x/image v0.26.0 // indirect
	golang.org/x/text v0.32.0 // indirect
)
