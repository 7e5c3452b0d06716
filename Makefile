# Anodize: what to run. README.md says what comes out.

export CGO_ENABLED = 0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
VNU = vnu-jar@26.9.27
MODULES = . ui/raster

# Debian packages that the tests and the rehearsal's checks need, and those that
# the tests in a virtual machine need besides.
DEBS = openssl gnutls-bin xorriso genisoimage dvd+rw-tools util-linux zbar-tools tidy python3 tzdata \
	gcc libc6-dev dosfstools mtools exfatprogs libxkbcommon-tools x11proto-dev libx11-data linux-libc-dev libusbredirparser-dev \
	cpio gdisk osslsigncode sbsigntool zstd
DEBS_VM = qemu-system-x86 ovmf swtpm cdrskin sg3-utils
# What the image's kernel is built with, and Secure Boot signatures are made with.
DEBS_IMAGE = linux-source-6.1 gcc-12 gcc libc6-dev binutils zstd bc bison cpio flex libelf-dev make patch xz-utils sbsigntool

.PHONY: all deps lint test test-vm test-vm-smoke rehearsal golden bench performance figures compare docs fake-shuttle.img qemu-dev-sdl qemu-dev-nographic clean \
	image prod-amd64 image-dev sign verify-image pin list-usb write-usb

all: test

# Installs what is missing, and nothing else.
deps:
	@missing=; for p in $(DEBS); do dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		as=; [ "$$(id -u)" = 0 ] || as=sudo; \
		$$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

# Memory for time, which staticcheck and compilers spend on garbage.
lint test: export GOGC = 300

# No file is built only without the tag vm, so that with it all are seen.
lint:
	@bad=$$(git ls-files '*.go' | xargs gofmt -l); [ -z "$$bad" ] || { echo "not gofmt-ed: $$bad"; exit 1; }
	@for m in $(MODULES); do (cd $$m && go vet -tags vm ./... && go run $(STATICCHECK) -tags vm ./...) || exit 1; done

# What go test would vet, lint has.
test: deps lint
	@for m in $(MODULES); do (cd $$m && go test -vet=off ./...) || exit 1; done

# Tests that need a Linux kernel, in QEMU without hardware acceleration. Debian's
# kernel is downloaded once, into the user's cache folder; the image's is compiled
# there once, which takes 10 to 40 minutes.
test-vm: DEBS += $(DEBS_VM) $(DEBS_IMAGE)
test-vm: deps
	$(IMAGE) kernel
	go test -tags vm -count 1 -p 1 -parallel 2 -timeout 60m $(addprefix ./,$(sort $(dir $(shell git ls-files '*vm_test.go'))))

# One frame and one walk by keys; two sessions burned through the kernel; the image up
# to its first gate where its kernel has been compiled before.
test-vm-smoke: DEBS += $(DEBS_VM)
test-vm-smoke: deps
	go test -tags vm -run Smoke -count 1 -p 1 -timeout 10m ./cmd/anodize-rehearsal ./core/disc
	@if $(IMAGE) kernel -check; then $(MAKE) --no-print-directory deps DEBS="$(DEBS_IMAGE)" && \
		go test -tags vm -run Smoke -count 1 -timeout 20m ./cmd/anodize-image; \
	else echo "The image's boot was not run: its kernel is not in the cache; make image compiles it."; fi

# Plays a whole ceremony on simulated devices into build/rehearsal.
rehearsal: deps
	go run ./cmd/anodize-rehearsal -display png -out build/rehearsal

bench:
	@for m in $(MODULES); do (cd $$m && go test -run '^$$' -bench . ./...) || exit 1; done

# Prints what docs/performance.md holds, beside Gio's own renderer; takes about
# ten minutes.
performance: DEBS += gcc libc6-dev pkg-config libegl-dev libgles2 libgl1-mesa-dri
performance: deps
	cd testdata/llvmpipe && go run ./figures

# Prints what docs/performance.md holds of the image: the seconds to its first page, its
# memory and its size, in virtual machines.
figures: DEBS += $(DEBS_VM) $(DEBS_IMAGE)
figures: deps
	@$(IMAGE) kernel
	@go test -tags vm -run '^$$' -bench Image -benchtime 3x -timeout 60m ./cmd/anodize-image

# Keeps the screens' pictures as they are drawn now. Look at them.
golden:
	go test ./ui -run TestGolden -update

# Holds the pages against the W3C's validator, markup and style, which comes from npm;
# and against Chromium: the same words on the same lines; pictures of both side by
# side go to docs/html. Takes about four minutes.
compare: DEBS += chromium fonts-go default-jre-headless
compare: deps
	npm install --silent --no-audit --no-fund --prefix build/vnu $(VNU)
	java -jar build/vnu/node_modules/vnu-jar/build/dist/vnu.jar --Werror assets/pages/*.html core/record/testdata/*.html
	go vet -tags chromium ./ui/html
	go test -tags chromium -run 'LinesBreak|PicturesBeside' -timeout 20m ./ui/html -args -beside $(CURDIR)/docs/html

# Prints the runbooks, cards and sheets to build/docs.
docs: DEBS += chromium fonts-go
docs: deps
	@mkdir -p build/docs; for f in assets/pages/*.html; do \
		chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer \
			--print-to-pdf=build/docs/$$(basename $$f .html).pdf file://$(CURDIR)/$$f || exit 1; done

# A value as one word of the shell's, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# The bootable image, for a release: the tree must be clean, or ALLOW_DIRTY=1 marks
# the image. MODE=dev, or image-dev, makes one for developers.
IMAGE = go run ./cmd/anodize-image
MODE = production
image: DEBS = $(DEBS_IMAGE)
image: deps
	$(IMAGE) build -mode $(call quoted,$(MODE)) $(if $(filter 1,$(ALLOW_DIRTY)),-allow-dirty)
prod-amd64: image
image-dev:
	@$(MAKE) --no-print-directory image MODE=dev

# A copy of an image with a Secure Boot signature: make sign KEY=db.key CERT=db.crt
ISO = build/anodize-prod-amd64.iso
sign: DEBS = $(DEBS_IMAGE)
sign: deps
	$(IMAGE) sign -key $(call quoted,$(KEY)) -cert $(call quoted,$(CERT)) $(call quoted,$(ISO))

# Builds an image again and compares: make verify-image ISO=their.iso
verify-image: DEBS = $(DEBS_IMAGE)
verify-image: deps
	$(IMAGE) verify $(call quoted,$(ISO))

# Takes the versions of the kernel's source and of the tools that are installed, after
# showing what changed.
pin: DEBS = $(DEBS_IMAGE)
pin: deps
	$(IMAGE) pin

# make write-usb DEV=/dev/sdX asks, and writes the image to a USB stick.
list-usb:
	$(IMAGE) list-usb
write-usb:
	$(IMAGE) write-usb $(call quoted,$(ISO)) $(call quoted,$(DEV))

# A stick with the profile and the request of the tests, in build.
fake-shuttle.img:
	@mkdir -p build && rm -f build/$@
	go run ./cmd/anodize-shuttle init -profile testdata/profile.toml testdata/intermediate.csr build/$@

# A developers' image in a virtual machine with simulated devices, which stay in
# build/qemu: in a window, or kept as a picture, build/qemu/screen.png.
qemu-dev-sdl: DEBS += qemu-system-x86 qemu-system-gui ovmf
qemu-dev-nographic: DEBS += qemu-system-x86 ovmf
qemu-dev-sdl qemu-dev-nographic: deps image-dev
	go run ./cmd/anodize-qemu -display $(if $(filter %sdl,$@),sdl,none) build/anodize-dev-amd64.iso

clean:
	rm -rf build
