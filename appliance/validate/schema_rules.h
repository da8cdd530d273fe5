/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_rules: from the keywords of one schema to its rules. For schema_compile.c, which walks through the schemas.
 *
 * Source: draft-fge-json-schema-validation-00, 5; spec/validation.md 5.
 */
#ifndef POSTERN_VALIDATE_SCHEMA_RULES_H
#define POSTERN_VALIDATE_SCHEMA_RULES_H

#include "appliance/validate/schema_node.h"

struct schema_pending;

/* What compiling a schema works with. */
struct schema_work {
	struct arena *arena;
	struct schema *schema;
	const struct json_value *json;  /* the schema at hand, an object */
	struct schema_pending *pending; /* the same, for references and places */
	size_t pattern_count;
	struct schema_error *error;
	void *walk; /* schema_compile.c's */
};

/* Say what is wrong with the schema at hand and return `error`. */
int schema_work_fail(struct schema_work *work, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int schema_work_no_memory(struct schema_work *work);

/*
 * The node of `json`, which stands below the schema at hand under `keyword` and, unless NULL, `name`; it is filled later. 0, -EINVAL if it is
 * no schema or refers to nothing, -EMSGSIZE, -ENOMEM.
 */
int schema_work_node(struct schema_work *work, const struct json_value *json, const char *keyword,
	const struct view *name, const struct schema_node **ret) __attribute__((warn_unused_result));

/* Fill the rules of the schema at hand. */
int schema_rules_fill(struct schema_work *work, struct schema_node *node) __attribute__((warn_unused_result));

/* That part of it which is about arrays and objects. */
int schema_container_rules_fill(struct schema_work *work, struct schema_node *node) __attribute__((warn_unused_result));

/* --- shared by both -------------------------------------------------------------------------------------------------------------- */

/* The keyword of the schema at hand, or NULL. */
const struct json_value *schema_work_find(const struct schema_work *work, const char *keyword);

/* A count; `*ret` stays if the keyword is missing. */
int schema_work_count(struct schema_work *work, const char *keyword, uint64_t *ret) __attribute__((warn_unused_result));

/* A compiled regular expression. */
int schema_work_pattern(struct schema_work *work, const char *keyword, struct view text,
	const struct schema_pattern **ret) __attribute__((warn_unused_result));

/* The texts of an array, in order, each once. */
int schema_work_names(struct schema_work *work, const char *keyword, const struct json_value *array,
	struct schema_names *ret) __attribute__((warn_unused_result));

#endif
