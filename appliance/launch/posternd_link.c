/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/posternd_link.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"

static void try_again(struct timer *timer);

/* posternd is gone: forget the connection and look for its successor. */
static void lose(struct posternd_link *link)
{
	loop_watch_fini(&link->watch);
	client_close(link->client);
	link->client = NULL;
	link->greeting = false;
	timer_arm(link->loop, &link->retry, CLIENT_RETRY_MS, try_again);
}

static void take_message(struct posternd_link *link, struct verb_message *message)
{
	if (!link->greeting) {
		link->handlers->message(link, message);
		return;
	}
	if (message->header.verb != VERB_HELLO || !message->header.is_reply)
		return; /* pushed to one who was not there: `back` starts from nothing */
	if (message->header.status < 0) {
		log_warning("posternd does not take us back", LOG_ERRNO(message->header.status));
		lose(link);
		return;
	}
	link->greeting = false;
	log_info("posternd is back");
	link->handlers->back(link);
}

static void readable(struct loop_watch *watch, unsigned events)
{
	struct posternd_link *link = CONTAINER_OF(watch, struct posternd_link, watch);
	struct verb_message *message;

	(void)events;
	while (link->client) {
		int error = client_receive(link->client, &message);

		if (error == 0) {
			take_message(link, message);
		} else if (error == -EAGAIN) {
			return;
		} else {
			log_warning("the connection to posternd has ended", LOG_ERRNO(error));
			lose(link);
		}
	}
}

/* Messages that came while HELLO was waited for are kept by the client and make no descriptor readable. */
static void take_kept(struct loop_task *task)
{
	struct posternd_link *link = CONTAINER_OF(task, struct posternd_link, kept_task);

	readable(&link->watch, LOOP_READABLE);
}

static int watch_client(struct posternd_link *link)
{
	loop_defer(link->loop, &link->kept_task, take_kept);
	loop_watch_init(&link->watch, link->loop, client_fd(link->client), readable);
	return loop_watch_read(&link->watch, true);
}

static void try_again(struct timer *timer)
{
	struct posternd_link *link = CONTAINER_OF(timer, struct posternd_link, retry);
	const struct verb_hello hello = { .channel = VERB_CHANNEL_LOOP, .resuming = 1 };

	if (client_open(&link->client, link->path) < 0) {
		link->client = NULL;
		timer_arm(link->loop, &link->retry, CLIENT_RETRY_MS, try_again);
		return;
	}
	link->greeting = true;
	if (watch_client(link) < 0 || client_post(link->client, VERB_HELLO, &hello, NULL, 0) < 0)
		lose(link);
}

int posternd_link_open(struct posternd_link *link, struct loop *loop, const char *path,
	const struct posternd_link_handlers *handlers, struct verb_message **ret_welcome)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	const struct verb_hello hello = { .channel = VERB_CHANNEL_LOOP };
	uint64_t deadline_ms = clock_monotonic_ms() + POSTERND_LINK_START_MS;
	int error;

	*link = (struct posternd_link){ .loop = loop, .path = path, .handlers = handlers };
	while ((error = client_open(&link->client, path)) < 0 && clock_monotonic_ms() < deadline_ms)
		nanosleep(&pause, NULL);
	if (error == 0)
		error = client_ask(link->client, VERB_HELLO, &hello, NULL, 0, POSTERND_LINK_START_MS, ret_welcome);
	if (error == 0)
		error = watch_client(link);
	if (error) {
		log_error("posternd can't be reached", LOG_TEXT("socket", path), LOG_ERRNO(error));
		client_close(link->client);
		link->client = NULL;
	}
	return error;
}

bool posternd_link_send(struct posternd_link *link, enum verb verb, const void *body, const int *fds, size_t fd_count)
{
	int64_t sequence;

	if (!link->client || link->greeting)
		return false;
	sequence = client_post(link->client, verb, body, fds, fd_count);
	if (sequence > 0)
		return true;
	log_warning("a message to posternd could not be sent", LOG_INT("verb", verb), LOG_ERRNO((int)sequence));
	/* not lose(): the caller may be handling a message that belongs to the connection */
	shutdown(client_fd(link->client), SHUT_RDWR);
	return false;
}

void posternd_link_close(struct posternd_link *link)
{
	timer_disarm(link->loop, &link->retry);
	loop_task_cancel(link->loop, &link->kept_task);
	loop_watch_fini(&link->watch);
	client_close(link->client);
	link->client = NULL;
}
