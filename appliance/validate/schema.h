/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema: JSON Schema draft 4, as API Gateway's models use it: compiled once, checked many times.
 *
 * A schema is compiled from its JSON, with all models that it names by URL, into one immutable structure in an arena: properties
 * in sorted tables, regular expressions compiled, numbers taken apart. Checking tells first, as fast as it can, whether a value
 * is valid; only for one that is not, and only if somebody wants to read it, the messages are made in a second pass, in the order
 * of the library whose texts they are: keywords by their names; nothing below a level that failed; members by their names.
 *
 * Numbers are compared by their decimal text, so that neither 0.1 nor a number of 30 digits loses anything. "integer" goes by how
 * the number is written: 1.0 is none. `pattern` is ECMA 262, unanchored (ecma_pattern.h). Unknown keywords and formats are ignored,
 * and so is all that stands beside a `$ref`. A `$ref` is "#", a JSON pointer behind '#' or a URL that the caller resolves; nothing is
 * ever fetched.
 *
 * Life cycle: schema_compile() … schema_check() … schema_fini(), then the arena's end. Threads: a compiled schema is immutable and
 * may be checked by any number of threads, each with its own arena and scratch. Checking allocates from the arena alone.
 * Not here: which model a request is checked against (model/validator.h), JSON itself (base/json_value.h).
 * Source: draft-zyp-json-schema-04, draft-fge-json-schema-validation-00; spec/validation.md 1.3, 5, 9.
 */
#ifndef POSTERN_VALIDATE_SCHEMA_H
#define POSTERN_VALIDATE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/base/view.h"

/* Schemas within one compiled schema, those of named models included. A model has at most 400 KB (AWS quota). */
#define SCHEMA_NODES_MAX 65536
/* `$ref`s that lead to each other without a schema between them (spec/validation.md 9). */
#define SCHEMA_REF_CHAIN_MAX 32
/* Regular expressions of one compiled schema: each costs a few KiB of code. */
#define SCHEMA_PATTERNS_MAX 1024

struct schema;

/* Why a schema was refused. */
struct schema_error {
	char place
		[128]; /* how one comes to it from the outermost schema: "#/properties/pet/items"; cut if it is longer */
	char text[160]; /* without a full stop */
};

/*
 * Gives the JSON of the schema that a `$ref` names by something else than a fragment, such as
 * "https://apigateway.amazonaws.com/restapis/abc123/models/Pet"; `url` is without its fragment. NULL if there is none. The value must
 * live until schema_compile() returns, and the bytes of its texts as long as the schema. The same URL must give the same pointer.
 */
typedef const struct json_value *schema_resolve_fn(void *context, struct view url);

/*
 * Compile `json` and all that it refers to. Memory comes from `arena`; what is not arena memory (regular expressions) is given up
 * by schema_fini(). The bytes of `json`'s texts must live as long as the schema. `resolve` may be NULL: no URL leads anywhere.
 *
 * Returns 0; -EINVAL if it is no schema, a regular expression is bad or a reference leads nowhere or in a circle; -EMSGSIZE if a limit is
 * passed; -ENOMEM; then `*ret_error` (may be NULL) says where and why, and nothing is left that must be given up.
 */
int schema_compile(struct arena *arena, const struct json_value *json, schema_resolve_fn *resolve, void *context,
	struct schema **ret, struct schema_error *ret_error) __attribute__((warn_unused_result));

void schema_fini(struct schema *schema); /* NULL is fine */

/* What one check may cost. */
struct schema_limits {
	size_t max_depth;        /* levels of the value (spec/validation.md 9) */
	size_t max_steps;        /* schemas asked about values, comparisons of values, twice the matches of patterns */
	size_t max_report_bytes; /* of the list of messages; longer ones are cut between two messages */
};
#define SCHEMA_MAX_DEPTH 64
#define SCHEMA_MAX_STEPS 4000000
#define SCHEMA_MAX_REPORT_BYTES 8192
extern const struct schema_limits schema_limits_default;

/*
 * Is `value` valid? `arena` gives memory for what needs some (uniqueItems of long arrays, names in order); `limits` may be NULL.
 * `report` (may be NULL: nobody wants to read it) gets, if it is not, the bracketed list of messages of spec/validation.md 5.
 *
 * Regular expressions may take PATTERN_BUDGET_NS together, which is a limit as well.
 * Returns 1 if it is valid, 0 if not; also 0, with a list that says so, if a limit was passed: what could not be checked is not let
 * through. -ENOMEM if the arena is full.
 */
int schema_check(const struct schema *schema, const struct json_value *value, struct arena *arena,
	struct pattern_scratch *scratch, const struct schema_limits *limits, struct buffer *report)
	__attribute__((warn_unused_result));

#endif
