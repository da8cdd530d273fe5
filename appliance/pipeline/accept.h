/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accept: which template fits: by the request's Content-Type for requests, by its Accept for responses.
 *
 * Pure functions. Media types compare without case; parameters behind ';' do not count.
 * Source: spec/rest-dataplane.md 7.
 */
#ifndef POSTERN_PIPELINE_ACCEPT_H
#define POSTERN_PIPELINE_ACCEPT_H

#include "appliance/model/gateway_response.h"
#include "appliance/model/integration.h"
#include "appliance/wire/http1.h"

/* The media type of the request's Content-Type; application/json if it has none. */
struct view accept_content_type(const struct http1_head *request);

/* The first media type of Accept; application/json if there is none. */
struct view accept_first(const struct http1_head *request);

/*
 * The request template for that media type: exact, then $default. NULL: none, and then `*ret_refused` says whether the
 * passthrough behaviour answers 415 or lets the body pass.
 */
const struct integration_template *accept_request_template(
	const struct integration *integration, struct view media_type, bool *ret_refused);

/* The response template for Accept: exact, else application/json, else the first; NULL if there is none: body passes. */
const struct integration_template *accept_response_template(
	const struct integration_response *response, struct view media_type);

/* The same among the templates of a gateway response, of which there is at least one. */
const struct gateway_response_template *accept_gateway_template(
	const struct http1_head *request, const struct gateway_response *response);

#endif
