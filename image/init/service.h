/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service: what init starts and keeps running: a table, in the order of its start.
 *
 * A service writes to standard output and error; each line reaches the console with the service's name before it. What ends is
 * started again, after a pause that doubles with each start that did not last.
 *
 * Process: init; single-threaded. Functions take one row; service_start_due() the table. Nothing here blocks.
 */
#ifndef POSTERN_INIT_SERVICE_H
#define POSTERN_INIT_SERVICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/init/console.h"

#define SERVICE_ARGUMENTS_MAX 8
#define SERVICE_BACK_OFF_MIN_MS 200
#define SERVICE_BACK_OFF_MAX_MS 30000
/* A service that ran for so long is started again at once. */
#define SERVICE_LASTED_MS 60000

struct service {
	const char *name;
	const char
		*arguments[SERVICE_ARGUMENTS_MAX]; /* the program first, NULL last; not started where it is missing */
	const char *if_there;                      /* it is started only if this file is there; NULL: always */
	uint64_t once_ms;  /* it runs to its end before the next row starts, for so long at most; 0: it stays */
	unsigned end_wave; /* the owner's: in which order services are told to end */
	void (*on_line)(const struct service *service); /* its line was passed on and is in `line`; may be NULL */

	pid_t pid;  /* 0: it does not run */
	int output; /* -1: none; to be polled by the owner */
	uint64_t started_ms;
	uint64_t start_at_ms; /* not before that; a table may say so for its first start */
	unsigned back_off_ms;
	char line[CONSOLE_LINE_BYTES];
	size_t line_count;
};

/* Since the machine started. */
uint64_t service_now_ms(void);

/* Start what is due in `count` rows. When to look again, `latest_ms` at the latest. */
uint64_t service_start_due(struct service *services, size_t count, uint64_t latest_ms);

/* The service's output can be read: pass whole lines on. */
void service_pass_output(struct service *service);

/* The service's process ended with `status`, as of waitpid(). `said` if that was asked for, and deserves no line. */
void service_ended(struct service *service, int status, int said);

#endif
