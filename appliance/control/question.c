/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/question.h"

#include <errno.h>

#include "appliance/base/assert.h"

static void end(struct question *question, int error)
{
	if (question->is_over)
		return;
	question->is_over = true;
	question->error = error;
	/* What else the other end does is nobody's business, and must not keep the loop busy until the channel is closed. */
	if (stream_is_open(&question->channel.stream))
		stream_pause(&question->channel.stream);
	timer_disarm(question->loop, &question->limit);
	question->answered(question);
}

static void on_message(struct invoke_channel *channel, struct view message)
{
	struct question *question = CONTAINER_OF(channel, struct question, channel);

	question->answer = message;
	end(question, 0);
}

static void on_ended(struct invoke_channel *channel, int error)
{
	end(CONTAINER_OF(channel, struct question, channel), error);
}

static const struct invoke_channel_owner owner = { .message = on_message, .ended = on_ended };

static void time_is_up(struct timer *timer)
{
	end(CONTAINER_OF(timer, struct question, limit), -ETIMEDOUT);
}

static void on_failed(struct loop_task *task)
{
	end(CONTAINER_OF(task, struct question, failed_task), -EPIPE);
}

void question_ask(struct question *question, struct loop *loop, int fd, struct view message, uint64_t limit_ms,
	question_answered *answered)
{
	*question = (struct question){ .loop = loop, .answered = answered };
	timer_arm(loop, &question->limit, limit_ms, time_is_up);
	if (invoke_channel_open(&question->channel, loop, fd, &owner) < 0 ||
		invoke_channel_send(&question->channel, message) < 0)
		loop_defer(loop, &question->failed_task, on_failed);
}

void question_close(struct question *question)
{
	if (!question->loop)
		return;
	timer_disarm(question->loop, &question->limit);
	loop_task_cancel(question->loop, &question->failed_task);
	invoke_channel_close(&question->channel);
}
