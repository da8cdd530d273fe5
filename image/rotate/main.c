/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rotate: keeps the appliance's logs within bounds (logs.h), and notes the time on the data partition.
 *
 * usage: rotate FOLDER CLOCK_FILE
 *   FOLDER      the logs
 *   CLOCK_FILE  is touched every ten minutes and at the end: a clock that was reset starts from there
 *
 * Started by init, as root without any capability: logs and their folder are root's. When a log has been begun anew, its parent, init,
 * is sent SIGHUP, which has posternd open its logs again. SIGTERM ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "image/rotate/logs.h"

/* Before those that write the logs: who is late here finds a full partition. */
#define PRIORITY (-10)
#define NOTE_TIME_MS 600000
/* The same complaint again. */
#define SAY_AGAIN_MS 3600000

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 }, { .effective = 0 } };

	if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static void note_time(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return;
	/* Nothing depends on it while the clock runs: what a read-only partition knows is older, and still right. */
	(void)!futimens(fd, NULL);
	close(fd);
}

/* Space is short although logs have given all they can, or they can't be rotated: said once an hour. */
static void complain(int result, const struct logs_space *space)
{
	static uint64_t said_ms;
	uint64_t now_ms = clock_monotonic_ms();
	bool is_short = space->free_bytes < logs_reserve_bytes(space->partition_bytes) / 2;

	if ((result >= 0 && !is_short) || (said_ms && now_ms < said_ms + SAY_AGAIN_MS))
		return;
	said_ms = now_ms;
	if (result < 0)
		log_warning("logs can't be rotated", LOG_ERRNO(result));
	else
		log_warning("the data partition is nearly full", LOG_UINT("free_kib", space->free_bytes / 1024),
			LOG_UINT("of_kib", space->partition_bytes / 1024));
}

/* One look. The time to the next. */
static uint64_t look(struct logs *logs, uint64_t since_ms)
{
	struct statvfs facts;
	struct logs_space space;
	uint64_t next_ms = LOGS_LOOK_MAX_MS;
	int result;

	if (fstatvfs(logs->folder, &facts) < 0)
		return next_ms;
	space.partition_bytes = (uint64_t)facts.f_blocks * facts.f_frsize;
	space.free_bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
	result = logs_look(logs, &space, since_ms, &next_ms);
	if (result > 0)
		kill(getppid(), SIGHUP);
	complain(result, &space);
	return next_ms;
}

/* False if SIGTERM came. */
static bool pause_ms(uint64_t ms)
{
	const struct timespec time = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	return sigtimedwait(&term, NULL, &time) != SIGTERM;
}

int main(int count, char **arguments)
{
	static struct logs logs = { .folder = -1 };
	uint64_t wait_ms = LOGS_LOOK_MAX_MS, looked_ms = clock_monotonic_ms(), noted_ms = 0;
	sigset_t term;
	int error;

	if (count != 3) {
		fputs("usage: rotate FOLDER CLOCK_FILE\n", stderr);
		return 2;
	}
	log_start("rotate", LOG_LEVEL_INFO, LOG_FORM_AUTO);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_SETMASK, &term, NULL);
	umask(022);
	/* Without it, it is as late as everybody. */
	(void)setpriority(PRIO_PROCESS, 0, PRIORITY);
	error = drop_capabilities();
	if (error) {
		log_error("capabilities can't be given up", LOG_ERRNO(error));
		return 1;
	}
	do {
		uint64_t now_ms = clock_monotonic_ms();

		/* posternd makes the folder at its first start. */
		if (logs.folder < 0)
			logs_init(&logs, open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (logs.folder >= 0)
			wait_ms = look(&logs, now_ms - looked_ms);
		looked_ms = now_ms;
		if (!noted_ms || now_ms >= noted_ms + NOTE_TIME_MS) {
			note_time(arguments[2]);
			noted_ms = now_ms;
		}
	} while (pause_ms(wait_ms));
	note_time(arguments[2]);
	return 0;
}
