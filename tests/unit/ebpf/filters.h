/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filters: filters with a known table, and how the kernel answers a frame, for the tests of ebpf/. They need root.
 */
#ifndef POSTERN_TESTS_UNIT_EBPF_FILTERS_H
#define POSTERN_TESTS_UNIT_EBPF_FILTERS_H

#include "tests/unit/ebpf/packets.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf.h>

#include "ebpf/filter.h"

#define VPCE "vpce-0a1b2c3d4e5f60718"
#define ALLOWED "10.20.0.10"
#define DENIED "10.20.0.66"
#define ALLOWED6 "fd20::10"
#define DENIED6 "fd20:0:0:66::1"
#define STRANGER "192.0.2.1"

static inline struct filter_prefix_record record(
	const char *address, unsigned int bits, unsigned int verdict, uint32_t statement)
{
	struct filter_prefix_record prefix = {
		.prefix_bits = (uint8_t)bits,
		.verdict = (uint8_t)verdict,
		.reason = verdict == FILTER_VERDICT_PASS ? FILTER_PASSED : FILTER_SOURCE_DENIED,
		.statement = statement,
	};

	if (strchr(address, ':')) {
		assert_int_equal(1, inet_pton(AF_INET6, address, prefix.address));
	} else {
		prefix.address[10] = prefix.address[11] = 0xff;
		assert_int_equal(1, inet_pton(AF_INET, address, prefix.address + 12));
		prefix.prefix_bits = (uint8_t)(bits + 96);
	}
	return prefix;
}

static inline struct filter_admission_record admission(const char *address, unsigned int bits, unsigned int services)
{
	struct filter_prefix_record prefix = record(address, bits, FILTER_VERDICT_PASS, 0);
	struct filter_admission_record admitted = { .prefix_bits = prefix.prefix_bits, .services = (uint8_t)services };

	memcpy(admitted.address, prefix.address, sizeof admitted.address);
	return admitted;
}

/* Pass by default, deny 10.20.0.64/26 and fd20:0:0:66::/64 by statement 7; the VPC is 10.20.0.0/24 and fd20::/32. */
static inline void load(struct filter *filter, uint64_t generation, uint32_t mode, uint32_t dns)
{
	const struct filter_prefix_record prefixes[] = {
		record("10.20.0.64", 26, FILTER_VERDICT_DENY, 7),
		record("fd20:0:0:66::", 64, FILTER_VERDICT_DENY, 7),
	};
	const struct filter_admission_record admissions[] = {
		admission("10.20.0.0", 24, FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS),
		admission("fd20::", 32, FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS),
	};
	const struct filter_generation wanted = {
		.generation = generation,
		.mode = mode,
		.dns = dns,
		.default_verdict = FILTER_VERDICT_PASS,
		.default_statement = FILTER_NO_STATEMENT,
		.prefixes = prefixes,
		.prefix_count = 2,
		.admissions = admissions,
		.admission_count = 2,
	};

	assert_int_equal(0, filter_load(filter, &wanted));
}

static inline struct filter *open_filter(void)
{
	const struct filter_options options = { .endpoint_id = VPCE, .endpoint_index = 3, .dns = FILTER_DNS_ADMITTED };
	struct filter *filter;

	if (geteuid() != 0)
		fail_msg("the filter's tests load a BPF program: run them as root");
	assert_int_equal(0, filter_open(&filter, &options));
	return filter;
}

static inline struct filter *open_loaded(uint32_t mode)
{
	struct filter *filter = open_filter();

	load(filter, 1, mode, FILTER_DNS_ADMITTED);
	return filter;
}

/* Run one frame through a program; the frame that comes out may be an answer. */
static inline int run_program(int program_fd, const struct frame *in, struct frame *out)
{
	struct frame scratch;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = (uint32_t)in->count,
		.data_out = (out ? out : &scratch)->bytes, .data_size_out = sizeof scratch.bytes, .repeat = 1);

	assert_int_equal(0, bpf_prog_test_run_opts(program_fd, &options));
	if (out)
		out->count = options.data_size_out;
	return (int)options.retval;
}

static inline int run(struct filter *filter, const struct frame *in, struct frame *out)
{
	return run_program(filter_program_fd(filter), in, out);
}

static inline int verdict(struct filter *filter, struct frame in)
{
	return run(filter, &in, NULL);
}

static inline uint64_t counted(struct filter *filter, enum filter_reason reason)
{
	struct filter_stats stats;

	assert_int_equal(0, filter_read_stats(filter, &stats));
	return stats.packets[reason];
}

/* One filter in each mode for all that only asks: the verifier takes its time, in an emulated guest most of the test's. */
static inline struct filter *shared(uint32_t mode)
{
	static struct filter *loaded[FILTER_MODE_OBSERVE + 1];

	if (!loaded[mode])
		loaded[mode] = open_loaded(mode);
	return loaded[mode];
}

/* The frame is dropped in mode drop, for exactly this reason. */
static inline void assert_dropped(struct frame in, enum filter_reason reason)
{
	struct filter *filter = shared(FILTER_MODE_DROP);
	uint64_t before = counted(filter, reason);

	assert_int_equal(TC_ACT_SHOT, verdict(filter, in));
	if (counted(filter, reason) != before + 1)
		fail_msg("not counted as %s", filter_reason_name(reason));
}

static inline void assert_passes(struct frame in)
{
	struct filter *filter = shared(FILTER_MODE_RESET);
	uint64_t before = counted(filter, FILTER_PASSED);

	assert_int_equal(TC_ACT_OK, verdict(filter, in));
	assert_int_equal(before + 1, counted(filter, FILTER_PASSED));
}

#endif
