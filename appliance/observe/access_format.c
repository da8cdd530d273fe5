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
 * Written for every request, so it is written fast: room for the whole line is taken at once, and values are copied eight bytes
 * at a time as long as nothing in them needs an escape. If anything does, the line is written again by the slow way.
 */

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Does any of eight bytes need an escape, or a look at its UTF-8? Exact for what it says no to. */
static inline bool is_any_odd(uint64_t bytes)
{
	uint64_t quote = bytes ^ EACH_BYTE('"'), backslash = bytes ^ EACH_BYTE('\\');

	/* High bits: bytes that are 0x80 and more, below a blank, a quote, a backslash (each "is zero" as x - 1 borrows). */
	return ((bytes | (bytes - EACH_BYTE(' ')) | (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1))) &
		       EACH_BYTE(0x80)) != 0;
}

static inline bool copy_eight(char *ret, const char *from)
{
	uint64_t bytes;

	memcpy(&bytes, from, sizeof bytes);
	memcpy(ret, &bytes, sizeof bytes);
	return !is_any_odd(bytes);
}

/* Copy `text`; false if anything in it needs an escape. `ret` has room for it. */
static inline bool copy_plain(char *ret, struct view text)
{
	bool plain = true;
	size_t i = 0;

	if (text.count < 8) {
		for (; i < text.count; i++) {
			ret[i] = text.at[i];
			plain &= !is_any_odd(EACH_BYTE((unsigned char)text.at[i]));
		}
		return plain;
	}
	for (; i + 8 <= text.count; i += 8)
		plain &= copy_eight(ret + i, text.at + i);
	return plain & copy_eight(ret + text.count - 8, text.at + text.count - 8);
}

/* The text up to the second of a time, made once a second. */
static struct view second_text(uint64_t wall_ms)
{
	static _Thread_local struct {
		uint64_t second;
		char text[CLOCK_TEXT_MAX_BYTES];
		size_t count; /* without the Z; 0: nothing kept yet */
	} kept;

	if (!kept.count || kept.second != wall_ms / 1000u) {
		kept.second = wall_ms / 1000u;
		kept.count = clock_write_iso(kept.text, wall_ms) - 1;
	}
	return view_from(kept.text, kept.count);
}

/* A line on its way: where the next byte goes, and whether all values were plain. */
struct line {
	char *at;
	bool plain;
};

static inline void put_literal(struct line *line, const char *text, size_t count)
{
	memcpy(line->at, text, count);
	line->at += count;
}

static inline void put_text(struct line *line, const char *start, size_t start_count, struct view value)
{
	if (!value.count)
		return;
	put_literal(line, start, start_count);
	line->plain &= copy_plain(line->at, value);
	line->at += value.count;
	*line->at++ = '"';
}

static inline void put_number(struct line *line, const char *start, size_t start_count, int64_t value)
{
	char digits[20];
	size_t first = sizeof digits;
	uint64_t left = (uint64_t)value;

	if (value < 0)
		return;
	put_literal(line, start, start_count);
	do
		digits[--first] = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	put_literal(line, digits + first, sizeof digits - first);
}

static void put_time(struct line *line, uint64_t wall_ms)
{
	struct view second = second_text(wall_ms);
	unsigned int ms = (unsigned int)(wall_ms % 1000u);
	char end[] = { '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '"' };

	put_literal(line, "{\"time\":\"", 9);
	put_literal(line, second.at, second.count);
	put_literal(line, end, sizeof end);
}

/* Bytes that the line of `record` takes at most if nothing in it is escaped. */
static size_t plain_bytes(const struct access_record *record)
{
	return sizeof "{\"time\":\"\"}\n" + CLOCK_TEXT_MAX_BYTES
#define TEXT(name, member) +sizeof ",\"" name "\":\"\"" + record->member.count
#define NUMBER(name, member, condition) +sizeof ",\"" name "\":" + 20
#include "appliance/observe/access_line.def"
		;
}

static void write_plain(struct line *line, const struct access_record *record)
{
	put_time(line, record->request_time_ms > 0 ? (uint64_t)record->request_time_ms : 0);
#define TEXT(name, member) put_text(line, ",\"" name "\":\"", sizeof ",\"" name "\":\"" - 1, record->member);
#define NUMBER(name, member, condition)                                                                                \
	if (condition)                                                                                                 \
		put_number(line, ",\"" name "\":", sizeof ",\"" name "\":" - 1, record->member);
#include "appliance/observe/access_line.def"
	put_literal(line, "}\n", 2);
}

static void write_escaped_text(struct buffer *buffer, struct view start, struct view value)
{
	if (!value.count)
		return;
	buffer_append(buffer, start);
	json_write_escaped(buffer, value);
	buffer_append_byte(buffer, '"');
}

static void write_escaped(struct buffer *buffer, const struct access_record *record)
{
	char time[CLOCK_TEXT_MAX_BYTES];

	buffer_append(buffer, view_of("{\"time\":\""));
	buffer_append_bytes(buffer, time,
		clock_write_iso_ms(time, record->request_time_ms > 0 ? (uint64_t)record->request_time_ms : 0));
	buffer_append_byte(buffer, '"');
#define TEXT(name, member) write_escaped_text(buffer, view_of(",\"" name "\":\""), record->member);
#define NUMBER(name, member, condition)                                                                                \
	if ((condition) && record->member >= 0) {                                                                      \
		buffer_append(buffer, view_of(",\"" name "\":"));                                                      \
		buffer_append_u64(buffer, (uint64_t)record->member);                                                   \
	}
#include "appliance/observe/access_line.def"
	buffer_append(buffer, view_of("}\n"));
}

void access_format_write_json(const struct access_record *record, struct buffer *buffer)
{
	struct line line = { .at = buffer_reserve(buffer, plain_bytes(record)), .plain = true };
	char *start = line.at;

	if (!start)
		return;
	write_plain(&line, record);
	if (line.plain)
		buffer_commit(buffer, (size_t)(line.at - start));
	else
		write_escaped(buffer, record);
}
