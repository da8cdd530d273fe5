/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what a Lambda function answers: whole, as metadata, as a result of type AWS; as an event stream, in pieces whose sizes
 * the first byte says; as the path that names a function; and as the request that becomes an event. What is found lies within its
 * limits, the same bytes in other pieces mean the same, and every event is JSON of the same members.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/json_value.h"
#include "appliance/integrate/lambda_answer.h"
#include "appliance/integrate/lambda_event.h"
#include "appliance/integrate/lambda_function.h"
#include "appliance/integrate/lambda_stream.h"

#define ROOM_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct lambda_answer *answer)
{
	ASSERT(answer->status >= 200 && answer->status <= 599);
	ASSERT(answer->field_count >= 1 && answer->field_count <= LAMBDA_ANSWER_FIELDS_MAX_COUNT + 1);
	for (size_t i = 0; i < answer->field_count; i++) {
		ASSERT(http1_name_is_valid(answer->fields[i].name));
		ASSERT(http1_value_is_valid(answer->fields[i].value));
	}
}

static void read_answers(struct arena *arena, struct view bytes)
{
	struct lambda_answer answer;
	struct view body;

	if (lambda_answer_parse(arena, bytes, 4, &answer) == 0) {
		check_answer(&answer);
		if (lambda_answer_body(arena, &answer, true, &body) == 0)
			ASSERT(body.count <= answer.body.count);
	}
	if (lambda_answer_parse_metadata(arena, bytes, 4, &answer) == 0)
		check_answer(&answer);
	(void)lambda_answer_error_message(arena, bytes);
}

/* What became of a stream. */
struct outcome {
	enum lambda_stream_result result;
	uint64_t hash;
	size_t body_bytes;
	bool has_head;
};

static void note(struct outcome *outcome, struct view data)
{
	for (size_t i = 0; i < data.count; i++)
		outcome->hash = (outcome->hash ^ (unsigned char)data.at[i]) * UINT64_C(0x100000001b3);
	outcome->body_bytes += data.count;
}

static struct outcome read_stream(struct arena *arena, struct view bytes, size_t piece_bytes)
{
	struct outcome outcome = { .result = LAMBDA_STREAM_NEED_MORE };
	struct lambda_stream *stream = ARENA_NEW(arena, struct lambda_stream);

	ASSERT(stream);
	lambda_stream_init(stream, arena);
	while (bytes.count > 0 && outcome.result == LAMBDA_STREAM_NEED_MORE) {
		struct view piece = view_part(bytes, 0, piece_bytes), data;
		size_t consumed;

		bytes = view_after(bytes, piece.count);
		do {
			outcome.result = lambda_stream_next(stream, piece, &consumed, &data);
			ASSERT(consumed <= piece.count);
			piece = view_after(piece, consumed);
			ASSERT(outcome.result != LAMBDA_STREAM_HEAD || !outcome.has_head);
			outcome.has_head = outcome.has_head || outcome.result == LAMBDA_STREAM_HEAD;
			ASSERT(data.count == 0 || outcome.has_head);
			note(&outcome, data);
		} while (outcome.result == LAMBDA_STREAM_HEAD || outcome.result == LAMBDA_STREAM_BODY);
	}
	if (outcome.has_head)
		ASSERT(lambda_stream_metadata(stream).count <= LAMBDA_STREAM_METADATA_MAX_BYTES);
	outcome.result = lambda_stream_finish(stream);
	ASSERT(outcome.result == LAMBDA_STREAM_COMPLETE || lambda_stream_error(stream).count > 0);
	return outcome;
}

/* Those that every event has. */
#define EVENT_MEMBERS_COUNT 12

static void write_event(struct arena *arena, struct view bytes)
{
	struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];
	struct lambda_event_input input = { .source_ip = view_of("10.0.0.1"), .trace_id = view_of("Root=1") };
	struct json_value event;
	struct http1_head head;
	struct buffer text;
	size_t consumed;

	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	if (http1_parse_request(&head, bytes.at, bytes.count, &http1_limits_private, &consumed) != HTTP1_OK)
		return;
	input.client = &head;
	input.method = head.method_text;
	input.path = input.request_path = head.path;
	input.domain_name = head.host;
	input.body = view_after(bytes, consumed);
	input.is_binary = !view_is_utf8(input.body);
	buffer_init_arena(&text, arena, LAMBDA_EVENT_MAX_BYTES);
	ASSERT(lambda_event_write(arena, &input, &text) == 0);
	ASSERT(json_value_parse(arena, buffer_view(&text), NULL, &event, NULL) == 0);
	ASSERT(json_value_count(&event) == EVENT_MEMBERS_COUNT);
	ASSERT(json_value_count(json_value_find(&event, view_of("headers"))) ==
		json_value_count(json_value_find(&event, view_of("multiValueHeaders"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_from(data, size);
	struct lambda_function function;
	struct outcome whole, pieces;
	struct arena arena;

	arena_init(&arena, NULL, ROOM_BYTES);
	read_answers(&arena, bytes);
	write_event(&arena, bytes);
	if (lambda_function_parse(&function, bytes) == 0) {
		ASSERT(function.name.count > 0);
		ASSERT(view_equals(lambda_function_path(&arena, &function, false), bytes));
	}
	if (size > 1) {
		bytes = view_after(bytes, 1);
		whole = read_stream(&arena, bytes, bytes.count);
		pieces = read_stream(&arena, bytes, (size_t)data[0] + 1);
		ASSERT(whole.result == pieces.result && whole.has_head == pieces.has_head);
		ASSERT(whole.hash == pieces.hash && whole.body_bytes == pieces.body_bytes);
	}
	arena_fini(&arena);
	return 0;
}
