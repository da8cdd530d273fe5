/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * question: one question to the gateway (wire/invoke.h) on the loop: sent, and its answer waited for, but not for ever.
 *
 * Life cycle: embedded; question_ask() once, then `answered` is called once, never inside of it; question_close() at the end,
 * whether it was answered or not. Threads: the loop's.
 */
#ifndef POSTERN_CONTROL_QUESTION_H
#define POSTERN_CONTROL_QUESTION_H

#include "appliance/loop/timer.h"
#include "appliance/pipeline/invoke_channel.h"

struct question;

typedef void question_answered(struct question *question);

struct question {
	struct invoke_channel channel;
	struct loop *loop;
	struct timer limit;
	struct loop_task failed_task;
	question_answered *answered;
	bool is_over;

	/* --- for `answered` */
	int error;          /* 0; -EPIPE: the gateway ended; -ETIMEDOUT: the time is up; -EPROTO: it is no answer */
	struct view answer; /* the whole message; lives until question_close() */
};

/*
 * Ask over the descriptor `fd`, which is the question's from now on, and wait for `limit_ms`. `message` is not needed after the call.
 */
void question_ask(struct question *question, struct loop *loop, int fd, struct view message, uint64_t limit_ms,
	question_answered *answered);

void question_close(struct question *question);

#endif
