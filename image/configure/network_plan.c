/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/network_plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static bool is_alphanumeric(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool network_plan_wants_dhcpcd(const struct network_interface *interface)
{
	return interface->dhcp4 || interface->dhcp6 || interface->advertisements == NETWORK_RA_YES;
}

/* Narrower than the kernel: no blanks, quotes or wildcards, which mean something to dhcpcd's configuration. */
bool network_name_is_sound(const char *name)
{
	size_t count = strnlen(name, NETWORK_NAME_BYTES);

	if (count == 0 || count == NETWORK_NAME_BYTES || !is_alphanumeric(*name))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_alphanumeric(name[i]) && (name[i] == '\0' || !strchr("._-", name[i])))
			return false;
	return true;
}

bool network_domain_is_sound(const char *name)
{
	size_t count = strnlen(name, NETWORK_DOMAIN_BYTES);

	if (count == 0 || count == NETWORK_DOMAIN_BYTES || *name == '.' || *name == '-')
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_alphanumeric(name[i]) &&
			(!strchr("._-", name[i]) || (name[i] == '.' && i > 0 && name[i - 1] == '.')))
			return false;
	return true;
}

void network_address_text(const struct network_address *address, char *ret)
{
	if (!inet_ntop(address->family, address->bytes, ret, INET6_ADDRSTRLEN))
		*ret = '\0';
}

int network_address_parse(const char *text, struct network_address *ret)
{
	*ret = (struct network_address){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(ret->family, text, ret->bytes) == 1 ? 0 : -EINVAL;
}

static bool address_is_sound(const struct network_address *address)
{
	return (address->family == AF_INET && address->prefix_bits <= 32) ||
	       (address->family == AF_INET6 && address->prefix_bits <= 128);
}

static bool names_are_sound(const struct network_names *names)
{
	if (names->server_count > NETWORK_NAME_SERVERS_MAX || names->search_count > NETWORK_SEARCH_MAX)
		return false;
	for (size_t i = 0; i < names->server_count; i++)
		if (!address_is_sound(&names->servers[i]))
			return false;
	for (size_t i = 0; i < names->search_count; i++)
		if (!network_domain_is_sound(names->search[i]))
			return false;
	return true;
}

static bool interface_is_sound(const struct network_interface *interface)
{
	if (interface->address_count > NETWORK_ADDRESSES_MAX || interface->route_count > NETWORK_ROUTES_MAX)
		return false;
	if (interface->dhcp4 > 1 || interface->dhcp6 > 1 || interface->optional > 1 ||
		interface->advertisements > NETWORK_RA_YES || interface->use > NETWORK_USE_MOVED)
		return false;
	if (interface->use != NETWORK_USE_OWN &&
		(interface->address_count || interface->route_count || network_plan_wants_dhcpcd(interface)))
		return false;
	if (interface->mtu && (interface->mtu < NETWORK_MTU_MIN || interface->mtu > NETWORK_MTU_MAX))
		return false;
	if (interface->new_name[0] && !network_name_is_sound(interface->new_name))
		return false;
	for (size_t i = 0; i < interface->address_count; i++)
		if (!address_is_sound(&interface->addresses[i]) || !interface->addresses[i].prefix_bits)
			return false;
	for (size_t i = 0; i < interface->route_count; i++)
		if (!address_is_sound(&interface->routes[i].to) || interface->routes[i].has_via > 1 ||
			interface->routes[i].on_link > 1)
			return false;
	return names_are_sound(&interface->names);
}

int network_plan_check(const struct network_plan *plan, const struct network_nics *nics)
{
	if (plan->magic != NETWORK_PLAN_MAGIC)
		return -EPROTO;
	if (plan->interface_count > NETWORK_INTERFACES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < plan->interface_count; i++) {
		size_t nic = 0;

		while (nic < nics->count && nics->at[nic].index != plan->interfaces[i].index)
			nic++;
		if (nic == nics->count || !interface_is_sound(&plan->interfaces[i]))
			return -EINVAL;
		for (size_t other = 0; other < i; other++)
			if (plan->interfaces[other].index == plan->interfaces[i].index)
				return -EINVAL;
	}
	return 0;
}

static bool has_interface(const struct network_plan *plan, uint32_t index)
{
	for (size_t i = 0; i < plan->interface_count; i++)
		if (plan->interfaces[i].index == index)
			return true;
	return false;
}

void network_plan_leave_out(struct network_plan *plan, const struct network_plan *other)
{
	uint32_t kept = 0;

	for (size_t i = 0; i < plan->interface_count; i++)
		if (!has_interface(other, plan->interfaces[i].index))
			plan->interfaces[kept++] = plan->interfaces[i];
	plan->interface_count = kept;
}

const char *network_nic_name(const struct network_nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->at[i].index == index)
			return nics->at[i].name;
	return NULL;
}
