/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of netns/config: a record whole and in pieces, and every field that can't be. */
#include "tests/unit/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "netns/config.h"

static struct netns_config good(void)
{
	struct netns_config config = {
		.magic = NETNS_CONFIG_MAGIC,
		.version = NETNS_CONFIG_VERSION,
		.log_level = 2,
		.size_bytes = sizeof config,
		.gateway_uid = 1,
		.control_uid = 2,
		.group_gid = 3,
		.worker_count = 4,
		.management_count = 1,
		.management = { { .family = AF_INET, .port = 4566, .bytes = { 127, 0, 0, 1 } } },
		.state_dir = "/var/lib/postern",
		.run_dir = "/run/postern",
		.log_dir = "/var/log/postern",
		.network_count = 1,
		.networks = { { .vpc_id = "vpc-0b1",
			.subnet_id = "subnet-1",
			.interface = "br0",
			.attachment = NETNS_ATTACH_BRIDGE,
			.v4 = { .family = AF_INET, .prefix_bits = 24, .bytes = { 10, 20, 0 } } } },
	};

	return config;
}

static void assert_refused(const struct netns_config *config, const char *field)
{
	const char *found = "none";

	assert_int_equal(-EINVAL, netns_config_check(config, &found));
	assert_string_equal(field, found);
}

#define REFUSED(field, assignment)                                                                                     \
	do {                                                                                                           \
		struct netns_config config = good();                                                                   \
		assignment;                                                                                            \
		assert_refused(&config, field);                                                                        \
	} while (0)

static void every_field_out_of_its_range_is_named(void **state)
{
	const char *field;
	struct netns_config fine = good();

	(void)state;
	assert_int_equal(0, netns_config_check(&fine, &field));
	REFUSED("local", config.local = 2);
	REFUSED("uid", config.gateway_uid = 0);
	REFUSED("worker_count", config.worker_count = NETNS_WORKERS_MAX + 1);
	REFUSED("management_count", config.management_count = 0);
	REFUSED("management_count", config.management_count = NETNS_MANAGEMENT_MAX + 1);
	REFUSED("management", config.management[0].port = 0);
	REFUSED("management", config.management[0].bytes[15] = 1);
	REFUSED("traffic", config.local = 1);
	REFUSED("state_dir", config.state_dir[0] = 'x');
	REFUSED("state_dir", memset(config.state_dir, '/', sizeof config.state_dir));
	REFUSED("state_dir", config.state_dir[NETNS_PATH_BYTES - 1] = 'x');
	REFUSED("run_dir", memset(config.run_dir, '/', NETNS_RUN_DIR_MAX_BYTES));
	REFUSED("log_dir", config.log_dir[0] = '\0');
	REFUSED("access_log", strcpy(config.access_log, "relative"));
	REFUSED("audit_log", strcpy(config.audit_log, "relative"));
	REFUSED("binaries_dir", strcpy(config.binaries_dir, "relative"));
	REFUSED("client_record_kb", config.client_record_kb = NETNS_RECORD_MAX_KB + 1);
	REFUSED("back_ends_from_endpoint", config.back_ends_from_endpoint = 2);
	REFUSED("request_record_kb", config.request_record_kb = NETNS_RECORD_MAX_KB + 1);
	REFUSED("line_record_kb", config.line_record_kb = NETNS_RECORD_MAX_KB + 1);
	REFUSED("drain_ms", config.drain_ms = UINT32_MAX);
	REFUSED("network_count", config.network_count = NETNS_NETWORKS_MAX + 1);
}

static void every_field_of_a_network_is_judged(void **state)
{
	(void)state;
	REFUSED("networks.vpc_id", config.networks[0].vpc_id[0] = '\0');
	REFUSED("networks.subnet_id", memset(config.networks[0].subnet_id, 'x', NETNS_ID_BYTES));
	REFUSED("networks.interface", strcpy(config.networks[0].interface, "a/b"));
	REFUSED("networks.interface", strcpy(config.networks[0].interface, ".."));
	REFUSED("networks.interface", config.networks[0].interface[0] = '\0');
	REFUSED("networks.attachment", config.networks[0].attachment = 0);
	REFUSED("networks.attachment", config.networks[0].attachment = 5);
	REFUSED("networks.mtu_bytes", config.networks[0].mtu_bytes = 100);
	REFUSED("networks.prefix", config.networks[0].v4.family = 0);
	REFUSED("networks.prefix", config.networks[0].v4.prefix_bits = 33);
	REFUSED("networks.prefix", config.networks[0].v4.bytes[3] = 1);
	REFUSED("networks.prefix", config.networks[0].v4.prefix_bits = 9);
	REFUSED("networks.pool", config.networks[0].v4_pool_first.family = 77);
	REFUSED("networks.gateway", config.networks[0].v6_gateway.port = 1);
}

static void a_record_of_another_build_is_refused(void **state)
{
	struct netns_config config = good();
	const char *field;

	(void)state;
	config.version++;
	assert_int_equal(-EPROTO, netns_config_check(&config, &field));
	config = good();
	config.size_bytes--;
	assert_int_equal(-EPROTO, netns_config_check(&config, &field));
	config = good();
	config.magic = 0;
	assert_int_equal(-EPROTO, netns_config_check(&config, &field));
}

struct writer {
	int fd;
	struct netns_config config;
	size_t count, piece;
};

static void *write_pieces(void *context)
{
	struct writer *writer = context;
	const char *bytes = (const char *)&writer->config;

	for (size_t at = 0; at < writer->count; at += writer->piece) {
		size_t part = writer->count - at < writer->piece ? writer->count - at : writer->piece;

		if (write(writer->fd, bytes + (at < sizeof writer->config ? at : 0), part) != (ssize_t)part)
			break;
	}
	close(writer->fd);
	return NULL;
}

static int read_in_pieces(size_t count, size_t piece)
{
	static struct writer writer;
	static struct netns_config config;
	pthread_t thread;
	int fds[2], rc;

	assert_int_equal(0, pipe(fds));
	writer = (struct writer){ .fd = fds[1], .config = good(), .count = count, .piece = piece };
	assert_int_equal(0, pthread_create(&thread, NULL, write_pieces, &writer));
	rc = netns_config_read(&config, fds[0]);
	close(fds[0]);
	pthread_join(thread, NULL);
	return rc;
}

static void a_record_may_come_in_pieces_but_must_come_whole(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(0, read_in_pieces(sizeof(struct netns_config), sizeof(struct netns_config)));
	assert_int_equal(0, read_in_pieces(sizeof(struct netns_config), 1));
	assert_int_equal(0, read_in_pieces(sizeof(struct netns_config), 777));
	assert_int_equal(-EMSGSIZE, read_in_pieces(sizeof(struct netns_config) - 1, 4096));
	assert_int_equal(-EMSGSIZE, read_in_pieces(sizeof(struct netns_config) + 1, sizeof(struct netns_config)));
	assert_int_equal(-EMSGSIZE, read_in_pieces(0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_out_of_its_range_is_named),
		cmocka_unit_test(every_field_of_a_network_is_judged),
		cmocka_unit_test(a_record_of_another_build_is_refused),
		cmocka_unit_test(a_record_may_come_in_pieces_but_must_come_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
