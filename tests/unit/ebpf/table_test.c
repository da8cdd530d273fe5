/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of tables against what records mean: random IPv4 and IPv6 prefixes around, in and beside the blocks where user space
 * and the trie have IPv4, asked of the program by packets and compared with a search through all records. Needs root.
 */
#include "tests/unit/ebpf/filters.h"

#include <stdlib.h>

#define ROUNDS 60
#define RECORDS_MAX 40
#define SOURCES 60

static uint64_t state_of_random = 0x2545f4914f6cdd1d;

static unsigned int below(unsigned int limit)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (unsigned int)((state_of_random * 0x9e3779b97f4a7c15 >> 33) % limit);
}

/* An address near to one of those at which tables could go wrong. */
static void random_address(uint8_t ret[16])
{
	static const char *const places[] = { "::", "::ffff:0:0", "::ffff:10.20.0.0", "::ffff:255.255.255.255",
		"::fffe:0:0", "ffff:ffff::", "ffff:ffff:a14:a::", "ffff:fffe::", "ff00::", "8000::", "fd20::10",
		"2001:db8::1", "::ffff:0.0.0.0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	assert_int_equal(1, inet_pton(AF_INET6, places[below(sizeof places / sizeof *places)], ret));
	for (unsigned int flips = below(3); flips > 0; flips--) {
		unsigned int bit = below(128);

		ret[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
}

static void clear_past(uint8_t address[16], unsigned int bits)
{
	for (unsigned int bit = bits; bit < 128; bit++)
		address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static unsigned int random_bits(void)
{
	static const uint8_t edges[] = { 0, 1, 8, 31, 32, 33, 64, 80, 95, 96, 97, 104, 120, 127, 128 };

	return below(2) ? edges[below(sizeof edges)] : below(129);
}

static bool holds(const uint8_t prefix[16], unsigned int bits, const uint8_t address[16])
{
	uint8_t cut[16];

	memcpy(cut, address, sizeof cut);
	clear_past(cut, bits);
	return memcmp(cut, prefix, sizeof cut) == 0;
}

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, mapped, sizeof mapped) == 0;
}

/* Does the source pass to the HTTPS service? The longest record of the policy says, and all admissions together. */
static bool passes(const struct filter_generation *generation, const uint8_t source[16])
{
	uint32_t verdict = generation->default_verdict, services = 0;
	int longest = -1;

	for (size_t i = 0; i < generation->prefix_count; i++) {
		const struct filter_prefix_record *prefix = &generation->prefixes[i];

		if (prefix->prefix_bits > longest && holds(prefix->address, prefix->prefix_bits, source)) {
			longest = prefix->prefix_bits;
			verdict = prefix->verdict;
		}
	}
	for (size_t i = 0; i < generation->admission_count; i++)
		if (holds(generation->admissions[i].address, generation->admissions[i].prefix_bits, source))
			services |= generation->admissions[i].services;
	return verdict == FILTER_VERDICT_PASS && services & FILTER_SERVICE_HTTPS;
}

static struct frame syn_from(const uint8_t source[16])
{
	struct frame frame = is_ipv4(source) ? syn4("0.0.0.0", 443) : syn6("::", 443);

	if (is_ipv4(source))
		memcpy(frame.bytes + 26, source + 12, 4);
	else
		memcpy(frame.bytes + 22, source, 16);
	return frame;
}

static void ask(struct filter *filter, const struct filter_generation *generation, const uint8_t source[16])
{
	bool wanted = passes(generation, source) && source[0] != 0xff;
	struct filter_value value;

	/* The second time it may be remembered. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(wanted ? TC_ACT_OK : TC_ACT_SHOT, verdict(filter, syn_from(source)));
	if (source[0] == 0xff)
		return;
	assert_int_equal(0, filter_lookup(filter, source, &value));
	assert_int_equal(wanted, value.verdict == FILTER_VERDICT_PASS && value.services & FILTER_SERVICE_HTTPS);
}

static size_t random_prefixes(struct filter_prefix_record *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct filter_prefix_record *prefix = &prefixes[i];

		*prefix = (struct filter_prefix_record){ .prefix_bits = (uint8_t)random_bits() };
		random_address(prefix->address);
		clear_past(prefix->address, prefix->prefix_bits);
		prefix->verdict = (uint8_t)below(2);
		for (size_t before = 0; before < i; before++)
			if (prefixes[before].prefix_bits == prefix->prefix_bits &&
				memcmp(prefixes[before].address, prefix->address, sizeof prefix->address) == 0)
				prefix->verdict = prefixes[before].verdict;
		prefix->reason = prefix->verdict ? FILTER_PASSED : FILTER_SOURCE_DENIED;
	}
	return count;
}

static size_t random_admissions(struct filter_admission_record *admissions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		admissions[i] = (struct filter_admission_record){
			.prefix_bits = (uint8_t)(i == 0 && below(2) ? 0 : random_bits()), .services = (uint8_t)below(4)
		};
		random_address(admissions[i].address);
		clear_past(admissions[i].address, admissions[i].prefix_bits);
	}
	return count;
}

static void a_table_means_what_its_records_mean(void **state)
{
	struct filter_prefix_record prefixes[RECORDS_MAX];
	struct filter_admission_record admissions[RECORDS_MAX];
	struct filter *filter = open_filter();
	unsigned int passed = 0, asked = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		const struct filter_generation wanted = {
			.generation = 1,
			.mode = FILTER_MODE_DROP,
			.default_verdict = below(2),
			.prefixes = prefixes,
			.prefix_count = random_prefixes(prefixes, below(RECORDS_MAX)),
			.admissions = admissions,
			.admission_count = random_admissions(admissions, below(RECORDS_MAX)),
			.index_edges = below(2) ? 1 : SIZE_MAX,
		};

		assert_int_equal(0, filter_load(filter, &wanted));
		for (int i = 0; i < SOURCES; i++) {
			uint8_t source[16];

			random_address(source);
			passed += passes(&wanted, source);
			asked++;
			ask(filter, &wanted, source);
		}
	}
	assert_true(passed > asked / 10 && passed < asked * 9 / 10);
	filter_close(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_table_means_what_its_records_mean) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
