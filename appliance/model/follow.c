/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/follow.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/counters.h"
#include "appliance/base/log.h"
#include "appliance/model/build.h"

struct follow {
	struct follow_config config;
	char *store_path;
	struct store *store; /* the thread's; NULL until it could be opened */
	struct compile compile;
	bool build_is_due; /* a build was put off (store busy, no memory): try again at the next tick */
	int call_fd;       /* raised when it shall stop, or has a job */
	pthread_t thread;

	/* What other threads look at. */
	pthread_mutex_t lock;
	pthread_cond_t attempted; /* a look at the store has ended */
	struct follow_status status;
	struct follow_job *jobs, **jobs_end;
	bool stopping;
};

/* ---- the status ---- */

static void report_failure(struct follow *follow, const char *reason)
{
	bool is_new;

	pthread_mutex_lock(&follow->lock);
	is_new = strncmp(follow->status.message, reason, sizeof follow->status.message - 1) != 0;
	snprintf(follow->status.message, sizeof follow->status.message, "%s", reason);
	follow->status.failed_count++;
	pthread_mutex_unlock(&follow->lock);
	counters_up(follow->config.counters, COUNTERS_snapshot_builds, COUNTERS_FAILED);
	if (is_new)
		log_error("the store's revision is not served", LOG_TEXT("reason", reason),
			LOG_UINT("serving", current_revision(follow->config.current)));
}

static void report_snapshot(struct follow *follow, const struct build_result *result, uint64_t began_ns)
{
	uint64_t build_us = (clock_monotonic_ns() - began_ns) / 1000;
	uint64_t revision = result->revision_in_store;

	pthread_mutex_lock(&follow->lock);
	follow->status.revision = revision;
	follow->status.built_count++;
	follow->status.rebuilt_count = result->compiled_count;
	follow->status.build_us = (uint32_t)(build_us < UINT32_MAX ? build_us : UINT32_MAX);
	if (result->left_out_count > 0)
		snprintf(follow->status.message, sizeof follow->status.message,
			"%zu records are left out; the last: %.400s", result->left_out_count, follow->compile.message);
	else
		follow->status.message[0] = '\0';
	pthread_mutex_unlock(&follow->lock);
	counters_up(follow->config.counters, COUNTERS_snapshot_builds, COUNTERS_OK);
	counters_set(follow->config.counters, COUNTERS_snapshot_revision, 0, revision);
	counters_time(follow->config.counters, COUNTERS_snapshot_time, build_us);
	log_info("a snapshot serves", LOG_UINT("revision", revision), LOG_UINT("compiled", result->compiled_count),
		LOG_UINT("microseconds", build_us));
	if (follow->config.published)
		follow->config.published(follow->config.context, revision);
}

static void note_revision_in_store(struct follow *follow, uint64_t revision)
{
	pthread_mutex_lock(&follow->lock);
	follow->status.revision_in_store = revision;
	pthread_mutex_unlock(&follow->lock);
}

/* ---- the thread ---- */

static bool open_store(struct follow *follow)
{
	const char *reason = NULL;
	char text[FOLLOW_MESSAGE_MAX_BYTES];
	int error;

	if (follow->store)
		return true;
	error = store_open_reader(&follow->store, follow->store_path, &reason);
	if (!error)
		return true;
	snprintf(text, sizeof text, "the store %.300s can't be opened: %.100s", follow->store_path,
		reason ? reason : strerror(-error));
	report_failure(follow, text);
	return false;
}

static void build_and_publish(struct follow *follow)
{
	const struct snapshot *previous = current_peek(follow->config.current);
	uint64_t began_ns = clock_monotonic_ns();
	struct build_result result;
	struct snapshot *snapshot;
	int error = build_snapshot(&follow->compile, follow->store, previous, &snapshot, &result);

	note_revision_in_store(follow, result.revision_in_store);
	/* These pass by themselves; anything else waits for the next revision. */
	follow->build_is_due = error == -EBUSY || error == -ENOMEM || error == -EIO;
	if (!error && snapshot) {
		error = current_publish(follow->config.current, snapshot);
		if (error) {
			snapshot_free(snapshot);
			compile_no_memory(&follow->compile);
			follow->build_is_due = true;
		} else {
			report_snapshot(follow, &result, began_ns);
		}
	}
	if (error)
		report_failure(follow, follow->compile.message);
}

/* One look at the store. */
static void tick(struct follow *follow)
{
	bool changed = false;
	size_t in_use_count;
	int error;

	if (open_store(follow)) {
		error = store_wake_poll(follow->store, &changed);
		if (error)
			follow->build_is_due = true;
		if (changed || follow->build_is_due)
			build_and_publish(follow);
	}
	in_use_count = current_retire(follow->config.current);
	pthread_mutex_lock(&follow->lock);
	follow->status.in_use_count = in_use_count;
	pthread_cond_broadcast(&follow->attempted);
	pthread_mutex_unlock(&follow->lock);
}

static void run_jobs(struct follow *follow)
{
	struct follow_job *job, *next;

	pthread_mutex_lock(&follow->lock);
	job = follow->jobs;
	follow->jobs = NULL;
	follow->jobs_end = &follow->jobs;
	pthread_mutex_unlock(&follow->lock);
	for (; job; job = next) {
		next = job->next;
		job->run(job, &follow->compile, open_store(follow) ? follow->store : NULL);
	}
}

static bool is_stopping(struct follow *follow)
{
	bool stopping;

	pthread_mutex_lock(&follow->lock);
	stopping = follow->stopping;
	pthread_mutex_unlock(&follow->lock);
	return stopping;
}

static void drain_wake(int fd)
{
	uint64_t count;

	/* The eventfd may be non-blocking or have been drained by a gateway before us: any result will do. */
	if (read(fd, &count, sizeof count) < 0)
		return;
}

static void *run(void *argument)
{
	struct follow *follow = argument;

	for (;;) {
		struct pollfd waits[2] = { { .fd = follow->call_fd, .events = POLLIN },
			{ .fd = follow->config.wake_fd, .events = POLLIN } };

		tick(follow);
		if (poll(waits, 2, FOLLOW_POLL_MS) < 0 && errno != EINTR)
			log_error("waiting for the store failed", LOG_ERRNO(errno));
		if (waits[0].revents & POLLIN)
			drain_wake(follow->call_fd);
		run_jobs(follow);
		if (is_stopping(follow))
			break;
		if (waits[1].revents & POLLIN)
			drain_wake(follow->config.wake_fd);
	}
	store_close(follow->store);
	return NULL;
}

/* ---- from outside ---- */

static void follow_free(struct follow *follow)
{
	if (follow->call_fd >= 0)
		close(follow->call_fd);
	pthread_cond_destroy(&follow->attempted);
	pthread_mutex_destroy(&follow->lock);
	free(follow->store_path);
	free(follow);
}

/* Wait until the first attempt has ended. True if a snapshot serves. */
static bool wait_for_first(struct follow *follow, unsigned wait_ms)
{
	struct timespec until;
	bool serves;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&follow->lock);
	while (follow->status.built_count == 0) {
		if (pthread_cond_timedwait(&follow->attempted, &follow->lock, &until) == ETIMEDOUT)
			break;
	}
	serves = follow->status.built_count > 0;
	pthread_mutex_unlock(&follow->lock);
	return serves;
}

static struct follow *follow_new(const struct follow_config *config)
{
	struct follow *follow = calloc(1, sizeof *follow);
	pthread_condattr_t attributes;

	if (!follow)
		return NULL;
	follow->config = *config;
	follow->compile = (struct compile){ .key = config->key,
		.worker_count = config->worker_count,
		.timeout_max_ms = config->integration_timeout_max_ms,
		.no_tls = config->no_tls };
	follow->store_path = strdup(config->store_path);
	follow->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	follow->jobs_end = &follow->jobs;
	pthread_mutex_init(&follow->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&follow->attempted, &attributes);
	pthread_condattr_destroy(&attributes);
	if (!follow->store_path || follow->call_fd < 0) {
		follow_free(follow);
		return NULL;
	}
	return follow;
}

int follow_start(struct follow **ret, const struct follow_config *config, unsigned wait_ms)
{
	struct follow *follow = follow_new(config);
	int error;

	if (!follow)
		return -ENOMEM;
	error = pthread_create(&follow->thread, NULL, run, follow);
	if (error) {
		follow_free(follow);
		return -error;
	}
	pthread_setname_np(follow->thread, "follow");
	*ret = follow;
	return wait_for_first(follow, wait_ms) ? 0 : -EAGAIN;
}

static void call(struct follow *follow)
{
	const uint64_t one = 1;

	while (write(follow->call_fd, &one, sizeof one) < 0 && errno == EINTR)
		continue;
}

void follow_post(struct follow *follow, struct follow_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&follow->lock);
	*follow->jobs_end = job;
	follow->jobs_end = &job->next;
	pthread_mutex_unlock(&follow->lock);
	call(follow);
}

void follow_stop(struct follow *follow)
{
	if (!follow)
		return;
	pthread_mutex_lock(&follow->lock);
	follow->stopping = true;
	pthread_mutex_unlock(&follow->lock);
	call(follow);
	pthread_join(follow->thread, NULL);
	follow_free(follow);
}

void follow_status(struct follow *follow, struct follow_status *ret)
{
	pthread_mutex_lock(&follow->lock);
	*ret = follow->status;
	pthread_mutex_unlock(&follow->lock);
}
