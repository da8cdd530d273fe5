/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of the tc program: frames by the byte through BPF_PROG_TEST_RUN, and the resets that answer some. Needs root. */
#include "tests/unit/ebpf/filters.h"

#include <time.h>
#include <unistd.h>

#include "tests/unit/ebpf/instructions.h"

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

struct tagger {
	int program_fd;
	int targets_fd; /* the kernel empties a program array that user space has let go of */
};

/*
 * A program that gives a frame `count` VLAN tags as a device does and goes on with the filter: the outer one is beside
 * the frame (offloaded), any other in it.
 */
static struct tagger open_tagger(const struct filter *filter, unsigned int count)
{
	struct bpf_insn program[32] = { MOVE(BPF_REG_6, BPF_REG_1) };
	struct tagger tagger = { .targets_fd = program_array(filter_program_fd(filter)) };
	const struct bpf_insn tail[] = { TAIL_CALL(tagger.targets_fd) };
	size_t size = 1;

	assert_true(tagger.targets_fd >= 0);
	for (unsigned int i = 0; i < count; i++) {
		program[size++] = MOVE(BPF_REG_1, BPF_REG_6);
		program[size++] = SET(BPF_REG_2, htons(i ? ETH_P_8021AD : ETH_P_8021Q));
		program[size++] = SET(BPF_REG_3, 5 + i);
		program[size++] = CALL(BPF_FUNC_skb_vlan_push);
	}
	memcpy(program + size, tail, sizeof tail);
	size += sizeof tail / sizeof *tail;
	tagger.program_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tagger", "GPL", program, size, NULL);
	assert_true(tagger.program_fd >= 0);
	return tagger;
}

static void close_tagger(const struct tagger *tagger)
{
	close(tagger->program_fd);
	close(tagger->targets_fd);
}

static void offloaded_vlan_tags_count_like_those_in_the_frame(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_DROP);

	(void)state;
	for (unsigned int tags = 1; tags <= 3; tags++) {
		const bool fits = tags <= 2;
		struct frame allowed = syn4(ALLOWED, 443), allowed6 = syn6(ALLOWED6, 443), denied = syn4(DENIED, 443),
			     in_band = tagged(ALLOWED, 1);
		struct tagger tagger = open_tagger(filter, tags);

		assert_int_equal(fits ? TC_ACT_OK : TC_ACT_SHOT, run_program(tagger.program_fd, &allowed, NULL));
		assert_int_equal(fits ? TC_ACT_OK : TC_ACT_SHOT, run_program(tagger.program_fd, &allowed6, NULL));
		assert_int_equal(TC_ACT_SHOT, run_program(tagger.program_fd, &denied, NULL));
		assert_int_equal(tags < 2 ? TC_ACT_OK : TC_ACT_SHOT, run_program(tagger.program_fd, &in_band, NULL));
		close_tagger(&tagger);
	}
	assert_int_equal(2, counted(filter, FILTER_SOURCE_DENIED));
	assert_int_equal(5, counted(filter, FILTER_TOO_MANY_HEADERS));
	filter_close(filter);
	filter = open_loaded(FILTER_MODE_RESET);
	for (unsigned int tags = 1; tags <= 2; tags++) {
		struct frame denied = syn4(DENIED, 443), out;
		struct tagger tagger = open_tagger(filter, tags);

		/* The answer keeps the tags: one in the frame for each that is not beside it. */
		assert_int_equal(TC_ACT_REDIRECT, run_program(tagger.program_fd, &denied, &out));
		assert_int_equal(14 + 4 * (tags - 1) + 40, out.count);
		assert_checksums(&out, 14 + 4 * (tags - 1), 34 + 4 * (tags - 1), 0);
		close_tagger(&tagger);
	}
	filter_close(filter);
}

static void ipv4_options_do_not_hide_ports_or_source(void **state)
{
	(void)state;
	for (size_t bytes = 4; bytes <= 40; bytes += 4) {
		struct frame ip = ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 6, bytes, 0);

		assert_passes(closed(tcp(ip, 443, 2, 1, 0, 0)));
		assert_dropped(closed(tcp(ip, 80, 2, 1, 0, 0)), FILTER_PORT_REFUSED);
		assert_dropped(closed(ip), FILTER_MALFORMED);
		ip = ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, bytes, 0);
		assert_dropped(closed(tcp(ip, 443, 2, 1, 0, 0)), FILTER_SOURCE_DENIED);
	}
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

static void later_fragments_follow_the_settings_of_their_service(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_DROP);
	struct frame part = closed(udp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 17, 0, 100), 9));
	struct frame part6 = closed(udp(fragment6(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 44), 17, 1400, 1), 9));
	struct frame stranger = closed(udp(ip4(ethernet(ETH_P_IP), STRANGER, "10.20.0.5", 6, 0, 100), 9));

	(void)state;
	/* DNS is for all that are admitted, so parts of its datagrams are too. */
	assert_int_equal(TC_ACT_OK, verdict(filter, part));
	assert_int_equal(TC_ACT_OK, verdict(filter, part6));
	load(filter, 2, FILTER_MODE_DROP, FILTER_DNS_POLICY);
	assert_int_equal(TC_ACT_SHOT, verdict(filter, part));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, part6));
	assert_int_equal(2, counted(filter, FILTER_SOURCE_DENIED));
	load(filter, 3, FILTER_MODE_DROP, FILTER_DNS_OFF);
	assert_int_equal(TC_ACT_SHOT, verdict(filter, part));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, part6));
	assert_int_equal(2, counted(filter, FILTER_DNS_REFUSED));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, stranger));
	assert_int_equal(1, counted(filter, FILTER_SOURCE_NOT_ADMITTED));
	filter_close(filter);
}

/* Routing, authentication (whose length counts otherwise), mobility and what stands behind a first fragment's header. */
static void every_kind_of_extension_header_is_read_through(void **state)
{
	static const unsigned int kinds[] = { 0, 43, 60, 135 };
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		for (size_t units = 1; units <= 3; units++) {
			frame = extension(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", kinds[i]), 6, units);
			assert_passes(closed(tcp(frame, 443, 2, 1, 0, 0)));
			frame = extension(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", kinds[i]), 6, units);
			assert_dropped(closed(tcp(frame, 443, 2, 1, 0, 0)), FILTER_SOURCE_DENIED);
		}
	}
	/* 24 bytes of authentication header: its length field says 4. */
	frame = extension(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 51), 6, 3);
	frame.bytes[14 + 40 + 1] = 4;
	assert_passes(closed(tcp(frame, 443, 2, 1, 0, 0)));
	frame = fragment6(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 44), 60, 0, 1);
	assert_dropped(closed(tcp(extension(frame, 6, 1), 443, 2, 1, 0, 0)), FILTER_SOURCE_DENIED);
	frame = fragment6(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 44), 60, 0, 1);
	assert_passes(closed(tcp(extension(frame, 6, 1), 443, 2, 1, 0, 0)));
	/* "No next header", and a header nobody knows. */
	assert_dropped(closed(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 59)), FILTER_PROTOCOL_REFUSED);
	assert_dropped(closed(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 200)), FILTER_PROTOCOL_REFUSED);
}

/* All 256 types from a source that no policy would let in: errors come from routers anywhere, neighbours from fe80::. */
static void icmp_passes_by_its_type_alone(void **state)
{
	static const char passing[] = " 0 3 8 11 12 ";
	static const char passing6[] = " 1 2 3 4 128 129 130 131 132 133 134 135 136 137 143 ";
	/* What multicast listeners send: a hop-by-hop header with the router alert option, from no address yet. */
	const struct frame listener = extension(ip6(ethernet(ETH_P_IPV6), "::", "ff02::16", 0), 58, 1);
	char number[8];

	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		const struct frame frames[] = {
			closed(icmp(ip4(ethernet(ETH_P_IP), STRANGER, "10.20.0.5", 1, 0, 0), type)),
			closed(icmp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 1, 24, 0), type)),
			closed(icmp(ip6(ethernet(ETH_P_IPV6), "2001:db8::1", "fd20::5", 58), type)),
			closed(icmp(ip6(ethernet(ETH_P_IPV6), "::", "ff02::1:ff00:5", 58), type)),
			closed(icmp(listener, type)),
		};

		snprintf(number, sizeof number, " %u ", type);
		for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
			if (strstr(i < 2 ? passing : passing6, number))
				assert_passes(frames[i]);
			else
				assert_dropped(frames[i], FILTER_ICMP_REFUSED);
		}
	}
	/* ICMP of the other family is no ICMP. */
	assert_dropped(
		closed(icmp(ip4(ethernet(ETH_P_IP), ALLOWED, "10.20.0.5", 58, 0, 0), 135)), FILTER_PROTOCOL_REFUSED);
	assert_dropped(closed(icmp(ip6(ethernet(ETH_P_IPV6), ALLOWED6, "fd20::5", 1), 8)), FILTER_PROTOCOL_REFUSED);
	/* Of a later fragment no type can be read; hosts put it together only behind a first that passed. */
	assert_passes(closed(icmp(ip4(ethernet(ETH_P_IP), STRANGER, "10.20.0.5", 1, 0, 100), 5)));
}

/* "Fragmentation needed" and "packet too big" carry the MTU and the head of what was too big. */
static void errors_of_path_mtu_pass_with_what_they_quote(void **state)
{
	const struct frame quoted =
		closed(tcp(ip4(ethernet(ETH_P_IP), "10.20.0.5", DENIED, 6, 0, 0), 40000, 16, 1, 1, 0));
	struct frame needed = icmp(ip4(ethernet(ETH_P_IP), STRANGER, "10.20.0.5", 1, 0, 0), 3);
	struct frame too_big = icmp(ip6(ethernet(ETH_P_IPV6), "2001:db8::1", "fd20::5", 58), 2);

	(void)state;
	needed.bytes[needed.l4 + 1] = 4;
	put(&needed, quoted.bytes + 14, 28);
	put(&too_big, quoted.bytes + 14, 40);
	assert_passes(closed(needed));
	assert_passes(closed(too_big));
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

/* What looks like a TCP header in a later fragment is data: nothing in it may be answered. */
static void later_fragments_are_never_answered(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct filter_stats stats;

	(void)state;
	assert_int_equal(TC_ACT_SHOT,
		verdict(filter, closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 100), 443, 2, 1, 0, 9))));
	assert_int_equal(TC_ACT_SHOT,
		verdict(filter,
			closed(tcp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0x2064), 443, 2, 1, 0, 4))));
	assert_int_equal(TC_ACT_SHOT,
		verdict(filter, closed(tcp(fragment6(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 44), 6, 800, 0), 443,
					2, 1, 0, 9))));
	assert_int_equal(0, filter_read_stats(filter, &stats));
	assert_int_equal(3, stats.packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(0, stats.resets_sent + stats.resets_limited);
	filter_close(filter);
}

static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* Exactly as many resets as a second allows, then silence, all of it counted. A second may turn meanwhile: then once more. */
static void resets_end_at_the_limit_and_silence_is_counted(void **state)
{
	enum { LIMIT = 7, SENT = 20 };
	const struct filter_options options = { .endpoint_id = VPCE, .resets_per_second = LIMIT };
	bool judged = false;

	(void)state;
	for (int attempt = 0; attempt < 50 && !judged; attempt++) {
		struct frame denied = syn4(DENIED, 443), answer;
		struct filter_stats stats;
		struct filter *filter;
		uint64_t begun;
		int answered = 0, silent = 0;

		assert_int_equal(0, filter_open(&filter, &options));
		load(filter, 1, FILTER_MODE_RESET, FILTER_DNS_ADMITTED);
		begun = seconds();
		for (int i = 0; i < SENT; i++) {
			int outcome = run(filter, &denied, &answer);

			/* Once silent, silent for the rest of the second. */
			answered += outcome == TC_ACT_REDIRECT && silent == 0;
			silent += outcome == TC_ACT_SHOT;
		}
		judged = begun == seconds();
		assert_int_equal(0, filter_read_stats(filter, &stats));
		assert_int_equal(SENT, stats.packets[FILTER_SOURCE_DENIED]);
		assert_int_equal(SENT, stats.resets_sent + stats.resets_limited);
		if (judged) {
			assert_int_equal(LIMIT, answered);
			assert_int_equal(SENT - LIMIT, silent);
			assert_int_equal(LIMIT, stats.resets_sent);
		}
		filter_close(filter);
	}
	assert_true(judged);
}

static void udp_is_dropped_silently_whatever_the_mode(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	struct filter_stats stats;

	(void)state;
	load(filter, 2, FILTER_MODE_RESET, FILTER_DNS_POLICY);
	for (unsigned int port = 53; port <= 443; port += 390) {
		assert_int_equal(TC_ACT_SHOT,
			verdict(filter, closed(udp(ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 17, 0, 0), port))));
		assert_int_equal(TC_ACT_SHOT,
			verdict(filter, closed(udp(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 17), port))));
	}
	assert_int_equal(0, filter_read_stats(filter, &stats));
	assert_int_equal(2, stats.packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(2, stats.packets[FILTER_PORT_REFUSED]);
	assert_int_equal(0, stats.resets_sent + stats.resets_limited);
	filter_close(filter);
}

/* To a port other than a service's, the same from everybody: its own reason, and a reset for TCP. */
static void ports_other_than_services_are_refused_for_their_own_reason(void **state)
{
	static const unsigned int ports[] = { 0, 1, 22, 52, 54, 80, 442, 444, 853, 4566, 8443, 0x3500, 0xbb01, 65535 };
	static const char *const sources[] = { ALLOWED, DENIED, STRANGER };
	struct filter *filter = open_loaded(FILTER_MODE_RESET);
	uint64_t wanted = 0;

	(void)state;
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
			struct frame ip = ip4(ethernet(ETH_P_IP), sources[s], "10.20.0.5", 17, 0, 0);

			assert_int_equal(TC_ACT_REDIRECT, verdict(filter, syn4(sources[s], ports[i])));
			assert_int_equal(TC_ACT_SHOT, verdict(filter, closed(udp(ip, ports[i]))));
			wanted += 2;
		}
		assert_int_equal(TC_ACT_REDIRECT, verdict(filter, syn6(ALLOWED6, ports[i])));
		wanted++;
	}
	assert_int_equal(wanted, counted(filter, FILTER_PORT_REFUSED));
	assert_int_equal(0, counted(filter, FILTER_PASSED));
	filter_close(filter);
}

/* No answer to any segment with RST, whatever else it has; one to every other. */
static void no_reset_ever_answers_a_reset(void **state)
{
	struct filter *filter = open_loaded(FILTER_MODE_RESET);

	(void)state;
	for (unsigned int flags = 0; flags < 64; flags++) {
		const int wanted = flags & 4 ? TC_ACT_SHOT : TC_ACT_REDIRECT;
		struct frame ip = ip4(ethernet(ETH_P_IP), DENIED, "10.20.0.5", 6, 0, 0), out;
		struct frame in = closed(tcp(ip, 443, flags, 1, 1, 0));

		assert_int_equal(wanted, run(filter, &in, &out));
		if (wanted == TC_ACT_REDIRECT)
			assert_checksums(&out, 14, 34, 0);
		in = closed(tcp(ip6(ethernet(ETH_P_IPV6), DENIED6, "fd20::5", 6), 443, flags, 1, 1, 0));
		assert_int_equal(wanted, run(filter, &in, &out));
		if (wanted == TC_ACT_REDIRECT)
			assert_checksums(&out, 14, 54, 1);
	}
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

/* ---- plain packets, which are read in place, against the general way ---- */

static uint64_t state_of_random = 0x9e3779b97f4a7c15;

static unsigned int below(unsigned int limit)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (unsigned int)((state_of_random * 0x2545f4914f6cdd1d >> 33) % limit);
}

/* A frame that is plain or nearly so: a segment from one of several sources, now and then cut short or with bytes changed. */
static struct frame nearly_plain(void)
{
	static const char *const sources[] = { ALLOWED, DENIED, STRANGER, "0.0.0.0", "10.20.0.63", "10.20.0.128" };
	static const char *const sources6[] = { ALLOWED6, DENIED6, "2001:db8::1", "::", "::ffff:10.20.0.10",
		"ffff:ffff:a14:a::", "fd20:0:0:67::" };
	static const unsigned int ports[] = { 443, 443, 443, 53, 80 };
	unsigned int port = ports[below(5)];
	struct frame frame = below(2) ? syn4(sources[below(6)], port) : syn6(sources6[below(7)], port);

	for (unsigned int i = below(4); i > 0; i--) {
		unsigned int at = 14 + below((unsigned int)frame.count - 14);

		frame.bytes[at] = (unsigned char)(below(2) ? frame.bytes[at] ^ 1u << below(8) : below(256));
	}
	if (!below(4))
		frame.count -= below(24);
	for (unsigned int i = below(8) ? 0 : below(40); i > 0; i--)
		put(&frame, "", 1); /* as Ethernet pads */
	return frame;
}

static struct frame with_tag(const struct frame *frame)
{
	struct frame tagged_frame = *frame;

	memmove(tagged_frame.bytes + 16, frame->bytes + 12, frame->count - 12);
	memcpy(tagged_frame.bytes + 12, "\x81\x00\x00\x05", 4);
	tagged_frame.count += 4;
	return tagged_frame;
}

/* A VLAN tag makes no packet plain, and no other difference: one program without and one with tags must agree on each frame. */
static void reading_in_place_changes_no_verdict(void **state)
{
	enum { FRAMES = 6000 };
	struct filter *plain = open_loaded(FILTER_MODE_DROP), *general = open_loaded(FILTER_MODE_DROP);
	struct filter_stats of_plain, of_general;
	int passed = 0;

	(void)state;
	for (int i = 0; i < FRAMES; i++) {
		struct frame frame = nearly_plain();
		int outcome = verdict(plain, frame);

		assert_int_equal(outcome, verdict(general, with_tag(&frame)));
		passed += outcome == TC_ACT_OK;
	}
	assert_true(passed > FRAMES / 10 && passed < FRAMES / 2);
	assert_int_equal(0, filter_read_stats(plain, &of_plain));
	assert_int_equal(0, filter_read_stats(general, &of_general));
	assert_memory_equal(of_plain.packets, of_general.packets, sizeof of_plain.packets);
	assert_true(of_plain.packets[FILTER_MALFORMED] > 0 && of_plain.packets[FILTER_SOURCE_INVALID] > 0);
	filter_close(plain);
	filter_close(general);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hosts_need_to_talk_passes_from_any_source),
		cmocka_unit_test(vlan_tags_are_read_through_and_a_third_is_refused),
		cmocka_unit_test(offloaded_vlan_tags_count_like_those_in_the_frame),
		cmocka_unit_test(ipv4_options_do_not_hide_ports_or_source),
		cmocka_unit_test(fragments_are_judged_by_their_source),
		cmocka_unit_test(extension_headers_do_not_hide_a_source),
		cmocka_unit_test(later_fragments_follow_the_settings_of_their_service),
		cmocka_unit_test(every_kind_of_extension_header_is_read_through),
		cmocka_unit_test(icmp_passes_by_its_type_alone),
		cmocka_unit_test(errors_of_path_mtu_pass_with_what_they_quote),
		cmocka_unit_test(headers_that_lie_are_malformed),
		cmocka_unit_test(a_denied_syn_is_answered_with_a_reset_that_acknowledges_it),
		cmocka_unit_test(a_reset_takes_its_sequence_from_an_acknowledgement),
		cmocka_unit_test(a_reset_keeps_options_and_extension_headers_in_place),
		cmocka_unit_test(later_fragments_are_never_answered),
		cmocka_unit_test(resets_end_at_the_limit_and_silence_is_counted),
		cmocka_unit_test(udp_is_dropped_silently_whatever_the_mode),
		cmocka_unit_test(ports_other_than_services_are_refused_for_their_own_reason),
		cmocka_unit_test(no_reset_ever_answers_a_reset),
		cmocka_unit_test(resets_udp_and_flooded_frames_get_no_answer),
		cmocka_unit_test(reading_in_place_changes_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
