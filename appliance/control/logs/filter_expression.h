/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filter_expression: the comparisons within a filter pattern, joined by && and ||. For filter_pattern.c.
 *
 * What an operand is ($.status, a field's name) is the caller's business: it reads operands and says what they are for a message.
 */
#ifndef POSTERN_CONTROL_FILTER_EXPRESSION_H
#define POSTERN_CONTROL_FILTER_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/pattern.h"
#include "appliance/base/view.h"

struct filter_expression;

/* What compiling shares. */
struct filter_reading {
	struct view rest; /* of the pattern */
	struct arena *arena;
	struct pattern **patterns; /* FILTER_PATTERN_REGEX_MAX */
	size_t pattern_count;
	unsigned depth;
	/* Take an operand from `rest`; false if there is none. */
	bool (*read_operand)(struct filter_reading *reading, struct view *ret);
	const char *why; /* of a failure */
};

enum filter_value_type {
	FILTER_VALUE_MISSING,
	FILTER_VALUE_NULL,
	FILTER_VALUE_TRUE,
	FILTER_VALUE_FALSE,
	FILTER_VALUE_NUMBER, /* `text` is how it was written */
	FILTER_VALUE_TEXT,
	FILTER_VALUE_OTHER
};

/* What an operand is in a message. */
struct filter_value {
	enum filter_value_type type;
	struct view text;
};

typedef struct filter_value filter_resolve(const void *message, struct view operand);

/* Take an expression from `reading->rest`. NULL if there is none, with the reason. */
struct filter_expression *filter_expression_read(struct filter_reading *reading);

bool filter_expression_holds(const struct filter_expression *expression, struct pattern_scratch *scratch,
	filter_resolve *resolve, const void *message);

/* Most of a text that regular expressions and wildcards see: their time grows faster than the text. */
#define FILTER_SEEN_MAX_BYTES ((size_t)64 * 1024)

/* The beginning of a text that they see, which ends with a whole character. */
struct view filter_seen(struct view text);

/* For readers of operands. */
void filter_skip_blanks(struct filter_reading *reading);
bool filter_take(struct filter_reading *reading, const char *token); /* behind blanks, if it comes next */

/* A regular expression between percent signs, taken with them. NULL, with the reason, if it is none. */
const struct pattern *filter_take_regex(struct filter_reading *reading);

/* A text in double quotes, taken with them: \" and \\ are a quote and a backslash. False if its end is missing. */
bool filter_take_quoted(struct filter_reading *reading, struct view *ret);

#endif
