/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wildcard_segment: what stands between two stars of a pattern, or between a star and one of its ends: literals, variables and
 * single free bytes, of known length once the variables have values.
 *
 * Private to policy/wildcard.c. Searching a segment in a text of n bytes is linear in n but for a factor of 1/64 of the
 * segment's length: candidates are compared as they come, and where many fail the segment is searched with a bit for each of
 * its bytes (shift-and), or, if it has no free byte, by a rolling hash. Only segments whose table is too large for the stack
 * (SEGMENT_TABLE_WORDS) are compared at each candidate to the end. Nothing is allocated.
 * Threads: pure.
 */
#ifndef POSTERN_POLICY_WILDCARD_SEGMENT_H
#define POSTERN_POLICY_WILDCARD_SEGMENT_H

#include "policy/wildcard.h"

struct wildcard_segment {
	const struct wildcard *pattern;
	const struct policy_text *values; /* of all variables of the pattern */
	uint32_t first, end;              /* pieces */
	uint32_t variables;               /* those before `first` */
	size_t length;
	bool has_free; /* a byte that may be any */
};

/* The segment from the `first`th piece on, before which `variables` stand. It may be empty. */
struct wildcard_segment wildcard_segment_from(
	const struct wildcard *pattern, const struct policy_text *values, uint32_t first, uint32_t variables);

/* Does it stand at `at`, where `length` bytes are? */
bool wildcard_segment_stands_at(const struct wildcard_segment *segment, const char *at);

/* Where it stands first in `text`; NULL if it does not. */
const char *wildcard_segment_find(const struct wildcard_segment *segment, struct policy_text text);

#endif
