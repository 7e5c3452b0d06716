# Anodize: what to run. README.md says what comes out.

export CGO_ENABLED = 0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES = . ui/raster

# Debian packages that the tests and the rehearsal's checks need, and those that
# the tests in a virtual machine need besides.
DEBS = openssl gnutls-bin xorriso genisoimage dvd+rw-tools util-linux zbar-tools tidy python3 tzdata \
	gcc libc6-dev dosfstools mtools exfatprogs libxkbcommon-tools x11proto-dev libx11-data linux-libc-dev libusbredirparser-dev
DEBS_VM = qemu-system-x86

.PHONY: all deps lint test test-vm test-vm-smoke rehearsal golden bench performance compare docs fake-shuttle.img clean

all: test

# Installs what is missing, and nothing else.
deps:
	@missing=; for p in $(DEBS); do dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		as=; [ "$$(id -u)" = 0 ] || as=sudo; \
		$$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

lint:
	@bad=$$(git ls-files '*.go' | xargs gofmt -l); [ -z "$$bad" ] || { echo "not gofmt-ed: $$bad"; exit 1; }
	@for m in $(MODULES); do (cd $$m && go vet ./... && go run $(STATICCHECK) ./...) || exit 1; done
	@go vet -tags vm ./... && go run $(STATICCHECK) -tags vm ./...

test: deps lint
	@for m in $(MODULES); do (cd $$m && go test ./...) || exit 1; done

# Tests that need a Linux kernel, in QEMU without hardware acceleration. Debian's
# kernel is downloaded once, into the user's cache folder.
test-vm: DEBS += $(DEBS_VM)
test-vm: deps
	go test -tags vm -count 1 -p 1 -timeout 60m $(addprefix ./,$(sort $(dir $(shell git ls-files '*vm_test.go'))))

# One frame and one walk by keys.
test-vm-smoke: DEBS += $(DEBS_VM)
test-vm-smoke: deps
	go test -tags vm -run Smoke -count 1 -timeout 10m ./cmd/anodize-rehearsal

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

# Keeps the screens' pictures as they are drawn now. Look at them.
golden:
	go test ./ui -run TestGolden -update

# Holds the pages against Chromium: the same words on the same lines; pictures of
# both side by side go to docs/html. Takes about four minutes.
compare: DEBS += chromium fonts-go
compare: deps
	go vet -tags chromium ./ui/html
	go test -tags chromium -run 'LinesBreak|PicturesBeside' -timeout 20m ./ui/html -args -beside $(CURDIR)/docs/html

# Prints the runbooks, cards and sheets to build/docs.
docs: DEBS += chromium fonts-go
docs: deps
	@mkdir -p build/docs; for f in assets/pages/*.html; do \
		chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer \
			--print-to-pdf=build/docs/$$(basename $$f .html).pdf file://$(CURDIR)/$$f || exit 1; done

# A stick with the profile and the request of the tests, in build.
fake-shuttle.img:
	@mkdir -p build && rm -f build/$@
	go run ./cmd/anodize-shuttle init -profile testdata/profile.toml testdata/intermediate.csr build/$@

clean:
	rm -rf build
