/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * method_parts: what Method, MethodResponse, Integration and IntegrationResponse share: each lies in the record of its
 * resource, is found by the path of the call, and is read, changed and deleted there.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_METHOD_PARTS_H
#define POSTERN_CONTROL_METHOD_PARTS_H

#include "appliance/base/json.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/call.h"
#include "appliance/mapping/mapping_parameter.h"

/*
 * The part that the call names, within the tree of its resource, which is the caller's to free also on failure. 0, or
 * CALL_FAILED with 404: resource_method_find() and integration_find() of apis.h are such.
 */
typedef int part_finder(struct call *call, struct json **ret_resource, struct json **ret_part);

/* Does the part hold as a whole? 0 or CALL_FAILED. */
typedef int part_checker(struct call *call, const struct json *part);

int part_get(struct call *call, part_finder *find);
int part_delete(struct call *call, part_finder *find);
int part_update(struct call *call, part_finder *find, patcher *apply, part_checker *check);

/* Check a part that was put into its resource's tree, store it and answer with it. */
int part_keep(struct call *call, const struct json *resource, const struct json *part, part_checker *check);

/* The response that statusCode names in `responses`; 404 `Invalid Response status code specified`. */
int part_response(struct call *call, struct json *responses, struct json **ret);

/* Is it GET, PUT, ... or ANY? 0 or CALL_FAILED. */
int part_check_verb(struct call *call, struct view verb);

/* Has a map no more entries than an imported one may have? 0 or CALL_FAILED. */
int part_check_count(struct call *call, const struct json *map) __attribute__((warn_unused_result));

/*
 * Do the names of a map's members look like media types, and are the templates that they name no larger than AWS takes?
 * 0 or CALL_FAILED.
 */
int part_check_templates(struct call *call, const struct json *templates);

/* Are the entries of a map {target: source} mappings that this side has? 0 or CALL_FAILED. */
int part_check_mappings(struct call *call, enum mapping_side side, const struct json *map);

/* "Invalid mapping expression specified: ... [Invalid mapping expression parameter specified: <expression>]". */
int part_fail_parameter(struct call *call, struct view expression);

#endif
