/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_writer: JSON written straight into a buffer, without a tree: access log lines, answers, log events.
 *
 *	json_write_object_begin(&writer);
 *	json_write_name(&writer, view_of("message"));
 *	json_write_text(&writer, text);
 *	json_write_object_end(&writer);
 *
 * Commas and quotes are the writer's task. Wrong order of calls is an assertion; lack of room is the buffer's sticky error. Texts may
 * hold any bytes: quotes, backslashes and control characters are escaped, ill-formed UTF-8 becomes U+FFFD, so
 * the output is JSON whatever comes in. Allocates nothing itself. Threads: one at a time.
 */
#ifndef POSTERN_BASE_JSON_WRITER_H
#define POSTERN_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"

struct json_writer {
	struct buffer *buffer; /* borrowed */
	uint32_t depth;
	bool comma_due, name_written;
};

void json_writer_init(struct json_writer *writer, struct buffer *buffer);

void json_write_object_begin(struct json_writer *writer);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);

void json_write_name(struct json_writer *writer, struct view name);

void json_write_text(struct json_writer *writer, struct view text);
void json_write_integer(struct json_writer *writer, int64_t number);
void json_write_unsigned(struct json_writer *writer, uint64_t number);
void json_write_bool(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);
void json_write_raw(struct json_writer *writer, struct view json); /* a complete JSON value, trusted */
void json_write_tree(struct json_writer *writer, const struct json *value);

/* Name and value at once. */
void json_write_member_text(struct json_writer *writer, const char *name, struct view text);
void json_write_member_integer(struct json_writer *writer, const char *name, int64_t number);
void json_write_member_unsigned(struct json_writer *writer, const char *name, uint64_t number);
void json_write_member_bool(struct json_writer *writer, const char *name, bool truth);

/* Only the escaped text, without quotes: for templates of access logs. */
void json_write_escaped(struct buffer *buffer, struct view text);

#endif
