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
	for (size_t i = 0; i < count; i++) {
		unsigned char byte = (unsigned char)line[i];

		/* C0 with newlines, DEL, and C1 as UTF-8 has it; the rest of UTF-8 passes. */
		if (byte < ' ' || byte == 0x7f)
			line[i] = '?';
		else if (byte == 0xc2 && (unsigned char)line[i + 1] < 0xa0)
			line[i] = '?';
	}
	line[count++] = '\n';
	(void)!write(STDOUT_FILENO, line, count);
}

void say_lines(const char *prefix, struct view text, unsigned lines_max)
{
	struct view rest = view_trim_set(text, "\n"), line;

	for (unsigned i = 0; rest.at && i < lines_max && view_split(&rest, '\n', &line); i++)
		say("%s" VIEW_FMT, prefix, VIEW_ARG(line));
	if (rest.at)
		say("%s… (more)", prefix);
}
