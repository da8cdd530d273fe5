/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listeners, the recycling of connections and exchanges, the end. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "appliance/http/connection.h"

/* Connections accepted for one event; the rest waits for the next turn, so that a burst does not hold up the others. */
#define ACCEPT_BATCH_COUNT 64

/* How long accepting rests when it has failed for want of descriptors or memory. */
#define ACCEPT_REST_MS 100

const struct http_limits http_limits_private = {
	.head = { .target_max_bytes = HTTP1_TARGET_MAX_BYTES,
		.header_section_max_bytes = HTTP1_HEADER_SECTION_MAX_BYTES },
	.body_max_bytes = 10485760,
	.handshake_timeout_ms = 10000,
	.head_timeout_ms = 10000,
	.body_timeout_ms = 30000,
	.send_timeout_ms = 60000,
	.idle_timeout_ms = 310000,
	.linger_timeout_ms = 2000,
	.connection_max_count = 8000,
};

/* How often a drain looks for connections that have been idle long enough to be ended. */
#define DRAIN_SWEEP_MS 250

/* Connections kept for reuse; more go back to the heap. */
#define FREE_CONNECTION_MAX_COUNT 1024

static void accept_again(struct timer *timer);

/* --- recycling ------------------------------------------------------------------------------------------------------- */

struct http_connection *server_take_connection(struct http_listener *listener)
{
	struct http_server *server = listener->server;
	struct http_connection *connection = server->free_connection_count ? server->free_connections : NULL;

	if (connection) {
		server->free_connections = connection->next_free;
		server->free_connection_count--;
	} else {
		connection = malloc(sizeof *connection);
		ASSERT(connection);
	}
	memset(connection, 0, sizeof *connection);
	connection->magic = CONNECTION_MAGIC;
	connection->server = server;
	connection->listener = listener;
	list_append(&server->connections, &connection->link);
	listener->connection_count++;
	server->stats.connections_open++;
	return connection;
}

static void report_drained(struct loop_task *task)
{
	struct http_server *server = CONTAINER_OF(task, struct http_server, drained_task);
	void (*drained)(void *) = server->drained;

	server->drained = NULL;
	if (drained)
		drained(server->drained_context);
}

static void check_drained(struct http_server *server)
{
	if (!server->draining || !list_is_empty(&server->connections))
		return;
	timer_disarm(server->loop, &server->drain_timer);
	timer_disarm(server->loop, &server->drain_sweep_timer);
	loop_defer(server->loop, &server->drained_task, report_drained);
}

void server_unlink_connection(struct http_connection *connection)
{
	struct http_server *server = connection->server;

	list_remove(&connection->link);
	list_append(&server->orphans, &connection->link);
	server->stats.connections_open--;
	if (server->accept_held)
		timer_arm(server->loop, &server->accept_timer, 0, accept_again);
	check_drained(server);
}

static void free_connection(struct http_connection *connection)
{
	struct http_server *server = connection->server;

	ASSERT(connection->state == CONNECTION_CLOSED && !connection->x && !stream_is_open(&connection->stream));
	ASSERT(server->output_owner != connection);
	connection->magic = 0;
	if (server->free_connection_count >= FREE_CONNECTION_MAX_COUNT) {
		free(connection);
		return;
	}
	connection->next_free = server->free_connections;
	server->free_connections = connection;
	server->free_connection_count++;
}

static void free_listener_if_over(struct http_listener *listener)
{
	if (!listener->closed || listener->connection_count > 0)
		return;
	if (listener->settings.release)
		listener->settings.release(listener->settings.identity);
	free(listener);
}

/* Free what has ended in this turn. */
static void sweep(struct http_server *server)
{
	while (!list_is_empty(&server->ended)) {
		struct list_link *link = list_take_first(&server->ended);
		struct http_connection *connection = CONTAINER_OF(link, struct http_connection, link);
		struct http_listener *listener = connection->listener;

		free_connection(connection);
		listener->connection_count--;
		free_listener_if_over(listener);
	}
}

static void sweep_is_due(struct loop_task *task)
{
	sweep(CONTAINER_OF(task, struct http_server, sweep_task));
}

void server_free_connection_later(struct http_connection *connection)
{
	struct http_server *server = connection->server;

	/* A response may have been written after the connection broke; its memory must not be some other connection's by then. */
	output_drop(connection);
	list_remove(&connection->link);
	list_append(&server->ended, &connection->link);
	loop_defer(server->loop, &server->sweep_task, sweep_is_due);
}

struct exchange *server_take_exchange(struct http_server *server)
{
	struct exchange *x = server->free_exchanges;

	if (x) {
		server->free_exchanges = x->next_free;
	} else {
		x = malloc(sizeof *x);
		ASSERT(x);
	}
	memset(x, 0, sizeof *x);
	x->magic = EXCHANGE_MAGIC;
	x->body_max_bytes = server->limits->body_max_bytes;
	arena_init(&x->arena, &server->arenas, EXCHANGE_ARENA_MAX_BYTES);
	server->stats.exchanges_open++;
	return x;
}

void server_give_exchange(struct http_server *server, struct exchange *x)
{
	ASSERT_MAGIC(x, EXCHANGE_MAGIC);
	arena_fini(&x->arena);
	x->magic = 0;
	x->next_free = server->free_exchanges;
	server->free_exchanges = x;
	server->stats.exchanges_open--;
}

/* --- listeners ------------------------------------------------------------------------------------------------------- */

static void hold_accepting(struct http_server *server, bool hold)
{
	if (server->accept_held == hold)
		return;
	server->accept_held = hold;
	LIST_EACH(link, &server->listeners)
	{
		struct http_listener *listener = CONTAINER_OF(link, struct http_listener, link);

		(void)loop_watch_read(&listener->watch, !hold);
	}
}

/*
 * There are as many connections as there may be: end the one that was accepted first of those that have been idle for a while,
 * so that clients which hold connections and ask nothing keep nobody else out. If all are young or busy, look again soon.
 */
static void make_room(struct http_server *server)
{
	hold_accepting(server, true);
	/* First: a connection that ends arms it for at once. */
	timer_arm(server->loop, &server->accept_timer, ACCEPT_REST_MS, accept_again);
	LIST_EACH_SAFE(link, &server->connections)
	{
		struct http_connection *connection = CONTAINER_OF(link, struct http_connection, link);

		if (connection->state != CONNECTION_IDLE)
			continue;
		connection_end_soon(connection, false);
		if (connection->state == CONNECTION_IDLE)
			continue;
		/* It has nothing to lose by a close that does not wait for its own. */
		if (connection->state != CONNECTION_CLOSED)
			connection_close(connection, false);
		break;
	}
}

static void accept_again(struct timer *timer)
{
	struct http_server *server = CONTAINER_OF(timer, struct http_server, accept_timer);

	if (server->stats.connections_open < server->limits->connection_max_count)
		hold_accepting(server, false);
	else if (server->accept_held)
		make_room(server);
}

/* Accept one. False if there is none left or none can be taken now. */
static bool accept_one(struct http_listener *listener)
{
	struct http_server *server = listener->server;
	struct sockaddr_storage address;
	socklen_t address_bytes = sizeof address;
	int fd;

	if (server->stats.connections_open >= server->limits->connection_max_count) {
		make_room(server);
		return false;
	}
	fd = accept4(listener->watch.fd, (struct sockaddr *)&address, &address_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		if (address_bytes == 0)
			address.ss_family = AF_UNSPEC;
		server->stats.connections_accepted++;
		connection_open(listener, fd, &address);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* The queue stays readable; without a rest the loop would spin on it. */
		hold_accepting(server, true);
		timer_arm(server->loop, &server->accept_timer, ACCEPT_REST_MS, accept_again);
		return false;
	default:
		/* Errors of the one connection, already dead (accept(2), "Error handling"). */
		return true;
	}
}

static void listener_is_readable(struct loop_watch *watch, unsigned events)
{
	struct http_listener *listener = CONTAINER_OF(watch, struct http_listener, watch);

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH_COUNT && accept_one(listener); i++)
		;
}

int http_listener_open(
	struct http_server *server, const struct http_listener_settings *settings, struct http_listener **ret)
{
	struct http_listener *listener;
	int flags = fcntl(settings->fd, F_GETFL), one = 1, error;

	if (flags < 0 || fcntl(settings->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (settings->choose && !server->tls)
		return -EINVAL;
	/* Accepted sockets inherit it. A Unix socket has no such option and needs none. */
	(void)setsockopt(settings->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	listener = calloc(1, sizeof *listener);
	if (!listener)
		return -ENOMEM;
	listener->server = server;
	listener->settings = *settings;
	loop_watch_init(&listener->watch, server->loop, settings->fd, listener_is_readable);
	error = server->accept_held ? 0 : loop_watch_read(&listener->watch, true);
	if (error) {
		loop_watch_fini(&listener->watch);
		free(listener);
		return error;
	}
	list_append(&server->listeners, &listener->link);
	*ret = listener;
	return 0;
}

void http_listener_close(struct http_listener *listener, bool keep_fd, bool end_connections)
{
	struct http_server *server = listener->server;
	int fd = listener->watch.fd;

	ASSERT(!listener->closed);
	loop_watch_fini(&listener->watch);
	list_remove(&listener->link);
	listener->closed = true;
	if (!keep_fd)
		close(fd);
	if (end_connections) {
		LIST_EACH_SAFE(link, &server->connections)
		{
			struct http_connection *connection = CONTAINER_OF(link, struct http_connection, link);

			if (connection->listener == listener)
				connection_end_soon(connection, true);
		}
	}
	free_listener_if_over(listener);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

struct http_server *http_server_new(struct loop *loop, struct tls_worker *tls, const struct http_limits *limits,
	const struct http_handler *handler, void *context)
{
	struct http_server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	server->loop = loop;
	server->tls = tls;
	server->limits = limits;
	server->handler = handler;
	server->context = context;
	list_init(&server->connections);
	list_init(&server->orphans);
	list_init(&server->ended);
	list_init(&server->listeners);
	arena_pool_init(&server->arenas, HTTP_ARENA_KEPT_MAX_BYTES);
	server->arenas.large_max_bytes = HTTP_ARENA_LARGE_MAX_BYTES;
	return server;
}

static void close_listeners(struct http_server *server, bool end_connections)
{
	LIST_EACH_SAFE(link, &server->listeners)
	{
		http_listener_close(CONTAINER_OF(link, struct http_listener, link), false, end_connections);
	}
}

/* Close all connections now. Their exchanges' handlers learn it at the end of the turn. */
static void cut_connections(struct http_server *server)
{
	LIST_EACH_SAFE(link, &server->connections)
	{
		struct http_connection *connection = CONTAINER_OF(link, struct http_connection, link);

		connection_close(connection, connection->state == CONNECTION_EXCHANGE);
	}
}

static void drain_limit_is_over(struct timer *timer)
{
	struct http_server *server = CONTAINER_OF(timer, struct http_server, drain_timer);

	timer_disarm(server->loop, &server->drain_sweep_timer);
	cut_connections(server);
}

/* End what has been idle for long enough by now: connections that were recent when the drain began stay idle, mostly. */
static void end_idle_connections(struct http_server *server)
{
	LIST_EACH_SAFE(link, &server->connections)
	{
		connection_end_soon(CONTAINER_OF(link, struct http_connection, link), false);
	}
}

static void drain_sweep(struct timer *timer)
{
	struct http_server *server = CONTAINER_OF(timer, struct http_server, drain_sweep_timer);

	timer_arm(server->loop, &server->drain_sweep_timer, DRAIN_SWEEP_MS, drain_sweep);
	end_idle_connections(server);
}

void http_server_drain(
	struct http_server *server, uint64_t limit_ms, void (*drained)(void *drained_context), void *drained_context)
{
	ASSERT(!server->draining);
	server->draining = true;
	server->drained = drained;
	server->drained_context = drained_context;
	close_listeners(server, false);
	timer_arm(server->loop, &server->drain_timer, limit_ms, drain_limit_is_over);
	timer_arm(server->loop, &server->drain_sweep_timer, DRAIN_SWEEP_MS, drain_sweep);
	end_idle_connections(server);
	check_drained(server);
}

void http_server_free(struct http_server *server)
{
	struct loop *loop;

	if (!server)
		return;
	loop = server->loop;
	close_listeners(server, false);
	cut_connections(server);
	LIST_EACH_SAFE(link, &server->orphans)
	{
		connection_tell_gone(CONTAINER_OF(link, struct http_connection, link));
	}
	ASSERT(list_is_empty(&server->orphans) && server->stats.exchanges_open == 0);
	sweep(server);
	loop_task_cancel(loop, &server->sweep_task);
	loop_task_cancel(loop, &server->output_task);
	loop_task_cancel(loop, &server->drained_task);
	timer_disarm(loop, &server->accept_timer);
	timer_disarm(loop, &server->drain_timer);
	timer_disarm(loop, &server->drain_sweep_timer);
	while (server->free_connections) {
		struct http_connection *connection = server->free_connections;

		server->free_connections = connection->next_free;
		free(connection);
	}
	while (server->free_exchanges) {
		struct exchange *x = server->free_exchanges;

		server->free_exchanges = x->next_free;
		free(x);
	}
	arena_pool_fini(&server->arenas);
	free(server);
}

const struct http_server_stats *http_server_stats(const struct http_server *server)
{
	return &server->stats;
}
