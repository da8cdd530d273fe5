/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context_value: the values of $context for one request (model/context.h has the variables).
 *
 * Values live as long as the exchange. Threads: the worker's. Not here: what only access logs and gateway responses know ($context.error,
 * latencies): values_context().
 * Source: spec/vtl.md 14.
 */
#ifndef POSTERN_PIPELINE_CONTEXT_VALUE_H
#define POSTERN_PIPELINE_CONTEXT_VALUE_H

#include "appliance/model/context.h"
#include "appliance/pipeline/state.h"

/* As text; `at` NULL: it has no value, or is a group. */
struct view context_text(struct pipeline *p, enum context_slot slot);

/* Is it a number, which templates can count with and events write without quotes? Then `*ret`. */
bool context_number(const struct pipeline *p, enum context_slot slot, int64_t *ret);

/* Walk the members of a group that are there: `*cursor` starts as 0. Returns the slot, or -1 behind the last. */
int context_walk(struct pipeline *p, struct view group, size_t *cursor, struct view *ret_name);

#endif
