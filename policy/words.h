/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words: for a set of patterns, every combination of them that some text matches, each with a shortest such text.
 *
 * Private to policy/: diff cuts the texts of requests into classes with it. The patterns run together over growing texts; two
 * texts that leave all patterns in the same places have the same future, so each set of places is looked at once. That is
 * exact, and finite; how far it goes is limited.
 * Threads: pure.
 */
#ifndef POSTERN_POLICY_WORDS_H
#define POSTERN_POLICY_WORDS_H

#include "policy/wildcard.h"

/* A bit each in a word of 64. */
#define WORDS_PATTERNS_MAX 64
/* Bytes and wildcards of all patterns together: a policy of 8 KiB rarely has more in distinct resources. */
#define WORDS_PLACES_MAX 2048
/* Sets of places that are looked at: globs with many stars multiply. */
#define WORDS_STATES_MAX 16384

enum words_form {
	WORDS_TEXT,   /* any text of printable ASCII but the empty one */
	WORDS_INVOKE, /* {prefix}{stage}/{METHOD}/{path} with a method of HTTP */
};

struct word {
	struct policy_text text; /* in the arena */
	uint64_t matches;        /* bit i: the i-th pattern matches */
	int method;              /* INVOKE: which; else -1 */
};

/* Methods are numbers from 0. */
#define WORDS_METHOD_COUNT 7
const char *words_method_name(int method);

/*
 * Find up to `room` words, one for each set of matches (and method). Variables match nothing. `*ret_complete` is false if
 * a limit left something out. Returns 0 or -ENOMEM.
 */
int words_find(struct word *ret, size_t room, size_t *ret_count, bool *ret_complete, struct policy_arena *arena,
	const struct wildcard *const *patterns, size_t pattern_count, enum words_form form, struct policy_text prefix)
	__attribute__((warn_unused_result));

#endif
