/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network: the appliance's own network at its start: addresses, routes, names and time, as a network-config says or, without
 * one, by DHCP and router advertisements.
 *
 * What is written by people is read by a child without privileges (confined.h), which answers with a plan of fixed size
 * (network_plan.h); this part, as root, checks the plan and puts it in force: static addresses and routes by netlink; for the rest it
 * writes the configuration of dhcpcd, which init then starts. dhcpcd's news come in through lease.h.
 *
 * Nothing here ends the start of the appliance: what is wrong is said (say.h), one line each, and the next best
 * holds: a network-config that can't be used is as good as none.
 *
 * Process: `configure`, as root, before anything listens. Single-threaded.
 * Not here: where network-config and settings come from (source.h); the networks of endpoints (posternd).
 */
#ifndef POSTERN_CONFIGURE_NETWORK_H
#define POSTERN_CONFIGURE_NETWORK_H

/* A larger network-config is refused. 8 interfaces with 32 routes each and comments fit many times. */
#define NETWORK_CONFIG_MAX_BYTES 65536u

/* Where it all lands: mode 0700, made by init. network.plan, dhcpcd.conf, chrony.conf, leases/. */
#define NETWORK_FOLDER "/run/postern/config"
/* What /etc/resolv.conf leads to: in a folder of its own, which sandboxes can allow. */
#define NETWORK_RESOLVER_FOLDER "/run/resolver"
#define NETWORK_RESOLVER_FILE NETWORK_RESOLVER_FOLDER "/resolv.conf"

/*
 * The first step of a start. `config_path` is the network-config, `settings_path` the settings (user-data) of local sources: of these
 * only the NICs matter that `networks` moves into an endpoint's namespace (`attachment: nic`), which are left alone. Either file may be
 * missing, or be anything. Returns 0, or a negative errno if no network could be set up at all (said already).
 */
int network_set_up(const char *config_path, const char *settings_path);

/*
 * Wait until every interface of the plan that gets its addresses by DHCP and is not `optional` has one, `timeout_ms` at most.
 * Returns 0 at once if there is nothing to wait for, -ETIMEDOUT with one line that names the interfaces.
 */
int network_wait(int timeout_ms);

/*
 * Once the settings have been judged, wherever they came from: NICs that `networks` has carry endpoints' links go up; chrony.conf, if
 * there is a source of time: `ntp_servers` of the settings at `settings_path`; else those that DHCP named (also later, by lease.h); besides
 * them Amazon's, on EC2, and the clock of the hypervisor. Says so if there is none. Returns 0 or a negative errno (said already).
 */
int network_complete(const char *settings_path);

#endif
