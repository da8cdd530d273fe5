/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * networks: the VPCs and subnets that the settings' table `networks` names, and addresses for endpoints in them.
 *
 * In local mode there is no table: the one VPC is that of the built-in endpoint.
 * Threads: the operations thread. Source: architecture, "The endpoint"; spec/endpoints.md 6.
 */
#ifndef POSTERN_CONTROL_NETWORKS_H
#define POSTERN_CONTROL_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "netns/config.h"

bool network_vpc_exists(struct call *call, const char *vpc_id);

/* Ids of all VPCs, each once: those of the settings, or that of local mode's endpoint. An array of texts that the caller owns. */
struct json *network_vpc_ids(struct call *call);

/* Index of the subnet in the settings' table, or -1. */
long network_find_subnet(const struct control *control, const char *subnet_id);

/* The VPC's default security group: an id derived from the VPC's. */
const char *network_default_group(struct call *call, const char *vpc_id);

/*
 * Text of an address of `family` in row `index` that no endpoint in `endpoints` (an array of vpcendpoint records) has. NULL
 * if the pool is used up, or the subnet has no such family.
 */
const char *network_take_address(struct call *call, size_t index, int family, const struct json *endpoints);

/*
 * The address (text) that a caller wishes for an endpoint in row `index`, in the form that network_take_address() gives: it
 * must lie within the prefix and be neither network, broadcast nor gateway. NULL if it may not be given; `*ret_taken` tells
 * whether that is because an endpoint in `endpoints` has it.
 */
const char *network_take_wished(
	struct call *call, size_t index, int family, const char *text, const struct json *endpoints, bool *ret_taken);

/* Has the subnet a prefix of the family? */
bool network_has_family(const struct control *control, size_t index, int family);

/* "10.20.0.0/24" */
const char *network_prefix_text(struct call *call, const struct netns_prefix *prefix);

#endif
