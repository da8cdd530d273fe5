# SPDX-License-Identifier: GPL-3.0-or-later
# The appliance's disk image: image/README.md.

# What building the image takes besides BUILD_PACKAGES; the kernel and grub's files come out of packages by themselves.
IMAGE_PACKAGES := python3 squashfs-tools zstd cryptsetup-bin mtools dosfstools e2fsprogs fdisk qemu-utils \
	grub-common grub-pc-bin grub-efi-amd64-bin openssl
IMAGE_TEST_PACKAGES := qemu-system-x86 ovmf xorriso dnsmasq-base rsyslog rsyslog-gnutls python3-pytest-xdist

IMAGE_SOURCES := $(wildcard image/init/*.c)
IMAGE_OBJECTS := $(IMAGE_SOURCES:%.c=$(B)/%.o)
STAGE1_PARTS := stage1 console disk grubenv modules
INIT_PARTS := init service machine clock console data disk grubenv kernel_log modules record trial
MODPROBE_PARTS := modprobe modules console

# The initramfs holds stage1 alone: it brings its libc along.
$(B)/image/stage1: $(STAGE1_PARTS:%=$(B)/image/init/%.o)
	@echo '  LD    $@'
	@$(CC) $(filter-out -pie,$(LDFLAGS)) -static-pie -o $@ $^
$(B)/image/init/init: $(INIT_PARTS:%=$(B)/image/init/%.o)
	@echo '  LD    $@'
	@$(CC) $(LDFLAGS) -o $@ $^
$(B)/image/init/modprobe: $(MODPROBE_PARTS:%=$(B)/image/init/%.o)
	@echo '  LD    $@'
	@$(CC) $(LDFLAGS) -o $@ $^

# init has no folder below it; its tests are run with all others.
PATH_init := image/init
$(eval $(call folder_rules,init))
UNIT_TESTS += $(TESTS_init)
unit-programs unit: $(TESTS_init)

.PHONY: image image-programs image-formats
image-programs: $(B)/image/stage1 $(B)/image/init/init $(B)/image/init/modprobe

# Who signs updates: an Ed25519 key (PEM). The image takes updates that its key signed, and no others; without one, one is made for this
# build folder, once. Keep it: whoever has it decides what appliances run.
UPDATE_KEY ?= $(B)/image/update.pem
$(B)/image/update.pem:
	@mkdir -p $(@D)
	@(umask 077; openssl genpkey -algorithm ed25519 -out $@)
image: all image-programs $(UPDATE_KEY)
	@POSTERN_BUILD=$(B) WOLFSSL=$(WOLFSSL) $(PYTHON) image/build.py --version $(VERSION) --update-key $(UPDATE_KEY)

# What `postern system update` installs: the image that was built, signed.
.PHONY: update
update: image
	@POSTERN_BUILD=$(B) $(PYTHON) image/update.py --version $(VERSION) --key $(UPDATE_KEY)

# What other hypervisors import: VMDK for VMware and AWS, VHD for Azure and Hyper-V.
image-formats: image
	@POSTERN_BUILD=$(B) WOLFSSL=$(WOLFSSL) $(PYTHON) image/build.py --version $(VERSION) --formats vmdk vhd

# What the image is worth, under QEMU's software emulation: everything; or its short form, which CI runs.
IMAGE_TESTS = POSTERN_BUILD=$(B) WOLFSSL=$(WOLFSSL) UPDATE_KEY=$(UPDATE_KEY) $(PYTHON) -m pytest -q -p no:cacheprovider -c tests/image/pytest.ini tests/image
.PHONY: image-test image-soak image-check
image-test: image
	@$(IMAGE_TESTS) -n 3 --dist loadfile -m 'not alone and not long'
	@$(IMAGE_TESTS) -m alone
image-soak: image
	@$(IMAGE_TESTS) -m long
image-check: image
	@$(IMAGE_TESTS) -m 'not full'

# Root's daemon speaks to the boot loader as init does.
$(B)/image/system/system: $(B)/image/init/disk.o $(B)/image/init/grubenv.o $(B)/image/init/console.o
image-programs: $(B)/image/system/system
