/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/event_stream.h"

#include <string.h>

#include "appliance/base/checksum.h"

#define PRELUDE_BYTES 12
#define CHECKSUM_BYTES 4
#define FRAME_BYTES (PRELUDE_BYTES + CHECKSUM_BYTES)

enum state {
	AT_PRELUDE, /* gathers lengths and their checksum */
	AT_HEADERS, /* gathers headers */
	AT_PAYLOAD,
	AT_CHECKSUM, /* gathers the message's checksum */
	AT_NOTHING,  /* refused */
};

/* Types of header values that have their length with them, and those of fixed length. */
enum value_type { VALUE_BYTES = 6, VALUE_TEXT = 7, VALUE_TYPE_COUNT = 10 };
static const uint8_t value_bytes[VALUE_TYPE_COUNT] = { 0, 0, 1, 2, 4, 8, 0, 0, 8, 16 };

static uint32_t read_u32(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void begin_message(struct event_stream *stream)
{
	stream->state = AT_PRELUDE;
	stream->have_count = 0;
	stream->header_bytes = 0;
	stream->checksum = 0;
}

void event_stream_init(struct event_stream *stream)
{
	stream->error = EVENT_STREAM_FINE;
	stream->left_bytes = 0;
	begin_message(stream);
}

static enum event_stream_result refuse(struct event_stream *stream, enum event_stream_error error)
{
	stream->state = AT_NOTHING;
	stream->error = error;
	return EVENT_STREAM_REFUSED;
}

/* Gather up to `whole` bytes in the room at `place`; true when they are there. */
static bool gather(struct event_stream *stream, char *place, size_t whole, struct view bytes, size_t *consumed)
{
	size_t wanted = whole - stream->have_count, left = bytes.count - *consumed,
	       count = left < wanted ? left : wanted;

	if (count)
		memcpy(place + stream->have_count, bytes.at + *consumed, count);
	stream->have_count += (uint32_t)count;
	*consumed += count;
	return stream->have_count == whole;
}

/* --- headers ----------------------------------------------------------------------------------------------------------- */

struct header {
	struct view name;
	uint8_t type;
	struct view value;
};

/* Cut the next header off `*rest`; false if it has no whole one. */
static bool next_header(struct view *rest, struct header *ret)
{
	size_t at = 0, name_bytes, count;

	name_bytes = (unsigned char)rest->at[at++];
	if (name_bytes == 0 || rest->count - at < name_bytes + 1)
		return false;
	ret->name = view_part(*rest, at, name_bytes);
	at += name_bytes;
	ret->type = (uint8_t)rest->at[at++];
	if (ret->type >= VALUE_TYPE_COUNT)
		return false;
	count = value_bytes[ret->type];
	if (ret->type == VALUE_BYTES || ret->type == VALUE_TEXT) {
		if (rest->count - at < 2)
			return false;
		count = (size_t)(unsigned char)rest->at[at] << 8 | (unsigned char)rest->at[at + 1];
		at += 2;
	}
	if (rest->count - at < count)
		return false;
	ret->value = view_part(*rest, at, count);
	*rest = view_after(*rest, at + count);
	return true;
}

static bool headers_are_whole(const struct event_stream *stream)
{
	struct view rest = view_from(stream->room, stream->header_bytes);
	struct header header;

	while (rest.count > 0) {
		if (!next_header(&rest, &header))
			return false;
	}
	return true;
}

struct view event_stream_find(const struct event_stream *stream, struct view name)
{
	struct view rest = view_from(stream->room, stream->header_bytes);
	struct header header;

	if (stream->state != AT_PAYLOAD && stream->state != AT_CHECKSUM)
		return (struct view){ 0 };
	while (rest.count > 0 && next_header(&rest, &header)) {
		if (header.type == VALUE_TEXT && view_equals(header.name, name))
			return header.value;
	}
	return (struct view){ 0 };
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

/* The lengths are there: judge them. */
static enum event_stream_error read_prelude(struct event_stream *stream)
{
	uint32_t message_bytes = read_u32(stream->room), header_bytes = read_u32(stream->room + 4);

	if (checksum_crc32(0, view_from(stream->room, 8)) != read_u32(stream->room + 8))
		return EVENT_STREAM_BAD_CHECKSUM;
	if (message_bytes < FRAME_BYTES || message_bytes > EVENT_STREAM_MESSAGE_MAX_BYTES ||
		header_bytes > EVENT_STREAM_HEADERS_MAX_BYTES || header_bytes > message_bytes - FRAME_BYTES)
		return EVENT_STREAM_BAD_LENGTH;
	stream->checksum = checksum_crc32(0, view_from(stream->room, PRELUDE_BYTES));
	stream->header_bytes = header_bytes;
	stream->left_bytes = message_bytes - FRAME_BYTES - header_bytes;
	stream->have_count = 0;
	stream->state = AT_HEADERS;
	return EVENT_STREAM_FINE;
}

static enum event_stream_result take_payload(
	struct event_stream *stream, struct view bytes, size_t *consumed, struct view *ret_data)
{
	*ret_data = view_part(bytes, *consumed, stream->left_bytes);
	stream->checksum = checksum_crc32(stream->checksum, *ret_data);
	stream->left_bytes -= (uint32_t)ret_data->count;
	*consumed += ret_data->count;
	return EVENT_STREAM_PAYLOAD;
}

static enum event_stream_result take_headers(struct event_stream *stream)
{
	if (!headers_are_whole(stream))
		return refuse(stream, EVENT_STREAM_BAD_HEADERS);
	stream->checksum = checksum_crc32(stream->checksum, view_from(stream->room, stream->header_bytes));
	stream->have_count = 0;
	stream->state = AT_PAYLOAD;
	return EVENT_STREAM_HEAD;
}

enum event_stream_result event_stream_next(
	struct event_stream *stream, struct view bytes, size_t *ret_consumed, struct view *ret_data)
{
	enum event_stream_error error;

	*ret_consumed = 0;
	*ret_data = (struct view){ 0 };
	for (;;) {
		switch ((enum state)stream->state) {
		case AT_PRELUDE:
			if (!gather(stream, stream->room, PRELUDE_BYTES, bytes, ret_consumed))
				return EVENT_STREAM_NEED_MORE;
			error = read_prelude(stream);
			if (error)
				return refuse(stream, error);
			break;
		case AT_HEADERS:
			if (!gather(stream, stream->room, stream->header_bytes, bytes, ret_consumed))
				return EVENT_STREAM_NEED_MORE;
			return take_headers(stream);
		case AT_PAYLOAD:
			if (stream->left_bytes > 0) {
				if (*ret_consumed == bytes.count)
					return EVENT_STREAM_NEED_MORE;
				return take_payload(stream, bytes, ret_consumed, ret_data);
			}
			stream->state = AT_CHECKSUM;
			break;
		case AT_CHECKSUM:
			if (!gather(stream, stream->trailer, CHECKSUM_BYTES, bytes, ret_consumed))
				return EVENT_STREAM_NEED_MORE;
			if (read_u32(stream->trailer) != stream->checksum)
				return refuse(stream, EVENT_STREAM_BAD_CHECKSUM);
			begin_message(stream);
			return EVENT_STREAM_END;
		case AT_NOTHING:
			return EVENT_STREAM_REFUSED;
		}
	}
}

bool event_stream_is_between(const struct event_stream *stream)
{
	return stream->state == AT_PRELUDE && stream->have_count == 0;
}

const char *event_stream_error_text(enum event_stream_error error)
{
	switch (error) {
	case EVENT_STREAM_FINE:
		break;
	case EVENT_STREAM_BAD_LENGTH:
		return "a message of an event stream has impossible lengths";
	case EVENT_STREAM_BAD_HEADERS:
		return "a message of an event stream has malformed headers";
	case EVENT_STREAM_BAD_CHECKSUM:
		return "a message of an event stream has a wrong checksum";
	}
	return "nothing is wrong";
}
