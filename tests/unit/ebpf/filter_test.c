/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of ebpf/filter and the tc program: tables, modes, events. Packets of all kinds: packet_test.c. Needs root. */
#include "tests/unit/ebpf/filters.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void without_a_generation_every_source_is_denied_in_every_mode(void **state)
{
	struct filter *filter = open_filter();

	(void)state;
	for (uint32_t mode = FILTER_MODE_RESET; mode <= FILTER_MODE_OBSERVE; mode++) {
		assert_int_equal(0, filter_set_mode(filter, mode));
		assert_int_not_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
		assert_int_not_equal(TC_ACT_OK, verdict(filter, syn6(ALLOWED6, 443)));
	}
	assert_int_equal(6, counted(filter, FILTER_NO_POLICY));
	filter_close(filter);
}

static void the_longest_prefix_decides_in_both_families(void **state)
{
	(void)state;
	assert_passes(syn4(ALLOWED, 443));
	assert_passes(syn6(ALLOWED6, 443));
	assert_dropped(syn4(DENIED, 443), FILTER_SOURCE_DENIED);
	assert_dropped(syn6(DENIED6, 443), FILTER_SOURCE_DENIED);
	assert_passes(syn4("10.20.0.63", 443));
	assert_dropped(syn4("10.20.0.64", 443), FILTER_SOURCE_DENIED);
	assert_dropped(syn4("10.20.0.127", 443), FILTER_SOURCE_DENIED);
	assert_passes(syn4("10.20.0.128", 443));
}

static void only_the_vpc_and_only_the_services_are_admitted(void **state)
{
	(void)state;
	assert_dropped(syn4(STRANGER, 443), FILTER_SOURCE_NOT_ADMITTED);
	assert_dropped(syn6("2001:db8::1", 443), FILTER_SOURCE_NOT_ADMITTED);
	assert_dropped(syn4(ALLOWED, 80), FILTER_PORT_REFUSED);
	assert_dropped(closed(udp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 17, 0, 0), 443)), FILTER_PORT_REFUSED);
	assert_dropped(
		closed(udp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 47, 0, 0), 443)), FILTER_PROTOCOL_REFUSED);
	assert_dropped(ethernet(ETH_P_IPX), FILTER_NOT_IP);
}

static void dns_follows_its_own_setting(void **state)
{
	struct frame allowed = closed(udp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 17, 0, 0), 53));
	struct frame denied = closed(udp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 17, 0, 0), 53));
	struct filter *filter = open_loaded(FILTER_MODE_DROP);

	(void)state;
	assert_int_equal(TC_ACT_OK, verdict(filter, allowed));
	assert_int_equal(TC_ACT_OK, verdict(filter, denied));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(DENIED, 53)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(STRANGER, 53)));
	load(filter, 2, FILTER_MODE_DROP, FILTER_DNS_POLICY);
	assert_int_equal(TC_ACT_OK, verdict(filter, allowed));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, denied));
	load(filter, 3, FILTER_MODE_DROP, FILTER_DNS_OFF);
	assert_int_equal(TC_ACT_SHOT, verdict(filter, allowed));
	assert_int_equal(1, counted(filter, FILTER_DNS_REFUSED));
	filter_close(filter);
}

static void observe_counts_and_passes_what_the_pipeline_judges_again(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_OBSERVE);

	(void)state;
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(DENIED, 443)));
	assert_int_equal(1, counted(filter, FILTER_SOURCE_DENIED));
	assert_int_equal(TC_ACT_REDIRECT, verdict(filter, syn4(STRANGER, 443)));
	assert_int_equal(TC_ACT_REDIRECT, verdict(filter, syn4(ALLOWED, 80)));
	filter_close(filter);
}

static void keep_event(void *context, const struct filter_event *event)
{
	*(struct filter_event *)context = *event;
}

static void an_event_names_source_reason_statement_and_generation(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct filter_event event = { 0 };

	(void)state;
	assert_int_equal(TC_ACT_REDIRECT, verdict(filter, syn4(DENIED, 443)));
	assert_int_equal(1, filter_read_events(filter, keep_event, &event));
	assert_int_equal(FILTER_SOURCE_DENIED, event.reason);
	assert_int_equal(7, event.statement);
	assert_int_equal(1, event.generation);
	assert_int_equal(3, event.endpoint_index);
	assert_int_equal(40000, event.source_port);
	assert_int_equal(443, event.destination_port);
	assert_int_equal(6, event.protocol);
	assert_int_equal(1, event.reset);
	assert_int_equal(0, event.observed);
	assert_memory_equal("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x14\x00\x42", event.source, 16);
	assert_memory_equal("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x14\x00\x05", event.destination, 16);
	filter_close(filter);
}

static void a_full_event_buffer_loses_events_and_never_opens(void **state)
{
	const struct filter_options options = {
		.endpoint_id = VPCE, .ring_bytes = 4096, .events_per_second = 1000000, .resets_per_second = 10
	};
	struct filter_stats stats;
	struct filter *filter;

	(void)state;
	assert_int_equal(0, filter_open(&filter, &options));
	for (int i = 0; i < 200; i++)
		assert_int_not_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
	assert_int_equal(0, filter_read_stats(filter, &stats));
	assert_int_equal(200, stats.packets[FILTER_NO_POLICY]);
	assert_true(stats.events_lost > 0);
	assert_int_equal(200, stats.events_sent + stats.events_lost);
	assert_true(stats.resets_limited >= 100 && stats.resets_sent >= 10); /* the second may turn meanwhile */
	assert_int_equal(200, stats.resets_limited + stats.resets_sent);
	filter_close(filter);
}

static void a_generation_that_cannot_be_leaves_the_old_one_in_force(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_DROP);
	struct filter_prefix_record prefixes[] = {
		record("10.20.0.0", 24, FILTER_VERDICT_DENY, 1),
		record("10.20.0.0", 24, FILTER_VERDICT_PASS, 1),
	};
	struct filter_generation wanted = { .generation = 2, .mode = 1, .prefixes = prefixes, .prefix_count = 2 };
	struct filter_stats stats;

	(void)state;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	wanted.prefix_count = 1;
	prefixes[0].prefix_bits = 129;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	prefixes[0].prefix_bits = 96 + 16;
	prefixes[0].address[15] = 1;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted)); /* host bits: the kernel would drop them silently */
	prefixes[0] = record("10.20.0.0", 24, FILTER_VERDICT_DENY, 1);
	prefixes[0].reason = FILTER_REASON_COUNT;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	wanted.prefix_count = FILTER_PREFIXES_MAX + 1;
	assert_int_equal(-E2BIG, filter_load(filter, &wanted));
	assert_int_equal(0, filter_read_stats(filter, &stats));
	assert_int_equal(1, stats.generation);
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(DENIED, 443)));
	filter_close(filter);
}

static void a_table_shows_every_entry_page_by_page(void **state)
{
	enum { PREFIXES = 20000 };
	struct filter *filter = open_filter();
	struct filter_prefix_record *prefixes = calloc(PREFIXES, sizeof *prefixes);
	struct filter_generation wanted = { .generation = 9, .prefixes = prefixes, .prefix_count = PREFIXES };
	struct filter_entry entries[1000];
	struct filter_stats stats;
	size_t seen = 0;
	int count;

	(void)state;
	for (uint32_t i = 0; i < PREFIXES; i++) {
		prefixes[i] = record("11.0.0.0", 32, FILTER_VERDICT_DENY, i);
		prefixes[i].address[13] = (uint8_t)(i >> 8);
		prefixes[i].address[14] = (uint8_t)i;
	}
	assert_int_equal(0, filter_load(filter, &wanted));
	assert_int_equal(0, filter_read_stats(filter, &stats));
	assert_int_equal(PREFIXES + 2, stats.prefix_count);
	while ((count = filter_show(filter, seen ? &entries[999].key : NULL, entries, 1000)) == 1000)
		seen += 1000;
	assert_int_equal(PREFIXES + 2, seen + (size_t)count);
	free(prefixes);
	filter_close(filter);
}

/* The entry that decides about an IPv4 source. */
static int look_up(const struct filter *filter, const char *source, struct filter_value *ret)
{
	const struct filter_prefix_record host = record(source, 32, FILTER_VERDICT_PASS, 0);

	return filter_lookup(filter, host.address, ret);
}

static void admissions_add_up_and_nest_with_policy_in_every_order(void **state)
{
	const struct filter_prefix_record prefixes[] = {
		record("10.0.0.0", 8, FILTER_VERDICT_PASS, 1),
		record("10.1.0.0", 24, FILTER_VERDICT_DENY, 2),
	};
	const struct filter_admission_record admissions[] = {
		admission("10.1.0.128", 25, 0),
		admission("10.1.0.0", 24, FILTER_SERVICE_HTTPS),
		admission("10.1.0.0", 16, FILTER_SERVICE_HTTPS),
		admission("10.1.9.0", 24, FILTER_SERVICE_DNS),
		admission("10.3.0.7", 32, FILTER_SERVICE_DNS),
		admission("10.3.0.7", 32, FILTER_SERVICE_HTTPS),
	};
	const struct filter_generation wanted = {
		.generation = 1,
		.mode = FILTER_MODE_DROP,
		.dns = FILTER_DNS_POLICY,
		.prefixes = prefixes,
		.prefix_count = 2,
		.admissions = admissions,
		.admission_count = 6,
		.default_verdict = FILTER_VERDICT_DENY,
	};
	struct filter *filter = open_filter();
	struct filter_value value;

	(void)state;
	assert_int_equal(-ENOENT, look_up(filter, "10.1.9.1", &value));
	assert_int_equal(0, filter_load(filter, &wanted));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4("10.1.9.1", 443)));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4("10.1.9.1", 53)));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4("10.3.0.7", 443)));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4("10.3.0.7", 53)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4("10.1.0.1", 443)));
	assert_int_equal(
		TC_ACT_SHOT, verdict(filter, syn4("10.1.0.200", 443))); /* an empty admission takes nothing away */
	assert_int_equal(2, counted(filter, FILTER_SOURCE_DENIED));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4("10.2.0.1", 443)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4("10.1.8.1", 53)));
	assert_int_equal(2, counted(filter, FILTER_SOURCE_NOT_ADMITTED));
	assert_int_equal(0, look_up(filter, "10.1.9.1", &value));
	assert_int_equal(FILTER_VERDICT_PASS, value.verdict);
	assert_int_equal(FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS, value.services);
	assert_int_equal(1, value.statement);
	assert_int_equal(0, look_up(filter, "10.1.0.200", &value));
	assert_int_equal(FILTER_VERDICT_DENY, value.verdict);
	assert_int_equal(FILTER_SERVICE_HTTPS, value.services);
	assert_int_equal(2, value.statement);
	assert_int_equal(0, look_up(filter, "11.0.0.1", &value));
	assert_int_equal(FILTER_VERDICT_DENY, value.verdict);
	assert_int_equal(0, value.services);
	filter_close(filter);
}

static void admissions_that_cannot_be_are_refused(void **state)
{
	struct filter_admission_record admissions[FILTER_ADMISSIONS_MAX + 1] = { { .services = 0 } };
	struct filter_generation wanted = { .generation = 1, .admissions = admissions, .admission_count = 1 };
	struct filter *filter = open_filter();

	(void)state;
	admissions[0] = admission("10.0.0.0", 8, FILTER_SERVICE_HTTPS);
	admissions[0].prefix_bits = 129;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	admissions[0] = admission("10.0.0.1", 8, FILTER_SERVICE_HTTPS); /* host bits */
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	admissions[0] = admission("10.0.0.0", 8, 4);
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	admissions[0] = admission("10.0.0.0", 8, FILTER_SERVICE_HTTPS);
	admissions[0].spare[1] = 1;
	assert_int_equal(-EINVAL, filter_load(filter, &wanted));
	admissions[0].spare[1] = 0;
	wanted.admission_count = FILTER_ADMISSIONS_MAX + 1;
	assert_int_equal(-E2BIG, filter_load(filter, &wanted));
	wanted.admission_count = FILTER_ADMISSIONS_MAX;
	assert_int_equal(0, filter_load(filter, &wanted));
	filter_close(filter);
}

/* Nested as deep as addresses are long: the sweep's stack at its fullest, then everything closed at once. */
static void a_prefix_of_every_length_decides_for_itself(void **state)
{
	struct filter_prefix_record prefixes[130];
	struct filter_generation wanted = { .generation = 1, .prefixes = prefixes, .prefix_count = 130 };
	struct filter *filter = open_filter();
	struct filter_value value;

	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits++) {
		/* Listed from the inside out: the longest first. */
		struct filter_prefix_record *prefix = &prefixes[128 - bits];

		*prefix = record("::", 0, bits % 2 ? FILTER_VERDICT_PASS : FILTER_VERDICT_DENY, bits);
		prefix->prefix_bits = (uint8_t)bits;
	}
	prefixes[129] = record("8000::", 1, FILTER_VERDICT_PASS, 999);
	assert_int_equal(0, filter_load(filter, &wanted));
	for (unsigned int bits = 0; bits <= 128; bits++) {
		uint8_t address[16] = { 0 };

		/* The longest prefix of zeros that this address lies in has `bits` bits. */
		if (bits < 128)
			address[bits / 8] = (uint8_t)(0x80 >> bits % 8);
		assert_int_equal(0, filter_lookup(filter, address, &value));
		assert_int_equal(bits ? bits : 999, value.statement);
	}
	filter_close(filter);
}

/* ---- what the program remembers ---- */

/* A generation of one policy prefix: the address space passes, or is denied but for `exception`. */
static void load_simple(struct filter *filter, uint32_t default_verdict, const struct filter_prefix_record *exception)
{
	const struct filter_admission_record everybody = { .services = FILTER_SERVICE_HTTPS };
	const struct filter_generation wanted = {
		.generation = 1, /* always: a number that is used again must not revive what was remembered under it */
		.mode = FILTER_MODE_DROP,
		.dns = FILTER_DNS_ADMITTED,
		.default_verdict = default_verdict,
		.default_statement = FILTER_NO_STATEMENT,
		.prefixes = exception,
		.prefix_count = exception ? 1 : 0,
		.admissions = &everybody,
		.admission_count = 1,
	};

	assert_int_equal(0, filter_load(filter, &wanted));
}

static void a_swap_forgets_who_passed(void **state)
{
	const struct filter_prefix_record denied = record(ALLOWED, 32, FILTER_VERDICT_DENY, 1);
	const struct filter_prefix_record allowed = record(ALLOWED, 32, FILTER_VERDICT_PASS, 1);
	struct filter *filter = open_filter();

	(void)state;
	for (int round = 0; round < 3; round++) {
		load_simple(filter, FILTER_VERDICT_PASS, NULL);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
			assert_int_equal(TC_ACT_OK, verdict(filter, syn4(DENIED, 443)));
			assert_int_equal(TC_ACT_OK, verdict(filter, syn6(ALLOWED6, 443)));
		}
		load_simple(filter, FILTER_VERDICT_PASS, &denied);
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(ALLOWED, 443)));
		assert_int_equal(TC_ACT_OK, verdict(filter, syn4(DENIED, 443)));
		assert_int_equal(TC_ACT_OK, verdict(filter, syn6(ALLOWED6, 443)));
		load_simple(filter, FILTER_VERDICT_DENY, &allowed);
		assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(DENIED, 443)));
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn6(ALLOWED6, 443)));
	}
	assert_int_equal(9, counted(filter, FILTER_SOURCE_DENIED));
	filter_close(filter);
}

/* Only this source, and only for the service that it passed to. */
static void what_is_remembered_lets_nobody_else_in(void **state)
{
	const struct filter_prefix_record allowed = record(ALLOWED, 32, FILTER_VERDICT_PASS, 1);
	const struct filter_prefix_record allowed6 = record(ALLOWED6, 128, FILTER_VERDICT_PASS, 1);
	struct filter *filter = open_filter();
	uint64_t refused;

	(void)state;
	load_simple(filter, FILTER_VERDICT_DENY, &allowed);
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct frame other = syn4(ALLOWED, 443);

		assert_int_equal(TC_ACT_OK, verdict(filter, other));
		other.bytes[26 + bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(TC_ACT_SHOT, verdict(filter, other));
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(ALLOWED, 53))); /* not admitted to DNS */
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(ALLOWED, 80)));
	}
	load_simple(filter, FILTER_VERDICT_DENY, &allowed6);
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct frame other = syn6(ALLOWED6, 443);

		assert_int_equal(TC_ACT_OK, verdict(filter, other));
		other.bytes[22 + bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_int_equal(TC_ACT_SHOT, verdict(filter, other));
	}
	/* The key of 10.20.0.10 in the trie, as an IPv6 source. */
	load_simple(filter, FILTER_VERDICT_DENY, &allowed);
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
	refused = counted(filter, FILTER_SOURCE_INVALID);
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn6("ffff:ffff:a14:a::", 443)));
	assert_int_equal(refused + 1, counted(filter, FILTER_SOURCE_INVALID));
	filter_close(filter);
}

/* IPv6 prefixes around and inside of the block in which the trie keeps IPv4, and IPv6's own view of IPv4. */
static void ipv4_keeps_out_of_the_way_of_ipv6(void **state)
{
	const struct filter_prefix_record prefixes[] = {
		record("8000::", 1, FILTER_VERDICT_DENY, 1),
		record("ffff:ffff::", 32, FILTER_VERDICT_DENY, 2),
		record("ffff:ffff:a14:a::", 64, FILTER_VERDICT_DENY, 3),
		record("::", 80, FILTER_VERDICT_DENY, 4), /* with all of IPv4, as user space has it */
		record("10.20.0.0", 24, FILTER_VERDICT_PASS, 5),
	};
	const struct filter_admission_record everybody = { .services = FILTER_SERVICE_HTTPS };
	const struct filter_generation wanted = {
		.generation = 1,
		.mode = FILTER_MODE_DROP,
		.default_verdict = FILTER_VERDICT_PASS,
		.prefixes = prefixes,
		.prefix_count = sizeof prefixes / sizeof *prefixes,
		.admissions = &everybody,
		.admission_count = 1,
	};
	struct filter *filter = open_filter();
	struct filter_entry entries[16];
	struct filter_value value;

	(void)state;
	assert_int_equal(0, filter_load(filter, &wanted));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4("10.20.1.1", 443)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn6("::1:2", 443)));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn6("fd20::10", 443)));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn6("2001:db8::1", 443)));
	assert_int_equal(0, look_up(filter, "10.20.1.1", &value));
	assert_int_equal(4, value.statement);
	assert_int_equal(0, look_up(filter, ALLOWED, &value));
	assert_int_equal(5, value.statement);
	assert_int_equal(-ENOENT, filter_lookup(filter, prefixes[2].address, &value));
	/* ::/0, ::/80, ::ffff:0:0/96, 10.20.0.0/24, 8000::/1, each in user space's form. */
	assert_int_equal(5, filter_show(filter, NULL, entries, 16));
	for (int i = 0; i < 5; i++) {
		assert_int_not_equal(0xff, entries[i].key.address[0]);
		assert_int_equal(0, filter_lookup(filter, entries[i].key.address, &value));
	}
	filter_close(filter);
}

static struct filter_settings *settings_of(const struct filter *filter)
{
	static struct filter_settings settings;

	assert_int_equal(0, filter_read_settings(filter, &settings));
	return &settings;
}

/* A loader killed between the two ends of a swap: nobody is remembered, verdicts stand; its successor mends it. */
static void a_swap_that_was_cut_short_is_finished_by_the_next_loader(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_DROP), *successor;
	struct bpf_map_info info;
	struct filter_settings settings = *settings_of(filter);
	const uint32_t zero = 0, table_id = settings.table_id;
	uint32_t id = 0;
	int fd = -1;

	(void)state;
	assert_int_not_equal(FILTER_LOADING, table_id);
	assert_int_equal(0, unshare(CLONE_NEWNET));
	assert_int_equal(0, filter_attach(filter, 1));
	while (fd < 0 && bpf_map_get_next_id(id, &id) == 0) {
		uint32_t bytes = sizeof info;

		fd = bpf_map_get_fd_by_id(id);
		memset(&info, 0, sizeof info);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && strcmp(info.name, "settings") == 0) {
			struct filter_settings found;

			if (bpf_map_lookup_elem(fd, &zero, &found) == 0 && found.table_id == table_id)
				break;
		}
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	assert_true(fd >= 0);
	settings.table_id = FILTER_LOADING;
	assert_int_equal(0, bpf_map_update_elem(fd, &zero, &settings, BPF_ANY));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(DENIED, 443)));
	}
	assert_int_equal(0, filter_adopt(&successor, 1));
	assert_int_equal(table_id, settings_of(successor)->table_id);
	assert_int_equal(TC_ACT_OK, verdict(successor, syn4(ALLOWED, 443)));
	close(fd);
	filter_close(successor);
	filter_close(filter);
}

/* ---- the index ---- */

static uint64_t state_of_random = 0x9e3779b97f4a7c15;

static uint32_t random_number(void)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (uint32_t)(state_of_random * 0x2545f4914f6cdd1d >> 32);
}

/* A random IPv4 prefix; many lie in, beside or around one another. */
static void random_prefix(uint8_t address[16], uint8_t *bits, unsigned int spread)
{
	uint32_t length = 33 - spread + random_number() % spread, host = random_number();

	if (random_number() % 3 == 0)
		host &= 0x0000ffff;
	if (random_number() % 50 == 0)
		host = 0xffffffff;
	host &= length ? 0xffffffffu << (32 - length) : 0;
	memset(address, 0, 16);
	address[10] = address[11] = 0xff;
	for (int i = 0; i < 4; i++)
		address[12 + i] = (uint8_t)(host >> (24 - 8 * i));
	*bits = (uint8_t)(96 + length);
}

/* What the kernel does to a packet from `host` is what its trie says, wherever it looked. */
static void check_host(struct filter *filter, uint32_t host)
{
	struct frame frame = syn4(ALLOWED, 443);
	uint8_t address[16] = { [10] = 0xff, 0xff };
	struct filter_value value;
	bool passes;

	for (int i = 0; i < 4; i++)
		address[12 + i] = frame.bytes[26 + i] = (uint8_t)(host >> (24 - 8 * i));
	assert_int_equal(0, filter_lookup(filter, address, &value));
	passes = value.verdict == FILTER_VERDICT_PASS && value.services & FILTER_SERVICE_HTTPS;
	assert_int_equal(passes ? TC_ACT_OK : TC_ACT_SHOT, verdict(filter, frame));
}

static void load_random(struct filter *filter, size_t prefix_count, size_t admission_count, unsigned int spread)
{
	struct filter_prefix_record *prefixes = calloc(prefix_count, sizeof *prefixes);
	struct filter_admission_record *admissions = calloc(admission_count, sizeof *admissions);
	struct filter_generation wanted = {
		.generation = 1,
		.mode = FILTER_MODE_DROP,
		.default_verdict = random_number() % 2,
		.prefixes = prefixes,
		.prefix_count = prefix_count,
		.admissions = admissions,
		.admission_count = admission_count,
		.index_edges = 1,
	};
	struct filter_prepared prepared;

	for (size_t i = 0; i < prefix_count; i++) {
		random_prefix(prefixes[i].address, &prefixes[i].prefix_bits, spread);
		/* The same for the same prefix, should it come twice. */
		prefixes[i].verdict =
			(prefixes[i].address[13] ^ prefixes[i].address[14] ^ prefixes[i].address[15]) >> 2 & 1;
		prefixes[i].verdict ^= prefixes[i].prefix_bits & 1;
		prefixes[i].reason = prefixes[i].verdict ? FILTER_PASSED : FILTER_SOURCE_DENIED;
	}
	for (size_t i = 0; i < admission_count; i++) {
		random_prefix(admissions[i].address, &admissions[i].prefix_bits, i == 0 ? 1 : 32);
		admissions[i].services = (uint8_t)(random_number() % 4);
	}
	/* Most sources are admitted. */
	memset(admissions[0].address, 0, 16);
	admissions[0].prefix_bits = 0;
	admissions[0].services = FILTER_SERVICE_HTTPS;
	assert_int_equal(0, filter_prepare(&prepared, &wanted));
	assert_true(prepared.index_fd >= 0 || prefix_count < 10);
	assert_int_equal(0, filter_swap(filter, &wanted, &prepared));
	for (size_t i = 0; i < prefix_count; i += 1 + prefix_count / 100) {
		const uint8_t *at = prefixes[i].address + 12;
		uint32_t first = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
		uint32_t last = (uint32_t)(first + (1ull << (128 - prefixes[i].prefix_bits)) - 1);

		check_host(filter, first - 1);
		check_host(filter, first);
		check_host(filter, last);
		check_host(filter, last + 1);
		check_host(filter, random_number());
	}
	check_host(filter, 0);
	check_host(filter, 0xfffffffe);
	check_host(filter, 0xffffffff);
	filter_discard(&prepared);
	free(prefixes);
	free(admissions);
}

/* From a single block to four levels, prefixes nested, adjacent and equal. */
static void an_index_says_what_its_table_says(void **state)
{
	static const size_t counts[] = { 1, 7, 8, 9, 17, 129, 300, 5000 };
	struct filter *filter = open_filter();

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		for (unsigned int spread = 8; spread <= 33; spread += 25)
			load_random(filter, counts[i], 1 + i, spread);
	filter_close(filter);
}

/* An index is of use for its own table only: not with the next, which has none, and not with one whose swap failed. */
static void an_index_ends_with_its_table(void **state)
{
	const struct filter_prefix_record denied = record(ALLOWED, 32, FILTER_VERDICT_DENY, 1);
	const struct filter_admission_record everybody = { .services = FILTER_SERVICE_HTTPS };
	struct filter_generation wanted = {
		.generation = 1,
		.mode = FILTER_MODE_DROP,
		.default_verdict = FILTER_VERDICT_PASS,
		.admissions = &everybody,
		.admission_count = 1,
		.index_edges = 1,
	};
	struct filter *filter = open_filter();
	struct filter_prepared prepared;

	(void)state;
	for (int round = 0; round < 2; round++) {
		wanted.prefix_count = 0;
		wanted.index_edges = 1;
		assert_int_equal(0, filter_load(filter, &wanted));
		assert_int_equal(TC_ACT_OK, verdict(filter, syn4(ALLOWED, 443)));
		wanted.prefixes = &denied;
		wanted.prefix_count = 1;
		wanted.index_edges = round ? SIZE_MAX : 1;
		assert_int_equal(0, filter_load(filter, &wanted));
		assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(ALLOWED, 443)));
		assert_int_equal(TC_ACT_OK, verdict(filter, syn4(STRANGER, 443)));
	}
	/* A swap that fails after the index was placed: the old table stands, and the new index says nothing. */
	wanted.prefix_count = 0;
	wanted.index_edges = 1;
	assert_int_equal(0, filter_prepare(&prepared, &wanted));
	assert_int_equal(0, dup2(prepared.index_fd, prepared.table_fd) - prepared.table_fd); /* no trie, no table */
	assert_true(filter_swap(filter, &wanted, &prepared) < 0);
	assert_int_equal(TC_ACT_SHOT, verdict(filter, syn4(ALLOWED, 443)));
	assert_int_equal(TC_ACT_OK, verdict(filter, syn4(STRANGER, 443)));
	filter_discard(&prepared);
	filter_close(filter);
}

/* ---- the verifier ---- */

/*
 * Most instructions that the verifier may look at, of the million that it allows: measured 33,400 on 6.18 and 37,500 on 6.1 with
 * all capabilities, and 61,000 without CAP_PERFMON, where it follows mispredicted branches too.
 */
#define VERIFIED_INSNS_MAX 50000
#define VERIFIED_INSNS_MAX_WITHOUT_PERFMON 80000

static uint32_t verified_insns(const struct filter *filter)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof info;

	assert_int_equal(0, bpf_obj_get_info_by_fd(filter_program_fd(filter), &info, &bytes));
	return info.verified_insns;
}

static void the_verifier_has_little_to_look_at(void **state)
{
	struct filter *filter = open_filter();
	uint32_t count = verified_insns(filter);

	(void)state;
	print_message("verified_insns %u\n", count);
	assert_in_range(count, 1, VERIFIED_INSNS_MAX);
	filter_close(filter);
}

/* Before 6.8 the verifier takes a register of which half was spilled for a pointer, unless CAP_PERFMON says it doesn't matter. */
static bool kernel_tells_numbers_from_pointers(void)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	assert_int_equal(0, uname(&name));
	assert_int_equal(2, sscanf(name.release, "%u.%u", &major, &minor));
	return major > 6 || (major == 6 && minor >= 8);
}

/* In a process of its own that keeps CAP_BPF and CAP_NET_ADMIN only. */
static void two_capabilities_are_enough_to_load(void **state)
{
	const struct filter_options options = { .endpoint_id = VPCE };
	int status;
	pid_t pid;

	(void)state;
	if (!kernel_tells_numbers_from_pointers())
		return;
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
		struct __user_cap_data_struct sets[2] = {
			{ .effective = 1u << CAP_NET_ADMIN, .permitted = 1u << CAP_NET_ADMIN },
			{ .effective = 1u << (CAP_BPF - 32), .permitted = 1u << (CAP_BPF - 32) },
		};
		struct filter *filter;
		uint32_t count;

		if (syscall(SYS_capset, &header, sets) < 0)
			_exit(2);
		if (filter_open(&filter, &options) < 0)
			_exit(3);
		count = verified_insns(filter);
		print_message("verified_insns without CAP_PERFMON %u\n", count);
		fflush(stdout);
		_exit(count > 0 && count <= VERIFIED_INSNS_MAX_WITHOUT_PERFMON ? 0 : 4);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_generation_every_source_is_denied_in_every_mode),
		cmocka_unit_test(the_longest_prefix_decides_in_both_families),
		cmocka_unit_test(only_the_vpc_and_only_the_services_are_admitted),
		cmocka_unit_test(dns_follows_its_own_setting),
		cmocka_unit_test(observe_counts_and_passes_what_the_pipeline_judges_again),
		cmocka_unit_test(an_event_names_source_reason_statement_and_generation),
		cmocka_unit_test(a_full_event_buffer_loses_events_and_never_opens),
		cmocka_unit_test(a_generation_that_cannot_be_leaves_the_old_one_in_force),
		cmocka_unit_test(a_table_shows_every_entry_page_by_page),
		cmocka_unit_test(admissions_add_up_and_nest_with_policy_in_every_order),
		cmocka_unit_test(admissions_that_cannot_be_are_refused),
		cmocka_unit_test(a_prefix_of_every_length_decides_for_itself),
		cmocka_unit_test(a_swap_forgets_who_passed),
		cmocka_unit_test(what_is_remembered_lets_nobody_else_in),
		cmocka_unit_test(ipv4_keeps_out_of_the_way_of_ipv6),
		cmocka_unit_test(a_swap_that_was_cut_short_is_finished_by_the_next_loader),
		cmocka_unit_test(an_index_says_what_its_table_says),
		cmocka_unit_test(an_index_ends_with_its_table),
		cmocka_unit_test(the_verifier_has_little_to_look_at),
		cmocka_unit_test(two_capabilities_are_enough_to_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
