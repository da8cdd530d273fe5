/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings that an operator gives the running appliance: judged without privileges, kept, tried in one start, confirmed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/system/daemon.h"

#define JUDGE_LIMIT_MS 12000

/* In the child: the program that will judge them at the next start says what is wrong on standard error, which is the pipe. */
static int judge(const void *context, int output)
{
	const struct daemon *daemon = context;
	char program[128];
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)output;
	snprintf(program, sizeof program, "%s/configure", daemon->programs);
	if (nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0)
		return 1;
	execl(program, "configure", "check", (char *)NULL);
	return 127;
}

/* A part of the data as a file of its own, which the child can open. */
static int part_of(int data_fd, size_t at, size_t bytes)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	char *room = malloc(bytes);

	if (fd < 0 || !room || pread(data_fd, room, bytes, (off_t)at) != (ssize_t)bytes ||
		pwrite(fd, room, bytes, 0) != (ssize_t)bytes) {
		if (fd >= 0)
			close(fd);
		fd = -EIO;
	}
	free(room);
	return fd;
}

int trial_begin(struct daemon *daemon, const struct system_settings *request, int data_fd)
{
	struct trial *trial = &daemon->trial;
	int fd = part_of(data_fd, 0, request->settings_bytes), error;

	if (fd < 0)
		return fd;
	error = child_start(&trial->child, -1, fd, judge, daemon, JUDGE_LIMIT_MS);
	close(fd);
	if (error)
		return error;
	trial->request = *request;
	trial->data_fd = data_fd;
	trial->waiting = true;
	return 0;
}

static int refuse(struct trial *trial, int error, const char *text)
{
	snprintf(trial->failure, sizeof trial->failure, "%s", text);
	return error;
}

/* What the program said: a line for each fault. */
static void copy_faults(struct trial *trial)
{
	size_t used = strnlen(trial->child.bytes, sizeof trial->failure - 1);

	while (used && trial->child.bytes[used - 1] == '\n')
		used--;
	memcpy(trial->failure, trial->child.bytes, used);
}

static int keep(struct daemon *daemon)
{
	struct trial *trial = &daemon->trial;
	size_t bytes = (size_t)trial->request.settings_bytes + trial->request.network_bytes;
	char *data = malloc(bytes);
	int error;

	if (!data || pread(trial->data_fd, data, bytes, 0) != (ssize_t)bytes) {
		free(data);
		return refuse(trial, -EIO, "the settings can't be read");
	}
	error = stored_put(daemon->folder, view_from(data, trial->request.settings_bytes),
		view_from(data + trial->request.settings_bytes, trial->request.network_bytes),
		trial->request.confirm_s);
	free(data);
	if (error)
		(void)snprintf(
			trial->failure, sizeof trial->failure, "the settings can't be kept: %s", strerror(-error));
	return error;
}

int trial_poll(struct daemon *daemon, uint64_t now_ms)
{
	struct trial *trial = &daemon->trial;
	int result = child_poll(&trial->child, now_ms);

	if (result == -EAGAIN)
		return result;
	memset(trial->failure, 0, sizeof trial->failure);
	trial->waiting = false;
	if (result == 0) {
		result = keep(daemon);
	} else if (result == 1) {
		copy_faults(trial);
		result = -EINVAL;
	} else {
		result = refuse(trial, -EPROTO, "the settings can't be judged");
	}
	close(trial->data_fd);
	trial->data_fd = -1;
	return result;
}

int trial_confirm(struct daemon *daemon)
{
	int error = stored_confirm(daemon->folder);

	if (!error) {
		daemon->trial.restart_by_ms = 0;
		daemon_say("the settings on trial are confirmed");
	}
	return error;
}

void trial_is_good(struct daemon *daemon, uint64_t now_ms)
{
	struct stored_state state;
	int error;

	stored_read(daemon->folder, &state);
	if (!state.trial)
		return;
	if (state.confirm_s) {
		daemon->trial.restart_by_ms = now_ms + (uint64_t)state.confirm_s * 1000;
		daemon_say("these settings are on trial: without `postern system confirm` within %u s the ones before "
			   "return",
			state.confirm_s);
		return;
	}
	error = trial_confirm(daemon);
	if (error)
		daemon_say("the settings on trial can't be kept: %s", strerror(-error));
}

uint64_t trial_turn(struct daemon *daemon, uint64_t now_ms)
{
	struct trial *trial = &daemon->trial;

	if (!trial->restart_by_ms)
		return UINT64_MAX;
	if (now_ms < trial->restart_by_ms)
		return trial->restart_by_ms;
	trial->restart_by_ms = 0;
	daemon_restart(daemon, "the settings on trial were not confirmed");
	return UINT64_MAX;
}
