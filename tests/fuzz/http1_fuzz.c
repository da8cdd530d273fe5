/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a request, as a response and as a chunked body: whole and byte by byte the outcome is the same, views lie
 * within the bytes, and a request that was accepted can be written again and parses to the same head.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http1_header whole_headers[HTTP1_HEADERS_MAX_COUNT], piece_headers[HTTP1_HEADERS_MAX_COUNT];

static enum http1_result parse(
	struct http1_head *head, bool is_request, const char *bytes, size_t count, size_t *ret_consumed)
{
	return is_request ? http1_parse_request(head, bytes, count, &http1_limits_private, ret_consumed)
			  : http1_parse_response(head, bytes, count, &http1_limits_private, false, ret_consumed);
}

static void check_view(struct view view, const char *bytes, size_t count)
{
	ASSERT(view.count == 0 || view_equals_text(view, "/") ||
		(view.at >= bytes && view.at + view.count <= bytes + count));
}

static void check_rewritten(const struct http1_head *head)
{
	static char room[65536];
	static struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];
	struct http1_writer writer = http1_writer_at(room, sizeof room);
	struct http1_head again;
	size_t consumed;

	http1_write_request_line(&writer, head->method_text, head->target);
	for (size_t i = 0; i < head->header_count; i++)
		http1_write_header(&writer, head->headers[i].name, head->headers[i].value);
	ASSERT(http1_write_end(&writer) == 0);
	if (head->minor_version == 0)
		return; /* written as 1.1, where other rules hold */
	http1_head_init(&again, headers, HTTP1_HEADERS_MAX_COUNT);
	if (http1_parse_request(&again, room, (size_t)(writer.at - room), &http1_limits_private, &consumed) !=
		HTTP1_OK) {
		/* A blank behind each colon may pass the limit that the original just kept. */
		ASSERT(again.rule == HTTP1_RULE_HEADERS_LARGE);
		return;
	}
	ASSERT(again.header_count == head->header_count && again.framing == head->framing);
	ASSERT(again.content_length_bytes == head->content_length_bytes && again.keep_alive == head->keep_alive);
	ASSERT(view_equals(again.host, head->host) && view_equals(again.path, head->path));
}

static void check_head(bool is_request, const char *bytes, size_t count)
{
	struct http1_head whole, pieces;
	size_t consumed = 0, piece_consumed = 0;
	enum http1_result result, piece_result = HTTP1_NEED_MORE;

	http1_head_init(&whole, whole_headers, HTTP1_HEADERS_MAX_COUNT);
	result = parse(&whole, is_request, bytes, count, &consumed);
	http1_head_init(&pieces, piece_headers, HTTP1_HEADERS_MAX_COUNT);
	for (size_t fed = 0; fed <= count && piece_result == HTTP1_NEED_MORE; fed++)
		piece_result = parse(&pieces, is_request, bytes, fed, &piece_consumed);
	/* A line without an end may be refused at once or when its end comes. */
	ASSERT(result == piece_result || (result == HTTP1_REFUSED && piece_result == HTTP1_NEED_MORE));
	if (result != HTTP1_OK)
		return;
	ASSERT(consumed == piece_consumed && consumed <= count && whole.header_count == pieces.header_count);
	check_view(whole.path, bytes, count);
	check_view(whole.query, bytes, count);
	check_view(whole.host, bytes, count);
	for (size_t i = 0; i < whole.header_count; i++) {
		check_view(whole.headers[i].name, bytes, count);
		check_view(whole.headers[i].value, bytes, count);
	}
	if (is_request)
		check_rewritten(&whole);
}

/* Decode in steps of `step` bytes; returns the end and a hash of the data. */
static enum http1_result decode(const char *bytes, size_t count, size_t step, size_t *ret_consumed, uint64_t *ret_hash)
{
	enum http1_result result = HTTP1_NEED_MORE;
	struct http1_chunked chunked;

	http1_chunked_init(&chunked);
	*ret_consumed = 0;
	*ret_hash = 0;
	while (*ret_consumed < count && (result == HTTP1_NEED_MORE || result == HTTP1_OK)) {
		size_t piece = count - *ret_consumed < step ? count - *ret_consumed : step, used;
		struct view data;

		result = http1_chunked_next(&chunked, bytes + *ret_consumed, piece, &used, &data);
		ASSERT(used <= piece && (result != HTTP1_OK || data.count) &&
			(result != HTTP1_NEED_MORE || used == piece));
		for (size_t i = 0; i < data.count; i++)
			*ret_hash = *ret_hash * 31 + (unsigned char)data.at[i];
		*ret_consumed += used;
		if (result == HTTP1_REFUSED)
			break;
	}
	return result == HTTP1_OK ? HTTP1_NEED_MORE : result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);
	size_t consumed, bytewise;
	uint64_t hash, bytewise_hash;
	enum http1_result result;

	memcpy(bytes, data, size);
	check_head(true, bytes, size);
	check_head(false, bytes, size);
	result = decode(bytes, size, SIZE_MAX, &consumed, &hash);
	ASSERT(result == decode(bytes, size, 1, &bytewise, &bytewise_hash));
	ASSERT(hash == bytewise_hash && (result != HTTP1_END || consumed == bytewise));
	free(bytes);
	return 0;
}
