/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * patch_rows: the PATCH paths of a resource as a table: which paths, which operations, what each does.
 *
 * What no row names is "Invalid patch path <path>"; an operation that a row does not have is "Invalid patch operation
 * specified. Must be one of: [...]". The first row that fits counts.
 * Source: spec/control-plane.md 8.1 and 8.3; API Gateway API Reference, "Patch Operations".
 */
#ifndef POSTERN_CONTROL_PATCH_ROWS_H
#define POSTERN_CONTROL_PATCH_ROWS_H

#include "appliance/control/apigateway/patch.h"

#define PATCH_ON(op) (1U << (op))
#define PATCH_ON_REPLACE PATCH_ON(PATCH_REPLACE)
#define PATCH_ON_ADD_REMOVE (PATCH_ON(PATCH_ADD) | PATCH_ON(PATCH_REMOVE))
#define PATCH_ON_ADD_REMOVE_REPLACE (PATCH_ON_ADD_REMOVE | PATCH_ON_REPLACE)
/* The row's function says itself what it refuses. */
#define PATCH_ON_ANY ~0U

struct patch_row {
	const char *path; /* "/name"; a part "*" stands for any that is not empty */
	unsigned ops;     /* PATCH_ON() of each that it has */
	patcher *apply;
};

/* Apply one operation by the first row that fits. 0 or CALL_FAILED. */
int patch_by_rows(struct call *call, const struct patch *patch, struct json *target, const struct patch_row *rows,
	size_t row_count) __attribute__((warn_unused_result));

/* The same for resources that name the paths they have: what no row has is refused by patch_invalid_listed(). */
int patch_by_listed_rows(struct call *call, const struct patch *patch, struct json *target,
	const struct patch_row *rows, size_t row_count) __attribute__((warn_unused_result));

/* --- what rows do: the last part of the path names the member, those before it the objects that it lies in -------------- */

/* Set a text; remove it without value. */
int patch_set_text(struct call *call, const struct patch *patch, struct json *target);

/* The same, but an empty value removes it, too: for members with which AWS's clients unset what they had set. */
int patch_set_or_unset(struct call *call, const struct patch *patch, struct json *target);

/* Set a number, as patch_number() does. */
int patch_set_number(struct call *call, const struct patch *patch, struct json *target);

/* "true" in any case is true, everything else false. */
int patch_set_bool(struct call *call, const struct patch *patch, struct json *target);

/* Set an entry of a map of texts, or of booleans. */
int patch_set_entry(struct call *call, const struct patch *patch, struct json *target);
int patch_set_bool_entry(struct call *call, const struct patch *patch, struct json *target);

/* Refuse a value that is none of "A, B": "Invalid <name> specified. Valid options are A, B". 0 or CALL_FAILED. */
int patch_check_enumeration(struct call *call, const struct patch *patch, const char *name, const char *enumeration);

#endif
