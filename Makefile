# SPDX-License-Identifier: GPL-3.0-or-later
#
# Postern's one Makefile. `make help` lists the targets.
#
# The folder table below is the layer table of the architecture: who may include whom, and which third-party packages
# live where. It makes the archives, the link lines of the unit tests and the rules that `make lint` checks.

B ?= build
CC = gcc
PYTHON := /usr/bin/python3
VERSION := 0.1.0
# The tuned wolfSSL (tests/build/wolfssl.mk); several build folders may share one.
WOLFSSL ?= $(CURDIR)/build/wolfssl

# ---------------------------------------------------------------------------------------------------------------------
# Debian packages: to build, to test, to run the demo. `make deps` installs all of them (needs root).
BUILD_PACKAGES := build-essential pkg-config clang-14 llvm-14 bpftool libbpf-dev libelf-dev libnl-3-dev libnl-route-3-dev \
	libevent-dev libcurl4-gnutls-dev libgnutls28-dev libyaml-dev libpcre2-dev libsqlite3-dev libseccomp-dev libcap-dev \
	libknot-dev libc-ares-dev zlib1g-dev libminizip-dev libnghttp2-dev libexpat1-dev autoconf automake libtool dpkg-dev ca-certificates
TEST_PACKAGES := libcmocka-dev libcjson-dev clang-format-14 libclang-rt-14-dev json-schema-test-suite python3 python3-pytest python3-pytest-xdist python3-boto3 python3-yaml \
	git awscli nginx-light bind9-dnsutils curl openssl iproute2 iputils-ping util-linux procps strace wrk qemu-system-x86 \
	systemd man-db logrotate velocity libjsonpath-java openjdk-17-jdk-headless nodejs $(if $(wildcard /usr/bin/npm /usr/local/bin/npm),,npm)

# ---------------------------------------------------------------------------------------------------------------------
# FOLDER table: name, path, folders it may include (all of them transitively), third-party packages (pkg-config names or
# -l flags) that are at home there.
FOLDERS := policy ebpf netns base crypto wire mapping validate system loop tls store http outbound model openapi observe integrate dns pipeline control launch cli
# Programs of the appliance's image alone: image/NAME, main.c and the rest.
IMAGE_FOLDERS := configure syslog rotate

PATH_policy := policy
PATH_ebpf := ebpf
PATH_netns := netns
PATH_base := appliance/base
PATH_openapi := appliance/openapi
PATH_crypto := appliance/crypto
PATH_wire := appliance/wire
PATH_mapping := appliance/mapping
PATH_validate := appliance/validate
PATH_system := image/system
PATH_loop := appliance/loop
PATH_tls := appliance/tls
PATH_store := appliance/store
PATH_http := appliance/http
PATH_outbound := appliance/outbound
PATH_model := appliance/model
PATH_observe := appliance/observe
PATH_integrate := appliance/integrate
PATH_dns := appliance/dns
PATH_pipeline := appliance/pipeline
PATH_control := appliance/control
PATH_launch := appliance/launch
PATH_cli := appliance/cli
PATH_configure := image/configure
PATH_syslog := image/syslog
PATH_rotate := image/rotate

# Each line names every folder that may be included: those above it in the layer table, never one of its own line.
USES_policy :=
USES_ebpf :=
USES_netns := ebpf policy
USES_base := policy ebpf netns
USES_crypto := base
USES_wire := base
USES_mapping := base
USES_validate := base
USES_system := crypto base netns ebpf policy
USES_loop := base
USES_tls := loop crypto wire mapping base
USES_store := loop crypto wire mapping base
USES_http := tls store loop crypto wire mapping base
USES_outbound := tls store loop crypto wire mapping base
USES_model := http outbound tls store loop crypto wire mapping validate base policy netns ebpf
USES_openapi := model $(USES_model)
USES_observe := model $(USES_model)
USES_integrate := model $(USES_model)
USES_dns := model $(USES_model)
USES_pipeline := observe integrate dns $(USES_observe)
USES_control := openapi system pipeline $(USES_pipeline)
USES_launch := control $(USES_control)
USES_cli := launch $(USES_launch)
# The settings and what reads them, and no more of the appliance.
USES_configure := launch outbound system crypto wire base netns
USES_syslog := base
USES_rotate := base

LIBS_policy :=
LIBS_ebpf := -lbpf -lelf -lz
LIBS_netns := -lnl-route-3 -lnl-3 -lseccomp
LIBS_base := -l:libminizip.a -lyaml -lpcre2-8 -lz
LIBS_openapi :=
LIBS_crypto := $(WOLFSSL)/lib/libwolfssl.a -lm
LIBS_wire := -lknot
LIBS_mapping := -lm
LIBS_validate :=
LIBS_system := $(WOLFSSL)/lib/libwolfssl.a -lm -lseccomp
LIBS_loop := -levent_core
LIBS_tls := $(WOLFSSL)/lib/libwolfssl.a -lm
LIBS_store := -lsqlite3
LIBS_http := -lnghttp2
LIBS_outbound := -lcurl-gnutls -lcares
LIBS_model :=
LIBS_observe :=
LIBS_integrate :=
LIBS_dns :=
LIBS_pipeline :=
LIBS_control := -lexpat
LIBS_launch := -lseccomp
LIBS_cli :=
LIBS_configure := -lnl-route-3 -lnl-3 -lseccomp
LIBS_syslog := -lgnutls -lseccomp
LIBS_rotate :=

# Third-party headers at home: prefixes of what a folder may include besides libc and the kernel's UAPI.
HEADERS_ebpf := bpf/
HEADERS_netns := netlink/ seccomp.h
HEADERS_base := minizip/ yaml.h pcre2.h zlib.h
HEADERS_crypto := wolfssl/
HEADERS_wire := libknot/
HEADERS_system := wolfssl/ seccomp.h
HEADERS_loop := event2/
HEADERS_tls := wolfssl/
HEADERS_store := sqlite3.h libpq-fe.h hiredis/
HEADERS_http := nghttp2/
HEADERS_outbound := curl/ ares.h
HEADERS_control := expat.h
HEADERS_launch := seccomp.h
HEADERS_configure := netlink/ seccomp.h
HEADERS_syslog := gnutls/ seccomp.h

# ---------------------------------------------------------------------------------------------------------------------
# Flags. SANITIZE=address,undefined builds with sanitizers; CC=clang-14 with clang. Both want a B of their own.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wcast-qual -Werror
OPTIMIZE ?= -O2
CPPFLAGS := -D_GNU_SOURCE -DPOSTERN_VERSION='"$(VERSION)"' -I. -I$(B)/generated -isystem $(WOLFSSL)/include -isystem /usr/include/libnl3
CFLAGS := -std=gnu11 -g $(OPTIMIZE) -fno-omit-frame-pointer -fno-strict-aliasing -fstack-protector-strong -fPIE $(WARNINGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now
ifneq ($(SANITIZE),)
CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif
ifeq ($(SANITIZE),)
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

PROGRAMS := posternd postern-gateway postern-control postern-settings postern

.PHONY: all
all: $(PROGRAMS:%=$(B)/%)

include tests/build/wolfssl.mk
include tests/build/folders.mk
include image/image.mk
include image/debian/debian.mk
include tests/build/checks.mk

.PHONY: help
help:
	@echo 'make deps      install the Debian packages that building, testing and the demo need (needs root)'
	@echo 'make all       build posternd, postern-gateway, postern-control, postern-settings and postern into $(B)/'
	@echo 'make demo      deps + all, then the main job end to end in namespaces of its own (needs root); KEEP=1 leaves it running'
	@echo 'make demo-down ends a demo that was left running and removes all that it made (needs root)'
	@echo 'make test      all tests: unit, filter, scenarios, guest, replay of the fuzz corpora (needs root)'
	@echo 'make unit      the unit tests alone; make unit-FOLDER those of one folder'
	@echo 'make guest-test the tests that ask the kernel, and all of Postern, on kernel 6.1 of Debian 12 in QEMU'
	@echo 'make lint      layout, layers, third-party headers at home, clang warnings'
	@echo 'make image     the disk image of the appliance, raw and qcow2; image-formats adds VMDK and VHD (image/README.md)'
	@echo 'make update    the update file of that image, signed: what postern system update installs (UPDATE_KEY=FILE)'
	@echo 'make deb       the Debian package: $(B)/postern_$(VERSION)_ARCHITECTURE.deb'
	@echo 'make deb-test  installs, upgrades and purges the package where systemd runs in namespaces of its own (needs root)'
	@echo 'make image-test  the image in QEMU: both firmwares, damage, power cuts; image-check is its short form, image-soak more of it'
	@echo 'make oracle    random templates and JSONPaths through ours and Apache Velocity and JsonPath, ORACLE_CASES from ORACLE_SEED'
	@echo 'make bench     speed against nginx and a trivial forwarder, as ratios (needs root, up to 10 minutes)'
	@echo 'make fuzz      the libFuzzer targets, FUZZ_SECONDS each (default 60)'
	@echo 'make clean     remove $(B)/'
	@echo 'Variables: CC=clang-14, SANITIZE=address,undefined, B=build folder, OPTIMIZE=-O2'

# `make deps-image` installs what building the image takes, and no more.
.PHONY: deps deps-image
deps: NEEDED = $(BUILD_PACKAGES) $(TEST_PACKAGES) $(IMAGE_PACKAGES) $(IMAGE_TEST_PACKAGES)
deps-image: NEEDED = $(BUILD_PACKAGES) $(IMAGE_PACKAGES)
deps deps-image:
	@missing=; for p in $(NEEDED); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; \
	done; \
	test -z "$$missing" || { \
	  test "$$(id -u)" = 0 || { echo "missing Debian packages:$$missing; run 'make deps' as root" >&2; exit 1; }; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; }

.PHONY: clean
clean:
	rm -rf $(B)
