/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate: what calling back ends needs of a worker, and the words that the files of this folder share.
 *
 *   http_request.h   the request to an HTTP back end: URI, query, fields (types HTTP and HTTP_PROXY)
 *   http_response.h  the fields of the client's response, made of the back end's (HTTP_PROXY)
 *   http_call.h      runs such a call: request body in, response body out, with back-pressure
 *
 * MOCK needs no call: its status was read from its template when the integration was compiled (model/integration.h).
 * Threads: a worker's.
 */
#ifndef POSTERN_INTEGRATE_INTEGRATE_H
#define POSTERN_INTEGRATE_INTEGRATE_H

#include "appliance/base/view.h"
#include "appliance/mapping/mapping_parameter.h"

struct outbound;

/* Filled by the wiring; all borrowed. */
struct integrate_worker {
	struct outbound *outbound;
};

/* A result of the request's parameter mapping: integration.request.{path|querystring|header}.NAME, value as decoded text. */
struct integrate_parameter {
	enum mapping_target_kind kind;
	struct view name;
	struct view value;
};

#endif
