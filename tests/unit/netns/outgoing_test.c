/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets of endpoints' namespaces, handed to the gateway, and what can be done with them (tests/unit/netns/endpoints.h). */
#include "tests/unit/netns/endpoints.h"

#include <pthread.h>

#include "netns/outgoing.h"

#define BACK_END_PORT 8080

static struct lab started_with_outgoing(void)
{
	struct lab lab = new_lab();

	lab.config.back_ends_from_endpoint = 1;
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	return lab;
}

/* Have the gateway run an errand, told on a connection from `client` to the endpoint at `target`. */
static struct errand_answer run_errand(
	const char *client, const char *target, int kind, const char *address, uint16_t port, int type)
{
	struct errand errand = {
		.port = port, .type = (uint16_t)type, .count = kind == ERRAND_ASK ? VERB_OUTGOING_MAX : 2
	};
	struct errand_answer answer = { .status = -ECONNRESET };
	struct pollfd wanted = { .events = POLLIN };
	char first = (char)kind;

	snprintf(errand.address, sizeof errand.address, "%s", address);
	wanted.fd = connect_from(client, target, 443, 5000, NULL);
	assert_true(wanted.fd >= 0);
	assert_int_equal(1, send(wanted.fd, &first, 1, MSG_NOSIGNAL));
	assert_int_equal(sizeof errand, send(wanted.fd, &errand, sizeof errand, MSG_NOSIGNAL));
	assert_true(poll(&wanted, 1, 20000) > 0);
	(void)!recv(wanted.fd, &answer, sizeof answer, MSG_WAITALL);
	close(wanted.fd);
	return answer;
}

static struct errand_answer call(const char *target, const char *address, int type)
{
	return run_errand(ALLOWED, target, ERRAND_CALL, address, BACK_END_PORT, type);
}

/*
 * A back end in the test's namespace: answers whatever comes with the address that it came from. Over UDP it answers at some
 * addresses from just these, and at all, by another port, from whichever the kernel prefers.
 */
struct back_end {
	pthread_t thread;
	int stop[2], tcp;
	int udp[4];
};

static const char *const exact[] = { ALLOWED, ALLOWED6, IPVLAN_ALLOWED6 };

/* An IPv4 peer of a socket for both families is its last four bytes. */
static void write_peer(char text[INET6_ADDRSTRLEN], const struct sockaddr_in6 *peer)
{
	const uint8_t *bytes = peer->sin6_addr.s6_addr;

	if (peer->sin6_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, text, INET6_ADDRSTRLEN);
	else if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr))
		inet_ntop(AF_INET, bytes + 12, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, bytes, text, INET6_ADDRSTRLEN);
}

static void answer_stream(int listener)
{
	struct sockaddr_in6 peer;
	socklen_t bytes = sizeof peer;
	char text[INET6_ADDRSTRLEN] = "", byte;
	int fd = accept(listener, (struct sockaddr *)&peer, &bytes);

	if (fd < 0)
		return;
	write_peer(text, &peer);
	if (recv(fd, &byte, 1, 0) == 1)
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	close(fd);
}

static void answer_datagram(int fd)
{
	struct sockaddr_in6 peer;
	socklen_t bytes = sizeof peer;
	char text[INET6_ADDRSTRLEN] = "", byte;

	if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&peer, &bytes) != 1)
		return;
	write_peer(text, &peer);
	(void)!sendto(fd, text, strlen(text), 0, (struct sockaddr *)&peer, bytes);
}

static void *serve(void *context)
{
	const struct back_end *back_end = context;

	for (;;) {
		struct pollfd fds[6] = { { .fd = back_end->stop[0], .events = POLLIN },
			{ .fd = back_end->tcp, .events = POLLIN } };

		for (size_t i = 0; i < 4; i++)
			fds[2 + i] = (struct pollfd){ .fd = back_end->udp[i], .events = POLLIN };
		if (poll(fds, 6, -1) < 0 || fds[0].revents)
			return NULL;
		if (fds[1].revents)
			answer_stream(back_end->tcp);
		for (size_t i = 2; i < 6; i++)
			if (fds[i].revents)
				answer_datagram(fds[i].fd);
	}
}

static int bound(int type, const char *address, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t bytes = socket_address(&at, address, port);
	int fd = socket(at.ss_family, type | SOCK_CLOEXEC, 0), on = 1;

	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	assert_int_equal(0, bind(fd, (struct sockaddr *)&at, bytes));
	return fd;
}

static void back_end_start(struct back_end *back_end)
{
	back_end->tcp = bound(SOCK_STREAM, "::", BACK_END_PORT);
	for (size_t i = 0; i < 3; i++)
		back_end->udp[i] = bound(SOCK_DGRAM, exact[i], BACK_END_PORT);
	back_end->udp[3] = bound(SOCK_DGRAM, "::", BACK_END_PORT + 1);
	assert_int_equal(0, listen(back_end->tcp, 8));
	assert_int_equal(0, pipe2(back_end->stop, O_CLOEXEC));
	assert_int_equal(0, pthread_create(&back_end->thread, NULL, serve, back_end));
}

static void back_end_stop(struct back_end *back_end)
{
	assert_int_equal(1, write(back_end->stop[1], "", 1));
	assert_int_equal(0, pthread_join(back_end->thread, NULL));
	close(back_end->tcp);
	for (size_t i = 0; i < 4; i++)
		close(back_end->udp[i]);
	close(back_end->stop[0]);
	close(back_end->stop[1]);
}

static void assert_called_from(const char *from, const char *target, const char *address, int type)
{
	struct errand_answer answer = call(target, address, type);

	if (answer.status != 0)
		fail_msg("a call of %s by type %d: %s", address, type, strerror(-answer.status));
	assert_string_equal(from, answer.text);
}

static void calls_leave_from_the_endpoints_address_and_are_answered(void **state)
{
	struct lab lab = started_with_outgoing();
	struct back_end back_end;

	(void)state;
	back_end_start(&back_end);
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_called_from("10.20.0.5", "10.20.0.5", ALLOWED, SOCK_STREAM);
	assert_called_from("fd20::5", "10.20.0.5", ALLOWED6, SOCK_STREAM);
	assert_called_from("10.20.0.5", "10.20.0.5", ALLOWED, SOCK_DGRAM);
	assert_called_from("fd20::5", "10.20.0.5", ALLOWED6, SOCK_DGRAM);
	/* Who is called may answer, also one that may not call; and it still may not. */
	assert_called_from("10.20.0.5", "10.20.0.5", DENIED, SOCK_STREAM);
	assert_called_from("fd20::5", "10.20.0.5", DENIED6, SOCK_STREAM);
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED, "10.20.0.5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(DENIED6, "fd20::5", 443, 5000, NULL));
	assert_int_equal(-ECONNREFUSED, ask_from(ALLOWED, "10.20.0.5", BACK_END_PORT, 5000, NULL));
	/* Only who was asked may answer: at this port another address of the host does. */
	assert_int_equal(-ETIMEDOUT,
		run_errand(ALLOWED, "10.20.0.5", ERRAND_CALL, DENIED, BACK_END_PORT + 1, SOCK_DGRAM).status);
	assert_true(stats_of(&lab, first_id).packets[FILTER_PORT_REFUSED] >= 2);
	/* One that refuses says so. */
	assert_int_equal(-ECONNREFUSED,
		run_errand(ALLOWED, "10.20.0.5", ERRAND_CALL, ALLOWED, BACK_END_PORT + 1, SOCK_STREAM).status);
	back_end_stop(&back_end);
	finish(&lab);
}

static void on_a_macvlan_too(void **state)
{
	struct lab lab = started_with_outgoing();
	struct verb_endpoint_create create = endpoint(second_id, 1, "10.30.0.5", NULL);
	struct back_end back_end;
	struct errand_answer answer;

	(void)state;
	back_end_start(&back_end);
	assert_int_equal(0, make(&lab, &create));
	assert_int_equal(0, load(&lab, second_id, 1, FILTER_MODE_RESET, SEALS));
	answer = run_errand("10.30.0.10", "10.30.0.5", ERRAND_CALL, "10.30.0.10", BACK_END_PORT, SOCK_STREAM);
	assert_int_equal(0, answer.status);
	assert_string_equal("10.30.0.5", answer.text);
	back_end_stop(&back_end);
	finish(&lab);
}

/* In tests/guest at least; what a kernel without ipvlan is told is checked by endpoint_test.c. */
static void on_an_ipvlan_too(void **state)
{
	struct lab lab = started_with_outgoing();
	struct verb_endpoint_create create = endpoint(first_id, 3, "10.40.0.5", "fd40::5");
	struct back_end back_end;
	struct errand_answer answer;
	int rc;

	(void)state;
	back_end_start(&back_end);
	rc = make(&lab, &create);
	if (rc != -EPROTONOSUPPORT) {
		assert_int_equal(0, rc);
		assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
		answer =
			run_errand(IPVLAN_ALLOWED, "10.40.0.5", ERRAND_CALL, IPVLAN_DENIED, BACK_END_PORT, SOCK_STREAM);
		assert_int_equal(0, answer.status);
		assert_string_equal("10.40.0.5", answer.text);
		answer = run_errand(
			IPVLAN_ALLOWED, "10.40.0.5", ERRAND_CALL, IPVLAN_ALLOWED6, BACK_END_PORT, SOCK_DGRAM);
		assert_int_equal(0, answer.status);
		assert_string_equal("fd40::5", answer.text);
	}
	back_end_stop(&back_end);
	finish(&lab);
	if (rc == -EPROTONOSUPPORT)
		skip();
}

static void a_socket_that_listens_is_not_reached(void **state)
{
	struct lab lab = started_with_outgoing();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_DROP, SEALS));
	assert_int_equal(
		0, run_errand(ALLOWED, "10.20.0.5", ERRAND_LISTEN, ALLOWED, BACK_END_PORT, SOCK_STREAM).status);
	assert_int_equal(-ETIMEDOUT, ask_from(ALLOWED, "10.20.0.5", BACK_END_PORT, 300, NULL));
	/* Nor may it take a service's place. */
	assert_int_equal(-EACCES, run_errand(ALLOWED, "10.20.0.5", ERRAND_LISTEN, ALLOWED, 443, SOCK_STREAM).status);
	finish(&lab);
}

static void without_the_setting_there_are_none(void **state)
{
	struct lab lab = started();

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(-EPERM, call("10.20.0.5", ALLOWED, SOCK_STREAM).status);
	finish(&lab);
}

static void a_successor_with_other_settings_changes_the_filter(void **state)
{
	struct lab lab = started();
	struct back_end back_end;

	(void)state;
	back_end_start(&back_end);
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	assert_int_equal(0, lab_stop(&lab));
	lab.config.back_ends_from_endpoint = 1;
	lab_write_settings(&lab);
	lab_start(&lab, NULL);
	lab_wait_ready(&lab);
	assert_called_from("10.20.0.5", "10.20.0.5", ALLOWED, SOCK_STREAM);
	back_end_stop(&back_end);
	finish(&lab);
}

static void a_gateway_that_asks_without_end_gets_so_many_a_second(void **state)
{
	struct lab lab = started_with_outgoing();
	struct errand_answer answer;

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	answer = run_errand(ALLOWED, "10.20.0.5", ERRAND_ASK, ALLOWED, 3000, SOCK_STREAM);
	print_message("%u sockets in %u ms\n", answer.count, (unsigned int)(answer.took_ns / 1000000));
	/* A machine that is slower than the limit never meets it. */
	assert_true(answer.status == -EBUSY || answer.took_ns >= 3000000000u);
	assert_true(answer.count <= OUTGOING_PER_SECOND_MAX * (answer.took_ns / 1000000000u + 2));
	assert_int_equal(1, lab_status(&lab).gateway.ready);
	finish(&lab);
}

static void a_gateway_that_asks_and_does_not_read_is_ended(void **state)
{
	struct lab lab = started_with_outgoing();
	int gateway, fd;
	char deaf[1 + sizeof(struct errand)] = { ERRAND_DEAF };

	(void)state;
	assert_int_equal(0, make_first(&lab));
	assert_int_equal(0, load(&lab, first_id, 1, FILTER_MODE_RESET, SEALS));
	gateway = ask_from(ALLOWED, "10.20.0.5", 443, 5000, NULL);
	fd = connect_from(ALLOWED, "10.20.0.5", 443, 5000, NULL);
	assert_int_equal(sizeof deaf, send(fd, deaf, sizeof deaf, MSG_NOSIGNAL));
	while (lab_status(&lab).gateway.pid == gateway)
		;
	assert_true(lab_log_has(&lab, "it asks and does not read the answers"));
	assert_int_not_equal(gateway, ask_from(ALLOWED, "10.20.0.5", 443, 20000, NULL));
	close(fd);
	finish(&lab);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_leave_from_the_endpoints_address_and_are_answered),
		cmocka_unit_test(on_a_macvlan_too),
		cmocka_unit_test(on_an_ipvlan_too),
		cmocka_unit_test(a_socket_that_listens_is_not_reached),
		cmocka_unit_test(without_the_setting_there_are_none),
		cmocka_unit_test(a_successor_with_other_settings_changes_the_filter),
		cmocka_unit_test(a_gateway_that_asks_without_end_gets_so_many_a_second),
		cmocka_unit_test(a_gateway_that_asks_and_does_not_read_is_ended),
	};
	int status = act_by_name(argc, argv);

	return status >= 0 ? status : cmocka_run_group_tests(tests, set_up, NULL);
}
