/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/http1.h"

#include <errno.h>

#include "appliance/wire/http1_bytes.h"

bool http1_name_is_valid(struct view name)
{
	return name.count && http1_skip_token(name.at, name.at + name.count) == name.at + name.count;
}

bool http1_value_is_valid(struct view value)
{
	return value.count == 0 || http1_skip_value(value.at, value.at + value.count) == value.at + value.count;
}

/* Room for `count` more bytes, or NULL and the sticky error. */
static char *take(struct http1_writer *writer, size_t count)
{
	char *at = writer->at;

	if (writer->full || writer->bad)
		return NULL;
	if ((size_t)(writer->end - at) < count) {
		writer->full = true;
		return NULL;
	}
	writer->at = at + count;
	return at;
}

static char *put(char *at, struct view bytes)
{
	if (bytes.count)
		memcpy(at, bytes.at, bytes.count);
	return at + bytes.count;
}

void http1_write_raw(struct http1_writer *writer, struct view bytes)
{
	char *at = take(writer, bytes.count);

	if (at)
		put(at, bytes);
}

void http1_write_request_line(struct http1_writer *writer, struct view method, struct view target)
{
	static const struct view tail = VIEW_INIT(" HTTP/1.1\r\n");
	char *at;

	if (!http1_name_is_valid(method) || target.count == 0 ||
		http1_skip_target(target.at, target.at + target.count) != target.at + target.count)
		writer->bad = true;
	at = take(writer, method.count + 1 + target.count + tail.count);
	if (!at)
		return;
	at = put(at, method);
	*at++ = ' ';
	at = put(at, target);
	put(at, tail);
}

void http1_write_status_line(struct http1_writer *writer, int status, struct view reason)
{
	static const struct view start = VIEW_INIT("HTTP/1.1 ");
	char *at;

	if (reason.count == 0)
		reason = http1_reason(status);
	if (status < 100 || status > 999 || !http1_value_is_valid(reason))
		writer->bad = true;
	at = take(writer, start.count + 4 + reason.count + 2);
	if (!at)
		return;
	at = put(at, start);
	*at++ = (char)('0' + status / 100);
	*at++ = (char)('0' + status / 10 % 10);
	*at++ = (char)('0' + status % 10);
	*at++ = ' ';
	at = put(at, reason);
	put(at, view_of("\r\n"));
}

void http1_write_header(struct http1_writer *writer, struct view name, struct view value)
{
	char *at;

	at = take(writer, name.count + 2 + value.count + 2);
	if (!at)
		return;
	if (!http1_copy_name(at, name.at, name.count))
		writer->bad = true;
	at += name.count;
	*at++ = ':';
	*at++ = ' ';
	if (!http1_copy_value(at, value.at, value.count))
		writer->bad = true;
	put(at + value.count, view_of("\r\n"));
}

void http1_write_header_number(struct http1_writer *writer, struct view name, uint64_t value)
{
	char digits[20];
	size_t start = sizeof digits;

	do {
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	http1_write_header(writer, name, view_from(digits + start, sizeof digits - start));
}

int http1_write_end(struct http1_writer *writer)
{
	http1_write_raw(writer, view_of("\r\n"));
	return writer->bad ? -EINVAL : writer->full ? -ENOBUFS : 0;
}

struct view http1_reason(int status)
{
	switch (status) {
#define REASON(code, text)                                                                                             \
	case code:                                                                                                     \
		return view_of(text);
#include "appliance/wire/http1_reasons.def"
#undef REASON
	default:
		return view_of("Unknown");
	}
}
