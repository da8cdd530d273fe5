/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/buffer.h"
#include "appliance/base/clock.h"
#include "appliance/base/json_writer.h"

static const char *program_name = "postern";
static _Atomic int current_level = LOG_LEVEL_INFO;
static _Atomic int current_form = LOG_FORM_AUTO;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_start(const char *program, enum log_level level, enum log_form form)
{
	program_name = program;
	current_level = (int)level;
	if (form == LOG_FORM_AUTO)
		form = isatty(STDERR_FILENO) ? LOG_FORM_TEXT : LOG_FORM_JSON;
	current_form = (int)form;
}

void log_level_set(enum log_level level)
{
	current_level = (int)level;
}

bool log_is_on(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

bool log_level_parse(struct view text, enum log_level *ret)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
		if (view_equals_text(text, level_names[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static struct view error_text(int64_t error, char *room, size_t room_bytes)
{
	int number = (int)(error < 0 ? -error : error);
	const char *name = strerrorname_np(number);
	int count = snprintf(room, room_bytes, "%s: %s", name ? name : "error",
		strerrordesc_np(number) ? strerrordesc_np(number) : "unknown");

	return view_from(room, count < 0 ? 0 : (size_t)count < room_bytes ? (size_t)count : room_bytes - 1);
}

static void write_json_field(struct json_writer *writer, const struct log_field *field)
{
	char room[160];

	json_write_name(writer, view_from_text(field->type == LOG_FIELD_ERROR && !field->name ? "error" : field->name));
	switch (field->type) {
	case LOG_FIELD_TEXT:
		json_write_text(writer, field->value.text);
		break;
	case LOG_FIELD_INT:
		json_write_integer(writer, field->value.number);
		break;
	case LOG_FIELD_UINT:
		json_write_unsigned(writer, field->value.size);
		break;
	case LOG_FIELD_BOOL:
		json_write_bool(writer, field->value.truth);
		break;
	case LOG_FIELD_ERROR:
		json_write_text(writer, error_text(field->value.number, room, sizeof room));
		break;
	case LOG_FIELD_NONE:
		json_write_null(writer);
		break;
	}
}

static void write_text_field(struct buffer *line, const struct log_field *field)
{
	char room[160];

	buffer_printf(line, " %s=", field->name);
	switch (field->type) {
	case LOG_FIELD_INT:
		buffer_printf(line, "%lld", (long long)field->value.number);
		break;
	case LOG_FIELD_UINT:
		buffer_append_u64(line, field->value.size);
		break;
	case LOG_FIELD_BOOL:
		buffer_append_text(line, field->value.truth ? "true" : "false");
		break;
	default:
		buffer_append_byte(line, '"');
		json_write_escaped(line, field->type == LOG_FIELD_ERROR
						 ? error_text(field->value.number, room, sizeof room)
						 : field->value.text);
		buffer_append_byte(line, '"');
		break;
	}
}

size_t log_format(char *ret, size_t room, enum log_form form, uint64_t wall_ms, enum log_level level,
	const char *message, const struct log_field *fields, size_t field_count)
{
	char time[CLOCK_TEXT_MAX_BYTES];
	struct view when = view_from(time, clock_write_iso_ms(time, wall_ms));
	struct json_writer writer;
	struct buffer line;
	size_t good; /* what is held when the line ends in a whole field */

	buffer_init_fixed(&line, ret, room - 2); /* "}\n" always fits */
	json_writer_init(&writer, &line);
	if (form == LOG_FORM_TEXT) {
		buffer_printf(&line, "%s %-7s %s: %s", time, level_names[level], program_name, message);
	} else {
		json_write_object_begin(&writer);
		json_write_member_text(&writer, "time", when);
		json_write_member_text(&writer, "level", view_from_text(level_names[level]));
		json_write_member_text(&writer, "program", view_from_text(program_name));
		json_write_member_text(&writer, "message", view_from_text(message));
	}
	good = line.count;
	for (size_t i = 0; i < field_count && !buffer_error(&line); i++) {
		if (form == LOG_FORM_TEXT)
			write_text_field(&line, &fields[i]);
		else
			write_json_field(&writer, &fields[i]);
		if (!buffer_error(&line))
			good = line.count;
	}
	if (form != LOG_FORM_TEXT)
		ret[good++] = '}';
	ret[good++] = '\n';
	return good;
}

/* True if this line may pass; `*ret_suppressed` is how many of its kind did not since the last one that did. */
static bool may_pass(struct log_place *place, uint64_t second, uint32_t *ret_suppressed)
{
	*ret_suppressed = 0;
	if (!place)
		return true;
	if (atomic_exchange_explicit(&place->second, second, memory_order_relaxed) != second)
		atomic_store_explicit(&place->count, 0, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&place->count, 1, memory_order_relaxed) >= LOG_BURST_COUNT) {
		atomic_fetch_add_explicit(&place->suppressed_count, 1, memory_order_relaxed);
		return false;
	}
	*ret_suppressed = atomic_exchange_explicit(&place->suppressed_count, 0, memory_order_relaxed);
	return true;
}

void log_event(struct log_place *place, enum log_level level, const char *message, const struct log_field *fields,
	size_t field_count)
{
	char line[LOG_LINE_MAX_BYTES];
	uint64_t now_ms = clock_wall_ms();
	uint32_t suppressed;
	int saved_errno = errno;
	size_t count;
	ssize_t written;

	if (!may_pass(place, now_ms / 1000, &suppressed))
		return;
	if (suppressed) {
		const struct log_field field = LOG_UINT("suppressed", suppressed);

		count = log_format(line, sizeof line, (enum log_form)current_form, now_ms, level,
			"lines like the next were suppressed", &field, 1);
		written = write(STDERR_FILENO, line, count);
	}
	count = log_format(line, sizeof line, (enum log_form)current_form, now_ms, level, message, fields, field_count);
	written = write(STDERR_FILENO, line, count);
	(void)written; /* a log that can't be written can't be complained about */
	errno = saved_errno;
}
