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
	compression_close(&call->worker->compressions, call->body_coding.stream);
	compression_close(&call->worker->compressions, call->answer_coding.stream);
	call->body_coding.stream = call->answer_coding.stream = NULL;
	target_give_back(&call->lease);
	call->running = false;
	call->ended_ns = loop_now_ns(call->exchange->loop);
	if (call->over)
		*call->over = true;
}

static void fail(struct http_call *call, enum http_call_failure failure)
{
	outbound_cancel(&call->outbound);
	end(call);
	call->owner->failed(call, failure);
}

/* --- changing the coding ---------------------------------------------------------------------------------------------- */

/* Gives a piece to the other side. False if it has enough at the moment. */
typedef bool recode_put(struct http_call *call, struct view bytes, bool last);

/* Keep the rest of a piece, which may be kept already, or a piece behind the rest of those before it. */
static int keep_rest(struct http_call *call, struct http_call_coding *coding, struct view rest, bool last)
{
	size_t before = coding->waits ? coding->rest.count : 0, count = before + rest.count;

	if (count > coding->room_bytes) {
		size_t room_bytes = count > LOOP_RECEIVE_BUFFER_BYTES ? count : LOOP_RECEIVE_BUFFER_BYTES;
		char *room = arena_alloc(&call->exchange->arena, room_bytes);

		if (!room)
			return -ENOMEM;
		if (before)
			memcpy(room, coding->rest.at, before);
		coding->room = room;
		coding->room_bytes = room_bytes;
	}
	if (rest.count)
		memmove(coding->room + before, rest.at, rest.count);
	coding->rest = view_from(coding->room, count);
	coding->last = last;
	coding->waits = true;
	return 0;
}

/*
 * Pass a piece on in the other coding, as much of it as the other side takes. Returns 1 if that was all of it, 0 if the rest
 * waits, or -EBADMSG, -EMSGSIZE, -ENOMEM.
 */
static int recode(
	struct http_call *call, struct http_call_coding *coding, struct view input, bool last, recode_put *put)
{
	int more = 1;

	/* A few pieces may still come after a pause. */
	if (coding->waits)
		return keep_rest(call, coding, input, last);
	while (more > 0) {
		struct view output;

		more = compression_next(coding->stream, &input, last, &output);
		if (more < 0)
			return more;
		coding->given_bytes += output.count;
		if (coding->given_bytes > coding->max_bytes)
			return -EMSGSIZE;
		if (output.count || (last && more == 0))
			coding->crowded = !put(call, output, last && more == 0);
		/* A few bytes may become megabytes: no more of them than the other side takes. */
		if (coding->crowded && more > 0 && coding->undone != COMPRESSION_IDENTITY)
			return keep_rest(call, coding, input, last);
	}
	return 1;
}

/* The same with what waits. */
static int recode_rest(struct http_call *call, struct http_call_coding *coding, recode_put *put)
{
	coding->waits = false;
	return recode(call, coding, coding->rest, coding->last, put);
}

/* --- the request's body ----------------------------------------------------------------------------------------------- */

/* The call whose sink the exchange has. */
static struct http_call *call_of(struct exchange *x)
{
	return (struct http_call *)((uintptr_t)x->sink - offsetof(struct http_call, sink));
}

static bool send_piece(struct http_call *call, struct view bytes, bool last)
{
	return outbound_send(&call->outbound, bytes, last);
}

/* What came of decoding: go on, wait, or give up. */
static void body_decoded(struct http_call *call, int result)
{
	struct exchange *x = call->exchange;

	if (result < 0) {
		http_close_after(x); /* of what the client still sends nothing is wanted */
		fail(call, result == -EBADMSG    ? HTTP_CALL_BODY_CODING
			   : result == -EMSGSIZE ? HTTP_CALL_BODY_TOO_LARGE
						 : HTTP_CALL_ANSWER_TOO_LARGE);
		return;
	}
	if (call->body_coding.crowded)
		http_body_pause(x);
	else
		http_body_resume(x);
}

static void body_data(struct exchange *x, struct view bytes)
{
	struct http_call *call = call_of(x);

	/* The back end may have answered already; what the client still sends is for nobody. */
	if (!call->running)
		return;
	if (call->body_coding.stream)
		body_decoded(call, recode(call, &call->body_coding, bytes, false, send_piece));
	else if (!outbound_send(&call->outbound, bytes, false))
		http_body_pause(x);
}

static void body_end(struct exchange *x)
{
	struct http_call *call = call_of(x);

	if (!call->running)
		return;
	if (call->body_coding.stream)
		body_decoded(call, recode(call, &call->body_coding, (struct view){ 0 }, true, send_piece));
	else
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
	struct http_call *call = CONTAINER_OF(outbound, struct http_call, outbound);
	struct http_call_coding *coding = &call->body_coding;

	coding->crowded = false;
	if (coding->waits)
		body_decoded(call, recode_rest(call, coding, send_piece));
	else
		http_body_resume(call->exchange);
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

static void finish(struct http_call *call)
{
	end(call);
	call->owner->done(call);
}

static bool respond_piece(struct http_call *call, struct view bytes, bool last)
{
	ssize_t waiting_bytes = http_respond_body(call->exchange, bytes, last);

	/* An error means that the client is gone, which gone() tells; until then there is no use in reading on. */
	return waiting_bytes >= 0 && waiting_bytes <= HTTP_WAITING_HIGH_BYTES;
}

/* What came of a piece of the answer in the other coding. */
static void answer_recoded(struct http_call *call, int result, bool last)
{
	if (result < 0)
		fail(call, result == -EBADMSG ? HTTP_CALL_ANSWER_CODING : HTTP_CALL_ANSWER_TOO_LARGE);
	else if (result > 0 && last)
		finish(call);
	else if (call->answer_coding.crowded)
		outbound_pause(&call->outbound);
	else
		outbound_resume(&call->outbound);
}

/* The owner makes of it what it likes. */
static void give_owner(struct http_call *call, struct view bytes, bool last)
{
	enum http_call_taken taken = call->owner->body(call, bytes, last);

	if (taken == HTTP_CALL_OVER)
		return;
	if (last)
		finish(call);
	else if (taken == HTTP_CALL_CROWDED)
		outbound_pause(&call->outbound);
}

/* Some back ends name a coding that their answers are not in. */
static void check_coding(struct http_call *call, struct view bytes)
{
	struct http_call_coding *coding = &call->answer_coding;

	if (coding->undone == COMPRESSION_IDENTITY || compression_begins(coding->undone, bytes))
		return;
	compression_close(&call->worker->compressions, coding->stream);
	coding->stream = NULL;
}

static void stream_answer(struct http_call *call, struct view bytes, bool last)
{
	if (call->answer_coding.stream && call->answered_bytes == 0)
		check_coding(call, bytes);
	call->answered_bytes += bytes.count;
	if (call->answered_bytes > call->answer_max_bytes) {
		fail(call, HTTP_CALL_ANSWER_TOO_LARGE);
		return;
	}
	if (call->answer_coding.stream) {
		answer_recoded(call, recode(call, &call->answer_coding, bytes, last, respond_piece), last);
		return;
	}
	if ((bytes.count || last) && !respond_piece(call, bytes, last) && !last)
		outbound_pause(&call->outbound);
	if (last)
		finish(call);
}

/* What was held goes out, and so will the rest. With its exchange the call itself may go at each step. */
static void release(struct http_call *call, struct view bytes, bool last)
{
	const struct http_call_piece *piece = call->first_piece, *next;
	bool over = false;

	call->buffer = false;
	call->over = &over;
	call->owner->overflow(call);
	for (; !over && piece; piece = next) {
		next = piece->next;
		stream_answer(call, piece->bytes, false);
	}
	if (over)
		return;
	call->over = NULL;
	stream_answer(call, bytes, last);
}

static void on_body(struct outbound_call *outbound, struct view bytes, bool last)
{
	struct http_call *call = CONTAINER_OF(outbound, struct http_call, outbound);

	if (!call->buffer && call->owner->body)
		give_owner(call, bytes, last);
	else if (!call->buffer)
		stream_answer(call, bytes, last);
	else if (call->hold_bytes && call->buffered_bytes + bytes.count >= call->hold_bytes)
		release(call, bytes, last);
	else if (!keep(call, bytes) || (last && !join(call)))
		fail(call, HTTP_CALL_ANSWER_TOO_LARGE);
	else if (last)
		finish(call);
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

static int start_body(struct http_call *call)
{
	call->sink = (struct http_body_sink){ .data = body_data, .end = body_end, .failed = body_failed };
	return http_body_start(call->exchange, &call->sink);
}

/*
 * A body to be decompressed. One that is here already and can't become longer than what is kept at most elsewhere is sent with
 * its length, which more back ends understand; the others are sent in chunks.
 */
static int give_decoded(struct http_call *call, struct outbound_request *request)
{
	struct exchange *x = call->exchange;
	struct compression_stock *stock = &call->worker->compressions;
	struct view body;
	struct buffer decoded;
	int r;

	if (call->in_request && x->body_max_bytes <= HTTP_CALL_BUFFER_MAX_BYTES && http_body_try_whole(x, &body)) {
		buffer_init_arena(&decoded, &x->arena, (size_t)x->body_max_bytes);
		r = compression_run(stock, call->decode, COMPRESSION_DECOMPRESS, body, &decoded);
		if (r == 0)
			give_whole(call, request, buffer_view(&decoded), true);
		return r;
	}
	call->body_coding.undone = call->decode;
	call->body_coding.max_bytes = x->body_max_bytes;
	call->body_coding.stream = compression_open(stock, call->decode, COMPRESSION_DECOMPRESS);
	if (!call->body_coding.stream)
		return -ENOMEM;
	r = start_body(call);
	if (r < 0) {
		compression_close(stock, call->body_coding.stream);
		call->body_coding.stream = NULL;
	}
	request->body = OUTBOUND_BODY_CHUNKED;
	return r;
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
	if (call->decode != COMPRESSION_IDENTITY)
		return give_decoded(call, request);
	if (call->in_request && http_body_try_whole(x, &body)) {
		give_whole(call, request, body, false);
		return 0;
	}
	r = start_body(call);
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
	uint64_t streamed_max_bytes =
		worker->streamed_max_bytes ? worker->streamed_max_bytes : HTTP_CALL_BUFFER_MAX_BYTES;
	int r = 0;

	call->worker = worker;
	call->request = *request;
	outbound_target_identify(&call->request.target, call->identity);
	if (call->answer_max_bytes == 0)
		call->answer_max_bytes = streamed_max_bytes;
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
	else {
		if (worker->streamed_max_bytes)
			call->exchange->body_max_bytes = worker->streamed_max_bytes;
		r = give_client_body(call, &outbound_request);
	}
	if (r < 0) {
		target_give_back(&call->lease);
		return r;
	}
	call->running = true;
	call->started_ns = loop_now_ns(call->exchange->loop);
	outbound_start(worker->outbound, &call->outbound, &handlers, &outbound_request);
	return 0;
}

/* A stream for the answer, which may be as long as it may without. */
static bool recode_answer(struct http_call *call, enum compression_coding coding, enum compression_direction direction,
	uint64_t max_bytes)
{
	ASSERT(!call->buffer && !call->answer_coding.stream && call->answered_bytes == 0);
	call->answer_coding.max_bytes = max_bytes;
	call->answer_coding.stream = compression_open(&call->worker->compressions, coding, direction);
	return call->answer_coding.stream != NULL;
}

bool http_call_compress(struct http_call *call, enum compression_coding coding)
{
	return recode_answer(call, coding, COMPRESSION_COMPRESS, UINT64_MAX);
}

bool http_call_decompress(struct http_call *call, enum compression_coding coding)
{
	call->answer_coding.undone = coding;
	return recode_answer(call, coding, COMPRESSION_DECOMPRESS, call->answer_max_bytes);
}

void http_call_drained(struct http_call *call)
{
	struct http_call_coding *coding = &call->answer_coding;

	if (!call->running)
		return;
	coding->crowded = false;
	if (coding->waits)
		answer_recoded(call, recode_rest(call, coding, respond_piece), coding->last);
	else
		outbound_resume(&call->outbound);
}

void http_call_cancel(struct http_call *call)
{
	if (!call->running)
		return;
	outbound_cancel(&call->outbound);
	end(call);
}
