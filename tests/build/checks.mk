# SPDX-License-Identifier: GPL-3.0-or-later
# What is run to judge the tree: lint, tests, demo, benchmark, fuzzing.

FUZZ_SECONDS ?= 60
JOBS := $(shell nproc)
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')

.PHONY: lint lint-layout lint-tree lint-clang
lint: lint-tree lint-layout lint-clang

lint-layout:
	@clang-format-14 --dry-run -Werror $(C_FILES)

# The folder table, as the checker reads it.
lint-tree: | $(BPF_SKELETONS) $(WOLFSSL)/lib/libwolfssl.a
	@mkdir -p $(B)
	@rm -f $(B)/folders.table
	@$(foreach f,$(FOLDERS) $(IMAGE_FOLDERS),echo '$(f) $(PATH_$(f))|$(USES_$(f))|$(HEADERS_$(f))' >> $(B)/folders.table;)
	@$(PYTHON) tests/build/lint.py $(B)/folders.table $(CPPFLAGS)

# clang sees what gcc does not, and the other way round: the whole tree is compiled by both.
lint-clang:
	@$(MAKE) --no-print-directory CC=clang-14 B=$(B)/clang WOLFSSL=$(WOLFSSL) objects

.PHONY: objects
objects: $(foreach f,$(FOLDERS) $(IMAGE_FOLDERS),$(OBJECTS_$(f))) $(IMAGE_OBJECTS)

# ---------------------------------------------------------------------------------------------------------------------
# Tests. Scenarios use real namespaces and real clients: they need root, and none is skipped.
.PHONY: test scenarios guest-test need-root
need-root:
	@test "$$(id -u)" = 0 || { echo 'this target makes network namespaces and loads eBPF: run it as root' >&2; exit 1; }

test: need-root deps
	@$(MAKE) --no-print-directory -j$(JOBS) all unit-programs need-programs
	@$(MAKE) --no-print-directory unit fuzz-replay guest-test scenarios

# All of them run as two halves at a time, each in namespaces of its own: many wait more than they work.
SCENARIOS ?= tests/scenarios
HALVES = $(if $(filter-out tests/scenarios,$(SCENARIOS)),,--dist loadfile --tx '2*popen//python=$(CURDIR)/tests/lab/alone.sh $(PYTHON)')
scenarios: need-root all $(B)/image/system/system $(B)/image/configure/configure $(B)/javascript/installed $(B)/serverless/installed
	@POSTERN_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider -c tests/scenarios/pytest.ini $(HALVES) $(SCENARIOS)

# What scenarios run on Node: the AWS SDK, servers that stand in for services of AWS, as tests/javascript/package-lock.json has them;
# and serverless-offline, a Lambda endpoint whose versions of the SDK are others.
$(B)/javascript/installed $(B)/serverless/installed: $(B)/%/installed: tests/%/package.json tests/%/package-lock.json
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# Debian's kernel 6.1 in QEMU, without root: the host's own kernel runs the same unit tests in `unit`.
GUEST_SUITES ?= filter endpoints product
guest-test: all $(TESTS_ebpf) $(TESTS_netns)
	@POSTERN_BUILD=$(B) $(PYTHON) tests/guest/guest.py $(GUEST_SUITES)

.PHONY: demo demo-down
demo: need-root deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@POSTERN_BUILD=$(B) KEEP=$(KEEP) $(PYTHON) tests/demo/demo.py

demo-down: need-root all
	@POSTERN_BUILD=$(B) $(PYTHON) tests/demo/demo.py --down

# What Debian's Velocity and JsonPath make of random templates and paths, and what ours make of them (tests/oracle).
ORACLE_CASES ?= 60000
ORACLE_SEED ?= 1
JARS := velocity json-path json-smart accessors-smart slf4j-api slf4j-nop commons-lang commons-collections3
empty :=
ORACLE_CLASSES := $(subst $(empty) ,:,$(JARS:%=/usr/share/java/%.jar) $(B)/oracle)

.PHONY: oracle
oracle: $(B)/oracle/engine $(B)/oracle/Oracle.class
	@$(PYTHON) tests/oracle/fuzz.py $(B)/oracle/engine $(ORACLE_CLASSES) $(ORACLE_CASES) $(ORACLE_SEED)

$(B)/oracle/Oracle.class: $(wildcard tests/oracle/*.java)
	@mkdir -p $(@D)
	@echo '  JAVAC $(@D)'
	@javac -Xlint:all -Werror -d $(@D) -cp $(ORACLE_CLASSES) $^
$(B)/oracle/engine: $(B)/tests/oracle/engine.o $(B)/lib/mapping.a $(B)/lib/base.a
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(sort $(LIBS_mapping) $(LIBS_base)) -lpthread

.PHONY: bench
bench: need-root deps
	@$(MAKE) --no-print-directory -j$(JOBS) all image-programs $(B)/bench/floor $(B)/bench/handshakes $(B)/bench/filter_cost $(B)/bench/policy_cost \
		$(B)/bench/route_cost $(B)/bench/template_cost $(B)/bench/schema_cost $(B)/bench/signing_cost $(B)/bench/target_cost $(B)/bench/flood $(B)/oracle/engine $(B)/oracle/Oracle.class
	@POSTERN_BUILD=$(B) WOLFSSL=$(WOLFSSL) $(PYTHON) tests/bench/bench.py $(BENCH)

$(B)/bench/%: tests/bench/%.c | $(WOLFSSL)/lib/libwolfssl.a
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.a,$^) $(BENCH_LIBS) $(WOLFSSL)/lib/libwolfssl.a -lm -lpthread
$(B)/bench/filter_cost: $(B)/lib/ebpf.a
$(B)/bench/filter_cost: BENCH_LIBS = $(LIBS_ebpf)
$(B)/bench/policy_cost: $(B)/lib/policy.a
$(B)/bench/policy_cost: BENCH_LIBS = $(LIBS_policy)
$(B)/bench/route_cost: $(B)/lib/model.a $(B)/lib/base.a
$(B)/bench/schema_cost: $(B)/lib/validate.a $(B)/lib/base.a
$(B)/bench/schema_cost: BENCH_LIBS = $(LIBS_base)
$(B)/bench/signing_cost: $(foreach f,integrate model outbound tls loop crypto wire base,$(B)/lib/$(f).a)
$(B)/bench/signing_cost: BENCH_LIBS = $(foreach f,outbound tls loop wire base,$(LIBS_$(f)))
$(B)/bench/target_cost: $(foreach f,integrate model outbound tls loop crypto wire policy base,$(B)/lib/$(f).a)
$(B)/bench/target_cost: BENCH_LIBS = $(foreach f,outbound tls loop wire base,$(LIBS_$(f))) -lcjson
$(B)/bench/template_cost: $(B)/lib/mapping.a $(B)/lib/base.a
$(B)/bench/template_cost: BENCH_LIBS = $(LIBS_mapping) $(LIBS_base)

# ---------------------------------------------------------------------------------------------------------------------
# Fuzzing: tests/fuzz/NAME_fuzz.c with its corpus in tests/fuzz/corpus/NAME/. `fuzz` explores with clang's libFuzzer and
# sanitizers; `fuzz-replay` runs every file of the corpora, past crashes among them, through the same targets.
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_BUILD := $(B)/fuzz
FUZZ_FOLDERS := $(filter-out cli,$(FOLDERS)) configure syslog

.PHONY: fuzz fuzz-replay fuzz-programs
fuzz-programs: $(FUZZ_TARGETS:%=$(B)/fuzzers/%)

ifneq ($(FUZZING),)
CFLAGS += -fsanitize=fuzzer-no-link
$(B)/fuzzers/%: $(B)/tests/fuzz/%_fuzz.o $(FUZZ_FOLDERS:%=$(B)/lib/%.a)
	@mkdir -p $(@D)
	@echo '  LD    $@'
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(FUZZ_FOLDERS:%=$(B)/lib/%.a) -Wl,--end-group \
		$(sort $(foreach f,$(FUZZ_FOLDERS),$(LIBS_$(f)))) -lpthread
endif

fuzz: need-root need-programs $(B)/tests/unit/policy/agreement_test $(B)/tests/unit/netns/filter_proof_test
	@echo '== 1,000,000 pairs of policy and request through both evaluators'
	@POSTERN_PAIRS=1000000 POSTERN_SEED=$$(date +%s) $(B)/tests/unit/policy/agreement_test
	@echo '== 100,000 sets of policies in the kernel against the evaluator'
	@POSTERN_POLICIES=100000 POSTERN_SEED=$$(date +%s) $(B)/tests/unit/netns/filter_proof_test
	@echo '== 1,000 ends of control in the middle of changes'
	@POSTERN_KILLS=1000 $(MAKE) --no-print-directory scenarios SCENARIOS='-s tests/scenarios/u010_ends_in_the_middle.py'
	@for t in $(FUZZ_TARGETS); do \
	  mkdir -p $(B)/corpus/$$t tests/fuzz/corpus/$$t; echo "== fuzz $$t for $(FUZZ_SECONDS) s"; \
	  $(FUZZ_BUILD)/fuzzers/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=$(B)/corpus/$$t/crash- $(B)/corpus/$$t tests/fuzz/corpus/$$t || exit 1; \
	done

fuzz-replay: need-programs
	@for t in $(FUZZ_TARGETS); do \
	  echo "== replay $$t: $$(ls tests/fuzz/corpus/$$t | wc -l) inputs"; \
	  test -n "$$(ls tests/fuzz/corpus/$$t)" || { echo "tests/fuzz/corpus/$$t is empty" >&2; exit 1; }; \
	  $(FUZZ_BUILD)/fuzzers/$$t -timeout=10 tests/fuzz/corpus/$$t/* > $(B)/replay.log 2>&1 || { cat $(B)/replay.log; exit 1; }; \
	done

.PHONY: need-programs
need-programs:
	@$(MAKE) --no-print-directory B=$(FUZZ_BUILD) WOLFSSL=$(WOLFSSL) CC=clang-14 SANITIZE=address,undefined FUZZING=1 fuzz-programs

print-%:
	@echo '$($*)'
