/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host: what this machine's kernel can do, found by trying it in a throw-away network namespace.
 *
 * Each probe returns 0 if the thing works, or the negative errno that it failed with. Nothing outlives a probe.
 * Source: rtnetlink(7), tc-bpf(8), bpf(2).
 */
#ifndef POSTERN_CLI_HOST_H
#define POSTERN_CLI_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "netns/config.h"

/* Release of the running kernel, "6.1.0-18-amd64" → 6, 1. False if it can't be told. */
bool host_kernel(unsigned *ret_major, unsigned *ret_minor);

/* A network namespace can be made; a clsact queue discipline in it; a filter of kind "bpf"; a veth pair; a macvlan; an ipvlan. */
int host_try_namespace(void);
int host_try_clsact(void);
int host_try_bpf_filter(void);
int host_try_veth(void);
int host_try_macvlan(void);
int host_try_ipvlan(void);

/* A TCP socket can be ended from outside (SOCK_DESTROY of sock_diag(7)); -EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY. */
int host_try_destroy(void);

/* An LPM trie of BPF can be made. */
int host_try_bpf(void);

/* A TCP listener can be bound there. */
int host_try_bind(const struct netns_address *address);

/*
 * A PEM file of authorities can be read by that user, who is in that group alone; -EBADMSG if it holds no certificates. Who is not root
 * tries it himself.
 */
int host_try_authorities(const char *path, uid_t user, gid_t group);

/* The first name server of /etc/resolv.conf, as it stands there; "" for none. */
#define HOST_NAME_SERVER_BYTES 64
const char *host_name_server(char ret[HOST_NAME_SERVER_BYTES]);

/* Capabilities in force, bit n = capability n. */
unsigned long long host_capabilities(void);

#endif
