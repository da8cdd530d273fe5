/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/worker.h"

#include <signal.h>
#include <time.h>

#include "appliance/base/assert.h"

static struct timespec in_a_second(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec++;
	return at;
}

static bool is_past(const struct timespec *at)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec >= at->tv_nsec);
}

/* Wait for a job until `due`. False if it is past, whatever is queued: a stream of jobs must not keep the tick away. */
static bool wait_for_job(struct worker *worker, const struct timespec *due)
{
	while (!worker->stopping && !is_past(due)) {
		if (worker->first)
			return true;
		(void)pthread_cond_timedwait(&worker->wanted, &worker->mutex, due);
	}
	return worker->stopping;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct timespec due = in_a_second();

	pthread_mutex_lock(&worker->mutex);
	for (;;) {
		struct worker_job *job;

		if (!wait_for_job(worker, &due)) {
			pthread_mutex_unlock(&worker->mutex);
			worker->tick(worker->tick_context);
			due = in_a_second();
			pthread_mutex_lock(&worker->mutex);
			continue;
		}
		job = worker->first;
		if (!job)
			break;
		worker->first = job->next;
		if (!worker->first)
			worker->end = &worker->first;
		pthread_mutex_unlock(&worker->mutex);
		job->run(job);
		pthread_mutex_lock(&worker->mutex);
	}
	pthread_mutex_unlock(&worker->mutex);
	return NULL;
}

int worker_start(struct worker *worker, void (*tick)(void *context), void *tick_context)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int error;

	*worker = (struct worker){ .tick = tick, .tick_context = tick_context };
	worker->end = &worker->first;
	pthread_mutex_init(&worker->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->wanted, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are the loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->running = error == 0;
	return -error;
}

void worker_post(struct worker *worker, struct worker_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&worker->mutex);
	*worker->end = job;
	worker->end = &job->next;
	pthread_cond_signal(&worker->wanted);
	pthread_mutex_unlock(&worker->mutex);
}

void worker_stop(struct worker *worker)
{
	if (!worker->running)
		return;
	pthread_mutex_lock(&worker->mutex);
	worker->stopping = true;
	pthread_cond_signal(&worker->wanted);
	pthread_mutex_unlock(&worker->mutex);
	ASSERT(pthread_join(worker->thread, NULL) == 0);
	worker->running = false;
}
