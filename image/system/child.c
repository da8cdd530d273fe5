/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netns/privilege.h"
#include "netns/sanitizer.h"

#define MEMORY_BYTES (256u << 20)
/* Status of one that could not give up what it should: no rule of a work's own. */
#define STATUS_NO_CHILD 125

static _Noreturn void become(int namespace_fd, int input_fd, child_work *work, const void *context, int output)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (input_fd < 0)
		input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (dup2(input_fd, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		_exit(STATUS_NO_CHILD);
	if ((namespace_fd >= 0 && setns(namespace_fd, CLONE_NEWNET) < 0) ||
		privilege_enter_reader(CHILD_ID, MEMORY_BYTES) < 0)
		_exit(STATUS_NO_CHILD);
	_exit(work(context, output));
}

int child_start(
	struct child *child, int namespace_fd, int input_fd, child_work *work, const void *context, uint64_t limit_ms)
{
	struct timespec now;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*child = (struct child){ .output = ends[0] };
	child->pid = fork();
	if (child->pid == 0)
		become(namespace_fd, input_fd, work, context, ends[1]);
	close(ends[1]);
	if (child->pid < 0) {
		int error = -errno;

		close(ends[0]);
		*child = CHILD_NONE;
		return error;
	}
	clock_gettime(CLOCK_BOOTTIME, &now);
	child->deadline_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + limit_ms;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* What does not fit is read all the same: the writer must not stop there. */
static void read_output(struct child *child)
{
	char rest[512];
	ssize_t count = 1;

	while (count > 0) {
		size_t room = CHILD_OUTPUT_BYTES - child->count;

		count = read(child->output, room ? child->bytes + child->count : rest, room ? room : sizeof rest);
		if (count > 0 && room)
			child->count += (size_t)count;
	}
	child->bytes[child->count] = '\0';
}

static void forget(struct child *child)
{
	close(child->output);
	child->output = -1;
	child->pid = 0;
}

int child_poll(struct child *child, uint64_t now_ms)
{
	int status;

	read_output(child);
	if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
		read_output(child);
		forget(child);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -EPROTO;
	}
	if (now_ms < child->deadline_ms)
		return -EAGAIN;
	child_end(child);
	return -ETIMEDOUT;
}

void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(child);
}

int child_filter_calls(void)
{
	static const int allowed[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(sendto),
		SCMP_SYS(recvfrom), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
		SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
		SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
		SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime),
		SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit), SCMP_SYS(exit_group) };
	scmp_filter_ctx filter;
	int error = 0;

#if HAS_SANITIZER
	return 0;
#endif
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}
