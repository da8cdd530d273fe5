/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http_request: the head of the request to an HTTP back end, for integration types HTTP and HTTP_PROXY.
 *
 * The URI is rendered ({name} from mapped path parameters, ${stageVariables.name}), for HTTP_PROXY the client's query is
 * added, then mapped query parameters; fields go by header_rules.def and are replaced by mapped ones. Values were checked by
 * the HTTP parser or are checked here, so that nothing can end a line early.
 *
 * Not here: framing of the body (outbound.h writes it), parameter mapping itself (pipeline/), sending (http_call.h).
 * Threads: pure functions on an arena.
 * Source: spec/rest-dataplane.md 5.1, 6.4, 10.1–10.3; spec/recorded-errors.md 3.
 */
#ifndef POSTERN_INTEGRATE_HTTP_REQUEST_H
#define POSTERN_INTEGRATE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/integrate/integrate.h"
#include "appliance/model/snapshot.h"
#include "appliance/outbound/outbound.h"
#include "appliance/wire/http1.h"

struct http_request_input {
	const struct integration *integration;
	struct view api_id;
	const struct snapshot_variables *variables; /* of the stage, or of its canary */
	const struct http1_head *client;            /* the client's head: its query and its fields */
	struct view method;                         /* the client's, after X-HTTP-Method-Override */
	struct view trace_id;                       /* X-Amzn-Trace-Id */
	const struct integrate_parameter *parameters;
	size_t parameter_count;
};

struct http_request {
	struct outbound_target target; /* as the integration's origin, or of the rendered URI */
	struct view authority;         /* of the URI */
	struct view head;              /* for struct outbound_request; in the arena */
	bool is_head, idempotent;
};

/*
 * Write the head. Returns 0; -EINVAL if the rendered URI is none, has an unmapped {name} or a port that is not allowed
 * ("Invalid endpoint address"); -EEXIST if a mapping sets a field that is Postern's own ("header already present");
 * -ENOMEM if the arena is exhausted. All three are 500 API_CONFIGURATION_ERROR to the client.
 */
int http_request_write(struct arena *arena, const struct http_request_input *input, struct http_request *ret)
	__attribute__((warn_unused_result));

/* Ports that API Gateway lets an HTTP integration use: 80, 443, 1024–65535. */
bool http_request_port_is_allowed(uint16_t port);

#endif
