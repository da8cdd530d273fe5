/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_function: a function's answer that streams: the client's answer begins when the metadata is there, and each piece of
 * body leaves as it comes, no faster than the client takes it. What goes wrong before the beginning is 502; afterwards the client
 * is cut off, so that half an answer never looks whole.
 */
#include <errno.h>

#include "appliance/integrate/lambda_stream.h"
#include "appliance/pipeline/function_call.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/pipeline/map_function.h"

/* Room for X-Amzn-Trace-Id, and for what phase respond adds. */
#define EXTRA_FIELDS (1 + STATE_EXTRA_FIELDS)
/* A back end that has said that the function is done has so long to end its own answer: then the connection can be used again. */
#define END_GRACE_MS 200

/* A call that Lambda refused is gathered as any other. */
static void on_head(struct http_call *call, const struct http1_head *head)
{
	struct pipeline *p = integrate_pipeline_of(call);

	if (head->status != 200) {
		integrate_on_head(call, head);
		return;
	}
	p->candidate_status = p->answer.status = head->status;
	if (p->log)
		execution_log_answer(p, head);
}

/* The call is of no use any more; the failure is chosen, or the answer was begun. `p` is gone then. */
static enum http_call_taken give_up(struct pipeline *p)
{
	http_call_cancel(&p->call);
	p->call_ended = true;
	if (p->phase < PHASE_respond)
		state_resume_failed(p);
	else
		state_resume(p, true);
	return HTTP_CALL_OVER;
}

/* What came is not the answer of a function that has done its work. */
static enum http_call_taken fail(struct pipeline *p, enum lambda_stream_result result)
{
	bool has_failed = result == LAMBDA_STREAM_FAILED;

	if (p->phase >= PHASE_respond) {
		p->why = has_failed ? "the function failed amid its answer" : "the function's answer broke off";
	} else if (has_failed) {
		map_function_say_error(p, lambda_stream_error(p->stream));
		map_function_fail(p, "the function failed", view_of(""));
	} else {
		map_function_malformed(p);
	}
	return give_up(p);
}

/* The metadata is there. False if `p` is gone. */
static bool begin_answer(struct pipeline *p)
{
	struct view metadata = lambda_stream_metadata(p->stream);
	struct lambda_answer answer;
	bool is_over = false;
	int error = lambda_answer_parse_metadata(&p->exchange->arena, metadata, EXTRA_FIELDS, &answer);

	if (error) {
		if (error == -ENOMEM)
			integrate_misconfigured(p, "the answer's head does not fit into memory");
		else
			map_function_malformed(p);
		give_up(p);
		return false;
	}
	map_function_head(p, &answer);
	p->body_length = HTTP_LENGTH_UNKNOWN;
	p->streams = true;
	/* The client may be gone by now, or the fields can't be sent. */
	p->over = &is_over;
	state_resume(p, true);
	if (is_over)
		return false;
	p->over = NULL;
	return true;
}

/* Give a piece of body to the client. False: it is more than an answer, or one that is kept for a test, may have. */
static bool give(struct pipeline *p, struct view data, bool last, bool *ret_crowded)
{
	ssize_t waiting_bytes;

	p->call.answered_bytes += data.count;
	if (p->call.answered_bytes > p->call.answer_max_bytes)
		return false;
	waiting_bytes = http_respond_body(p->exchange, data, last);
	if (waiting_bytes == -ENOBUFS)
		return false;
	/* An error means that the client is gone, which gone() tells; until then there is no use in reading on. */
	*ret_crowded = waiting_bytes < 0 || waiting_bytes > HTTP_WAITING_HIGH_BYTES;
	return true;
}

static void end_is_late(struct timer *timer)
{
	struct pipeline *p = CONTAINER_OF(timer, struct pipeline, stream_end);

	http_call_cancel(&p->call);
	p->call_ended = true;
	state_resume(p, true);
}

/* The client has all of it, and does not wait for the back end to end as well. */
static void complete(struct pipeline *p, bool last)
{
	bool crowded;

	if (!p->exchange->response_complete)
		(void)give(p, view_of(""), true, &crowded);
	if (!last && !timer_is_armed(&p->stream_end))
		timer_arm(p->worker->loop, &p->stream_end, END_GRACE_MS, end_is_late);
}

static enum http_call_taken on_body(struct http_call *call, struct view bytes, bool last)
{
	struct pipeline *p = integrate_pipeline_of(call);
	bool crowded = false;
	size_t consumed;
	struct view data;

	for (;;) {
		enum lambda_stream_result result = lambda_stream_next(p->stream, bytes, &consumed, &data);

		bytes = view_after(bytes, consumed);
		switch (result) {
		case LAMBDA_STREAM_NEED_MORE:
			if (last)
				return fail(p, lambda_stream_finish(p->stream));
			return crowded ? HTTP_CALL_CROWDED : HTTP_CALL_MORE;
		case LAMBDA_STREAM_HEAD:
			if (!begin_answer(p))
				return HTTP_CALL_OVER;
			/* fall through */
		case LAMBDA_STREAM_BODY:
			if (data.count == 0 || give(p, data, false, &crowded))
				break;
			p->why = "the function's answer is over the limit of streamed bodies";
			return give_up(p);
		case LAMBDA_STREAM_COMPLETE:
			complete(p, last);
			return HTTP_CALL_MORE;
		case LAMBDA_STREAM_FAILED:
		case LAMBDA_STREAM_MALFORMED:
			return fail(p, result);
		}
	}
}

static const struct http_call_owner owner = {
	.head = on_head, .body = on_body, .done = integrate_on_done, .failed = integrate_on_failed
};

enum verdict function_call_stream(struct pipeline *p, const struct http_request *request)
{
	p->stream = ARENA_NEW(&p->exchange->arena, struct lambda_stream);
	if (!p->stream)
		return integrate_misconfigured(p, "the request does not fit into memory");
	lambda_stream_init(p->stream, &p->exchange->arena);
	return integrate_call_owned(p, request, &owner);
}
