/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/target_health: checks of targets on this host, and what is remembered of them. */
#include "tests/unit/balancing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "appliance/base/clock.h"
#include "appliance/base/counters.h"
#include "appliance/base/target_state.h"
#include "appliance/integrate/target_health.h"
#include "appliance/loop/loop.h"
#include "appliance/model/build.h"
#include "appliance/outbound/destination.h"

static struct loop *loop;
static struct outbound *outbound;
static struct current *current;
static struct destination_rules rules;
static struct target_health *health;
static _Atomic uint64_t states[COUNTERS_TARGETS_MAX];
static unsigned taken_count, given_count;
static bool has_place = true;

static bool take_place(
	void *context, const struct snapshot *snapshot, struct view vpc_id, struct target_health_place *ret)
{
	assert_non_null(snapshot);
	assert_true(view_equals_text(vpc_id, "vpc-1"));
	if (!has_place)
		return false;
	taken_count++;
	*ret = (struct target_health_place){ .hold = context };
	return true;
}

static void give_place(void *context, void *hold)
{
	assert_ptr_equal(context, hold);
	given_count++;
}

static void start_checker(void)
{
	const struct target_health_config config = { .loop = loop,
		.outbound = outbound,
		.current = current,
		.states = states,
		.take_place = take_place,
		.give_place = give_place,
		.context = &rules };

	health = target_health_new(&config);
	assert_non_null(health);
}

static void stop_checker(void)
{
	target_health_stop(health);
	target_health_stop(health);
	target_health_free(health);
}

static int setup(void **state)
{
	struct outbound_settings settings;

	(void)state;
	for (size_t i = 0; i < COUNTERS_TARGETS_MAX; i++)
		states[i] = 0;
	taken_count = given_count = 0;
	loop = loop_new();
	outbound_settings_init(&settings);
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/8"));
	settings.destinations = &rules;
	outbound = outbound_new(loop, &settings);
	current = current_new(1);
	assert_true(loop && outbound && current);
	start_checker();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_checker();
	assert_int_equal(taken_count, given_count);
	outbound_free(outbound);
	current_free(current);
	loop_free(loop);
	memset(&rules, 0, sizeof rules);
	return 0;
}

/* A listener on loopback; `*ret_port` is its port. */
static int listen_on(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*ret_port) };
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(fd, 16));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &bytes));
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void publish(const char *checks, uint16_t port, unsigned registration, bool in_use)
{
	const struct store_identity identity = { .account_id = "123456789012", .region = "us-east-1" };
	struct snapshot *snapshot = snapshot_new(NULL, &identity);
	char text[1024];

	snprintf(text, sizeof text,
		"Protocol: TCP\n%sLoadBalancerArns: [%s]\npostern: {targets: [{Id: 127.0.0.1, Port: %u, slot: 5, "
		"registration: "
		"%u}]}",
		checks, in_use ? "b" : "", port, registration);
	balancing_put_group(snapshot, "g", text);
	assert_int_equal(0, current_publish(current, snapshot));
	(void)current_retire(current);
}

static struct target_state state_now(unsigned registration)
{
	return target_state_of(states[5], registration);
}

/* Answer each connection that waits at `listener` with `answer`, and turn. */
static void turn(int listener, const char *answer)
{
	int fd = listener < 0 ? -1 : accept(listener, NULL, NULL);
	char bytes[2048];

	if (fd >= 0 && answer) {
		ssize_t count = 0;

		for (int i = 0; i < 1000 && count <= 0; i++) {
			assert_int_equal(0, loop_turn(loop, false));
			count = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
		}
		assert_true(count > 0);
		bytes[count] = '\0';
		assert_non_null(strstr(bytes, "GET /h HTTP/1.1\r\nHost: 127.0.0.1:"));
		assert_non_null(strstr(bytes, "User-Agent: ELB-HealthChecker/2.0\r\n"));
		assert_int_equal((ssize_t)strlen(answer), send(fd, answer, strlen(answer), MSG_NOSIGNAL));
	}
	if (fd >= 0)
		close(fd);
	assert_int_equal(0, loop_turn(loop, true));
}

static void turn_until(int listener, const char *answer, unsigned registration, enum target_condition wanted)
{
	uint64_t end_ms = clock_monotonic_ms() + 10000;

	while (state_now(registration).health != wanted) {
		if (clock_monotonic_ms() > end_ms)
			fail_msg("it is still %d", (int)state_now(registration).health);
		turn(listener, answer);
	}
}

static void a_listener_that_goes_is_missed(void **state)
{
	uint16_t port = 0;
	int listener = listen_on(&port);

	(void)state;
	publish(GROUP_CHECK, port, 1, true);
	turn_until(listener, NULL, 1, TARGET_HEALTHY);
	close(listener);
	turn_until(-1, NULL, 1, TARGET_UNHEALTHY);
	assert_int_equal(TARGET_FAILED, state_now(1).reason);
	listener = listen_on(&port);
	turn_until(listener, NULL, 1, TARGET_HEALTHY);
	assert_true(taken_count >= 5);
	close(listener);
}

static void statuses_are_judged(void **state)
{
	static const char checks[] =
		"HealthCheckProtocol: HTTP\nHealthCheckPort: traffic-port\nHealthCheckIntervalSeconds: 1\n"
		"HealthCheckTimeoutSeconds: 1\nHealthyThresholdCount: 1\nUnhealthyThresholdCount: 1\nVpcId: vpc-1\n"
		"HealthCheckPath: /h\nMatcher: {HttpCode: '200'}\n";
	uint16_t port = 0;
	int listener = listen_on(&port);

	(void)state;
	publish(checks, port, 1, true);
	turn_until(listener, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1, TARGET_HEALTHY);
	turn_until(listener, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1, TARGET_UNHEALTHY);
	assert_int_equal(TARGET_RESPONSE_CODE, state_now(1).reason);
	assert_int_equal(404, state_now(1).status);
	/* It accepts, and says nothing. */
	turn_until(listener, "HTTP/1.1 200 OK\r\n\r\n", 1, TARGET_HEALTHY);
	turn_until(-1, NULL, 1, TARGET_UNHEALTHY);
	assert_int_equal(TARGET_TIMEOUT, state_now(1).reason);
	close(listener);
}

static void new_settings_need_not_wait(void **state)
{
	static const char seldom[] =
		"HealthCheckProtocol: HTTP\nHealthCheckPort: traffic-port\nHealthCheckIntervalSeconds: 300\n"
		"HealthCheckTimeoutSeconds: 1\nHealthyThresholdCount: 1\nUnhealthyThresholdCount: 1\nVpcId: vpc-1\n"
		"HealthCheckPath: /h\nMatcher: {HttpCode: '200'}\n";
	static const char other[] =
		"HealthCheckProtocol: HTTP\nHealthCheckPort: traffic-port\nHealthCheckIntervalSeconds: 300\n"
		"HealthCheckTimeoutSeconds: 1\nHealthyThresholdCount: 1\nUnhealthyThresholdCount: 1\nVpcId: vpc-1\n"
		"HealthCheckPath: /h\nMatcher: {HttpCode: '404'}\n";
	uint16_t port = 0;
	int listener = listen_on(&port);
	static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	publish(seldom, port, 1, true);
	turn_until(listener, answer, 1, TARGET_UNHEALTHY);
	publish(other, port, 1, true);
	turn_until(listener, answer, 1, TARGET_HEALTHY);
	close(listener);
}

static void what_was_known_is_gone_on_from(void **state)
{
	const struct target_state healthy = { .health = TARGET_HEALTHY };
	uint16_t port = 0;
	int listener = listen_on(&port);

	(void)state;
	close(listener);
	states[5] = target_state_pack(1, healthy);
	publish(GROUP_CHECK, port, 1, true);
	while (given_count < 1)
		turn(-1, NULL);
	/* One bad check of two. */
	assert_int_equal(TARGET_HEALTHY, state_now(1).health);
	stop_checker();
	start_checker();
	assert_int_equal(TARGET_HEALTHY, state_now(1).health);
	turn_until(-1, NULL, 1, TARGET_UNHEALTHY);
	/* Another target in its slot begins anew. */
	publish(GROUP_CHECK, port, 2, true);
	assert_int_equal(TARGET_INITIAL, state_now(2).health);
	turn_until(-1, NULL, 2, TARGET_UNHEALTHY);
}

static void what_is_not_in_use_is_not_checked(void **state)
{
	uint16_t port = 0;
	int listener = listen_on(&port);
	uint64_t end_ms;

	(void)state;
	publish(GROUP_CHECK, port, 1, false);
	end_ms = clock_monotonic_ms() + 500;
	while (clock_monotonic_ms() < end_ms)
		turn(listener, NULL);
	assert_int_equal(0, taken_count);
	/* Nor what can't be reached now. */
	has_place = false;
	publish(GROUP_CHECK, port, 1, true);
	end_ms = clock_monotonic_ms() + 500;
	while (clock_monotonic_ms() < end_ms)
		turn(listener, NULL);
	assert_int_equal(TARGET_INITIAL, state_now(1).health);
	has_place = true;
	turn_until(listener, NULL, 1, TARGET_HEALTHY);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_listener_that_goes_is_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(statuses_are_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(new_settings_need_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_known_is_gone_on_from, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_in_use_is_not_checked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
