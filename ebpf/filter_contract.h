/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_contract: what the tc program (endpoint_filter.bpf.c) and its loader (filter.c) agree on: the layout of every
 * map and of every record that crosses between kernel and user space, and between `postern-control` and `posternd`.
 *
 * One table per generation: a longest-prefix trie from a 128-bit source to a `struct filter_value`. The default verdict is the
 * entry ::/0 *inside* the table. A source without entry is denied: an empty or lost table never opens an endpoint.
 *
 * Everywhere in user space and in events IPv4 is ::ffff:a.b.c.d, so an IPv4 prefix of n bits has 96 + n. Only the trie's keys have
 * it elsewhere (FILTER_IPV4_BLOCK): filter_table.c turns the one into the other.
 *
 * Multi-byte fields are in host order, except addresses and what says `_be`. Included by kernel code: no libc headers.
 */
#ifndef POSTERN_EBPF_FILTER_CONTRACT_H
#define POSTERN_EBPF_FILTER_CONTRACT_H

#include <linux/types.h>

/* Room for an endpoint's id: "vpce-", 17 hex digits, NUL, and one byte to align. */
#define FILTER_ENDPOINT_ID_BYTES 24

/* Services of an endpoint: the only ports that the filter ever lets through. */
#define FILTER_HTTPS_PORT 443
#define FILTER_DNS_PORT 53

/* Bits of filter_value.services: what a source is admitted to, before any policy is asked. */
#define FILTER_SERVICE_HTTPS 1
#define FILTER_SERVICE_DNS 2

enum filter_reason {
#define DROP_REASON(name, observable, tells, text) FILTER_##name,
#include "ebpf/drop_reasons.def"
#undef DROP_REASON
	FILTER_REASON_COUNT
};

/* Slots of the counters' map: more than there are reasons, so that a new row does not change the layout. */
#define FILTER_COUNTERS_COUNT 32

enum filter_verdict {
	FILTER_VERDICT_DENY = 0, /* also the verdict of a source without entry */
	FILTER_VERDICT_PASS = 1,
};

/* What happens to a packet that is to be dropped. */
enum filter_mode {
	FILTER_MODE_RESET = 0,   /* TCP is answered with RST, the rest is dropped silently */
	FILTER_MODE_DROP = 1,    /* silence */
	FILTER_MODE_OBSERVE = 2, /* observable reasons are counted and pass; the others as in FILTER_MODE_RESET */
};

/* Who may ask the endpoint's DNS server. */
enum filter_dns {
	FILTER_DNS_OFF = 0,      /* nobody */
	FILTER_DNS_POLICY = 1,   /* whom the policy lets call the APIs */
	FILTER_DNS_ADMITTED = 2, /* every source that the endpoint admits */
};

/*
 * The first 32 bits of a trie key of an IPv4 source, which the next 32 bits are; so n bits of IPv4 are 32 + n of the trie. The
 * kernel compares keys by 64 bits first and then in steps of 32, at every level: IPv4 behind ::ffff: would take it three
 * times as long. All bits set makes a multicast address of IPv6, which is no source of any packet.
 */
#define FILTER_IPV4_BLOCK 0xffffffffu

struct filter_key {
	__u32 prefix_bits; /* 0–128 */
	__u8 address[16];
};

struct filter_value {
	__u8 verdict;  /* enum filter_verdict of the policy */
	__u8 reason;   /* enum filter_reason reported when the verdict is deny */
	__u8 services; /* FILTER_SERVICE_* to which the source is admitted */
	__u8 spare;
	__u32 statement;  /* which statement is behind the verdict: an index into control's list of this generation */
	__u64 generation; /* the same in every entry of a table */
};

/*
 * A generation with many IPv4 edges has an index beside its table: the IPv4 sources that pass to the HTTPS service, as the
 * sorted addresses at which that changes, from "no" before the first; so a source passes if an odd number of them is at or
 * below it. They are the leaves of a tree with a cache line a node, which is searched in a third of the trie's time and touches a
 * tenth of its memory. An index only ever says yes; what it does not list is up to the table.
 *
 * Each node is a block of FILTER_INDEX_FANOUT numbers, the last ones padded with FILTER_INDEX_PADDING: of a leaf, addresses; above,
 * the first address of each child. Child i of node n of a level is node FILTER_INDEX_FANOUT * n + i of the next. Block 0 of the
 * map is a head of other numbers: the id of the table that the index belongs to (for another it is not asked), how many levels
 * there are, and the block at which each begins, the root's first.
 */
#define FILTER_INDEX_FANOUT 16
#define FILTER_INDEX_LEVELS_MAX 6
/* 255.255.255.255, which sends nothing, looks like it: it is not listed. */
#define FILTER_INDEX_PADDING 0xffffffffu

struct filter_index_block {
	__u32 words[FILTER_INDEX_FANOUT];
};

enum filter_index_head { FILTER_INDEX_TABLE_ID, FILTER_INDEX_LEVELS, FILTER_INDEX_STARTS };

/*
 * The one element of map `settings`. Each field stands alone: a reader may see some of them before the others. While a table is
 * swapped in, mode and DNS are the stricter of those before and after.
 */
struct filter_settings {
	char endpoint_id[FILTER_ENDPOINT_ID_BYTES];
	__u32 endpoint_index;
	__u32 mode; /* enum filter_mode */
	__u32 dns;  /* enum filter_dns */
	__u32 resets_per_second;
	__u32 events_per_second;
	/*
	 * Kernel's id of the table in force, FILTER_LOADING from before one is swapped in until after: sources that passed by
	 * a table are remembered under its id, and trusted only while it stands here. A program that reads the id reads the
	 * table after that, and the swap waits for programs that are running: so what is remembered under an id came from that
	 * table, and is never trusted once another is in force.
	 */
	__u32 table_id;
	/*
	 * 1: what comes to another port than the services' passes, whoever sends it, if a socket of the endpoint's namespace is
	 * connected, or connecting, to exactly that sender: connections to back ends and questions to name servers leave from
	 * there. 0: nothing is ever answered there, and no such packet passes.
	 */
	__u32 answers;
};

#define FILTER_LOADING 0

/* One element of map `counters`, per CPU, indexed by enum filter_reason. */
struct filter_counter {
	__u64 packets;
	__u64 bytes;
};

/* Indexes of map `windows`: rate limits that count within the current second. */
enum filter_window_index { FILTER_WINDOW_RESETS, FILTER_WINDOW_EVENTS, FILTER_WINDOW_COUNT };

struct filter_window {
	__u64 second;  /* of the monotonic clock */
	__u64 count;   /* used up in that second */
	__u64 total;   /* granted since the program was loaded */
	__u64 refused; /* refused since then: resets kept silent, events not sent */
};

/* What the ring buffer carries. */
struct filter_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 generation;
	__u8 source[16];      /* IPv4 as ::ffff:a.b.c.d */
	__u8 destination[16]; /* likewise */
	__u32 endpoint_index;
	__u32 ifindex; /* within the endpoint's namespace */
	__u32 statement;
	__u16 source_port; /* 0 where the protocol has none, or in a later fragment */
	__u16 destination_port;
	__u8 protocol; /* IPPROTO_*, 0 if not reached */
	__u8 reason;   /* enum filter_reason */
	__u8 observed; /* 1 if it was let through because of FILTER_MODE_OBSERVE */
	__u8 reset;    /* 1 if a TCP RST was sent */
	__u32 spare;
};

/* One prefix of a generation, as control writes it into the sealed memfd of FILTER_LOAD. */
struct filter_prefix_record {
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d; bits past the prefix are 0 */
	__u8 prefix_bits; /* 0–128 */
	__u8 verdict;     /* enum filter_verdict */
	__u8 reason;      /* enum filter_reason for a denial, FILTER_PASSED otherwise */
	__u8 spare;       /* 0 */
	__u32 statement;  /* 0xffffffff if no statement is behind it (an implicit deny) */
};

#define FILTER_NO_STATEMENT 0xffffffffu

/*
 * A source prefix that may reach services of the endpoint before any policy is asked: a prefix of the VPC, or the source
 * of a security-group rule. They stand behind the prefixes in the memfd of FILTER_LOAD. A source is admitted to the
 * services of *all* the records that hold it: admissions only ever add.
 */
struct filter_admission_record {
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d; bits past the prefix are 0 */
	__u8 prefix_bits; /* 0–128 */
	__u8 services;    /* FILTER_SERVICE_* */
	__u8 spare[2];    /* 0 */
};

_Static_assert(sizeof(struct filter_key) == 20, "trie key");
_Static_assert(sizeof(struct filter_value) == 16, "trie value");
_Static_assert(sizeof(struct filter_index_block) == 64, "index block");
_Static_assert(FILTER_INDEX_STARTS + FILTER_INDEX_LEVELS_MAX <= FILTER_INDEX_FANOUT, "index head");
_Static_assert(sizeof(struct filter_settings) == 52, "settings");
_Static_assert(sizeof(struct filter_counter) == 16, "counter");
_Static_assert(sizeof(struct filter_window) == 32, "window");
_Static_assert(sizeof(struct filter_event) == 72, "event");
_Static_assert(sizeof(struct filter_prefix_record) == 24, "prefix record");
_Static_assert(sizeof(struct filter_admission_record) == 20, "admission record");
_Static_assert(FILTER_REASON_COUNT <= FILTER_COUNTERS_COUNT, "a reason without counter");

#endif
