/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/http_call.h"

#include <errno.h>
#include <string.h>

/* A piece of a buffered answer. */
struct http_call_piece {
	struct http_call_piece *next;
	struct view bytes;
};

static void end(struct http_call *call)
{
	call->running = false;
	call->ended_ns = loop_now_ns(call->exchange->loop);
}

static void fail(struct http_call *call, enum http_call_failure failure)
{
	outbound_cancel(&call->outbound);
	end(call);
	call->owner->failed(call, failure);
}

/* --- the request's body ----------------------------------------------------------------------------------------------- */

/* The call whose sink the exchange has. */
static struct http_call *call_of(struct exchange *x)
{
	return (struct http_call *)((uintptr_t)x->sink - offsetof(struct http_call, sink));
}

static void body_data(struct exchange *x, struct view bytes)
{
	struct http_call *call = call_of(x);

	/* The back end may have answered already; what the client still sends is for nobody. */
	if (call->running && !outbound_send(&call->outbound, bytes, false))
		http_body_pause(x);
}

static void body_end(struct exchange *x)
{
	struct http_call *call = call_of(x);

	if (call->running)
		(void)outbound_send(&call->outbound, (struct view){ 0 }, true);
}

static void body_failed(struct exchange *x, int error)
{
	struct http_call *call = call_of(x);

	if (call->running)
		fail(call, error == -EMSGSIZE    ? HTTP_CALL_BODY_TOO_LARGE
			   : error == -ETIMEDOUT ? HTTP_CALL_BODY_SLOW
						 : HTTP_CALL_BODY_BAD);
}

static void on_writable(struct outbound_call *outbound)
{
	http_body_resume(CONTAINER_OF(outbound, struct http_call, outbound)->exchange);
}

/* --- the answer ------------------------------------------------------------------------------------------------------- */

static void on_head(struct outbound_call *outbound, const struct http1_head *head)
{
	struct http_call *call = CONTAINER_OF(outbound, struct http_call, outbound);

	call->head_ns = loop_now_ns(call->exchange->loop);
	call->status = head->status;
	call->owner->head(call, head);
}

/* Keep a copy of a piece; false if that is more than may be kept. */
static bool keep(struct http_call *call, struct view bytes)
{
	struct arena *arena = &call->exchange->arena;
	struct http_call_piece *piece;

	if (bytes.count == 0)
		return true;
	if (bytes.count > HTTP_CALL_BUFFER_MAX_BYTES - call->buffered_bytes)
		return false;
	piece = ARENA_NEW(arena, struct http_call_piece);
	if (!piece)
		return false;
	piece->bytes = arena_copy(arena, bytes);
	if (!piece->bytes.at)
		return false;
	call->buffered_bytes += bytes.count;
	if (call->last_piece)
		call->last_piece->next = piece;
	else
		call->first_piece = piece;
	call->last_piece = piece;
	return true;
}

/* Make one view of all pieces. */
static bool join(struct http_call *call)
{
	char *at;

	if (call->first_piece == call->last_piece) {
		call->body = call->first_piece ? call->first_piece->bytes : (struct view){ 0 };
		return true;
	}
	at = arena_alloc(&call->exchange->arena, call->buffered_bytes);
	if (!at)
		return false;
	call->body = view_from(at, call->buffered_bytes);
	for (const struct http_call_piece *piece = call->first_piece; piece; piece = piece->next) {
		memcpy(at, piece->bytes.at, piece->bytes.count);
		at += piece->bytes.count;
	}
	return true;
}

static void on_body(struct outbound_call *outbound, struct view bytes, bool last)
{
	struct http_call *call = CONTAINER_OF(outbound, struct http_call, outbound);

	if (call->buffer) {
		if (!keep(call, bytes) || (last && !join(call))) {
			fail(call, HTTP_CALL_ANSWER_TOO_LARGE);
			return;
		}
	} else if (bytes.count || last) {
		ssize_t waiting_bytes = http_respond_body(call->exchange, bytes, last);

		/* An error means that the client is gone, which gone() tells; until then there is no use in reading on. */
		if (!last && (waiting_bytes < 0 || waiting_bytes > HTTP_WAITING_HIGH_BYTES))
			outbound_pause(outbound);
	}
	if (last) {
		end(call);
		call->owner->done(call);
	}
}

static void on_error(struct outbound_call *outbound, enum outbound_error error)
{
	struct http_call *call = CONTAINER_OF(outbound, struct http_call, outbound);

	call->error = error;
	end(call);
	call->owner->failed(call, HTTP_CALL_BACK_END);
}

static const struct outbound_handlers handlers = {
	.on_head = on_head,
	.on_body = on_body,
	.on_writable = on_writable,
	.on_error = on_error,
};

/* --- the interface ---------------------------------------------------------------------------------------------------- */

/* A request of which servers expect a body says that there is none, RFC 9110 8.6. */
static bool wants_length(const struct http_call *call)
{
	const struct http1_head *request = &call->exchange->request;

	return request->framing != HTTP1_FRAMING_NONE || request->method == HTTP1_METHOD_POST ||
	       request->method == HTTP1_METHOD_PUT || request->method == HTTP1_METHOD_PATCH;
}

static void give_whole(struct http_call *call, struct outbound_request *request, struct view body, bool stays)
{
	request->body = body.count || wants_length(call) ? OUTBOUND_BODY_LENGTH : OUTBOUND_BODY_NONE;
	request->body_bytes = body.count;
	request->first_body = body;
	request->body_complete = true;
	request->body_stays = stays;
	if (stays || !request->idempotent || body.count > HTTP_CALL_REPLAY_MAX_BYTES)
		return;
	request->first_body = arena_copy(&call->exchange->arena, body);
	request->body_stays = request->first_body.at != NULL;
	if (!request->body_stays)
		request->first_body = body;
}

static int give_client_body(struct http_call *call, struct outbound_request *request)
{
	struct exchange *x = call->exchange;
	struct view body = { 0 };
	int r;

	if (!http_body_is_expected(x)) {
		give_whole(call, request, body, true);
		return 0;
	}
	if (call->in_request && http_body_try_whole(x, &body)) {
		give_whole(call, request, body, false);
		return 0;
	}
	call->sink = (struct http_body_sink){ .data = body_data, .end = body_end, .failed = body_failed };
	r = http_body_start(x, &call->sink);
	if (r < 0)
		return r;
	request->body = x->request.framing == HTTP1_FRAMING_LENGTH ? OUTBOUND_BODY_LENGTH : OUTBOUND_BODY_CHUNKED;
	request->body_bytes = x->request.content_length_bytes;
	return 0;
}

int http_call_start(struct http_call *call, struct integrate_worker *worker, const struct http_request *request,
	uint32_t timeout_ms)
{
	struct outbound_request outbound_request;
	int r = 0;

	call->request = *request;
	outbound_request = (struct outbound_request){
		.target = &call->request.target,
		.place = call->place,
		.head = request->head,
		.timeout_ms = timeout_ms,
		.idempotent = request->idempotent,
		.is_head = request->is_head,
	};
	if (call->body_source == HTTP_CALL_BODY_WHOLE)
		give_whole(call, &outbound_request, call->whole, true);
	else
		r = give_client_body(call, &outbound_request);
	if (r < 0)
		return r;
	call->running = true;
	call->started_ns = loop_now_ns(call->exchange->loop);
	outbound_start(worker->outbound, &call->outbound, &handlers, &outbound_request);
	return 0;
}

void http_call_drained(struct http_call *call)
{
	if (call->running)
		outbound_resume(&call->outbound);
}

void http_call_cancel(struct http_call *call)
{
	if (!call->running)
		return;
	outbound_cancel(&call->outbound);
	end(call);
}
