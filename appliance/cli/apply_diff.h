/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply_diff: what differs between two definitions of an API, or two policies, as lines for people.
 *
 * A definition (model/openapi, control/apigateway/import.h) is first turned into facts: one object whose members are named as
 * people name them ("GET /pets", "model Pet", "settings") and hold what matters, with names instead of ids and without what
 * only says when or by which id. Two definitions mean the same if their facts are equal.
 *
 * What looks like a secret is never in a line. Pure functions.
 */
#ifndef POSTERN_CLI_APPLY_DIFF_H
#define POSTERN_CLI_APPLY_DIFF_H

#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* A value in a line is cut to so many bytes, around the place where it differs. */
#define APPLY_VALUE_MAX_BYTES 96

/* The facts of a definition, the caller's. NULL or none gives an empty object. */
struct json *apply_facts(const struct json *definition);

/* Append lines on how `before` becomes `after`: "+ GET /pets ...", "~ GET /pets" with "    uri: old -> new", "- GET /pets". */
void apply_diff_facts(const struct json *before, const struct json *after, struct json *lines);

/* Append "name: old -> new" for a value that differs; NULL stands for absent. */
void apply_diff_value(const char *name, const struct json *before, const struct json *after, struct json *lines);

/* The same for each member that differs of two objects, `prefix` before its name. */
void apply_diff_members(const char *prefix, const struct json *before, const struct json *after, struct json *lines);

/* Append the statements of two policies (texts; empty: none) that only one of them has. */
void apply_diff_policies(struct view before, struct view after, struct json *lines);

#endif
