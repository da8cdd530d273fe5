/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker: the operations thread: a queue of jobs, carried out one after the other.
 *
 * Threads: worker_post() by any thread; a job's `run` on the worker's thread, and its `done` wherever `run` sends it.
 */
#ifndef POSTERN_CONTROL_WORKER_H
#define POSTERN_CONTROL_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct worker_job {
	struct worker_job *next; /* private */
	void (*run)(struct worker_job *job);
};

struct worker {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wanted;
	struct worker_job *first, **end;
	bool stopping, running;
	void (*tick)(void *context); /* called about once a second on the thread, between jobs */
	void *tick_context;
};

/* Start the thread. Returns 0 or a negative errno. */
int worker_start(struct worker *worker, void (*tick)(void *context), void *tick_context)
	__attribute__((warn_unused_result));

/* Add a job; it belongs to the worker until `run` is called. */
void worker_post(struct worker *worker, struct worker_job *job);

/* Carry out what is queued, then end the thread. Harmless if it was never started. */
void worker_stop(struct worker *worker);

#endif
