/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the service manager is told, seen from its socket. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns/notify.h"

/* A manager's socket under `name`, which is in NOTIFY_SOCKET from then on. */
static int listen_as(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char got[256] = "";

	assert_int_equal(recv(fd, got, sizeof got - 1, 0), strlen(text));
	assert_string_equal(got, text);
}

static void nobody_wants_to_know(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_manager("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_manager("READY=1"), 0);
}

static void one_datagram_by_path(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof name, "/tmp/postern-notify-%d", getpid());
	fd = listen_as(name);
	assert_int_equal(notify_manager("READY=1\nSTATUS=serving"), 0);
	assert_int_equal(notify_manager("STOPPING=1"), 0);
	expect(fd, "READY=1\nSTATUS=serving");
	expect(fd, "STOPPING=1");
	assert_int_equal(recv(fd, name, sizeof name, 0), -1);
	assert_int_equal(errno, EAGAIN);
	unlink(getenv("NOTIFY_SOCKET"));
	close(fd);
}

static void one_datagram_by_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof name, "@postern-notify-%d", getpid());
	fd = listen_as(name);
	assert_int_equal(notify_manager("READY=1"), 0);
	expect(fd, "READY=1");
	close(fd);
	assert_int_equal(notify_manager("READY=1"), -ECONNREFUSED);
}

static void what_names_no_manager(void **state)
{
	char name[sizeof(struct sockaddr_un) + 1];

	(void)state;
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_manager("READY=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", "/nonexistent/postern", 1);
	assert_int_equal(notify_manager("READY=1"), -ENOENT);
	memset(name, 'a', sizeof name - 1);
	name[0] = '/';
	name[sizeof name - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_manager("READY=1"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_wants_to_know),
		cmocka_unit_test(one_datagram_by_path),
		cmocka_unit_test(one_datagram_by_abstract_name),
		cmocka_unit_test(what_names_no_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
