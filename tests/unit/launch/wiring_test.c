/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of launch/wiring: a worker with its thread: endpoints that come and go, also while it drains. */
#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "appliance/base/clock.h"
#include "appliance/launch/wiring.h"
#include "appliance/model/current.h"

#define ENDPOINT "vpce-0a1b2c3d4e5f60718"
#define PATIENCE_MS 10000

static struct settings *settings;
static struct destination_rules destinations;
static struct wiring_config config;
static struct wiring_worker *worker;
static struct wiring_sockets sockets;
static struct sockaddr_in address;
static unsigned opened_count, closed_count, ended_count;

static void opened(void *context, const char *endpoint_id, int error)
{
	(void)context;
	assert_string_equal(ENDPOINT, endpoint_id);
	assert_int_equal(0, error);
	opened_count++;
}

static void closed(void *context, const char *endpoint_id, uint64_t token)
{
	(void)context;
	assert_string_equal(ENDPOINT, endpoint_id);
	assert_int_equal(sockets.token, token);
	closed_count++;
}

static void ended(void *context, struct wiring_worker *which)
{
	(void)context;
	assert_ptr_equal(worker, which);
	ended_count++;
}

static const struct wiring_reports reports = { .opened = opened, .closed = closed, .ended = ended };

/* Turn the main loop until `condition` holds. */
#define TURN_UNTIL(condition)                                                                                          \
	do {                                                                                                           \
		uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;                                              \
		while (!(condition)) {                                                                                 \
			assert_true(clock_monotonic_ms() < give_up_ms);                                                \
			assert_int_equal(0, loop_turn(config.main_loop, false));                                       \
		}                                                                                                      \
	} while (0)

static int set_up(void **state)
{
	static const struct view text = VIEW_INIT("local: true\nlocal_traffic_tls: false\n");
	socklen_t address_bytes = sizeof address;
	struct buffer errors;

	(void)state;
	opened_count = closed_count = ended_count = 0;
	buffer_init(&errors, 4096);
	assert_int_equal(0, settings_parse(&settings, text, "test", &errors));
	config = (struct wiring_config){ .settings = settings,
		.current = current_new(2),
		.counters = counters_new_private(1),
		.destinations = &destinations,
		.access_log_fd = -1,
		.main_loop = loop_new(),
		.reports = &reports };
	assert_non_null(config.main_loop);
	worker = wiring_start(&config, 0);
	assert_non_null(worker);
	address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	sockets = (struct wiring_sockets){ .endpoint_id = ENDPOINT, .token = 7, .dns_udp_fd = -1, .dns_tcp_fd = -1 };
	sockets.https_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(sockets.https_fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(sockets.https_fd, 8));
	assert_int_equal(0, getsockname(sockets.https_fd, (struct sockaddr *)&address, &address_bytes));
	wiring_open_endpoint(worker, &sockets);
	TURN_UNTIL(opened_count == 1);
	buffer_fini(&errors);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	TURN_UNTIL(ended_count == 1);
	wiring_join(worker);
	/* The sockets are the main thread's from first to last. */
	assert_int_equal(0, close(sockets.https_fd));
	current_free(config.current);
	counters_unmap(config.counters);
	loop_free(config.main_loop);
	settings_free(settings);
	return 0;
}

static int connected_client(void)
{
	static const char request[] = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[64];

	assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(sizeof request - 1, send(fd, request, sizeof request - 1, 0));
	assert_true(recv(fd, answer, sizeof answer, 0) > 0);
	return fd;
}

static void an_endpoint_goes_while_its_connection_stays(void **state)
{
	int fd = connected_client();

	(void)state;
	/* A head that is not complete keeps the connection when the endpoint goes. */
	assert_int_equal(5, send(fd, "GET /", 5, 0));
	wiring_close_endpoint(worker, ENDPOINT, sockets.token);
	TURN_UNTIL(closed_count == 1);
	assert_true(fcntl(sockets.https_fd, F_GETFD) >= 0);
	close(fd);
	wiring_drain(worker, 1000);
}

static void an_endpoint_may_go_while_the_worker_drains(void **state)
{
	int fd = connected_client();

	(void)state;
	assert_int_equal(5, send(fd, "GET /", 5, 0));
	wiring_drain(worker, PATIENCE_MS);
	wiring_close_endpoint(worker, ENDPOINT, sockets.token);
	TURN_UNTIL(closed_count == 1);
	assert_true(fcntl(sockets.https_fd, F_GETFD) >= 0);
	close(fd);
}

static void a_drain_leaves_the_sockets_to_their_owner(void **state)
{
	(void)state;
	close(connected_client());
	wiring_drain(worker, 1000);
	TURN_UNTIL(ended_count == 1);
	assert_true(fcntl(sockets.https_fd, F_GETFD) >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_endpoint_goes_while_its_connection_stays),
		TEST(an_endpoint_may_go_while_the_worker_drains),
		TEST(a_drain_leaves_the_sockets_to_their_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
