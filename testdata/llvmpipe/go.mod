module anodize/llvmpipe

go 1.26

replace anodize => ../..

replace gioui.org/anodize => ../../ui/raster

require (
	anodize v0.0.0-00010101000000-000000000000
	gioui.org v0.10.3
	gioui.org/anodize v0.0.0-00010101000000-000000000000
)

require (
	gioui.org/shader v1.0.9 // indirect
	github.com/go-text/typesetting v0.3.5 // indirect
	github.com/gowebpki/jcs v1.0.1 // indirect
	github.com/hashicorp/vault v1.21.4 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	github.com/skip2/go-qrcode v0.0.0-20200617195104-da1b6568686e // indirect
	golang.org/x/crypto v0.46.0 // indirect
	golang.org/x/image v0.26.0 // indirect
	golang.org/x/mod v0.30.0 // indirect
	golang.org/x/sys v0.40.0 // indirect
	golang.org/x/text v0.32.0 // indirect
)
