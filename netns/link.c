/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/link.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <netlink/addr.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipvlan.h>
#include <netlink/route/link/macvlan.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

#include "netns/report.h"

/* How long a bridge may take to open a port that has its carrier; with spanning tree it takes longer than anybody can wait. */
#define LINK_FORWARDING_MS 250
/* IF_OPER_UP of <linux/if.h>, which does not go with <net/if.h>. */
#define OPERATIONALLY_UP 6

/* libnl's codes are its own; only those that callers tell apart are translated one by one. */
static int to_errno(int nl_code)
{
	switch (-nl_code) {
	case NLE_SUCCESS:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_OBJ_NOTFOUND:
	case NLE_NODEV:
	case NLE_NOADDR:
		return -ENODEV;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	}
	return -EIO;
}

/* A netlink socket of this thread's namespace, which the caller frees. */
static int open_netlink(struct nl_sock **ret)
{
	struct nl_sock *netlink = nl_socket_alloc();
	int rc;

	if (!netlink)
		return -ENOMEM;
	rc = nl_connect(netlink, NETLINK_ROUTE);
	if (rc < 0) {
		nl_socket_free(netlink);
		return to_errno(rc);
	}
	*ret = netlink;
	return 0;
}

/* FNV-1a: spreads ids over 48 bits; nobody gains anything by a collision but a refused endpoint. */
static uint64_t hash(const char *text, unsigned int number)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3u;
	/* The first interface's name is the hash of the id alone. */
	for (; number; number >>= 8)
		sum = (sum ^ (number & 0xff)) * 0x100000001b3u;
	return (sum ^ sum >> 48) & 0xffffffffffffu;
}

void link_make_plan(
	struct link_plan *ret, const struct netns_network *network, const char *endpoint_id, unsigned int number)
{
	uint64_t name = hash(endpoint_id, number);

	*ret = (struct link_plan){ .network = network, .endpoint_id = endpoint_id };
	snprintf(ret->outer_name, sizeof ret->outer_name, "pe%012llx", (unsigned long long)name);
	if (network->attachment == NETNS_ATTACH_NIC)
		memcpy(ret->inner_name, network->interface, sizeof ret->inner_name);
	else
		snprintf(ret->inner_name, sizeof ret->inner_name, "eth%u", number);
	/* Locally administered, unicast. */
	ret->mac[0] = 0x02;
	for (int i = 1; i < 6; i++)
		ret->mac[i] = (uint8_t)(name >> (8 * (5 - i)));
}

static int get_link(struct nl_sock *netlink, const char *name, struct rtnl_link **ret)
{
	return to_errno(rtnl_link_get_kernel(netlink, 0, name, ret));
}

int link_check_attachment(const struct netns_network *network)
{
	struct nl_sock *netlink;
	struct rtnl_link *link;
	const char *type;
	int rc = open_netlink(&netlink);

	if (rc < 0)
		return rc;
	rc = get_link(netlink, network->interface, &link);
	if (rc == 0) {
		type = rtnl_link_get_type(link);
		if (network->attachment == NETNS_ATTACH_BRIDGE && (!type || strcmp(type, "bridge") != 0))
			rc = -EINVAL;
		rtnl_link_put(link);
	}
	nl_socket_free(netlink);
	return rc;
}

/* Alias and bridge can't be given when a link is made: they are a change of the finished one. */
static int finish_outer(struct nl_sock *netlink, const struct link_plan *plan, int bridge_index)
{
	struct rtnl_link *link, *change = rtnl_link_alloc();
	int rc = change ? get_link(netlink, plan->outer_name, &link) : -ENOMEM;

	if (rc == 0) {
		rtnl_link_set_ifalias(change, plan->endpoint_id);
		rtnl_link_set_master(change, bridge_index);
		rtnl_link_set_flags(change, IFF_UP);
		rc = to_errno(rtnl_link_change(netlink, link, change, 0));
		rtnl_link_put(link);
	}
	if (change)
		rtnl_link_put(change);
	return rc;
}

static void set_mac(struct rtnl_link *link, const uint8_t mac[6])
{
	uint8_t bytes[6];
	struct nl_addr *address;

	memcpy(bytes, mac, sizeof bytes);
	address = nl_addr_build(AF_LLC, bytes, sizeof bytes);
	if (!address)
		return; /* out of memory: the kernel then chooses an address, which works too */
	rtnl_link_set_addr(link, address);
	nl_addr_put(address);
}

static int create_veth(
	struct nl_sock *netlink, const struct link_plan *plan, struct rtnl_link *bridge, int namespace_fd)
{
	unsigned int mtu_bytes = plan->network->mtu_bytes ? plan->network->mtu_bytes : rtnl_link_get_mtu(bridge);
	struct rtnl_link *outer = rtnl_link_veth_alloc(), *inner;
	int rc;

	if (!outer)
		return -ENOMEM;
	inner = rtnl_link_veth_get_peer(outer);
	rtnl_link_set_name(outer, plan->outer_name);
	rtnl_link_set_mtu(outer, mtu_bytes);
	rtnl_link_set_name(inner, plan->inner_name);
	rtnl_link_set_mtu(inner, mtu_bytes);
	set_mac(inner, plan->mac);
	rtnl_link_set_ns_fd(inner, namespace_fd);
	rc = to_errno(rtnl_link_add(netlink, outer, NLM_F_CREATE | NLM_F_EXCL));
	rtnl_link_put(inner);
	rtnl_link_veth_release(outer);
	if (rc < 0)
		return rc;
	rc = finish_outer(netlink, plan, rtnl_link_get_ifindex(bridge));
	if (rc < 0)
		(void)link_remove(plan);
	return rc;
}

/*
 * By its outer name, which is nobody else's: the kernel looks for the name in our namespace too, and the NIC may well be eth0.
 * link_take_in() gives it its own.
 */
static int create_macvlan(
	struct nl_sock *netlink, const struct link_plan *plan, struct rtnl_link *nic, int namespace_fd)
{
	struct rtnl_link *link = rtnl_link_macvlan_alloc();
	int rc;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, plan->outer_name);
	rtnl_link_set_link(link, rtnl_link_get_ifindex(nic));
	rtnl_link_set_mtu(link, plan->network->mtu_bytes ? plan->network->mtu_bytes : rtnl_link_get_mtu(nic));
	set_mac(link, plan->mac);
	rtnl_link_set_ns_fd(link, namespace_fd);
	rc = to_errno(rtnl_link_macvlan_set_mode(link, (uint32_t)rtnl_link_macvlan_str2mode("bridge")));
	if (rc == 0)
		rc = to_errno(rtnl_link_add(netlink, link, NLM_F_CREATE | NLM_F_EXCL));
	rtnl_link_put(link);
	return rc;
}

/* No MAC address of its own: the kernel gives it the NIC's. L2 is what lets the ingress hook of its own namespace see all packets. */
static int create_ipvlan(struct nl_sock *netlink, const struct link_plan *plan, struct rtnl_link *nic, int namespace_fd)
{
	struct rtnl_link *link = rtnl_link_ipvlan_alloc();
	int rc;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, plan->outer_name);
	rtnl_link_set_link(link, rtnl_link_get_ifindex(nic));
	rtnl_link_set_mtu(link, plan->network->mtu_bytes ? plan->network->mtu_bytes : rtnl_link_get_mtu(nic));
	rtnl_link_set_ns_fd(link, namespace_fd);
	rc = to_errno(rtnl_link_ipvlan_set_mode(link, (uint16_t)rtnl_link_ipvlan_str2mode("l2")));
	if (rc == 0)
		rc = to_errno(rtnl_link_add(netlink, link, NLM_F_CREATE | NLM_F_EXCL));
	rtnl_link_put(link);
	return rc;
}

/* The kernel's own words for these say nothing of what is to be done. Returns what the caller is told. */
static int explain(const struct netns_network *network, int error)
{
	const char *kind = network->attachment == NETNS_ATTACH_IPVLAN ? "ipvlan" : "macvlan", *other = "macvlan";

	if (network->attachment == NETNS_ATTACH_MACVLAN)
		other = "ipvlan";
	else if (network->attachment != NETNS_ATTACH_IPVLAN)
		return error;
	if (error == -EOPNOTSUPP) {
		report(REPORT_ERROR,
			"network %s: this kernel makes no %s links: load its module (modprobe %s), boot a kernel that "
			"has it, or change `attachment`",
			network->subnet_id, kind, kind);
		return -EPROTONOSUPPORT; /* what is asked of a posternd that makes no endpoints at all is EOPNOTSUPP */
	}
	if (error == -EBUSY)
		report(REPORT_ERROR,
			"network %s: %s can't carry %s links: it is a port of a bridge or carries %s links; take it "
			"from there or change `interface`",
			network->subnet_id, network->interface, kind, other);
	return error;
}

/* Down first: a NIC that is up would bring its traffic along before the filter is on it. */
static int move(struct nl_sock *netlink, struct rtnl_link *nic, int namespace_fd)
{
	struct rtnl_link *down = rtnl_link_alloc(), *away = rtnl_link_alloc();
	int rc = down && away ? 0 : -ENOMEM;

	if (rc == 0) {
		rtnl_link_unset_flags(down, IFF_UP);
		rc = to_errno(rtnl_link_change(netlink, nic, down, 0));
	}
	if (rc == 0) {
		rtnl_link_set_ns_fd(away, namespace_fd);
		rc = to_errno(rtnl_link_change(netlink, nic, away, 0));
	}
	if (down)
		rtnl_link_put(down);
	if (away)
		rtnl_link_put(away);
	return rc;
}

int link_create(const struct link_plan *plan, int namespace_fd)
{
	struct nl_sock *netlink;
	struct rtnl_link *attachment;
	int rc = open_netlink(&netlink);

	if (rc < 0)
		return rc;
	rc = get_link(netlink, plan->network->interface, &attachment);
	if (rc == 0) {
		if (plan->network->attachment == NETNS_ATTACH_BRIDGE)
			rc = create_veth(netlink, plan, attachment, namespace_fd);
		else if (plan->network->attachment == NETNS_ATTACH_MACVLAN)
			rc = create_macvlan(netlink, plan, attachment, namespace_fd);
		else if (plan->network->attachment == NETNS_ATTACH_IPVLAN)
			rc = create_ipvlan(netlink, plan, attachment, namespace_fd);
		else
			rc = move(netlink, attachment, namespace_fd);
		rtnl_link_put(attachment);
		rc = explain(plan->network, rc);
	}
	nl_socket_free(netlink);
	return rc;
}

int link_remove(const struct link_plan *plan)
{
	struct nl_sock *netlink;
	struct rtnl_link *link;
	int rc;

	if (plan->network->attachment != NETNS_ATTACH_BRIDGE)
		return 0;
	rc = open_netlink(&netlink);
	if (rc < 0)
		return rc;
	rc = get_link(netlink, plan->outer_name, &link);
	if (rc == 0) {
		rc = to_errno(rtnl_link_delete(netlink, link));
		rtnl_link_put(link);
	}
	nl_socket_free(netlink);
	return rc == -ENODEV ? 0 : rc;
}

int link_find(const struct link_plan *plan)
{
	unsigned int ifindex = if_nametoindex(plan->inner_name);

	return ifindex ? (int)ifindex : -ENODEV;
}

int link_take_in(const struct link_plan *plan)
{
	unsigned int ifindex = if_nametoindex(plan->outer_name);
	struct rtnl_link *link, *change;
	struct nl_sock *netlink;
	int rc;

	if (!ifindex)
		return link_find(plan);
	rc = open_netlink(&netlink);
	if (rc < 0)
		return rc;
	change = rtnl_link_alloc();
	rc = change ? to_errno(rtnl_link_get_kernel(netlink, (int)ifindex, NULL, &link)) : -ENOMEM;
	if (rc == 0) {
		rtnl_link_set_name(change, plan->inner_name);
		rc = to_errno(rtnl_link_change(netlink, link, change, 0));
		rtnl_link_put(link);
	}
	if (change)
		rtnl_link_put(change);
	nl_socket_free(netlink);
	return rc < 0 ? rc : (int)ifindex;
}

int link_raise(int ifindex)
{
	struct nl_sock *netlink;
	struct rtnl_link *link, *change = rtnl_link_alloc();
	int rc = change ? open_netlink(&netlink) : -ENOMEM;

	if (rc == 0) {
		rc = to_errno(rtnl_link_get_kernel(netlink, ifindex, NULL, &link));
		if (rc == 0) {
			rtnl_link_set_flags(change, IFF_UP);
			rc = to_errno(rtnl_link_change(netlink, link, change, 0));
			rtnl_link_put(link);
		}
		nl_socket_free(netlink);
	}
	if (change)
		rtnl_link_put(change);
	return rc;
}

void link_wait_forwarding(const struct link_plan *plan)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct nl_sock *netlink;
	struct rtnl_link *link;
	bool up = false;

	if (plan->network->attachment != NETNS_ATTACH_BRIDGE || open_netlink(&netlink) < 0)
		return;
	for (int i = 0; i < LINK_FORWARDING_MS && !up; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		if (get_link(netlink, plan->outer_name, &link) < 0)
			break;
		up = rtnl_link_get_operstate(link) == OPERATIONALLY_UP;
		rtnl_link_put(link);
	}
	nl_socket_free(netlink);
}

/*
 * The kernel announces addresses after a change of the MAC (arp_notify, ndisc_notify), also if the new one is the old one. An
 * ipvlan refuses one; the kernel announced its addresses when it went up, and there is no port to open that they got lost at.
 */
void link_announce(int ifindex)
{
	struct nl_sock *netlink;
	struct rtnl_link *link, *change;

	if (open_netlink(&netlink) < 0)
		return;
	change = rtnl_link_alloc();
	if (change && rtnl_link_get_kernel(netlink, ifindex, NULL, &link) == 0) {
		rtnl_link_set_addr(change, rtnl_link_get_addr(link));
		(void)rtnl_link_change(netlink, link, change, 0);
		rtnl_link_put(link);
	}
	if (change)
		rtnl_link_put(change);
	nl_socket_free(netlink);
}

int link_raise_loopback(void)
{
	unsigned int ifindex = if_nametoindex("lo");

	return ifindex ? link_raise((int)ifindex) : -ENODEV;
}

static size_t address_bytes(unsigned int family)
{
	return family == AF_INET ? 4 : 16;
}

int link_add_address(int ifindex, const struct verb_address *address)
{
	struct rtnl_addr *wanted = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(address->family, address->bytes, address_bytes(address->family));
	struct nl_sock *netlink;
	int rc = wanted && local ? open_netlink(&netlink) : -ENOMEM;

	if (rc == 0) {
		nl_addr_set_prefixlen(local, address->prefix_bits);
		rtnl_addr_set_ifindex(wanted, ifindex);
		rc = to_errno(rtnl_addr_set_local(wanted, local));
		/* Control gives each address once; waiting a second for duplicates would delay every endpoint. */
		if (address->family == AF_INET6)
			rtnl_addr_set_flags(wanted, IFA_F_NODAD);
		if (rc == 0)
			rc = to_errno(rtnl_addr_add(netlink, wanted, NLM_F_REPLACE));
		nl_socket_free(netlink);
	}
	if (wanted)
		rtnl_addr_put(wanted);
	if (local)
		nl_addr_put(local);
	return rc;
}

/* Fill `route` with a default route over one next hop, which it then owns. */
static int make_route(struct rtnl_route *route, int ifindex, const struct netns_address *gateway, uint32_t metric)
{
	struct nl_addr *any = nl_addr_build(gateway->family, NULL, 0);
	struct nl_addr *by = nl_addr_build(gateway->family, gateway->bytes, address_bytes(gateway->family));
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	int rc = any && by && hop ? 0 : -ENOMEM;

	if (rc == 0) {
		nl_addr_set_prefixlen(any, 0);
		rtnl_route_set_family(route, (uint8_t)gateway->family);
		rtnl_route_set_table(route, RT_TABLE_MAIN);
		rtnl_route_set_protocol(route, RTPROT_STATIC);
		rtnl_route_set_priority(route, metric);
		rc = to_errno(rtnl_route_set_dst(route, any));
		rtnl_route_nh_set_ifindex(hop, ifindex);
		rtnl_route_nh_set_gateway(hop, by);
	}
	if (rc == 0) {
		rtnl_route_add_nexthop(route, hop);
		hop = NULL;
	}
	if (hop)
		rtnl_route_nh_free(hop);
	if (any)
		nl_addr_put(any);
	if (by)
		nl_addr_put(by);
	return rc;
}

int link_add_default_route(int ifindex, const struct netns_address *gateway, uint32_t metric)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_sock *netlink;
	int rc = route ? make_route(route, ifindex, gateway, metric) : -ENOMEM;

	if (rc == 0)
		rc = open_netlink(&netlink);
	if (rc == 0) {
		rc = to_errno(rtnl_route_add(netlink, route, NLM_F_CREATE | NLM_F_REPLACE));
		nl_socket_free(netlink);
	}
	if (route)
		rtnl_route_put(route);
	return rc;
}

int link_give_back(int ifindex, int namespace_fd)
{
	struct nl_sock *netlink;
	struct rtnl_link *link;
	int rc = open_netlink(&netlink);

	if (rc < 0)
		return rc;
	rc = to_errno(rtnl_link_get_kernel(netlink, ifindex, NULL, &link));
	if (rc == 0) {
		rc = move(netlink, link, namespace_fd);
		rtnl_link_put(link);
	}
	nl_socket_free(netlink);
	return rc;
}

int link_delete(int ifindex)
{
	struct nl_sock *netlink;
	struct rtnl_link *link;
	int rc = open_netlink(&netlink);

	if (rc < 0)
		return rc;
	rc = to_errno(rtnl_link_get_kernel(netlink, ifindex, NULL, &link));
	if (rc == 0) {
		rc = to_errno(rtnl_link_delete(netlink, link));
		rtnl_link_put(link);
	}
	nl_socket_free(netlink);
	return rc;
}
