/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * phase map_request: from the method request to the integration request: the template is chosen, the body converted, parameters
 * are mapped, the template is rendered.
 */
#include <errno.h>

#include "appliance/integrate/header_rules.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/body_value.h"
#include "appliance/pipeline/content_handling.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/pipeline/render.h"
#include "appliance/pipeline/request_body.h"
#include "appliance/pipeline/values.h"

/* Values that one mapping of a repeated query parameter may give; AWS names no limit, a URL has 8,192 bytes. */
#define REPEATED_MAX 64

/* ---- parameters ---- */

/* Is it a mapping that gives one parameter for each value? */
static bool is_repeated(const struct mapping_parameter *mapping)
{
	return mapping->source_kind == MAPPING_FROM_MULTIVALUE_QUERYSTRING &&
	       mapping->target_kind == MAPPING_TO_REQUEST_QUERYSTRING;
}

static void add_parameter(struct pipeline *p, const struct mapping_parameter *mapping, struct view value)
{
	p->parameters[p->parameter_count++] = (struct integrate_parameter){ .kind = mapping->target_kind,
		.name = mapping->target_name,
		.value = value,
		.is_literal = mapping->source_kind == MAPPING_FROM_LITERAL };
}

static enum verdict map_body(struct pipeline *p, const struct mapping_parameter *mapping)
{
	struct view value;
	int error = body_value_request(p, mapping, &value);

	if (error == -EBADMSG) {
		/* It is no type of its own; what it says has no blank behind the colon. */
		p->failure_status = 400;
		return state_fail_with(p, GATEWAY_RESPONSE_DEFAULT_4XX, view_of("Invalid JSON in request body"),
			"a mapping reads the body, which is not JSON");
	}
	if (error)
		return integrate_misconfigured(p, "a mapped part of the body does not fit into memory");
	if (value.count > 0)
		add_parameter(p, mapping, value);
	return VERDICT_NEXT;
}

/* A source that is missing or empty gives no parameter at all. */
static enum verdict map_one(struct pipeline *p, const struct mapping_parameter *mapping)
{
	struct uri_query query = values_query_of(p);
	struct view value;

	if (mapping->source_kind == MAPPING_FROM_BODY)
		/* An event holds the body as it is, whatever was mapped out of it. */
		return p->match.method->integration->type == INTEGRATION_AWS_PROXY ? VERDICT_NEXT
										   : map_body(p, mapping);
	if (!is_repeated(mapping)) {
		value = values_source(p, mapping);
		if (value.count > 0)
			add_parameter(p, mapping, value);
		return VERDICT_NEXT;
	}
	for (size_t i = 0; i < REPEATED_MAX && values_query_next(p, &query, mapping->source_text, &value); i++) {
		if (value.count > 0)
			add_parameter(p, mapping, value);
	}
	return VERDICT_NEXT;
}

/* A mapping to what only the gateway may write makes every call fail (spec/rest-dataplane.md 10.3). */
static enum verdict refuse_mapping(struct pipeline *p, struct view name)
{
	if (p->log)
		p->log_detail = arena_printf(&p->exchange->arena, VIEW_FMT " header already present", VIEW_ARG(name));
	return integrate_misconfigured(p, "a mapped header is already present");
}

static enum verdict map_parameters(struct pipeline *p, const struct integration *integration)
{
	enum verdict verdict = VERDICT_NEXT;
	size_t room = 0;

	if (integration->parameter_count == 0)
		return VERDICT_NEXT;
	for (size_t i = 0; i < integration->parameter_count; i++) {
		const struct mapping_parameter *mapping = &integration->parameters[i];

		if (mapping->target_kind == MAPPING_TO_REQUEST_HEADER &&
			header_rule_mapped(integration->type, mapping->target_name) == HEADER_RULE_REFUSE)
			return refuse_mapping(p, mapping->target_name);
		room += is_repeated(mapping) ? REPEATED_MAX : 1;
	}
	p->parameters = ARENA_NEW_ARRAY(&p->exchange->arena, struct integrate_parameter, room);
	if (!p->parameters)
		return integrate_misconfigured(p, "out of memory");
	for (size_t i = 0; verdict == VERDICT_NEXT && i < integration->parameter_count; i++)
		verdict = map_one(p, &integration->parameters[i]);
	return verdict;
}

/* ---- the body ---- */

static bool is_proxy(const struct integration *integration)
{
	return integration->type == INTEGRATION_HTTP_PROXY || integration->type == INTEGRATION_AWS_PROXY;
}

/* Does anything need the body as a whole? A proxy streams it, and a literal template stands for it. */
static bool needs_body(const struct pipeline *p, const struct integration *integration)
{
	if (p->body_collected || integration->maps_body)
		return true;
	if (integration->type == INTEGRATION_HTTP_PROXY)
		return false;
	return !p->request_template || !p->request_template->is_literal;
}

/* The client's body as the integration is to see it. */
static enum verdict convert_body(struct pipeline *p, const struct integration *integration)
{
	bool is_binary = binary_matches(p->resolved.deployment, accept_content_type(&p->exchange->request));
	enum content_conversion conversion =
		is_proxy(integration) ? CONTENT_AS_IS
				      : content_handling_request(is_binary, integration->content_handling);

	p->has_mapped_body = true;
	switch (content_handling_convert(&p->exchange->arena, conversion, p->request_body, &p->mapped_body)) {
	case 0:
		return VERDICT_NEXT;
	case -EINVAL:
		return integrate_misconfigured(p, "the body is not base64");
	default:
		return integrate_misconfigured(p, "the body does not fit into memory");
	}
}

/* ---- the phase ---- */

static enum verdict choose_template(struct pipeline *p, const struct integration *integration)
{
	bool refused = false;

	/* The check of the media type comes before the mapping of parameters; proxies have no templates. */
	if (!is_proxy(integration))
		p->request_template =
			accept_request_template(integration, accept_content_type(&p->exchange->request), &refused);
	if (refused)
		return state_fail(p, GATEWAY_RESPONSE_UNSUPPORTED_MEDIA_TYPE,
			"no request template for the content type, and no passthrough");
	return VERDICT_NEXT;
}

enum verdict phase_map_request(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	enum verdict verdict = choose_template(p, integration);

	if (verdict == VERDICT_NEXT && needs_body(p, integration)) {
		verdict = request_body_collect(p);
		if (verdict == VERDICT_WAIT)
			return verdict; /* and everything again, with the body */
		if (verdict == VERDICT_NEXT)
			verdict = convert_body(p, integration);
	}
	if (verdict == VERDICT_NEXT)
		verdict = map_parameters(p, integration);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!p->request_template)
		return VERDICT_NEXT;
	p->has_mapped_body = true;
	if (!p->request_template->is_literal)
		return render_request(p, p->request_template);
	p->mapped_body = p->request_template->text;
	return VERDICT_NEXT;
}
