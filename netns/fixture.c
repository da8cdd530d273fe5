/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns/namespace.h"
#include "netns/report.h"

#define NAMESPACE_NAME_BYTES 64

static void name_of(char name[NAMESPACE_NAME_BYTES], const char *endpoint_id)
{
	snprintf(name, NAMESPACE_NAME_BYTES, "postern-%s", endpoint_id);
}

static size_t bytes_of(unsigned int family)
{
	return family == AF_INET ? 4 : 16;
}

static unsigned int bit_of(const uint8_t *bytes, unsigned int at)
{
	return ((unsigned int)bytes[at / 8] >> (7 - at % 8)) & 1u;
}

/* All bits of `address` past the prefix are `bit`. */
static bool is_host_part(const struct verb_address *address, unsigned int prefix_bits, unsigned int bit)
{
	for (unsigned int i = prefix_bits; i < 8 * bytes_of(address->family); i++)
		if (bit_of(address->bytes, i) != bit)
			return false;
	return true;
}

static bool is_in_prefix(const struct verb_address *address, const struct netns_prefix *prefix)
{
	for (unsigned int i = 0; i < prefix->prefix_bits; i++)
		if (bit_of(address->bytes, i) != bit_of(prefix->bytes, i))
			return false;
	return true;
}

bool fixture_may_have(const struct netns_network *network, const struct verb_address *address)
{
	bool v4 = address->family == AF_INET;
	const struct netns_prefix *prefix = v4 ? &network->v4 : &network->v6;
	const struct netns_address *first = v4 ? &network->v4_pool_first : &network->v6_pool_first;
	const struct netns_address *last = v4 ? &network->v4_pool_last : &network->v6_pool_last;
	const struct netns_address *gateway = v4 ? &network->v4_gateway : &network->v6_gateway;
	size_t count = bytes_of(address->family);

	if (prefix->family != address->family || !is_in_prefix(address, prefix))
		return false;
	if (first->family && memcmp(address->bytes, first->bytes, count) < 0)
		return false;
	if (last->family && memcmp(address->bytes, last->bytes, count) > 0)
		return false;
	if (gateway->family && memcmp(address->bytes, gateway->bytes, count) == 0)
		return false;
	/* In a prefix of one or two addresses every address is a host's (RFC 3021, RFC 6164). */
	if (prefix->prefix_bits + 1u >= 8 * count)
		return true;
	return !is_host_part(address, prefix->prefix_bits, 0) && !(v4 && is_host_part(address, prefix->prefix_bits, 1));
}

int fixture_open_namespace(const char *endpoint_id)
{
	char name[NAMESPACE_NAME_BYTES];

	name_of(name, endpoint_id);
	return namespace_open(name);
}

/* Is address `at` the first one of its network? Then it stands for the interface there. */
static bool is_first_of_network(const struct netns_network *networks, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (strcmp(networks[i].subnet_id, networks[at].subnet_id) == 0)
			return false;
	return true;
}

/* The endpoint's interfaces, one for each subnet that it has an address in. Returns how many. */
static uint32_t plan_links(const struct verb_endpoint_create *wanted, const struct netns_network *networks,
	struct link_plan plans[VERB_ADDRESSES_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < wanted->address_count; i++)
		if (is_first_of_network(networks, i)) {
			link_make_plan(&plans[count], &networks[i], wanted->id, count);
			count++;
		}
	return count;
}

static void set_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* A kernel without the feature, or /proc/sys read-only in a container: the endpoint works without. */
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		report(REPORT_DEBUG, "can't set net.%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void set_sysctls(void)
{
	/* A connection that waits in a closed listener's queue moves to another of its group. */
	set_sysctl("ipv4/tcp_migrate_req", "1");
	/* The subnet's routers have no say in an endpoint's addresses and routes. */
	set_sysctl("ipv6/conf/default/accept_ra", "0");
	set_sysctl("ipv6/conf/default/autoconf", "0");
	set_sysctl("ipv6/conf/default/accept_dad", "0");
	set_sysctl("ipv6/conf/default/disable_ipv6", "0");
	/* What makes link_announce() work. */
	set_sysctl("ipv4/conf/default/arp_notify", "1");
	set_sysctl("ipv6/conf/default/ndisc_notify", "1");
}

struct inside {
	const struct verb_endpoint_create *wanted;
	const struct netns_network *networks;
	const struct link_plan *plans;
	uint32_t plan_count;
	struct filter *filter;
	int own_namespace_fd;
};

static int configure_link(const struct inside *inside, uint32_t number)
{
	const struct link_plan *plan = &inside->plans[number];
	int ifindex = link_take_in(plan);
	bool has_v4 = false, has_v6 = false;
	int rc;

	if (ifindex < 0)
		return ifindex;
	rc = filter_attach(inside->filter, ifindex);
	for (uint32_t i = 0; i < inside->wanted->address_count && rc == 0; i++) {
		const struct verb_address *address = &inside->wanted->addresses[i];

		if (strcmp(inside->networks[i].subnet_id, plan->network->subnet_id) != 0)
			continue;
		rc = link_add_address(ifindex, address);
		has_v4 = has_v4 || address->family == AF_INET;
		has_v6 = has_v6 || address->family == AF_INET6;
	}
	if (rc == 0)
		rc = link_raise(ifindex);
	/* The first subnet's gateway is used while it is there; the others stand by. A family without an address has no route. */
	if (rc == 0 && has_v4 && plan->network->v4_gateway.family)
		rc = link_add_default_route(ifindex, &plan->network->v4_gateway, 100 + number);
	if (rc == 0 && has_v6 && plan->network->v6_gateway.family)
		rc = link_add_default_route(ifindex, &plan->network->v6_gateway, 100 + number);
	return rc;
}

/* Runs inside the new namespace, before there is an interface: defaults apply to interfaces that come later. */
static int prepare_inside(void *context)
{
	(void)context;
	set_sysctls();
	return link_raise_loopback();
}

static int configure_inside(void *context)
{
	const struct inside *inside = context;
	int rc = 0;

	for (uint32_t number = 0; number < inside->plan_count && rc == 0; number++)
		rc = configure_link(inside, number);
	return rc;
}

/* Neighbours learn a new endpoint's addresses now, not when their caches run out. */
static int announce_inside(void *context)
{
	const struct inside *inside = context;

	for (uint32_t number = 0; number < inside->plan_count; number++) {
		int ifindex = link_find(&inside->plans[number]);

		if (ifindex >= 0)
			link_announce(ifindex);
	}
	return 0;
}

int fixture_build(
	const struct verb_endpoint_create *wanted, const struct netns_network *networks, struct filter *filter)
{
	char name[NAMESPACE_NAME_BYTES];
	struct link_plan plans[VERB_ADDRESSES_MAX];
	struct inside inside = { .wanted = wanted, .networks = networks, .plans = plans, .filter = filter };
	int namespace_fd, rc;

	inside.plan_count = plan_links(wanted, networks, plans);
	name_of(name, wanted->id);
	namespace_fd = namespace_create(name);
	if (namespace_fd < 0)
		return namespace_fd;
	rc = namespace_run(namespace_fd, prepare_inside, NULL);
	for (uint32_t i = 0; i < inside.plan_count && rc == 0; i++)
		rc = link_create(&plans[i], namespace_fd);
	if (rc == 0)
		rc = namespace_run(namespace_fd, configure_inside, &inside);
	for (uint32_t i = 0; i < inside.plan_count && rc == 0; i++)
		link_wait_forwarding(&plans[i]);
	if (rc == 0)
		rc = namespace_run(namespace_fd, announce_inside, &inside);
	if (rc < 0) {
		close(namespace_fd);
		return rc;
	}
	return namespace_fd;
}

struct adoption {
	const struct link_plan *plans;
	uint32_t plan_count;
	struct filter *filter;
};

/* Every interface must have the filter; one object serves them all. */
static int adopt_inside(void *context)
{
	struct adoption *adoption = context;

	for (uint32_t i = 0; i < adoption->plan_count; i++) {
		int ifindex = link_find(&adoption->plans[i]);
		struct filter *filter;
		int rc = ifindex < 0 ? -ENOENT : filter_adopt(&filter, ifindex);

		if (rc < 0)
			return rc;
		filter_close(adoption->filter);
		adoption->filter = filter;
	}
	return 0;
}

int fixture_adopt(const struct verb_endpoint_create *wanted, const struct netns_network *networks, struct filter **ret)
{
	struct link_plan plans[VERB_ADDRESSES_MAX];
	struct adoption adoption = { .plans = plans, .plan_count = plan_links(wanted, networks, plans) };
	int namespace_fd = fixture_open_namespace(wanted->id);
	int rc;

	if (namespace_fd < 0)
		return namespace_fd;
	rc = namespace_run(namespace_fd, adopt_inside, &adoption);
	close(namespace_fd);
	if (rc < 0) {
		filter_close(adoption.filter);
		return rc;
	}
	*ret = adoption.filter;
	return 0;
}

static int clear_inside(void *context)
{
	const struct inside *inside = context;
	int first = 0;

	for (uint32_t i = 0; i < inside->plan_count; i++) {
		int ifindex = link_find(&inside->plans[i]);
		int rc = 0;

		/* The inner end of a veth pair went with its outer end. */
		if (ifindex < 0)
			continue;
		if (inside->plans[i].network->attachment == NETNS_ATTACH_MACVLAN ||
			inside->plans[i].network->attachment == NETNS_ATTACH_IPVLAN) {
			rc = link_delete(ifindex);
		} else if (inside->plans[i].network->attachment == NETNS_ATTACH_NIC) {
			/* clsact goes with the move to another namespace only for virtual links: take it off here. */
			rc = filter_detach(ifindex);
			if (rc == 0)
				rc = link_give_back(ifindex, inside->own_namespace_fd);
		}
		first = first ? first : rc;
	}
	return first;
}

int fixture_tear_down(
	const struct verb_endpoint_create *wanted, const struct netns_network *networks, int own_namespace_fd)
{
	char name[NAMESPACE_NAME_BYTES];
	struct link_plan plans[VERB_ADDRESSES_MAX];
	struct inside inside = { .plans = plans, .own_namespace_fd = own_namespace_fd };
	int first = 0, rc, namespace_fd = fixture_open_namespace(wanted->id);

	inside.plan_count = plan_links(wanted, networks, plans);
	/* Links first: a child that still holds a listener keeps the namespace alive, but not reachable. */
	for (uint32_t i = 0; i < inside.plan_count; i++) {
		rc = link_remove(&plans[i]);
		first = first ? first : rc;
	}
	if (namespace_fd >= 0) {
		/* EINVAL: a name whose namespace was never made, or ended with a host that lost its mounts. */
		rc = namespace_run(namespace_fd, clear_inside, &inside);
		if (rc != -EINVAL)
			first = first ? first : rc;
		close(namespace_fd);
	}
	name_of(name, wanted->id);
	rc = namespace_remove(name);
	return first ? first : rc;
}
