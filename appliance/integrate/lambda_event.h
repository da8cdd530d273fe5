/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lambda_event: the event that a function behind an AWS_PROXY method gets: payload version 1.0, in AWS's order of keys.
 *
 * All keys are always there; a map without members is null. The client's fields, but for those that nobody may see (header_rules.def),
 * are sorted by name without case, each name once in its first spelling, but for Authorization and User-Agent, whose spelling is
 * AWS's; `headers` has the last value, `multiValueHeaders` all. Parameters of the query are decoded, those of the path are not. X-Forwarded-For ends with the client's
 * address, -Port is 443 and -Proto https; X-Amzn-Trace-Id is the request's own. A SigV4 signature was for us: it is left out, as
 * is X-HTTP-Method-Override, which has done its work.
 *
 * The order of requestContext and identity is recorded; where the members stand that no recording has (authorizer, isCanaryRequest,
 * identity.apiKey, apiKeyId, vpceId, vpcId) is from published events of private APIs, and unconfirmed.
 *
 * Threads: pure functions on an arena. Not here: calling the function (pipeline/integrate_lambda.c), its answer (lambda_answer.h).
 * Source: spec/rest-dataplane.md 2.5, 2.6, 8.4, 10, 11; API Gateway Developer Guide, "Input format of a Lambda function for proxy
 * integration".
 */
#ifndef POSTERN_INTEGRATE_LAMBDA_EVENT_H
#define POSTERN_INTEGRATE_LAMBDA_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/model/snapshot.h"
#include "appliance/wire/http1.h"

/* The largest payload that a function can be called with (Lambda quotas: "Invocation payload"). */
#define LAMBDA_EVENT_MAX_BYTES 6291456

/* A view with `at` NULL is null in the event, but where it says that the member is left out. */
struct lambda_event_input {
	const struct http1_head *client; /* fields and query */
	struct view method;              /* after X-HTTP-Method-Override */
	struct view resource;            /* "/{proxy+}" */
	struct view resource_id;
	struct view path;         /* what follows the stage, or the whole of a custom domain's: as sent */
	struct view request_path; /* with the stage: as sent */
	struct view protocol;     /* "HTTP/1.1" */
	size_t path_parameter_count;
	const struct route_parameter *path_parameters; /* as sent */
	const struct snapshot_variables *variables;    /* of the stage, overlaid by the canary's */
	struct view account_id, api_id, stage, deployment_id;
	struct view request_id, extended_request_id, trace_id;
	struct view domain_name;
	uint64_t time_ms; /* when the request was received: wall clock */
	struct view source_ip, user_agent;
	struct view vpc_id, vpce_id;     /* left out if `at` is NULL */
	struct view api_key, api_key_id; /* left out if `at` is NULL */
	struct view authorizer;          /* an object as JSON; left out if `at` is NULL */
	bool has_canary, is_canary;      /* isCanaryRequest is left out without settings of a canary */
	struct view body;                /* as sent if it is binary, else UTF-8 */
	bool is_binary; /* Content-Type is one of the API's binary media types: the body goes as base64 */
};

/*
 * Write the event. `ret` should be limited to LAMBDA_EVENT_MAX_BYTES; values are decoded into `arena`. Returns 0, -EMSGSIZE if it
 * is longer than the buffer's limit, -ENOMEM.
 */
int lambda_event_write(struct arena *arena, const struct lambda_event_input *input, struct buffer *ret)
	__attribute__((warn_unused_result));

#endif
