/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import: what ImportRestApi and PutRestApi would make of an OpenAPI document, before anything is stored.
 *
 * The request's body is the document, its query the parameters of those operations. Nothing is written but by
 * import_store().
 * Threads: the operations thread. Source: spec/openapi.md 1 and 2.
 */
#ifndef POSTERN_CONTROL_IMPORT_H
#define POSTERN_CONTROL_IMPORT_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/openapi/import.h"

/* Definitions as deployments freeze them (model/openapi), and the warnings of the import. */
struct import {
	struct json *before, *after, *warnings;
};

/*
 * Import the request's body over `api`, a RestApi that is stored or will be. `*ret` is ended with import_fini(), also after a
 * failure. 0, CALL_FAILED, or another negative errno.
 */
int import_prepare(struct call *call, const struct json *api, bool merge, struct import *ret)
	__attribute__((warn_unused_result));
void import_fini(struct import *import);

/* Fill the empty object `api` with a new RestApi of the endpoint configuration that the query names. 0 or CALL_FAILED. */
int import_new_api(struct call *call, struct json *api) __attribute__((warn_unused_result));

/* --- What other imports share ------------------------------------------------------------------------------------------- */

/* What is stored of a RestApi, as a definition; the caller's. */
struct json *import_definition(struct call *call, const struct json *api);

/* Store what `after` has that `before` has not or has otherwise, delete what only `before` has; members of both may be missing. */
void import_store(struct call *call, const char *api_id, const struct json *before, const struct json *after);

/* What the query asks for. */
struct openapi_options import_options(const struct call *call, bool merge);

/* Fail as the service does, place and rule in call->detail; ends `failure`. */
int import_fail(struct call *call, struct openapi_failure *failure);

#endif
