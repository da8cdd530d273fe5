/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_apply: the machine's NICs by netlink, and a plan put in force on them: names, MTU, addresses, routes.
 *
 * Nothing is undone: it runs once, at a start, on NICs that nobody has touched. What fails is said with its interface, and the rest
 * is done all the same. libnl's types stay here.
 * Process: `configure`, as root; single-threaded.
 */
#ifndef POSTERN_CONFIGURE_NETWORK_APPLY_H
#define POSTERN_CONFIGURE_NETWORK_APPLY_H

#include "image/configure/network_plan.h"

/* The Ethernet interfaces that are not made of others (and no ports of others). 0 or a negative errno. */
int network_find_nics(struct network_nics *ret) __attribute__((warn_unused_result));

/*
 * The plan, which network_plan_check() found sound for `nics`. Names are changed first; `nics` has the new ones afterwards. Returns the
 * number of steps that failed (each said).
 */
int network_apply(const struct network_plan *plan, struct network_nics *nics);

/*
 * The plan's routes again, as far as they are missing: dhcpcd takes away those to where it has a route itself, whatever their metrics. Says nothing.
 */
void network_restore_routes(const struct network_interface *interface);

/* Has interface `index` an address other than link-local ones that packets can leave from now? */
bool network_has_address(uint32_t index);

#endif
