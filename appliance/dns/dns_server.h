/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_server: the alias server of one worker: answers DNS queries that come in by endpoints, over UDP and TCP, on the loop.
 *
 * UDP: queries are read and answered in batches (recvmmsg, sendmmsg); an answer leaves by the address that its query was
 * sent to. TCP (RFC 7766): several queries a connection, answered in order; connections are few, idle ones are closed after
 * DNS_SERVER_IDLE_MS, and one that does not read its answers is not read from. Refusals over UDP are limited in rate, so
 * that a forged source address can't make Postern a nuisance.
 *
 * Life cycle: dns_server_new() → dns_server_open() for each endpoint, dns_server_close() as endpoints go → dns_server_free().
 * Threads: a worker's loop. Snapshots are pinned in the worker's slot for each batch.
 * Not here: what is answered (lookup.h); forwarding: names that are not ours are refused.
 * Source: spec/domains.md 8; RFC 1035 4.2, RFC 7766.
 */
#ifndef POSTERN_DNS_DNS_SERVER_H
#define POSTERN_DNS_DNS_SERVER_H

#include "appliance/base/counters.h"
#include "appliance/base/view.h"
#include "appliance/loop/loop.h"

struct current;
struct dns_listener;
struct dns_server;

/* Queries of one batch. */
#define DNS_SERVER_BATCH 16
/* Longest query: a question takes at most 271 bytes; options may add some. Longer ones are dropped. */
#define DNS_SERVER_QUERY_MAX_BYTES 4096
/* TCP connections of one endpoint and worker; more wait in the kernel's queue. */
#define DNS_SERVER_CONNECTIONS_MAX 64
#define DNS_SERVER_IDLE_MS 5000
/* Refusals (REFUSED, FORMERR, NOTIMP, BADVERS) a second and endpoint over UDP; beyond they are dropped. */
#define DNS_SERVER_REFUSALS_PER_S 1000

/* `worker` is the slot of `current`; `counters` may be NULL. NULL with errno set if memory is exhausted. */
struct dns_server *dns_server_new(struct loop *loop, struct current *current, unsigned worker,
	struct counters_slot *counters) __attribute__((warn_unused_result));

/* Close all listeners and connections. NULL is fine. */
void dns_server_free(struct dns_server *server);

/*
 * Serve the endpoint `endpoint_id` (copied) on a bound UDP socket and a listening TCP socket, either may be -1. The server
 * owns both from now on and makes them non-blocking. Returns 0 or a negative errno, and then the descriptors stay the caller's.
 */
int dns_server_open(struct dns_server *server, struct view endpoint_id, int udp_fd, int tcp_fd,
	struct dns_listener **ret) __attribute__((warn_unused_result));

/* Close the sockets (or leave them open for whoever else serves them) and the listener's connections. */
void dns_server_close(struct dns_listener *listener, bool keep_fds);

#endif
