/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/gateway_invoke.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "appliance/base/log.h"
#include "appliance/launch/gateway_state.h"
#include "appliance/model/draft.h"
#include "appliance/model/follow.h"
#include "appliance/pipeline/invoke_channel.h"

/* Tests at a time: twice what control asks for at a time (control/invoke.h). */
#define INVOCATIONS_MAX 16

/* A channel lives no longer than control waits and this, whatever its other end does. */
#define CHANNEL_SPARE_MS 5000

/* One question. It is freed when nobody else has it: neither the follower nor a worker. */
struct invocation {
	struct list_link link;
	struct gateway *gateway;
	struct invoke_channel channel;
	struct timer limit;
	struct arena arena;
	struct invoke_question question;
	struct follow_job job;
	struct loop_message built;
	struct draft draft;
	bool has_draft;
	int error; /* of building it */
	char message[CHECK_MESSAGE_MAX_BYTES];
	struct wiring_invoke run;
	unsigned away_count; /* messages to other threads that have not come back */
	bool is_over;        /* the channel is closed */
	struct loop_task free_task;
};

static void free_invocation(struct invocation *invocation)
{
	list_remove(&invocation->link);
	timer_disarm(invocation->gateway->loop, &invocation->limit);
	invoke_channel_close(&invocation->channel);
	if (invocation->has_draft)
		draft_fini(&invocation->draft);
	buffer_fini(&invocation->run.answer);
	arena_fini(&invocation->arena);
	free(invocation);
}

static void free_later(struct loop_task *task)
{
	free_invocation(CONTAINER_OF(task, struct invocation, free_task));
}

/* Nobody listens (any more). What others have of it comes back first. */
static void end(struct invocation *invocation)
{
	if (!invocation->is_over) {
		invocation->is_over = true;
		invoke_channel_close(&invocation->channel);
		timer_disarm(invocation->gateway->loop, &invocation->limit);
		if (invocation->run.worker && !invocation->run.is_done) {
			invocation->away_count++;
			wiring_invoke_cancel(&invocation->run);
		}
	}
	if (invocation->away_count == 0)
		loop_defer(invocation->gateway->loop, &invocation->free_task, free_later);
}

/* --- the answer ------------------------------------------------------------------------------------------------------ */

static void send_answer(struct invocation *invocation, struct view message)
{
	/* 1: the rest goes as it is taken, and sent() says when. */
	if (invoke_channel_send(&invocation->channel, message) != 1)
		end(invocation);
}

static void answer(struct invocation *invocation, enum invoke_outcome outcome, const char *text)
{
	const struct invoke_answer answer = { .outcome = outcome, .message = view_from_text(text) };
	struct buffer message;

	buffer_init(&message, INVOKE_MESSAGE_MAX_BYTES);
	invoke_write_answer(&message, &answer);
	if (buffer_error(&message))
		end(invocation);
	else
		send_answer(invocation, buffer_view(&message));
	buffer_fini(&message);
}

/* The test has ended, or its end has been asked for: each comes back once. */
static void came_back(struct wiring_invoke *run)
{
	struct invocation *invocation = CONTAINER_OF(run, struct invocation, run);

	invocation->away_count--;
	if (invocation->is_over)
		end(invocation);
	else if (buffer_error(&run->answer))
		answer(invocation, INVOKE_REFUSED, "The answer is too large");
	else
		send_answer(invocation, buffer_view(&run->answer));
}

/* --- the draft ------------------------------------------------------------------------------------------------------- */

static void run_on_worker(struct invocation *invocation)
{
	struct gateway *gateway = invocation->gateway;

	invocation->run = (struct wiring_invoke){
		.worker = gateway->workers[gateway->invoke_turn++ % gateway->worker_count],
		.question = &invocation->question,
		.draft = &invocation->draft,
		.came_back = came_back,
	};
	invocation->away_count++;
	wiring_invoke(&invocation->run);
}

static void on_built(struct loop_message *message)
{
	struct invocation *invocation = CONTAINER_OF(message, struct invocation, built);

	invocation->away_count--;
	if (invocation->is_over) {
		end(invocation);
		return;
	}
	switch (invocation->error) {
	case 0:
		run_on_worker(invocation);
		break;
	case -ENOENT:
		answer(invocation, INVOKE_GONE, NULL);
		break;
	case -EBUSY:
	case -EIO:
	case -EAGAIN:
	case -ENOMEM:
		answer(invocation, INVOKE_UNAVAILABLE, invocation->message);
		break;
	default:
		answer(invocation, INVOKE_REFUSED, invocation->message);
	}
}

/* On the follower's thread. */
static void build(struct follow_job *job, const struct compile *compile, struct store *store)
{
	struct invocation *invocation = CONTAINER_OF(job, struct invocation, job);

	invocation->error = -EAGAIN;
	if (store) {
		invocation->has_draft = true;
		invocation->error =
			draft_build(&invocation->draft, compile, store, &invocation->question, invocation->message);
	}
	loop_post(invocation->gateway->loop, &invocation->built, on_built);
}

/* --- the channel ----------------------------------------------------------------------------------------------------- */

static struct invocation *invocation_of(struct invoke_channel *channel)
{
	return CONTAINER_OF(channel, struct invocation, channel);
}

static void on_message(struct invoke_channel *channel, struct view message)
{
	struct invocation *invocation = invocation_of(channel);
	struct gateway *gateway = invocation->gateway;
	int error = invoke_read_question(&invocation->question, message, &invocation->arena);

	if (error) {
		log_warning("a question of control's is none", LOG_ERRNO(error));
		end(invocation);
	} else if (!gateway->follow) {
		answer(invocation, INVOKE_UNAVAILABLE, NULL);
	} else {
		invocation->away_count++;
		invocation->job.run = build;
		follow_post(gateway->follow, &invocation->job);
	}
}

static void on_ended(struct invoke_channel *channel, int error)
{
	if (error == -EPROTO)
		log_warning("a question of control's is none", LOG_ERRNO(error));
	end(invocation_of(channel));
}

static void on_sent(struct invoke_channel *channel)
{
	end(invocation_of(channel));
}

static const struct invoke_channel_owner channel_owner = { .message = on_message, .ended = on_ended, .sent = on_sent };

static void time_is_up(struct timer *timer)
{
	end(CONTAINER_OF(timer, struct invocation, limit));
}

static size_t count_of(struct gateway *gateway)
{
	size_t count = 0;

	LIST_EACH(link, &gateway->invocations)
	{
		count++;
	}
	return count;
}

void gateway_invoke_take(struct gateway *gateway, struct verb_message *message)
{
	int fd = client_take_fd(message, 0);
	struct invocation *invocation;

	if (fd < 0)
		return;
	invocation = gateway->draining || count_of(gateway) >= INVOCATIONS_MAX ? NULL : calloc(1, sizeof *invocation);
	if (!invocation) {
		close(fd);
		return;
	}
	invocation->gateway = gateway;
	arena_init(&invocation->arena, NULL, INVOKE_MESSAGE_MAX_BYTES);
	list_append(&gateway->invocations, &invocation->link);
	if (invoke_channel_open(&invocation->channel, gateway->loop, fd, &channel_owner) < 0)
		free_invocation(invocation);
	else
		timer_arm(gateway->loop, &invocation->limit,
			invoke_limit_ms((uint32_t)gateway->start.settings->integration_timeout_max_ms) +
				CHANNEL_SPARE_MS,
			time_is_up);
}

void gateway_invoke_drain(struct gateway *gateway)
{
	LIST_EACH_SAFE(link, &gateway->invocations)
	{
		end(CONTAINER_OF(link, struct invocation, link));
	}
}

void gateway_invoke_end(struct gateway *gateway)
{
	LIST_EACH_SAFE(link, &gateway->invocations)
	{
		struct invocation *invocation = CONTAINER_OF(link, struct invocation, link);

		loop_task_cancel(gateway->loop, &invocation->free_task);
		free_invocation(invocation);
	}
}
