/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of swaps under fire: threads send frames through the program while generations follow one another. Whatever the moment,
 * a packet passes only if the generation before or the one after lets it pass. Needs root.
 */
#include "tests/unit/ebpf/filters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SHOOTERS 2
#define SWAPS_DEFAULT 20 /* POSTERN_SWAPS in the environment: another number */
#define ROUNDS_BETWEEN 5 /* of all shots, between two swaps */

struct shot {
	struct frame frame;
	bool passes[2]; /* with the even generations, with the odd ones */
};

struct range {
	struct filter *filter;
	const struct shot *shots;
	size_t shot_count;
	/* Generations so far, twice; plus one while the next is being swapped in. */
	atomic_uint moment;
	atomic_bool ends;
	atomic_uint wrong, fired, between;
};

static void fire(struct range *range, const struct shot *shot)
{
	unsigned int before = atomic_load(&range->moment);
	bool passed = verdict(range->filter, shot->frame) == TC_ACT_OK;
	unsigned int after = atomic_load(&range->moment);
	unsigned int now = before / 2 % 2;
	bool is_between = before % 2 || before != after;

	atomic_fetch_add(&range->fired, 1);
	atomic_fetch_add(&range->between, is_between);
	if (after - before > 1)
		return; /* more than one swap has gone by */
	if (is_between ? passed != shot->passes[0] && passed != shot->passes[1] : passed != shot->passes[now])
		atomic_fetch_add(&range->wrong, 1);
}

static void *shoot(void *argument)
{
	struct range *range = argument;

	while (!atomic_load(&range->ends))
		for (size_t i = 0; i < range->shot_count; i++)
			fire(range, &range->shots[i]);
	return NULL;
}

static unsigned int swaps_wanted(void)
{
	const char *text = getenv("POSTERN_SWAPS");

	return text ? (unsigned int)strtoul(text, NULL, 10) : SWAPS_DEFAULT;
}

/* Swap the two generations in, in turns, while all shots are fired again and again. */
static void swap_under_fire(const struct filter_generation wanted[2], const struct shot *shots, size_t shot_count)
{
	struct range range = { .filter = open_filter(), .shots = shots, .shot_count = shot_count };
	pthread_t threads[SHOOTERS];
	unsigned int swaps = swaps_wanted();

	assert_int_equal(0, filter_load(range.filter, &wanted[0]));
	for (int i = 0; i < SHOOTERS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, shoot, &range));
	for (unsigned int i = 1; i <= swaps; i++) {
		struct filter_prepared prepared;

		assert_int_equal(0, filter_prepare(&prepared, &wanted[i % 2]));
		atomic_fetch_add(&range.moment, 1);
		assert_int_equal(0, filter_swap(range.filter, &wanted[i % 2], &prepared));
		atomic_fetch_add(&range.moment, 1);
		filter_discard(&prepared);
		for (size_t at = 0; at < ROUNDS_BETWEEN * shot_count; at++)
			fire(&range, &shots[at % shot_count]);
	}
	atomic_store(&range.ends, true);
	for (int i = 0; i < SHOOTERS; i++)
		assert_int_equal(0, pthread_join(threads[i], NULL));
	print_message("%u swaps, %u frames, %u of them during a swap, %u judged wrongly\n", swaps,
		atomic_load(&range.fired), atomic_load(&range.between), atomic_load(&range.wrong));
	assert_true(atomic_load(&range.between) > 0);
	assert_int_equal(0, atomic_load(&range.wrong));
	filter_close(range.filter);
}

/* Remembered sources and indexes of one table are of no use with the other. */
static void no_swap_lets_in_what_both_generations_deny(void **state)
{
	const struct filter_prefix_record first[] = { record("10.20.0.1", 32, FILTER_VERDICT_PASS, 0),
		record("10.20.0.3", 32, FILTER_VERDICT_PASS, 0), record("fd20::1", 128, FILTER_VERDICT_PASS, 0),
		record("fd20::3", 128, FILTER_VERDICT_PASS, 0) };
	const struct filter_prefix_record second[] = { record("10.20.0.2", 32, FILTER_VERDICT_PASS, 0),
		record("10.20.0.3", 32, FILTER_VERDICT_PASS, 0), record("fd20::2", 128, FILTER_VERDICT_PASS, 0),
		record("fd20::3", 128, FILTER_VERDICT_PASS, 0) };
	const struct filter_admission_record everybody = { .services = FILTER_SERVICE_HTTPS };
	struct filter_generation wanted[2] = { { .prefixes = first }, { .prefixes = second } };
	const struct shot shots[] = {
		{ syn4("10.20.0.1", 443), { true, false } },
		{ syn4("10.20.0.2", 443), { false, true } },
		{ syn4("10.20.0.3", 443), { true, true } },
		{ syn4("10.20.0.4", 443), { false, false } },
		{ syn6("fd20::1", 443), { true, false } },
		{ syn6("fd20::2", 443), { false, true } },
		{ syn6("fd20::3", 443), { true, true } },
		{ syn6("fd20::4", 443), { false, false } },
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		wanted[i].generation = 1;
		wanted[i].mode = FILTER_MODE_DROP;
		wanted[i].prefix_count = 4;
		wanted[i].admissions = &everybody;
		wanted[i].admission_count = 1;
	}
	/* Both with an index, one with and one without, both without. */
	for (int indexes = 2; indexes >= 0; indexes--) {
		wanted[0].index_edges = indexes > 0 ? 1 : SIZE_MAX;
		wanted[1].index_edges = indexes > 1 ? 1 : SIZE_MAX;
		swap_under_fire(wanted, shots, sizeof shots / sizeof *shots);
	}
}

/*
 * Settings and table are two writes. With the first generation the source is not admitted, which no mode lets pass; with the
 * second it is, and denied by policy, which mode observe and DNS for all admitted would have let pass.
 */
static void a_swap_mixes_no_table_with_looser_settings(void **state)
{
	const struct filter_admission_record admitted =
		admission("10.20.0.0", 24, FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS);
	const struct filter_generation wanted[2] = {
		{ .generation = 1, .mode = FILTER_MODE_OBSERVE, .dns = FILTER_DNS_ADMITTED },
		{ .generation = 2,
			.mode = FILTER_MODE_DROP,
			.dns = FILTER_DNS_POLICY,
			.admissions = &admitted,
			.admission_count = 1 },
	};
	const struct shot shots[] = {
		{ syn4(ALLOWED, 443), { false, false } },
		{ syn4(ALLOWED, 53), { false, false } },
		{ closed(udp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 17, 0, 0), 53)), { false, false } },
	};

	(void)state;
	swap_under_fire(wanted, shots, sizeof shots / sizeof *shots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_swap_lets_in_what_both_generations_deny),
		cmocka_unit_test(a_swap_mixes_no_table_with_looser_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
