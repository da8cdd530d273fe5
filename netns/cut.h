/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cut: ends the TCP connections of an endpoint whose peers its filter denies now. The filter alone refuses their next packet;
 * this makes both ends see the end at once: the kernel sends the peer an RST (nothing filters what goes out) and the
 * gateway's socket fails.
 *
 * The endpoint's sockets are listed by NETLINK_SOCK_DIAG in its namespace, each distinct peer is looked up in the kernel's own
 * table (filter_lookup), those that are denied are ended by SOCK_DESTROY. Connections that wait to be accepted count as well.
 * Works in rounds of bounded memory; a thread enters the namespace and the caller waits for it (netns/namespace).
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN, and a kernel with CONFIG_INET_DIAG and CONFIG_INET_DIAG_DESTROY.
 * Not here: whether to cut (netns/load).
 * Source: sock_diag(7); linux/inet_diag.h; ss(8), option -K.
 */
#ifndef POSTERN_NETNS_CUT_H
#define POSTERN_NETNS_CUT_H

#include <stdint.h>

#include "ebpf/filter.h"

/*
 * Cut every connection to TCP port `port` of namespace `namespace_fd` whose peer `filter` does not let through to HTTPS.
 * `*ret_count` is how many were cut, also on failure. Returns 0; -EOPNOTSUPP if the kernel can't, -E2BIG if denied
 * connections were left after the last round, or another negative errno. About 10–25 µs a connection cut, 5 µs one kept.
 */
int cut_denied(int namespace_fd, const struct filter *filter, uint16_t port, uint32_t *ret_count)
	__attribute__((warn_unused_result));

#endif
