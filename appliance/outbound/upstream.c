/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: its states, connecting, time-outs, closing. */
#include "appliance/outbound/upstream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

static void try_next_address(struct upstream *upstream);

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
	if (upstream->fd >= 0)
		close(upstream->fd);
	upstream->fd = -1;
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

/* The context for the target's kind of verification, made when it is first needed; NULL if it can't be. */
static struct tls_client_context *context_for(struct outbound *pool, const struct outbound_target *facts)
{
	struct tls_client_context **context = facts->insecure_skip_verification ? &pool->trusting : &pool->verifying;
	const struct tls_client_settings settings = {
		.authorities_path = pool->settings.authorities_path,
		.verify_nothing = facts->insecure_skip_verification,
	};

	if (!*context && tls_client_context_new(context, &settings) < 0)
		*context = NULL;
	return *context;
}

/* TCP is there: go on with TLS, or send. */
static void connected(struct upstream *upstream)
{
	struct outbound *pool = upstream->pool;
	const struct outbound_target *facts = &upstream->target->facts;
	int fd = upstream->fd, r;

	loop_watch_fini(&upstream->connecting);
	upstream->fd = -1; /* the openers own it, also if they fail */
	upstream->opened_ms = loop_now_ms(pool->loop);
	resolver_prefer(
		pool->resolver, facts->host, upstream->addresses.list[upstream->next_address - 1].any.sa_family);
	if (facts->tls) {
		struct tls_client_context *context = pool->settings.tls ? context_for(pool, facts) : NULL;

		if (!context) {
			close(fd);
			upstream_fail(upstream, OUTBOUND_TLS);
			return;
		}
		upstream_set_state(upstream, UPSTREAM_SECURING);
		r = tls_client_open(&upstream->stream, pool->settings.tls, fd, &owner, context, facts->host,
			&upstream->target->session);
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

/* Begin to connect to one address. True if it is under way or there already. */
static bool attempt(struct upstream *upstream, const union resolver_address *address)
{
	socklen_t address_bytes = address->any.sa_family == AF_INET ? sizeof address->in : sizeof address->in6;
	int on = 1;

	upstream->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (upstream->fd < 0)
		return false;
	/* Requests are written whole; waiting for more to fill a segment would only delay them. Not worth failing for. */
	(void)setsockopt(upstream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(upstream->fd, &address->any, address_bytes) < 0 && errno != EINPROGRESS)
		return false;
	/* A connection that is there at once shows as writable too, so both go one way. */
	loop_watch_init(&upstream->connecting, upstream->pool->loop, upstream->fd, attempt_ended);
	return loop_watch_write(&upstream->connecting, true) == 0;
}

static void try_next_address(struct upstream *upstream)
{
	uint16_t port_be = htons(upstream->target->facts.port);

	drop_attempt(upstream);
	while (upstream->next_address < upstream->addresses.count) {
		union resolver_address *address = &upstream->addresses.list[upstream->next_address++];

		if (address->any.sa_family == AF_INET)
			address->in.sin_port = port_be;
		else
			address->in6.sin6_port = port_be;
		if (!destination_is_allowed(upstream->pool->settings.destinations, &address->any))
			continue;
		upstream->connect_error = OUTBOUND_CONNECT;
		if (attempt(upstream, address)) {
			upstream_arm(upstream);
			return;
		}
		drop_attempt(upstream);
	}
	upstream_fail(upstream, upstream->connect_error);
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
	switch (resolver_find(pool->resolver, upstream->target->facts.host, &upstream->query, &upstream->addresses)) {
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
