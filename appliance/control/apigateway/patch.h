/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * patch: patchOperations of API Gateway: {"op", "path", "value", "from"}, paths like JSON Pointers, values always text.
 *
 * Which paths exist and what they do is each resource's own business: its patcher gets the operations one by one and
 * changes a copy of the resource; the first failure rejects the whole request.
 * Source: spec/control-plane.md 8; API Gateway API Reference, "Patch Operations".
 */
#ifndef POSTERN_CONTROL_PATCH_H
#define POSTERN_CONTROL_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Parts of a path: the longest supported one has 6, a method setting below a deep resource path has more. */
#define PATCH_PARTS_MAX 16

/* Operations of one request: all settings of all methods of an API of AWS's size (300 resources) are changed in a few. */
#define PATCH_OPERATIONS_MAX 1000

enum patch_op { PATCH_ADD, PATCH_REMOVE, PATCH_REPLACE, PATCH_COPY, PATCH_MOVE, PATCH_TEST };

struct patch {
	enum patch_op op;
	const char *op_name;
	const char *path;                   /* as sent; NULL if absent */
	const char *from;                   /* NULL if absent */
	const char *value;                  /* NULL if absent */
	const char *parts[PATCH_PARTS_MAX]; /* of the path, ~1 and ~0 resolved; unused ones are "" */
	size_t part_count;
};

typedef int patcher(struct call *call, const struct patch *patch, struct json *target);

/* Apply call->input's patchOperations to `target`. 0 or CALL_FAILED. */
int patch_apply(struct call *call, struct json *target, patcher *apply);

/* Is the first part `name`, and is it the only one? */
bool patch_is(const struct patch *patch, const char *name);

/* --- what many resources do -------------------------------------------------------------------------------------------- */

/* Fail with "Invalid patch path <path>". */
int patch_invalid_path(struct call *call, const struct patch *patch);

/* The refusal of resources that name what they support: the paths that this operation may have, as AWS prints them ("/name,
 * /description"), or (NULL) that it is not supported at all. */
int patch_invalid_listed(struct call *call, const struct patch *patch, const char *paths);

/* Set a text member to the value; without value it is removed. */
void patch_text(struct json *target, const char *member, const struct patch *patch);

/* Set a number; what is none becomes a text, which the resource's check then refuses in its own words. */
void patch_number(struct json *target, const char *member, const struct patch *patch);

/* "true" in any case is true, everything else false. */
void patch_bool(struct json *target, const char *member, const struct patch *patch);

/* An entry of a map of texts: add and replace set it, remove removes it. */
void patch_map(struct json *map, const struct patch *patch);

/* The same of a map to booleans. */
void patch_bool_map(struct json *map, const struct patch *patch);

/* A list of texts: add appends if missing, remove removes. */
void patch_list(struct json *list, const struct patch *patch, const char *item);

/* Tell whether `list` holds `text`; its index if so, else -1. */
long patch_list_index(const struct json *list, const char *text);

#endif
