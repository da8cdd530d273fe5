/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link: the network interfaces of an endpoint, by libnl: a veth pair to a bridge, a macvlan or an ipvlan on a NIC, or a NIC
 * moved in.
 *
 * link_create() and link_remove() work in posternd's own namespace; all that take an ifindex in that of the calling thread. Nothing goes up before its filter is on it: link_create() leaves the inner end down.
 * libnl's error codes are turned into negative errnos here, and libnl's types stay here.
 */
#ifndef POSTERN_NETNS_LINK_H
#define POSTERN_NETNS_LINK_H

#include <stdint.h>

#include "netns/config.h"
#include "netns/verbs.h"

/* An interface of an endpoint. */
struct link_plan {
	const struct netns_network *network; /* borrowed */
	const char *endpoint_id;             /* borrowed; becomes the link's alias */
	char outer_name
		[NETNS_INTERFACE_BYTES]; /* "pe" and 12 hex digits: of a veth pair; of others until link_take_in() */
	char inner_name[NETNS_INTERFACE_BYTES]; /* "eth0" …, or the NIC's own */
	/* The same whenever the endpoint is made again, so that no neighbour's cache is stale; of veth pairs and macvlans only. */
	uint8_t mac[6];
};

/* Fill `ret` for the endpoint's interface number `number` in `network`. Both pointers must outlive `ret`. */
void link_make_plan(
	struct link_plan *ret, const struct netns_network *network, const char *endpoint_id, unsigned int number);

/* Is what the network wants to attach to there, and of the right kind? 0, -ENODEV, or -EINVAL for an interface that is no bridge. */
int link_check_attachment(const struct netns_network *network) __attribute__((warn_unused_result));

/*
 * Make the interface with its inner end, down, in `namespace_fd`, where link_take_in() comes next. Returns 0 or a negative errno: -EPROTONOSUPPORT for a kernel without
 * that kind of link, -EBUSY for a NIC that is in other use; of both it reports what to do.
 */
int link_create(const struct link_plan *plan, int namespace_fd) __attribute__((warn_unused_result));
/* Remove what link_create() left in our namespace; for a NIC nothing. Returns 0, also if there is none, or a negative errno. */
int link_remove(const struct link_plan *plan);

/* Set the loopback interface of this thread's namespace up. Returns 0 or a negative errno. */
int link_raise_loopback(void) __attribute__((warn_unused_result));
/* In the namespace that link_create() made the inner end in: have it carry its own name. Returns its index, or a negative errno. */
int link_take_in(const struct link_plan *plan) __attribute__((warn_unused_result));
/* Index of the inner end in this thread's namespace, or a negative errno. */
int link_find(const struct link_plan *plan) __attribute__((warn_unused_result));
/* Give interface `ifindex` an address. Returns 0 or a negative errno. */
int link_add_address(int ifindex, const struct verb_address *address) __attribute__((warn_unused_result));
/* Set interface `ifindex` up. Returns 0 or a negative errno. */
int link_raise(int ifindex) __attribute__((warn_unused_result));
/*
 * Wait, a quarter of a second at most, until a veth pair whose inner end is up passes frames to its bridge: the kernel opens
 * the port a moment later, by work of its own. Other attachments pass at once. In posternd's own namespace.
 */
void link_wait_forwarding(const struct link_plan *plan);
/*
 * Have the kernel tell the neighbours (gratuitous ARP, unsolicited neighbour advertisement) which MAC the addresses of interface
 * `ifindex` have now: they may remember an earlier endpoint's. Best effort: a neighbour that is not told asks again in its time.
 */
void link_announce(int ifindex);
/* A default route by `gateway` over `ifindex`; a lower `metric` wins. Returns 0 or a negative errno. */
int link_add_default_route(int ifindex, const struct netns_address *gateway, uint32_t metric)
	__attribute__((warn_unused_result));
/* Remove interface `ifindex` of this thread's namespace. Returns 0 or a negative errno. */
int link_delete(int ifindex) __attribute__((warn_unused_result));
/* Move a NIC, down and without addresses, to `namespace_fd`. Returns 0 or a negative errno. */
int link_give_back(int ifindex, int namespace_fd) __attribute__((warn_unused_result));

#endif
