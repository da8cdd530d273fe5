/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "appliance/cli/host.h"
#include "appliance/launch/address.h"

static void the_kernel_has_a_release(void **state)
{
	unsigned major = 0, minor = 0;

	(void)state;
	assert_true(host_kernel(&major, &minor));
	assert_true(major >= 3);
}

static void an_address_in_use_is_told_from_a_free_one(void **state)
{
	struct netns_address address;
	struct sockaddr_storage socket_address;
	struct sockaddr_in bound;
	socklen_t count;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(0, address_parse_port(&address, view_of("127.0.0.1:1")));
	address.port = 0;
	count = address_to_socket(&socket_address, &address);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&socket_address, count));
	assert_int_equal(0, listen(fd, 1));
	count = sizeof bound;
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&bound, &count));
	address.port = ntohs(bound.sin_port);
	assert_int_equal(-EADDRINUSE, host_try_bind(&address));
	close(fd);
	assert_int_equal(0, host_try_bind(&address));
	assert_int_equal(0, address_parse_port(&address, view_of("192.0.2.1:1")));
	assert_int_equal(-EADDRNOTAVAIL, host_try_bind(&address));
}

/* Tests run as root on a kernel that Postern supports. */
static void what_posternd_needs_works_here(void **state)
{
	(void)state;
	assert_int_equal(0, host_try_namespace());
	assert_int_equal(0, host_try_veth());
	assert_int_equal(0, host_try_clsact());
	assert_int_equal(0, host_try_bpf_filter());
	assert_int_equal(0, host_try_bpf());
	assert_int_equal(0, host_try_destroy());
	assert_true(host_capabilities() != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_has_a_release),
		cmocka_unit_test(an_address_in_use_is_told_from_a_free_one),
		cmocka_unit_test(what_posternd_needs_works_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
