/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease_facts: the few facts of an event of dhcpcd that matter here, out of its environment: name servers, domains, time servers.
 *
 * What a variable holds was written by a stranger and formatted by dhcpcd; what is no address or no domain name is left out, and what is
 * more than there is room for.
 * Process: a confined child (confined.h). Pure.
 */
#ifndef POSTERN_CONFIGURE_LEASE_FACTS_H
#define POSTERN_CONFIGURE_LEASE_FACTS_H

#include "image/configure/network_state.h"

struct lease_facts_source {
	const char *const *environment; /* NAME=VALUE …, NULL last */
	enum network_lease_kind kind;
};

/* All of `ret` but its index. */
void lease_facts_read(const struct lease_facts_source *source, struct network_lease *ret);

#endif
