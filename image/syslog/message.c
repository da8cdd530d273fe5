/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/message.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "appliance/base/clock.h"

/* RFC 5424, 6: APP-NAME. */
#define APPLICATION_MAX_BYTES 48
/* Where a JSON line of Postern's programs has its time and its level. */
#define FIELDS_WITHIN_BYTES 96
/* RFC 5424, 6.2.1. */
enum { ERROR = 3, WARNING = 4, NOTICE = 5, INFORMATION = 6, DEBUG = 7 };
enum { KERNEL = 0, DAEMON = 3, LOG_AUDIT = 13, LOCAL0 = 16 };

struct parts {
	unsigned facility, severity;
	const char *kind;
	struct view application, text;
	uint64_t wall_ms;
};

/* The text value of `"name":` near the line's beginning; false if there is none. */
static bool find_field(struct view line, const char *name, struct view *ret)
{
	struct view start = view_part(line, 0, FIELDS_WITHIN_BYTES), value;
	size_t at = view_find(start, view_from_text(name));

	if (line.count == 0 || line.at[0] != '{' || at == VIEW_NOWHERE)
		return false;
	value = view_after(start, at + strlen(name));
	while (value.count && (*value.at == ':' || *value.at == ' '))
		value = view_after(value, 1);
	return value.count && *value.at == '"' && view_cut(view_after(value, 1), '"', ret, &value);
}

static unsigned severity_of(struct view text)
{
	struct view level;

	if (!find_field(text, "\"level\"", &level))
		return INFORMATION;
	if (view_equals_text(level, "error"))
		return ERROR;
	if (view_equals_text(level, "warning"))
		return WARNING;
	return view_equals_text(level, "debug") ? DEBUG : INFORMATION;
}

static bool is_application(struct view name)
{
	if (name.count == 0 || name.count > APPLICATION_MAX_BYTES)
		return false;
	for (size_t i = 0; i < name.count; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	return true;
}

/* "TIME program: text"; a line without such a beginning is text as it stands. */
static void cut_console_line(struct parts *parts)
{
	struct view time, rest, name, text;

	if (view_cut(parts->text, ' ', &time, &rest) && clock_parse_iso(time, &parts->wall_ms) == 0)
		parts->text = rest;
	if (view_cut(parts->text, ':', &name, &text) && is_application(name)) {
		parts->application = name;
		parts->text = text.count && *text.at == ' ' ? view_after(text, 1) : text;
	}
	parts->severity = severity_of(parts->text);
	/* init keeps no others of its lines. */
	if (view_equals_text(parts->application, "kernel")) {
		parts->facility = KERNEL;
		parts->severity = WARNING;
	}
}

static struct parts cut(enum message_source source, uint64_t now_wall_ms, struct view line)
{
	struct parts parts = { .application = view_from_text("postern"), .text = line, .wall_ms = now_wall_ms };
	struct view time;

	switch (source) {
	case MESSAGE_AUDIT:
		parts.facility = LOG_AUDIT;
		parts.severity = NOTICE;
		parts.kind = "audit";
		break;
	case MESSAGE_ACCESS:
		parts.facility = LOCAL0;
		parts.severity = INFORMATION;
		parts.kind = "access";
		break;
	default:
		parts.facility = DAEMON;
		parts.kind = "console";
		cut_console_line(&parts);
		return parts;
	}
	if (find_field(line, "\"time\"", &time) && clock_parse_iso(time, &parts.wall_ms) < 0)
		parts.wall_ms = now_wall_ms;
	return parts;
}

static void append_hostname(struct buffer *buffer, const char *hostname)
{
	size_t before = buffer->count;

	for (; *hostname && buffer->count - before < MESSAGE_HOSTNAME_MAX_BYTES; hostname++)
		if (*hostname > ' ' && *hostname <= '~')
			buffer_append_byte(buffer, *hostname);
	if (buffer->count == before)
		buffer_append_byte(buffer, '-');
}

/* As much of `text` as fits, not ending within a character. */
static void append_text(struct buffer *buffer, struct view text)
{
	size_t count = text.count, room = buffer->limit_bytes - buffer->count;

	if (count > room)
		for (count = room; count && ((unsigned char)text.at[count] & 0xc0) == 0x80;)
			count--;
	for (size_t i = 0; i < count; i++) {
		bool is_control = (unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f;

		buffer_append_byte(buffer, is_control ? ' ' : text.at[i]);
	}
}

size_t message_write(char ret[MESSAGE_FRAME_MAX_BYTES], enum message_source source, const char *hostname,
	uint64_t now_wall_ms, struct view line)
{
	char bytes[MESSAGE_MAX_BYTES], time[CLOCK_TEXT_MAX_BYTES];
	struct parts parts = cut(source, now_wall_ms, line);
	struct buffer buffer;
	size_t count;

	clock_write_iso_ms(time, parts.wall_ms);
	buffer_init_fixed(&buffer, bytes, sizeof bytes);
	buffer_printf(&buffer, "<%u>1 %s ", parts.facility * 8 + parts.severity, time);
	append_hostname(&buffer, hostname);
	buffer_printf(&buffer, " " VIEW_FMT " - %s - ", VIEW_ARG(parts.application), parts.kind);
	append_text(&buffer, parts.text);
	count = (size_t)snprintf(ret, MESSAGE_FRAME_MAX_BYTES, "%zu ", buffer.count);
	memcpy(ret + count, bytes, buffer.count);
	return count + buffer.count;
}
