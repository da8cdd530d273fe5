/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes from a back end: the head, in place if it is whole, and the body, handed on as it comes. */
#include "appliance/outbound/upstream.h"

#include <errno.h>
#include <string.h>

static const struct http1_limits limits = {
	.target_max_bytes = 8192, /* the status line */
	.header_section_max_bytes = OUTBOUND_HEAD_MAX_BYTES,
};

/* The answer is complete; `bytes` is its end. The connection is given back first, so that the handler may use it. */
static void finish(struct upstream *upstream, struct view bytes, size_t left_over_bytes)
{
	struct outbound *pool = upstream->pool;
	struct outbound_call *call = upstream->call;
	/* What comes behind the answer belongs to no request, and must not be taken for the answer to the next one. */
	bool is_all = left_over_bytes == 0 && !upstream->read_full && !stream_has_input(&upstream->stream);
	bool keep = is_all && upstream->keep_alive && upstream->framing != HTTP1_FRAMING_UNTIL_CLOSE &&
		    call->body_complete && !upstream->send_broken && !upstream->stream.input_ended &&
		    stream_waiting_bytes(&upstream->stream) == 0;

	counters_up(pool->settings.counters, COUNTERS_upstream_requests, COUNTERS_UPSTREAM_ANSWERED);
	counters_add(pool->settings.counters, COUNTERS_upstream_bytes, COUNTERS_RECEIVED, bytes.count);
	if (keep) {
		if (call->paused)
			stream_resume(&upstream->stream); /* an idle connection wants to know when it is closed */
		upstream->call = NULL;
		upstream_set_state(upstream, UPSTREAM_IDLE);
		upstream_pool_keep_idle(upstream);
	} else {
		upstream_close(upstream);
	}
	call->upstream = NULL;
	call->handlers->on_body(call, bytes, true);
}

/* Hand a piece on. False if the call is over: nothing of the connection may be touched then. */
static bool deliver(struct upstream *upstream, struct view bytes)
{
	struct outbound_call *call = upstream->call;

	if (bytes.count == 0)
		return true;
	counters_add(upstream->pool->settings.counters, COUNTERS_upstream_bytes, COUNTERS_RECEIVED, bytes.count);
	call->handlers->on_body(call, bytes, false);
	return upstream->call == call;
}

static void receive_chunks(struct upstream *upstream, const char *bytes, size_t count)
{
	struct view held = { 0 }; /* so that the last data and the end of the body are told together */

	for (;;) {
		struct view data;
		size_t consumed;

		switch (http1_chunked_next(&upstream->chunked, bytes, count, &consumed, &data)) {
		case HTTP1_OK:
			if (!deliver(upstream, held))
				return;
			held = data;
			break;
		case HTTP1_END:
			finish(upstream, held, count - consumed);
			return;
		case HTTP1_NEED_MORE:
			if (deliver(upstream, held))
				upstream_arm(upstream);
			return;
		case HTTP1_REFUSED:
			if (deliver(upstream, held))
				upstream_fail(upstream, OUTBOUND_MALFORMED);
			return;
		}
		bytes += consumed;
		count -= consumed;
	}
}

static void receive_body(struct upstream *upstream, const char *bytes, size_t count)
{
	switch (upstream->framing) {
	case HTTP1_FRAMING_NONE:
		finish(upstream, view_from(bytes, 0), count);
		return;
	case HTTP1_FRAMING_LENGTH:
		if (count >= upstream->left_bytes) {
			finish(upstream, view_from(bytes, upstream->left_bytes), count - upstream->left_bytes);
			return;
		}
		upstream->left_bytes -= count;
		break;
	case HTTP1_FRAMING_CHUNKED:
		receive_chunks(upstream, bytes, count);
		return;
	case HTTP1_FRAMING_UNTIL_CLOSE:
		break;
	}
	if (deliver(upstream, view_from(bytes, count)))
		upstream_arm(upstream);
}

/* The head is there: keep what the body needs, tell the call. False if the call is over. */
static bool begin_answer(struct upstream *upstream, const struct http1_head *head)
{
	struct outbound *pool = upstream->pool;
	struct outbound_call *call = upstream->call;

	upstream->framing = head->framing;
	upstream->keep_alive = head->keep_alive;
	upstream->left_bytes = head->content_length_bytes;
	http1_chunked_init(&upstream->chunked);
	call->head_seen = true;
	counters_time(
		pool->settings.counters, COUNTERS_upstream_time, (loop_now_ns(pool->loop) - upstream->sent_ns) / 1000u);
	call->handlers->on_head(call, head);
	return upstream->call == call;
}

/*
 * Parse heads at `bytes` until the final one. HTTP1_OK: `*ret_consumed` bytes were heads, and the call was told; look at
 * upstream->call. HTTP1_NEED_MORE: from `*ret_consumed` on there is the beginning of a head.
 */
static enum http1_result receive_heads(struct upstream *upstream, struct http1_head *head, struct http1_header *headers,
	const char *bytes, size_t count, size_t *ret_consumed)
{
	size_t done = 0;

	for (;;) {
		size_t consumed;
		enum http1_result r = http1_parse_response(
			head, bytes + done, count - done, &limits, upstream->call->request.is_head, &consumed);

		*ret_consumed = done;
		if (r != HTTP1_OK)
			return r;
		done += consumed;
		*ret_consumed = done;
		if (head->status == 101)
			return HTTP1_REFUSED; /* we never ask for another protocol */
		if (head->status >= 200) {
			(void)begin_answer(upstream, head);
			return HTTP1_OK;
		}
		http1_head_init(head, headers, UPSTREAM_HEADERS_MAX); /* 1xx: the real one follows */
	}
}

/* Keep the beginning of a head until more comes. */
static void keep_partial(struct upstream *upstream, const char *bytes, size_t count)
{
	struct upstream_partial *partial = upstream_pool_take_partial(upstream->pool);

	if (!partial) {
		upstream_fail(upstream, OUTBOUND_OVERLOADED);
		return;
	}
	memcpy(partial->bytes, bytes, count);
	partial->count = count;
	upstream->partial = partial;
}

static void receive_first(struct upstream *upstream, const char *bytes, size_t count)
{
	struct outbound *pool = upstream->pool;
	struct outbound_call *call = upstream->call;
	size_t consumed;

	http1_head_init(&pool->head, pool->headers, UPSTREAM_HEADERS_MAX);
	switch (receive_heads(upstream, &pool->head, pool->headers, bytes, count, &consumed)) {
	case HTTP1_OK:
		if (upstream->call == call)
			receive_body(upstream, bytes + consumed, count - consumed);
		return;
	case HTTP1_NEED_MORE:
		if (count - consumed > OUTBOUND_HEAD_MAX_BYTES)
			upstream_fail(upstream, OUTBOUND_MALFORMED);
		else
			keep_partial(upstream, bytes + consumed, count - consumed);
		return;
	default:
		upstream_fail(upstream, OUTBOUND_MALFORMED);
	}
}

static void receive_more_head(struct upstream *upstream, const char *bytes, size_t count)
{
	struct outbound *pool = upstream->pool;
	struct outbound_call *call = upstream->call;
	struct upstream_partial *partial = upstream->partial;
	size_t consumed;

	ASSERT(partial->count <= OUTBOUND_HEAD_MAX_BYTES && count <= LOOP_RECEIVE_BUFFER_BYTES);
	memcpy(partial->bytes + partial->count, bytes, count);
	partial->count += count;
	upstream->partial = NULL; /* held here until it is known whether it is needed longer */
	switch (receive_heads(upstream, &partial->head, partial->headers, partial->bytes, partial->count, &consumed)) {
	case HTTP1_OK:
		if (upstream->call == call)
			receive_body(upstream, partial->bytes + consumed, partial->count - consumed);
		break;
	case HTTP1_NEED_MORE:
		if (partial->count - consumed > OUTBOUND_HEAD_MAX_BYTES) {
			upstream_fail(upstream, OUTBOUND_MALFORMED);
			break;
		}
		memmove(partial->bytes, partial->bytes + consumed, partial->count - consumed);
		partial->count -= consumed;
		upstream->partial = partial;
		return;
	default:
		upstream_fail(upstream, OUTBOUND_MALFORMED);
	}
	upstream_pool_give_partial(pool, partial);
}

/* The back end has closed its side, or the connection broke (`error`). */
static void input_ended(struct upstream *upstream, int error)
{
	struct outbound_call *call = upstream->call;

	if (error == 0 && call->head_seen && upstream->framing == HTTP1_FRAMING_UNTIL_CLOSE)
		finish(upstream, (struct view){ 0 }, 0);
	else
		upstream_fail(upstream, OUTBOUND_CLOSED);
}

void upstream_readable(struct stream *stream)
{
	struct upstream *upstream = CONTAINER_OF(stream, struct upstream, stream);
	char *bytes = loop_receive_buffer(upstream->pool->loop);
	ssize_t count;

	ASSERT_MAGIC(upstream, UPSTREAM_MAGIC);
	count = stream_read(stream, bytes, LOOP_RECEIVE_BUFFER_BYTES);
	if (count == -EAGAIN)
		return;
	if (upstream->state != UPSTREAM_BUSY) {
		/* Idle: closed by the back end, or an answer that nobody asked for, which must never meet the next request. */
		upstream_close(upstream);
		return;
	}
	if (count <= 0) {
		input_ended(upstream, (int)count);
		return;
	}
	upstream->answered = true;
	upstream->read_full = count == LOOP_RECEIVE_BUFFER_BYTES;
	if (upstream->call->head_seen)
		receive_body(upstream, bytes, (size_t)count);
	else if (upstream->partial)
		receive_more_head(upstream, bytes, (size_t)count);
	else
		receive_first(upstream, bytes, (size_t)count);
}
