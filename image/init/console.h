/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * console: lines for people on the machine's console, which is standard output of both programs of this folder.
 *
 * Process: stage1 and init; single-threaded. Each call writes one whole line, so that lines of several writers don't mix.
 * Not here: logs of the product (they pass through init, which puts the service's name before each line).
 */
#ifndef POSTERN_INIT_CONSOLE_H
#define POSTERN_INIT_CONSOLE_H

#include <stddef.h>

/* Longest line that is written whole; the rest is cut off. */
#define CONSOLE_LINE_BYTES 1024

/* `from: text`. `text` is a printf format. */
void console_say(const char *from, const char *text, ...) __attribute__((format(printf, 2, 3)));

/*
 * From now on a console that takes nothing (a serial line that is held, or that nobody reads) does not hold up the caller for longer than
 * CONSOLE_PATIENCE_MS, once: lines are left out, whole but for the one under way, until it takes something again, and then it says how many.
 */
#define CONSOLE_PATIENCE_MS 1000
void console_never_block(void);

/* From now on `taker` is given each line as well, its line feed included; the line is the caller's again afterwards. */
void console_tee(void (*taker)(const char *line, size_t count));

/* Sleep. */
void console_pause_ms(long ms);

/* The value of `name=` on the kernel's command line; empty if it is not there. Static storage: until the next call. */
const char *console_argument(const char *name);

#endif
