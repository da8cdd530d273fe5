/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoints: real endpoints for posternd's tests: a network namespace of the test's own with a bridge whose addresses are the
 * clients, and what is done with endpoints there. Needs root. Names in /run/netns carry the test's pid, so that runs
 * side by side do not meet.
 */
#ifndef POSTERN_TESTS_UNIT_NETNS_ENDPOINTS_H
#define POSTERN_TESTS_UNIT_NETNS_ENDPOINTS_H

#include "tests/unit/netns/peers.h"

#include <dirent.h>
#include <net/if.h>
#include <sched.h>

#define ALLOWED "10.20.0.10"
#define DENIED "10.20.0.66"
#define ALLOWED6 "fd20::10"
#define DENIED6 "fd20::66"
#define IPVLAN_ALLOWED "10.40.0.10"
#define IPVLAN_DENIED "10.40.0.66"
#define IPVLAN_ALLOWED6 "fd40::10"
#define IPVLAN_DENIED6 "fd40::66"

static char first_id[FILTER_ENDPOINT_ID_BYTES], second_id[FILTER_ENDPOINT_ID_BYTES];

static inline void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static inline int set_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		fail_msg("these tests make network namespaces: run them as root");
	assert_int_equal(0, unshare(CLONE_NEWNET));
	snprintf(first_id, sizeof first_id, "vpce-0%08x%08x", 0xb1, (unsigned int)getpid());
	snprintf(second_id, sizeof second_id, "vpce-0%08x%08x", 0xb2, (unsigned int)getpid());
	run("ip link set lo up && ip link add pb-br type bridge && ip link set pb-br up");
	run("for a in 10.20.0.1 " ALLOWED " " DENIED "; do ip addr add $a/24 dev pb-br; done");
	run("for a in fd20::1 " ALLOWED6 " " DENIED6 "; do ip addr add $a/64 dev pb-br nodad; done");
	/* A client outside of the VPC, and a NIC to give away or to put a macvlan on, with its other end as a client. */
	run("ip addr add 192.0.2.9/24 dev pb-br");
	run("ip link add pb-nic type veth peer name pb-far && ip link set pb-nic up && ip link set pb-far up");
	run("ip addr add 10.30.0.10/24 dev pb-far");
	/* A host's NIC is called as an endpoint's is. */
	run("ip link add eth0 type bridge");
	/* The same for ipvlans, with addresses that are refused. */
	run("ip link add pb-ipnic type veth peer name pb-ipfar && ip link set pb-ipnic up && ip link set pb-ipfar up");
	run("for a in " IPVLAN_ALLOWED " " IPVLAN_DENIED "; do ip addr add $a/24 dev pb-ipfar; done");
	run("for a in " IPVLAN_ALLOWED6 " " IPVLAN_DENIED6 "; do ip addr add $a/64 dev pb-ipfar nodad; done");
	return 0;
}

static inline struct netns_prefix prefix(int family, const char *text, unsigned int bits)
{
	struct netns_prefix made = { .family = (uint16_t)family, .prefix_bits = (uint8_t)bits };

	assert_int_equal(1, inet_pton(family, text, made.bytes));
	return made;
}

static inline struct netns_address address(int family, const char *text)
{
	struct netns_address made = { .family = (uint16_t)family };

	assert_int_equal(1, inet_pton(family, text, made.bytes));
	return made;
}

static inline struct lab new_lab(void)
{
	struct lab lab = lab_new(false);

	lab.config.network_count = 4;
	lab.config.networks[0] = (struct netns_network){
		.vpc_id = "vpc-0b1",
		.subnet_id = "subnet-1",
		.zone = "us-east-1a",
		.interface = "pb-br",
		.attachment = NETNS_ATTACH_BRIDGE,
		.v4 = prefix(AF_INET, "10.20.0.0", 24),
		.v6 = prefix(AF_INET6, "fd20::", 64),
		.v4_gateway = address(AF_INET, "10.20.0.1"),
		.v6_gateway = address(AF_INET6, "fd20::1"),
	};
	lab.config.networks[1] = (struct netns_network){
		.vpc_id = "vpc-0b2",
		.subnet_id = "subnet-2",
		.interface = "pb-nic",
		.attachment = NETNS_ATTACH_MACVLAN,
		.v4 = prefix(AF_INET, "10.30.0.0", 24),
	};
	lab.config.networks[2] = lab.config.networks[1];
	lab.config.networks[2].attachment = NETNS_ATTACH_NIC;
	strcpy(lab.config.networks[2].subnet_id, "subnet-3");
	lab.config.networks[3] = (struct netns_network){
		.vpc_id = "vpc-0b2",
		.subnet_id = "subnet-4",
		.interface = "pb-ipnic",
		.attachment = NETNS_ATTACH_IPVLAN,
		.v4 = prefix(AF_INET, "10.40.0.0", 24),
		.v6 = prefix(AF_INET6, "fd40::", 64),
	};
	lab_write_settings(&lab);
	return lab;
}

static inline struct lab started(void)
{
	struct lab lab = new_lab();

	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	return lab;
}

static inline void add_address(
	struct verb_endpoint_create *create, unsigned int network, const char *text, unsigned int bits)
{
	struct verb_address *into = &create->addresses[create->address_count++];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	into->network_index = network;
	into->family = (uint16_t)family;
	into->prefix_bits = (uint8_t)bits;
	assert_int_equal(1, inet_pton(family, text, into->bytes));
}

static inline struct verb_endpoint_create endpoint(const char *id, unsigned int network, const char *v4, const char *v6)
{
	struct verb_endpoint_create create = { .filter_dns = FILTER_DNS_ADMITTED };

	memcpy(create.id, id, sizeof create.id);
	add_address(&create, network, v4, 24);
	if (v6)
		add_address(&create, network, v6, 64);
	return create;
}

static inline int make(struct lab *lab, const struct verb_endpoint_create *create)
{
	struct verb_endpoint_created created;

	return lab_call(lab, VERB_ENDPOINT_CREATE, create, sizeof *create, &created, sizeof created);
}

static inline int make_first(struct lab *lab)
{
	struct verb_endpoint_create create = endpoint(first_id, 0, "10.20.0.5", "fd20::5");

	return make(lab, &create);
}

static inline int delete (struct lab *lab, const char *id)
{
	struct verb_endpoint_id body;
	struct verb_empty empty;

	memcpy(body.id, id, sizeof body.id);
	return lab_call(lab, VERB_ENDPOINT_DELETE, &body, sizeof body, &empty, sizeof empty);
}

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static inline struct filter_prefix_record denied_host(const char *text)
{
	struct filter_prefix_record record = { .prefix_bits = 128, .reason = FILTER_SOURCE_DENIED, .statement = 4 };

	if (strchr(text, ':')) {
		assert_int_equal(1, inet_pton(AF_INET6, text, record.address));
		return record;
	}
	record.address[10] = record.address[11] = 0xff;
	assert_int_equal(1, inet_pton(AF_INET, text, record.address + 12));
	return record;
}

static inline struct verb_filter_load load_of(const char *id, uint64_t generation, unsigned int mode)
{
	struct verb_filter_load load = {
		.generation = generation,
		.mode = mode,
		.dns = FILTER_DNS_ADMITTED,
		.default_verdict = FILTER_VERDICT_PASS,
		.default_statement = FILTER_NO_STATEMENT,
	};

	memcpy(load.id, id, sizeof load.id);
	return load;
}

static inline int load_records(struct lab *lab, const struct verb_filter_load *load, const void *records,
	size_t records_bytes, unsigned int seals)
{
	struct command command = { .verb = VERB_FILTER_LOAD,
		.body_bytes = sizeof *load,
		.memfd_bytes = (uint32_t)records_bytes,
		.seals = seals };
	struct verb_empty empty;

	return lab_call_with(lab, &command, load, records, &empty, sizeof empty);
}

/* Load a generation that denies DENIED and DENIED6 by statement 4 and passes the rest. */
static inline int load(struct lab *lab, const char *id, uint64_t generation, unsigned int mode, unsigned int seals)
{
	struct verb_filter_load wanted = load_of(id, generation, mode);
	struct filter_prefix_record table[2] = { denied_host(DENIED), denied_host(DENIED6) };

	wanted.prefix_count = 2;
	return load_records(lab, &wanted, table, sizeof table, seals);
}

static inline struct verb_filter_stats stats_of(struct lab *lab, const char *id)
{
	struct verb_filter_stats stats;
	struct verb_endpoint_id body;

	memcpy(body.id, id, sizeof body.id);
	assert_int_equal(0, lab_call(lab, VERB_FILTER_STATS, &body, sizeof body, &stats, sizeof stats));
	return stats;
}

static inline socklen_t socket_address(struct sockaddr_storage *ret, const char *text, uint16_t port)
{
	memset(ret, 0, sizeof *ret);
	if (strchr(text, ':')) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		assert_int_equal(1, inet_pton(AF_INET6, text, &v6->sin6_addr));
		return sizeof *v6;
	}
	((struct sockaddr_in *)ret)->sin_family = AF_INET;
	((struct sockaddr_in *)ret)->sin_port = htons(port);
	assert_int_equal(1, inet_pton(AF_INET, text, &((struct sockaddr_in *)ret)->sin_addr));
	return sizeof(struct sockaddr_in);
}

/*
 * Connect from one address to another. Returns the socket; -ECONNREFUSED for a reset; -ETIMEDOUT if it was not decided within
 * `patience_ms`. `*ret_ms` (may be NULL) is how long that took.
 */
static inline int connect_from(const char *source, const char *target, uint16_t port, int patience_ms, int64_t *ret_ms)
{
	struct sockaddr_storage from, to;
	socklen_t from_bytes = socket_address(&from, source, 0), to_bytes = socket_address(&to, target, port);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd wanted = { .fd = fd, .events = POLLOUT };
	uint64_t start_ns = watch_now_ns();
	socklen_t error_bytes = sizeof error;

	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, from_bytes));
	if (connect(fd, (struct sockaddr *)&to, to_bytes) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&wanted, 1, patience_ms) == 0)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
	if (ret_ms)
		*ret_ms = (int64_t)((watch_now_ns() - start_ns) / 1000000);
	if (!error)
		return fd;
	close(fd);
	return -error;
}

/* Ask the gateway on a connection: its pid, 0 for an end without an answer, -ECONNRESET for a reset. */
static inline int ask_on(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	char text[128] = "";
	int pid = 0;

	if (send(fd, "?", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	if (poll(&wanted, 1, 20000) <= 0)
		return -ETIMEDOUT;
	if (recv(fd, text, sizeof text - 1, 0) < 0)
		return -errno;
	sscanf(text, "%d", &pid);
	return pid;
}

/* Connect and ask: the gateway's pid, or as connect_from(). */
static inline int ask_from(const char *source, const char *target, uint16_t port, int patience_ms, int64_t *ret_ms)
{
	int fd = connect_from(source, target, port, patience_ms, ret_ms), pid;

	if (fd < 0)
		return fd;
	pid = ask_on(fd);
	close(fd);
	return pid < 0 ? 0 : pid;
}

static inline bool exists(const char *format, const char *id)
{
	char path[128];

	snprintf(path, sizeof path, format, id);
	return access(path, F_OK) == 0;
}

static inline unsigned int count_links(const char *start)
{
	struct if_nameindex *links = if_nameindex();
	unsigned int count = 0;

	for (struct if_nameindex *link = links; link && link->if_index; link++)
		count += strncmp(link->if_name, start, strlen(start)) == 0;
	if_freenameindex(links);
	return count;
}

static inline void finish(struct lab *lab)
{
	char flag[] = "--down";

	assert_int_equal(0, lab_stop(lab));
	lab_start(lab, flag);
	assert_int_equal(0, lab_wait_exit(lab));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_false(exists("/run/netns/postern-%s", second_id));
	assert_int_equal(0, count_links("pe"));
	lab_free(lab);
}

#endif
