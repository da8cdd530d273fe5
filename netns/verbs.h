/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verbs: the messages between posternd and its children, and their codec.
 *
 * A connection is a SOCK_SEQPACKET Unix socket at <run_dir>/posternd.sock: one message is one packet, a `struct
 * verb_header` followed by the body that netns/verbs.def names, of exactly that size. A reply has its request's verb and
 * sequence and `is_reply` 1; with a negative `status` it has no body. Descriptors travel beside (netns/fds).
 *
 * A child may hold two connections: one on its event loop (VERB_CHANNEL_LOOP), on which posternd also pushes messages,
 * and one for a thread that calls and waits (VERB_CHANNEL_CALLS), on which nothing is pushed. Who the child is, posternd
 * learns from the kernel (SO_PEERCRED), not from HELLO.
 *
 * Numbers are in host order: both ends are programs of one build on one machine; VERBS_VERSION differs otherwise.
 * Texts are NUL-terminated and NUL-padded. Spare bytes are 0. verb_check() enforces all of that for both directions.
 * Threads: pure functions and constant tables.
 */
#ifndef POSTERN_NETNS_VERBS_H
#define POSTERN_NETNS_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf/filter_contract.h"
#include "netns/config.h"

#define VERBS_VERSION 2
#define VERBS_SOCKET_NAME "posternd.sock"

/* Most bytes of a message: several times the largest body, and what a Unix socket takes without tuning. */
#define VERB_MESSAGE_MAX_BYTES 65536
/* Most descriptors of a message: three sockets a worker; the kernel's own limit (SCM_MAX_FD) is 253. */
#define VERB_FDS_MAX (3 * NETNS_WORKERS_MAX)
/* Most interface addresses of one endpoint: one of each family in up to eight subnets. */
#define VERB_ADDRESSES_MAX 16
/* Most endpoints of one posternd: each holds 3 × workers sockets, and the descriptor limit is often 20,000. */
#define VERB_ENDPOINTS_MAX 128
/* Most sockets of one OUTGOING_SOCKETS: making them takes posternd a fraction of a millisecond. */
#define VERB_OUTGOING_MAX 32
#define VERB_EVENTS_MAX 64
#define VERB_ENTRIES_MAX 1024
/* Most admissions that FILTER_LOAD carries; with those of the VPC that posternd adds, the filter's FILTER_ADMISSIONS_MAX. */
#define VERB_ADMISSIONS_MAX 1920
/* Bytes of one worker's slot in the counters' memfd, which has worker_count slots one behind the other. */
#define VERB_COUNTERS_SLOT_BYTES 65536

enum verb {
	VERB_NONE = 0,
#define VERB(name, sender, when, body, reply, body_fds, reply_fds, text) VERB_##name,
#include "netns/verbs.def"
#undef VERB
	VERB_COUNT
};

enum verb_sender { VERB_FROM_GATEWAY = 1, VERB_FROM_CONTROL = 2, VERB_FROM_CHILD = 3, VERB_FROM_POSTERND = 4 };
enum verb_when { VERB_WHEN_FIRST, VERB_WHEN_AFTER };
enum verb_channel { VERB_CHANNEL_LOOP = 0, VERB_CHANNEL_CALLS = 1 };

struct verb_header {
	uint16_t version;  /* VERBS_VERSION */
	uint16_t verb;     /* enum verb */
	uint32_t sequence; /* chosen by the caller, repeated in the reply; 0 in what posternd pushes */
	int32_t status;    /* of a reply: 0 or a negative errno; else 0 */
	uint8_t is_reply;
	uint8_t spare[3];
};

struct verb_empty {
	uint32_t spare;
};

struct verb_count {
	uint32_t count;
	uint32_t spare;
};

struct verb_hello {
	uint32_t channel;  /* enum verb_channel */
	uint32_t resuming; /* 1: I am already serving and will HAND_BACK; the answer then carries no descriptors */
};

/* Bits of verb_welcome.has_records: each says that its file's descriptor is there, in this order. */
#define VERB_RECORD_CLIENTS 1u
#define VERB_RECORD_REQUESTS 2u
#define VERB_RECORD_LINES 4u
#define VERB_RECORD_COUNT 3

/*
 * Answer to HELLO. Descriptors on the loop channel, in this order, unless the child is resuming:
 *   gateway: counters (read and write), wake eventfd, access log (only if has_access_log), records (read and write)
 *   control: counters (read only), wake eventfd, management listeners (management_count of them), records (read only),
 *            audit log (only if has_audit_log; for reading and appending)
 * On the calls channel there are none.
 *
 * The records are the files of what the gateway saw (netns/shared): of clients, of requests, of lines for log groups, each only if
 * its bit is set in has_records. Their size is the settings', for all workers together, and with the disk's room reserved. Who holds
 * one for writing could still shorten it: a reader uses pread() and not mmap(), which would end it with SIGBUS.
 */
struct verb_welcome {
	uint32_t worker_count;
	uint32_t counters_slot_bytes;
	uint32_t has_access_log;
	uint32_t management_count;
	uint32_t local;
	uint32_t network_count;
	uint32_t has_records; /* VERB_RECORD_* */
	uint32_t has_audit_log;
};

/* What a child gives back; descriptors follow the order of the message in which it got them. */
enum verb_hand_back_what {
	VERB_HAND_BACK_SHARED = 1,     /* both: counters, wake eventfd */
	VERB_HAND_BACK_ENDPOINT = 2,   /* gateway: the sockets of endpoint `endpoint_id` */
	VERB_HAND_BACK_MANAGEMENT = 3, /* control: the management listeners */
};

struct verb_hand_back {
	uint32_t what; /* enum verb_hand_back_what */
	uint32_t spare;
	char endpoint_id[FILTER_ENDPOINT_ID_BYTES]; /* of VERB_HAND_BACK_ENDPOINT, else empty */
};

struct verb_endpoint_id {
	char id[FILTER_ENDPOINT_ID_BYTES]; /* "vpce-" and 17 (or 8) lower-case hex digits */
};

struct verb_address {
	uint32_t network_index; /* row of the settings' table `networks` */
	uint16_t family;        /* AF_INET or AF_INET6 */
	uint8_t prefix_bits;    /* of the subnet */
	uint8_t spare;
	uint8_t bytes[16]; /* network order; an IPv4 address in the first 4, the rest 0 */
};

struct verb_endpoint_create {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint32_t address_count; /* 1–VERB_ADDRESSES_MAX */
	uint32_t filter_mode;   /* enum filter_mode until the first FILTER_LOAD */
	uint32_t filter_dns;    /* enum filter_dns, likewise */
	uint32_t spare;
	struct verb_address addresses[VERB_ADDRESSES_MAX];
};

struct verb_endpoint_created {
	uint32_t index; /* the endpoint's number in events, until it is deleted */
	uint32_t spare;
};

enum verb_endpoint_kind {
	VERB_ENDPOINT_NAMESPACE = 1, /* a real one, by its id */
	VERB_ENDPOINT_LOCAL = 2,     /* local mode's built-in one; its id is empty, control's records know it */
};

struct verb_endpoint_summary {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint32_t index;
	uint32_t kind;       /* enum verb_endpoint_kind */
	uint64_t generation; /* of its filter; 0: nothing loaded, everything denied */
};

struct verb_endpoint_list {
	uint32_t count;
	uint32_t spare;
	struct verb_endpoint_summary endpoints[VERB_ENDPOINTS_MAX];
};

/*
 * The sockets of an endpoint. Descriptors, in this order: https_count TCP listeners for TLS, dns_udp_count UDP sockets,
 * dns_tcp_count TCP listeners for DNS: worker i serves the i-th of each, and each must be served.
 * They are bound to the wildcard address of the endpoint's namespace and dual-stack where the kernel has IPv6: peers of
 * IPv4 appear as ::ffff:a.b.c.d. UDP sockets have IPV6_RECVPKTINFO (or IP_PKTINFO) set: answer from the address asked.
 */
struct verb_endpoint {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint32_t index;
	uint32_t kind; /* enum verb_endpoint_kind */
	uint32_t https_count, dns_udp_count, dns_tcp_count;
	uint32_t spare;
};

/* Bits of verb_filter_load.flags. */
enum {
	/*
	 * The admissions given decide which sources reach HTTPS (security groups). Without it those are the prefixes of the
	 * endpoint's VPC, and admission_count must be 0. The VPC's prefixes reach DNS either way, as with AWS's resolver;
	 * posternd adds them itself.
	 */
	VERB_FILTER_LOAD_RULES = 1,
	/* After the swap, established connections of sources that the new table denies are cut; not in mode observe. */
	VERB_FILTER_LOAD_CUT = 2,
};

/*
 * The one descriptor is a memfd sealed with F_SEAL_WRITE, F_SEAL_SHRINK and F_SEAL_GROW that holds prefix_count
 * `struct filter_prefix_record`s, then admission_count `struct filter_admission_record`s, and nothing else.
 * Admissions may overlap: a source has the services of all that it lies in.
 */
struct verb_filter_load {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint64_t generation; /* not 0 */
	uint32_t mode;       /* enum filter_mode */
	uint32_t dns;        /* enum filter_dns */
	uint32_t default_verdict;
	uint32_t default_statement; /* FILTER_NO_STATEMENT if none */
	uint32_t prefix_count;
	uint32_t admission_count; /* 0 without VERB_FILTER_LOAD_RULES */
	uint32_t flags;           /* VERB_FILTER_LOAD_* */
	uint32_t spare;
};

struct verb_filter_mode {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint32_t mode;
	uint32_t spare;
};

struct verb_filter_stats {
	uint64_t generation;
	uint32_t mode, dns;
	uint32_t prefix_count;
	uint32_t program_id;
	uint64_t packets[FILTER_COUNTERS_COUNT]; /* by enum filter_reason */
	uint64_t bytes[FILTER_COUNTERS_COUNT];
	uint64_t resets_sent, resets_limited;
	uint64_t events_sent, events_lost;
};

struct verb_filter_show {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint32_t has_after;      /* 0: from the start */
	struct filter_key after; /* the last key of the page before */
};

struct verb_filter_entry {
	struct filter_value value;
	struct filter_key key;
	uint32_t spare;
};

struct verb_filter_entries {
	uint32_t count; /* 0: the end */
	uint32_t spare;
	struct verb_filter_entry entries[VERB_ENTRIES_MAX];
};

struct verb_filter_event {
	char id[FILTER_ENDPOINT_ID_BYTES];
	struct filter_event event; /* time_ns is CLOCK_MONOTONIC */
};

struct verb_filter_events {
	uint32_t count;
	uint32_t lost; /* events that could not be delivered since the message before */
	struct verb_filter_event events[VERB_EVENTS_MAX];
};

struct verb_child_status {
	int32_t pid;         /* 0: not running */
	uint32_t ready;      /* 1: said READY */
	uint32_t restarts;   /* since posternd started */
	int32_t last_exit;   /* exit status, or minus the signal's number, of the one before; 0 if none */
	uint64_t started_ns; /* CLOCK_MONOTONIC */
};

struct verb_status {
	struct verb_child_status gateway, control;
	uint32_t endpoint_count;
	uint32_t local;
	int32_t posternd_pid;
	uint32_t worker_count;
	uint64_t started_ns; /* of posternd, CLOCK_MONOTONIC */
};

struct verb_drain {
	uint32_t limit_ms;
	uint32_t spare;
};

/*
 * A wish for sockets, and its answer, which repeats it with the number of descriptors that come along: one at least, perhaps
 * fewer than were wanted. They are of `family` and `type`, non-blocking, neither bound nor connected. Refused with -EPERM if
 * the settings have back ends called from the appliance, -ENOENT for an unknown endpoint, -EOPNOTSUPP for local mode's,
 * -EBUSY beyond what posternd makes in a second (netns/outgoing), -EAFNOSUPPORT, or for lack of descriptors or memory.
 * A reply without its descriptors met a receiver that can't have more of them.
 */
struct verb_outgoing_sockets {
	char id[FILTER_ENDPOINT_ID_BYTES];
	uint16_t family; /* AF_INET or AF_INET6 */
	uint16_t type;   /* SOCK_STREAM for back ends, SOCK_DGRAM for name servers */
	uint32_t count;  /* 1–VERB_OUTGOING_MAX */
};

/*
 * INVOKE_CHANNEL and INVOKE have no body: posternd makes a pair of connected, non-blocking stream sockets, gives the gateway one end
 * and control the other, and keeps none: what is said on it, and when it ends, is theirs alone. -EAGAIN if the gateway does not
 * serve or has not taken what was pushed before; -EMFILE and the like. A pair whose other end met a receiver that can't have more
 * descriptors ends at once.
 */

/* Any body. */
union verb_body {
	struct verb_empty empty;
	struct verb_count count;
	struct verb_hello hello;
	struct verb_welcome welcome;
	struct verb_hand_back hand_back;
	struct verb_endpoint_id endpoint_id;
	struct verb_endpoint_create endpoint_create;
	struct verb_endpoint_created endpoint_created;
	struct verb_endpoint_list endpoint_list;
	struct verb_endpoint endpoint;
	struct verb_filter_load filter_load;
	struct verb_filter_mode filter_mode;
	struct verb_filter_stats filter_stats;
	struct verb_filter_show filter_show;
	struct verb_filter_entries filter_entries;
	struct verb_filter_events filter_events;
	struct verb_status status;
	struct verb_drain drain;
	struct verb_outgoing_sockets outgoing_sockets;
};

/* A whole message as it travels, and the descriptors beside it. */
struct verb_message {
	struct verb_header header;
	union verb_body body;
	size_t body_bytes;
	int fds[VERB_FDS_MAX];
	size_t fd_count;
};

_Static_assert(sizeof(struct verb_header) == 16, "header");
_Static_assert(sizeof(struct verb_header) + sizeof(union verb_body) <= VERB_MESSAGE_MAX_BYTES, "message size");

/* One row of verbs.def. */
struct verb_rule {
	const char *name;
	const char *text;
	enum verb_sender sender;
	enum verb_when when;
	size_t body_bytes;
	size_t reply_bytes;
	bool is_answered;
	size_t body_fds_max;
	size_t reply_fds_max;
};

/* The row of `verb`, or NULL for a number that is none. */
const struct verb_rule *verb_rule_find(unsigned int verb);

/*
 * Check a message of `count` bytes with `fd_count` descriptors that came from `sender` (one of VERB_FROM_GATEWAY,
 * VERB_FROM_CONTROL, VERB_FROM_POSTERND): version, verb, direction, size, descriptor count, spare bytes, and what can be
 * said of its body without knowing any state (ids, counts, enumerations, NUL-terminated texts).
 *
 * Returns 0; -EPROTO for a foreign version or a header that contradicts itself, -EPERM for a verb that is not this
 * sender's, -EMSGSIZE for a wrong size, -EBADF for a wrong number of descriptors, -EINVAL for a body that can't be.
 * `bytes` needs no alignment and is not kept.
 */
int verb_check(const void *bytes, size_t count, size_t fd_count, enum verb_sender sender)
	__attribute__((warn_unused_result));

/* Is this the id of an interface endpoint: "vpce-" and 8 or 17 lower-case hex digits, then NULs to the end of the field? */
bool verb_endpoint_id_valid(const char id[FILTER_ENDPOINT_ID_BYTES]);

#endif
