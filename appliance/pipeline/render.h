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

/* Overrides of one kind that a request may have: more than any head has fields. */
#define RENDER_OVERRIDES_MAX 2000

/* The response overrides as they are sent, in the exchange's arena. */
struct render_overrides {
	struct http_field *fields;
	size_t field_count;
	int status; /* 0: not overridden */
};

/*
 * What the templates left for the response, once both have run. Printing a value may run a piece of template, which may add more: so
 * all of it is done here, before anybody makes room for the fields. NEXT or FAIL.
 */
enum verdict render_response_overrides(struct pipeline *p, struct render_overrides *ret);

#endif
