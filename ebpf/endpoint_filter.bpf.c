/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * endpoint_filter: the tc program on the ingress of each of an endpoint's links.
 *
 * A packet is read from outside in: Ethernet and VLAN tags, IP with its options or extension headers, ports. What hosts
 * need to talk at all (ARP, ICMP errors, echo, neighbour discovery, multicast listeners) passes; TCP 443 and DNS pass if
 * the table in force says so for the source; everything else is dropped for a named reason. Ports are in the first
 * fragment only: later ones are judged by their source and protocol, and are useless without the first.
 *
 * Where connections to back ends leave from the endpoint's namespace (`answers` of the settings), what would be dropped
 * for its port passes if the kernel has a socket there that is connected, or connecting, to exactly its sender. Nothing that
 * a sender chooses opens that: the endpoint began, and listening sockets don't count. What is for a service's port is never
 * looked up: it costs what it did, and its source is judged as ever. (Answers come whole: TCP finds the path's MTU, and
 * an answer of DNS that was cut goes on by TCP.)
 *
 * What a served client sends all day, TCP to port 443 right behind Ethernet and a plain IP header, is read in place;
 * whatever is not just that is read step by step with bpf_skb_load_bytes(), which sees paged data too (filter_packet.h). Both
 * fill the same struct packet, and one judgement follows. Sources that passed are remembered for a while (`recent`), for
 * packets come in bursts, and large generations have an index of what passes.
 *
 * No need of CAP_PERFMON from Linux 6.8 on (before, the verifier takes a spilled half of a register for a pointer): packet
 * pointers are used at fixed offsets only, and no loop is left in which a mispredicted branch, which the verifier follows, could
 * run on. UAPI headers only, no CO-RE, so the object loads on kernels without BTF.
 * Source: architecture section 8; RFC 9293 3.10.7.1 (reset generation); RFC 8200 4 (extension headers).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ebpf/filter_contract.h"
#include "ebpf/filter_packet.h"

/* Room that one destination option fills (see answer_ipv6): an option holds 255 bytes at most. */
#define PADDED_EXTENSIONS_MAX_BYTES 256

/* Slots of `recent`, a power of two: 6 KiB a CPU, which stay in its first cache. */
#define RECENT_BITS 8
#define RECENT_COUNT (1 << RECENT_BITS)

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

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

struct source_index {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct filter_index_block));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct source_index);
} indexes SEC(".maps");

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

/* How many numbers of a block are at or below `address`, without a branch, of which half would be mispredicted. */
static __always_inline __u32 count_below(const struct filter_index_block *block, __u32 address)
{
	__u64 count = 0;

#pragma unroll
	for (int i = 0; i < FILTER_INDEX_FANOUT; i++) {
		__u64 difference = (__u64)block->words[i] - address - 1;

		/* Opaque, lest the compiler finds the comparison in it. */
		asm volatile("" : "+r"(difference));
		count += difference >> 63;
	}
	return (__u32)count;
}

/*
 * Search one level of an index: `*node` is the number of the node there, and becomes that of the child. True if the address is in
 * it, `*ret_below` then being how many numbers of the node are at or below it.
 */
static __always_inline int search_level(void *index, __u32 start, __u32 address, __u32 *node, __u32 *ret_below)
{
	__u32 key = start + *node;
	const struct filter_index_block *block = bpf_map_lookup_elem(index, &key);

	*ret_below = block ? count_below(block, address) : 0;
	*node = *node * FILTER_INDEX_FANOUT + *ret_below - 1;
	return *ret_below > 0;
}

/* Does the index of the table `table_id` list the IPv4 source? No, if there is none. */
static __always_inline int is_listed(__u32 address, __u32 table_id)
{
	__u32 zero = 0, node = 0, below = 0, levels;
	const struct filter_index_block *head;
	void *index = bpf_map_lookup_elem(&indexes, &zero);

	if (!index || address == FILTER_INDEX_PADDING)
		return 0;
	head = bpf_map_lookup_elem(index, &zero);
	if (!head || head->words[FILTER_INDEX_TABLE_ID] != table_id)
		return 0;
	levels = head->words[FILTER_INDEX_LEVELS];
	/* Not a loop: see above about mispredicted branches. */
#define LEVEL(number)                                                                                                  \
	if (levels > (number) &&                                                                                       \
		!search_level(index, head->words[FILTER_INDEX_STARTS + (number)], address, &node, &below))             \
	return 0
	LEVEL(0);
	LEVEL(1);
	LEVEL(2);
	LEVEL(3);
	LEVEL(4);
	LEVEL(5);
	_Static_assert(FILTER_INDEX_LEVELS_MAX == 6, "levels of an index");
#undef LEVEL
	return below & 1;
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
	if (slot && !packet->is_ipv6 && is_listed(bpf_ntohl(address->words[WORD_IPV4]), table_id)) {
		reason = FILTER_PASSED;
	} else {
		packet->source.spare = 0;
		packet->source.prefix_bits = 128;
		*ret_value = bpf_map_lookup_elem(table, &packet->source.prefix_bits);
		reason = judge_source(*ret_value, packet->service, set->dns);
	}
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

/*
 * Is a socket of TCP of this namespace connected, or connecting, to the packet's sender? One that listens is not. `ends` are the
 * packet's, of IPv6 if `is_ipv6`: the length is a constant where the verifier sees it.
 */
static __attribute__((noinline)) int is_tcp_answer(struct __sk_buff *skb, struct bpf_sock_tuple *ends, __u32 is_ipv6)
{
	struct bpf_sock *socket = is_ipv6 ? bpf_skc_lookup_tcp(skb, ends, sizeof ends->ipv6, BPF_F_CURRENT_NETNS, 0)
					  : bpf_skc_lookup_tcp(skb, ends, sizeof ends->ipv4, BPF_F_CURRENT_NETNS, 0);
	__u32 state;

	if (!socket)
		return 0;
	state = socket->state;
	bpf_sk_release(socket);
	return state != BPF_TCP_LISTEN;
}

/* The same of UDP: a socket that is not connected takes packets from anybody, which is no reason to let them in. */
static __attribute__((noinline)) int is_udp_answer(struct __sk_buff *skb, struct bpf_sock_tuple *ends, __u32 is_ipv6)
{
	struct bpf_sock *socket = is_ipv6 ? bpf_sk_lookup_udp(skb, ends, sizeof ends->ipv6, BPF_F_CURRENT_NETNS, 0)
					  : bpf_sk_lookup_udp(skb, ends, sizeof ends->ipv4, BPF_F_CURRENT_NETNS, 0);
	__u32 state;

	if (!socket)
		return 0;
	state = socket->state;
	bpf_sk_release(socket);
	return state == BPF_TCP_ESTABLISHED;
}

/* Does the packet come from whom the endpoint itself has called? */
static __always_inline int is_answer(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_sock_tuple ends;

	if (packet->is_ipv6) {
		__builtin_memcpy(ends.ipv6.saddr, packet->source.address.words, 16);
		__builtin_memcpy(ends.ipv6.daddr, packet->destination.words, 16);
		ends.ipv6.sport = packet->source_port_be;
		ends.ipv6.dport = packet->destination_port_be;
	} else {
		ends.ipv4.saddr = packet->source.address.words[WORD_IPV4];
		ends.ipv4.daddr = packet->destination.words[WORD_IPV4];
		ends.ipv4.sport = packet->source_port_be;
		ends.ipv4.dport = packet->destination_port_be;
	}
	return packet->protocol == IPPROTO_TCP ? is_tcp_answer(skb, &ends, packet->is_ipv6)
					       : is_udp_answer(skb, &ends, packet->is_ipv6);
}

/* Out of line, so that what it needs of stack and registers costs plain packets nothing. */
static __attribute__((noinline)) int read_any(
	struct __sk_buff *skb, struct packet *packet, const struct filter_settings *set)
{
	int reason = packet_read_any(skb, packet);

	return reason == FILTER_PORT_REFUSED && set->answers && is_answer(skb, packet) ? FILTER_PASSED : reason;
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
	if (!packet_read_plain(skb, &packet))
		reason = read_any(skb, &packet, set);
	if (reason == FILTER_PASSED && packet.service)
		reason = judge(&packet, set, &value);
	count(skb, reason);
	return reason == FILTER_PASSED ? TC_ACT_OK : refuse(skb, &packet, set, value, reason);
}

char LICENSE[] SEC("license") = "GPL";
