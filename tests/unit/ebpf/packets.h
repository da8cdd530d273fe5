/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packets: frames written by hand for the filter's tests, outermost header first, and what is read of an answer.
 *
 * A frame grows at its end; ip4() and ip6() remember where they began, and packet_close() writes lengths and the IPv4
 * checksum. The link's destination is 00:00:00:00:00:00, which is what BPF_PROG_TEST_RUN's loopback device takes for its own.
 */
#ifndef POSTERN_TESTS_UNIT_EBPF_PACKETS_H
#define POSTERN_TESTS_UNIT_EBPF_PACKETS_H

#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

struct frame {
	unsigned char bytes[2048];
	size_t count;
	size_t l3; /* 0: no IP header yet */
	size_t l4;
	int family;
};

static inline void put(struct frame *frame, const void *bytes, size_t count)
{
	assert_true(frame->count + count <= sizeof frame->bytes);
	memcpy(frame->bytes + frame->count, bytes, count);
	frame->count += count;
}

static inline void put16(struct frame *frame, unsigned int value)
{
	put(frame, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

static inline void put32(struct frame *frame, uint32_t value)
{
	put16(frame, value >> 16);
	put16(frame, value & 0xffff);
}

static inline unsigned int get16(const unsigned char *at)
{
	return (unsigned int)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const unsigned char *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline struct frame ethernet(unsigned int type)
{
	struct frame frame = { .count = 0 };

	put(&frame, (unsigned char[]){ 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9 }, 12);
	put16(&frame, type);
	return frame;
}

/* An IPv4 header with `option_bytes` (a multiple of 4) of "no operation"; `fragment` as on the wire. */
static inline struct frame ip4(struct frame frame, const char *source, const char *destination, unsigned int protocol,
	size_t option_bytes, unsigned int fragment)
{
	unsigned char addresses[8];

	assert_int_equal(1, inet_pton(AF_INET, source, addresses));
	assert_int_equal(1, inet_pton(AF_INET, destination, addresses + 4));
	frame.l3 = frame.count;
	frame.family = AF_INET;
	put(&frame, (unsigned char[]){ (unsigned char)(0x45 + option_bytes / 4), 0, 0, 0, 0x12, 0x34 }, 6);
	put16(&frame, fragment);
	put(&frame, (unsigned char[]){ 64, (unsigned char)protocol, 0, 0 }, 4);
	put(&frame, addresses, 8);
	for (size_t i = 0; i < option_bytes; i++)
		put(&frame, "\x01", 1);
	frame.l4 = frame.count;
	return frame;
}

static inline struct frame ip6(struct frame frame, const char *source, const char *destination, unsigned int next)
{
	unsigned char addresses[32];

	assert_int_equal(1, inet_pton(AF_INET6, source, addresses));
	assert_int_equal(1, inet_pton(AF_INET6, destination, addresses + 16));
	frame.l3 = frame.count;
	frame.family = AF_INET6;
	put(&frame, (unsigned char[]){ 0x60, 0, 0, 0, 0, 0, (unsigned char)next, 64 }, 8);
	put(&frame, addresses, 32);
	frame.l4 = frame.count;
	return frame;
}

/* An IPv6 extension header of `units` times 8 bytes. */
static inline struct frame extension(struct frame frame, unsigned int next, size_t units)
{
	static const unsigned char zeros[8];

	put(&frame, (unsigned char[]){ (unsigned char)next, (unsigned char)(units - 1), 1, 4, 0, 0, 0, 0 }, 8);
	for (size_t i = 1; i < units; i++)
		put(&frame, zeros, 8);
	frame.l4 = frame.count;
	return frame;
}

/* An IPv6 fragment header; `offset_bytes` a multiple of 8. */
static inline struct frame fragment6(
	struct frame frame, unsigned int next, unsigned int offset_bytes, unsigned int more)
{
	put(&frame, (unsigned char[]){ (unsigned char)next, 0 }, 2);
	put16(&frame, offset_bytes | more);
	put32(&frame, 77);
	frame.l4 = frame.count;
	return frame;
}

static inline struct frame tcp(
	struct frame frame, unsigned int port, unsigned int flags, uint32_t seq, uint32_t ack, size_t data_bytes)
{
	put16(&frame, 40000);
	put16(&frame, port);
	put32(&frame, seq);
	put32(&frame, ack);
	put(&frame, (unsigned char[]){ 0x60, (unsigned char)flags, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4 }, 12);
	for (size_t i = 0; i < data_bytes; i++)
		put(&frame, "x", 1);
	return frame;
}

static inline struct frame udp(struct frame frame, unsigned int port)
{
	put16(&frame, 40000);
	put16(&frame, port);
	put16(&frame, 12);
	put16(&frame, 0);
	put(&frame, "data", 4);
	return frame;
}

static inline struct frame icmp(struct frame frame, unsigned int type)
{
	put(&frame, (unsigned char[]){ (unsigned char)type, 0, 0, 0, 0, 1, 0, 1 }, 8);
	return frame;
}

static inline uint32_t sum16(const unsigned char *bytes, size_t count, uint32_t sum)
{
	for (size_t i = 0; i + 1 < count; i += 2)
		sum += get16(bytes + i);
	if (count % 2)
		sum += (uint32_t)bytes[count - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Write the lengths that the frame's end implies, and the IPv4 checksum. */
static inline struct frame closed(struct frame frame)
{
	unsigned char *ip = frame.bytes + frame.l3;
	size_t count = frame.count - frame.l3 - (frame.family == AF_INET6 ? 40 : 0);

	ip[frame.family == AF_INET6 ? 4 : 2] = (unsigned char)(count >> 8);
	ip[frame.family == AF_INET6 ? 5 : 3] = (unsigned char)count;
	if (frame.family == AF_INET) {
		uint32_t sum = ~sum16(ip, (size_t)(ip[0] & 15) * 4, 0);

		ip[10] = (unsigned char)(sum >> 8);
		ip[11] = (unsigned char)sum;
	}
	return frame;
}

static inline struct frame syn4(const char *source, unsigned int port)
{
	return closed(tcp(ip4(ethernet(ETH_P_IP), source, "10.20.0.5", 6, 0, 0), port, 2, 1000, 0, 0));
}

static inline struct frame syn6(const char *source, unsigned int port)
{
	return closed(tcp(ip6(ethernet(ETH_P_IPV6), source, "fd20::5", 6), port, 2, 1000, 0, 0));
}

#endif
