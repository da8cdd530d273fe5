/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/invoke.h"

#include <errno.h>
#include <string.h>

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void write_number(struct buffer *buffer, uint32_t number)
{
	buffer_append_bytes(buffer, &number, sizeof number);
}

/* Lengths above are cut short by the buffer's limit, which is below what 32 bits hold. */
static void write_text(struct buffer *buffer, struct view text)
{
	write_number(buffer, (uint32_t)text.count);
	buffer_append(buffer, text);
}

static void write_pairs(struct buffer *buffer, struct invoke_pairs pairs)
{
	write_number(buffer, (uint32_t)pairs.count);
	for (size_t i = 0; i < pairs.count; i++) {
		write_text(buffer, pairs.at[i].name);
		write_text(buffer, pairs.at[i].value);
	}
}

static size_t begin(struct buffer *buffer)
{
	const struct invoke_header header = { .version = INVOKE_VERSION };
	size_t start = buffer->count;

	buffer_append_bytes(buffer, &header, sizeof header);
	return start;
}

static void end(struct buffer *buffer, size_t start)
{
	struct invoke_header header = { .version = INVOKE_VERSION };

	if (buffer_error(buffer))
		return;
	header.bytes = (uint32_t)(buffer->count - start - sizeof header);
	memcpy(buffer->at + start, &header, sizeof header);
}

void invoke_write_question(struct buffer *buffer, const struct invoke_question *question)
{
	size_t start = begin(buffer);

	write_number(buffer, question->kind);
	write_number(buffer, question->has_path);
	write_text(buffer, question->rest_api_id);
	write_text(buffer, question->part_id);
	write_text(buffer, question->http_method);
	write_text(buffer, question->path);
	write_text(buffer, question->body);
	write_text(buffer, question->client_certificate_id);
	write_pairs(buffer, question->fields);
	write_pairs(buffer, question->variables);
	write_pairs(buffer, question->context);
	end(buffer, start);
}

void invoke_write_answer(struct buffer *buffer, const struct invoke_answer *answer)
{
	size_t start = begin(buffer);

	write_number(buffer, answer->outcome);
	write_number(buffer, answer->status);
	write_number(buffer, answer->latency_ms);
	write_number(buffer, answer->spare);
	write_text(buffer, answer->message);
	write_text(buffer, answer->body);
	write_text(buffer, answer->log);
	write_pairs(buffer, answer->fields);
	end(buffer, start);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* Where in a message we are; the first error sticks, and everything behind it is empty. */
struct cursor {
	struct view rest;
	struct arena *arena;
	int error;
};

static uint32_t read_number(struct cursor *cursor)
{
	uint32_t number;

	if (cursor->error || cursor->rest.count < sizeof number) {
		cursor->error = cursor->error ? cursor->error : -EPROTO;
		return 0;
	}
	memcpy(&number, cursor->rest.at, sizeof number);
	cursor->rest = view_after(cursor->rest, sizeof number);
	return number;
}

static struct view read_text(struct cursor *cursor)
{
	uint32_t count = read_number(cursor);
	struct view text;

	if (cursor->error || count > cursor->rest.count) {
		cursor->error = cursor->error ? cursor->error : -EPROTO;
		return view_of("");
	}
	text = view_part(cursor->rest, 0, count);
	cursor->rest = view_after(cursor->rest, count);
	return text;
}

static struct invoke_pairs read_pairs(struct cursor *cursor)
{
	uint32_t count = read_number(cursor);
	struct invoke_pair *pairs;

	if (cursor->error || count == 0)
		return (struct invoke_pairs){ 0 };
	pairs = count <= INVOKE_PAIRS_MAX ? ARENA_NEW_ARRAY(cursor->arena, struct invoke_pair, count) : NULL;
	if (!pairs) {
		cursor->error = count <= INVOKE_PAIRS_MAX ? -ENOMEM : -EPROTO;
		return (struct invoke_pairs){ 0 };
	}
	for (uint32_t i = 0; i < count; i++) {
		pairs[i].name = read_text(cursor);
		pairs[i].value = read_text(cursor);
	}
	return (struct invoke_pairs){ .at = pairs, .count = count };
}

long invoke_message_bytes(struct view bytes)
{
	struct invoke_header header;

	if (bytes.count < sizeof header)
		return 0;
	memcpy(&header, bytes.at, sizeof header);
	if (header.version != INVOKE_VERSION || header.bytes > INVOKE_MESSAGE_MAX_BYTES - sizeof header)
		return -EPROTO;
	return (long)(sizeof header + header.bytes);
}

static struct cursor cursor_at(struct view message, struct arena *arena)
{
	long count = invoke_message_bytes(message);

	if (count <= 0 || (size_t)count != message.count)
		return (struct cursor){ .error = -EPROTO };
	return (struct cursor){ .rest = view_after(message, sizeof(struct invoke_header)), .arena = arena };
}

/* What is behind the last member would be of a message that we do not know. */
static int finish(const struct cursor *cursor, bool valid)
{
	if (cursor->error)
		return cursor->error;
	return cursor->rest.count == 0 && valid ? 0 : -EPROTO;
}

int invoke_read_question(struct invoke_question *ret, struct view message, struct arena *arena)
{
	struct cursor cursor = cursor_at(message, arena);

	ret->kind = read_number(&cursor);
	ret->has_path = read_number(&cursor);
	ret->rest_api_id = read_text(&cursor);
	ret->part_id = read_text(&cursor);
	ret->http_method = read_text(&cursor);
	ret->path = read_text(&cursor);
	ret->body = read_text(&cursor);
	ret->client_certificate_id = read_text(&cursor);
	ret->fields = read_pairs(&cursor);
	ret->variables = read_pairs(&cursor);
	ret->context = read_pairs(&cursor);
	return finish(&cursor, (ret->kind == INVOKE_METHOD || ret->kind == INVOKE_AUTHORIZER) && ret->has_path <= 1);
}

int invoke_read_answer(struct invoke_answer *ret, struct view message, struct arena *arena)
{
	struct cursor cursor = cursor_at(message, arena);

	ret->outcome = read_number(&cursor);
	ret->status = read_number(&cursor);
	ret->latency_ms = read_number(&cursor);
	ret->spare = read_number(&cursor);
	ret->message = read_text(&cursor);
	ret->body = read_text(&cursor);
	ret->log = read_text(&cursor);
	ret->fields = read_pairs(&cursor);
	return finish(&cursor, ret->outcome >= INVOKE_RAN && ret->outcome <= INVOKE_REFUSED && ret->spare == 0 &&
				       (ret->outcome != INVOKE_RAN || (ret->status >= 100 && ret->status <= 599)));
}
