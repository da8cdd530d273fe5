/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/dhcpcd.h"

#include "image/configure/lease.h"

/*
 * Without probing for the address by ARP, which would cost seconds of every start: the server has looked. `persistent`: an
 * address stays when dhcpcd ends, or is started anew, until its lease is over.
 */
static const char head[] = "script " LEASE_PROGRAM "\n"
			   "duid\n"
			   "persistent\n"
			   "nodelay\n"
			   "noarp\n"
			   "noipv4ll\n"
			   "nodev\n"
			   "slaac hwaddr\n"
			   "vendorclassid postern\n"
			   "require dhcp_server_identifier\n"
			   "option rapid_commit\n"
			   "option domain_name_servers, domain_name, domain_search\n"
			   "option classless_static_routes\n"
			   "option interface_mtu\n"
			   "option ntp_servers\n"
			   "option dhcp6_name_servers, dhcp6_domain_search, dhcp6_ntp_server, dhcp6_sntp_servers\n";

static void print_interface(const struct network_interface *interface, const char *name, struct buffer *ret)
{
	bool asks_routers = interface->advertisements != NETWORK_RA_NO;

	buffer_printf(ret, "interface %s\n\tmetric %u\n", name, NETWORK_LEARNED_METRIC + interface->index % 1000);
	if (!interface->dhcp4)
		buffer_append_text(ret, "\tnoipv4\n");
	if (!interface->dhcp6 && !asks_routers)
		buffer_append_text(ret, "\tnoipv6\n");
	else if (!interface->dhcp6)
		buffer_append_text(ret, "\tnodhcp6\n");
	/* With routers, they say whether addresses come by DHCPv6. */
	else if (!asks_routers)
		buffer_append_text(ret, "\tnoipv6rs\n\tia_na\n");
}

bool dhcpcd_print(const struct network_plan *plan, const struct network_nics *nics, struct buffer *ret)
{
	bool any = false;

	for (size_t i = 0; i < plan->interface_count; i++)
		any = any || network_plan_wants_dhcpcd(&plan->interfaces[i]);
	if (!any)
		return false;
	buffer_append_text(ret, "allowinterfaces");
	for (size_t i = 0; i < plan->interface_count; i++)
		if (network_plan_wants_dhcpcd(&plan->interfaces[i]))
			buffer_printf(ret, " %s", network_nic_name(nics, plan->interfaces[i].index));
	buffer_append_text(ret, "\n");
	buffer_append_text(ret, head);
	for (size_t i = 0; i < plan->interface_count; i++)
		if (network_plan_wants_dhcpcd(&plan->interfaces[i]))
			print_interface(&plan->interfaces[i], network_nic_name(nics, plan->interfaces[i].index), ret);
	return true;
}
