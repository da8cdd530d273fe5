/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/network_apply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

#include "image/configure/say.h"

/* Between its old and its new name: a NIC may get the name that another one has now. */
#define TEMPORARY_NAME "postern%u"

/* ---- which NICs ---- */

static void find_driver(const char *name, char ret[32])
{
	char path[64], target[256];
	ssize_t count;
	const char *last;

	snprintf(path, sizeof path, "/sys/class/net/%s/device/driver", name);
	count = readlink(path, target, sizeof target - 1);
	target[count > 0 ? count : 0] = '\0';
	last = strrchr(target, '/');
	snprintf(ret, 32, "%.31s", last ? last + 1 : "");
}

/* No kind: a device's own. veth: what a NIC is in a container. */
static bool is_nic(struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link);
	struct nl_addr *mac = rtnl_link_get_addr(link);

	return rtnl_link_get_arptype(link) == ARPHRD_ETHER && (!type || strcmp(type, "veth") == 0) &&
	       !rtnl_link_get_master(link) && mac && nl_addr_get_len(mac) == 6 &&
	       network_name_is_sound(rtnl_link_get_name(link));
}

static void add_nic(struct network_nics *nics, struct rtnl_link *link)
{
	struct network_nic nic = { .index = (uint32_t)rtnl_link_get_ifindex(link) };
	size_t place = nics->count;

	snprintf(nic.name, sizeof nic.name, "%s", rtnl_link_get_name(link));
	memcpy(nic.mac, nl_addr_get_binary_addr(rtnl_link_get_addr(link)), sizeof nic.mac);
	find_driver(nic.name, nic.driver);
	while (place > 0 && nics->at[place - 1].index > nic.index)
		place--;
	memmove(&nics->at[place + 1], &nics->at[place], (nics->count - place) * sizeof nic);
	nics->at[place] = nic;
	nics->count++;
}

static int open_netlink(struct nl_sock **ret)
{
	struct nl_sock *netlink = nl_socket_alloc();
	int rc = netlink ? nl_connect(netlink, NETLINK_ROUTE) : -NLE_NOMEM;

	if (rc < 0) {
		say("netlink: %s", nl_geterror(rc));
		nl_socket_free(netlink);
		return -EIO;
	}
	*ret = netlink;
	return 0;
}

int network_find_nics(struct network_nics *ret)
{
	struct nl_sock *netlink;
	struct nl_cache *links;
	int error = open_netlink(&netlink);

	*ret = (struct network_nics){ .count = 0 };
	if (error)
		return error;
	error = rtnl_link_alloc_cache(netlink, AF_UNSPEC, &links) < 0 ? -EIO : 0;
	if (!error) {
		for (struct nl_object *object = nl_cache_get_first(links); object; object = nl_cache_get_next(object))
			if (ret->count < NETWORK_NICS_MAX && is_nic((struct rtnl_link *)object))
				add_nic(ret, (struct rtnl_link *)object);
		nl_cache_free(links);
	}
	nl_socket_free(netlink);
	return error;
}

static struct network_nic *find_nic(struct network_nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->at[i].index == index)
			return &nics->at[i];
	return NULL;
}

/* ---- links ---- */

/* `change` applied to interface `index`, and given back. */
static int change_link(struct nl_sock *netlink, uint32_t index, struct rtnl_link *change)
{
	struct rtnl_link *link = NULL;
	int rc = change ? rtnl_link_get_kernel(netlink, (int)index, NULL, &link) : -NLE_NOMEM;

	if (rc == 0)
		rc = rtnl_link_change(netlink, link, change, 0);
	if (link)
		rtnl_link_put(link);
	if (change)
		rtnl_link_put(change);
	return rc;
}

static int set_name(struct nl_sock *netlink, uint32_t index, const char *name)
{
	struct rtnl_link *change = rtnl_link_alloc();

	if (change)
		rtnl_link_set_name(change, name);
	return change_link(netlink, index, change);
}

/* All of them leave their old names before the first gets its new one. */
static int rename_all(struct nl_sock *netlink, const struct network_plan *plan, struct network_nics *nics)
{
	int failed = 0;
	char name[NETWORK_NAME_BYTES];

	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct network_interface *interface = &plan->interfaces[i];
		struct network_nic *nic = find_nic(nics, interface->index);

		snprintf(name, sizeof name, TEMPORARY_NAME, interface->index);
		if (*interface->new_name && strcmp(interface->new_name, nic->name) != 0 &&
			set_name(netlink, nic->index, name) == 0)
			memcpy(nic->name, name, sizeof nic->name);
	}
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct network_interface *interface = &plan->interfaces[i];
		struct network_nic *nic = find_nic(nics, interface->index);
		int rc;

		if (!*interface->new_name || strcmp(interface->new_name, nic->name) == 0)
			continue;
		rc = set_name(netlink, nic->index, interface->new_name);
		if (rc == 0) {
			memcpy(nic->name, interface->new_name, sizeof nic->name);
		} else {
			say("%s can't be named %s: %s", nic->name, interface->new_name, nl_geterror(rc));
			failed++;
		}
	}
	return failed;
}

static int raise_link(struct nl_sock *netlink, const struct network_interface *interface)
{
	struct rtnl_link *change = rtnl_link_alloc();

	if (change && interface->mtu)
		rtnl_link_set_mtu(change, interface->mtu);
	if (change && interface->use != NETWORK_USE_MOVED)
		rtnl_link_set_flags(change, IFF_UP);
	return change_link(netlink, interface->index, change);
}

/* Of net.ipv6.conf. A kernel without IPv6 has none of them, and no need for any. */
static void set_ipv6(const char *name, const char *key, const char *value)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		say("%s: %s: %s", name, key, strerror(errno));
	close(fd);
}

/* Before the interface is up: the kernel asks for routers as soon as it is. */
static void set_ipv6_ways(const struct network_interface *interface, const char *name)
{
	bool by_kernel = interface->advertisements == NETWORK_RA_KERNEL && !network_plan_wants_dhcpcd(interface);
	char metric[16];

	if (interface->use != NETWORK_USE_OWN) {
		/* Not even a link-local address: nothing of this machine is to be reached from there. */
		set_ipv6(name, "disable_ipv6", "1");
		return;
	}
	/* 2: also on a machine that forwards. */
	set_ipv6(name, "accept_ra", by_kernel ? "2" : "0");
	snprintf(metric, sizeof metric, "%d", NETWORK_LEARNED_METRIC);
	set_ipv6(name, "ra_defrtr_metric", metric);
	/* A static address can be listened on at once, and is still looked for on the link. */
	set_ipv6(name, "optimistic_dad", "1");
}

/* ---- addresses and routes ---- */

static struct nl_addr *build(const struct network_address *address)
{
	uint8_t bytes[16];
	struct nl_addr *made;

	memcpy(bytes, address->bytes, sizeof bytes);
	made = nl_addr_build(address->family, bytes, address->family == AF_INET ? 4 : 16);
	if (made)
		nl_addr_set_prefixlen(made, address->prefix_bits);
	return made;
}

static int add_address(struct nl_sock *netlink, uint32_t index, const struct network_address *address)
{
	struct nl_addr *local = build(address);
	struct rtnl_addr *added = rtnl_addr_alloc();
	int rc = local && added ? 0 : -NLE_NOMEM;

	if (rc == 0) {
		rtnl_addr_set_ifindex(added, (int)index);
		rc = rtnl_addr_set_local(added, local);
		if (address->family == AF_INET6)
			rtnl_addr_set_flags(added, IFA_F_OPTIMISTIC);
	}
	if (rc == 0)
		rc = rtnl_addr_add(netlink, added, 0);
	if (added)
		rtnl_addr_put(added);
	if (local)
		nl_addr_put(local);
	return rc;
}

static int set_next_hop(struct rtnl_route *added, uint32_t index, const struct network_route *route)
{
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct network_address via = { .family = route->to.family,
		.prefix_bits = route->to.family == AF_INET ? 32 : 128 };
	struct nl_addr *gateway = NULL;

	if (!hop)
		return -NLE_NOMEM;
	rtnl_route_nh_set_ifindex(hop, (int)index);
	if (route->has_via) {
		memcpy(via.bytes, route->via, sizeof via.bytes);
		gateway = build(&via);
		if (gateway)
			rtnl_route_nh_set_gateway(hop, gateway);
		nl_addr_put(gateway);
	}
	if (route->on_link)
		rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
	rtnl_route_add_nexthop(added, hop);
	return !route->has_via || gateway ? 0 : -NLE_NOMEM;
}

static int add_route(struct nl_sock *netlink, uint32_t index, const struct network_route *route)
{
	struct nl_addr *to = build(&route->to);
	struct rtnl_route *added = rtnl_route_alloc();
	int rc = to && added ? 0 : -NLE_NOMEM;

	if (rc == 0) {
		rtnl_route_set_family(added, route->to.family);
		rtnl_route_set_table(added, RT_TABLE_MAIN);
		rtnl_route_set_protocol(added, RTPROT_STATIC);
		rtnl_route_set_scope(added, route->has_via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
		rtnl_route_set_type(added, RTN_UNICAST);
		if (route->metric)
			rtnl_route_set_priority(added, route->metric);
		rc = rtnl_route_set_dst(added, to);
	}
	if (rc == 0)
		rc = set_next_hop(added, index, route);
	if (rc == 0)
		rc = rtnl_route_add(netlink, added, NLM_F_CREATE | NLM_F_EXCL);
	if (added)
		rtnl_route_put(added);
	if (to)
		nl_addr_put(to);
	return rc;
}

static void say_route(const char *name, const struct network_route *route, const char *why)
{
	struct network_address via = { .family = route->to.family };
	char to_text[INET6_ADDRSTRLEN], via_text[INET6_ADDRSTRLEN];

	memcpy(via.bytes, route->via, sizeof via.bytes);
	network_address_text(&route->to, to_text);
	network_address_text(&via, via_text);
	say("%s: route to %s/%u via %s: %s%s", name, to_text, route->to.prefix_bits,
		route->has_via ? via_text : "nobody", why,
		route->has_via && !route->on_link
			? " (a gateway outside of the interface's prefixes needs `on-link: true`)"
			: "");
}

/* Addresses and routes; one that is there already is as it should be. */
static int add_all(struct nl_sock *netlink, const struct network_interface *interface, const char *name)
{
	char text[INET6_ADDRSTRLEN];
	int failed = 0, rc;

	for (size_t i = 0; i < interface->address_count; i++) {
		rc = add_address(netlink, interface->index, &interface->addresses[i]);
		if (rc == 0 || rc == -NLE_EXIST)
			continue;
		network_address_text(&interface->addresses[i], text);
		say("%s: address %s: %s", name, text, nl_geterror(rc));
		failed++;
	}
	for (size_t i = 0; i < interface->route_count; i++) {
		rc = add_route(netlink, interface->index, &interface->routes[i]);
		if (rc == 0 || rc == -NLE_EXIST)
			continue;
		say_route(name, &interface->routes[i], nl_geterror(rc));
		failed++;
	}
	return failed;
}

static int apply_one(struct nl_sock *netlink, const struct network_interface *interface, const char *name)
{
	int failed = 0, rc;

	set_ipv6_ways(interface, name);
	rc = raise_link(netlink, interface);
	if (rc < 0) {
		say("%s can't be set up: %s", name, nl_geterror(rc));
		failed++;
	}
	return failed + add_all(netlink, interface, name);
}

void network_restore_routes(const struct network_interface *interface)
{
	struct nl_sock *netlink;

	if (open_netlink(&netlink) < 0)
		return;
	/* What fails has been said when the network was set up. */
	for (size_t i = 0; i < interface->route_count; i++)
		(void)add_route(netlink, interface->index, &interface->routes[i]);
	nl_socket_free(netlink);
}

int network_apply(const struct network_plan *plan, struct network_nics *nics)
{
	struct nl_sock *netlink;
	int failed;

	if (open_netlink(&netlink) < 0)
		return 1;
	failed = rename_all(netlink, plan, nics);
	for (size_t i = 0; i < plan->interface_count; i++)
		failed += apply_one(netlink, &plan->interfaces[i], network_nic_name(nics, plan->interfaces[i].index));
	nl_socket_free(netlink);
	return failed;
}

/* ---- what is there ---- */

static bool is_of_use(struct rtnl_addr *address)
{
	struct nl_addr *local = rtnl_addr_get_local(address);
	const uint8_t *bytes = local ? nl_addr_get_binary_addr(local) : NULL;
	unsigned int flags = rtnl_addr_get_flags(address);

	if (!bytes)
		return false;
	if (rtnl_addr_get_family(address) == AF_INET)
		return true;
	/* fe80::/10; and addresses whose owner is still being looked for. */
	return !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) && !(flags & IFA_F_DADFAILED) &&
	       (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC);
}

bool network_has_address(uint32_t index)
{
	struct nl_sock *netlink;
	struct nl_cache *addresses;
	bool found = false;

	if (open_netlink(&netlink) < 0)
		return false;
	if (rtnl_addr_alloc_cache(netlink, &addresses) == 0) {
		for (struct nl_object *object = nl_cache_get_first(addresses); object && !found;
			object = nl_cache_get_next(object))
			found = rtnl_addr_get_ifindex((struct rtnl_addr *)object) == (int)index &&
				is_of_use((struct rtnl_addr *)object);
		nl_cache_free(addresses);
	}
	nl_socket_free(netlink);
	return found;
}
