/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_cost: nanoseconds that the kernel filter adds to a packet that passes, over an empty tc program.
 *
 * usage: filter_cost [all]     lines `NAME NANOSECONDS`; with `all` those that have no target too. Needs root.
 *
 * Repeated packet: BPF_PROG_TEST_RUN runs a program `repeat` times on one frame. The empty program's time, measured with the
 * same frame, is what the loop itself costs.
 *
 * Random sources: a test run has one frame, and a system call for each packet would cost twenty times what is measured and
 * push the table out of the caches in its own way. So a driver program, written below by the instruction, draws a
 * random source, writes it into the frame and tail-calls the program under test: the filter or the empty one. Both pay for
 * the same drawing, writing and jumping; what is left is the filter's own work, its cache misses on the table among it.
 *
 * Rounds of the two programs alternate. A round is disturbed by whatever else runs on the machine, never sped up by it, so each
 * program's fastest round stands for it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <sys/socket.h>

#include "ebpf/filter.h"
#include "tests/unit/ebpf/instructions.h"

#define ROUNDS 60
#define REPEATS 100000
/* Where the IPv4 source is in the frame. */
#define SOURCE_OFFSET (ETH_HLEN + 12)
/* Sources are 10.x.y.z: the tables' prefixes are spread evenly over x.y and hold the first addresses of z. */
#define SLOTS 65536

static void fail(const char *what, int rc)
{
	fprintf(stderr, "filter_cost: %s: %s\n", what, strerror(-rc));
	exit(1);
}

/* ---- programs by the instruction ---- */

static int load_program(const struct bpf_insn *program, size_t count)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "filter_cost", "GPL", program, count, NULL);

	if (fd < 0)
		fail("a program does not load", fd);
	return fd;
}

static int load_empty(void)
{
	const struct bpf_insn program[] = { SET(BPF_REG_0, TC_ACT_OK), EXIT };

	return load_program(program, sizeof program / sizeof *program);
}

/* A program that gives the frame a random source of a table of `count` prefixes, then goes on with `target_fd`. */
static int load_driver(int target_fd, uint32_t count)
{
	const int targets_fd = program_array(target_fd);
	const struct bpf_insn program[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		CALL(BPF_FUNC_get_prandom_u32),
		/* 10 << 24 | slot << 8 | four random bits, in network order */
		MOVE(BPF_REG_7, BPF_REG_0),
		CALCULATE(BPF_RSH, BPF_REG_7, 28),
		CALCULATE(BPF_MOD, BPF_REG_0, count),
		CALCULATE(BPF_MUL, BPF_REG_0, SLOTS / count),
		CALCULATE(BPF_LSH, BPF_REG_0, 8),
		CALCULATE(BPF_OR, BPF_REG_0, 10 << 24),
		INSN(BPF_ALU | BPF_OR | BPF_X, BPF_REG_0, BPF_REG_7, 0, 0),
		INSN(BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_0, 0, 0, 32),
		INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_0, -4, 0),
		MOVE(BPF_REG_1, BPF_REG_6),
		SET(BPF_REG_2, SOURCE_OFFSET),
		MOVE(BPF_REG_3, BPF_REG_10),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -4),
		SET(BPF_REG_4, 4),
		SET(BPF_REG_5, 0),
		CALL(BPF_FUNC_skb_store_bytes),
		TAIL_CALL(targets_fd),
	};

	if (targets_fd < 0)
		fail("a program array does not load", targets_fd);
	return load_program(program, sizeof program / sizeof *program);
}

/* ---- frames and tables ---- */

struct frame {
	unsigned char bytes[128];
	uint32_t count;
};

/* A segment of an established connection from 10.x.y.1, x.y = `slot`, to port `port` of the endpoint. */
static struct frame frame4(uint32_t slot, unsigned char port)
{
	struct frame frame = { .count = ETH_HLEN + 20 + 20 + 32 };
	const unsigned char bytes[] = { 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 8, 0, /* Ethernet */
		0x45, 0, 0, 72, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, (unsigned char)(slot >> 8), (unsigned char)slot,
		1, 10, 0, 0, 5, 0x9c, 0x40, port == 53 ? 0 : 1, port == 53 ? 53 : 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50,
		0x18, 0xff, 0xff, 0, 0, 0, 0 };

	memcpy(frame.bytes, bytes, sizeof bytes);
	if (port == 80)
		frame.bytes[37] = 80;
	return frame;
}

/* The same from fd10:x:y::1. */
static struct frame frame6(uint32_t slot)
{
	struct frame frame = { .count = ETH_HLEN + 40 + 20 + 32 };
	const unsigned char bytes[] = { 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, /* Ethernet */
		0x60, 0, 0, 0, 0, 52, 6, 64, 0xfd, 0x10, 0, 0, (unsigned char)(slot >> 8), (unsigned char)slot, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 1, 0xfd, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0x9c, 0x40, 1, 0xbb, 0, 0, 0,
		1, 0, 0, 0, 2, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0 };

	memcpy(frame.bytes, bytes, sizeof bytes);
	return frame;
}

/* `count` passing prefixes of several lengths, of one family, spread evenly; everything else is denied. */
static void load_table(struct filter *filter, uint32_t count, int family, uint32_t mode)
{
	static uint64_t generation;
	struct filter_prefix_record *prefixes = calloc(count, sizeof *prefixes);
	const struct filter_admission_record admissions[] = {
		{ .services = FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS },
	};
	const struct filter_generation wanted = {
		.generation = ++generation,
		.mode = mode,
		.dns = FILTER_DNS_POLICY,
		.default_verdict = FILTER_VERDICT_DENY,
		.default_statement = FILTER_NO_STATEMENT,
		.prefixes = prefixes,
		.prefix_count = count,
		.admissions = admissions,
		.admission_count = 1,
	};
	int rc;

	if (!prefixes)
		fail("no memory", -ENOMEM);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t slot = i * (SLOTS / count);
		const unsigned char v4[16] = { [10] = 0xff, 0xff, 10, (unsigned char)(slot >> 8), (unsigned char)slot };
		const unsigned char v6[16] = { 0xfd, 0x10, 0, 0, (unsigned char)(slot >> 8), (unsigned char)slot };

		memcpy(prefixes[i].address, family == 4 ? v4 : v6, 16);
		prefixes[i].prefix_bits = (uint8_t)((family == 4 ? 96 + 25 : 61) + i % 4);
		prefixes[i].verdict = FILTER_VERDICT_PASS;
		prefixes[i].statement = i;
	}
	rc = filter_load(filter, &wanted);
	if (rc < 0)
		fail("a table does not load", rc);
	free(prefixes);
}

/* ---- measuring ---- */

/* Nanoseconds a run of one round; every run must end in `verdict`. */
static uint32_t run(int program_fd, const struct frame *frame, uint32_t verdict)
{
	LIBBPF_OPTS(
		bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = frame->count, .repeat = REPEATS);
	int rc = bpf_prog_test_run_opts(program_fd, &options);

	if (rc < 0)
		fail("a program does not run", rc);
	if (options.retval != verdict) {
		fprintf(stderr, "filter_cost: the verdict is %u, not %u\n", options.retval, verdict);
		exit(1);
	}
	return options.duration;
}

static void measure(const char *name, int program_fd, int empty_fd, const struct frame *frame, uint32_t verdict)
{
	uint32_t best = UINT32_MAX, best_empty = UINT32_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t empty = run(empty_fd, frame, TC_ACT_OK), full = run(program_fd, frame, verdict);

		best_empty = empty < best_empty ? empty : best_empty;
		best = full < best ? full : best;
	}
	printf("%s %d\n", name, (int)best - (int)best_empty);
	fflush(stdout);
}

static void measure_random(const char *name, struct filter *filter, int empty_fd, uint32_t count)
{
	const struct frame frame = frame4(0, 0);
	int driver_fd = load_driver(filter_program_fd(filter), count), driver_empty_fd = load_driver(empty_fd, count);

	load_table(filter, count, 4, FILTER_MODE_DROP);
	measure(name, driver_fd, driver_empty_fd, &frame, TC_ACT_OK);
}

/* What has no target: the other family, and packets that are dropped, most of them without an event. */
static void measure_others(struct filter *filter, int empty_fd)
{
	const int fd = filter_program_fd(filter);
	struct frame frame = frame6(500 * (SLOTS / 1000));

	load_table(filter, 10, 6, FILTER_MODE_DROP);
	frame = frame6(5 * (SLOTS / 10));
	measure("ipv6_10", fd, empty_fd, &frame, TC_ACT_OK);
	load_table(filter, 1000, 6, FILTER_MODE_DROP);
	frame = frame6(500 * (SLOTS / 1000));
	measure("ipv6_1000", fd, empty_fd, &frame, TC_ACT_OK);
	frame = frame6(501 * (SLOTS / 1000) + 1);
	measure("ipv6_denied_1000", fd, empty_fd, &frame, TC_ACT_SHOT);
	load_table(filter, 1000, 4, FILTER_MODE_DROP);
	frame = frame4(500 * (SLOTS / 1000), 53);
	measure("dns_1000", fd, empty_fd, &frame, TC_ACT_OK);
	frame = frame4(501 * (SLOTS / 1000) + 1, 0);
	measure("denied_1000", fd, empty_fd, &frame, TC_ACT_SHOT);
	frame = frame4(500 * (SLOTS / 1000), 80);
	measure("port_refused_1000", fd, empty_fd, &frame, TC_ACT_SHOT);
}

/* What is not for a service's port where the endpoint calls back ends: one socket that is looked for, and found or not. */
static void measure_answers(struct filter *filter, int empty_fd)
{
	struct sockaddr_in ends[2] = { 0 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int call = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct frame frame = frame4(500 * (SLOTS / 1000), 80);
	int rc = filter_set_answers(filter, true);

	if (rc < 0)
		fail("the settings can't be changed", rc);
	measure("port_refused_answers_1000", filter_program_fd(filter), empty_fd, &frame, TC_ACT_SHOT);
	/* Without an address the listener has one of loopback by itself. */
	for (int i = 0; i < 2; i++) {
		socklen_t bytes = sizeof ends[i];

		if (listener < 0 || call < 0 ||
			(i == 0 ? listen(listener, 1) : connect(call, (struct sockaddr *)&ends[0], sizeof ends[0])) <
				0 ||
			getsockname(i == 0 ? listener : call, (struct sockaddr *)&ends[i], &bytes) < 0)
			fail("loopback can't be connected to", -errno);
		ends[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	memcpy(frame.bytes + SOURCE_OFFSET, &ends[0].sin_addr, 4);
	memcpy(frame.bytes + SOURCE_OFFSET + 4, &ends[1].sin_addr, 4);
	memcpy(frame.bytes + SOURCE_OFFSET + 8, &ends[0].sin_port, 2);
	memcpy(frame.bytes + SOURCE_OFFSET + 10, &ends[1].sin_port, 2);
	measure("answer", filter_program_fd(filter), empty_fd, &frame, TC_ACT_OK);
	close(call);
	close(listener);
}

int main(int argc, char **argv)
{
	const struct filter_options options = { .endpoint_id = "vpce-0a1b2c3d4e5f60718" };
	int empty_fd = load_empty();
	struct filter *filter;
	struct frame frame;
	int rc = filter_open(&filter, &options);

	if (rc < 0)
		fail("the filter does not load", rc);
	load_table(filter, 10, 4, FILTER_MODE_DROP);
	frame = frame4(5 * (SLOTS / 10), 0);
	measure("filter_ns_over_empty_10", filter_program_fd(filter), empty_fd, &frame, TC_ACT_OK);
	load_table(filter, 1000, 4, FILTER_MODE_DROP);
	frame = frame4(500 * (SLOTS / 1000), 0);
	measure("filter_ns_over_empty_1000", filter_program_fd(filter), empty_fd, &frame, TC_ACT_OK);
	measure_random("filter_ns_over_empty_random_1000", filter, empty_fd, 1000);
	measure_random("filter_ns_over_empty_random_65536", filter, empty_fd, 65536);
	if (argc > 1 && strcmp(argv[1], "all") == 0) {
		measure_others(filter, empty_fd);
		measure_answers(filter, empty_fd);
	}
	filter_close(filter);
	return 0;
}
