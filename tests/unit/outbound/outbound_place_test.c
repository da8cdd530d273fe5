/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of outbound's places: calls that leave from another network namespace. Back ends are in the test's own, which is
 * home (10.9.0.1), the place is a child's (10.9.0.2), a cable between them. Needs root.
 */
#include "tests/unit/outbound/outbound_scene.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define HOME "10.9.0.1"
#define HOME6 "fd09::1"
#define PLACE "10.9.0.2"
#define PLACE6 "fd09::2"

static pid_t child;
static int home_fd, place_fd;
static struct outbound_place *place;
static struct socket_order *away[8]; /* orders that were not answered yet */
static size_t away_count;
static bool answers; /* orders are answered in the same turn */
static struct loop_task answering;

static void command(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void command(const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (system(text) != 0)
		fail_msg("failed: %s", text);
}

static int open_namespace(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int set_up_namespaces(void **state)
{
	int ready[2];
	char byte;

	(void)state;
	if (geteuid() != 0)
		fail_msg("these tests make network namespaces: run them as root");
	assert_int_equal(0, unshare(CLONE_NEWNET));
	assert_int_equal(0, pipe2(ready, O_CLOEXEC));
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(1, read(ready[0], &byte, 1));
	close(ready[0]);
	close(ready[1]);
	home_fd = open_namespace(getpid());
	place_fd = open_namespace(child);
	command("ip link set lo up && ip link add po-home type veth peer name po-place netns %d", child);
	command("ip addr add " HOME "/24 dev po-home && ip addr add " HOME6
		"/64 dev po-home nodad && ip link set po-home up");
	command("nsenter -t %d -n sh -c 'ip link set lo up && ip addr add " PLACE "/24 dev po-place && "
		"ip addr add " PLACE6 "/64 dev po-place nodad && ip link set po-place up'",
		child);
	return 0;
}

static int tear_down_namespaces(void **state)
{
	(void)state;
	close(home_fd);
	close(place_fd);
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

/* --- the maker of sockets -------------------------------------------------------------------------------------------- */

/* Answer the oldest order with what it wants, or with an error. */
static void deliver(int error)
{
	struct socket_order *order = away[0];

	assert_true(away_count > 0);
	memmove(away, away + 1, --away_count * sizeof *away);
	order->error = error;
	assert_int_equal(0, setns(place_fd, CLONE_NEWNET));
	while (!error && order->count < order->wanted_count) {
		int fd = socket(order->family, order->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		order->fds[order->count++] = fd;
	}
	assert_int_equal(0, setns(home_fd, CLONE_NEWNET));
	socket_stock_deliver(order);
}

static void deliver_all(struct loop_task *task)
{
	(void)task;
	while (away_count)
		deliver(0);
}

static void take_order(void *context, struct socket_order *order)
{
	assert_ptr_equal(&answers, context);
	assert_true(away_count < 8);
	away[away_count++] = order;
	if (answers)
		loop_defer(loop, &answering, deliver_all);
}

static int set_up_place(void **state)
{
	set_up(state);
	close(listener);
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0); /* both families */
	assert_int_equal(0, listen(listener, 16));
	{
		struct sockaddr_in6 address;
		socklen_t bytes = sizeof address;

		assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &bytes));
		port = ntohs(address.sin6_port);
	}
	assert_int_equal(0, outbound_target_init(&target, view_of(HOME), port, false, TLS_VERIFY_ALL));
	answers = true;
	away_count = 0;
	place = outbound_place_new(outbound, "vpce-0123456789abcdef0", take_order, &answers);
	assert_non_null(place);
	return 0;
}

static int tear_down_place(void **state)
{
	outbound_place_free(place);
	while (away_count)
		deliver(0);
	loop_task_cancel(loop, &answering);
	return tear_down(state);
}

static struct outbound_request get_from_place(void)
{
	struct outbound_request request = get();

	request.place = place;
	return request;
}

static void assert_peer(int fd, const char *wanted)
{
	struct sockaddr_in6 peer;
	socklen_t bytes = sizeof peer;
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(0, getpeername(fd, (struct sockaddr *)&peer, &bytes));
	inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text);
	assert_string_equal(wanted, text);
}

/* Serve one request on a new connection, which is returned. */
static int serve_one(const struct outbound_request *request)
{
	struct test_call *test = start(request);
	int fd = back_end_accept();

	back_end_expect(fd, GET_HEAD "\r\n");
	back_end_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(test));
	assert_int_equal(200, test->status);
	free(test);
	return fd;
}

static enum outbound_error error_of(const struct outbound_request *request)
{
	struct test_call *test = start(request);
	enum outbound_error error;

	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->errors);
	error = test->error;
	free(test);
	return error;
}

/* --- tests ------------------------------------------------------------------------------------------------------------ */

static void a_call_leaves_from_its_place(void **state)
{
	struct outbound_request request = get_from_place();
	struct outbound_target target6;
	int fd;

	(void)state;
	fd = serve_one(&request);
	assert_peer(fd, "::ffff:" PLACE);
	close(fd);
	assert_int_equal(0, outbound_target_init(&target6, view_of(HOME6), port, false, TLS_VERIFY_ALL));
	request.target = &target6;
	fd = serve_one(&request);
	assert_peer(fd, PLACE6);
	close(fd);
}

static void connections_are_not_shared_with_home(void **state)
{
	struct outbound_request request = get_from_place(), from_home = get();
	int there, here;
	struct test_call *test;

	(void)state;
	there = serve_one(&request);
	here = serve_one(&from_home);
	assert_peer(there, "::ffff:" PLACE);
	assert_peer(here, "::ffff:" HOME);
	test = start(&request);
	back_end_expect(there, GET_HEAD "\r\n");
	back_end_send(there, "HTTP/1.1 204 No\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(204, test->status);
	free(test);
	close(there);
	close(here);
}

static void a_place_without_sockets_fails_its_calls(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	assert_int_equal(1, away_count);
	assert_string_equal("vpce-0123456789abcdef0", away[0]->place);
	deliver(-EBUSY);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_CONNECT, test->error);
	assert_false(is_readable(listener, 0));
	free(test);
}

static void a_call_waits_for_a_socket_no_longer_than_it_may(void **state)
{
	struct outbound_request request = get_from_place();

	(void)state;
	answers = false;
	request.timeout_ms = 50;
	assert_int_equal(OUTBOUND_TIMEOUT, error_of(&request));
	assert_int_equal(1, away_count);
	/* What comes now is for the next. */
	deliver(0);
	request.timeout_ms = 2000;
	close(serve_one(&request));
}

static void a_call_that_waits_may_be_cancelled(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	assert_int_equal(0, loop_turn(loop, false));
	outbound_cancel(&test->call);
	deliver(0);
	assert_int_equal(0, loop_turn(loop, false));
	assert_false(is_over(test));
	assert_false(is_readable(listener, 0));
	free(test);
}

static void the_place_itself_is_no_back_end(void **state)
{
	static const char *const own[] = { PLACE, PLACE6, "127.0.0.1", "127.0.0.9", "::ffff:127.0.0.1" };
	struct outbound_request request = get_from_place();

	(void)state;
	assert_int_equal(0, destination_allow(&rules, "::1"));
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		struct outbound_target wanted;

		assert_int_equal(0, outbound_target_init(&wanted, view_from_text(own[i]), port, false, TLS_VERIFY_ALL));
		request.target = &wanted;
		assert_int_equal(OUTBOUND_FORBIDDEN, error_of(&request));
	}
	assert_false(is_readable(listener, 0));
}

static void rules_hold_at_a_place_too(void **state)
{
	struct outbound_request request = get_from_place();

	(void)state;
	assert_int_equal(0, destination_refuse_management(&rules, HOME, port));
	assert_int_equal(OUTBOUND_FORBIDDEN, error_of(&request));
	assert_false(is_readable(listener, 0));
}

static void a_closed_place_ends_what_is_idle_and_lets_answers_end(void **state)
{
	struct outbound_request request = get_from_place();
	struct outbound_target other;
	struct test_call *busy;
	int idle_fd = serve_one(&request), busy_fd;

	(void)state;
	assert_int_equal(0, outbound_target_init(&other, view_of(HOME6), port, false, TLS_VERIFY_ALL));
	request.target = &other;
	busy = start(&request);
	busy_fd = back_end_accept();
	back_end_expect(busy_fd, GET_HEAD "\r\n");
	outbound_place_close(place);
	back_end_expect_end(idle_fd);
	assert_int_equal(OUTBOUND_CONNECT, error_of(&request));
	/* Who is being answered is answered, and the connection is not kept. */
	back_end_send(busy_fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	TURN_UNTIL(is_over(busy));
	assert_int_equal(1, busy->lasts);
	back_end_expect_end(busy_fd);
	free(busy);
}

static void a_closed_place_ends_what_waits(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	assert_int_equal(0, loop_turn(loop, false));
	assert_false(is_over(test));
	outbound_place_close(place);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_CONNECT, test->error);
	free(test);
}

static void a_place_that_is_freed_waits_for_its_orders(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	outbound_cancel(&test->call);
	free(test);
	outbound_place_free(place);
	assert_int_equal(1, away_count);
	deliver(0); /* to memory that is still there: a sanitizer would tell */
	place = outbound_place_new(outbound, "vpce-0123456789abcdef1", take_order, &answers);
	assert_non_null(place);
	/* The same again, and this time nobody delivers. */
	test = start(&(struct outbound_request){
		.target = &target, .place = place, .head = view_of(GET_HEAD), .timeout_ms = 2000, .idempotent = true });
	outbound_cancel(&test->call);
	free(test);
	outbound_place_free(place);
	place = NULL;
	assert_int_equal(1, away_count);
	away_count = 0;
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

static struct loop_watch server, stream_server, stream;
static unsigned int asked, asked_by_stream, asked_from_home;
static bool cuts; /* answers over UDP are cut: the question comes again over TCP */

/* Make the answer to a question of `count` bytes: every name is HOME. Returns its length. */
static size_t make_answer(uint8_t *message, ssize_t count, bool cut)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 0, 1 };
	size_t end = 12;
	bool has_record;

	assert_true(count >= 17);
	while (message[end])
		end += message[end] + 1u;
	has_record = message[end + 2] == 1 && !cut;
	end += 5;
	message[2] = cut ? 0x86 : 0x84;
	message[3] = 0;
	memset(message + 6, 0, 6);
	message[7] = has_record;
	if (has_record)
		memcpy(message + end, record, sizeof record);
	return end + (has_record ? sizeof record : 0);
}

static void note_peer(const struct sockaddr_in *peer)
{
	asked++;
	asked_from_home += peer->sin_addr.s_addr != inet_addr(PLACE);
}

/* A name server at home. */
static void server_asked(struct loop_watch *watch, unsigned events)
{
	uint8_t message[1024];
	struct sockaddr_in peer;
	socklen_t bytes = sizeof peer;
	ssize_t count = recvfrom(watch->fd, message, 512, MSG_DONTWAIT, (struct sockaddr *)&peer, &bytes);
	size_t end = make_answer(message, count, cuts);

	(void)events;
	note_peer(&peer);
	assert_int_equal((ssize_t)end, sendto(watch->fd, message, end, 0, (struct sockaddr *)&peer, bytes));
}

/* Questions come whole, perhaps two at once. */
static void stream_asked(struct loop_watch *watch, unsigned events)
{
	uint8_t bytes[1024], message[1024];
	ssize_t count = recv(watch->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	(void)events;
	if (count <= 0) {
		int fd = watch->fd;

		loop_watch_fini(watch);
		close(fd);
		return;
	}
	for (ssize_t at = 0, size; at + 2 < count; at += 2 + size) {
		size_t end;

		size = bytes[at] << 8 | bytes[at + 1];
		assert_true(at + 2 + size <= count);
		memcpy(message + 2, bytes + at + 2, (size_t)size);
		end = make_answer(message + 2, size, false);
		message[0] = (uint8_t)(end >> 8);
		message[1] = (uint8_t)end;
		asked_by_stream++;
		assert_int_equal((ssize_t)end + 2, send(watch->fd, message, end + 2, MSG_NOSIGNAL));
	}
}

static void stream_begun(struct loop_watch *watch, unsigned events)
{
	struct sockaddr_in peer;
	socklen_t bytes = sizeof peer;
	int fd = accept4(watch->fd, (struct sockaddr *)&peer, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	assert_true(fd >= 0);
	note_peer(&peer);
	loop_watch_init(&stream, loop, fd, stream_asked);
	assert_int_equal(0, loop_watch_read(&stream, true));
}

static int set_up_names(void **state)
{
	static char servers[64];
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(HOME) };
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int stream_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	set_up_place(state);
	asked = asked_by_stream = asked_from_home = 0;
	cuts = false;
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &bytes));
	loop_watch_init(&server, loop, fd, server_asked);
	assert_int_equal(0, loop_watch_read(&server, true));
	assert_int_equal(0, bind(stream_fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(stream_fd, 4));
	loop_watch_init(&stream_server, loop, stream_fd, stream_begun);
	assert_int_equal(0, loop_watch_read(&stream_server, true));
	outbound_place_free(place);
	outbound_free(outbound);
	/* The first is the place's own loopback, which is not asked. */
	snprintf(servers, sizeof servers, "127.0.0.1:%u," HOME ":%u", ntohs(address.sin_port), ntohs(address.sin_port));
	settings.name_servers = servers;
	outbound = outbound_new(loop, &settings);
	place = outbound_place_new(outbound, "vpce-0123456789abcdef0", take_order, &answers);
	assert_non_null(place);
	assert_int_equal(0, outbound_target_init(&target, view_of("pets.internal"), port, false, TLS_VERIFY_ALL));
	return 0;
}

static int tear_down_names(void **state)
{
	int fd = server.fd, stream_fd = stream_server.fd, one_fd = stream.loop ? stream.fd : -1;

	loop_watch_fini(&server);
	loop_watch_fini(&stream_server);
	loop_watch_fini(&stream);
	close(fd);
	close(stream_fd);
	if (one_fd >= 0)
		close(one_fd);
	return tear_down_place(state);
}

static void names_are_asked_for_from_the_place(void **state)
{
	struct outbound_request request = get_from_place();
	int fd = serve_one(&request);

	(void)state;
	assert_peer(fd, "::ffff:" PLACE);
	assert_true(asked >= 2);
	assert_int_equal(0, asked_from_home);
	close(fd);
}

static void an_answer_that_was_cut_is_asked_for_by_tcp_from_the_place(void **state)
{
	struct outbound_request request = get_from_place();
	int fd;

	(void)state;
	cuts = true;
	fd = serve_one(&request);
	assert_peer(fd, "::ffff:" PLACE);
	assert_true(asked_by_stream >= 1);
	assert_int_equal(0, asked_from_home);
	close(fd);
}

static void without_sockets_no_name_is_asked_for(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	assert_int_equal(1, away_count);
	assert_int_equal(SOCK_DGRAM, away[0]->type);
	deliver(-EBUSY);
	while (!is_over(test) && away_count == 0)
		assert_int_equal(0, loop_turn(loop, true));
	while (away_count)
		deliver(-EBUSY);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_NAME, test->error);
	assert_int_equal(0, asked);
	free(test);
}

static void a_place_may_go_while_a_name_is_waited_for(void **state)
{
	struct outbound_request request = get_from_place();
	struct test_call *test;

	(void)state;
	answers = false;
	test = start(&request);
	assert_int_equal(0, loop_turn(loop, false));
	outbound_place_close(place);
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_NAME, test->error);
	assert_int_equal(0, asked);
	free(test);
}

#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, set_up_place, tear_down_place)
#define WITH_NAMES(name) cmocka_unit_test_setup_teardown(name, set_up_names, tear_down_names)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_call_leaves_from_its_place),
		IN_PLACE(connections_are_not_shared_with_home),
		IN_PLACE(a_place_without_sockets_fails_its_calls),
		IN_PLACE(a_call_waits_for_a_socket_no_longer_than_it_may),
		IN_PLACE(a_call_that_waits_may_be_cancelled),
		IN_PLACE(the_place_itself_is_no_back_end),
		IN_PLACE(rules_hold_at_a_place_too),
		IN_PLACE(a_closed_place_ends_what_is_idle_and_lets_answers_end),
		IN_PLACE(a_closed_place_ends_what_waits),
		IN_PLACE(a_place_that_is_freed_waits_for_its_orders),
		WITH_NAMES(names_are_asked_for_from_the_place),
		WITH_NAMES(an_answer_that_was_cut_is_asked_for_by_tcp_from_the_place),
		WITH_NAMES(without_sockets_no_name_is_asked_for),
		WITH_NAMES(a_place_may_go_while_a_name_is_waited_for),
	};

	return cmocka_run_group_tests(tests, set_up_namespaces, tear_down_namespaces);
}
