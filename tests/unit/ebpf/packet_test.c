/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of the tc program: frames by the byte through BPF_PROG_TEST_RUN, and the resets that answer some. Needs root. */
#include "tests/unit/ebpf/filters.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hosts_need_to_talk_passes_from_any_source),
		cmocka_unit_test(vlan_tags_are_read_through_and_a_third_is_refused),
		cmocka_unit_test(fragments_are_judged_by_their_source),
		cmocka_unit_test(extension_headers_do_not_hide_a_source),
		cmocka_unit_test(headers_that_lie_are_malformed),
		cmocka_unit_test(a_denied_syn_is_answered_with_a_reset_that_acknowledges_it),
		cmocka_unit_test(a_reset_takes_its_sequence_from_an_acknowledgement),
		cmocka_unit_test(a_reset_keeps_options_and_extension_headers_in_place),
		cmocka_unit_test(resets_udp_and_flooded_frames_get_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
