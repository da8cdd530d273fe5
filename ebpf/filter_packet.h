/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_packet: what the tc program reads of a frame: where it comes from, which service it wants, or why it must not pass
 * whoever sends it. Kernel code, part of endpoint_filter.bpf.c only; nothing in here asks a map.
 *
 * packet_read_plain() reads the shape of nearly all packets in place, packet_read_any() reads all shapes. Of a plain packet both
 * read the same.
 * Source: RFC 791, RFC 8200 4, RFC 1858, RFC 4942 2.2, RFC 4291 2.7.
 */
#ifndef POSTERN_EBPF_FILTER_PACKET_H
#define POSTERN_EBPF_FILTER_PACKET_H

#include <linux/bpf.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ebpf/filter_contract.h"

#define VLAN_TAGS_MAX 2
#define EXTENSION_HEADERS_MAX 8

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
 * why not.
 */
static __always_inline int packet_read_any(struct __sk_buff *skb, struct packet *packet)
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
 * extensions, of which nothing is odd. False for all others, which packet_read_any() is for; of a plain one it would read the same.
 */
static __always_inline int packet_read_plain(struct __sk_buff *skb, struct packet *packet)
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

#endif
