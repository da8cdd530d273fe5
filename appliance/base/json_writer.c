/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/json_writer.h"

#include "appliance/base/assert.h"

void json_writer_init(struct json_writer *writer, struct buffer *buffer)
{
	*writer = (struct json_writer){ .buffer = buffer };
}

/* What goes before a value: nothing behind a name, else the comma between items. */
static void before_value(struct json_writer *writer)
{
	if (writer->name_written)
		writer->name_written = false;
	else if (writer->comma_due)
		buffer_append_byte(writer->buffer, ',');
	writer->comma_due = true;
}

static void begin(struct json_writer *writer, char bracket)
{
	before_value(writer);
	buffer_append_byte(writer->buffer, bracket);
	writer->comma_due = false;
	writer->depth++;
}

static void end(struct json_writer *writer, char bracket)
{
	ASSERT(writer->depth > 0 && !writer->name_written);
	buffer_append_byte(writer->buffer, bracket);
	writer->comma_due = true;
	writer->depth--;
}

void json_write_object_begin(struct json_writer *writer)
{
	begin(writer, '{');
}

void json_write_object_end(struct json_writer *writer)
{
	end(writer, '}');
}

void json_write_array_begin(struct json_writer *writer)
{
	begin(writer, '[');
}

void json_write_array_end(struct json_writer *writer)
{
	end(writer, ']');
}

/* True for the bytes that stand for themselves in a JSON text. */
static inline bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void write_odd_byte(struct buffer *buffer, unsigned char byte)
{
	static const char short_names[0x20] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	static const char hex[] = "0123456789abcdef";
	char escape[6] = { '\\', (char)byte };

	if (byte == '"' || byte == '\\') {
		buffer_append_bytes(buffer, escape, 2);
	} else if (short_names[byte]) {
		escape[1] = short_names[byte];
		buffer_append_bytes(buffer, escape, 2);
	} else {
		escape[1] = 'u';
		escape[2] = escape[3] = '0';
		escape[4] = hex[byte >> 4];
		escape[5] = hex[byte & 15];
		buffer_append_bytes(buffer, escape, 6);
	}
}

void json_write_escaped(struct buffer *buffer, struct view text)
{
	size_t i = 0;

	while (i < text.count) {
		size_t from = i;

		while (i < text.count && is_plain((unsigned char)text.at[i]))
			i++;
		if (i > from)
			buffer_append_bytes(buffer, text.at + from, i - from);
		if (i == text.count)
			break;
		if ((unsigned char)text.at[i] < 0x80) {
			write_odd_byte(buffer, (unsigned char)text.at[i]);
			i++;
		} else {
			size_t count = view_utf8_character(view_after(text, i), NULL);

			if (count) {
				buffer_append_bytes(buffer, text.at + i, count);
				i += count;
			} else {
				buffer_append_utf8(buffer, 0xfffd);
				i++;
			}
		}
	}
}

static void write_quoted(struct buffer *buffer, struct view text)
{
	buffer_append_byte(buffer, '"');
	json_write_escaped(buffer, text);
	buffer_append_byte(buffer, '"');
}

void json_write_name(struct json_writer *writer, struct view name)
{
	ASSERT(writer->depth > 0 && !writer->name_written);
	before_value(writer);
	write_quoted(writer->buffer, name);
	buffer_append_byte(writer->buffer, ':');
	writer->name_written = true;
}

void json_write_text(struct json_writer *writer, struct view text)
{
	before_value(writer);
	write_quoted(writer->buffer, text);
}

void json_write_integer(struct json_writer *writer, int64_t number)
{
	before_value(writer);
	if (number < 0)
		buffer_append_byte(writer->buffer, '-');
	buffer_append_u64(writer->buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void json_write_unsigned(struct json_writer *writer, uint64_t number)
{
	before_value(writer);
	buffer_append_u64(writer->buffer, number);
}

void json_write_bool(struct json_writer *writer, bool truth)
{
	json_write_raw(writer, truth ? view_of("true") : view_of("false"));
}

void json_write_null(struct json_writer *writer)
{
	json_write_raw(writer, view_of("null"));
}

void json_write_raw(struct json_writer *writer, struct view json)
{
	before_value(writer);
	buffer_append(writer->buffer, json);
}

void json_write_tree(struct json_writer *writer, const struct json *value)
{
	before_value(writer);
	json_print(value, writer->buffer);
}

void json_write_member_text(struct json_writer *writer, const char *name, struct view text)
{
	json_write_name(writer, view_from_text(name));
	json_write_text(writer, text);
}

void json_write_member_integer(struct json_writer *writer, const char *name, int64_t number)
{
	json_write_name(writer, view_from_text(name));
	json_write_integer(writer, number);
}

void json_write_member_unsigned(struct json_writer *writer, const char *name, uint64_t number)
{
	json_write_name(writer, view_from_text(name));
	json_write_unsigned(writer, number);
}

void json_write_member_bool(struct json_writer *writer, const char *name, bool truth)
{
	json_write_name(writer, view_from_text(name));
	json_write_bool(writer, truth);
}
