/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockets: listening and other sockets, made in the calling thread's network namespace, and the check of those handed back.
 * All are close-on-exec and non-blocking.
 */
#ifndef POSTERN_NETNS_SOCKETS_H
#define POSTERN_NETNS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/config.h"

/*
 * A bound socket of `type` (SOCK_STREAM: listening with `backlog`; SOCK_DGRAM: reporting the address asked) at `address`;
 * family 0: the wildcard of both families (of IPv4 alone where the kernel has no IPv6). `shared` sets SO_REUSEPORT.
 * Returns the descriptor, which the caller closes, or a negative errno.
 */
int sockets_open(const struct netns_address *address, int type, bool shared, uint32_t backlog)
	__attribute__((warn_unused_result));

/*
 * A socket of `family` (AF_INET or AF_INET6) and `type` that is neither bound nor connected. Returns the descriptor, which the
 * caller closes, or a negative errno.
 */
int sockets_open_unbound(int family, int type) __attribute__((warn_unused_result));

/*
 * Is `fd` a socket as sockets_open() made it with the same address and type, in the namespace of `namespace_cookie` (0:
 * not compared)? For what comes back from a child.
 */
bool sockets_is(int fd, const struct netns_address *address, int type, uint64_t namespace_cookie);

/* Are both descriptors of one and the same socket? */
bool sockets_are_same(int a, int b);

/* The cookie of the namespace that socket `fd` lives in, or 0. */
uint64_t sockets_namespace_cookie(int fd);

/* "127.0.0.1:443" or "[::1]:443" into `text`. */
#define SOCKETS_TEXT_BYTES 64
const char *sockets_text(const struct netns_address *address, char text[SOCKETS_TEXT_BYTES]);

#endif
