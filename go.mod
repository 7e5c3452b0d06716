module anodize

go 1.26

replace gioui.org/anodize => ./ui/raster

require (
	gioui.org v0.10.3
	gioui.org/anodize v0.0.0-00010101000000-000000000000
	github.com/certusone/yubihsm-go v0.3.0
	github.com/gowebpki/jcs v1.0.1
	github.com/hashicorp/vault v1.21.4
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/rogpeppe/go-internal v1.14.1
	github.com/skip2/go-qrcode v0.0.0-20200617195104-da1b6568686e
	golang.org/x/crypto v0.46.0
	golang.org/x/image v0.26.0
	golang.org/x/mod v0.30.0
	golang.org/x/net v0.48.0
	golang.org/x/sys v0.40.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/enceve/crypto v0.0.0-20160707101852-34d48bb93815 // indirect
	github.com/go-text/typesetting v0.3.5 // indirect
	golang.org/x/text v0.32.0 // indirect
	golang.org/x/tools v0.39.0 // indirect
)
