/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "image/configure/files.h"
#include "netns/privilege.h"
#include "image/configure/say.h"
#include "netns/sanitizer.h"

/* The answer's pipe, those of the service, one socket, one file: twice. */
#define FILES_MAX 16
/* Statuses of a child that has no answer, and of one that could not be confined. */
#define STATUS_NO_ANSWER 1
#define STATUS_NO_CHILD 2

struct rule {
	int call;
	bool parser; /* both kinds if true, the client alone if false */
};

static const struct rule rules[] = {
	{ SCMP_SYS(read), true },
	{ SCMP_SYS(pread64), true },
	{ SCMP_SYS(write), true },
	{ SCMP_SYS(close), true },
	{ SCMP_SYS(lseek), true },
	{ SCMP_SYS(fstat), true },
	{ SCMP_SYS(newfstatat), true },
	{ SCMP_SYS(mmap), true },
	{ SCMP_SYS(munmap), true },
	{ SCMP_SYS(mremap), true },
	{ SCMP_SYS(mprotect), true },
	{ SCMP_SYS(madvise), true },
	{ SCMP_SYS(brk), true },
	{ SCMP_SYS(futex), true },
	{ SCMP_SYS(getrandom), true },
	{ SCMP_SYS(sched_getaffinity), true },
	{ SCMP_SYS(clock_gettime), true },
	{ SCMP_SYS(getpid), true },
	{ SCMP_SYS(gettid), true },
	{ SCMP_SYS(tgkill), true },
	{ SCMP_SYS(rt_sigprocmask), true },
	{ SCMP_SYS(rt_sigaction), true },
	{ SCMP_SYS(rt_sigreturn), true },
	{ SCMP_SYS(exit), true },
	{ SCMP_SYS(exit_group), true },
	{ SCMP_SYS(socket), false },
	{ SCMP_SYS(connect), false },
	{ SCMP_SYS(poll), false },
	{ SCMP_SYS(ppoll), false },
	{ SCMP_SYS(sendto), false },
	{ SCMP_SYS(recvfrom), false },
	{ SCMP_SYS(getsockopt), false },
	{ SCMP_SYS(setsockopt), false },
	{ SCMP_SYS(clock_nanosleep), false },
	{ SCMP_SYS(fcntl), false },
};

static int filter_calls(enum confined_kind kind)
{
	scmp_filter_ctx filter;
	int error = 0;

#if HAS_SANITIZER
	return 0;
#endif
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_COUNT(rules) && !error; i++)
		if (rules[i].parser || kind == CONFINED_CLIENT)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].call, 0);
	/* Users and groups are looked up by name: /etc/passwd. Nothing is opened to be written, or made. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, O_RDONLY));
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

/* Nothing is done with bytes from outside unless all of it could be given up. */
static int give_up_privileges(enum confined_kind kind)
{
	const struct rlimit files = { .rlim_cur = FILES_MAX, .rlim_max = FILES_MAX };
	int error = privilege_enter_reader(CONFINED_ID, CONFINED_MEMORY_BYTES);

	if (!error && setrlimit(RLIMIT_NOFILE, &files) < 0)
		error = -errno;
	return error ? error : filter_calls(kind);
}

static _Noreturn void be_child(enum confined_kind kind, confined_writer *work, const void *input, int output)
{
	if (give_up_privileges(kind) < 0)
		_exit(STATUS_NO_CHILD);
	_exit(work(input, output) == 0 ? 0 : STATUS_NO_ANSWER);
}

static int wait_for(int fd, uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd event = { .fd = fd, .events = POLLIN };
		uint64_t now_ms = clock_monotonic_ms();

		if (now_ms >= deadline_ms)
			return -ETIMEDOUT;
		if (poll(&event, 1, (int)(deadline_ms - now_ms)) > 0)
			return 0;
	}
}

/* All that comes until the other end is closed. */
static int collect(int from, uint64_t deadline_ms, size_t max_bytes, char *bytes, size_t *ret_count)
{
	size_t count = 0;
	ssize_t got = 1;

	while (got != 0) {
		int error = wait_for(from, deadline_ms);

		if (error)
			return error;
		got = read(from, bytes + count, max_bytes + 1 - count);
		if (got < 0 && errno != EINTR)
			return -errno;
		count += got > 0 ? (size_t)got : 0;
		if (count > max_bytes)
			return -EMSGSIZE;
	}
	*ret_count = count;
	return 0;
}

/* How the child ended; killed if it does not. */
static int reap(pid_t pid, uint64_t deadline_ms, int error)
{
	int handle = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;

	if (!error)
		error = handle < 0 ? -errno : wait_for(handle, deadline_ms);
	if (handle >= 0)
		close(handle);
	if (error)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (error || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return error;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_ANSWER)
		return -EBADMSG;
	return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_CHILD ? -EPERM : -EPROTO;
}

int confined_collect(enum confined_kind kind, confined_writer *work, const void *input, size_t max_bytes,
	int timeout_ms, char **ret, size_t *ret_count)
{
	uint64_t deadline_ms = clock_monotonic_ms() + (uint64_t)timeout_ms;
	char *bytes = malloc(max_bytes + 1);
	int ends[2], error;
	size_t count = 0;
	pid_t pid;

	if (!bytes)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		error = -errno;
		free(bytes);
		return error;
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_child(kind, work, input, ends[1]);
	}
	error = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (!error)
		error = reap(pid, deadline_ms, collect(ends[0], deadline_ms, max_bytes, bytes, &count));
	close(ends[0]);
	if (error) {
		free(bytes);
		return error;
	}
	bytes[count] = '\0';
	*ret = bytes;
	*ret_count = count;
	return 0;
}

int confined_write(int output, struct view bytes)
{
	while (bytes.count) {
		ssize_t count = write(output, bytes.at, bytes.count);

		if (count < 0 && errno != EINTR)
			return -errno;
		bytes = view_after(bytes, count > 0 ? (size_t)count : 0);
	}
	return 0;
}

struct record_work {
	confined_work *work;
	const void *input;
	void *record;
	size_t record_bytes;
};

static int write_record(const void *input, int output)
{
	const struct record_work *run = input;

	memset(run->record, 0, run->record_bytes);
	if (run->work(run->input, run->record) != 0)
		return -EBADMSG;
	return confined_write(output, view_from(run->record, run->record_bytes));
}

int confined_run(confined_work *work, const void *input, void *record, size_t record_bytes, int timeout_ms)
{
	const struct record_work run = { work, input, record, record_bytes };
	char *bytes;
	size_t count;
	int error = confined_collect(CONFINED_PARSER, write_record, &run, record_bytes, timeout_ms, &bytes, &count);

	if (error)
		return error;
	if (count == record_bytes)
		memcpy(record, bytes, count);
	else
		error = -EPROTO;
	free(bytes);
	return error;
}
