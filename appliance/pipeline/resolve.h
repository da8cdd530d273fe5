/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolve: from endpoint, host, x-apigw-api-id and path to API and stage, or to nothing, which is 403 Forbidden.
 *
 * Pure functions over a snapshot: no exchange, no I/O, no allocation.
 * Source: spec/endpoints.md 5 (table R1–R17), spec/domains.md 4; slashes: spec/rest-dataplane.md 2.5; canaries: 3.5.
 */
#ifndef POSTERN_PIPELINE_RESOLVE_H
#define POSTERN_PIPELINE_RESOLVE_H

#include <stdbool.h>

#include "appliance/base/view.h"
#include "appliance/model/snapshot.h"

/* Longest host that is looked at: a DNS name has 253 characters. */
#define RESOLVE_HOST_MAX_BYTES 255

struct resolve_input {
	const struct snapshot *snapshot;
	struct view endpoint_id;
	struct view host;   /* as sent: any case, perhaps a port and a final dot */
	struct view api_id; /* first x-apigw-api-id, as sent; `at` NULL if there was none */
	struct view path;   /* of the target, as sent, without the query */
};

struct resolve_result {
	const struct snapshot_endpoint *endpoint; /* NULL only if the snapshot does not know it */
	const struct snapshot_api *api;
	const struct snapshot_stage *stage;
	const struct snapshot_deployment *deployment; /* that serves: the stage's, or its canary's */
	const struct snapshot_variables *variables;   /* the stage's, or its canary's */
	bool is_canary;
	const struct snapshot_domain *domain;       /* NULL: not by a custom domain */
	const struct snapshot_base_path *base_path; /* of the domain */
	struct view path;                           /* what follows the stage, as sent; may be empty */
	char host[RESOLVE_HOST_MAX_BYTES + 1];      /* lower case, no port, no final dot; NUL-terminated */
	size_t host_bytes;
	const char *reason; /* why it is Forbidden: for the log; NULL if it is not */
};

/*
 * Let the stage's canary serve if `drawn`, uniform in [0, 100), falls into its share; harmless if the stage has none. False, with
 * ret->reason, if what is to serve may not be reached by an endpoint.
 */
bool resolve_canary(struct resolve_result *ret, double drawn);

/* The value of a stage variable as this request sees it; `at` NULL: there is none. */
struct view resolve_variable(const struct resolve_result *resolved, struct view name);

/* Resolve. True if there is an API and a stage to serve (by its own deployment); else `ret->reason` says why not, and as much as is known is set. */
bool resolve(const struct resolve_input *input, struct resolve_result *ret);

/* The path with its leading slashes made one, without those at its start; "" for "/" alone: what ARNs and routes use. */
struct view resolve_relative(struct view path);

#endif
