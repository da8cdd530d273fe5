/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context: which variables $context has: the table context.def as an enum and look-ups. What compiles a template asks for a
 * variable's slot once; what runs it (pipeline/context_value.h) gives the value of a slot.
 *
 * Threads: constant data.
 */
#ifndef POSTERN_MODEL_CONTEXT_H
#define POSTERN_MODEL_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"

enum context_slot {
#define ALWAYS(NAME, path) CONTEXT_##NAME,
#define PRESENT(NAME, path) CONTEXT_##NAME,
#define GROUP(NAME, path) CONTEXT_##NAME,
#include "appliance/model/context.def"
	CONTEXT_COUNT
};

enum context_kind { CONTEXT_IS_ALWAYS, CONTEXT_IS_PRESENT, CONTEXT_IS_GROUP };

/* Path ("identity.sourceIp") and kind of a slot, which must be below CONTEXT_COUNT. */
struct view context_path(int slot);
enum context_kind context_kind(int slot);

/* The slot of a dotted path, or -1. */
int context_slot(struct view path);

/*
 * The next slot from `from` on that is a member of the group `path` ("": of $context itself), with its name in `*ret_name`; -1 behind
 * the last.
 */
int context_next(struct view path, int from, struct view *ret_name);

#endif
