/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_config: a network-config, version 2 (netplan's), read into a plan; or the plan of a machine that was given none.
 *
 * Understood: `network:` around it or not; `version: 2`; `ethernets`: each with match (macaddress, name, driver), set-name, addresses,
 * gateway4, gateway6, routes (to, via, metric, on-link), nameservers (addresses, search), dhcp4, dhcp6, accept-ra, mtu, optional. Other
 * keys are named and change nothing; a route with one is left out, as it would mean something else. A value that can't be used is named and left out,
 * and all the rest holds: the more of a network there is, the easier it is to mend it.
 *
 * Process: a confined child (confined.h); pure functions over bytes in memory, for tests and fuzzing, too. Texts go to `said`: one line
 * each, with the place: `network-config:3:9: ethernets.eth0.mtu: …`.
 * Source: https://netplan.readthedocs.io, "YAML configuration"; cloud-init's "Networking config Version 2".
 */
#ifndef POSTERN_CONFIGURE_NETWORK_CONFIG_H
#define POSTERN_CONFIGURE_NETWORK_CONFIG_H

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"
#include "image/configure/network_plan.h"

/* Settings: of the schema's own limit (SETTINGS_FILE_MAX_BYTES). */
#define NETWORK_SETTINGS_MAX_BYTES (256u * 1024)
/* Lines of what is wrong; more are cut off. */
#define NETWORK_SAID_MAX_BYTES 8192u

/* What is made of these two: */
struct network_wanted {
	struct view config;   /* the network-config; `at` NULL: there is none */
	struct view settings; /* the settings, which need not be sound; `at` NULL: there are none */
	const struct network_nics *nics;
};

/*
 * The plan of `wanted`, all of it. A network-config that can't be used (no YAML, version 1, no interface that this machine has) gives what
 * none at all does: DHCP and router advertisements on the first NIC that the settings' `networks` does not move.
 */
void network_config_plan(const struct network_wanted *wanted, struct network_plan *ret, struct buffer *said);

/* The NICs that `networks` of settings has carry links of endpoints, as a plan that has them do that and nothing else. */
void network_config_carriers(struct view settings, const struct network_nics *nics, struct network_plan *ret);

/* The names in `ntp_servers` of settings: addresses or domain names. Others are named and left out. */
#define NETWORK_TIME_SERVERS_MAX 8
struct network_time_servers {
	uint32_t count;
	char names[NETWORK_TIME_SERVERS_MAX][NETWORK_DOMAIN_BYTES];
};
void network_config_time(struct view settings, struct network_time_servers *ret, struct buffer *said);

#endif
