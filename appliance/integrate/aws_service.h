/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aws_service: what is known of AWS's services: how requests to them are signed, which protocol they speak, where they are.
 *
 * The table is aws_services.def, by the name that stands in an integration's URI (`arn:aws:apigateway:REGION:NAME:...`),
 * which is the first part of the service's host name. A name that is not in it follows the general rule: `a.b` is looked
 * up as `b`; what is found nowhere signs with its own last part, is at NAME.REGION.amazonaws.com, and its actions are called
 * by `Action=` alone.
 *
 * Threads: constant data and pure functions.
 * Source: the service models that AWS's SDKs are made of; API reference, PutIntegration (uri).
 */
#ifndef POSTERN_INTEGRATE_AWS_SERVICE_H
#define POSTERN_INTEGRATE_AWS_SERVICE_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

enum aws_protocol {
	AWS_PROTOCOL_REST,    /* paths and methods of its own; also what is unknown */
	AWS_PROTOCOL_QUERY,   /* Action and Version in the query or a form */
	AWS_PROTOCOL_JSON_10, /* X-Amz-Target, application/x-amz-json-1.0 */
	AWS_PROTOCOL_JSON_11, /* the same with 1.1 */
};

struct aws_service {
	struct view name;         /* as in URIs and host names; of an unknown one: its last part */
	struct view signing_name; /* in credential scopes */
	enum aws_protocol protocol;
	struct view target_prefix; /* JSON: before the '.' of X-Amz-Target; empty if unknown */
	struct view version;       /* of its API: Version of query services */
	struct view global_host;   /* empty, or the one host that serves all regions of partition aws */
	bool signs_once;           /* S3: paths are encoded once, X-Amz-Content-Sha256 is sent */
	bool answers_wrapped;      /* its actions answer as query services do: {"XResponse":{"XResult":...}} */
	bool is_known;             /* stands in the table */
};

/* Facts of the service that a URI calls `name` ("sqs", "runtime.sagemaker", "bucket.s3"). */
void aws_service_find(struct view name, struct aws_service *ret);

/*
 * The public host of the service that a URI calls `name`: "sqs.us-east-1.amazonaws.com", "iam.amazonaws.com". `at` is NULL if
 * memory is exhausted.
 */
struct view aws_service_host(struct arena *arena, const struct aws_service *service, struct view name,
	struct view partition, struct view region);

/*
 * The region in the credential scope of a request that is meant for `region`: a service that has one host for all regions of
 * partition aws has one region there, too.
 */
struct view aws_service_signing_region(const struct aws_service *service, struct view region);

#endif
