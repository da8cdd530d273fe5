/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolver: addresses of back ends' host names, looked up by c-ares on the loop and kept as long as their TTL says.
 *
 * A name is asked for once however many wait for it. An address in text form is answered without a look-up. An answer holds
 * both families, interleaved (RFC 8305 section 4): the family that connected last comes first, IPv6 if none has yet, and
 * within a family the order rotates by one with each answer, so that connections spread over a name's addresses.
 * A name that does not exist is remembered for RESOLVER_NEGATIVE_MS. When no name server answers, an expired answer serves
 * on for RESOLVER_STALE_MS: back ends outlive their DNS.
 *
 * Sources: /etc/hosts, then the name servers of the settings, else those of /etc/resolv.conf, also when it has changed (a DHCP client
 * may write it late); never its search list.
 *
 * Its questions leave from the process's own network namespace, or from that of a stock of sockets, of which each look-up takes
 * some; one that has none yet waits for them. Without sockets a look-up fails as if no name server answered.
 *
 * Life cycle: resolver_new() → resolver_find() … → resolver_free(), which forgets the waiting queries.
 * Threads: belongs to its loop's thread; resolver_new() runs on one thread at a time (c-ares counts its users unlocked), unless it
 * is given a stock: then on any, and another one without must live longer.
 * Not here: whether an address may be connected to (destination.h).
 */
#ifndef POSTERN_OUTBOUND_RESOLVER_H
#define POSTERN_OUTBOUND_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "appliance/base/view.h"

struct loop;
struct resolver;
struct socket_stock;

/* Addresses of one name that are kept; a UDP answer of 512 bytes holds no more AAAA records than about 17. */
#define RESOLVER_ADDRESSES_MAX 8

/* Names that are kept; one entry takes about 600 bytes. Beyond, an entry that nobody waits for gives way. */
#define RESOLVER_NAMES_MAX 1024

/* Longest name in text form without the final dot (RFC 1035 2.3.4). */
#define RESOLVER_NAME_MAX_BYTES 253

#define RESOLVER_TTL_MIN_MS 1000   /* a TTL of 0 would mean a query for each connection */
#define RESOLVER_TTL_MAX_MS 300000 /* a mistyped TTL of a week is over after five minutes */
#define RESOLVER_NEGATIVE_MS 5000
#define RESOLVER_STALE_MS 600000

/* The system's file of name servers is looked at for a change at most so often, by look-ups. */
#define RESOLVER_SYSTEM_MS 1000
/* Its path, /etc/resolv.conf but for tests. */
extern const char *resolver_system_path;

union resolver_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct resolver_addresses {
	size_t count;
	union resolver_address list[RESOLVER_ADDRESSES_MAX]; /* ports are 0 */
};

struct resolver_entry;

/* One wait for a name, embedded in who waits. */
struct resolver_query {
	/* Called from the loop; `addresses` is NULL if there are none, and borrowed until the handler returns. */
	void (*done)(struct resolver_query *query, const struct resolver_addresses *addresses);
	struct resolver_entry *entry; /* private: what it waits for; NULL while it does not */
	struct resolver_query *next, **link;
};

enum resolver_answer {
	RESOLVER_READY,   /* `*ret` is filled; the query is not used */
	RESOLVER_WAITING, /* query->done will be called */
	RESOLVER_FAILED,  /* there is no such name, or no memory, or the name is malformed */
};

/*
 * `servers`: "10.0.0.2,[fd00::2]:5353", or NULL for /etc/resolv.conf. `stock`: whence sockets come, outlives the resolver; NULL:
 * they are made here. NULL with errno set on failure (EINVAL: bad servers).
 */
struct resolver *resolver_new(struct loop *loop, const char *servers, struct socket_stock *stock)
	__attribute__((warn_unused_result));
void resolver_free(struct resolver *resolver);

/* Addresses of `host` (name or address, no brackets). query->done must be set; it is never called from within this. */
enum resolver_answer resolver_find(
	struct resolver *resolver, struct view host, struct resolver_query *query, struct resolver_addresses *ret);

/* Stop waiting; harmless if the query does not wait. */
void resolver_cancel(struct resolver_query *query);

/* A connection to an address of `family` of this name succeeded: that family comes first from now on. */
void resolver_prefer(struct resolver *resolver, struct view host, sa_family_t family);

#endif
