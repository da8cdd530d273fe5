/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of the tc program: what passes because the endpoint itself has called its sender, and what does not. The sockets
 * are real ones, on the loopback of a namespace of the test's own. Needs root.
 */
#include "tests/unit/ebpf/filters.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "127.0.0.1"
#define HOST6 "::1"

/* A socket and both of its ends as they are in the packets that answer it. */
struct call {
	int fd;
	uint16_t local_port, remote_port;
};

static struct sockaddr_storage address_of(const char *host, uint16_t port, socklen_t *ret_bytes)
{
	struct sockaddr_storage address = { .ss_family = strchr(host, ':') ? AF_INET6 : AF_INET };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

	*ret_bytes = address.ss_family == AF_INET ? sizeof *v4 : sizeof *v6;
	assert_int_equal(1, inet_pton(address.ss_family, host,
				    address.ss_family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr));
	v4->sin_port = htons(port); /* at the same place in both */
	return address;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t bytes = sizeof address;

	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &bytes));
	return ntohs(address.sin6_port);
}

static int bound(const char *host, int type)
{
	socklen_t bytes;
	struct sockaddr_storage address = address_of(host, 0, &bytes);
	int fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, bytes));
	if (type == SOCK_STREAM)
		assert_int_equal(0, listen(fd, 0));
	return fd;
}

static struct call call_to(const char *host, int type, uint16_t port)
{
	socklen_t bytes;
	struct sockaddr_storage address = address_of(host, port, &bytes);
	struct call call = { .fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
		.remote_port = port };

	assert_true(call.fd >= 0);
	(void)!connect(call.fd, (struct sockaddr *)&address, bytes);
	call.local_port = port_of(call.fd);
	return call;
}

/* A frame from one end of the loopback's to the other. */
static struct frame frame_of(const char *source, int type, uint16_t source_port, uint16_t destination_port)
{
	const bool v6 = strchr(source, ':') != NULL;
	const unsigned int protocol = type == SOCK_STREAM ? 6 : 17;
	struct frame frame = v6 ? ip6(ethernet(ETH_P_IPV6), source, HOST6, protocol)
				: ip4(ethernet(ETH_P_IP), source, HOST, protocol, 0, 0);
	size_t l4 = frame.l4;

	frame = type == SOCK_STREAM ? tcp(frame, destination_port, 0x12, 1, 1, 0) : udp(frame, destination_port);
	frame.bytes[l4] = (unsigned char)(source_port >> 8);
	frame.bytes[l4 + 1] = (unsigned char)source_port;
	return closed(frame);
}

static struct filter *opened(bool answers)
{
	struct filter *filter = open_filter();

	load(filter, 1, FILTER_MODE_DROP, FILTER_DNS_ADMITTED);
	assert_int_equal(0, filter_set_answers(filter, answers));
	return filter;
}

static void refuses(struct filter *filter, struct frame frame)
{
	uint64_t before = counted(filter, FILTER_PORT_REFUSED);

	assert_int_equal(TC_ACT_SHOT, verdict(filter, frame));
	assert_int_equal(before + 1, counted(filter, FILTER_PORT_REFUSED));
}

static void passes(struct filter *filter, struct frame frame)
{
	uint64_t before = counted(filter, FILTER_PASSED);

	assert_int_equal(TC_ACT_OK, verdict(filter, frame));
	assert_int_equal(before + 1, counted(filter, FILTER_PASSED));
}

static void only_who_was_called_may_answer(const char *host, const char *stranger, int type)
{
	struct filter *filter = opened(true);
	int listener = bound(host, type);
	uint16_t port = port_of(listener);
	struct call call = call_to(host, type, port);

	passes(filter, frame_of(host, type, port, call.local_port));
	refuses(filter, frame_of(stranger, type, port, call.local_port));
	refuses(filter, frame_of(host, type, (uint16_t)(port ^ 1), call.local_port));
	refuses(filter, frame_of(host, type, port, (uint16_t)(call.local_port ^ 1)));
	/* The other transport's ports are others. */
	refuses(filter, frame_of(host, type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM, port, call.local_port));
	close(call.fd);
	refuses(filter, frame_of(host, SOCK_DGRAM, port, call.local_port));
	close(listener);
	filter_close(filter);
}

static void a_connection_is_answered_by_its_peer_alone(void **state)
{
	(void)state;
	only_who_was_called_may_answer(HOST, "127.0.0.9", SOCK_STREAM);
	only_who_was_called_may_answer(HOST6, "fd20::10", SOCK_STREAM);
}

static void a_question_is_answered_by_whom_it_went_to_alone(void **state)
{
	(void)state;
	only_who_was_called_may_answer(HOST, "127.0.0.9", SOCK_DGRAM);
	only_who_was_called_may_answer(HOST6, "fd20::10", SOCK_DGRAM);
}

static void a_connection_that_is_being_made_is_answered(void **state)
{
	struct filter *filter = opened(true);
	int listener = bound(HOST, SOCK_STREAM);
	uint16_t port = port_of(listener);
	struct call first = call_to(HOST, SOCK_STREAM, port), second = call_to(HOST, SOCK_STREAM, port);

	(void)state;
	/* The queue of the listener holds one: the second goes on asking. */
	passes(filter, frame_of(HOST, SOCK_STREAM, port, second.local_port));
	close(first.fd);
	close(second.fd);
	close(listener);
	filter_close(filter);
}

/* Whoever could make the endpoint's sockets listen has opened nothing. */
static void what_listens_or_takes_from_anybody_opens_nothing(void **state)
{
	static const char *const hosts[] = { HOST, HOST6 };
	struct filter *filter = opened(true);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int listener = bound(hosts[i], SOCK_STREAM), open = bound(hosts[i], SOCK_DGRAM);

		refuses(filter, frame_of(hosts[i], SOCK_STREAM, 40000, port_of(listener)));
		refuses(filter, frame_of(hosts[i], SOCK_DGRAM, 40000, port_of(open)));
		close(listener);
		close(open);
	}
	filter_close(filter);
}

static void without_the_setting_nothing_is_answered(void **state)
{
	struct filter *filter = opened(false);
	int listener = bound(HOST, SOCK_STREAM), server = bound(HOST, SOCK_DGRAM);
	struct call tcp_call = call_to(HOST, SOCK_STREAM, port_of(listener)),
		    udp_call = call_to(HOST, SOCK_DGRAM, port_of(server));

	(void)state;
	refuses(filter, frame_of(HOST, SOCK_STREAM, tcp_call.remote_port, tcp_call.local_port));
	refuses(filter, frame_of(HOST, SOCK_DGRAM, udp_call.remote_port, udp_call.local_port));
	assert_int_equal(0, filter_set_answers(filter, true));
	passes(filter, frame_of(HOST, SOCK_STREAM, tcp_call.remote_port, tcp_call.local_port));
	/* A swap and a change of mode keep it. */
	load(filter, 2, FILTER_MODE_DROP, FILTER_DNS_OFF);
	assert_int_equal(0, filter_set_mode(filter, FILTER_MODE_RESET));
	passes(filter, frame_of(HOST, SOCK_DGRAM, udp_call.remote_port, udp_call.local_port));
	close(tcp_call.fd);
	close(udp_call.fd);
	close(listener);
	close(server);
	filter_close(filter);
}

/* Even where the endpoint has called a port from 443 itself: a service's port is the policy's. */
static void a_services_port_is_judged_by_its_source_still(void **state)
{
	struct filter *filter = opened(true);
	int listener = bound(HOST, SOCK_STREAM), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t bytes;
	struct sockaddr_storage local = address_of(HOST, 443, &bytes);
	struct sockaddr_storage remote = address_of(HOST, port_of(listener), &bytes);

	(void)state;
	assert_int_equal(0, bind(fd, (struct sockaddr *)&local, bytes));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&remote, bytes));
	assert_int_equal(TC_ACT_SHOT, verdict(filter, frame_of(HOST, SOCK_STREAM, port_of(listener), 443)));
	assert_int_equal(1, counted(filter, FILTER_SOURCE_NOT_ADMITTED));
	close(fd);
	close(listener);
	filter_close(filter);
}

static int set_up(void **state)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)state;
	if (geteuid() != 0)
		fail_msg("these tests load a BPF program into a namespace of their own: run them as root");
	assert_int_equal(0, unshare(CLONE_NEWNET));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, ioctl(fd, SIOCSIFFLAGS, &loopback));
	return close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_answered_by_its_peer_alone),
		cmocka_unit_test(a_question_is_answered_by_whom_it_went_to_alone),
		cmocka_unit_test(a_connection_that_is_being_made_is_answered),
		cmocka_unit_test(what_listens_or_takes_from_anybody_opens_nothing),
		cmocka_unit_test(without_the_setting_nothing_is_answered),
		cmocka_unit_test(a_services_port_is_judged_by_its_source_still),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
