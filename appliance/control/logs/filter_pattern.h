/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_pattern: which log events FilterLogEvents shows: CloudWatch's filter patterns.
 *
 *	ERROR "some phrase" -DEBUG         messages that contain all of these and not that; case counts
 *	?ERROR ?WARN                       that contain one of these (beside terms of the other kinds they count for nothing)
 *	%4[0-9][0-9]%                      that match a regular expression; also as a term, and as a value below
 *	{ $.status = 403 && $.ip = "10.*" }   JSON objects: = != < <= > >= with numbers, texts (* stands for anything), IS NULL,
 *	                                   IS TRUE, IS FALSE, NOT EXISTS, && || and parentheses; $.a.b, $.a[0], $.['a.b'], $.["a.b"]
 *	[ip, user, ..., status = 4*, bytes > 100]   lines of fields separated by blanks; "…" and […] are one field
 *
 * A property that is missing fits no comparison, != included. What is compared with an unquoted number fits the text of the same
 * digits too, as access log formats have it; < and > compare numbers alone. Regular expressions and * see no more than the first
 * 64 KiB of a message or value.
 *
 * Threads: one at a time (a pattern has the scratch of its regular expressions).
 * Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live
 * Tail".
 */
#ifndef POSTERN_CONTROL_FILTER_PATTERN_H
#define POSTERN_CONTROL_FILTER_PATTERN_H

#include <stdbool.h>

#include "appliance/base/view.h"

/* Source: CloudWatch Logs API Reference, FilterLogEvents. */
#define FILTER_PATTERN_MAX_BYTES 1024

/* Most regular expressions of a pattern. Source: as above, "Quotas". */
#define FILTER_PATTERN_REGEX_MAX 2

/* Parentheses within one another. */
#define FILTER_PATTERN_DEPTH_MAX 32

struct filter_pattern;

/*
 * Returns 0, or -EINVAL with a text for the caller in `ret_why` (FILTER_PATTERN_WHY_BYTES). The empty pattern fits everything.
 */
#define FILTER_PATTERN_WHY_BYTES 256
int filter_pattern_compile(struct filter_pattern **ret, struct view text, char ret_why[FILTER_PATTERN_WHY_BYTES])
	__attribute__((warn_unused_result));
void filter_pattern_free(struct filter_pattern *pattern); /* NULL is fine */

bool filter_pattern_fits(const struct filter_pattern *pattern, struct view message);

#endif
