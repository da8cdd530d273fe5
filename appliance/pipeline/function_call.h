/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * function_call: what calls of Lambda functions have beyond those of other AWS services, whatever the type of integration.
 *
 * Threads: the worker's. Source: spec/lambda.md 1.2, 3.1; spec/rest-dataplane.md 5.2.
 */
#ifndef POSTERN_PIPELINE_FUNCTION_CALL_H
#define POSTERN_PIPELINE_FUNCTION_CALL_H

#include "appliance/integrate/lambda_function.h"
#include "appliance/pipeline/aws_call.h"

/* Fields that function_call_add_fields() adds. */
#define FUNCTION_CALL_FIELDS 2

/* Does the URI invoke a function? */
bool function_call_is_one(const struct aws_call *call);

/*
 * Make the call one of a function: p->calls_function is set, call->uri.rest names it as the endpoint knows it. NEXT; FAIL for a
 * method other than POST, a payload over 6 MB (which Lambda would refuse), an answer that streams although it is not to.
 */
enum verdict function_call_begin(struct pipeline *p, struct aws_call *call, struct lambda_function *ret);

/* The payload is longer than a function can be called with: 413. FAIL. */
enum verdict function_call_too_long(struct pipeline *p);

/* Who calls, and for which request; in the room that was asked for. False without memory. */
bool function_call_add_fields(struct pipeline *p, struct aws_field *fields, size_t *count);

/* Call it and have its answer streamed, as the function's metadata and body. As integrate_call(). */
enum verdict function_call_stream(struct pipeline *p, const struct http_request *request);

#endif
