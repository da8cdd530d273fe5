/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate: what calling back ends needs of a worker, and the words that the files of this folder share.
 *
 *   http_request.h   the request to an HTTP back end: URI, query, fields (types HTTP and HTTP_PROXY)
 *   http_response.h  the fields of the client's response, made of the back end's (HTTP_PROXY)
 *   http_call.h      runs such a call: request body in, response body out, with back-pressure
 *
 *   aws_request.h    the signed request to a service of AWS, and where it goes (types AWS and AWS_PROXY)
 *   credentials.h    what it is signed with
 *
 * MOCK needs no call: its status was read from its template when the integration was compiled (model/integration.h).
 * Threads: a worker's.
 */
#ifndef POSTERN_INTEGRATE_INTEGRATE_H
#define POSTERN_INTEGRATE_INTEGRATE_H

#include <stdint.h>

#include "appliance/base/compression.h"
#include "appliance/base/view.h"
#include "appliance/mapping/mapping_parameter.h"

struct aws_endpoints;
struct credentials_worker;
struct outbound;
struct target_worker;

/* Filled by the wiring. */
struct integrate_worker {
	struct outbound *outbound;     /* borrowed */
	struct target_worker *targets; /* the wiring's; NULL: there are no private integrations (target.h) */
	const struct aws_endpoints *aws_endpoints; /* where AWS services are, borrowed; NULL: nowhere */
	struct credentials_worker *credentials;    /* what they are called with, the wiring's; NULL: none */
	/*
	 * Longest body that is streamed, either way: of HTTP_PROXY, and answers with responseTransferMode STREAM. 0: what every
	 * other body may have (10,485,760 bytes); UINT64_MAX: any. The setting streamed_body_max_bytes.
	 */
	uint64_t streamed_max_bytes;
	/* For every body of this worker that is compressed or decompressed; the wiring ends it. */
	struct compression_stock compressions;
};

/*
 * A result of the request's parameter mapping: integration.request.{path|querystring|header}.NAME, value as decoded text; a literal is as
 * its author encoded it (spec/rest-dataplane.md 6.1).
 */
struct integrate_parameter {
	enum mapping_target_kind kind;
	struct view name;
	struct view value;
	bool is_literal;
};

#endif
