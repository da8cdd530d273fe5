/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * documentation: where a DocumentationPart may stand, and the parts that an OpenAPI document brings.
 *
 * A location is {"type", "path", "method", "statusCode", "name"}: each type has some of the fields. A complete location has
 * all fields of its type: what is left out is the root path "/", any method "*", any status "*"; a name has no default.
 * Two parts of one API never have equal locations.
 *
 * Threads: any; pure functions.
 * Source: API Gateway Developer Guide, "Representation of API documentation in API Gateway"; spec/openapi.md 4.2.
 */
#ifndef POSTERN_OPENAPI_DOCUMENTATION_H
#define POSTERN_OPENAPI_DOCUMENTATION_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/openapi/import.h"

/* Longest message about a location. */
#define OPENAPI_LOCATION_MESSAGE_MAX_BYTES 256

/*
 * Complete `location`: fields in the order above, defaults added. 0, or -EINVAL with the rule in `message`: an unknown type,
 * a field that its type does not have, a missing name, a method or status that there is not. The input is then unchanged.
 */
int openapi_location_complete(struct json *location, char message[OPENAPI_LOCATION_MESSAGE_MAX_BYTES])
	__attribute__((warn_unused_result));

/* "type 'METHOD', path '/pets', method 'GET'": a complete location in words; equal ones have the same. On the heap. */
char *openapi_location_text(const struct json *location);

/* Complete locations of all that can be documented in a definition: an array of objects. */
struct json *openapi_locations(const struct json *definition);

/*
 * The documentation parts of a document (see import.h), merged into or instead of those of `existing`, a definition of which
 * documentationParts is read. options->base_path, account and region as there.
 *
 * Returns 0: `*ret_parts` are all parts that shall exist, `*ret_ids` the ids of those that the document has, `*ret_warnings`
 * texts; the caller's to json_free(). -EINVAL: `*ret_failure` says why; -ENOMEM.
 */
int openapi_import_parts(struct json **ret_parts, struct json **ret_ids, struct json **ret_warnings,
	struct openapi_failure *ret_failure, const struct json *existing, struct view text,
	const struct openapi_options *options) __attribute__((warn_unused_result));

#endif
