/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compile: the state of one policy_parse() and what its parts share. Private to policy/: parse.c reads the document and its
 * statements, parse_principal.c, parse_resource.c and parse_condition.c their parts.
 *
 * Each function that returns bool says false when the document is refused (the error is then recorded) or memory is out.
 * Threads: one compile belongs to one thread.
 */
#ifndef POSTERN_POLICY_COMPILE_H
#define POSTERN_POLICY_COMPILE_H

#include "policy/compiled.h"
#include "policy/json.h"

struct policy_compile {
	const struct policy_options *options;
	struct policy_text text; /* the document, to find line and column */
	struct policy_error *error;
	struct policy_arena *arena;
	int statement;
	struct policy_text operator_text, key_text; /* the condition under way, for errors */
	bool variables;                             /* version 2012-10-17 */
	bool out_of_memory;
	struct policy_arn_head *heads; /* heap: it grows; moved into the arena at the end */
	uint32_t head_count, head_room;
};

/*
 * Record that `node` breaks `rule`. `member` names the member of the statement ("Action"); NULL means the condition under
 * way. Always false, so that callers can return it.
 */
bool policy_compile_fail(
	struct policy_compile *compile, enum policy_rule rule, const char *member, const struct policy_json *node);

/*
 * The same for a rule that stored documents may break: true if the document is refused (recorded), false to go on with the
 * offending value matching nothing.
 */
bool policy_compile_refuses(
	struct policy_compile *compile, enum policy_rule rule, const char *member, const struct policy_json *node);

/* Record line, column, rule and value of an error at `offset`. */
void policy_compile_locate(
	struct policy_compile *compile, enum policy_rule rule, size_t offset, struct policy_text value);

/* Memory is out; always false. */
bool policy_compile_no_memory(struct policy_compile *compile);

/*
 * Wherever a list is allowed a single value may stand without brackets: the first element of `node`, and the element behind
 * `element`; NULL at the end.
 */
const struct policy_json *policy_list_first(const struct policy_json *node);
const struct policy_json *policy_list_next(const struct policy_json *node, const struct policy_json *element);
size_t policy_list_count(const struct policy_json *node);

/*
 * Copy a list of texts. Only strings are taken, with `scalars` numbers and booleans too; an empty list is refused on save
 * unless `may_be_empty`.
 */
bool policy_compile_texts(struct policy_compile *compile, const char *member, const struct policy_json *node,
	bool scalars, bool may_be_empty, const struct policy_text **ret, uint32_t *ret_count);

bool policy_compile_principals(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node);
bool policy_compile_actions(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node);
bool policy_compile_resources(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node);
bool policy_compile_conditions(
	struct policy_compile *compile, struct policy_statement *statement, const struct policy_json *node);

/*
 * The shorthand execute-api:/… : true if `text` is one that the options expand, to `*ret_prefix` followed by `*ret_rest`
 * (views into the options and `text`).
 */
bool policy_shorthand_expand(const struct policy_options *options, struct policy_text text,
	struct policy_text *ret_prefix, struct policy_text *ret_rest);

/* Quota of the normalised text. */
size_t policy_options_max_bytes(const struct policy_options *options);

/* Length of the normalised text of a document that was found valid (normalise.c). */
size_t policy_normal_length(const struct policy_json *document, const struct policy_options *options);

/*
 * Read and compile in one: what policy_parse() and policy_normalise() share. With 0 both `*ret` and `*ret_document` (free()
 * it) are given.
 */
int policy_compile_document(struct policy **ret, struct policy_json **ret_document, struct policy_text text,
	const struct policy_options *options, struct policy_error *error) __attribute__((warn_unused_result));

#endif
