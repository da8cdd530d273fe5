/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/report.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum report_level least_level = REPORT_INFO;

static const char *const level_names[] = { "debug", "info", "warning", "error" };

/* Append `text` to `line` as the inside of a JSON string; stops before the room of the closing characters is used up. */
static size_t append_escaped(char *line, size_t at, size_t capacity, const char *text)
{
	for (; *text && at + 8 < capacity; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			line[at++] = '\\';
			line[at++] = (char)c;
		} else if (c < 0x20) {
			at += (size_t)snprintf(line + at, capacity - at, "\\u%04x", c);
		} else {
			line[at++] = (char)c;
		}
	}
	return at;
}

static size_t write_json(char line[REPORT_LINE_BYTES], enum report_level level, const char *text)
{
	struct timespec now;
	struct tm utc;
	char when[32];
	size_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
	at = (size_t)snprintf(line, REPORT_LINE_BYTES,
		"{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"program\":\"posternd\",\"message\":\"", when,
		now.tv_nsec / 1000000, level_names[level]);
	at = append_escaped(line, at, REPORT_LINE_BYTES - 4, text);
	memcpy(line + at, "\"}\n", 3);
	return at + 3;
}

void report_from(enum report_level least)
{
	least_level = least;
}

void report(enum report_level level, const char *format, ...)
{
	char text[REPORT_LINE_BYTES / 2], line[REPORT_LINE_BYTES];
	size_t count;
	va_list arguments;

	if (level < least_level)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (isatty(STDERR_FILENO))
		count = (size_t)snprintf(line, sizeof line, "posternd: %s: %s\n", level_names[level], text);
	else
		count = write_json(line, level, text);
	/* Nobody is left to be told that the log can't be written. */
	if (write(STDERR_FILENO, line, count) < 0)
		return;
}
