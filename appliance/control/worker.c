/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/worker.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "appliance/base/assert.h"

/* Wait for a job for at most a second. True if there is one or the end is near. */
static bool wait_for_job(struct worker *worker)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	while (!worker->first && !worker->stopping)
		if (pthread_cond_timedwait(&worker->wanted, &worker->mutex, &until) == ETIMEDOUT)
			return false;
	return true;
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	pthread_mutex_lock(&worker->mutex);
	for (;;) {
		struct worker_job *job;
		bool idle = !wait_for_job(worker);

		if (idle) {
			pthread_mutex_unlock(&worker->mutex);
			worker->idle(worker->idle_context);
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

int worker_start(struct worker *worker, void (*idle)(void *context), void *idle_context)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int error;

	*worker = (struct worker){ .idle = idle, .idle_context = idle_context };
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
