/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_path: JSONPath in the dialect of Jayway's JsonPath: compiled once, then run over parsed JSON.
 *
 * $ . .. ['name'] ["name"] ['a','b'] [n] [n,m] [a:b] [-a:] [:-b] [*] .* [(@.length-n)] and filters [?(...)] with == != < <= > >= =~
 * in nin size empty, a path alone (it exists and is not null), ! && || and parentheses; operands are definite @ and $ paths, numbers,
 * 'texts', true, false and null, [lists] and /patterns/. A text that does not begin with '$' gets "$." in front.
 *
 * A path of names and single indexes is definite: it gives one value or none. Any other gives a list, also of one and of none.
 * A step that does not fit the value it meets (a name in a list, an index past the end) finds nothing there; a path whose definite
 * beginning does not fit gives no list either, but nothing.
 *
 * Life cycle: json_path_compile() into an arena (the snapshot's, or the run's); json_path_find() any number of times by any number of
 * threads, each with an arena of its own for the result. Nothing is taken from the heap.
 * Source: github.com/json-path/JsonPath 2.0.0 (Debian's libjsonpath-java) and its README; spec/vtl.md 12.5. What that version
 * refuses and later ones have (parentheses, !(...), in, nin, size, empty, "name") is accepted with the later meaning; where it gives up
 * a search because one of many values lacks a member, that value is passed over, as in later ones.
 */
#ifndef POSTERN_MAPPING_JSON_PATH_H
#define POSTERN_MAPPING_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/json_value.h"
#include "appliance/base/view.h"

struct json_path;
struct pattern_budget;
struct pattern_scratch;

#define JSON_PATH_MAX_BYTES 4096
/* Steps of a path, nested paths of filters not counted. */
#define JSON_PATH_STEPS_MAX 128
/* Brackets and filters inside of filters. */
#define JSON_PATH_NESTING_MAX 16
/* Values that one search may look at: "$..[?(@..x)]" over a large body would otherwise take its square in time. */
#define JSON_PATH_WORK_MAX 2000000

struct json_path_error {
	size_t offset;    /* in the path */
	const char *rule; /* what is wrong, static */
};

/* What a path found. `values` are those of the document itself. */
struct json_path_result {
	bool definite; /* at most one value, which is the result itself, not a list; also if a list could not even begin */
	size_t count;
	const struct json_value **values; /* in the arena, or `&first`: a result is not to be copied */
	const struct json_value *first;   /* values[0], or NULL */
};

/*
 * Compile `text`, which need not live on. Returns 0; -EINVAL with the rule in `*ret_error` (may be NULL) if it is no path;
 * -EMSGSIZE past JSON_PATH_MAX_BYTES; -ENOMEM.
 */
int json_path_compile(const struct json_path **ret, struct arena *arena, struct view text,
	struct json_path_error *ret_error) __attribute__((warn_unused_result));

/* Does it name at most one value? */
bool json_path_is_definite(const struct json_path *path);

/* What searches may still do. */
struct json_path_budget {
	size_t work; /* as JSON_PATH_WORK_MAX */
	struct pattern_budget *matches;
};

/*
 * Run it over the document `root`. `patterns` may be NULL: =~ then matches nothing. Returns 0 and the result (nothing found is one
 * with count 0); -E2BIG past JSON_PATH_WORK_MAX, or when the matches of =~ took PATTERN_BUDGET_NS; -ENOMEM.
 */
int json_path_find(const struct json_path *path, const struct json_value *root, struct arena *arena,
	struct pattern_scratch *patterns, struct json_path_result *ret) __attribute__((warn_unused_result));

/* The same within what is left of `budget`; what the search did is taken off. */
int json_path_find_within(const struct json_path *path, const struct json_value *root, struct arena *arena,
	struct pattern_scratch *patterns, struct json_path_budget *budget, struct json_path_result *ret)
	__attribute__((warn_unused_result));

#endif
