/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/lambda_stream.h"

#include "appliance/base/json_value.h"

enum state {
	IN_METADATA,
	IN_DELIMITER,
	IN_BODY,
	IS_COMPLETE,
	IS_FAILED,
	IS_MALFORMED,
};

enum event {
	EVENT_CHUNK,
	EVENT_COMPLETE,  /* InvokeComplete */
	EVENT_EXCEPTION, /* of the service */
	EVENT_OTHER,     /* nothing to us */
};

void lambda_stream_init(struct lambda_stream *stream, struct arena *arena)
{
	*stream = (struct lambda_stream){ .arena = arena, .state = IN_METADATA };
	event_stream_init(&stream->events);
	buffer_init_arena(&stream->metadata, arena, LAMBDA_STREAM_METADATA_MAX_BYTES - LAMBDA_STREAM_DELIMITER_BYTES);
	buffer_init_arena(&stream->detail, arena, LAMBDA_STREAM_COMPLETE_MAX_BYTES);
}

static enum lambda_stream_result malformed(struct lambda_stream *stream, const char *why)
{
	stream->state = IS_MALFORMED;
	stream->error = view_from_text(why);
	return LAMBDA_STREAM_MALFORMED;
}

static enum lambda_stream_result failed(struct lambda_stream *stream, struct view why)
{
	stream->state = IS_FAILED;
	stream->error = why.at ? why : view_of("the function failed");
	return LAMBDA_STREAM_FAILED;
}

/* --- payloads of chunks ------------------------------------------------------------------------------------------------- */

/* The NUL bytes that part metadata and body. */
static enum lambda_stream_result take_delimiter(struct lambda_stream *stream, struct view data, struct view *ret_data)
{
	size_t count = 0;

	while (count < data.count && stream->nul_count < LAMBDA_STREAM_DELIMITER_BYTES) {
		if (data.at[count++])
			return malformed(stream, "less than eight NUL bytes follow the metadata");
		stream->nul_count++;
	}
	if (stream->nul_count < LAMBDA_STREAM_DELIMITER_BYTES)
		return LAMBDA_STREAM_NEED_MORE;
	stream->state = IN_BODY;
	*ret_data = view_after(data, count);
	return LAMBDA_STREAM_HEAD;
}

static enum lambda_stream_result take_metadata(struct lambda_stream *stream, struct view data, struct view *ret_data)
{
	/* JSON has no NUL bytes. */
	size_t end = view_find_byte(data, '\0');

	buffer_append(&stream->metadata, view_part(data, 0, end));
	if (buffer_error(&stream->metadata))
		return malformed(stream, "the metadata do not end within 16 KB");
	if (end == VIEW_NOWHERE)
		return LAMBDA_STREAM_NEED_MORE;
	stream->state = IN_DELIMITER;
	return take_delimiter(stream, view_after(data, end), ret_data);
}

static enum lambda_stream_result take_chunk(struct lambda_stream *stream, struct view data, struct view *ret_data)
{
	switch ((enum state)stream->state) {
	case IN_METADATA:
		return take_metadata(stream, data, ret_data);
	case IN_DELIMITER:
		return take_delimiter(stream, data, ret_data);
	default:
		*ret_data = data;
		return LAMBDA_STREAM_BODY;
	}
}

/* --- events that end the stream ----------------------------------------------------------------------------------------- */

static void take_head(struct lambda_stream *stream)
{
	struct view type = event_stream_find(&stream->events, view_of(":message-type"));
	struct view name = event_stream_find(&stream->events, view_of(":event-type"));

	stream->event = EVENT_OTHER;
	buffer_reset(&stream->detail);
	if (view_equals_text(type, "event")) {
		if (view_equals_text(name, "PayloadChunk"))
			stream->event = EVENT_CHUNK;
		else if (view_equals_text(name, "InvokeComplete"))
			stream->event = EVENT_COMPLETE;
		return;
	}
	name = event_stream_find(
		&stream->events, view_equals_text(type, "error") ? view_of(":error-code") : view_of(":exception-type"));
	stream->event = EVENT_EXCEPTION;
	buffer_append(&stream->detail, name.at ? name : view_of("an event of unknown type"));
	buffer_append_text(&stream->detail, ": ");
	buffer_append(&stream->detail, event_stream_find(&stream->events, view_of(":error-message")));
}

/* Of InvokeComplete: {"ErrorCode": …, "ErrorDetails": …, "LogResult": …}, each of which may be missing. */
static enum lambda_stream_result complete(struct lambda_stream *stream)
{
	struct view detail = buffer_view(&stream->detail), code, text;
	struct json_value value = { .kind = JSON_VALUE_NULL };

	if (buffer_error(&stream->detail))
		return failed(stream, view_of("more is said of the function's end than can be read"));
	if (detail.count > 0 && json_value_parse(stream->arena, detail, NULL, &value, NULL))
		return malformed(stream, "the event InvokeComplete is malformed");
	code = json_value_text(json_value_find(&value, view_of("ErrorCode")));
	text = json_value_text(json_value_find(&value, view_of("ErrorDetails")));
	if (code.count > 0)
		return failed(
			stream, arena_printf(stream->arena, VIEW_FMT ": " VIEW_FMT, VIEW_ARG(code), VIEW_ARG(text)));
	if (stream->state != IN_BODY)
		return malformed(stream, "the function's answer ends before its metadata");
	stream->state = IS_COMPLETE;
	return LAMBDA_STREAM_COMPLETE;
}

static enum lambda_stream_result take_end(struct lambda_stream *stream)
{
	if (stream->event == EVENT_COMPLETE)
		return complete(stream);
	if (stream->event == EVENT_EXCEPTION)
		return failed(stream, buffer_view(&stream->detail));
	return LAMBDA_STREAM_NEED_MORE;
}

/* --- the interface ------------------------------------------------------------------------------------------------------ */

static enum lambda_stream_result take_payload(struct lambda_stream *stream, struct view data, struct view *ret_data)
{
	if (stream->event == EVENT_CHUNK)
		return take_chunk(stream, data, ret_data);
	if (stream->event != EVENT_OTHER)
		buffer_append(&stream->detail, data);
	return LAMBDA_STREAM_NEED_MORE;
}

static enum lambda_stream_result ended(const struct lambda_stream *stream)
{
	switch ((enum state)stream->state) {
	case IS_COMPLETE:
		return LAMBDA_STREAM_COMPLETE;
	case IS_FAILED:
		return LAMBDA_STREAM_FAILED;
	default:
		return LAMBDA_STREAM_MALFORMED;
	}
}

enum lambda_stream_result lambda_stream_next(
	struct lambda_stream *stream, struct view bytes, size_t *ret_consumed, struct view *ret_data)
{
	*ret_consumed = 0;
	*ret_data = (struct view){ 0 };
	while (stream->state < IS_COMPLETE) {
		enum lambda_stream_result result = LAMBDA_STREAM_NEED_MORE;
		struct view data;
		size_t consumed;
		enum event_stream_result found =
			event_stream_next(&stream->events, view_after(bytes, *ret_consumed), &consumed, &data);

		*ret_consumed += consumed;
		switch (found) {
		case EVENT_STREAM_NEED_MORE:
			return LAMBDA_STREAM_NEED_MORE;
		case EVENT_STREAM_HEAD:
			take_head(stream);
			break;
		case EVENT_STREAM_PAYLOAD:
			result = take_payload(stream, data, ret_data);
			break;
		case EVENT_STREAM_END:
			result = take_end(stream);
			break;
		case EVENT_STREAM_REFUSED:
			return malformed(stream, event_stream_error_text(stream->events.error));
		}
		if (result != LAMBDA_STREAM_NEED_MORE)
			return result;
	}
	return ended(stream);
}

enum lambda_stream_result lambda_stream_finish(struct lambda_stream *stream)
{
	if (stream->state < IS_COMPLETE)
		return malformed(stream, "the function's answer is cut short");
	return ended(stream);
}

struct view lambda_stream_metadata(const struct lambda_stream *stream)
{
	return buffer_view(&stream->metadata);
}

struct view lambda_stream_error(const struct lambda_stream *stream)
{
	return stream->error;
}
