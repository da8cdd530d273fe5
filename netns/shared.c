/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "netns/fds.h"
#include "netns/report.h"
#include "netns/sockets.h"

#define COUNTERS_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

void shared_init(struct shared *shared)
{
	shared->counters_fd = shared->counters_read_fd = shared->wake_fd = -1;
	shared->access_log_fd = shared->audit_log_fd = -1;
	for (size_t i = 0; i < NETNS_MANAGEMENT_MAX; i++)
		shared->management_fds[i] = -1;
	for (size_t i = 0; i < VERB_RECORD_COUNT; i++)
		shared->record_fds[i] = shared->record_read_fds[i] = -1;
}

static off_t counters_bytes(const struct posternd *posternd)
{
	return (off_t)posternd->config.worker_count * VERB_COUNTERS_SLOT_BYTES;
}

/* The same memory, opened for reading only: control can't be made to write what the gateway counts. */
static int open_again(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

static bool is_read_only(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

/* What control handed back can't be written; the next gateway needs one that can. */
static int make_writable(int *fd)
{
	int again = open_again(*fd, O_RDWR);

	if (again < 0)
		return again;
	close(*fd);
	*fd = again;
	return 0;
}

static int make_counters(struct posternd *posternd)
{
	struct shared *shared = &posternd->shared;

	shared->counters_fd = memfd_create("postern-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Mode 0600: who holds it for reading only can't open it again for writing. */
	if (shared->counters_fd < 0 || ftruncate(shared->counters_fd, counters_bytes(posternd)) < 0 ||
		fchmod(shared->counters_fd, 0600) < 0 || fcntl(shared->counters_fd, F_ADD_SEALS, COUNTERS_SEALS) < 0)
		return -errno;
	return 0;
}

/* Is `fd` the file that we would make? Nothing else is written into: control, whose folder it is, could have put it there. */
static bool is_own_record(int fd, off_t bytes)
{
	struct stat facts;

	return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1 && facts.st_uid == geteuid() &&
	       facts.st_size == bytes;
}

/* A fresh file in place of whatever is there. Returns its descriptor or a negative errno. */
static int make_record(const struct posternd *posternd, const char *path, off_t bytes)
{
	int fd, rc;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	/* A hole would be a SIGBUS to who has it mapped once the disk is full. */
	rc = -posix_fallocate(fd, 0, bytes);
	if (rc == 0 && !posternd->config.local && fchown(fd, (uid_t)-1, posternd->config.group_gid) < 0)
		rc = -errno;
	if (rc == 0 && fchmod(fd, 0640) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	unlink(path);
	return rc;
}

static void open_record(struct posternd *posternd, unsigned int which, const char *name, uint32_t size_kb)
{
	struct shared *shared = &posternd->shared;
	off_t bytes = (off_t)size_kb * 1024;
	char path[NETNS_PATH_BYTES + 32];
	int fd, again;

	if (size_kb == 0)
		return;
	snprintf(path, sizeof path, "%s/%s", posternd->config.state_dir, name);
	/* Without O_NONBLOCK, opening a pipe in its place would never return. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && !is_own_record(fd, bytes)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		fd = make_record(posternd, path, bytes);
	again = fd < 0 ? fd : open_again(fd, O_RDONLY);
	if (again >= 0) {
		shared->record_fds[which] = fd;
		shared->record_read_fds[which] = again;
		return;
	}
	report(REPORT_WARNING, "can't make %s of %u KiB, and goes without: %s", path, size_kb, strerror(-again));
	if (fd >= 0)
		close(fd);
}

void shared_open_records(struct posternd *posternd)
{
	open_record(posternd, 0, "clients.record", posternd->config.client_record_kb);
	open_record(posternd, 1, "requests.record", posternd->config.request_record_kb);
	open_record(posternd, 2, "lines.record", posternd->config.line_record_kb);
}

/* Where nothing can be changed, there is nothing to keep for later either: serving goes on without logs. */
static bool is_state_read_only(const struct posternd *posternd)
{
	struct statvfs facts;

	return statvfs(posternd->config.state_dir, &facts) == 0 && (facts.f_flag & ST_RDONLY);
}

static int open_log(const struct posternd *posternd, const char *what, const char *path, int flags, int *log_fd)
{
	int fd;

	if (!path[0])
		return 0;
	fd = open(path, flags | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		int rc = -errno;

		if (rc == -EROFS && is_state_read_only(posternd)) {
			report(REPORT_WARNING, "goes without the %s log %s: %s", what, path, strerror(-rc));
			return 0;
		}
		report(REPORT_ERROR, "can't open the %s log %s: %s", what, path, strerror(-rc));
		return rc;
	}
	if (*log_fd >= 0)
		close(*log_fd);
	*log_fd = fd;
	return 0;
}

int shared_open_logs(struct posternd *posternd)
{
	int access =
		open_log(posternd, "access", posternd->config.access_log, O_WRONLY, &posternd->shared.access_log_fd);
	int audit = open_log(posternd, "audit", posternd->config.audit_log, O_RDWR, &posternd->shared.audit_log_fd);

	return access < 0 ? access : audit;
}

static int listen_management(struct posternd *posternd, uint32_t index)
{
	const struct netns_address *address = &posternd->config.management[index];
	int fd = sockets_open(address, SOCK_STREAM, false, posternd->config.listen_backlog);
	char text[SOCKETS_TEXT_BYTES];

	if (fd >= 0) {
		posternd->shared.management_fds[index] = fd;
		return 0;
	}
	sockets_text(address, text);
	if (fd == -EADDRINUSE)
		report(REPORT_ERROR,
			"management address %s is in use: end the program that listens there, or choose another", text);
	else if (fd == -EADDRNOTAVAIL)
		report(REPORT_ERROR, "management address %s is not an address of this host", text);
	else if (fd == -EACCES)
		report(REPORT_ERROR, "management address %s: this port needs root: choose one from 1024 on", text);
	else
		report(REPORT_ERROR, "can't listen on management address %s: %s", text, strerror(-fd));
	return fd;
}

int shared_complete(struct posternd *posternd)
{
	struct shared *shared = &posternd->shared;
	int rc = 0;

	for (uint32_t i = 0; i < posternd->config.management_count && rc == 0; i++)
		if (shared->management_fds[i] < 0)
			rc = listen_management(posternd, i);
	if (rc < 0)
		return rc;
	if (shared->counters_fd < 0)
		rc = make_counters(posternd);
	else if (is_read_only(shared->counters_fd))
		rc = make_writable(&shared->counters_fd);
	if (rc == 0 && shared->counters_read_fd < 0) {
		shared->counters_read_fd = open_again(shared->counters_fd, O_RDONLY);
		rc = shared->counters_read_fd < 0 ? shared->counters_read_fd : 0;
	}
	if (rc == 0 && shared->wake_fd < 0) {
		shared->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		rc = shared->wake_fd < 0 ? -errno : 0;
	}
	if (rc < 0)
		report(REPORT_ERROR, "can't make the children's shared memory: %s", strerror(-rc));
	if (rc == 0 && shared->access_log_fd < 0)
		rc = open_log(posternd, "access", posternd->config.access_log, O_WRONLY, &shared->access_log_fd);
	if (rc == 0 && shared->audit_log_fd < 0)
		rc = open_log(posternd, "audit", posternd->config.audit_log, O_RDWR, &shared->audit_log_fd);
	return rc;
}

static bool is_same_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static bool is_eventfd(int fd)
{
	char path[64], target[64];
	ssize_t count;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	count = readlink(path, target, sizeof target - 1);
	if (count < 0)
		return false;
	target[count] = '\0';
	return strcmp(target, "anon_inode:[eventfd]") == 0;
}

static int take_memory(struct posternd *posternd, int *fds, size_t fd_count)
{
	struct shared *shared = &posternd->shared;
	struct stat facts;

	if (fd_count != 2 || fcntl(fds[0], F_GET_SEALS) != COUNTERS_SEALS || fstat(fds[0], &facts) < 0 ||
		facts.st_size != counters_bytes(posternd) || !is_eventfd(fds[1]))
		return -EINVAL;
	if (shared->counters_fd >= 0 && !is_same_file(shared->counters_fd, fds[0]))
		return -EINVAL;
	/* Both children hold the same two: the first to come gives them. */
	if (shared->counters_fd < 0) {
		shared->counters_fd = fds[0];
		fds[0] = -1;
	}
	if (shared->wake_fd < 0) {
		shared->wake_fd = fds[1];
		fds[1] = -1;
	}
	return 0;
}

static int take_management(struct posternd *posternd, int *fds, size_t fd_count)
{
	int *held = posternd->shared.management_fds;

	if (fd_count != posternd->config.management_count)
		return -EINVAL;
	for (size_t i = 0; i < fd_count; i++)
		if (held[i] >= 0 ? !sockets_are_same(held[i], fds[i])
				 : !sockets_is(fds[i], &posternd->config.management[i], SOCK_STREAM, 0))
			return -EINVAL;
	for (size_t i = 0; i < fd_count; i++)
		if (held[i] < 0) {
			held[i] = fds[i];
			fds[i] = -1;
		}
	return 0;
}

int shared_take_back(struct posternd *posternd, uint32_t what, int *fds, size_t fd_count)
{
	return what == VERB_HAND_BACK_MANAGEMENT ? take_management(posternd, fds, fd_count)
						 : take_memory(posternd, fds, fd_count);
}

void shared_close(struct shared *shared)
{
	fds_close(&shared->counters_fd, 1);
	fds_close(&shared->counters_read_fd, 1);
	fds_close(&shared->wake_fd, 1);
	fds_close(&shared->access_log_fd, 1);
	fds_close(&shared->audit_log_fd, 1);
	fds_close(shared->management_fds, NETNS_MANAGEMENT_MAX);
	fds_close(shared->record_fds, VERB_RECORD_COUNT);
	fds_close(shared->record_read_fds, VERB_RECORD_COUNT);
}
