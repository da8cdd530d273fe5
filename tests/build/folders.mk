# SPDX-License-Identifier: GPL-3.0-or-later
# Archives, programs and unit tests, made from the folder table of the Makefile.

# The folders below a folder, in link order: itself, then all that it may use, upper layers first.
LINK_ORDER := $(shell i=; for f in $(FOLDERS); do i="$$f $$i"; done; echo $$i)
below = $(filter $(sort $(USES_$(1)) ),$(LINK_ORDER))
main_of = $(wildcard $(PATH_$(1))/main*.c)

DEPFLAGS = -MMD -MP

define folder_rules
SOURCES_$(1) := $$(filter-out $$(call main_of,$(1)) $$(wildcard $$(PATH_$(1))/*.bpf.c),$$(wildcard $$(PATH_$(1))/*.c $$(PATH_$(1))/*/*.c))
OBJECTS_$(1) := $$(SOURCES_$(1):%.c=$$(B)/%.o)
$$(B)/lib/$(1).a: $$(OBJECTS_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar qcs $$@ $$(OBJECTS_$(1))
.PHONY: lib-$(1) unit-$(1)
lib-$(1): $$(B)/lib/$(1).a
TESTS_$(1) := $$(patsubst %.c,$$(B)/%,$$(wildcard tests/unit/$(1)/*_test.c))
$$(TESTS_$(1)): $$(B)/%: $$(B)/%.o $$(B)/lib/$(1).a $$(patsubst %,$$(B)/lib/%.a,$$(call below,$(1)))
	@echo '  LD    $$@'
	@$$(CC) $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $$(B)/lib/$(1).a $$(patsubst %,$$(B)/lib/%.a,$$(call below,$(1))) -Wl,--end-group \
		$$(sort $$(LIBS_$(1)) $$(foreach f,$$(call below,$(1)),$$(LIBS_$$(f)))) -lcmocka -lcjson -lpthread
unit-$(1): $$(TESTS_$(1))
	@for t in $$(TESTS_$(1)); do echo "== $$$$t"; $$$$t || exit 1; done
endef
$(foreach f,$(FOLDERS) $(IMAGE_FOLDERS),$(eval $(call folder_rules,$(f))))

$(B)/%.o: %.c | $(WOLFSSL)/lib/libwolfssl.a
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(DEPFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The files that every SDK has are part of its maker.
$(B)/appliance/openapi/sdk.o: $(wildcard appliance/openapi/sdk/*)

# The tc program: bytecode, stripped of DWARF by `bpftool gen object`, then a skeleton header.
$(B)/ebpf/%.bpf.o: ebpf/%.bpf.c $(wildcard ebpf/*.h ebpf/*.def)
	@mkdir -p $(@D)
	@echo '  BPF   $<'
	@clang-14 -g -O2 -Wall -Werror -target bpf -mcpu=v3 -ffile-prefix-map=$(CURDIR)=. -I. -I/usr/include/$(shell gcc -print-multiarch) -c -o $@.raw $<
	@bpftool gen object $@ $@.raw
$(B)/generated/ebpf/%.skel.h: $(B)/ebpf/%.bpf.o
	@mkdir -p $(@D)
	@bpftool gen skeleton $< name $(subst -,_,$*)_bpf > $@
BPF_SKELETONS := $(patsubst ebpf/%.bpf.c,$(B)/generated/ebpf/%.skel.h,$(wildcard ebpf/*.bpf.c))
$(OBJECTS_ebpf): | $(BPF_SKELETONS)
$(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/ebpf/*.c)): | $(BPF_SKELETONS)

# What has cryptography inside shares one library beside the programs: on the image's disk and in its memory it is there once. Tests are
# linked with the archive.
WOLFSSL_SHARED := $(B)/libpostern-wolfssl.so
$(WOLFSSL_SHARED): $(WOLFSSL)/lib/libwolfssl.a
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) -shared $(filter-out -pie,$(LDFLAGS)) -Wl,-Bsymbolic -Wl,-soname,$(@F) -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive -lm
program_libraries = $(sort $(patsubst $(WOLFSSL)/lib/libwolfssl.a,$(WOLFSSL_SHARED),$(1)))

# Programs: one main file each. posternd links netns and below only.
link_program = $(CC) $(LDFLAGS) -Wl,--as-needed -Wl,-rpath,'$$ORIGIN' -o $@ $(filter %.o,$^) -Wl,--start-group $(filter $(B)/lib/%,$^) -Wl,--end-group \
	$(call program_libraries,$(foreach f,$(1),$(LIBS_$(f)))) -lpthread
$(addprefix $(B)/,$(filter-out posternd,$(PROGRAMS))): $(WOLFSSL_SHARED)
NETNS_AND_BELOW := netns ebpf policy
# Upper layers first: where two folders have an internal function of one name, each finds the one below it that it means.
ALL_BUT_CLI := $(filter-out cli,$(LINK_ORDER))
$(B)/posternd: $(B)/netns/main.o $(NETNS_AND_BELOW:%=$(B)/lib/%.a)
	@echo '  LD    $@'
	@$(call link_program,$(NETNS_AND_BELOW))
$(B)/postern-gateway: $(B)/appliance/launch/main_gateway.o $(ALL_BUT_CLI:%=$(B)/lib/%.a)
	@echo '  LD    $@'
	@$(call link_program,$(ALL_BUT_CLI))
$(B)/postern-control: $(B)/appliance/launch/main_control.o $(ALL_BUT_CLI:%=$(B)/lib/%.a)
	@echo '  LD    $@'
	@$(call link_program,$(ALL_BUT_CLI))
$(B)/postern-settings: $(B)/appliance/launch/main_settings.o $(ALL_BUT_CLI:%=$(B)/lib/%.a)
	@echo '  LD    $@'
	@$(call link_program,$(ALL_BUT_CLI))
$(B)/postern: $(B)/appliance/cli/main.o $(LINK_ORDER:%=$(B)/lib/%.a)
	@echo '  LD    $@'
	@$(call link_program,$(FOLDERS))

# Programs of the image.
define image_program_rules
$$(B)/image/$(1)/$(1): $$(B)/image/$(1)/main.o $$(B)/lib/$(1).a $$(patsubst %,$$(B)/lib/%.a,$$(call below,$(1))) $$(WOLFSSL_SHARED)
	@echo '  LD    $$@'
	@$$(CC) $$(LDFLAGS) -Wl,--as-needed -Wl,-rpath,'$$$$ORIGIN:$$$$ORIGIN/../..' -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter $$(B)/lib/%,$$^) \
		-Wl,--end-group $$(call program_libraries,$$(LIBS_$(1)) $$(foreach f,$$(call below,$(1)),$$(LIBS_$$(f)))) -lpthread
endef
$(foreach f,$(IMAGE_FOLDERS) system,$(eval $(call image_program_rules,$(f))))
image-programs: $(foreach f,$(IMAGE_FOLDERS),$(B)/image/$(f)/$(f))

UNIT_TESTS := $(foreach f,$(FOLDERS) $(IMAGE_FOLDERS),$(TESTS_$(f)))
.PHONY: unit unit-programs
unit-programs: $(UNIT_TESTS)
unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do echo "== $$t"; $$t || exit 1; done

-include $(shell test -d $(B) && find $(B) -path $(B)/guest -prune -o -name '*.d' -type f -print)
.SECONDARY:
