/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * destination: which addresses a back end may have.
 *
 * An integration's URI comes from whoever may edit an API, its host name from a DNS server that Postern does not own. So the
 * *resolved* address is judged, immediately before connect(), never the name: a name that resolves to a public address now
 * and to the metadata service a second later (DNS rebinding) gains nothing. Refused by default:
 *   - loopback, "this network", unspecified, multicast, broadcast: 127/8, 0/8, ::1, ::, 224/4, 240/4, ff00::/8;
 *   - link-local, which holds the metadata services: 169.254/16, fe80::/10, and AWS's fd00:ec2::/32;
 *   - Postern's own management addresses, as the settings list them.
 * An IPv4 address inside IPv6 (::ffff:0:0/96, 64:ff9b::/96, 2002::/16, ::/96) is judged as the IPv4 address that it is.
 * A setting lists exceptions by prefix (local mode lists loopback). At a management address that an exception covers, the
 * port of management stays refused: nobody gets to Postern's own management through Postern.
 *
 * Where a call leaves from another network namespace (outbound.h, "Places"), loopback is that namespace's: see
 * destination_is_own_host().
 *
 * Life cycle: a plain value, filled at start; then read-only. Threads: any number may read it. It does no I/O.
 * Source: architecture.md 9, "Back-end addresses that are loopback, link-local or the management address are refused".
 */
#ifndef POSTERN_OUTBOUND_DESTINATION_H
#define POSTERN_OUTBOUND_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Most exceptions and most management addresses that the settings may list: each is one line written by a person. */
#define DESTINATION_PREFIXES_MAX 64

/* One prefix: 16 bytes in network order (IPv4 as ::ffff:a.b.c.d) and its length in bits of those 128. */
struct destination_prefix {
	uint8_t address[16];
	uint8_t bits;
};

struct destination_rules {
	struct destination_prefix allowed[DESTINATION_PREFIXES_MAX]; /* exceptions from what is refused by default */
	size_t allowed_count;
	struct destination_prefix management[DESTINATION_PREFIXES_MAX]; /* full addresses */
	uint16_t management_ports[DESTINATION_PREFIXES_MAX];
	size_t management_count;
};

/*
 * Read `text` ("127.0.0.0/8", "::1", "fd00::/8"; a missing length means the full address) into `*ret`.
 *
 * Returns 0, or -EINVAL if it is no address, its length is out of range or it has bits behind its length.
 */
int destination_parse_prefix(struct destination_prefix *ret, const char *text) __attribute__((warn_unused_result));

/* Add an exception. Returns 0, -EINVAL (see destination_parse_prefix) or -ENOSPC beyond DESTINATION_PREFIXES_MAX. */
int destination_allow(struct destination_rules *rules, const char *text) __attribute__((warn_unused_result));

/* Add a management address (no prefix) and the port at which management listens there. Returns 0, -EINVAL or -ENOSPC. */
int destination_refuse_management(struct destination_rules *rules, const char *text, uint16_t port)
	__attribute__((warn_unused_result));

/* True if `address` is the very host that connects to it, whichever that is: loopback or unspecified, also as IPv4 in IPv6. */
bool destination_is_own_host(const struct sockaddr *address);

/* True if a back end may be at `address` and its port (AF_INET or AF_INET6; other families never). */
bool destination_is_allowed(const struct destination_rules *rules, const struct sockaddr *address);

#endif
