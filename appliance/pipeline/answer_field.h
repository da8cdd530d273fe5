/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer_field: the fields that an API's owner gives an answer: mapped ones of a method response, overrides, those of a gateway response.
 *
 * Threads: a worker's. Not here: fields that a proxy passes (integrate/http_response.h) or a function gives (map_function.h).
 * Source: spec/rest-dataplane.md 10.3, 10.4, 16.2; spec/recorded-errors.md 3.
 */
#ifndef POSTERN_PIPELINE_ANSWER_FIELD_H
#define POSTERN_PIPELINE_ANSWER_FIELD_H

#include "appliance/pipeline/state.h"

/*
 * Set a field, by the rules (header_rules.def, mapped_back), in the place of those of that name; there must be room. A name or value that
 * a field can't have, and the empty value, set none. False without memory.
 */
bool answer_field_set(struct pipeline *p, struct view name, struct view value) __attribute__((warn_unused_result));

/* The same of a gateway response, which may ask for credentials: its WWW-Authenticate keeps its name. */
bool answer_field_set_gateway(struct pipeline *p, struct view name, struct view value)
	__attribute__((warn_unused_result));

#endif
