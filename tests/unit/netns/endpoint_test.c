/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Endpoints for real: a posternd in a network namespace of the test's own, with a bridge whose addresses are the clients.
 * Needs root. Names in /run/netns carry the test's pid, so that runs side by side do not meet.
 */
#include "tests/unit/netns/peers.h"

#include <dirent.h>
#include <net/if.h>
#include <sched.h>

#include "ebpf/filter.h"

#define ALLOWED "10.20.0.10"
#define DENIED "10.20.0.66"
#define ALLOWED6 "fd20::10"
#define DENIED6 "fd20::66"

static char first_id[FILTER_ENDPOINT_ID_BYTES], second_id[FILTER_ENDPOINT_ID_BYTES];

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static int set_up(void **state)
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
	return 0;
}

static struct netns_prefix prefix(int family, const char *text, unsigned int bits)
{
	struct netns_prefix made = { .family = (uint16_t)family, .prefix_bits = (uint8_t)bits };

	assert_int_equal(1, inet_pton(family, text, made.bytes));
	return made;
}

static struct netns_address address(int family, const char *text)
{
	struct netns_address made = { .family = (uint16_t)family };

	assert_int_equal(1, inet_pton(family, text, made.bytes));
	return made;
}

static struct lab new_lab(void)
{
	struct lab lab = lab_new(false);

	lab.config.network_count = 3;
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
	lab_write_settings(&lab);
	return lab;
}

static struct lab started(void)
{
	struct lab lab = new_lab();

	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	return lab;
}

static void add_address(struct verb_endpoint_create *create, unsigned int network, const char *text, unsigned int bits)
{
	struct verb_address *into = &create->addresses[create->address_count++];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	into->network_index = network;
	into->family = (uint16_t)family;
	into->prefix_bits = (uint8_t)bits;
	assert_int_equal(1, inet_pton(family, text, into->bytes));
}

static struct verb_endpoint_create endpoint(const char *id, unsigned int network, const char *v4, const char *v6)
{
	struct verb_endpoint_create create = { .filter_dns = FILTER_DNS_ADMITTED };

	memcpy(create.id, id, sizeof create.id);
	add_address(&create, network, v4, 24);
	if (v6)
		add_address(&create, network, v6, 64);
	return create;
}

static int make(struct lab *lab, const struct verb_endpoint_create *create)
{
	struct verb_endpoint_created created;

	return lab_call(lab, VERB_ENDPOINT_CREATE, create, sizeof *create, &created, sizeof created);
}

static int make_first(struct lab *lab)
{
	struct verb_endpoint_create create = endpoint(first_id, 0, "10.20.0.5", "fd20::5");

	return make(lab, &create);
}

static int delete (struct lab *lab, const char *id)
{
	struct verb_endpoint_id body;
	struct verb_empty empty;

	memcpy(body.id, id, sizeof body.id);
	return lab_call(lab, VERB_ENDPOINT_DELETE, &body, sizeof body, &empty, sizeof empty);
}

/* Load a generation that denies DENIED and DENIED6 by statement 4 and passes the rest. */
static int load(struct lab *lab, const char *id, uint64_t generation, unsigned int mode, unsigned int seals)
{
	struct verb_filter_load body = {
		.generation = generation,
		.mode = mode,
		.dns = FILTER_DNS_ADMITTED,
		.default_verdict = FILTER_VERDICT_PASS,
		.default_statement = FILTER_NO_STATEMENT,
		.prefix_count = 2,
	};
	struct filter_prefix_record table[2] = {
		{ .address = { [10] = 0xff, [11] = 0xff },
			.prefix_bits = 128,
			.reason = FILTER_SOURCE_DENIED,
			.statement = 4 },
		{ .prefix_bits = 128, .reason = FILTER_SOURCE_DENIED, .statement = 4 },
	};
	struct command command = {
		.verb = VERB_FILTER_LOAD, .body_bytes = sizeof body, .memfd_bytes = sizeof table, .seals = seals
	};
	struct verb_empty empty;

	memcpy(body.id, id, sizeof body.id);
	assert_int_equal(1, inet_pton(AF_INET, DENIED, table[0].address + 12));
	assert_int_equal(1, inet_pton(AF_INET6, DENIED6, table[1].address));
	return lab_call_with(lab, &command, &body, table, &empty, sizeof empty);
}

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static struct verb_filter_stats stats_of(struct lab *lab, const char *id)
{
	struct verb_filter_stats stats;
	struct verb_endpoint_id body;

	memcpy(body.id, id, sizeof body.id);
	assert_int_equal(0, lab_call(lab, VERB_FILTER_STATS, &body, sizeof body, &stats, sizeof stats));
	return stats;
}

static socklen_t socket_address(struct sockaddr_storage *ret, const char *text, uint16_t port)
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
 * Connect from one address to another and ask the gateway. Returns its pid; -ECONNREFUSED for a reset; -ETIMEDOUT if there
 * was no answer within `patience_ms`. `*ret_ms` (may be NULL) is how long the connection took to be decided.
 */
static int ask_from(const char *source, const char *target, uint16_t port, int patience_ms, int64_t *ret_ms)
{
	struct sockaddr_storage from, to;
	socklen_t from_bytes = socket_address(&from, source, 0), to_bytes = socket_address(&to, target, port);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0, pid = 0;
	struct pollfd wanted = { .fd = fd, .events = POLLOUT };
	uint64_t start_ns = watch_now_ns();
	socklen_t error_bytes = sizeof error;
	char text[128] = "";

	assert_int_equal(0, bind(fd, (struct sockaddr *)&from, from_bytes));
	if (connect(fd, (struct sockaddr *)&to, to_bytes) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&wanted, 1, patience_ms) == 0)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes);
	if (ret_ms)
		*ret_ms = (int64_t)((watch_now_ns() - start_ns) / 1000000);
	wanted.events = POLLIN;
	if (error == 0 && send(fd, "?", 1, MSG_NOSIGNAL) == 1 && poll(&wanted, 1, 20000) > 0 &&
		recv(fd, text, sizeof text - 1, 0) > 0)
		sscanf(text, "%d", &pid);
	close(fd);
	return error ? -error : pid;
}

static bool exists(const char *format, const char *id)
{
	char path[128];

	snprintf(path, sizeof path, format, id);
	return access(path, F_OK) == 0;
}

static unsigned int count_links(const char *start)
{
	struct if_nameindex *links = if_nameindex();
	unsigned int count = 0;

	for (struct if_nameindex *link = links; link && link->if_index; link++)
		count += strncmp(link->if_name, start, strlen(start)) == 0;
	if_freenameindex(links);
	return count;
}

static unsigned int count_fds(pid_t pid)
{
	char path[64];
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void finish(struct lab *lab)
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

static void a_new_endpoint_denies_all_until_its_first_generation(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_true(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(1, count_links("pe"));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED6, "fd20::5", 443, 5000, NULL));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_true(ask_from(ALLOWED6, "fd20::5", 443, 5000, NULL) > 0);
	finish(&lab);
}

static void a_denied_source_is_reset_at_once_and_reported(void **state)
{
	struct lab lab = started();
	struct verb_filter_event event;
	int64_t ms;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED6, "fd20::5", 443, 5000, &ms));
	assert_true(ms < 50);
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, "10.20.0.5", 80, 5000, NULL));
	assert_int_equal(2, stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED]);
	assert_int_equal(1, stats_of(&lab, first_id).packets[FILTER_PORT_REFUSED]);
	do
		assert_int_equal(0, lab_call(&lab, VERB_COMMAND_EVENT, NULL, 0, &event, sizeof event));
	while (event.event.reason == 0);
	assert_string_equal(first_id, event.id);
	finish(&lab);
}

static void modes_drop_silently_or_only_count(void **state)
{
	struct verb_filter_mode mode = { .mode = FILTER_MODE_OBSERVE };
	struct verb_empty empty;
	struct lab lab = started();

	(void)state;
	memcpy(mode.id, first_id, sizeof mode.id);
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_DROP, SEALS));
	assert_int_equal(-ETIMEDOUT, ask_from(DENIED, "10.20.0.5", 443, 300, NULL));
	assert_int_equal(0, lab_call(&lab, VERB_FILTER_MODE, &mode, sizeof mode, &empty, sizeof empty));
	assert_true(ask_from(DENIED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_true(stats_of(&lab, first_id).packets[FILTER_SOURCE_DENIED] >= 2);
	finish(&lab);
}

static void posternds_death_changes_nothing_and_its_successor_takes_over(void **state)
{
	struct lab lab = started();
	uint32_t program_id;
	int gateway, next;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 7, FILTER_MODE_RESET, SEALS));
	gateway = ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL);
	program_id = stats_of(&lab, first_id).program_id;
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	assert_int_equal(gateway, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_int_equal(program_id, stats_of(&lab, first_id).program_id);
	assert_int_equal(7, stats_of(&lab, first_id).generation);
	assert_int_equal(3, stats_of(&lab, first_id).prefix_count - 2);
	assert_int_equal(gateway, ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(0, load(&lab, first_id, 8, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	/* The sockets that came back are the ones that the next gateway serves. */
	kill(gateway, SIGKILL);
	while ((next = ask_from(ALLOWED, "10.20.0.5", 443, 20000, NULL)) <= 0 || next == gateway)
		assert_int_not_equal(-ECONNREFUSED, next);
	assert_int_equal(0, delete (&lab, first_id));
	finish(&lab);
}

static void a_restart_of_everything_keeps_the_endpoint_and_its_filter(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 3, FILTER_MODE_RESET, SEALS));
	assert_int_equal(0, lab_stop(&lab));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(3, stats_of(&lab, first_id).generation);
	finish(&lab);
}

static void what_is_left_of_an_unfinished_endpoint_is_removed(void **state)
{
	struct lab lab = started();
	char command[256];

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, lab_stop(&lab));
	/* The third word of the record says that it is complete. */
	snprintf(command, sizeof command,
		"printf '\\000' | dd of=%.60s/run/endpoints/%s bs=1 seek=8 conv=notrunc status=none", lab.dir,
		first_id);
	run(command);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	assert_int_equal(0, make_first(&lab));
	finish(&lab);
}

static void only_what_the_settings_give_can_be_had(void **state)
{
	struct lab lab = started();
	struct verb_endpoint_create create = endpoint(first_id, 0, "10.21.0.5", NULL);

	(void)state;
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.1", NULL); /* the gateway's */
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.255", NULL);
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 9, "10.20.0.5", NULL);
	assert_int_equal(-EINVAL, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.5", NULL);
	add_address(&create, 1, "10.30.0.5", 24); /* another VPC's */
	assert_int_equal(-EINVAL, make(&lab, &create));
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, make_first(&lab)); /* asked again: the same */
	create = endpoint(second_id, 0, "10.20.0.5", NULL);
	assert_int_equal(-EADDRINUSE, make(&lab, &create));
	create = endpoint(first_id, 0, "10.20.0.6", NULL);
	assert_int_equal(-EEXIST, make(&lab, &create));
	assert_int_equal(-ENOENT, delete (&lab, second_id));
	assert_int_equal(-ENOENT, load(&lab, second_id, 1, FILTER_MODE_RESET, SEALS));
	finish(&lab);
}

static void a_table_without_seals_ends_control(void **state)
{
	struct lab lab = started();
	int control = lab_status(&lab).control.pid;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_true(load(&lab, first_id, 1, FILTER_MODE_RESET, F_SEAL_SHRINK) < 0);
	while (lab_status(&lab).control.pid == control)
		;
	assert_int_equal(0, stats_of(&lab, first_id).generation);
	finish(&lab);
}

static void a_deleted_endpoint_leaves_nothing_behind(void **state)
{
	struct lab lab = started();
	struct verb_empty empty = { 0 };
	unsigned int before;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, delete (&lab, first_id));
	before = count_fds(lab.pid);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(0, make_first(&lab));
		assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
		assert_true(ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL) > 0);
		assert_int_equal(0, delete (&lab, first_id));
	}
	assert_int_equal(before, count_fds(lab.pid));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	assert_int_equal(0, lab_call(&lab, VERB_GATEWAY_RESTART, &empty, sizeof empty, &empty, sizeof empty));
	finish(&lab);
}

static void a_macvlan_and_a_moved_nic_serve_and_go_back(void **state)
{
	struct lab lab = started();
	struct verb_endpoint_create create = endpoint(first_id, 1, "10.30.0.5", NULL);

	(void)state;
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_true(ask_from("10.30.0.10", "10.30.0.5", 443, 5000, NULL) > 0);
	assert_int_equal(-ECONNREFUSED, ask_from("10.30.0.10", "10.30.0.5", 81, 5000, NULL));
	assert_int_equal(0, delete (&lab, first_id));
	create = endpoint(second_id, 2, "10.30.0.6", NULL);
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load(&lab, second_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(0, count_links("pb-nic"));
	assert_true(ask_from("10.30.0.10", "10.30.0.6", 443, 5000, NULL) > 0);
	assert_int_equal(0, delete (&lab, second_id));
	assert_int_equal(1, count_links("pb-nic"));
	run("ip link set pb-nic up");
	finish(&lab);
}

static void a_source_outside_of_the_vpc_is_not_admitted(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-ECONNREFUSED, ask_from("192.0.2.9", "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(1, stats_of(&lab, first_id).packets[FILTER_SOURCE_NOT_ADMITTED]);
	finish(&lab);
}

static void down_ends_what_a_killed_posternd_left_and_removes_it(void **state)
{
	struct lab lab = started();
	struct verb_status status;
	char flag[] = "--down", line[128];

	(void)state;
	assert_int_equal(0, make_first(&lab));
	status = lab_status(&lab);
	kill(lab.pid, SIGKILL);
	assert_int_equal(-SIGKILL, lab_wait_exit(&lab));
	lab_start(&lab, flag);
	lab_read_line(&lab, line, sizeof line);
	assert_string_equal("down: 1 endpoint removed", line);
	assert_int_equal(0, lab_wait_exit(&lab));
	assert_false(exists("/run/netns/postern-%s", first_id));
	assert_int_equal(0, count_links("pe"));
	while (kill(status.gateway.pid, 0) == 0 || kill(status.control.pid, 0) == 0)
		poll(NULL, 0, 1);
	lab_free(&lab);
}

static void without_root_the_message_says_what_to_do(void **state)
{
	struct lab lab = new_lab();
	char command[512], line[1024] = "";
	FILE *output;

	(void)state;
	snprintf(command, sizeof command,
		"setpriv --reuid=65534 --regid=65534 --clear-groups %.60s/posternd --settings %.90s --binaries %.60s "
		"2>&1",
		lab.dir, lab.settings, lab.dir);
	output = popen(command, "r");
	assert_non_null(output);
	assert_non_null(fgets(line, sizeof line, output));
	assert_int_equal(1, WEXITSTATUS(pclose(output)));
	assert_non_null(strstr(line, "endpoints need root"));
	lab_free(&lab);
}

static void a_missing_bridge_is_named(void **state)
{
	struct lab lab = new_lab();

	(void)state;
	strcpy(lab.config.networks[0].interface, "pb-none");
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	assert_int_equal(1, lab_wait_exit(&lab));
	assert_true(lab_log_has(&lab, "there is no bridge pb-none"));
	lab_free(&lab);
}

/* The line of /proc/PID/status that starts with `name`, without the name. */
static unsigned long long status_bits(pid_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long long bits = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			bits = strtoull(line + strlen(name) + 1, NULL, 16);
	fclose(file);
	return bits;
}

static void privileges_are_what_the_architecture_says(void **state)
{
	/* NET_ADMIN 12, SYS_ADMIN 21, BPF 39, NET_BIND_SERVICE 10, SETUID 7, SETGID 6, SETPCAP 8, KILL 5 */
	const unsigned long long kept =
		1ull << 12 | 1ull << 21 | 1ull << 39 | 1ull << 10 | 1ull << 7 | 1ull << 6 | 1ull << 8 | 1ull << 5;
	struct lab lab = started();
	struct verb_status status = lab_status(&lab);
	struct stat facts;

	(void)state;
	assert_int_equal(kept, status_bits(lab.pid, "CapPrm:"));
	assert_int_equal(kept, status_bits(lab.pid, "CapBnd:"));
	assert_int_equal(2, status_bits(lab.pid, "Seccomp:"));
	assert_int_equal(0, status_bits(status.gateway.pid, "CapPrm:"));
	assert_int_equal(0, status_bits(status.gateway.pid, "CapBnd:"));
	assert_int_equal(1, status_bits(status.gateway.pid, "NoNewPrivs:"));
	assert_int_equal(0, stat(lab.config.state_dir, &facts));
	assert_int_equal(64502, facts.st_uid);
	assert_int_equal(64500, facts.st_gid);
	assert_int_equal(02750, facts.st_mode & 07777);
	assert_int_equal(0, stat(lab.config.run_dir, &facts));
	assert_int_equal(0, facts.st_uid);
	assert_int_equal(0750, facts.st_mode & 07777);
	assert_int_equal(0, stat(lab.config.access_log, &facts));
	assert_int_equal(64500, facts.st_gid);
	assert_int_equal(0640, facts.st_mode & 07777);
	finish(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_endpoint_denies_all_until_its_first_generation),
		cmocka_unit_test(a_denied_source_is_reset_at_once_and_reported),
		cmocka_unit_test(modes_drop_silently_or_only_count),
		cmocka_unit_test(posternds_death_changes_nothing_and_its_successor_takes_over),
		cmocka_unit_test(a_restart_of_everything_keeps_the_endpoint_and_its_filter),
		cmocka_unit_test(what_is_left_of_an_unfinished_endpoint_is_removed),
		cmocka_unit_test(only_what_the_settings_give_can_be_had),
		cmocka_unit_test(a_table_without_seals_ends_control),
		cmocka_unit_test(a_deleted_endpoint_leaves_nothing_behind),
		cmocka_unit_test(a_macvlan_and_a_moved_nic_serve_and_go_back),
		cmocka_unit_test(a_source_outside_of_the_vpc_is_not_admitted),
		cmocka_unit_test(down_ends_what_a_killed_posternd_left_and_removes_it),
		cmocka_unit_test(without_root_the_message_says_what_to_do),
		cmocka_unit_test(a_missing_bridge_is_named),
		cmocka_unit_test(privileges_are_what_the_architecture_says),
	};
	int status = act_by_name(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, set_up, NULL);
}
