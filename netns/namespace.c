/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_DIR "/run/netns"
#define NAME_BYTES 128

static void path_of(char path[NAME_BYTES], const char *name)
{
	snprintf(path, NAME_BYTES, NAMES_DIR "/%s", name);
}

/* As ip-netns(8) prepares it: names made here are seen, and can be removed, in every mount namespace. */
static int prepare_names_dir(void)
{
	bool bound = false;

	if (mkdir(NAMES_DIR, 0755) < 0 && errno != EEXIST)
		return -errno;
	while (mount("", NAMES_DIR, "none", MS_SHARED | MS_REC, NULL) < 0) {
		if (errno != EINVAL || bound)
			return -errno;
		if (mount(NAMES_DIR, NAMES_DIR, "none", MS_BIND | MS_REC, NULL) < 0)
			return -errno;
		bound = true;
	}
	return 0;
}

struct task {
	int namespace_fd; /* -1: a new one */
	namespace_work *work;
	void *context;
	int rc;
};

static void *run_task(void *argument)
{
	struct task *task = argument;

	if (task->namespace_fd < 0 ? unshare(CLONE_NEWNET) < 0 : setns(task->namespace_fd, CLONE_NEWNET) < 0)
		task->rc = -errno;
	else
		task->rc = task->work(task->context);
	return NULL;
}

static int run_on_thread(int namespace_fd, namespace_work *work, void *context)
{
	struct task task = { .namespace_fd = namespace_fd, .work = work, .context = context };
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, run_task, &task);

	if (rc != 0)
		return -rc;
	pthread_join(thread, NULL);
	return task.rc;
}

int namespace_run(int namespace_fd, namespace_work *work, void *context)
{
	return namespace_fd < 0 ? -EBADF : run_on_thread(namespace_fd, work, context);
}

/* On a thread that has just got a namespace of its own: give it the name. */
static int mount_name(void *context)
{
	const char *path = context;

	return mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0 ? -errno : 0;
}

int namespace_create(const char *name)
{
	char path[NAME_BYTES];
	int rc = prepare_names_dir();
	int fd;

	if (rc < 0)
		return rc;
	path_of(path, name);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	rc = run_on_thread(-1, mount_name, path);
	if (rc < 0) {
		unlink(path);
		return rc;
	}
	return namespace_open(name);
}

int namespace_open(const char *name)
{
	char path[NAME_BYTES];
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int namespace_open_own(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int namespace_remove(const char *name)
{
	char path[NAME_BYTES];

	path_of(path, name);
	/* EINVAL: the name was made, but its namespace never mounted on it. */
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		return -errno;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
