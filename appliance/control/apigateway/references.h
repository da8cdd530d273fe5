/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * references: who uses something that a call would delete, as AWS lists it in the refusal: "Vpc link 'x', is referenced in
 * [api:GET:resource:stage, ...] in format of [RESTApiId:Method:Resource:Stage]."
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_REFERENCES_H
#define POSTERN_CONTROL_APIGATEWAY_REFERENCES_H

#include <stdbool.h>

#include "appliance/control/call.h"
#include "appliance/store/store.h"

/* So many are told of. */
#define REFERENCES_TOLD_MAX 20

struct references {
	struct call *call;
	struct view id;   /* of what is to be deleted */
	const char *list; /* "a:b, c:d"; NULL: there is none */
	size_t count;
};

/* Can a record refer to it? Most don't have the id in their text, and need not be parsed. */
bool references_possible(const struct references *references, const struct store_record *record);

void references_add(struct references *references, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Refuse: `what` is "vpc link", `format` what the list's entries are made of. CALL_FAILED. */
int references_refuse(const struct references *references, const char *what, const char *format);

#endif
