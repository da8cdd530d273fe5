/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wildcard: match a text against a pattern of '*' (any run of bytes, also none), '?' (one byte) and variables.
 *
 * Private to policy/. A pattern is compiled once, when its policy is parsed, into pieces, and matched for every request.
 * The escapes ${*}, ${?} and ${$} become literal bytes, and so do all bytes that a variable brings in: a user named "*" is
 * no wildcard. Matching allocates nothing and keeps a single back-track point: at worst pattern × text steps, never
 * exponential, since patterns come from administrators and texts from strangers.
 *
 * The same pieces serve texts without wildcards (StringEquals) and without case (actions, the first parts of an ARN).
 * Not here: splitting ARNs into parts (arn.h).
 * Threads: a compiled pattern is immutable; any number of threads may match it.
 * Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Variables and tags"; spec/policy.md 1.3 and 3.
 */
#ifndef POSTERN_POLICY_WILDCARD_H
#define POSTERN_POLICY_WILDCARD_H

#include "policy/arena.h"

/* How a text is to be read. */
enum wildcard_syntax {
	WILDCARD_GLOB = 1 << 0,      /* '*' and '?' are wildcards */
	WILDCARD_VARIABLES = 1 << 1, /* ${…} is replaced: documents of version 2012-10-17 */
	WILDCARD_FOLDED = 1 << 2,    /* ASCII letters compare without case */
};

enum wildcard_piece_kind { WILDCARD_LITERAL, WILDCARD_ANY_RUN, WILDCARD_ANY_BYTE, WILDCARD_VARIABLE };

struct wildcard_piece {
	enum wildcard_piece_kind kind;
	struct policy_text text; /* literals: the bytes; variables: the default, or absent */
	struct policy_text name; /* variables: the key as written */
	int key;                 /* variables: its row in keys.def, or -1 */
};

/* What a pattern looks like, so that the common ones are one comparison. */
enum wildcard_shape {
	WILDCARD_EXACT,   /* `literal` and nothing else */
	WILDCARD_PREFIX,  /* `literal` and one star behind it; "*" has an empty literal */
	WILDCARD_STARS,   /* literals and stars only, letter case counts: searched literal by literal */
	WILDCARD_GENERAL, /* anything else: segment by segment, or byte by byte if case does not count */
};

struct wildcard {
	enum wildcard_shape shape;
	bool folded;
	struct policy_text literal; /* EXACT, PREFIX: the text; else what stands before the first other piece */
	const struct wildcard_piece *pieces;
	uint32_t piece_count, variable_count;
};

/*
 * Compile `text` with the given syntax (bits of enum wildcard_syntax) into memory of `arena`.
 *
 * Returns 0; -ENOMEM; -E2BIG with more than POLICY_VARIABLES_MAX variables; -EINVAL if a ${…} is neither an escape nor a
 * variable with or without default. A "${" that is never closed is ordinary text. With -EINVAL `*ret` is a pattern all the
 * same, in which the malformed variable has no value, so that it matches nothing: stored policies go on with that.
 */
int wildcard_compile(struct wildcard *ret, struct policy_arena *arena, struct policy_text text, unsigned syntax)
	__attribute__((warn_unused_result));

/*
 * True if the whole of `text` matches; false too if a variable has neither a single value in `request` nor a default.
 * `request` may be NULL for patterns without variables.
 */
bool wildcard_match(const struct wildcard *pattern, struct policy_text text, const struct policy_request *request);

/* True if `text` holds a variable (${name…}, no escape) under this syntax. */
bool wildcard_has_variable(struct policy_text text, unsigned syntax);

/* Length of the ${…} at the start of `text`, 0 if there is none: what splitting an ARN must jump over. */
size_t wildcard_variable_length(struct policy_text text);

#endif
