/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * say: lines for the operator, on standard output, which init passes on to the machine's console with the program's name before each.
 *
 * Texts may hold what came from outside: bytes that a terminal could take for commands are shown as '?'. Each line is one write(2).
 * Threads: any; nothing is kept. Not here: secrets, which no caller may pass.
 */
#ifndef POSTERN_CONFIGURE_SAY_H
#define POSTERN_CONFIGURE_SAY_H

#include "appliance/base/view.h"

/* Longest line; the rest is cut off. init cuts at a similar length. */
#define SAY_LINE_BYTES 960

/* One line. `text` is a printf format. */
void say(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Each line of `text`, with `prefix` before it, at most `lines_max` of them. */
void say_lines(const char *prefix, struct view text, unsigned lines_max);

#endif
