/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * render: a request's mapping templates: what $input, $context and $stageVariables mean to them, and what their overrides do.
 *
 * The request template sees the method request's body, the response template the back end's; both see the parameters of the method
 * request. One set of overrides lives through both, so that what the request template left is there for the response template.
 * Overrides take effect once a template has ended: a second one of the same parameter fails the request, a list is sent joined with
 * ',', a status counts from 100 to 599.
 *
 * Threads: the worker's. Not here: which template is taken (accept.h), the engine (mapping/template.h).
 * Source: spec/vtl.md 12–16.
 */
#ifndef POSTERN_PIPELINE_RENDER_H
#define POSTERN_PIPELINE_RENDER_H

#include "appliance/pipeline/state.h"

/* p->mapped_body through the request template, then the overrides into p->parameters. NEXT or FAIL. */
enum verdict render_request(struct pipeline *p, const struct integration_template *template);

/* p->body through the response template. NEXT or FAIL. */
enum verdict render_response(struct pipeline *p, const struct integration_template *template);

/* How many fields the response overrides add at most. */
size_t render_response_field_count(const struct pipeline *p);

/*
 * Put the response overrides into p->fields, which has room, and p->status. `put` adds one field in the place of one of its name, by the
 * rules of the integration's type; false: no memory. `*ret_status` says whether the status was overridden. NEXT or FAIL.
 */
enum verdict render_response_overrides(
	struct pipeline *p, bool (*put)(struct pipeline *p, struct view name, struct view value), bool *ret_status);

#endif
