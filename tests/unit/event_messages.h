/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event_messages: writes messages of application/vnd.amazon.eventstream, for tests of what reads them.
 */
#ifndef POSTERN_TESTS_UNIT_EVENT_MESSAGES_H
#define POSTERN_TESTS_UNIT_EVENT_MESSAGES_H

#include <stdint.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "appliance/base/checksum.h"

static inline void event_put_u32(struct buffer *buffer, uint32_t number)
{
	const unsigned char bytes[4] = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
		(unsigned char)(number >> 8), (unsigned char)number };

	buffer_append_bytes(buffer, bytes, sizeof bytes);
}

/* A header that is text. */
static inline void event_put_header(struct buffer *headers, const char *name, const char *value)
{
	size_t count = strlen(value);

	buffer_append_byte(headers, (char)strlen(name));
	buffer_append_text(headers, name);
	buffer_append_byte(headers, 7);
	buffer_append_byte(headers, (char)(count >> 8));
	buffer_append_byte(headers, (char)count);
	buffer_append_text(headers, value);
}

/* A message of these headers. */
static inline void event_put_message(struct buffer *buffer, struct view headers, struct view payload)
{
	size_t start = buffer->count;

	event_put_u32(buffer, (uint32_t)(headers.count + payload.count + 16));
	event_put_u32(buffer, (uint32_t)headers.count);
	event_put_u32(buffer, checksum_crc32(0, view_after(buffer_view(buffer), start)));
	buffer_append(buffer, headers);
	buffer_append(buffer, payload);
	event_put_u32(buffer, checksum_crc32(0, view_after(buffer_view(buffer), start)));
}

/* One of Lambda's: an event of that type. */
static inline void event_put(struct buffer *buffer, const char *type, struct view payload)
{
	struct buffer headers;

	buffer_init(&headers, 4096);
	event_put_header(&headers, ":message-type", "event");
	event_put_header(&headers, ":event-type", type);
	event_put_header(&headers, ":content-type", "application/octet-stream");
	event_put_message(buffer, buffer_view(&headers), payload);
	buffer_fini(&headers);
}

#endif
