/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fixture: what an endpoint is made of in the kernel: its namespace, its interfaces with addresses and routes, the filter on
 * each of them. Built and torn down by what its record says, without any table of endpoints, so that a successor and
 * `posternd --down` use the same code.
 */
#ifndef POSTERN_NETNS_FIXTURE_H
#define POSTERN_NETNS_FIXTURE_H

#include <stdbool.h>

#include "ebpf/filter.h"
#include "netns/config.h"
#include "netns/link.h"
#include "netns/verbs.h"

/* May an endpoint have this address in this network: in the prefix and the pool, neither gateway, network nor broadcast? */
bool fixture_may_have(const struct netns_network *network, const struct verb_address *address);

/* The namespace of an endpoint: a descriptor, which the caller closes, or a negative errno. */
int fixture_open_namespace(const char *endpoint_id) __attribute__((warn_unused_result));

/*
 * Make namespace, interfaces, addresses and routes; `filter` is on every interface before it goes up. `networks` holds the
 * network of each address. Returns the namespace's descriptor, which the caller closes, or a negative errno; what was
 * made until then is left for fixture_tear_down().
 */
int fixture_build(const struct verb_endpoint_create *wanted, const struct netns_network *networks,
	struct filter *filter) __attribute__((warn_unused_result));

/*
 * Find the filter in force on the endpoint's interfaces. Returns 0 and `*ret`; -ENOENT if an interface or its filter is
 * missing: the endpoint is then not whole.
 */
int fixture_adopt(const struct verb_endpoint_create *wanted, const struct netns_network *networks, struct filter **ret)
	__attribute__((warn_unused_result));

/* Remove all of it that is there; NICs move to `own_namespace_fd`. Returns 0 or the first negative errno. */
int fixture_tear_down(const struct verb_endpoint_create *wanted, const struct netns_network *networks,
	int own_namespace_fd) __attribute__((warn_unused_result));

#endif
