/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: its states, connecting, time-outs, closing. */
#include "appliance/outbound/upstream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "appliance/base/log.h"

static void try_next_address(struct upstream *upstream);
static void socket_ready(struct socket_waiter *waiter, int error);

/* --- states ----------------------------------------------------------------------------------------------------------- */

static bool may_follow(enum upstream_state from, enum upstream_state to)
{
	switch (to) {
	case UPSTREAM_RESOLVING:
		return false;
	case UPSTREAM_CONNECTING:
		return from == UPSTREAM_RESOLVING;
	case UPSTREAM_SECURING:
		return from == UPSTREAM_CONNECTING;
	case UPSTREAM_BUSY:
		return from == UPSTREAM_CONNECTING || from == UPSTREAM_SECURING || from == UPSTREAM_IDLE;
	case UPSTREAM_IDLE:
		return from == UPSTREAM_BUSY;
	case UPSTREAM_CLOSED:
		return from != UPSTREAM_CLOSED;
	}
	return false;
}

void upstream_set_state(struct upstream *upstream, enum upstream_state state)
{
	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	ASSERT(may_follow(upstream->state, state));
	upstream->state = state;
	upstream_arm(upstream);
}

/* --- time-outs -------------------------------------------------------------------------------------------------------- */

static uint64_t left_ms(uint64_t deadline_ms, uint64_t now_ms)
{
	return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

static void connecting_timed_out(struct upstream *upstream, uint64_t now_ms)
{
	if (now_ms >= upstream->call->deadline_ms)
		upstream_fail(upstream, OUTBOUND_TIMEOUT);
	else if (upstream->state != UPSTREAM_CONNECTING || now_ms >= upstream->connect_deadline_ms)
		upstream_fail(upstream, upstream->state == UPSTREAM_RESOLVING  ? OUTBOUND_NAME
					: upstream->state == UPSTREAM_SECURING ? OUTBOUND_TLS
									       : OUTBOUND_CONNECT);
	else
		try_next_address(upstream);
}

static void time_is_up(struct timer *timer)
{
	struct upstream *upstream = CONTAINER_OF(timer, struct upstream, timer);
	struct outbound_call *call = upstream->call;
	uint64_t now_ms = loop_now_ms(upstream->pool->loop);

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	switch (upstream->state) {
	case UPSTREAM_RESOLVING:
	case UPSTREAM_CONNECTING:
	case UPSTREAM_SECURING:
		connecting_timed_out(upstream, now_ms);
		return;
	case UPSTREAM_BUSY:
		if (!call->head_seen && !call->body_complete && stream_waiting_bytes(&upstream->stream) == 0) {
			/* The back end has all that there is; it is the client who is slow, and the server times him. */
			call->deadline_ms = now_ms + call->request.timeout_ms;
			upstream_arm(upstream);
			return;
		}
		upstream_fail(upstream, OUTBOUND_TIMEOUT);
		return;
	case UPSTREAM_IDLE:
		upstream_close(upstream);
		return;
	case UPSTREAM_CLOSED:
		ASSERT_UNREACHABLE();
	}
}

void upstream_arm(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;
	struct outbound_call *call = upstream->call;
	uint64_t now_ms = loop_now_ms(pool->loop), delay_ms = 0, connect_ms;

	switch (upstream->state) {
	case UPSTREAM_RESOLVING:
	case UPSTREAM_CONNECTING:
	case UPSTREAM_SECURING:
		delay_ms = left_ms(call->deadline_ms, now_ms);
		connect_ms = left_ms(upstream->connect_deadline_ms, now_ms);
		if (connect_ms < delay_ms)
			delay_ms = connect_ms;
		if (upstream->state == UPSTREAM_CONNECTING && upstream->next_address < upstream->addresses.count &&
			delay_ms > UPSTREAM_ATTEMPT_MS)
			delay_ms = UPSTREAM_ATTEMPT_MS;
		break;
	case UPSTREAM_BUSY:
		if (call->paused) {
			timer_disarm(pool->loop, &upstream->timer);
			return;
		}
		delay_ms = call->head_seen ? call->request.timeout_ms : left_ms(call->deadline_ms, now_ms);
		break;
	case UPSTREAM_IDLE:
		delay_ms = pool->settings.idle_timeout_ms;
		break;
	case UPSTREAM_CLOSED:
		timer_disarm(pool->loop, &upstream->timer);
		return;
	}
	timer_arm(pool->loop, &upstream->timer, delay_ms, time_is_up);
}

/* --- closing ---------------------------------------------------------------------------------------------------------- */

static void free_later(struct loop_task *task)
{
	upstream_free(CONTAINER_OF(task, struct upstream, task));
}

/* Let go of the attempt that is under way: its descriptor and the interest in it. */
static void drop_attempt(struct upstream *upstream)
{
	loop_watch_fini(&upstream->connecting);
	socket_waiter_cancel(&upstream->waiter);
	if (upstream->fd >= 0)
		close(upstream->fd);
	upstream->fd = -1;
}

/* Who looks up the target's name. */
static struct resolver *resolver_of(const struct upstream *upstream)
{
	return upstream->target->place ? upstream->target->place->resolver : upstream->pool->resolver;
}

void upstream_close(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;

	upstream_pool_unlink(upstream);
	resolver_cancel(&upstream->query);
	drop_attempt(upstream);
	/* A request or an answer that is cut short must not look whole to the back end. */
	stream_close(&upstream->stream, upstream->state == UPSTREAM_BUSY && upstream->call);
	chunk_list_clear(pool->loop, &upstream->queued);
	if (upstream->partial)
		upstream_pool_give_partial(pool, upstream->partial);
	upstream->partial = NULL;
	if (upstream->call)
		upstream->call->upstream = NULL;
	upstream->call = NULL;
	upstream->target->connection_count--;
	pool->connection_count--;
	counters_down(pool->settings.counters, COUNTERS_upstream_connections_open, 0);
	upstream_set_state(upstream, UPSTREAM_CLOSED);
	list_append(&pool->closed, &upstream->pool_link);
	loop_defer(pool->loop, &upstream->task, free_later);
}

/* May the call be sent once more? See outbound.h, "Retries". */
static bool is_retry_safe(const struct upstream *upstream, enum outbound_error error)
{
	const struct outbound_call *call = upstream->call;

	return error == OUTBOUND_CLOSED && upstream->state == UPSTREAM_BUSY && upstream->reused &&
	       !upstream->answered && !call->head_seen && !call->retried && call->request.idempotent &&
	       (call->request.body == OUTBOUND_BODY_NONE || (call->request.body_complete && call->request.body_stays));
}

void upstream_fail(struct upstream *upstream, enum outbound_error error)
{
	struct outbound_call *call = upstream->call;
	bool again;

	if (!call) {
		upstream_close(upstream);
		return;
	}
	again = is_retry_safe(upstream, error);
	upstream_close(upstream);
	if (!again) {
		outbound_call_fail(call, error);
		return;
	}
	call->retried = true;
	outbound_call_dispatch(call, true);
}

/* --- connecting ------------------------------------------------------------------------------------------------------- */

static void stream_drained(struct stream *stream)
{
	struct upstream *upstream = CONTAINER_OF(stream, struct upstream, stream);

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	if (upstream->state == UPSTREAM_BUSY)
		outbound_call_drained(upstream);
}

static void stream_failed(struct stream *stream, int error)
{
	struct upstream *upstream = CONTAINER_OF(stream, struct upstream, stream);

	(void)error;
	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	if (upstream->state == UPSTREAM_BUSY && stream_is_plain(stream) && !upstream->answered) {
		/* Sending failed; an answer that came before the end is still to be read, and so is the end itself. */
		upstream->send_broken = true;
		return;
	}
	upstream_fail(upstream, upstream->state == UPSTREAM_SECURING ? OUTBOUND_TLS : OUTBOUND_CLOSED);
}

static void stream_secured(struct stream *stream)
{
	struct upstream *upstream = CONTAINER_OF(stream, struct upstream, stream);

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	upstream_set_state(upstream, UPSTREAM_BUSY);
	outbound_call_send_head(upstream);
}

static const struct stream_owner owner = {
	.readable = upstream_readable,
	.drained = stream_drained,
	.failed = stream_failed,
	.secured = stream_secured,
};

/* Roots of one's own that can't be read leave the system's: those that they vouch for are called on. */
static void make_context(struct outbound *pool, enum tls_verification verification)
{
	struct tls_client_context **context = &pool->contexts[verification];
	struct tls_client_settings settings = {
		.more_authorities_path = pool->settings.authorities_path,
		.verification = verification,
	};
	int error = tls_client_context_new(context, &settings);

	if (error && settings.more_authorities_path) {
		log_error("authorities of back ends can't be read: only the system's vouch for them",
			LOG_TEXT("path", settings.more_authorities_path), LOG_ERRNO(error));
		settings.more_authorities_path = NULL;
		error = tls_client_context_new(context, &settings);
	}
	if (error) {
		log_error("no HTTPS back end can be called: the system's authorities can't be read", LOG_ERRNO(error));
		*context = NULL;
	}
}

/* The context for the target's kind of verification, made when it is first needed; NULL if it can't be. */
static struct tls_client_context *context_for(struct outbound *pool, const struct outbound_target *facts)
{
	if (!pool->context_tried[facts->verification]) {
		pool->context_tried[facts->verification] = true;
		make_context(pool, facts->verification);
	}
	return pool->contexts[facts->verification];
}

/* More than that was not asked for. */
static void end_connect_only(struct upstream *upstream)
{
	struct outbound_call *call = upstream->call;

	upstream_close(upstream);
	counters_up(call->outbound->settings.counters, COUNTERS_upstream_requests, COUNTERS_UPSTREAM_ANSWERED);
	call->handlers->on_head(call, NULL);
}

/* TCP is there: go on with TLS, or send. */
static void connected(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;
	const struct outbound_target *facts = &upstream->target->facts;
	int fd = upstream->fd, r;

	loop_watch_fini(&upstream->connecting);
	if (upstream->call->request.connect_only) {
		end_connect_only(upstream);
		return;
	}
	upstream->fd = -1; /* the openers own it, also if they fail */
	upstream->opened_ms = loop_now_ms(pool->loop);
	resolver_prefer(
		resolver_of(upstream), facts->host, upstream->addresses.list[upstream->next_address - 1].any.sa_family);
	if (facts->tls) {
		struct tls_client_context *context = pool->settings.tls ? context_for(pool, facts) : NULL;
		const struct outbound_identity *identity = upstream->call->request.target->identity;

		if (!context) {
			close(fd);
			upstream_fail(upstream, OUTBOUND_TLS);
			return;
		}
		upstream_set_state(upstream, UPSTREAM_SECURING);
		r = tls_client_open(&upstream->stream, pool->settings.tls, fd, &owner, context,
			facts->server_name.count ? facts->server_name : facts->host, &upstream->target->session,
			identity ? &identity->pem : NULL);
		if (r < 0)
			upstream_fail(upstream, OUTBOUND_TLS);
		return;
	}
	r = stream_open_plain(&upstream->stream, pool->loop, fd, &owner);
	if (r < 0) {
		upstream_fail(upstream, OUTBOUND_CONNECT);
		return;
	}
	upstream_set_state(upstream, UPSTREAM_BUSY);
	outbound_call_send_head(upstream);
}

static void attempt_ended(struct loop_watch *watch, unsigned events)
{
	struct upstream *upstream = CONTAINER_OF(watch, struct upstream, connecting);
	int error = 0;
	socklen_t error_bytes = sizeof error;

	(void)events;
	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	if (getsockopt(upstream->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) < 0 || error != 0)
		try_next_address(upstream);
	else
		connected(upstream);
}

/* Does the socket, which was told to connect to `address`, lead back to where it is? */
static bool is_own_address(int fd, const union resolver_address *address)
{
	union resolver_address local;
	socklen_t bytes = sizeof local;

	if (getsockname(fd, &local.any, &bytes) < 0 || local.any.sa_family != address->any.sa_family)
		return true;
	/* The kernel calls every address of its own from just that address. */
	return address->any.sa_family == AF_INET ? local.in.sin_addr.s_addr == address->in.sin_addr.s_addr
						 : IN6_ARE_ADDR_EQUAL(&local.in6.sin6_addr, &address->in6.sin6_addr);
}

/* Begin to connect to one address by `fd`, which is the upstream's from now on. True if it is under way or there already. */
static bool attempt(struct upstream *upstream, int fd, const union resolver_address *address)
{
	socklen_t address_bytes = address->any.sa_family == AF_INET ? sizeof address->in : sizeof address->in6;
	int on = 1;

	upstream->fd = fd;
	/* Requests are written whole; waiting for more to fill a segment would only delay them. Not worth failing for. */
	(void)setsockopt(upstream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(upstream->fd, &address->any, address_bytes) < 0 && errno != EINPROGRESS)
		return false;
	if (upstream->target->place && is_own_address(upstream->fd, address)) {
		upstream->connect_error = OUTBOUND_FORBIDDEN;
		return false;
	}
	/* A connection that is there at once shows as writable too, so both go one way. */
	loop_watch_init(&upstream->connecting, upstream->pool->loop, upstream->fd, attempt_ended);
	return loop_watch_write(&upstream->connecting, true) == 0;
}

/* A socket for the address that is next; -EAGAIN if it will be there later, when socket_ready() is called. */
static int take_socket(struct upstream *upstream, sa_family_t family)
{
	struct outbound_place *place = upstream->target->place;
	int fd;

	if (!place) {
		fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	fd = socket_stock_take(&place->stock, socket_kind_of(family, SOCK_STREAM));
	if (fd == -EAGAIN) {
		upstream->waiter.ready = socket_ready;
		socket_stock_wait(&place->stock, socket_kind_of(family, SOCK_STREAM), &upstream->waiter);
	}
	return fd;
}

/* May the place, if it is one, be left for this address at all? */
static bool is_allowed(const struct upstream *upstream, const union resolver_address *address)
{
	return destination_is_allowed(upstream->pool->settings.destinations, &address->any) &&
	       !(upstream->target->place && destination_is_own_host(&address->any));
}

static void try_next_address(struct upstream *upstream)
{
	uint16_t port_be = htons(upstream->target->facts.port);

	drop_attempt(upstream);
	while (upstream->next_address < upstream->addresses.count) {
		union resolver_address *address = &upstream->addresses.list[upstream->next_address++];
		int fd;

		if (address->any.sa_family == AF_INET)
			address->in.sin_port = port_be;
		else
			address->in6.sin6_port = port_be;
		if (!is_allowed(upstream, address))
			continue;
		upstream->connect_error = OUTBOUND_CONNECT;
		fd = take_socket(upstream, address->any.sa_family);
		if (fd == -EAGAIN || (fd >= 0 && attempt(upstream, fd, address))) {
			upstream_arm(upstream);
			return;
		}
		drop_attempt(upstream);
	}
	upstream_fail(upstream, upstream->connect_error);
}

/* There is a socket for the address that was next, or there will be none. */
static void socket_ready(struct socket_waiter *waiter, int error)
{
	struct upstream *upstream = CONTAINER_OF(waiter, struct upstream, waiter);

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	ASSERT(upstream->state == UPSTREAM_CONNECTING && upstream->next_address > 0);
	if (!error)
		upstream->next_address--;
	try_next_address(upstream);
}

static void resolved(struct resolver_query *query, const struct resolver_addresses *addresses)
{
	struct upstream *upstream = CONTAINER_OF(query, struct upstream, query);

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	if (!addresses) {
		upstream_fail(upstream, OUTBOUND_NAME);
		return;
	}
	upstream->addresses = *addresses;
	upstream_set_state(upstream, UPSTREAM_CONNECTING);
	try_next_address(upstream);
}

void upstream_connect(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;

	upstream->connect_error = OUTBOUND_FORBIDDEN; /* holds if no address may even be tried */
	upstream->connect_deadline_ms = loop_now_ms(pool->loop) + pool->settings.connect_timeout_ms;
	upstream->query.done = resolved;
	switch (resolver_find(
		resolver_of(upstream), upstream->target->facts.host, &upstream->query, &upstream->addresses)) {
	case RESOLVER_READY:
		upstream_set_state(upstream, UPSTREAM_CONNECTING);
		try_next_address(upstream);
		return;
	case RESOLVER_WAITING:
		upstream_arm(upstream);
		return;
	case RESOLVER_FAILED:
		upstream_fail(upstream, OUTBOUND_NAME);
		return;
	}
}
