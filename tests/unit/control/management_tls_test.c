/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/management_tls: when the certificate is issued anew, and what it covers. Handshakes: tests/scenarios. */
#include "tests/unit/control/appliance.h"

#include <sys/socket.h>

#include "appliance/control/management_tls.h"

static struct management_tls tls;

/* A connection whose local address is `address`; the descriptor of its accepted end. */
static int reached(int listener, const char *address, int *ret_client)
{
	struct sockaddr_in6 to;
	socklen_t length = sizeof to;
	int accepted;

	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&to, &length));
	assert_int_equal(1, inet_pton(AF_INET6, address, &to.sin6_addr));
	*ret_client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, connect(*ret_client, (struct sockaddr *)&to, sizeof to));
	accepted = accept(listener, NULL, NULL);
	assert_true(accepted >= 0);
	return accepted;
}

static int listen_everywhere(void)
{
	const struct sockaddr_in6 everywhere = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;

	assert_int_equal(0, setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
	assert_int_equal(0, bind(fd, (const struct sockaddr *)&everywhere, sizeof everywhere));
	assert_int_equal(0, listen(fd, 64));
	return fd;
}

static bool has_name(const char *name)
{
	for (size_t i = 0; i < tls.name_count; i++)
		if (strcmp(tls.names[i], name) == 0)
			return true;
	return false;
}

/* The context for a client of `address`. */
static struct tls_server_context *choose(int listener, const char *address)
{
	struct tls_server_context *context;
	int client, accepted = reached(listener, address, &client);

	context = management_tls_choose(&tls, NULL, accepted);
	close(accepted);
	close(client);
	return context;
}

static void an_address_is_covered_once_it_is_reached(void **state)
{
	struct tls_server_context *first, *second;
	int listener = listen_everywhere();

	(void)state;
	assert_int_equal(0, management_tls_prepare(&tls, listener));
	assert_true(has_name("localhost") && has_name("gw.example.net") && has_name("192.0.2.7"));
	assert_false(has_name("::"));
	first = choose(listener, "::1");
	assert_true(has_name("::1"));
	assert_ptr_equal(first, choose(listener, "::1"));
	/* IPv4 through a socket of both families. */
	second = tls_server_context_ref(choose(listener, "::ffff:127.0.0.9"));
	assert_true(has_name("127.0.0.9"));
	assert_ptr_equal(second, choose(listener, "::1"));
	tls_server_context_unref(second);
	close(listener);
}

static void the_oldest_address_makes_room(void **state)
{
	int listener = listen_everywhere();
	char address[40];

	(void)state;
	assert_int_equal(0, management_tls_prepare(&tls, listener));
	for (unsigned i = 1; i <= MANAGEMENT_TLS_REACHED_MAX + 1; i++) {
		snprintf(address, sizeof address, "::ffff:127.0.1.%u", i);
		assert_non_null(choose(listener, address));
	}
	assert_false(has_name("127.0.1.1"));
	assert_true(has_name("127.0.1.2") && has_name("127.0.1.17") && has_name("localhost") && has_name("192.0.2.7"));
	assert_int_equal(tls.fixed_count + MANAGEMENT_TLS_REACHED_MAX, tls.name_count);
	close(listener);
}

static void it_is_issued_anew_when_the_clock_leaves_its_life(void **state)
{
	struct tls_server_context *first, *second;
	int listener = listen_everywhere();

	(void)state;
	assert_int_equal(0, management_tls_prepare(&tls, listener));
	first = tls_server_context_ref(choose(listener, "::1"));
	tls.renew_ms = clock_wall_ms() - 1; /* as if the end had come near */
	second = tls_server_context_ref(choose(listener, "::1"));
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(second, choose(listener, "::1"));
	tls.begin_ms = clock_wall_ms() + 1000000; /* as if the clock had been set back */
	assert_ptr_not_equal(second, choose(listener, "::1"));
	assert_true(tls.begin_ms < clock_wall_ms() && tls.renew_ms > clock_wall_ms());
	tls_server_context_unref(first);
	tls_server_context_unref(second);
	close(listener);
}

static int start(void **state)
{
	struct appliance *appliance;
	int error = appliance_start(state);

	appliance = *state;
	appliance_close(appliance);
	appliance->settings.management_names = "gw.example.net 192.0.2.7 ";
	appliance_open(appliance);
	return error ? error : management_tls_init(&tls, appliance->control);
}

static int end(void **state)
{
	management_tls_fini(&tls);
	return appliance_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_address_is_covered_once_it_is_reached, start, end),
		cmocka_unit_test_setup_teardown(the_oldest_address_makes_room, start, end),
		cmocka_unit_test_setup_teardown(it_is_issued_anew_when_the_clock_leaves_its_life, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
