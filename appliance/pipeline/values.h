/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * values: where the values of mappings, gateway responses and access logs come from: the method request, $context, stage
 * variables.
 *
 * A view with `at` NULL means that there is no such value. Values live as long as the exchange.
 * Source: spec/rest-dataplane.md 6, 10.1; spec/throttling-caching-logging.md C3.
 */
#ifndef POSTERN_PIPELINE_VALUES_H
#define POSTERN_PIPELINE_VALUES_H

#include "appliance/pipeline/state.h"
#include "appliance/wire/uri.h"

/* Path parameter, still encoded. */
struct view values_path(const struct pipeline *p, struct view name);

/* Last value of a query parameter, decoded (into the arena if need be). */
struct view values_query(struct pipeline *p, struct view name);

/* Last value of a request header whose name is exactly `name`; headers that nobody may see are absent. */
struct view values_header(const struct pipeline *p, struct view name);

/* May templates and mappings see that header? */
bool values_header_is_seen(const struct http1_header *header);

/* All of its values, joined with ','. */
struct view values_headers_joined(struct pipeline *p, struct view name);

/* The query, to be walked as API Gateway reads it: ';' separates too (spec/rest-dataplane.md 2.6). */
struct uri_query values_query_of(const struct pipeline *p);

/* The next value of a query parameter in what `query` has left, decoded; false behind the last. */
bool values_query_next(struct pipeline *p, struct uri_query *query, struct view name, struct view *ret_value);

/* A name or value of a query, decoded into the arena; as it is if there is nothing to decode. */
struct view values_decode(struct pipeline *p, struct view text);

/* $context.`path`, as text; numbers are written into the arena. */
struct view values_context(struct pipeline *p, struct view path);

/* "header.x", "querystring.x" or "path.x" of the method request. */
struct view values_request(struct pipeline *p, struct view reference);

/* The value of a source of responseParameters: of the integration's answer (p->answer), or as values_source(). */
struct view values_answer(struct pipeline *p, const struct mapping_parameter *mapping);

/* The value of a mapping's source, of the request side; bodies (body_value.h) have none here. Empty values count as absent. */
struct view values_source(struct pipeline *p, const struct mapping_parameter *mapping);

#endif
