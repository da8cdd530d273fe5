/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/http_reply.h"

#include <errno.h>

/* What a head says of the body. */
struct head {
	bool has_length, is_chunked;
	uint64_t length;
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* The next line, without its end; -EAGAIN if there is none whole. A bare LF ends one, too: RFC 9112, 2.2. */
static int take_line(struct view *rest, struct view *ret)
{
	size_t end = view_find_byte(*rest, '\n');

	if (end == VIEW_NOWHERE)
		return -EAGAIN;
	*ret = view_part(*rest, 0, end);
	if (ret->count && ret->at[ret->count - 1] == '\r')
		ret->count--;
	*rest = view_after(*rest, end + 1);
	return 0;
}

static int read_status(struct view line, unsigned *ret)
{
	if (line.count < 12 || !view_starts_with(line, view_of("HTTP/1.")) || !is_digit(line.at[7]) ||
		line.at[8] != ' ' || !is_digit(line.at[9]) || !is_digit(line.at[10]) || !is_digit(line.at[11]) ||
		(line.count > 12 && line.at[12] != ' '))
		return -EBADMSG;
	*ret = (unsigned)(line.at[9] - '0') * 100 + (unsigned)(line.at[10] - '0') * 10 + (unsigned)(line.at[11] - '0');
	return *ret >= 100 && *ret < 600 ? 0 : -EBADMSG;
}

static bool is_name(struct view name)
{
	for (size_t i = 0; i < name.count; i++) {
		char byte = view_lower_byte(name.at[i]);

		if (!is_digit(byte) && (byte < 'a' || byte > 'z') && byte != '-' && byte != '_')
			return false;
	}
	return name.count > 0;
}

static int read_field(struct view line, struct head *head)
{
	struct view name, value;
	uint64_t length;

	if (!view_cut(line, ':', &name, &value) || !is_name(name))
		return -EBADMSG;
	value = view_trim(value);
	if (view_equals_ignore_case(name, view_of("content-length"))) {
		int error = view_parse_u64(value, UINT32_MAX, &length);

		if (error)
			return error == -ERANGE ? -EMSGSIZE : -EBADMSG;
		if (head->has_length && head->length != length)
			return -EBADMSG;
		head->has_length = true;
		head->length = length;
	} else if (view_equals_ignore_case(name, view_of("transfer-encoding"))) {
		if (head->is_chunked || !view_equals_ignore_case(value, view_of("chunked")))
			return -EBADMSG;
		head->is_chunked = true;
	}
	return 0;
}

/* Status line and fields to the empty line behind them. */
static int read_head(struct view *rest, struct http_reply *ret, struct head *head)
{
	struct view line;
	int error = take_line(rest, &line);

	if (!error)
		error = read_status(line, &ret->status);
	while (!error && (error = take_line(rest, &line)) == 0 && line.count)
		error = read_field(line, head);
	if (!error && head->is_chunked && head->has_length)
		error = -EBADMSG;
	return error;
}

static int read_size(struct view line, uint64_t *ret)
{
	struct view digits, extension;
	uint64_t size = 0;

	(void)view_cut(line, ';', &digits, &extension);
	digits = view_trim(digits);
	if (digits.count == 0 || digits.count > 8)
		return -EBADMSG;
	for (size_t i = 0; i < digits.count; i++) {
		char byte = view_lower_byte(digits.at[i]);

		if (!is_digit(byte) && (byte < 'a' || byte > 'f'))
			return -EBADMSG;
		size = size << 4 | (unsigned)(is_digit(byte) ? byte - '0' : byte - 'a' + 10);
	}
	*ret = size;
	return 0;
}

static int read_chunks(struct view rest, struct buffer *body)
{
	struct view line;
	uint64_t size;
	int error;

	for (;;) {
		error = take_line(&rest, &line);
		if (!error)
			error = read_size(line, &size);
		if (error)
			return error;
		if (size == 0)
			break;
		if (size > body->limit_bytes - body->count)
			return -EMSGSIZE;
		if (rest.count < size)
			return -EAGAIN;
		buffer_append(body, view_part(rest, 0, size));
		rest = view_after(rest, size);
		error = take_line(&rest, &line);
		if (error || line.count)
			return error ? error : -EBADMSG;
	}
	/* Trailers mean nothing here. */
	while ((error = take_line(&rest, &line)) == 0 && line.count)
		;
	return error;
}

static int read_body(struct view rest, const struct head *head, unsigned status, bool at_end, struct buffer *body)
{
	if (status == 204 || status == 304)
		return 0;
	if (head->is_chunked)
		return read_chunks(rest, body);
	if (head->has_length && head->length > body->limit_bytes)
		return -EMSGSIZE;
	if (head->has_length && rest.count < head->length)
		return -EAGAIN;
	if (!head->has_length && rest.count > body->limit_bytes)
		return -EMSGSIZE;
	if (!head->has_length && !at_end)
		return -EAGAIN;
	buffer_append(body, view_part(rest, 0, head->has_length ? head->length : rest.count));
	return 0;
}

int http_reply_read(struct view bytes, bool at_end, struct http_reply *ret, struct buffer *body)
{
	struct view rest = bytes;
	struct http_reply reply = { 0 };
	struct head head;
	int error;

	buffer_reset(body);
	do {
		head = (struct head){ .has_length = false };
		error = read_head(&rest, &reply, &head);
		if (bytes.count - rest.count > HTTP_REPLY_HEAD_MAX_BYTES)
			return -EMSGSIZE;
	} while (!error && reply.status < 200);
	if (error == -EAGAIN && bytes.count > HTTP_REPLY_HEAD_MAX_BYTES)
		return -EMSGSIZE;
	if (!error)
		error = read_body(rest, &head, reply.status, at_end, body);
	if (!error)
		error = buffer_error(body);
	if (error == -EAGAIN && at_end)
		error = -EBADMSG;
	if (!error)
		*ret = reply;
	return error;
}
