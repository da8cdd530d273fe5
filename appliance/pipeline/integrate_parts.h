/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * integrate_parts: what the types of integration share. phase_integrate.c dispatches by type to one file each:
 *
 *   integrate_mock.c    MOCK: the status is read from the mapped body
 *   integrate_http.c    HTTP, HTTP_PROXY
 *   integrate_aws.c     AWS
 *   integrate_lambda.c  AWS_PROXY
 *
 * Each is an `enum verdict integrate_<type>(struct pipeline *)` that finds
 *
 *   p->match.method->integration   how
 *   p->parameters                  mapped parameters, with the overrides of the request template applied
 *   p->mapped_body                 the body as template, passthrough and contentHandling made it, if p->has_mapped_body;
 *                                  else a proxy streams the client's
 *   p->resolved                    deployment and stage variables: resolve_variable()
 *
 * makes a struct http_request of it, and calls integrate_call() as its last deed. What the back end answers is gathered whole
 * into p->answer, and phase map_response makes the client's answer of it. HTTP_PROXY has its answer streamed instead.
 *
 * Threads: the worker's. Not here: parameters and templates (phase_map_request.c, phase_map_response.c).
 */
#ifndef POSTERN_PIPELINE_INTEGRATE_PARTS_H
#define POSTERN_PIPELINE_INTEGRATE_PARTS_H

#include "appliance/pipeline/state.h"

enum verdict integrate_mock(struct pipeline *p);
enum verdict integrate_http(struct pipeline *p);
enum verdict integrate_aws(struct pipeline *p);
enum verdict integrate_lambda(struct pipeline *p);

/* 500 API_CONFIGURATION_ERROR; `why` is static text. FAIL. */
enum verdict integrate_misconfigured(struct pipeline *p, const char *why);

/* Make p->trace_id, which each call of a back end carries: the client's, extended, or a new one. */
void integrate_make_trace_id(struct pipeline *p);

/*
 * Call the back end: the head is `request`'s, the body p->mapped_body or the client's own. WAIT: the phase behind integrate runs
 * when p->answer is there, or, when it streams, its head. FAIL: the failure is chosen. Nothing may touch `p` after WAIT.
 */
enum verdict integrate_call(struct pipeline *p, const struct http_request *request);

/* The same with an owner of its own, for answers that are neither gathered nor simply passed on. */
enum verdict integrate_call_owned(
	struct pipeline *p, const struct http_request *request, const struct http_call_owner *owner);

/*
 * The parts of the usual owner. integrate_on_head() copies status and fields into p->answer and has the body gathered;
 * integrate_on_done() adds the body and resumes; integrate_on_failed() chooses the gateway response, or cuts the client off.
 */
void integrate_on_head(struct http_call *call, const struct http1_head *head);
void integrate_on_done(struct http_call *call);
void integrate_on_failed(struct http_call *call, enum http_call_failure failure);

/* The pipeline of a call. */
struct pipeline *integrate_pipeline_of(struct http_call *call);

/* The last value of a field of p->answer, case ignored; `at` NULL: there is none. */
struct view integrate_answer_field(const struct pipeline *p, struct view name);

#endif
