/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase map_request: template and parameters of the integration request. */
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/state.h"
#include "appliance/pipeline/values.h"

/* Values that one mapping of a repeated query parameter may give; AWS names no limit, a URL has 8,192 bytes. */
#define REPEATED_MAX 64

/* Is it a mapping that gives one parameter for each value? */
static bool is_repeated(const struct mapping_parameter *mapping)
{
	return mapping->source_kind == MAPPING_FROM_MULTIVALUE_QUERYSTRING &&
	       mapping->target_kind == MAPPING_TO_REQUEST_QUERYSTRING;
}

static void add_parameter(struct pipeline *p, const struct mapping_parameter *mapping, struct view value)
{
	p->parameters[p->parameter_count++] = (struct integrate_parameter){
		.kind = mapping->target_kind, .name = mapping->target_name, .value = value
	};
}

/* A source that is missing or empty gives no parameter at all. */
static void map_one(struct pipeline *p, const struct mapping_parameter *mapping)
{
	struct uri_query query = { .rest = p->exchange->request.query };
	struct view value;

	if (!is_repeated(mapping)) {
		value = values_source(p, mapping);
		if (value.count > 0)
			add_parameter(p, mapping, value);
		return;
	}
	for (size_t i = 0; i < REPEATED_MAX && values_query_next(p, &query, mapping->source_text, &value); i++) {
		if (value.count > 0)
			add_parameter(p, mapping, value);
	}
}

static bool map_parameters(struct pipeline *p, const struct integration *integration)
{
	size_t room = 0;

	if (integration->parameter_count == 0)
		return true;
	for (size_t i = 0; i < integration->parameter_count; i++)
		room += is_repeated(&integration->parameters[i]) ? REPEATED_MAX : 1;
	p->parameters = ARENA_NEW_ARRAY(&p->exchange->arena, struct integrate_parameter, room);
	if (!p->parameters)
		return false;
	for (size_t i = 0; i < integration->parameter_count; i++)
		map_one(p, &integration->parameters[i]);
	return true;
}

enum verdict phase_map_request(struct pipeline *p)
{
	const struct integration *integration = p->match.method->integration;
	bool refused = false;

	if (p->log)
		execution_log_request(p);
	/* The check of the media type comes before the mapping of parameters; proxies have no templates. */
	if (integration->type != INTEGRATION_HTTP_PROXY)
		p->request_template =
			accept_request_template(integration, accept_content_type(&p->exchange->request), &refused);
	if (refused)
		return state_fail(p, GATEWAY_RESPONSE_UNSUPPORTED_MEDIA_TYPE,
			"no request template for the content type, and no passthrough");
	if (!map_parameters(p, integration))
		return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, "out of memory");
	return VERDICT_NEXT;
}
