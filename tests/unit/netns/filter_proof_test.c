/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies against the kernel's program itself: flattened by policy/source_filter, loaded by ebpf/filter as posternd does, and
 * asked by packets through BPF_PROG_TEST_RUN. Needs root.
 *
 * Exhaustive: each of the 256 verdict tables of three address bits, in both forms that a filter has (what is listed is denied;
 * what is not listed is denied), in both families, at each of the eight addresses and beside them.
 *
 * Random: policies of all kinds, with a packet from every address at which a verdict can change and from both its neighbours.
 * Sound: a source that the kernel drops has every sampled request denied by the evaluator. Complete: a source that is denied for
 * certain is dropped by the kernel. POSTERN_POLICIES sets of policies are tried, POSTERN_SEED says which.
 *
 * Every table is loaded by filter_load(), so nothing stands between this proof and the real thing. A swap waits ten
 * milliseconds for RCU (twice with an index), so some worker processes, each with a filter of its own, wait side by side. Each packet is sent twice: the
 * second is answered by what the program remembers of the first.
 */
#include "tests/unit/ebpf/packets.h"
#include "tests/unit/policy/random_filters.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "ebpf/filter.h"

#define WORKERS 12
#define POLICIES_DEFAULT 300
/* Where the sources are in syn4() and syn6(). */
#define SOURCE4_OFFSET (ETH_HLEN + 12)
#define SOURCE6_OFFSET (ETH_HLEN + 8)

/* What the workers did. */
struct tally {
	size_t loads, dropped, passed;
};

struct worker {
	struct filter *filter;
	uint64_t generation;
	struct frame v4, v6;
	struct tally *tally;
};

static bool is_v4(const struct source_filter_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

/* ---- the kernel ---- */

static void load(struct worker *worker, const struct source_filter *compiled)
{
	const struct filter_admission_record everybody = { .services = FILTER_SERVICE_HTTPS };
	struct filter_prefix_record *records = calloc(compiled->prefix_count + 1, sizeof *records);
	struct filter_generation wanted = {
		.generation = ++worker->generation,
		.mode = FILTER_MODE_DROP,
		.default_verdict =
			compiled->default_verdict == SOURCE_FILTER_DROP ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS,
		.default_statement = FILTER_NO_STATEMENT,
		.prefixes = records,
		.prefix_count = compiled->prefix_count,
		.admissions = &everybody,
		.admission_count = 1,
		/* Every other table has an index, be it ever so small. */
		.index_edges = worker->generation % 2 ? 1 : SIZE_MAX,
	};

	for (size_t i = 0; i < compiled->prefix_count; i++) {
		const struct source_filter_prefix *prefix = &compiled->prefixes[i];
		bool drops = prefix->verdict == SOURCE_FILTER_DROP;

		memcpy(records[i].address, prefix->address.bytes, sizeof records[i].address);
		records[i].prefix_bits = prefix->prefix_bits;
		records[i].verdict = drops ? FILTER_VERDICT_DENY : FILTER_VERDICT_PASS;
		records[i].reason = drops ? FILTER_SOURCE_DENIED : FILTER_PASSED;
		records[i].statement = FILTER_NO_STATEMENT;
	}
	assert_int_equal(0, filter_load(worker->filter, &wanted));
	worker->tally->loads++;
	free(records);
}

static bool run_drops(const struct worker *worker, const struct frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes, .data_size_in = (uint32_t)frame->count);

	assert_int_equal(0, bpf_prog_test_run_opts(filter_program_fd(worker->filter), &options));
	assert_true(options.retval == TC_ACT_OK || options.retval == TC_ACT_SHOT);
	return options.retval == TC_ACT_SHOT;
}

/* Does the kernel drop a SYN from there? */
static bool kernel_drops(struct worker *worker, const struct source_filter_address *source)
{
	struct frame *frame = is_v4(source) ? &worker->v4 : &worker->v6;
	bool drops;

	if (is_v4(source))
		memcpy(frame->bytes + SOURCE4_OFFSET, source->bytes + 12, 4);
	else
		memcpy(frame->bytes + SOURCE6_OFFSET, source->bytes, 16);
	drops = run_drops(worker, frame);
	assert_int_equal(drops, run_drops(worker, frame));
	*(drops ? &worker->tally->dropped : &worker->tally->passed) += 1;
	return drops;
}

/* ---- workers ---- */

typedef void worker_job(struct worker *worker, uint64_t number);

static void work(worker_job *job, uint64_t first, uint64_t count, struct tally *tally)
{
	const struct filter_options options = { .endpoint_id = "vpce-0a1" };
	struct worker worker = { .v4 = syn4("10.0.0.1", 443), .v6 = syn6("2001:db8::1", 443), .tally = tally };

	assert_int_equal(0, filter_open(&worker.filter, &options));
	for (uint64_t number = first; number < count; number += WORKERS)
		job(&worker, number);
	filter_close(worker.filter);
}

/* Do all jobs from 0 on, in worker processes; each must succeed. */
static struct tally work_all(worker_job *job, uint64_t count)
{
	struct tally *tallies = mmap(NULL, WORKERS * sizeof *tallies, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		     sum = { 0 };
	pid_t pids[WORKERS];

	if (geteuid() != 0)
		fail_msg("the filter's tests load a BPF program: run them as root");
	assert_true(tallies != MAP_FAILED);
	fflush(NULL);
	for (uint64_t i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			/* A failed assertion ends the worker, it does not return to the test's end. */
			setenv("CMOCKA_TEST_ABORT", "1", 1);
			work(job, i, count, &tallies[i]);
			_exit(0);
		}
	}
	for (size_t i = 0; i < WORKERS; i++) {
		int status;

		assert_int_equal(pids[i], waitpid(pids[i], &status, 0));
		assert_int_equal(0, status);
		sum.loads += tallies[i].loads;
		sum.dropped += tallies[i].dropped;
		sum.passed += tallies[i].passed;
	}
	munmap(tallies, WORKERS * sizeof *tallies);
	return sum;
}

/* ---- all tables of three bits ---- */

#define TABLES 256
#define ALL_ELSE "'Principal':'*','Action':'*','Resource':'*'"

/* The addresses of `table` whose bit is `listed`, in both families; ones that are nowhere else if there are none. */
static void write_list(FILE *to, unsigned table, bool listed)
{
	fputs("['192.0.2.1','2001:db8:ffff::1'", to);
	for (unsigned bits = 0; bits < 8; bits++)
		if ((table >> bits & 1) == listed)
			fprintf(to, ",'10.0.0.%u','2001:db8::%u'", bits, bits);
	fputs("]", to);
}

/* Denied is whose bit is set in `table`; all others pass, or if `inverted` are denied too. */
static struct policy *policy_of_table(unsigned table, bool inverted)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	struct policy *policy;

	fprintf(to,
		"{'Version':'2012-10-17','Statement':[{'Effect':'Allow'," ALL_ELSE "},{'Effect':'Deny'," ALL_ELSE
		",'Condition':{'%s':{'aws:VpcSourceIp':",
		inverted ? "NotIpAddress" : "IpAddress");
	write_list(to, table, !inverted);
	fputs("}}}]}", to);
	fclose(to);
	policy = case_policy(text);
	free(text);
	return policy;
}

static void check_table(struct worker *worker, uint64_t number)
{
	static const char *const beside[] = { "10.0.0.8", "9.255.255.255", "2001:db8::8",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0", "255.255.255.255", "::", "fe80::1" };
	unsigned table = (unsigned)number % TABLES;
	bool inverted = number >= TABLES;
	struct policy *policy = policy_of_table(table, inverted);
	struct source_filter_target target = target_of(policy, false);
	struct source_filter_input input = input_of(&target, 1);
	struct source_filter compiled;

	assert_int_equal(0, source_filter_compile(&compiled, &input));
	assert_int_equal(inverted ? SOURCE_FILTER_DROP : SOURCE_FILTER_PASS, compiled.default_verdict);
	load(worker, &compiled);
	for (unsigned bits = 0; bits < 8; bits++) {
		struct source_filter_address v4 = address_of("10.0.0.0"), v6 = address_of("2001:db8::");

		v4.bytes[15] = v6.bytes[15] = (uint8_t)bits;
		assert_int_equal(table >> bits & 1, kernel_drops(worker, &v4));
		assert_int_equal(table >> bits & 1, kernel_drops(worker, &v6));
	}
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		struct source_filter_address address = address_of(beside[i]);

		assert_int_equal(inverted, kernel_drops(worker, &address));
	}
	source_filter_fini(&compiled);
	policy_free(policy);
}

static void the_kernel_holds_every_verdict_table_of_three_bits(void **state)
{
	struct tally tally = work_all(check_table, 2 * TABLES);

	(void)state;
	print_message("%zu tables, %zu sources dropped, %zu passed\n", tally.loads, tally.dropped, tally.passed);
	assert_int_equal(2 * TABLES, tally.loads);
	assert_int_equal(tally.dropped, tally.passed); /* each table has its negative */
}

/* ---- random policies ---- */

#define TARGETS_MAX 3

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void seed_round(uint64_t number)
{
	uint64_t mixed = (number_from_environment("POSTERN_SEED", 1) << 32) + number + 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	random_seed = (mixed ^ mixed >> 31) | 1;
}

static void check_source(struct worker *worker, const struct source_filter_input *input, const struct policy *identity,
	const struct source_filter_address *source, uint64_t number)
{
	bool drops, certain = source_filter_point(input, source, NULL) == SOURCE_FILTER_DROP;

	/* Multicast: no source of a packet, and refused as such. */
	if (source->bytes[0] == 0xff) {
		assert_true(kernel_drops(worker, source));
		return;
	}
	drops = kernel_drops(worker, source);
	if (certain && !drops)
		fail_msg("set %llu: a source that is denied for certain passes", (unsigned long long)number);
	if (drops && some_request_allowed(input, identity, source))
		fail_msg("set %llu: a source is dropped from which a request is allowed", (unsigned long long)number);
	if (drops && !certain)
		fail_msg("set %llu: a source is dropped that is not denied for certain", (unsigned long long)number);
}

static void check_random(struct worker *worker, uint64_t number)
{
	struct source_filter_address sources[4 * sizeof source_cidrs / sizeof *source_cidrs];
	size_t source_count = edge_addresses(sources);
	struct source_filter_target targets[TARGETS_MAX];
	struct policy *policies[TARGETS_MAX], *identity, *endpoint;
	struct source_filter_input input;
	struct source_filter compiled;
	unsigned count;

	seed_round(number);
	count = 1 + below(TARGETS_MAX);
	for (unsigned i = 0; i < count; i++) {
		policies[i] = random_policy(POLICY_KIND_API);
		targets[i] = target_of(policies[i], below(2));
	}
	identity = random_policy(POLICY_KIND_IDENTITY);
	endpoint = below(3) ? NULL : random_policy(POLICY_KIND_ENDPOINT);
	input = input_of(targets, count);
	input.endpoint_policy = endpoint;
	assert_int_equal(0, source_filter_compile(&compiled, &input));
	load(worker, &compiled);
	for (size_t i = 0; i < source_count; i++)
		check_source(worker, &input, identity, &sources[i], number);
	source_filter_fini(&compiled);
	for (unsigned i = 0; i < count; i++)
		policy_free(policies[i]);
	policy_free(identity);
	policy_free(endpoint);
}

static void the_kernel_drops_what_is_denied_for_certain_and_nothing_that_could_be_allowed(void **state)
{
	uint64_t count = number_from_environment("POSTERN_POLICIES", POLICIES_DEFAULT);
	struct tally tally = work_all(check_random, count);

	(void)state;
	print_message(
		"%zu sets of policies, %zu sources dropped, %zu passed\n", tally.loads, tally.dropped, tally.passed);
	assert_int_equal(count, tally.loads);
	/* The test has teeth: both verdicts are common. */
	assert_true(tally.dropped * 10 > tally.passed && tally.passed * 10 > tally.dropped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_holds_every_verdict_table_of_three_bits),
		cmocka_unit_test(the_kernel_drops_what_is_denied_for_certain_and_nothing_that_could_be_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
