/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * operation: what a method is called in a document, and what is a status there.
 *
 * Threads: a constant table, a pure function. Source: spec/openapi.md 4.
 */
#ifndef POSTERN_OPENAPI_OPERATION_H
#define POSTERN_OPENAPI_OPERATION_H

#include <stdbool.h>

#include "appliance/base/view.h"

struct operation_verb {
	const char *verb; /* of the API: "GET" */
	const char *name; /* of a path item's member: "get" */
};

#define OPERATION_VERB_COUNT 8
extern const struct operation_verb operation_verbs[OPERATION_VERB_COUNT];

/* Is it a status code, 100 to 599? */
bool operation_is_status(struct view text);

#endif
