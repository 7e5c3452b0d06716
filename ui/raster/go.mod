module gioui.org/anodize

go 1.26
