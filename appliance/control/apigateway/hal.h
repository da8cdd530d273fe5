/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hal: API Gateway's answers as application/hal+json, for clients that do not ask for application/json: the plain answer
 * with links, sub-resources embedded, lists of one as the one, and times as ISO 8601.
 *
 * Handlers know nothing of it: it is made of the output that they fill anyway, by the table of hal.def.
 * Threads: constant tables and pure functions.
 * Source: spec/control-plane.md 3.2 and 4.
 */
#ifndef POSTERN_CONTROL_APIGATEWAY_HAL_H
#define POSTERN_CONTROL_APIGATEWAY_HAL_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/operations.h"

#define HAL_CONTENT_TYPE "application/hal+json"

/* Does a client with this Accept field (empty: none) get HAL? */
bool hal_wanted(struct view accept);

/*
 * The HAL form of the plain `output` that `operation` made of `input`; `path` is the request's. The caller frees it.
 */
struct json *hal_new(
	const struct operation *operation, const struct json *input, struct view path, const struct json *output);

#endif
