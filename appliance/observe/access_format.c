/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/access_format.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/json_writer.h"

enum variable_kind { VARIABLE_TEXT, VARIABLE_NUMBER, VARIABLE_SPECIAL };

enum special { SPECIAL_NONE, SPECIAL_DOMAIN_PREFIX, SPECIAL_ERROR_MESSAGE_STRING, SPECIAL_REQUEST_TIME };

struct variable {
	struct view name;
	enum variable_kind kind;
	enum special special;
	size_t offset; /* in struct access_record */
};

static const struct variable variables[] = {
#define TEXT(id, text, member) { VIEW_INIT(text), VARIABLE_TEXT, SPECIAL_NONE, offsetof(struct access_record, member) },
#define NUMBER(id, text, member)                                                                                       \
	{ VIEW_INIT(text), VARIABLE_NUMBER, SPECIAL_NONE, offsetof(struct access_record, member) },
#define SPECIAL(id, text) { VIEW_INIT(text), VARIABLE_SPECIAL, SPECIAL_##id, 0 },
#include "appliance/observe/context_variables.def"
};

/* A piece of a format: text, then a variable (NULL: an unknown one; only the last piece may have none). */
struct piece {
	struct view text;
	const struct variable *variable;
	bool has_variable;
};

struct access_format {
	struct view text; /* behind the pieces */
	size_t piece_count;
	struct piece pieces[];
};

/* --- compiling -------------------------------------------------------------------------------------------------------- */

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_' || byte == '.';
}

/* Does a variable begin at `at`? Then its name and how many bytes it takes. */
static bool variable_at(struct view text, size_t at, struct view *ret_name, size_t *ret_count)
{
	static const struct view plain = VIEW_INIT("$context."), braced = VIEW_INIT("${context.");
	struct view rest = view_after(text, at);
	bool in_braces = view_starts_with(rest, braced);
	size_t start = in_braces ? braced.count : plain.count, end;

	if (!in_braces && !view_starts_with(rest, plain))
		return false;
	for (end = start; end < rest.count && is_name_byte(rest.at[end]);)
		end++;
	while (!in_braces && end > start && rest.at[end - 1] == '.')
		end--;
	if (end == start || (in_braces && (end == rest.count || rest.at[end] != '}')))
		return false;
	*ret_name = view_part(rest, start, end - start);
	*ret_count = end + in_braces;
	return true;
}

static const struct variable *find_variable(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
		if (view_equals(variables[i].name, name))
			return &variables[i];
	return NULL;
}

/* Cut `text` into pieces; `pieces` may be NULL to count only. */
static size_t cut(struct view text, struct piece *pieces)
{
	size_t count = 0, start = 0;

	for (size_t i = 0; i < text.count;) {
		struct view name;
		size_t variable_bytes;

		if (text.at[i] != '$' || !variable_at(text, i, &name, &variable_bytes)) {
			i++;
			continue;
		}
		if (pieces)
			pieces[count] = (struct piece){ view_part(text, start, i - start), find_variable(name), true };
		count++;
		i += variable_bytes;
		start = i;
	}
	if (pieces)
		pieces[count] = (struct piece){ .text = view_after(text, start) };
	return count + 1;
}

struct access_format *access_format_new(struct view text)
{
	struct access_format *format;
	size_t piece_count;
	char *copy;

	if (text.count > ACCESS_FORMAT_MAX_BYTES)
		return NULL;
	piece_count = cut(text, NULL);
	format = malloc(sizeof *format + piece_count * sizeof *format->pieces + text.count);
	if (!format)
		return NULL;
	copy = (char *)(format->pieces + piece_count);
	if (text.count)
		memcpy(copy, text.at, text.count);
	format->text = view_from(copy, text.count);
	format->piece_count = cut(view_trim_set(format->text, "\r\n"), format->pieces);
	return format;
}

void access_format_free(struct access_format *format)
{
	free(format);
}

struct view access_format_text(const struct access_format *format)
{
	return format->text;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static struct view first_label(struct view name)
{
	size_t dot = view_find_byte(name, '.');

	return dot == VIEW_NOWHERE ? name : view_part(name, 0, dot);
}

static void write_text(struct buffer *buffer, struct view text)
{
	if (text.count)
		buffer_append(buffer, text);
	else
		buffer_append_byte(buffer, '-');
}

static void write_number(struct buffer *buffer, int64_t number)
{
	if (number >= 0)
		buffer_append_u64(buffer, (uint64_t)number);
	else
		buffer_append_byte(buffer, '-');
}

static void write_special(struct buffer *buffer, enum special special, const struct access_record *record)
{
	char time[CLOCK_TEXT_MAX_BYTES];

	switch (special) {
	case SPECIAL_DOMAIN_PREFIX:
		write_text(buffer, first_label(record->domain_name));
		return;
	case SPECIAL_ERROR_MESSAGE_STRING:
		if (record->error_message.count) {
			buffer_append_byte(buffer, '"');
			json_write_escaped(buffer, record->error_message);
			buffer_append_byte(buffer, '"');
			return;
		}
		break;
	case SPECIAL_REQUEST_TIME:
		if (record->request_time_ms >= 0) {
			buffer_append_bytes(buffer, time, clock_write_clf(time, (uint64_t)record->request_time_ms));
			return;
		}
		break;
	case SPECIAL_NONE:
		break;
	}
	buffer_append_byte(buffer, '-');
}

static void write_variable(struct buffer *buffer, const struct variable *variable, const struct access_record *record)
{
	const char *member = (const char *)record + (variable ? variable->offset : 0);
	struct view text;
	int64_t number;

	if (!variable) {
		buffer_append_byte(buffer, '-');
		return;
	}
	switch (variable->kind) {
	case VARIABLE_TEXT:
		memcpy(&text, member, sizeof text);
		write_text(buffer, text);
		return;
	case VARIABLE_NUMBER:
		memcpy(&number, member, sizeof number);
		write_number(buffer, number);
		return;
	case VARIABLE_SPECIAL:
		write_special(buffer, variable->special, record);
		return;
	}
}

void access_format_write(const struct access_format *format, const struct access_record *record, struct buffer *buffer)
{
	for (size_t i = 0; i < format->piece_count; i++) {
		const struct piece *piece = &format->pieces[i];

		buffer_append(buffer, piece->text);
		if (piece->has_variable)
			write_variable(buffer, piece->variable, record);
	}
	buffer_append_byte(buffer, '\n');
}

bool access_format_append_variable(struct view name, const struct access_record *record, struct buffer *buffer)
{
	size_t before = buffer->count;

	write_variable(buffer, find_variable(name), record);
	/* In a log an unset value shows as "-"; elsewhere it is nothing. */
	if (!view_equals_text(view_after(buffer_view(buffer), before), "-"))
		return true;
	buffer_truncate(buffer, before);
	return false;
}

/* --- Postern's own line ------------------------------------------------------------------------------------------------ */

/*
 * Written for every request, so it is written fast: room is checked once a member, and values are copied eight bytes at a
 * time as long as nothing in them needs an escape.
 */

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Does any of eight bytes need an escape, or a look at its UTF-8? Exact for what it says no to. */
static bool is_any_odd(uint64_t bytes)
{
	uint64_t quote = bytes ^ EACH_BYTE('"'), backslash = bytes ^ EACH_BYTE('\\');

	/* High bits: bytes that are 0x80 and more, below a blank, a quote, a backslash (each "is zero" as x - 1 borrows). */
	return ((bytes | (bytes - EACH_BYTE(' ')) | (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1))) &
		       EACH_BYTE(0x80)) != 0;
}

/* Copy `text` if it needs no escape. `ret` has room for it. */
static bool copy_plain(char *ret, struct view text)
{
	size_t i = 0;
	uint64_t bytes;

	for (; i + sizeof bytes <= text.count; i += sizeof bytes) {
		memcpy(&bytes, text.at + i, sizeof bytes);
		if (is_any_odd(bytes))
			return false;
		memcpy(ret + i, &bytes, sizeof bytes);
	}
	bytes = EACH_BYTE('x');
	memcpy(&bytes, text.at + i, text.count - i);
	if (is_any_odd(bytes))
		return false;
	memcpy(ret + i, &bytes, text.count - i);
	return true;
}

/* `start` is a literal like `,"path":"`; nothing is written for an unset value. */
static void write_member(struct buffer *buffer, struct view start, struct view value)
{
	size_t count = start.count + value.count + 1;
	char *at;

	if (!value.count)
		return;
	at = buffer_reserve(buffer, count);
	if (!at)
		return;
	memcpy(at, start.at, start.count);
	if (copy_plain(at + start.count, value)) {
		at[count - 1] = '"';
		buffer_commit(buffer, count);
		return;
	}
	buffer_commit(buffer, start.count);
	json_write_escaped(buffer, value);
	buffer_append_byte(buffer, '"');
}

static void write_member_number(struct buffer *buffer, struct view start, int64_t value)
{
	char digits[20], *at;
	size_t first = sizeof digits;
	uint64_t left = (uint64_t)value;

	if (value < 0)
		return;
	at = buffer_reserve(buffer, start.count + sizeof digits);
	if (!at)
		return;
	do
		digits[--first] = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	memcpy(at, start.at, start.count);
	memcpy(at + start.count, digits + first, sizeof digits - first);
	buffer_commit(buffer, start.count + sizeof digits - first);
}

/* The beginning of the line: the time, whose part up to the second is made once a second. */
static void write_time(struct buffer *buffer, uint64_t wall_ms)
{
	static const char start[] = "{\"time\":\"";
	static _Thread_local struct {
		uint64_t second;
		char text[CLOCK_TEXT_MAX_BYTES];
		size_t count; /* without the Z; 0: nothing kept yet */
	} kept;
	unsigned int ms = (unsigned int)(wall_ms % 1000u);
	char end[] = { '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"' };

	if (!kept.count || kept.second != wall_ms / 1000u) {
		kept.second = wall_ms / 1000u;
		kept.count = clock_write_iso(kept.text, wall_ms) - 1;
	}
	buffer_append_bytes(buffer, start, sizeof start - 1);
	buffer_append_bytes(buffer, kept.text, kept.count);
	buffer_append_bytes(buffer, end, sizeof end);
}

void access_format_write_json(const struct access_record *record, struct buffer *buffer)
{
	write_time(buffer, record->request_time_ms > 0 ? (uint64_t)record->request_time_ms : 0);
	write_member(buffer, view_of(",\"requestId\":\""), record->request_id);
	write_member(buffer, view_of(",\"extendedRequestId\":\""), record->extended_request_id);
	write_member(buffer, view_of(",\"vpceId\":\""), record->vpce_id);
	write_member(buffer, view_of(",\"sourceIp\":\""), record->source_ip);
	write_member(buffer, view_of(",\"domainName\":\""), record->domain_name);
	write_member(buffer, view_of(",\"apiId\":\""), record->api_id);
	write_member(buffer, view_of(",\"stage\":\""), record->stage);
	write_member(buffer, view_of(",\"httpMethod\":\""), record->http_method);
	write_member(buffer, view_of(",\"resourcePath\":\""), record->resource_path);
	write_member(buffer, view_of(",\"path\":\""), record->path);
	write_member(buffer, view_of(",\"protocol\":\""), record->protocol);
	write_member_number(buffer, view_of(",\"status\":"), record->status);
	write_member_number(buffer, view_of(",\"requestLength\":"), record->request_length_bytes);
	write_member_number(buffer, view_of(",\"responseLength\":"), record->response_length_bytes);
	write_member_number(buffer, view_of(",\"latencyUs\":"), record->response_latency_us);
	write_member_number(buffer, view_of(",\"integrationStatus\":"), record->integration_status);
	write_member_number(buffer, view_of(",\"integrationLatencyUs\":"), record->integration_latency_us);
	write_member(buffer, view_of(",\"integrationError\":\""), record->integration_error);
	write_member(buffer, view_of(",\"errorType\":\""), record->error_type);
	write_member(buffer, view_of(",\"errorMessage\":\""), record->error_message);
	write_member(buffer, view_of(",\"deniedBy\":\""), record->denied_by);
	if (record->denied_by.count)
		write_member_number(buffer, view_of(",\"deniedStatement\":"), record->denied_statement);
	write_member(buffer, view_of(",\"deniedSid\":\""), record->denied_sid);
	write_member(buffer, view_of(",\"reason\":\""), record->reason);
	write_member(buffer, view_of(",\"userArn\":\""), record->user_arn);
	write_member(buffer, view_of(",\"tlsVersion\":\""), record->tls_version);
	write_member(buffer, view_of(",\"cipherSuite\":\""), record->tls_cipher);
	write_member(buffer, view_of(",\"userAgent\":\""), record->user_agent);
	buffer_append(buffer, view_of("}\n"));
}
