/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aws_request: the signed request to an AWS service, and where it goes: an endpoint of the settings, or AWS's own if the
 * settings say so. What is signed is what is sent, by the one canonical form of wire/sigv4.h.
 *
 * In the caller's words: aws_uri_parse(), aws_service_find(), aws_endpoint_find(), credentials_find() (credentials.h), then
 * aws_request_write() into a struct http_request, which http_call_start() runs as any other.
 *
 * Not here: which path, query, fields and body an integration asks for (pipeline/integrate_aws.c, integrate_lambda.c).
 * Threads: pure functions on an arena.
 * Source: IAM User Guide, "AWS Signature Version 4 for API requests"; spec/auth.md 3; spec/rest-dataplane.md 5.2, 10.2, 10.3.
 */
#ifndef POSTERN_INTEGRATE_AWS_REQUEST_H
#define POSTERN_INTEGRATE_AWS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/http/exchange.h"
#include "appliance/integrate/aws_service.h"
#include "appliance/integrate/credentials.h"
#include "appliance/integrate/http_request.h"
#include "appliance/outbound/outbound.h"

/* Where a service is. */
struct aws_endpoint {
	struct view service;           /* as in URIs; "*": every one without a row of its own */
	struct outbound_origin origin; /* of its URL */
	struct view
		base_path; /* of its URL, in front of each request's path: empty, or "/p" without a '/' at its end */
	bool functions_by_name; /* Lambda: it knows functions by name, not by ARN */
};

/* The settings' endpoints: borrowed by all workers, never changed. */
struct aws_endpoints {
	const struct aws_endpoint *rows;
	size_t count;
	bool is_public; /* services without a row are called at AWS's own hosts */
};

/* Rows that the settings may have; each is written by a person. */
#define AWS_ENDPOINTS_MAX 64

/*
 * Where the service is that a URI calls `name`: its row, the row of the part behind its subdomain, the row "*", AWS's own
 * host. Returns 0; -ENOENT if nothing of these is set; -EINVAL if no host can be made of name and region; -ENOMEM.
 */
int aws_endpoint_find(const struct aws_endpoints *endpoints, struct arena *arena, struct view partition,
	struct view region, struct view name, struct aws_endpoint *ret) __attribute__((warn_unused_result));

/* A field of the request. */
struct aws_field {
	struct view name, value;
	bool is_unsigned; /* sent, but proxies on the way may change it: User-Agent, X-Amzn-Trace-Id */
};

struct aws_request_input {
	const struct aws_endpoint *endpoint;
	const struct aws_service *service;
	struct view region; /* in the credential scope, unless the service has its own */
	struct view method;
	struct view path;  /* begins with '/'; what a path can't hold as it is gets encoded, %XX stays */
	struct view query; /* encoded, without '?'; may be empty */
	const struct aws_field
		*fields; /* without Host, X-Amz-Date, X-Amz-Security-Token, Authorization; a Host may be there */
	size_t field_count;
	struct view body; /* the whole: it is signed */
	const struct credentials *credentials;
	int64_t now_s; /* wall clock */
};

/*
 * Write and sign the head. Returns 0; -EEXIST if a field is one that signing makes; -EINVAL if a field, the method or the
 * path can't be sent; -EMSGSIZE if a limit is passed; -ENOMEM.
 */
int aws_request_write(struct arena *arena, const struct aws_request_input *input, struct http_request *ret)
	__attribute__((warn_unused_result));

#endif
