/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report: posternd's own log: one line each on standard error, text on a terminal and JSON otherwise, as all of Postern's
 * programs write it. (appliance/base has the others' logger; posternd includes nothing of the appliance.)
 * One line is one write(), at most REPORT_LINE_BYTES long. Only posternd's programs parts log, not client, fds, verbs, config.
 */
#ifndef POSTERN_NETNS_REPORT_H
#define POSTERN_NETNS_REPORT_H

#define REPORT_LINE_BYTES 1024

enum report_level { REPORT_DEBUG, REPORT_INFO, REPORT_WARNING, REPORT_ERROR };

/* Write nothing below that level from now on; at first REPORT_INFO. */
void report_from(enum report_level least);

/* Write a line; `format` as for printf, without a newline. */
void report(enum report_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
