/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aws_call: what all calls of AWS services share, whatever the type of integration: the URI rendered and taken apart, the
 * service's endpoint, credentials (waited for if they must be fetched), the fields that API Gateway sends, the signed request.
 *
 *	aws_call_prepare(p, &call)               WAIT: the phase is called again when there are credentials
 *	aws_call_fields(p, n, &fields, &count)   then the caller adds up to n more
 *	aws_call_write(p, &call, &what, &request)
 *	integrate_call(p, &request)
 *
 * Threads: the worker's. Not here: which path, query and fields a service wants (integrate_aws.c, integrate_lambda.c).
 * Source: spec/rest-dataplane.md 5, 5.2, 10.2, 10.3.
 */
#ifndef POSTERN_PIPELINE_AWS_CALL_H
#define POSTERN_PIPELINE_AWS_CALL_H

#include "appliance/integrate/aws_request.h"
#include "appliance/integrate/aws_service.h"
#include "appliance/integrate/aws_uri.h"
#include "appliance/pipeline/state.h"

struct aws_call {
	struct aws_uri uri; /* placeholders are filled in */
	struct aws_service service;
	struct aws_endpoint endpoint;
	struct credentials credentials; /* good until the phase returns */
};

/* What is asked of the service. */
struct aws_call_request {
	struct view method; /* empty: the integration's, or the client's */
	struct view path, query;
	const struct aws_field *fields;
	size_t field_count;
	struct view body;
};

/* Where and as whom. NEXT; WAIT: call again; FAIL: the failure is chosen, with what to set. */
enum verdict aws_call_prepare(struct pipeline *p, struct aws_call *ret);

/*
 * Mapped fields, Accept, User-Agent, X-Amzn-Apigateway-Api-Id, X-Amzn-Trace-Id (which is made) and the client's Content-Type,
 * in the arena, with room for `extra_count` more. NEXT or FAIL.
 */
enum verdict aws_call_fields(struct pipeline *p, size_t extra_count, struct aws_field **ret_fields, size_t *ret_count);

/* The last field of that name, case ignored, or NULL. */
struct aws_field *aws_call_find_field(struct aws_field *fields, size_t count, struct view name);

/* Sign and write. NEXT or FAIL. */
enum verdict aws_call_write(
	struct pipeline *p, const struct aws_call *call, const struct aws_call_request *what, struct http_request *ret);

/* Call a service other than Lambda, or a function by type AWS: the body is p->mapped_body (integrate_aws.c). As integrate_call(). */
enum verdict integrate_aws_service(struct pipeline *p, const struct aws_call *call);

#endif
