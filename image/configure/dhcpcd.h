/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcpcd: the configuration of Debian's DHCP client for a plan.
 *
 * dhcpcd speaks DHCPv4, DHCPv6 and router discovery on the interfaces that want one of them and touches no others. It parts its
 * privileges itself: what meets the network runs as user `dhcpcd` in an empty folder.
 * Source: dhcpcd.conf(5), version 9.4.1.
 */
#ifndef POSTERN_CONFIGURE_DHCPCD_H
#define POSTERN_CONFIGURE_DHCPCD_H

#include <stdbool.h>

#include "appliance/base/buffer.h"
#include "image/configure/network_plan.h"

#define DHCPCD_CONFIG_MAX_BYTES 8192u

/* The text, appended to `ret`. False, and nothing is appended, if no interface wants it. */
bool dhcpcd_print(const struct network_plan *plan, const struct network_nics *nics, struct buffer *ret);

#endif
