/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The kernel's own limit on x86. */
#define COMMAND_LINE_BYTES 2048

static void (*taker_of_lines)(const char *line, size_t count);
/* Nobody took anything for CONSOLE_PATIENCE_MS: lines are left out until somebody does. */
static bool is_stuck;
static unsigned long left_out_count;

void console_tee(void (*taker)(const char *line, size_t count))
{
	taker_of_lines = taker;
}

void console_never_block(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags >= 0)
		(void)fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
}

static bool can_write(int patience_ms)
{
	struct pollfd console = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&console, 1, patience_ms) == 1 && (console.revents & POLLOUT);
}

/* False if not all of it was taken. */
static bool put(const char *line, size_t count)
{
	if (is_stuck && !can_write(0))
		return false;
	is_stuck = false;
	while (count) {
		ssize_t written = write(STDOUT_FILENO, line, count);

		if (written > 0) {
			line += written;
			count -= (size_t)written;
		} else if (written == 0 || errno != EAGAIN || !can_write(CONSOLE_PATIENCE_MS)) {
			is_stuck = true;
			return false;
		}
	}
	return true;
}

static void put_line(const char *line, size_t count)
{
	char text[64];

	if (left_out_count) {
		int text_count = snprintf(text, sizeof text, "\ninit: %lu lines are left out here\n", left_out_count);

		if (put(text, (size_t)text_count))
			left_out_count = 0;
	}
	if (left_out_count || !put(line, count))
		left_out_count++;
}

void console_say(const char *from, const char *text, ...)
{
	char line[CONSOLE_LINE_BYTES];
	va_list arguments;
	size_t count = (size_t)snprintf(line, sizeof line, "%.32s: ", from);

	va_start(arguments, text);
	(void)vsnprintf(line + count, sizeof line - count - 1, text, arguments);
	va_end(arguments);
	strcat(line, "\n");
	count = strlen(line);
	put_line(line, count);
	if (taker_of_lines)
		taker_of_lines(line, count);
}

void console_pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

const char *console_argument(const char *name)
{
	static char line[COMMAND_LINE_BYTES];
	size_t name_count = strlen(name);
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
	char *rest = line, *word;

	if (fd >= 0)
		close(fd);
	line[count > 0 ? count : 0] = '\0';
	while ((word = strsep(&rest, " \n")) != NULL)
		if (strncmp(word, name, name_count) == 0 && word[name_count] == '=')
			return word + name_count + 1;
	return "";
}
