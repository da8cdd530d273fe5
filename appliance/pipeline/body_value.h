/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * body_value: what parameter mappings take out of a body: the whole of it, or what a JSONPath finds in it.
 *
 * A body that begins like JSON must be JSON; any other one counts as the empty object. Texts go as they are, numbers as they were written,
 * objects and arrays as compact JSON; null and nothing are no value. Each body is parsed once, when the first mapping asks.
 *
 * Threads: the worker's. Source: spec/rest-dataplane.md 6.1, 6.2.
 */
#ifndef POSTERN_PIPELINE_BODY_VALUE_H
#define POSTERN_PIPELINE_BODY_VALUE_H

#include "appliance/pipeline/state.h"

/*
 * method.request.body of p->mapped_body, and integration.response.body of p->answer.body. 0 and the value (`at` NULL: there is none);
 * -EBADMSG if the body should be JSON and is not; -E2BIG, -ENOMEM.
 */
int body_value_request(struct pipeline *p, const struct mapping_parameter *mapping, struct view *ret)
	__attribute__((warn_unused_result));
int body_value_answer(struct pipeline *p, const struct mapping_parameter *mapping, struct view *ret)
	__attribute__((warn_unused_result));

#endif
