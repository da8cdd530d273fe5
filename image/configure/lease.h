/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lease: dhcpcd's script: what a DHCP server or a router told beyond addresses and routes, which dhcpcd itself puts in force.
 *
 * dhcpcd (its privileged process) runs it for each event with the facts in its environment: `reason`, `interface`, then the
 * options as new_… (DHCPv4), new_dhcp6_… and nd1_…. Their texts come from strangers: a child without privileges picks the few
 * that are of use and turns them into a record of fixed size. The record is kept in leases/ of NETWORK_FOLDER; the resolver's file
 * and chrony.conf are made anew from all records and the plan. A changed chrony.conf restarts chronyd (init does).
 *
 * Process: a program of its own, /usr/lib/postern/lease, the same file as `configure`, which calls lease_main() by that name.
 */
#ifndef POSTERN_CONFIGURE_LEASE_H
#define POSTERN_CONFIGURE_LEASE_H

/* The name under which the program is dhcpcd's script. */
#define LEASE_PROGRAM "/usr/lib/postern/lease"

/* One event, from the environment. Says what is new; dhcpcd passes it on. The exit status: 0, also for events that don't matter. */
int lease_main(void);

#endif
