/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netns/endpoint.h"
#include "netns/fds.h"
#include "netns/load.h"
#include "netns/outgoing.h"
#include "netns/report.h"
#include "netns/shared.h"
#include "netns/supervise.h"

/* Packets kept for a child that does not read: a child that has as many waiting has stopped working. */
#define OUTGOING_MAX 64

static void close_connection(struct connection *connection)
{
	while (connection->first) {
		struct outgoing *outgoing = connection->first;

		connection->first = outgoing->next;
		free(outgoing);
	}
	connection->last = &connection->first;
	connection->outgoing_count = 0;
	load_forget(connection->posternd, connection);
	watch_end(connection->posternd->loop, &connection->packets);
}

static struct child *child_of(const struct connection *connection)
{
	return &connection->posternd->children[connection->role];
}

/* End the child behind the connection; closes the connection too. */
static void end_child(struct connection *connection, const char *why)
{
	supervise_kill(child_of(connection), why);
}

void monitor_forget_child(struct posternd *posternd, enum child_role role)
{
	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++) {
		struct connection *connection = &posternd->connections[i];

		if (connection->packets.fd >= 0 && connection->role == role)
			close_connection(connection);
	}
}

/* Keep a packet until there is room for it. */
static int keep_outgoing(struct connection *connection, const struct verb_message *message, size_t count)
{
	struct outgoing *outgoing;

	if (connection->outgoing_count >= OUTGOING_MAX)
		return -EAGAIN;
	outgoing = malloc(sizeof *outgoing + count);
	if (!outgoing)
		return -ENOMEM;
	outgoing->next = NULL;
	outgoing->count = count;
	memcpy(outgoing->bytes, message, count);
	*connection->last = outgoing;
	connection->last = &outgoing->next;
	connection->outgoing_count++;
	watch_change(connection->posternd->loop, &connection->packets, EPOLLIN | EPOLLOUT);
	return 0;
}

/* Send what was kept; 0 when nothing is left. */
static int flush(struct connection *connection)
{
	while (connection->first) {
		struct outgoing *outgoing = connection->first;
		int rc = fds_send(connection->packets.fd, outgoing->bytes, outgoing->count, NULL, 0);

		if (rc < 0)
			return rc;
		connection->first = outgoing->next;
		if (!connection->first)
			connection->last = &connection->first;
		connection->outgoing_count--;
		free(outgoing);
	}
	return 0;
}

/* Send one message now, or not at all: -EAGAIN if there is no room or something is before it. */
static int try_send(
	struct connection *connection, struct verb_message *message, size_t body_bytes, const int *fds, size_t fd_count)
{
	message->header.version = VERBS_VERSION;
	if (connection->first)
		return -EAGAIN;
	return fds_send(connection->packets.fd, message, sizeof message->header + body_bytes, fds, fd_count);
}

/* Answer the request in `message`, whose body holds the reply if `status` is 0. */
static void answer(
	struct connection *connection, struct verb_message *message, int status, const int *fds, size_t fd_count)
{
	const struct verb_rule *rule = verb_rule_find(message->header.verb);
	size_t body_bytes = status < 0 ? 0 : rule->reply_bytes;
	int rc;

	message->header.is_reply = 1;
	message->header.status = status < 0 ? status : 0;
	rc = try_send(connection, message, body_bytes, fds, status < 0 ? 0 : fd_count);
	if (rc == -EAGAIN && fd_count == 0)
		rc = keep_outgoing(connection, message, sizeof message->header + body_bytes);
	if (rc < 0 && rc != -EPIPE)
		end_child(connection, "it asks and does not read the answers");
}

void monitor_answer_empty(struct connection *connection, const struct verb_header *request, int status)
{
	struct verb_message message = { .header = *request };

	answer(connection, &message, status, NULL, 0);
}

static struct connection *loop_channel(struct posternd *posternd, enum child_role role)
{
	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++) {
		struct connection *connection = &posternd->connections[i];

		if (connection->packets.fd >= 0 && connection->greeted && connection->role == role &&
			connection->channel == VERB_CHANNEL_LOOP)
			return connection;
	}
	return NULL;
}

/* Wake up when the child has room again. */
static void wait_for_room(struct connection *connection)
{
	watch_change(connection->posternd->loop, &connection->packets, EPOLLIN | EPOLLOUT);
}

static int tell_gone(struct posternd *posternd, struct connection *connection)
{
	while (posternd->gone_count > 0) {
		struct verb_message message = { .header.verb = VERB_ENDPOINT_GONE };
		int rc;

		memcpy(message.body.endpoint_id.id, posternd->gone[0], FILTER_ENDPOINT_ID_BYTES);
		rc = try_send(connection, &message, sizeof message.body.endpoint_id, NULL, 0);
		if (rc < 0)
			return rc;
		posternd->gone_count--;
		memmove(posternd->gone[0], posternd->gone[1], posternd->gone_count * sizeof posternd->gone[0]);
	}
	return 0;
}

static int tell_endpoint(struct connection *connection, struct endpoint *endpoint)
{
	struct verb_message message = { .header.verb = VERB_ENDPOINT };
	struct verb_endpoint *body = &message.body.endpoint;
	int rc;

	memcpy(body->id, endpoint->wanted.id, sizeof body->id);
	body->index = endpoint->index;
	body->kind = endpoint->kind;
	body->https_count = (uint32_t)endpoint->https_count;
	body->dns_udp_count = (uint32_t)endpoint->dns_udp_count;
	body->dns_tcp_count = (uint32_t)endpoint->dns_tcp_count;
	rc = try_send(connection, &message, sizeof *body, endpoint->sockets,
		endpoint->https_count + endpoint->dns_udp_count + endpoint->dns_tcp_count);
	if (rc == 0)
		endpoint->told = true;
	return rc;
}

void monitor_tell_endpoints(struct posternd *posternd)
{
	struct connection *connection = loop_channel(posternd, CHILD_GATEWAY);
	int rc;

	if (!connection || !connection->wants_endpoints)
		return;
	rc = tell_gone(posternd, connection);
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX && rc == 0; i++) {
		struct endpoint *endpoint = &posternd->endpoints[i];

		if (endpoint->used && endpoint->sockets && !endpoint->told)
			rc = tell_endpoint(connection, endpoint);
	}
	if (rc == -EAGAIN)
		wait_for_room(connection);
}

void monitor_tell_gone(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES])
{
	struct connection *connection = loop_channel(posternd, CHILD_GATEWAY);

	/* A gateway that is not there will hear of living endpoints only, or learn it when it hands this one back. */
	if (!connection)
		return;
	if (posternd->gone_count >= sizeof posternd->gone / sizeof *posternd->gone) {
		end_child(connection, "it does not read that endpoints are gone");
		return;
	}
	memcpy(posternd->gone[posternd->gone_count++], id, FILTER_ENDPOINT_ID_BYTES);
	monitor_tell_endpoints(posternd);
}

void monitor_tell_events(struct posternd *posternd)
{
	struct connection *connection = loop_channel(posternd, CHILD_CONTROL);
	struct verb_message message = { .header.verb = VERB_FILTER_EVENTS };

	if (posternd->events.count == 0)
		return;
	message.body.filter_events = posternd->events;
	if (connection && try_send(connection, &message, sizeof posternd->events, NULL, 0) == 0)
		posternd->events.lost = 0;
	else
		posternd->events.lost += posternd->events.count;
	posternd->events.count = 0;
}

static void tell_child(struct posternd *posternd, enum child_role role, struct verb_message *message, size_t body_bytes,
	const int *fds, size_t fd_count)
{
	struct connection *connection = loop_channel(posternd, role);
	int rc;

	if (!connection)
		return;
	rc = try_send(connection, message, body_bytes, fds, fd_count);
	if (rc == -EAGAIN && fd_count == 0)
		rc = keep_outgoing(connection, message, sizeof message->header + body_bytes);
	if (rc < 0 && rc != -EPIPE)
		report(REPORT_WARNING, "the %s did not take %s: %s", child_role_name(role),
			verb_rule_find(message->header.verb)->name, strerror(-rc));
}

void monitor_tell_drain(struct posternd *posternd, uint32_t limit_ms)
{
	for (int role = 0; role < CHILD_COUNT; role++) {
		struct verb_message message = { .header.verb = VERB_DRAIN, .body.drain.limit_ms = limit_ms };
		struct child *child = &posternd->children[role];

		if (loop_channel(posternd, child->role))
			tell_child(posternd, child->role, &message, sizeof message.body.drain, NULL, 0);
		else if (child->state != CHILD_DOWN)
			(void)pidfd_send_signal(child->exit.fd, SIGTERM, NULL, 0);
	}
}

void monitor_tell_reload(struct posternd *posternd)
{
	for (int role = 0; role < CHILD_COUNT; role++) {
		struct verb_message message = { .header.verb = VERB_RELOAD };
		char path[64];
		int fds[2] = { -1,
			role == CHILD_GATEWAY ? posternd->shared.access_log_fd : posternd->shared.audit_log_fd };

		snprintf(path, sizeof path, "/proc/self/fd/%d", posternd->settings_fd);
		fds[0] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[0] < 0)
			continue;
		tell_child(
			posternd, (enum child_role)role, &message, sizeof message.body.empty, fds, fds[1] >= 0 ? 2 : 1);
		close(fds[0]);
	}
}

static uint32_t held_records(const struct posternd *posternd)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < VERB_RECORD_COUNT; i++)
		bits |= posternd->shared.record_fds[i] >= 0 ? 1u << i : 0;
	return bits;
}

static size_t add_records(const int held[VERB_RECORD_COUNT], int *fds, size_t count)
{
	for (size_t i = 0; i < VERB_RECORD_COUNT; i++)
		if (held[i] >= 0)
			fds[count++] = held[i];
	return count;
}

/* The descriptors of an answer to HELLO, in the order that struct verb_welcome gives. */
static size_t welcome_fds(const struct connection *connection, int *fds)
{
	const struct posternd *posternd = connection->posternd;
	size_t count = 0;

	if (connection->role == CHILD_GATEWAY) {
		fds[count++] = posternd->shared.counters_fd;
		fds[count++] = posternd->shared.wake_fd;
		if (posternd->shared.access_log_fd >= 0)
			fds[count++] = posternd->shared.access_log_fd;
		return add_records(posternd->shared.record_fds, fds, count);
	}
	fds[count++] = posternd->shared.counters_read_fd;
	fds[count++] = posternd->shared.wake_fd;
	for (uint32_t i = 0; i < posternd->config.management_count; i++)
		fds[count++] = posternd->shared.management_fds[i];
	count = add_records(posternd->shared.record_read_fds, fds, count);
	if (posternd->shared.audit_log_fd >= 0)
		fds[count++] = posternd->shared.audit_log_fd;
	return count;
}

static void on_hello(struct connection *connection, struct verb_message *message)
{
	struct posternd *posternd = connection->posternd;
	struct verb_hello hello = message->body.hello;
	struct verb_welcome welcome = {
		.worker_count = posternd->config.worker_count,
		.counters_slot_bytes = VERB_COUNTERS_SLOT_BYTES,
		.has_access_log = posternd->shared.access_log_fd >= 0,
		.management_count = posternd->config.management_count,
		.local = posternd->config.local,
		.network_count = posternd->config.network_count,
		/* Who resumes has them already, and may be of a version that knows fewer. */
		.has_records = hello.resuming ? 0 : held_records(posternd),
		.has_audit_log = posternd->shared.audit_log_fd >= 0,
	};
	int fds[VERB_FDS_MAX];
	size_t fd_count = 0;

	if (hello.channel == VERB_CHANNEL_LOOP && loop_channel(posternd, connection->role)) {
		end_child(connection, "it opened a second connection for its loop");
		return;
	}
	if (hello.channel == VERB_CHANNEL_LOOP && !hello.resuming)
		fd_count = welcome_fds(connection, fds);
	if (hello.channel == VERB_CHANNEL_LOOP && connection->role == CHILD_GATEWAY)
		posternd->gone_count = 0;
	connection->channel = hello.channel;
	connection->greeted = true;
	message->body.welcome = welcome;
	answer(connection, message, 0, fds, fd_count);
}

static void on_ready(struct connection *connection, struct verb_message *message)
{
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, 0, NULL, 0);
	supervise_ready(child_of(connection));
}

static void on_sockets(struct connection *connection, struct verb_message *message)
{
	struct posternd *posternd = connection->posternd;

	if (connection->channel != VERB_CHANNEL_LOOP) {
		end_child(connection, "it asked for sockets where nothing is pushed");
		return;
	}
	message->body.count = (struct verb_count){ .count = endpoint_count(posternd) };
	answer(connection, message, 0, NULL, 0);
	connection->wants_endpoints = true;
	monitor_tell_endpoints(posternd);
}

static void on_hand_back(struct connection *connection, struct verb_message *message)
{
	struct posternd *posternd = connection->posternd;
	struct verb_hand_back body = message->body.hand_back;
	int rc;

	if (body.what == VERB_HAND_BACK_ENDPOINT)
		rc = endpoint_take_back(posternd, body.endpoint_id, message->fds, message->fd_count);
	else
		rc = shared_take_back(posternd, body.what, message->fds, message->fd_count);
	if (rc == -EINVAL) {
		end_child(connection, "what it hands back is not what it was given");
		return;
	}
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, rc, NULL, 0);
	/* It serves an endpoint that was deleted while it could not be told. */
	if (rc == -ENOENT)
		monitor_tell_gone(posternd, body.endpoint_id);
}

static void on_endpoint_create(struct connection *connection, struct verb_message *message)
{
	struct verb_endpoint_create wanted = message->body.endpoint_create;
	struct verb_endpoint_created created = { 0 };
	int rc = endpoint_create(connection->posternd, &wanted, &created.index);

	message->body.endpoint_created = created;
	answer(connection, message, rc, NULL, 0);
	if (rc == 0)
		monitor_tell_endpoints(connection->posternd);
}

static void on_endpoint_delete(struct connection *connection, struct verb_message *message)
{
	int rc = endpoint_delete(connection->posternd, message->body.endpoint_id.id);

	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, rc, NULL, 0);
}

static void on_endpoint_list(struct connection *connection, struct verb_message *message)
{
	struct posternd *posternd = connection->posternd;
	struct verb_endpoint_list *list = &message->body.endpoint_list;

	memset(list, 0, sizeof *list);
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		const struct endpoint *endpoint = &posternd->endpoints[i];
		struct verb_endpoint_summary *summary = &list->endpoints[list->count];
		struct filter_stats stats = { 0 };

		if (!endpoint->used)
			continue;
		if (endpoint->filter && filter_read_stats(endpoint->filter, &stats) == 0)
			summary->generation = stats.generation;
		memcpy(summary->id, endpoint->wanted.id, sizeof summary->id);
		summary->index = endpoint->index;
		summary->kind = endpoint->kind;
		list->count++;
	}
	answer(connection, message, 0, NULL, 0);
}

static void on_filter_load(struct connection *connection, struct verb_message *message)
{
	struct verb_filter_load load = message->body.filter_load;
	int rc = load_start(connection->posternd, connection, &message->header, &load, message->fds[0]);

	if (rc == 0)
		return;
	if (rc == -EBADF || rc == -EMSGSIZE) {
		end_child(connection, "its records are not the sealed table that it announced");
		return;
	}
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, rc, NULL, 0);
}

/* The filter of the endpoint with this id, or NULL with the reason in `*ret_rc`. */
static struct filter *find_filter(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES], int *ret_rc)
{
	struct endpoint *endpoint = endpoint_find(posternd, id);

	*ret_rc = posternd->config.local ? -EOPNOTSUPP : -ENOENT;
	return endpoint ? endpoint->filter : NULL;
}

static void on_filter_mode(struct connection *connection, struct verb_message *message)
{
	int rc;
	struct filter *filter = find_filter(connection->posternd, message->body.filter_mode.id, &rc);

	if (filter)
		rc = filter_set_mode(filter, message->body.filter_mode.mode);
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, rc, NULL, 0);
}

static void on_filter_stats(struct connection *connection, struct verb_message *message)
{
	int rc;
	struct filter *filter = find_filter(connection->posternd, message->body.endpoint_id.id, &rc);
	struct filter_stats stats = { 0 };
	struct verb_filter_stats *reply = &message->body.filter_stats;

	if (filter)
		rc = filter_read_stats(filter, &stats);
	*reply = (struct verb_filter_stats){
		.generation = stats.generation,
		.mode = stats.mode,
		.dns = stats.dns,
		.prefix_count = stats.prefix_count,
		.program_id = stats.program_id,
		.resets_sent = stats.resets_sent,
		.resets_limited = stats.resets_limited,
		.events_sent = stats.events_sent,
		.events_lost = stats.events_lost,
	};
	memcpy(reply->packets, stats.packets, sizeof reply->packets);
	memcpy(reply->bytes, stats.bytes, sizeof reply->bytes);
	answer(connection, message, rc, NULL, 0);
}

static void on_filter_show(struct connection *connection, struct verb_message *message)
{
	int rc;
	struct verb_filter_show show = message->body.filter_show;
	struct filter *filter = find_filter(connection->posternd, show.id, &rc);
	struct verb_filter_entries *reply = &message->body.filter_entries;
	struct filter_entry *entries = NULL;

	memset(reply, 0, sizeof *reply);
	if (filter) {
		entries = calloc(VERB_ENTRIES_MAX, sizeof *entries);
		rc = entries ? filter_show(filter, show.has_after ? &show.after : NULL, entries, VERB_ENTRIES_MAX)
			     : -ENOMEM;
	}
	for (int i = 0; i < rc; i++) {
		reply->entries[i].key = entries[i].key;
		reply->entries[i].value = entries[i].value;
		reply->count++;
	}
	free(entries);
	answer(connection, message, rc < 0 ? rc : 0, NULL, 0);
}

static void on_outgoing_sockets(struct connection *connection, struct verb_message *message)
{
	int fds[VERB_OUTGOING_MAX];
	int count = outgoing_make(connection->posternd, &message->body.outgoing_sockets, fds);

	if (count > 0)
		message->body.outgoing_sockets.count = (uint32_t)count;
	answer(connection, message, count < 0 ? count : 0, fds, count < 0 ? 0 : (size_t)count);
	/* Those that were sent are the gateway's alone. */
	fds_close(fds, count < 0 ? 0 : (size_t)count);
}

/* The two ends that a question of control's to the gateway needs; neither is kept. */
static void on_invoke_channel(struct connection *connection, struct verb_message *message)
{
	struct posternd *posternd = connection->posternd;
	struct connection *gateway = loop_channel(posternd, CHILD_GATEWAY);
	struct verb_message push = { .header.verb = VERB_INVOKE };
	int ends[2] = { -1, -1 }, rc = -EAGAIN;

	if (gateway && posternd->children[CHILD_GATEWAY].state == CHILD_READY)
		rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0 ? -errno : 0;
	if (rc == 0)
		rc = try_send(gateway, &push, sizeof push.body.empty, &ends[0], 1);
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, rc == -EPIPE ? -EAGAIN : rc, &ends[1], 1);
	fds_close(ends, 2);
}

static void on_gateway_restart(struct connection *connection, struct verb_message *message)
{
	supervise_kill(&connection->posternd->children[CHILD_GATEWAY], "control asks for a new one");
	message->body.empty = (struct verb_empty){ 0 };
	answer(connection, message, 0, NULL, 0);
}

static struct verb_child_status child_status(const struct child *child)
{
	return (struct verb_child_status){
		.pid = child->pid,
		.ready = child->state == CHILD_READY,
		.restarts = child->restarts,
		.last_exit = child->last_exit,
		.started_ns = child->started_ns,
	};
}

static void on_status(struct connection *connection, struct verb_message *message)
{
	const struct posternd *posternd = connection->posternd;

	message->body.status = (struct verb_status){
		.gateway = child_status(&posternd->children[CHILD_GATEWAY]),
		.control = child_status(&posternd->children[CHILD_CONTROL]),
		.endpoint_count = endpoint_count(posternd),
		.local = posternd->config.local,
		.posternd_pid = getpid(),
		.worker_count = posternd->config.worker_count,
		.started_ns = posternd->started_ns,
	};
	answer(connection, message, 0, NULL, 0);
}

typedef void verb_handler(struct connection *connection, struct verb_message *message);

/* The verbs that children send; netns/verbs.def says which of them may. */
static verb_handler *const handlers[VERB_COUNT] = {
	[VERB_HELLO] = on_hello,
	[VERB_READY] = on_ready,
	[VERB_SOCKETS] = on_sockets,
	[VERB_HAND_BACK] = on_hand_back,
	[VERB_ENDPOINT_CREATE] = on_endpoint_create,
	[VERB_ENDPOINT_DELETE] = on_endpoint_delete,
	[VERB_ENDPOINT_LIST] = on_endpoint_list,
	[VERB_FILTER_LOAD] = on_filter_load,
	[VERB_FILTER_MODE] = on_filter_mode,
	[VERB_FILTER_STATS] = on_filter_stats,
	[VERB_FILTER_SHOW] = on_filter_show,
	[VERB_GATEWAY_RESTART] = on_gateway_restart,
	[VERB_STATUS] = on_status,
	[VERB_OUTGOING_SOCKETS] = on_outgoing_sockets,
	[VERB_INVOKE_CHANNEL] = on_invoke_channel,
};

static enum verb_sender sender_of(enum child_role role)
{
	return role == CHILD_GATEWAY ? VERB_FROM_GATEWAY : VERB_FROM_CONTROL;
}

/* Check a packet against the table and the connection's state, then handle it. */
static void dispatch(struct connection *connection, struct verb_message *message, size_t count)
{
	char why[128];
	int rc = verb_check(message, count, message->fd_count, sender_of(connection->role));

	if (rc == 0 && (verb_rule_find(message->header.verb)->when == VERB_WHEN_FIRST) == connection->greeted)
		rc = -EPERM;
	if (rc < 0) {
		snprintf(why, sizeof why, "it sent a message of %zu bytes that is none (%s)", count, strerror(-rc));
		end_child(connection, why);
		return;
	}
	/* Orders take effect in their order; a gateway waits for nobody. */
	if (connection->role == CHILD_CONTROL)
		load_finish(connection->posternd);
	if (connection->packets.fd >= 0)
		handlers[message->header.verb](connection, message);
}

static void on_packets(struct watch *watch, uint32_t events)
{
	struct connection *connection = watch->owner;
	struct verb_message message;
	size_t count;
	int rc;

	if (events & EPOLLOUT) {
		watch_change(connection->posternd->loop, watch, EPOLLIN);
		if (flush(connection) == -EAGAIN)
			wait_for_room(connection);
		else if (connection->role == CHILD_GATEWAY)
			monitor_tell_endpoints(connection->posternd);
		if (watch->fd < 0)
			return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	memset(&message, 0, sizeof message.header + sizeof message.body);
	rc = fds_receive(watch->fd, &message, sizeof message.header + sizeof message.body, &count, message.fds,
		&message.fd_count);
	if (rc == -EAGAIN)
		return;
	if (rc == -EPIPE) {
		/* It ends, or it opens another connection: its pidfd tells which. */
		close_connection(connection);
		return;
	}
	if (rc < 0) {
		end_child(connection, "it sent what does not fit into a message");
		return;
	}
	dispatch(connection, &message, count);
	fds_close(message.fds, message.fd_count);
}

/* A child has two channels, and for a moment the two of before that ended unseen: more would leave none to the other child. */
static bool has_enough(const struct posternd *posternd, enum child_role role)
{
	size_t count = 0;

	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++)
		count += posternd->connections[i].packets.fd >= 0 && posternd->connections[i].role == role;
	return count >= POSTERND_CONNECTIONS_MAX / CHILD_COUNT;
}

static struct connection *free_connection(struct posternd *posternd)
{
	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++)
		if (posternd->connections[i].packets.fd < 0)
			return &posternd->connections[i];
	return NULL;
}

static void on_listener(struct watch *watch, uint32_t events)
{
	struct posternd *posternd = watch->owner;
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *connection = free_connection(posternd);
	struct ucred peer = { 0 };
	socklen_t peer_bytes = sizeof peer;
	struct child *child;

	(void)events;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) < 0)
		peer.pid = 0;
	child = supervise_find(posternd, peer.pid);
	if (!child || !connection) {
		report(REPORT_WARNING, "refused a connection of process %d, which is no child of ours", peer.pid);
		close(fd);
		return;
	}
	if (has_enough(posternd, child->role)) {
		close(fd);
		supervise_kill(child, "it opens more connections than it has use for");
		return;
	}
	*connection = (struct connection){
		.posternd = posternd,
		.packets = { .fd = fd, .ready = on_packets, .owner = connection },
		.role = child->role,
		.last = &connection->first,
	};
	if (watch_add(posternd->loop, &connection->packets, EPOLLIN) < 0)
		close_connection(connection);
}

int monitor_open(struct posternd *posternd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++)
		posternd->connections[i].packets.fd = -1;
	snprintf(address.sun_path, sizeof address.sun_path, "%.*s/" VERBS_SOCKET_NAME, NETNS_RUN_DIR_MAX_BYTES,
		posternd->config.run_dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* We hold the run folder's lock: whoever made the socket before is gone. */
	unlink(address.sun_path);
	posternd->listener = (struct watch){ .fd = fd, .ready = on_listener, .owner = posternd };
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
		chmod(address.sun_path, posternd->config.local ? 0600 : 0660) < 0 ||
		(!posternd->config.local && lchown(address.sun_path, (uid_t)-1, posternd->config.group_gid) < 0) ||
		listen(fd, POSTERND_CONNECTIONS_MAX) < 0) {
		rc = -errno;
		close(fd);
		posternd->listener.fd = -1;
		return rc;
	}
	return watch_add(posternd->loop, &posternd->listener, EPOLLIN);
}

void monitor_close(struct posternd *posternd)
{
	char path[NETNS_PATH_BYTES + 32];

	for (size_t i = 0; i < POSTERND_CONNECTIONS_MAX; i++)
		if (posternd->connections[i].packets.fd >= 0)
			close_connection(&posternd->connections[i]);
	if (posternd->listener.fd < 0)
		return;
	watch_end(posternd->loop, &posternd->listener);
	snprintf(path, sizeof path, "%s/" VERBS_SOCKET_NAME, posternd->config.run_dir);
	unlink(path);
}
