/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_tree: how json_parse.c makes the values of a tree. Private to the json files. */
#ifndef POSTERN_BASE_JSON_TREE_H
#define POSTERN_BASE_JSON_TREE_H

#include "appliance/base/arena.h"
#include "appliance/base/json.h"

/* The memory of a fixed tree; NULL if there is none. json_free() of its root ends it; so does json_tree_end() if there is no root. */
struct arena *json_tree_begin(void);
void json_tree_end(struct arena *fixed);

/* A value in `fixed`, or on the heap if that is NULL. `text` counts for texts and numbers, `truth` for a boolean. */
struct json *json_tree_value(struct arena *fixed, enum json_type type, struct view text, bool truth);

/* Put it at the end of an array, or of an object that has no member of that name. Both are of one kind of memory. */
void json_tree_add(struct json *container, struct view name, struct json *child);

#endif
