/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gateway's dealings with posternd: listening sockets of endpoints, READY, drain, reload, handing back after posternd's death. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/log.h"
#include "appliance/launch/gateway_state.h"
#include "appliance/model/snapshot.h"

static struct gateway *gateway_of(struct posternd_link *link)
{
	return CONTAINER_OF(link, struct gateway, link);
}

/* --- READY --------------------------------------------------------------------------------------------------------- */

/* Say READY once everything announced is served (or was tried) by all workers. */
static void consider_ready(struct gateway *gateway)
{
	const struct verb_empty nothing = { 0 };
	uint32_t served_count = 0;

	if (gateway->ready_sent || !gateway->sockets_answered || gateway->handing_back || gateway->draining)
		return;
	LIST_EACH(link, &gateway->endpoints)
	{
		const struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		served_count += endpoint->served && endpoint->answer_count >= gateway->worker_count;
	}
	if (served_count < gateway->expected_count)
		return;
	gateway->ready_sent = posternd_link_send(&gateway->link, VERB_READY, &nothing, NULL, 0);
	if (gateway->ready_sent)
		log_info("serving", LOG_UINT("endpoints", served_count), LOG_UINT("workers", gateway->worker_count),
			LOG_UINT("revision", current_revision(gateway->current)));
}

/* --- Endpoints ----------------------------------------------------------------------------------------------------- */

static void free_endpoint(struct gateway_endpoint *endpoint)
{
	list_remove(&endpoint->link);
	for (size_t i = 0; i < endpoint->fd_count; i++)
		close(endpoint->fds[i]);
	free(endpoint);
}

static void close_endpoint(struct gateway *gateway, struct gateway_endpoint *endpoint)
{
	if (endpoint->closing)
		return;
	endpoint->closing = true;
	if (!endpoint->served) {
		free_endpoint(endpoint);
		return;
	}
	for (unsigned i = 0; i < gateway->worker_count; i++)
		wiring_close_endpoint(gateway->workers[i], endpoint->facts.id, endpoint->token);
}

static int is_builtin(void *context, struct catalog_object *object)
{
	const struct snapshot_endpoint *endpoint = CONTAINER_OF(object, struct snapshot_endpoint, object);
	char *id = context;

	if (!endpoint->builtin || endpoint->id.count >= FILTER_ENDPOINT_ID_BYTES)
		return 0;
	memcpy(id, endpoint->id.at, endpoint->id.count);
	id[endpoint->id.count] = '\0';
	return 1;
}

/* Local mode's endpoint has its id from the store: control made it at the first start. */
static bool find_builtin_id(struct gateway *gateway, char id[FILTER_ENDPOINT_ID_BYTES])
{
	const struct snapshot *snapshot = current_pin(gateway->current, gateway->worker_count);

	id[0] = '\0';
	if (snapshot)
		(void)catalog_each(&snapshot->endpoints, is_builtin, id);
	current_unpin(gateway->current, gateway->worker_count, snapshot);
	return id[0] != '\0';
}

/* Give each worker its sockets. In local mode this waits for the endpoint's id. */
static void serve(struct gateway *gateway, struct gateway_endpoint *endpoint)
{
	const struct verb_endpoint *facts = &endpoint->facts;
	struct wiring_sockets sockets = { .token = endpoint->token };

	if (endpoint->kind == VERB_ENDPOINT_LOCAL && !find_builtin_id(gateway, endpoint->facts.id))
		return;
	endpoint->served = true;
	memcpy(sockets.endpoint_id, facts->id, sizeof sockets.endpoint_id);
	for (unsigned i = 0; i < gateway->worker_count; i++) {
		size_t udp = facts->https_count + i, tcp = facts->https_count + facts->dns_udp_count + i;

		sockets.https_fd = i < facts->https_count ? endpoint->fds[i] : -1;
		sockets.dns_udp_fd = i < facts->dns_udp_count ? endpoint->fds[udp] : -1;
		sockets.dns_tcp_fd = i < facts->dns_tcp_count ? endpoint->fds[tcp] : -1;
		wiring_open_endpoint(gateway->workers[i], &sockets);
	}
}

static void take_endpoint(struct gateway *gateway, struct verb_message *message)
{
	struct gateway_endpoint *endpoint = calloc(1, sizeof *endpoint);

	ASSERT(endpoint && "out of memory");
	endpoint->facts = message->body.endpoint;
	endpoint->kind = (enum verb_endpoint_kind)endpoint->facts.kind;
	endpoint->token = ++gateway->last_token;
	while (endpoint->fd_count < VERB_FDS_MAX) {
		int fd = client_take_fd(message, endpoint->fd_count);

		if (fd < 0)
			break;
		endpoint->fds[endpoint->fd_count++] = fd;
	}
	/* Sockets that come for an endpoint that has some replace them. */
	LIST_EACH_SAFE(link, &gateway->endpoints)
	{
		struct gateway_endpoint *other = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (other->kind == endpoint->kind &&
			(other->kind == VERB_ENDPOINT_LOCAL || strcmp(other->facts.id, endpoint->facts.id) == 0))
			close_endpoint(gateway, other);
	}
	list_append(&gateway->endpoints, &endpoint->link);
	serve(gateway, endpoint);
}

static void lose_endpoint(struct gateway *gateway, const char *id)
{
	LIST_EACH_SAFE(link, &gateway->endpoints)
	{
		struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (strcmp(endpoint->facts.id, id) == 0)
			close_endpoint(gateway, endpoint);
	}
}

static void opened(void *context, const char *endpoint_id, int error)
{
	struct gateway *gateway = context;

	if (error)
		log_error("an endpoint's sockets can't be served", LOG_TEXT("endpoint", endpoint_id), LOG_ERRNO(error));
	LIST_EACH(link, &gateway->endpoints)
	{
		struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (!endpoint->closing && strcmp(endpoint->facts.id, endpoint_id) == 0)
			endpoint->answer_count++;
	}
	consider_ready(gateway);
}

static void closed(void *context, const char *endpoint_id, uint64_t token)
{
	struct gateway *gateway = context;

	(void)endpoint_id;
	LIST_EACH_SAFE(link, &gateway->endpoints)
	{
		struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (endpoint->token == token && ++endpoint->closed_count == gateway->worker_count)
			free_endpoint(endpoint);
	}
}

void gateway_snapshot_serves(struct gateway *gateway)
{
	const struct verb_empty nothing = { 0 };

	if (!gateway->sockets_asked)
		gateway->sockets_asked = posternd_link_send(&gateway->link, VERB_SOCKETS, &nothing, NULL, 0);
	LIST_EACH(link, &gateway->endpoints)
	{
		struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (!endpoint->served && !endpoint->closing)
			serve(gateway, endpoint);
	}
}

/* --- Handing back after posternd's death --------------------------------------------------------------------------- */

static struct gateway_endpoint *endpoint_at(struct gateway *gateway, size_t index)
{
	LIST_EACH(link, &gateway->endpoints)
	{
		struct gateway_endpoint *endpoint = CONTAINER_OF(link, struct gateway_endpoint, link);

		if (!endpoint->closing && index-- == 0)
			return endpoint;
	}
	return NULL;
}

/* One thing at a time, the next one when the one before was answered, so that many descriptors never pile up. */
static void hand_back_next(struct gateway *gateway)
{
	struct verb_hand_back what = { .what = VERB_HAND_BACK_SHARED };
	const int shared[] = { gateway->counters_fd, gateway->wake_fd };
	struct gateway_endpoint *endpoint;

	if (gateway->hand_back_index++ == 0) {
		(void)posternd_link_send(&gateway->link, VERB_HAND_BACK, &what, shared, ARRAY_COUNT(shared));
		return;
	}
	endpoint = endpoint_at(gateway, gateway->hand_back_index - 2);
	if (endpoint) {
		what.what = VERB_HAND_BACK_ENDPOINT;
		if (endpoint->kind == VERB_ENDPOINT_NAMESPACE)
			memcpy(what.endpoint_id, endpoint->facts.id, sizeof what.endpoint_id);
		(void)posternd_link_send(&gateway->link, VERB_HAND_BACK, &what, endpoint->fds, endpoint->fd_count);
		return;
	}
	gateway->handing_back = false;
	gateway_sockets_resume(gateway);
	gateway->sockets_asked = false;
	if (current_revision(gateway->current))
		gateway_snapshot_serves(gateway);
}

static void back(struct posternd_link *link)
{
	struct gateway *gateway = gateway_of(link);

	gateway->ready_sent = gateway->sockets_answered = false;
	gateway->handing_back = true;
	gateway->hand_back_index = 0;
	hand_back_next(gateway);
}

static void handed_back(struct gateway *gateway, int status)
{
	if (status < 0)
		log_warning("posternd did not want something back", LOG_UINT("step", gateway->hand_back_index),
			LOG_ERRNO(status));
	if (gateway->handing_back)
		hand_back_next(gateway);
}

/* --- Log, drain ---------------------------------------------------------------------------------------------------- */

static void log_changed(void *context, int fd)
{
	struct gateway *gateway = context;

	(void)fd;
	if (--gateway->log_change_count == 0 && gateway->old_log_fd >= 0) {
		close(gateway->old_log_fd);
		gateway->old_log_fd = -1;
	}
}

/* A second change while one is under way is refused by keeping the file that was opened last but one: rare, and harmless. */
static void change_log(struct gateway *gateway, int fd)
{
	if (gateway->log_change_count) {
		close(fd);
		return;
	}
	gateway->old_log_fd = gateway->access_log_fd;
	gateway->access_log_fd = fd;
	gateway->log_change_count = gateway->worker_count;
	for (unsigned i = 0; i < gateway->worker_count; i++)
		wiring_change_log(gateway->workers[i], fd);
}

static void reload(struct gateway *gateway, struct verb_message *message)
{
	int settings_fd = client_take_fd(message, 0), log_fd = client_take_fd(message, 1);

	if (settings_fd >= 0) {
		start_reload(&gateway->start, settings_fd);
		close(settings_fd);
	}
	if (log_fd >= 0)
		change_log(gateway, log_fd);
}

static void drain(struct gateway *gateway, uint64_t limit_ms)
{
	if (gateway->draining)
		return;
	gateway->draining = true;
	log_info("draining", LOG_UINT("limit_ms", limit_ms));
	gateway_invoke_drain(gateway);
	for (unsigned i = 0; i < gateway->worker_count; i++)
		wiring_drain(gateway->workers[i], limit_ms);
}

static void ended(void *context, struct wiring_worker *worker)
{
	struct gateway *gateway = context;

	(void)worker;
	if (!gateway->draining)
		gateway->exit_status = 1; /* its loop has failed: posternd starts us anew */
	if (--gateway->running_count == 0 || !gateway->draining)
		loop_stop(gateway->loop);
}

void gateway_signal(void *context, int number)
{
	struct gateway *gateway = context;

	if (number != SIGHUP) /* that one is posternd's business: it sends RELOAD */
		drain(gateway, gateway->start.settings->drain_timeout_ms);
}

/* --- Messages ------------------------------------------------------------------------------------------------------ */

static void message(struct posternd_link *link, struct verb_message *message)
{
	struct gateway *gateway = gateway_of(link);

	switch (message->header.verb) {
	case VERB_SOCKETS:
		gateway->expected_count = message->header.status < 0 ? 0 : message->body.count.count;
		gateway->sockets_answered = true;
		consider_ready(gateway);
		break;
	case VERB_HAND_BACK:
		handed_back(gateway, message->header.status);
		break;
	case VERB_ENDPOINT:
		take_endpoint(gateway, message);
		break;
	case VERB_ENDPOINT_GONE:
		lose_endpoint(gateway, message->body.endpoint_id.id);
		break;
	case VERB_OUTGOING_SOCKETS:
		gateway_sockets_answered(gateway, message);
		break;
	case VERB_INVOKE:
		gateway_invoke_take(gateway, message);
		break;
	case VERB_DRAIN:
		drain(gateway, message->body.drain.limit_ms);
		break;
	case VERB_RELOAD:
		reload(gateway, message);
		break;
	default:
		break; /* the answer to READY */
	}
}

const struct posternd_link_handlers gateway_link_handlers = { .message = message, .back = back };
const struct wiring_reports gateway_reports = {
	.opened = opened, .closed = closed, .ended = ended, .log_changed = log_changed
};
