/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Printing of trees. Recursion is bounded: what was parsed by JSON_MAX_DEPTH, what is built by the code that builds it. */
#include "appliance/base/json.h"

#include "appliance/base/assert.h"
#include "appliance/base/json_writer.h"

static void print_quoted(struct view text, struct buffer *buffer)
{
	buffer_append_byte(buffer, '"');
	json_write_escaped(buffer, text);
	buffer_append_byte(buffer, '"');
}

static void new_line(struct buffer *buffer, bool pretty, unsigned depth)
{
	if (!pretty)
		return;
	buffer_append_byte(buffer, '\n');
	for (unsigned i = 0; i < depth; i++)
		buffer_append_text(buffer, "  ");
}

static void print(const struct json *value, struct buffer *buffer, bool pretty, unsigned depth)
{
	bool object = json_is_object(value);

	switch (json_type(value)) {
	case JSON_NULL:
		buffer_append_text(buffer, "null");
		return;
	case JSON_BOOL:
		buffer_append_text(buffer, json_bool(value, false) ? "true" : "false");
		return;
	case JSON_NUMBER:
		buffer_append(buffer, json_number_text(value));
		return;
	case JSON_TEXT:
		print_quoted(json_text(value), buffer);
		return;
	default:
		break;
	}
	buffer_append_byte(buffer, object ? '{' : '[');
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json *item = json_at(value, i);

		if (i)
			buffer_append_byte(buffer, ',');
		new_line(buffer, pretty, depth + 1);
		if (object) {
			print_quoted(json_name(item), buffer);
			buffer_append_text(buffer, pretty ? ": " : ":");
		}
		print(item, buffer, pretty, depth + 1);
	}
	if (json_count(value))
		new_line(buffer, pretty, depth);
	buffer_append_byte(buffer, object ? '}' : ']');
}

void json_print(const struct json *value, struct buffer *buffer)
{
	print(value, buffer, false, 0);
}

void json_print_pretty(const struct json *value, struct buffer *buffer)
{
	print(value, buffer, true, 0);
}

char *json_print_text(const struct json *value)
{
	struct buffer buffer;
	char *text;

	buffer_init(&buffer, SIZE_MAX / 4);
	json_print(value, &buffer);
	text = buffer_take(&buffer, NULL);
	ASSERT(text && "out of memory");
	return text;
}
