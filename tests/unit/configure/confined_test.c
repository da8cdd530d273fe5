/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "image/configure/confined.h"
#include "netns/sanitizer.h"

#define PATIENCE_MS 10000
#define ROOM_BYTES 4096

static int collect(enum confined_kind kind, confined_writer *work, int timeout_ms, char **ret, size_t *ret_count)
{
	return confined_collect(kind, work, NULL, ROOM_BYTES, timeout_ms, ret, ret_count);
}

/* --- What may be answered ------------------------------------------------------------------------------------------ */

static int echo(const void *input, int output)
{
	return confined_write(output, *(const struct view *)input);
}

static void test_answers(void **state)
{
	static char bytes[ROOM_BYTES + 1];
	size_t sizes[] = { 0, 1, ROOM_BYTES - 1, ROOM_BYTES }, count;
	char *answer;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct view input = view_from(bytes, sizes[i]);

		assert_int_equal(
			0, confined_collect(CONFINED_PARSER, echo, &input, ROOM_BYTES, PATIENCE_MS, &answer, &count));
		assert_int_equal(sizes[i], count);
		assert_memory_equal(bytes, answer, count);
		assert_int_equal(0, answer[count]);
		free(answer);
	}
	assert_int_equal(-EMSGSIZE, confined_collect(CONFINED_PARSER, echo, &(struct view){ bytes, sizeof bytes },
					    ROOM_BYTES, PATIENCE_MS, &answer, &count));
}

struct record {
	uint32_t number;
	char text[12];
};

static int fill(const void *input, void *record)
{
	struct record *ret = record;

	if (ret->number)
		return 1;
	ret->number = *(const uint32_t *)input;
	return ret->number == 0;
}

static void test_records(void **state)
{
	struct record record = { .number = 7, .text = "old" };

	(void)state;
	assert_int_equal(0, confined_run(fill, &(uint32_t){ 42 }, &record, sizeof record, PATIENCE_MS));
	assert_int_equal(42, record.number);
	assert_string_equal("", record.text);
	assert_int_equal(-EBADMSG, confined_run(fill, &(uint32_t){ 0 }, &record, sizeof record, PATIENCE_MS));
}

/* --- Ends ---------------------------------------------------------------------------------------------------------- */

static int fall_silent(const void *input, int output)
{
	(void)input;
	return confined_write(output, view_of("half an answer")) ? 0 : -EINVAL;
}

static int crash(const void *input, int output)
{
	(void)input;
	(void)output;
	kill(getpid(), SIGKILL);
	raise(SIGABRT);
	return 0;
}

static int spin(const void *input, int output)
{
	(void)input;
	(void)output;
	for (volatile unsigned i = 0; i < 1; i += 0)
		;
	return 0;
}

/* It has answered, and stays. */
static int linger(const void *input, int output)
{
	close(output);
	return spin(input, output);
}

static int flood(const void *input, int output)
{
	(void)input;
	while (confined_write(output, view_of("endless")) == 0)
		;
	return 0;
}

static void test_ends(void **state)
{
	size_t count;
	char *answer = NULL;

	(void)state;
	assert_int_equal(-EBADMSG, collect(CONFINED_PARSER, fall_silent, PATIENCE_MS, &answer, &count));
	assert_int_equal(-EPROTO, collect(CONFINED_PARSER, crash, PATIENCE_MS, &answer, &count));
	assert_int_equal(-ETIMEDOUT, collect(CONFINED_PARSER, spin, 100, &answer, &count));
	assert_int_equal(-ETIMEDOUT, collect(CONFINED_PARSER, linger, 100, &answer, &count));
	assert_int_equal(-EMSGSIZE, collect(CONFINED_PARSER, flood, PATIENCE_MS, &answer, &count));
	assert_null(answer);
}

/* --- What can't be done -------------------------------------------------------------------------------------------- */

struct powers {
	int uid, gid, opened, written, socket, executed, forked;
};

static int try_all(const void *input, void *record)
{
	struct powers *powers = record;
	char path[] = "/bin/true", *arguments[] = { path, NULL };

	(void)input;
	powers->uid = (int)syscall(SYS_getuid);
	powers->gid = (int)syscall(SYS_getgid);
	powers->opened = open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0;
	powers->written = open("/tmp/confined_test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 &&
			  write(open("/tmp/confined_test", O_WRONLY | O_CLOEXEC), "x", 1) == 1;
	powers->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
	powers->forked = (int)syscall(SYS_fork);
	if (powers->forked == 0)
		_exit(0);
	powers->executed = execv(path, arguments);
	return 0;
}

static int try_socket(const void *input, int output)
{
	(void)input;
	return confined_write(
		output, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? view_of("socket") : view_of("none"));
}

static void test_powers(void **state)
{
	struct powers powers = { 0 };
	size_t count;
	char *answer;

	(void)state;
	if (HAS_SANITIZER) {
		/* The list of system calls is not in force then, and what this test tries would be done. */
		assert_int_equal(0, collect(CONFINED_CLIENT, try_socket, PATIENCE_MS, &answer, &count));
		free(answer);
		return;
	}
	assert_int_equal(0, confined_run(try_all, NULL, &powers, sizeof powers, PATIENCE_MS));
	/* Even to ask who it is is not on the list. */
	assert_int_equal(-1, powers.uid);
	assert_int_equal(-1, powers.gid);
	assert_int_equal(0, powers.opened);
	assert_int_equal(0, powers.written);
	assert_int_equal(0, powers.socket);
	assert_int_equal(-1, powers.forked);
	assert_int_equal(-1, powers.executed);
	unlink("/tmp/confined_test");
	assert_int_equal(0, collect(CONFINED_CLIENT, try_socket, PATIENCE_MS, &answer, &count));
	assert_string_equal("socket", answer);
	free(answer);
}

static int eat(const void *input, int output)
{
	(void)input;
	for (size_t i = 0; i < 4096; i++) {
		char *bytes = malloc(1u << 20);

		if (!bytes)
			return confined_write(output, view_of("no more"));
		memset(bytes, 1, 1u << 20);
	}
	return confined_write(output, view_of("4 GiB"));
}

static void test_memory(void **state)
{
	size_t count;
	char *answer;

	(void)state;
	if (HAS_SANITIZER)
		return;
	assert_int_equal(0, collect(CONFINED_PARSER, eat, PATIENCE_MS, &answer, &count));
	assert_string_equal("no more", answer);
	free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_powers),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
