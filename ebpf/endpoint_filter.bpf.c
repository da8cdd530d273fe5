/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint_filter: the tc program on the ingress of each of an endpoint's links.
 *
 * A packet is read from outside in: Ethernet and VLAN tags, IP with its options or extension headers, ports. What hosts
 * need to talk at all (ARP, ICMP errors, echo, neighbour discovery, multicast listeners) passes; TCP 443 and DNS pass if
 * the table in force says so for the source; everything else is dropped for a named reason. Ports are in the first
 * fragment only: later ones are judged by their source and protocol, and are useless without the first.
 *
 * What a served client sends all day, TCP to port 443 right behind Ethernet and a plain IP header, is read in place
 * (read_plain); whatever is not just that is read step by step (read_any) with bpf_skb_load_bytes(), which sees paged data
 * too. Both fill the same struct packet, and one judgement follows. Sources that passed are remembered for a while
 * (`recent`), for packets come in bursts.
 *
 * No need of CAP_PERFMON: packet pointers are used at fixed offsets only, and no loop is left in which a mispredicted branch,
 * which the verifier follows, could run on. UAPI headers only, no CO-RE, so the object loads on kernels without BTF.
 * Source: architecture section 8; RFC 9293 3.10.7.1 (reset generation); RFC 8200 4 (extension headers).
 */
#include <linux/bpf.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ebpf/filter_contract.h"

#define VLAN_TAGS_MAX 2
#define EXTENSION_HEADERS_MAX 8
/* Room that one destination option fills (see answer_ipv6): an option holds 255 bytes at most. */
#define PADDED_EXTENSIONS_MAX_BYTES 256

/* Slots of `recent`, a power of two: 6 KiB a CPU, which stay in its first cache. */
#define RECENT_BITS 8
#define RECENT_COUNT (1 << RECENT_BITS)

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

/* ICMP types that hosts need; <linux/icmp.h> drags libc in. */
#define ICMP_ECHOREPLY 0
#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12

#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AUTHENTICATION 51
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY 135
/* RFC 3692-style experiment, "skip if unknown, may not change" (RFC 4727): padding of any length, which PadN is not (hosts
 * refuse more than 7 bytes of it). */
#define OPTION_SKIPPED 0x1e

/* Trusted only while `table_id` is that of the settings: a table that is swapped out takes all of its sources along. */
struct recent {
	__u64 halves[2]; /* as in struct source */
	__u32 table_id;  /* of the table that let it pass */
	__u32 spare;
};

struct source_table {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	/* Sizes, not types: clang 14 leaves the types of an inner map undefined in BTF. */
	__uint(key_size, sizeof(struct filter_key));
	__uint(value_size, sizeof(struct filter_value));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct source_table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FILTER_COUNTERS_COUNT);
	__type(key, __u32);
	__type(value, struct filter_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_WINDOW_COUNT);
	__type(key, __u32);
	__type(value, struct filter_window);
} windows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* Sources that passed to the HTTPS service lately, by a hash of the source: one lookup instead of a walk down the trie. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECENT_COUNT);
	__type(key, __u32);
	__type(value, struct recent);
} recent SEC(".maps");

/* An address as the trie's keys have it: IPv6 as it is, IPv4 behind FILTER_IPV4_BLOCK with zeros after it. */
struct address {
	union {
		__u64 halves[2];
		__u32 words[4];
		__u8 bytes[16];
	};
};

/* Where the IPv4 address is in it. */
#define WORD_IPV4 1

/* A source as the trie's key, so aligned that the address is written and read in halves. */
struct source {
	__u32 spare;
	__u32 prefix_bits; /* a struct filter_key begins here */
	struct address address;
};

_Static_assert(
	sizeof(struct source) == 8 + 16 && sizeof(struct filter_key) == 4 + 16, "a source does not end in a key");

/* What has been read of a packet. Offsets are from the Ethernet header. */
struct packet {
	struct source source;
	struct address destination;
	__u32 l3_offset;
	__u32 l4_offset;
	__u32 end_offset; /* of the IP packet: Ethernet may pad behind it */
	__u32 service;    /* FILTER_SERVICE_* that it wants; 0 if none need be asked for */
	__u16 source_port_be;
	__u16 destination_port_be;
	__u8 is_ipv6;
	__u8 protocol;
	__u8 later_fragment;
	__u8 spare;
};

static __always_inline void set_ipv4(struct address *address, __u32 address_be)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	address->halves[0] = (__u64)address_be << 32 | FILTER_IPV4_BLOCK;
#else
	address->halves[0] = (__u64)FILTER_IPV4_BLOCK << 32 | address_be;
#endif
	address->halves[1] = 0;
}

/*
 * No host may send from ::ffff:a.b.c.d (RFC 4942 2.2), which a policy would take for the IPv4 host of that address, nor from
 * a multicast address (RFC 4291 2.7), among which are the trie's keys of IPv4 sources.
 */
static __always_inline int is_no_source6(const struct address *address)
{
	return address->bytes[0] == 0xff || (address->halves[0] == 0 && address->words[2] == bpf_htonl(0xffff));
}

static __always_inline int load(struct __sk_buff *skb, __u32 offset, void *to, __u32 bytes)
{
	return bpf_skb_load_bytes(skb, offset, to, bytes);
}

/* Is the L4 header's first `bytes` within both the buffer and the IP packet? Then load it. */
static __always_inline int load_l4(struct __sk_buff *skb, const struct packet *packet, void *to, __u32 bytes)
{
	if (packet->l4_offset + bytes > packet->end_offset)
		return -1;
	return load(skb, packet->l4_offset, to, bytes);
}

/* Ethernet and VLAN tags, in band and offloaded. The EtherType of what is inside goes to `*ret_type_be`. */
static __always_inline int parse_link(struct __sk_buff *skb, struct packet *packet, __u16 *ret_type_be)
{
	__u32 tags = skb->vlan_present ? 1 : 0;
	__u32 offset = ETH_HLEN;
	__u16 type_be;

	if (load(skb, offsetof(struct ethhdr, h_proto), &type_be, sizeof type_be) < 0)
		return FILTER_MALFORMED;
	for (int i = 0; i <= VLAN_TAGS_MAX; i++) {
		if (type_be != bpf_htons(ETH_P_8021Q) && type_be != bpf_htons(ETH_P_8021AD))
			break;
		if (++tags > VLAN_TAGS_MAX)
			return FILTER_TOO_MANY_HEADERS;
		if (load(skb, offset + 2, &type_be, sizeof type_be) < 0)
			return FILTER_MALFORMED;
		offset += 4;
	}
	packet->l3_offset = offset;
	*ret_type_be = type_be;
	return FILTER_PASSED;
}

static __always_inline int parse_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	struct iphdr ip;
	__u32 header_bytes, total_bytes, present_bytes = skb->len - packet->l3_offset;
	__u16 fragment;

	if (load(skb, packet->l3_offset, &ip, sizeof ip) < 0)
		return FILTER_MALFORMED;
	header_bytes = ip.ihl * 4u;
	total_bytes = bpf_ntohs(ip.tot_len);
	/* A segment of more than 64 KiB made by this host itself (BIG TCP) says 0. */
	if (total_bytes == 0 && present_bytes > 65535)
		total_bytes = present_bytes;
	if (ip.version != 4 || header_bytes < sizeof ip || total_bytes < header_bytes || total_bytes > present_bytes)
		return FILTER_MALFORMED;
	fragment = bpf_ntohs(ip.frag_off);
	packet->later_fragment = (fragment & 0x1fff) != 0;
	packet->protocol = ip.protocol;
	packet->l4_offset = packet->l3_offset + header_bytes;
	packet->end_offset = packet->l3_offset + total_bytes;
	set_ipv4(&packet->source.address, ip.saddr);
	set_ipv4(&packet->destination, ip.daddr);
	return FILTER_PASSED;
}

/* Walk the extension headers until one that carries data, or a later fragment, where no further header can be read. */
static __always_inline int skip_extensions(struct __sk_buff *skb, struct packet *packet, __u8 next)
{
	__u32 offset = packet->l3_offset + sizeof(struct ipv6hdr);
	__u8 head[4]; /* next header, length, and of a fragment header the offset */

	for (int i = 0; i <= EXTENSION_HEADERS_MAX; i++) {
		if (next != NEXT_HOP_BY_HOP && next != NEXT_ROUTING && next != NEXT_FRAGMENT &&
			next != NEXT_DESTINATION && next != NEXT_AUTHENTICATION && next != NEXT_MOBILITY) {
			packet->protocol = next;
			packet->l4_offset = offset;
			return FILTER_PASSED;
		}
		if (offset + 8 > packet->end_offset || load(skb, offset, head, sizeof head) < 0)
			return FILTER_MALFORMED;
		if (next == NEXT_FRAGMENT) {
			__u16 fragment = (__u16)(head[2] << 8 | head[3]);

			offset += 8;
			if (fragment & 0xfff8) {
				packet->later_fragment = 1;
				packet->protocol = head[0];
				packet->l4_offset = offset;
				return FILTER_PASSED;
			}
		} else if (next == NEXT_AUTHENTICATION) {
			offset += (head[1] + 2u) * 4;
		} else {
			offset += (head[1] + 1u) * 8;
		}
		next = head[0];
	}
	return FILTER_TOO_MANY_HEADERS;
}

static __always_inline int parse_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	struct ipv6hdr ip;
	__u32 payload_bytes, present_bytes = skb->len - packet->l3_offset;

	if (load(skb, packet->l3_offset, &ip, sizeof ip) < 0)
		return FILTER_MALFORMED;
	payload_bytes = bpf_ntohs(ip.payload_len);
	/* 0 with more behind it is a jumbogram; this host makes those for itself too. */
	if (payload_bytes == 0)
		payload_bytes = present_bytes - (__u32)sizeof ip;
	if (ip.version != 6 || sizeof ip + payload_bytes > present_bytes)
		return FILTER_MALFORMED;
	packet->is_ipv6 = 1;
	packet->end_offset = packet->l3_offset + (__u32)sizeof ip + payload_bytes;
	__builtin_memcpy(packet->source.address.halves, &ip.saddr, 16);
	__builtin_memcpy(packet->destination.halves, &ip.daddr, 16);
	if (is_no_source6(&packet->source.address))
		return FILTER_SOURCE_INVALID;
	return skip_extensions(skb, packet, ip.nexthdr);
}

static __always_inline int judge_icmp(struct __sk_buff *skb, const struct packet *packet)
{
	__u8 type;

	if (packet->later_fragment)
		return FILTER_PASSED;
	if (load_l4(skb, packet, &type, sizeof type) < 0)
		return FILTER_MALFORMED;
	if (!packet->is_ipv6)
		return type == ICMP_ECHO || type == ICMP_ECHOREPLY || type == ICMP_DEST_UNREACH ||
				       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB
			       ? FILTER_PASSED
			       : FILTER_ICMP_REFUSED;
	/* Errors 1–4, echo 128–129, multicast listeners 130–132 and 143, neighbour discovery 133–137. */
	return (type >= 1 && type <= 4) || (type >= ICMPV6_ECHO_REQUEST && type <= 137) || type == ICMPV6_MLD2_REPORT
		       ? FILTER_PASSED
		       : FILTER_ICMP_REFUSED;
}

/* Find out which service the packet wants. */
static __always_inline int read_ports(struct __sk_buff *skb, struct packet *packet)
{
	__u16 ports_be[2];
	__u32 header_bytes;

	if (packet->later_fragment) {
		packet->service = packet->protocol == IPPROTO_UDP ? FILTER_SERVICE_DNS : FILTER_SERVICE_HTTPS;
		return FILTER_PASSED;
	}
	if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
		return FILTER_PROTOCOL_REFUSED;
	/* A first fragment that cuts the transport header short exists to deceive filters (RFC 1858). */
	header_bytes = packet->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	if (packet->l4_offset + header_bytes > packet->end_offset ||
		load_l4(skb, packet, ports_be, sizeof ports_be) < 0)
		return FILTER_MALFORMED;
	packet->source_port_be = ports_be[0];
	packet->destination_port_be = ports_be[1];
	if (packet->protocol == IPPROTO_TCP && ports_be[1] == bpf_htons(FILTER_HTTPS_PORT))
		packet->service = FILTER_SERVICE_HTTPS;
	else if (ports_be[1] == bpf_htons(FILTER_DNS_PORT))
		packet->service = FILTER_SERVICE_DNS;
	else
		return FILTER_PORT_REFUSED;
	return FILTER_PASSED;
}

/*
 * Read any packet. FILTER_PASSED with `service` set: it is up to the source whether it passes; with 0: it passes. Else the reason
 * why not. Out of line, so that what it needs of stack and registers costs plain packets nothing.
 */
static __attribute__((noinline)) int read_any(struct __sk_buff *skb, struct packet *packet)
{
	__u16 type_be = 0;
	int reason;

	__builtin_memset(packet, 0, sizeof *packet);
	reason = parse_link(skb, packet, &type_be);
	if (reason != FILTER_PASSED)
		return reason;
	if (skb->pkt_type == PACKET_OTHERHOST)
		return FILTER_OTHER_HOST;
	if (type_be == bpf_htons(ETH_P_ARP))
		return FILTER_PASSED;
	if (type_be == bpf_htons(ETH_P_IP))
		reason = parse_ipv4(skb, packet);
	else if (type_be == bpf_htons(ETH_P_IPV6))
		reason = parse_ipv6(skb, packet);
	else
		return FILTER_NOT_IP;
	if (reason != FILTER_PASSED)
		return reason;
	if (packet->protocol == (packet->is_ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return judge_icmp(skb, packet);
	return read_ports(skb, packet);
}

/* What the two plain shapes have in common: `l4_offset` bytes of headers, then TCP; `end_offset` is past its header. */
static __always_inline int fill_plain(
	struct __sk_buff *skb, struct packet *packet, const struct tcphdr *tcp, __u32 l4_offset, __u32 end_offset)
{
	if (end_offset > skb->len || tcp->dest != bpf_htons(FILTER_HTTPS_PORT) || skb->pkt_type == PACKET_OTHERHOST)
		return 0;
	packet->l3_offset = ETH_HLEN;
	packet->l4_offset = l4_offset;
	packet->end_offset = end_offset;
	packet->service = FILTER_SERVICE_HTTPS;
	packet->source_port_be = tcp->source;
	packet->destination_port_be = tcp->dest;
	packet->is_ipv6 = l4_offset != ETH_HLEN + sizeof(struct iphdr);
	packet->protocol = IPPROTO_TCP;
	packet->later_fragment = 0;
	packet->spare = 0;
	return 1;
}

/*
 * Read a plain packet: whole TCP segment to port 443 for us, behind Ethernet and an IP header without options or
 * extensions, of which nothing is odd. False for all others, which read_any() is for; of a plain one it would read the same.
 */
static __always_inline int read_plain(struct __sk_buff *skb, struct packet *packet)
{
	const __u8 *data = (const __u8 *)(long)skb->data, *end = (const __u8 *)(long)skb->data_end;
	const struct ethhdr *link = (const void *)data;

	if (data + ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr) > end)
		return 0;
	if (link->h_proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = (const void *)(data + ETH_HLEN);
		__u32 ip_bytes = bpf_ntohs(ip->tot_len);

		if (*(const __u8 *)ip != 0x45 || ip->frag_off & bpf_htons(0x3fff) || ip->protocol != IPPROTO_TCP ||
			ip_bytes < sizeof *ip + sizeof(struct tcphdr))
			return 0;
		set_ipv4(&packet->source.address, ip->saddr);
		set_ipv4(&packet->destination, ip->daddr);
		return fill_plain(skb, packet, (const void *)(data + ETH_HLEN + sizeof *ip), ETH_HLEN + sizeof *ip,
			ETH_HLEN + ip_bytes);
	}
	if (link->h_proto == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const void *)(data + ETH_HLEN);
		__u32 payload_bytes;

		if (data + ETH_HLEN + sizeof *ip + sizeof(struct tcphdr) > end)
			return 0;
		payload_bytes = bpf_ntohs(ip->payload_len);
		__builtin_memcpy(packet->source.address.halves, &ip->saddr, 16);
		__builtin_memcpy(packet->destination.halves, &ip->daddr, 16);
		if (ip->version != 6 || ip->nexthdr != IPPROTO_TCP || payload_bytes < sizeof(struct tcphdr) ||
			is_no_source6(&packet->source.address))
			return 0;
		return fill_plain(skb, packet, (const void *)(data + ETH_HLEN + sizeof *ip), ETH_HLEN + sizeof *ip,
			ETH_HLEN + (__u32)sizeof *ip + payload_bytes);
	}
	return 0;
}

static __always_inline int judge_source(const struct filter_value *value, __u32 service, __u32 dns)
{
	if (!value)
		return FILTER_NO_POLICY;
	if (!(value->services & service))
		return FILTER_SOURCE_NOT_ADMITTED;
	if (service == FILTER_SERVICE_DNS) {
		if (dns == FILTER_DNS_ADMITTED)
			return FILTER_PASSED;
		if (dns != FILTER_DNS_POLICY)
			return FILTER_DNS_REFUSED;
	}
	return value->verdict == FILTER_VERDICT_PASS ? FILTER_PASSED : value->reason;
}

static __always_inline int is_observable(int reason)
{
	switch (reason) {
#define DROP_REASON(name, observable, tells, text)                                                                     \
	case FILTER_##name:                                                                                            \
		return observable;
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
	}
	return 0;
}

static __always_inline int is_told(int reason)
{
	switch (reason) {
#define DROP_REASON(name, observable, tells, text)                                                                     \
	case FILTER_##name:                                                                                            \
		return tells;
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
	}
	return 1;
}

static __always_inline void count(struct __sk_buff *skb, int reason)
{
	__u32 index = (__u32)reason;
	struct filter_counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += skb->len;
	}
}

/* One unit of this second's allowance. CPUs that race at the turn of a second may grant a few too many: harmless. */
static __always_inline int grant(__u32 index, __u32 per_second)
{
	struct filter_window *window = bpf_map_lookup_elem(&windows, &index);
	__u64 second = bpf_ktime_get_ns() / 1000000000;

	if (!window)
		return 0;
	if (window->second != second) {
		window->second = second;
		window->count = 0;
	}
	if (window->count >= per_second) {
		__sync_fetch_and_add(&window->refused, 1);
		return 0;
	}
	__sync_fetch_and_add(&window->count, 1);
	__sync_fetch_and_add(&window->total, 1);
	return 1;
}

/* An address as user space has it. */
static __always_inline void set_event_address(__u8 to[16], const struct address *address, int is_ipv6)
{
	__builtin_memcpy(to, address->bytes, 16);
	if (is_ipv6)
		return;
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &address->words[WORD_IPV4], 4);
}

static __always_inline void tell(struct __sk_buff *skb, const struct packet *packet, const struct filter_settings *set,
	const struct filter_value *value, int reason, int observed, int reset)
{
	struct filter_event *event;

	if (!is_told(reason) || !grant(FILTER_WINDOW_EVENTS, set->events_per_second))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
	if (!event) {
		__u32 index = FILTER_WINDOW_EVENTS;
		struct filter_window *window = bpf_map_lookup_elem(&windows, &index);

		/* Granted but not sent: the buffer is full because nobody reads it. */
		if (window) {
			__sync_fetch_and_add(&window->total, (__u64)-1);
			__sync_fetch_and_add(&window->refused, 1);
		}
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->generation = value ? value->generation : 0;
	set_event_address(event->source, &packet->source.address, packet->is_ipv6);
	set_event_address(event->destination, &packet->destination, packet->is_ipv6);
	event->endpoint_index = set->endpoint_index;
	event->ifindex = skb->ifindex;
	event->statement = value && reason == value->reason ? value->statement : FILTER_NO_STATEMENT;
	event->source_port = bpf_ntohs(packet->source_port_be);
	event->destination_port = bpf_ntohs(packet->destination_port_be);
	event->protocol = packet->protocol;
	event->reason = (__u8)reason;
	event->observed = (__u8)observed;
	event->reset = (__u8)reset;
	event->spare = 0;
	bpf_ringbuf_submit(event, 0);
}

/* One's complement sum of `words` 16-bit words, as they lie in memory. */
static __always_inline __u32 sum_words(const void *from, __u32 words)
{
	const __u16 *word = from;
	__u32 sum = 0;

	for (__u32 i = 0; i < words; i++)
		sum += word[i];
	return sum;
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

static __always_inline int store(struct __sk_buff *skb, __u32 offset, const void *from, __u32 bytes)
{
	return bpf_skb_store_bytes(skb, offset, from, bytes, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int swap_link_addresses(struct __sk_buff *skb)
{
	__u8 old[2 * ETH_ALEN], new[2 * ETH_ALEN];

	if (load(skb, 0, old, sizeof old) < 0)
		return -1;
	__builtin_memcpy(new, old + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(new + ETH_ALEN, old, ETH_ALEN);
	return store(skb, 0, new, sizeof new);
}

/* Answering IPv4 header over the old one; options become no-operations so that the TCP header keeps its place. */
static __always_inline int answer_ipv4(struct __sk_buff *skb, const struct packet *packet)
{
	struct iphdr ip = { .version = 4, .ttl = 64, .protocol = IPPROTO_TCP, .frag_off = bpf_htons(0x4000) };
	__u32 header_bytes = packet->l4_offset - packet->l3_offset;
	__u32 option_words = (header_bytes - (__u32)sizeof ip) / 4;
	__u8 no_operations[64];
	__u32 sum;

	ip.ihl = (__u8)(header_bytes / 4) & 0xf;
	ip.tot_len = bpf_htons((__u16)(header_bytes + sizeof(struct tcphdr)));
	ip.saddr = packet->destination.words[WORD_IPV4];
	ip.daddr = packet->source.address.words[WORD_IPV4];
	sum = sum_words(&ip, sizeof ip / 2) + option_words * 2 * 0x0101;
	ip.check = (__u16)~fold(sum);
	if (store(skb, packet->l3_offset, &ip, sizeof ip) < 0)
		return -1;
	if (option_words == 0)
		return 0;
	__builtin_memset(no_operations, 1, sizeof no_operations);
	/* There are ten words at most; the mask, which changes nothing, shows the verifier of 6.1 bounds that it believes. */
	return store(skb, packet->l3_offset + (__u32)sizeof ip, no_operations, ((option_words - 1) & 15) * 4 + 4);
}

/* Answering IPv6 header; extension headers become one destination options header with a single option to be skipped. */
static __always_inline int answer_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	struct ipv6hdr ip = { .version = 6, .hop_limit = 64, .nexthdr = IPPROTO_TCP };
	__u32 first = packet->l3_offset + (__u32)sizeof ip;
	__u32 extension_bytes = packet->l4_offset - first;

	if (extension_bytes > 0) {
		__u8 head[4] = { IPPROTO_TCP, (__u8)(extension_bytes / 8 - 1), OPTION_SKIPPED,
			(__u8)(extension_bytes - 4) };

		if (extension_bytes > PADDED_EXTENSIONS_MAX_BYTES || extension_bytes % 8 != 0)
			return -1;
		if (store(skb, first, head, sizeof head) < 0)
			return -1;
		ip.nexthdr = NEXT_DESTINATION;
	}
	ip.payload_len = bpf_htons((__u16)(extension_bytes + sizeof(struct tcphdr)));
	__builtin_memcpy(&ip.saddr, packet->destination.halves, 16);
	__builtin_memcpy(&ip.daddr, packet->source.address.halves, 16);
	return store(skb, packet->l3_offset, &ip, sizeof ip);
}

/*
 * The reset's TCP header over the old one. The buffer may still carry the sender's order to complete the checksum on the
 * way out, which can't be seen here. So the checksum field holds the pseudo header's sum P, as that order expects, and
 * the window (which receivers of a reset ignore) makes the segment right if nobody completes it: ~(2P + the rest).
 */
static __always_inline int answer_tcp(
	struct __sk_buff *skb, const struct packet *packet, const struct tcphdr *in, __u8 flags)
{
	struct tcphdr out = { .source = in->dest, .dest = in->source, .doff = sizeof out / 4, .rst = 1 };
	__u32 data_offset = packet->l4_offset + in->doff * 4u;
	__u32 pseudo;

	if (flags & TCP_FLAG_ACK) {
		out.seq = in->ack_seq;
	} else {
		__u32 segment_bytes = packet->end_offset > data_offset ? packet->end_offset - data_offset : 0;

		segment_bytes += (flags & TCP_FLAG_SYN ? 1 : 0) + (flags & TCP_FLAG_FIN ? 1 : 0);
		out.ack = 1;
		out.ack_seq = bpf_htonl(bpf_ntohl(in->seq) + segment_bytes);
	}
	/* Both ends' addresses are in the sum whatever their order; what makes IPv4's into keys is not. */
	pseudo = packet->is_ipv6 ? sum_words(packet->source.address.words, 8) + sum_words(packet->destination.words, 8)
				 : sum_words(&packet->source.address.words[WORD_IPV4], 2) +
					   sum_words(&packet->destination.words[WORD_IPV4], 2);
	pseudo = fold(pseudo + bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof out));
	out.window = (__u16)~fold(2 * pseudo + sum_words(&out, sizeof out / 2));
	out.check = (__u16)pseudo;
	return store(skb, packet->l4_offset, &out, sizeof out);
}

/* Turn a TCP segment into the reset that answers it and send it back. True if it goes out. */
static __always_inline int answer_with_reset(
	struct __sk_buff *skb, const struct packet *packet, const struct filter_settings *set)
{
	struct tcphdr in;
	__u8 flags;

	/* Never in answer to a reset, nor to what was not sent to us alone. */
	if (packet->protocol != IPPROTO_TCP || packet->later_fragment || skb->pkt_type != PACKET_HOST)
		return 0;
	if (load_l4(skb, packet, &in, sizeof in) < 0 || load(skb, packet->l4_offset + 13, &flags, 1) < 0)
		return 0;
	if (flags & TCP_FLAG_RST || in.doff < 5 || !grant(FILTER_WINDOW_RESETS, set->resets_per_second))
		return 0;
	if (bpf_skb_change_tail(skb, packet->l4_offset + (__u32)sizeof in, 0) < 0)
		return 0;
	if ((packet->is_ipv6 ? answer_ipv6(skb, packet) : answer_ipv4(skb, packet)) < 0)
		return 0;
	return answer_tcp(skb, packet, &in, flags) == 0 && swap_link_addresses(skb) == 0;
}

static __always_inline struct recent *find_recent(const struct address *address)
{
	/* Fibonacci hashing: the high bits of the product depend on all bits of the address. */
	__u32 slot = (__u32)((address->halves[0] ^ address->halves[1]) * 0x9e3779b97f4a7c15ull >> (64 - RECENT_BITS));

	return bpf_map_lookup_elem(&recent, &slot);
}

/* Whether the table in force lets the source through to the service; `*ret_value` becomes its entry if it was asked. */
static __always_inline int judge(
	struct packet *packet, const struct filter_settings *set, const struct filter_value **ret_value)
{
	const struct address *address = &packet->source.address;
	/* Read before the table is: see FILTER_LOADING in the contract. */
	const __u32 table_id = *(const volatile __u32 *)&set->table_id;
	struct recent *slot = NULL;
	__u32 zero = 0;
	void *table;
	int reason;

	table = bpf_map_lookup_elem(&tables, &zero);
	if (!table)
		return FILTER_NO_POLICY;
	if (packet->service == FILTER_SERVICE_HTTPS && table_id)
		slot = find_recent(address);
	if (slot && slot->halves[0] == address->halves[0] && slot->halves[1] == address->halves[1] &&
		slot->table_id == table_id)
		return FILTER_PASSED;
	packet->source.spare = 0;
	packet->source.prefix_bits = 128;
	*ret_value = bpf_map_lookup_elem(table, &packet->source.prefix_bits);
	reason = judge_source(*ret_value, packet->service, set->dns);
	if (slot && reason == FILTER_PASSED) {
		slot->halves[0] = address->halves[0];
		slot->halves[1] = address->halves[1];
		slot->table_id = table_id;
	}
	return reason;
}

/* Do what the mode wants done with a packet that must not pass. */
static __attribute__((noinline)) int refuse(struct __sk_buff *skb, const struct packet *packet,
	const struct filter_settings *set, const struct filter_value *value, int reason)
{
	int observed = set->mode == FILTER_MODE_OBSERVE && is_observable(reason), reset = 0;

	if (!observed && set->mode != FILTER_MODE_DROP)
		reset = answer_with_reset(skb, packet, set);
	tell(skb, packet, set, value, reason, observed, reset);
	if (observed)
		return TC_ACT_OK;
	return reset ? (int)bpf_redirect(skb->ifindex, 0) : TC_ACT_SHOT;
}

SEC("tc")
int endpoint_filter(struct __sk_buff *skb)
{
	struct packet packet;
	const struct filter_value *value = NULL;
	const struct filter_settings *set;
	__u32 zero = 0;
	int reason = FILTER_PASSED;

	set = bpf_map_lookup_elem(&settings, &zero);
	if (!set)
		return TC_ACT_SHOT;
	if (!read_plain(skb, &packet))
		reason = read_any(skb, &packet);
	if (reason == FILTER_PASSED && packet.service)
		reason = judge(&packet, set, &value);
	count(skb, reason);
	return reason == FILTER_PASSED ? TC_ACT_OK : refuse(skb, &packet, set, value, reason);
}

char LICENSE[] SEC("license") = "GPL";
