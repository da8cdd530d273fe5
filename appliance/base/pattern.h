/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pattern: regular expressions with a bound on their work: integration response selection, schemas' `pattern`, authorizers' identity
 * validation. PCRE2 with JIT behind it.
 *
 * A pattern is compiled once (configuration) and then matched by any number of threads, each with its own scratch, which is made once
 * per thread so that matching does not allocate. Patterns come from administrators, subjects from strangers: match and
 * depth limits end a runaway match with -E2BIG instead of letting it eat the worker.
 * Source: pcre2api(3).
 */
#ifndef POSTERN_BASE_PATTERN_H
#define POSTERN_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

#define PATTERN_MAX_BYTES 4096 /* longest pattern accepted */
#define PATTERN_TRANSLATED_MAX_BYTES 65536
#define PATTERN_GROUP_MAX 16       /* groups that a caller can ask for, the whole match included */
#define PATTERN_MATCH_LIMIT 100000 /* tries of one place of the subject: about a millisecond */
/* As deep as Java's own matcher gets on a stack of 512 KB, about; what is remembered for it stays with the scratch. */
#define PATTERN_DEPTH_LIMIT 4000
#define PATTERN_HEAP_LIMIT_KIB 2048

/* Processor time that the matches of one piece of work may take together. */
#define PATTERN_BUDGET_NS UINT64_C(100000000)

struct pattern;
struct pattern_scratch;

struct pattern_error {
	size_t offset;  /* in the pattern */
	char text[128]; /* PCRE2's message */
};

enum pattern_flags {
	PATTERN_WHOLE = 1, /* must match the whole subject (Java's matches()), else a part is enough */
	PATTERN_IGNORE_CASE = 2,
	PATTERN_DOT_ALL = 4, /* '.' matches newlines too */
	/* The text was made from one of at most PATTERN_MAX_BYTES in another syntax: it may be longer than that. */
	PATTERN_TRANSLATED = 8,
	/* A carriage return is a newline too, and '$' matches before the last newline of the subject. */
	PATTERN_JAVA = 16,
};

/* Returns 0, -EMSGSIZE, -ENOMEM, or -EINVAL with `*ret_error` (may be NULL) filled. Unicode (UTF) mode. */
int pattern_compile(struct pattern **ret, struct view text, unsigned flags, struct pattern_error *ret_error)
	__attribute__((warn_unused_result));
void pattern_free(struct pattern *pattern);

/*
 * The same in `arena`, which keeps it: for what lives in a snapshot, and what a template makes while it runs. Such a pattern is not
 * freed, and is interpreted: machine code would outlive the arena.
 */
int pattern_compile_in(struct arena *arena, const struct pattern **ret, struct view text, unsigned flags,
	struct pattern_error *ret_error) __attribute__((warn_unused_result));

/* Groups of the pattern, the whole match not counted. */
size_t pattern_group_count(const struct pattern *pattern);

/* The number of the group of that name; 0: there is none. */
size_t pattern_group_named(const struct pattern *pattern, const char *name);

/* One per thread. NULL if memory is exhausted. */
struct pattern_scratch *pattern_scratch_new(void) __attribute__((warn_unused_result));
void pattern_scratch_free(struct pattern_scratch *scratch);

/*
 * What the matches of one piece of work (the check of a body, the run of a template) have taken of PATTERN_BUDGET_NS. Zeroed before the
 * first. Of one thread.
 */
struct pattern_budget {
	uint32_t matches;
	bool over; /* used up: every further match is -E2BIG */
	uint64_t spent_ns;
	uint64_t start_ns; /* the thread's processor time when measuring began; 0: it has not */
};

/*
 * Match. Returns 1, 0 (no match), -E2BIG (limit reached), -EILSEQ (subject is not UTF-8). `groups` (may be NULL) gets up to
 * `group_count` views into the subject: [0] the whole match; unset groups have `at` NULL. It may take PATTERN_BUDGET_NS.
 */
int pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch, struct view subject,
	struct view *groups, size_t group_count) __attribute__((warn_unused_result));

/*
 * The same for the first match at or behind byte `from` of the subject, which must be where a character begins; what stands before is
 * seen by \b, ^ and lookbehinds. The subject is checked for UTF-8 only if `from` is 0.
 */
int pattern_match_from(const struct pattern *pattern, struct pattern_scratch *scratch, struct view subject, size_t from,
	struct view *groups, size_t group_count) __attribute__((warn_unused_result));

/*
 * The same within what is left of `budget`: code that matches more than a few times for one exchange uses this. -E2BIG is also a
 * budget that is used up: `budget->over` tells that from the limit of this one match.
 */
int pattern_match_within(const struct pattern *pattern, struct pattern_scratch *scratch, struct pattern_budget *budget,
	struct view subject, size_t from, struct view *groups, size_t group_count) __attribute__((warn_unused_result));

#endif
