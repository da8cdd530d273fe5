/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of ebpf/filter and the tc program: packets by the byte through BPF_PROG_TEST_RUN. Needs root. */
#include "tests/unit/ebpf/packets.h"

#include <errno.h>
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

static struct filter_prefix_record record(
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

static struct filter_admission_record admission(const char *address, unsigned int bits, unsigned int services)
{
	struct filter_prefix_record prefix = record(address, bits, FILTER_VERDICT_PASS, 0);
	struct filter_admission_record admitted = { .prefix_bits = prefix.prefix_bits, .services = (uint8_t)services };

	memcpy(admitted.address, prefix.address, sizeof admitted.address);
	return admitted;
}

/* Pass by default, deny 10.20.0.64/26 and fd20:0:0:66::/64 by statement 7; the VPC is 10.20.0.0/24 and fd20::/32. */
static void load(struct filter *filter, uint64_t generation, uint32_t mode, uint32_t dns)
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

static struct filter *open_filter(void)
{
	const struct filter_options options = { .endpoint_id = VPCE, .endpoint_index = 3, .dns = FILTER_DNS_ADMITTED };
	struct filter *filter;

	if (geteuid() != 0)
		fail_msg("the filter's tests load a BPF program: run them as root");
	assert_int_equal(0, filter_open(&filter, &options));
	return filter;
}

static struct filter *open_loaded(uint32_t mode)
{
	struct filter *filter = open_filter();

	load(filter, 1, mode, FILTER_DNS_ADMITTED);
	return filter;
}

/* Run one frame through the program; the frame that comes out may be an answer. */
static int run(struct filter *filter, const struct frame *in, struct frame *out)
{
	struct frame scratch;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = (uint32_t)in->count,
		.data_out = (out ? out : &scratch)->bytes, .data_size_out = sizeof scratch.bytes, .repeat = 1);

	assert_int_equal(0, bpf_prog_test_run_opts(filter_program_fd(filter), &options));
	if (out)
		out->count = options.data_size_out;
	return (int)options.retval;
}

static int verdict(struct filter *filter, struct frame in)
{
	return run(filter, &in, NULL);
}

static uint64_t counted(struct filter *filter, enum filter_reason reason)
{
	struct filter_stats stats;

	assert_int_equal(0, filter_read_stats(filter, &stats));
	return stats.packets[reason];
}

/* One filter in each mode for all that only asks: the verifier takes its time, in an emulated guest most of the test's. */
static struct filter *shared(uint32_t mode)
{
	static struct filter *loaded[FILTER_MODE_OBSERVE + 1];

	if (!loaded[mode])
		loaded[mode] = open_loaded(mode);
	return loaded[mode];
}

/* The frame is dropped in mode drop, for exactly this reason. */
static void assert_dropped(struct frame in, enum filter_reason reason)
{
	struct filter *filter = shared(FILTER_MODE_DROP);
	uint64_t before = counted(filter, reason);

	assert_int_equal(TC_ACT_SHOT, verdict(filter, in));
	if (counted(filter, reason) != before + 1)
		fail_msg("not counted as %s", filter_reason_name(reason));
}

static void assert_passes(struct frame in)
{
	struct filter *filter = shared(FILTER_MODE_RESET);
	uint64_t before = counted(filter, FILTER_PASSED);

	assert_int_equal(TC_ACT_OK, verdict(filter, in));
	assert_int_equal(before + 1, counted(filter, FILTER_PASSED));
}

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

static void what_hosts_need_to_talk_passes_from_any_source(void **state)
{
	struct frame arp = ethernet(ETH_P_ARP);
	struct frame report = extension(ip6(ethernet(ETH_P_IPV6), "::", "ff02::16", 0), 58, 1);

	(void)state;
	for (int i = 0; i < 28; i++)
		put(&arp, "", 1);
	assert_passes(arp);
	assert_passes(closed(icmp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 1, 0, 0), 8)));
	assert_passes(closed(icmp(ip4(ethernet(ETH_P_IP), STRANGER, "10.20.0.5", 1, 0, 0), 3)));
	assert_dropped(closed(icmp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 1, 0, 0), 5)), FILTER_ICMP_REFUSED);
	assert_passes(closed(icmp(ip6(ethernet(ETH_P_IPV6), "fe80::1", "ff02::1:ff00:5", 58), 135)));
	assert_passes(closed(icmp(ip6(ethernet(ETH_P_IPV6), "2001:db8::1", "fd20::5", 58), 2)));
	assert_passes(closed(icmp(report, 143)));
	assert_dropped(closed(icmp(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 58), 139)), FILTER_ICMP_REFUSED);
}

/* The same TCP SYN from `source` behind `tags` VLAN tags. */
static struct frame tagged(const char *source, int tags)
{
	struct frame frame = ethernet(ETH_P_IP);

	for (int i = 0; i < tags; i++) {
		frame.bytes[frame.count - 2] = i == 0 && tags > 1 ? 0x88 : 0x81;
		frame.bytes[frame.count - 1] = i == 0 && tags > 1 ? 0xa8 : 0x00;
		put16(&frame, 5);
		put16(&frame, ETH_P_IP);
	}
	return closed(tcp(ip4(frame, source, "10.20.0.5", 6, 0, 0), 443, 2, 1000, 0, 0));
}

static void vlan_tags_are_read_through_and_a_third_is_refused(void **state)
{
	(void)state;
	for (int tags = 1; tags <= 2; tags++) {
		assert_passes(tagged(ALLOWED, tags));
		assert_dropped(tagged(DENIED, tags), FILTER_SOURCE_DENIED);
	}
	assert_dropped(tagged(ALLOWED, 3), FILTER_TOO_MANY_HEADERS);
}

static void fragments_are_judged_by_their_source(void **state)
{
	struct frame tiny = ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 6, 0, 0x2000);
	struct frame later;

	(void)state;
	assert_passes(closed(tcp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 6, 0, 0x2000), 443, 2, 1, 0, 16)));
	assert_dropped(closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0x2000), 443, 2, 1, 0, 16)),
		FILTER_SOURCE_DENIED);
	assert_passes(closed(udp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 6, 0, 4), 9)));
	assert_dropped(closed(udp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 4), 9)), FILTER_SOURCE_DENIED);
	put32(&tiny, 0);
	put16(&tiny, 443);
	put16(&tiny, 0);
	assert_dropped(closed(tiny), FILTER_MALFORMED);
	later = fragment6(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 44), 6, 1400, 0);
	assert_dropped(closed(udp(later, 9)), FILTER_SOURCE_DENIED);
	later = fragment6(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 44), 6, 0, 1);
	assert_passes(closed(tcp(later, 443, 2, 1, 0, 16)));
}

static void extension_headers_do_not_hide_a_source(void **state)
{
	struct frame many = ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 60);

	(void)state;
	assert_dropped(closed(tcp(extension(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 60), 6, 3), 443, 2, 1, 0, 0)),
		FILTER_SOURCE_DENIED);
	assert_passes(closed(tcp(extension(extension(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 0), 43, 1), 6, 1),
		443, 2, 1, 0, 0)));
	for (int i = 0; i < 8; i++)
		many = extension(many, i == 7 ? 6 : 60, 1);
	assert_passes(closed(tcp(many, 443, 2, 1, 0, 0)));
	many = ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 60);
	for (int i = 0; i < 9; i++)
		many = extension(many, i == 8 ? 6 : 60, 1);
	assert_dropped(closed(tcp(many, 443, 2, 1, 0, 0)), FILTER_TOO_MANY_HEADERS);
}

static void headers_that_lie_are_malformed(void **state)
{
	struct frame frame = syn4(ALLOWED, 443);

	(void)state;
	frame.bytes[frame.l3] = 0x44;
	assert_dropped(frame, FILTER_MALFORMED);
	frame = syn4(ALLOWED, 443);
	frame.bytes[frame.l3 + 2] = 9;
	assert_dropped(frame, FILTER_MALFORMED);
	frame = syn6(ALLOWED6, 443);
	frame.count -= 10;
	assert_dropped(frame, FILTER_MALFORMED);
	frame = extension(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 60), 6, 1);
	frame.bytes[frame.l4 - 7] = 200;
	assert_dropped(closed(tcp(frame, 443, 2, 1, 0, 0)), FILTER_MALFORMED);
	assert_dropped(syn6("::ffff:10.20.0.10", 443), FILTER_SOURCE_INVALID);
}

/* Check an answer's TCP segment: both checksum stories must come out right (see answer_tcp in the program). */
static void assert_checksums(const struct frame *answer, size_t l3, size_t l4, int is_ipv6)
{
	unsigned char whole[2048];
	size_t count = answer->count - l4;
	uint32_t pseudo = sum16(answer->bytes + l3 + (is_ipv6 ? 8 : 12), is_ipv6 ? 32 : 8, (uint32_t)(6 + count));

	assert_int_equal(0xffff, sum16(answer->bytes + l4, count, pseudo));
	memcpy(whole, answer->bytes, answer->count);
	assert_int_equal(pseudo, get16(whole + l4 + 16)); /* what a device that completes the sum starts from */
	pseudo = ~sum16(whole + l4, count, 0) & 0xffff;
	whole[l4 + 16] = (unsigned char)(pseudo >> 8);
	whole[l4 + 17] = (unsigned char)pseudo;
	pseudo = sum16(whole + l3 + (is_ipv6 ? 8 : 12), is_ipv6 ? 32 : 8, (uint32_t)(6 + count));
	assert_int_equal(0xffff, sum16(whole + l4, count, pseudo));
	if (!is_ipv6)
		assert_int_equal(0xffff, sum16(whole + l3, l4 - l3, 0));
}

static void a_denied_syn_is_answered_with_a_reset_that_acknowledges_it(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct frame in = syn4(DENIED, 443), out;

	(void)state;
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(14 + 20 + 20, out.count);
	assert_memory_equal(in.bytes, out.bytes + 6, 6);
	assert_memory_equal(in.bytes + 6, out.bytes, 6);
	assert_memory_equal(in.bytes + 26, out.bytes + 30, 4);
	assert_memory_equal(in.bytes + 30, out.bytes + 26, 4);
	assert_int_equal(443, get16(out.bytes + 34));
	assert_int_equal(40000, get16(out.bytes + 36));
	assert_int_equal(0, get32(out.bytes + 38));
	assert_int_equal(1001, get32(out.bytes + 42));
	assert_int_equal(0x14, out.bytes[47]);
	assert_checksums(&out, 14, 34, 0);
	filter_close(filter);
}

static void a_reset_takes_its_sequence_from_an_acknowledgement(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct frame in = closed(tcp(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 6), 443, 0x18, 5, 777, 100)), out;

	(void)state;
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(14 + 40 + 20, out.count);
	assert_int_equal(777, get32(out.bytes + 58));
	assert_int_equal(0, get32(out.bytes + 62));
	assert_int_equal(0x04, out.bytes[67]);
	assert_checksums(&out, 14, 54, 1);
	in = closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0), 443, 0x01, 5, 777, 100));
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(5 + 100 + 1, get32(out.bytes + 42)); /* no ACK: data and FIN count */
	filter_close(filter);
}

static void a_reset_keeps_options_and_extension_headers_in_place(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct frame in = closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 40, 0), 443, 2, 1, 0, 0)), out;

	(void)state;
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(14 + 60 + 20, out.count);
	assert_checksums(&out, 14, 74, 0);
	in = closed(tcp(
		extension(extension(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 0), 60, 1), 6, 2), 443, 2, 1, 0, 0));
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(14 + 40 + 24 + 20, out.count);
	assert_int_equal(60, out.bytes[20]);
	assert_int_equal(6, out.bytes[54]);
	assert_int_equal(2, out.bytes[55]);
	assert_checksums(&out, 14, 78, 1);
	in = tagged(DENIED, 1);
	assert_int_equal(TC_ACT_REDIRECT, run(filter, &in, &out));
	assert_int_equal(18 + 40, out.count);
	assert_int_equal(ETH_P_8021Q, get16(out.bytes + 12));
	assert_checksums(&out, 18, 38, 0);
	filter_close(filter);
}

static void resets_udp_and_flooded_frames_get_no_answer(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct frame flooded = syn4(DENIED, 443);

	(void)state;
	assert_int_equal(TC_ACT_SHOT, verdict(filter, closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0),
							      443, 0x04, 1, 0, 0))));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0),
							      443, 0x14, 1, 1, 0))));
	assert_int_equal(
		TC_ACT_SHOT, verdict(filter, closed(udp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 17, 0, 0), 443))));
	flooded.bytes[5] = 7;
	assert_int_equal(TC_ACT_SHOT, verdict(filter, flooded));
	assert_int_equal(1, counted(filter, FILTER_OTHER_HOST));
	flooded.bytes[0] = 1;
	assert_int_equal(TC_ACT_SHOT, verdict(filter, flooded));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_generation_every_source_is_denied_in_every_mode),
		cmocka_unit_test(the_longest_prefix_decides_in_both_families),
		cmocka_unit_test(only_the_vpc_and_only_the_services_are_admitted),
		cmocka_unit_test(dns_follows_its_own_setting),
		cmocka_unit_test(what_hosts_need_to_talk_passes_from_any_source),
		cmocka_unit_test(vlan_tags_are_read_through_and_a_third_is_refused),
		cmocka_unit_test(fragments_are_judged_by_their_source),
		cmocka_unit_test(extension_headers_do_not_hide_a_source),
		cmocka_unit_test(headers_that_lie_are_malformed),
		cmocka_unit_test(a_denied_syn_is_answered_with_a_reset_that_acknowledges_it),
		cmocka_unit_test(a_reset_takes_its_sequence_from_an_acknowledgement),
		cmocka_unit_test(a_reset_keeps_options_and_extension_headers_in_place),
		cmocka_unit_test(resets_udp_and_flooded_frames_get_no_answer),
		cmocka_unit_test(observe_counts_and_passes_what_the_pipeline_judges_again),
		cmocka_unit_test(an_event_names_source_reason_statement_and_generation),
		cmocka_unit_test(a_full_event_buffer_loses_events_and_never_opens),
		cmocka_unit_test(a_generation_that_cannot_be_leaves_the_old_one_in_force),
		cmocka_unit_test(a_table_shows_every_entry_page_by_page),
		cmocka_unit_test(admissions_add_up_and_nest_with_policy_in_every_order),
		cmocka_unit_test(admissions_that_cannot_be_are_refused),
		cmocka_unit_test(a_prefix_of_every_length_decides_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
