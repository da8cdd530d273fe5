/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void say(const char *text, ...)
{
	char line[SAY_LINE_BYTES + 1];
	va_list arguments;
	size_t count;

	va_start(arguments, text);
	(void)vsnprintf(line, SAY_LINE_BYTES, text, arguments);
	va_end(arguments);
	count = strlen(line);
	for (size_t at = 0; at < count;) {
		uint32_t point = 0;
		size_t bytes = view_utf8_character(view_from(line + at, count - at), &point);

		/* C0 with newlines, DEL and C1, which terminals obey; and what is no UTF-8: they may take it for C1. */
		if (bytes == 0 || point < ' ' || (point >= 0x7f && point < 0xa0))
			memset(line + at, '?', bytes ? bytes : 1);
		at += bytes ? bytes : 1;
	}
	line[count++] = '\n';
	(void)!write(STDOUT_FILENO, line, count);
}

void say_lines(const char *prefix, struct view text, unsigned lines_max)
{
	struct view rest = view_trim_set(text, "\n"), line;

	if (rest.count == 0)
		return;
	for (unsigned i = 0; rest.at && i < lines_max && view_split(&rest, '\n', &line); i++)
		say("%s" VIEW_FMT, prefix, VIEW_ARG(line));
	if (rest.at)
		say("%s… (more)", prefix);
}
