/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each case restricts a child process: a restriction can't be taken back. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "appliance/base/log.h"
#include "appliance/launch/sandbox.h"
#include "netns/sanitizer.h"

static char folder[] = "/tmp/postern-sandbox-XXXXXX";
static char inside[64], fresh[64];

/* Exit status of `run` in a child; 0 is good, else the number of the step that failed. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(run());
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct settings *settings(void)
{
	struct settings *ret;
	struct buffer errors, text;

	buffer_init(&errors, 1000);
	buffer_init(&text, 1000);
	buffer_printf(&text, "state_dir: %s\n", folder);
	if (settings_parse(&ret, buffer_view(&text), "test", &errors) != 0)
		_exit(99);
	return ret;
}

static bool may(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int gateway_files(void)
{
	if (sandbox_files(SANDBOX_GATEWAY, settings()) != 0)
		return 1;
	if (!may(inside, O_RDONLY))
		return 2;
	if (may(inside, O_RDWR) || may(fresh, O_WRONLY | O_CREAT))
		return 3;
	if (may("/tmp", O_RDONLY) || may("/root", O_RDONLY))
		return 4;
	/* The latter wherever it leads to. */
	return may("/etc/hosts", O_RDONLY) && may("/etc/resolv.conf", O_RDONLY) ? 0 : 5;
}

static void the_gateway_only_reads_its_state(void **state)
{
	(void)state;
	if (sandbox_landlock_version() == 0)
		fail_msg("this kernel has no Landlock");
	assert_int_equal(0, in_child(gateway_files));
}

static int control_files(void)
{
	if (sandbox_files(SANDBOX_CONTROL, settings()) != 0)
		return 1;
	if (!may(inside, O_RDWR) || !may(fresh, O_WRONLY | O_CREAT) || unlink(fresh) != 0)
		return 2;
	return may("/tmp/postern-elsewhere", O_WRONLY | O_CREAT) ? 3 : 0;
}

static void control_writes_its_state_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(0, in_child(control_files));
}

static void *thread(void *argument)
{
	*(bool *)argument = mkdir("/tmp/postern-made", 0700) < 0 && errno == EPERM;
	return NULL;
}

static int gateway_calls(void)
{
	pthread_t id;
	bool refused = false;
	int fds[2];

	if (sandbox_system_calls(SANDBOX_GATEWAY) != 0)
		return 1;
	if (pthread_create(&id, NULL, thread, &refused) != 0 || pthread_join(id, NULL) != 0 || !refused)
		return 2;
	if (fork() >= 0 || errno != EPERM)
		return 3;
	if (rename("/tmp/a", "/tmp/b") == 0 || errno != EPERM)
		return 4;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 || errno != EPERM)
		return 5;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 6;
}

static void the_gateway_makes_threads_but_no_processes_or_folders(void **state)
{
	(void)state;
	if (!HAS_SANITIZER)
		assert_int_equal(0, in_child(gateway_calls));
}

static int control_calls(void)
{
	if (sandbox_system_calls(SANDBOX_CONTROL) != 0)
		return 1;
	if (mkdir(fresh, 0700) != 0)
		return 2;
	return chroot("/") < 0 && errno == EPERM ? 0 : 3;
}

static void control_may_write_files_but_not_change_the_system(void **state)
{
	(void)state;
	if (!HAS_SANITIZER)
		assert_int_equal(0, in_child(control_calls));
	rmdir(fresh);
}

static int start(void **state)
{
	(void)state;
	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_JSON);
	if (!mkdtemp(folder))
		return -1;
	snprintf(inside, sizeof inside, "%s/file", folder);
	snprintf(fresh, sizeof fresh, "%s/fresh", folder);
	return may(inside, O_WRONLY | O_CREAT) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	unlink(inside);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gateway_only_reads_its_state),
		cmocka_unit_test(control_writes_its_state_and_nothing_else),
		cmocka_unit_test(the_gateway_makes_threads_but_no_processes_or_folders),
		cmocka_unit_test(control_may_write_files_but_not_change_the_system),
	};

	return cmocka_run_group_tests(tests, start, end);
}
