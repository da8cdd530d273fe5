/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/accept.h"

static const struct view application_json = VIEW_INIT("application/json");

/* The first element of a list of media types, without parameters. */
static struct view first_type(const struct http1_header *header)
{
	struct view first, rest, type;

	if (!header)
		return application_json;
	view_cut(header->value, ',', &first, &rest);
	view_cut(first, ';', &type, &rest);
	type = view_trim(type);
	return type.count ? type : application_json;
}

struct view accept_content_type(const struct http1_head *request)
{
	return first_type(http1_find(request, HTTP1_HEADER_CONTENT_TYPE));
}

struct view accept_first(const struct http1_head *request)
{
	return first_type(http1_find(request, HTTP1_HEADER_ACCEPT));
}

static const struct integration_template *find(
	const struct integration_template *templates, size_t count, struct view media_type)
{
	for (size_t i = 0; i < count; i++) {
		if (view_equals_ignore_case(templates[i].media_type, media_type))
			return &templates[i];
	}
	return NULL;
}

const struct integration_template *accept_request_template(
	const struct integration *integration, struct view media_type, bool *ret_refused)
{
	const struct integration_template *template =
		find(integration->templates, integration->template_count, media_type);

	if (!template)
		template = find(integration->templates, integration->template_count, view_of("$default"));
	*ret_refused = false;
	if (template)
		return template;
	switch (integration->passthrough) {
	case INTEGRATION_WHEN_NO_MATCH:
		break;
	case INTEGRATION_WHEN_NO_TEMPLATES:
		*ret_refused = integration->template_count > 0;
		break;
	case INTEGRATION_NEVER:
		*ret_refused = true;
		break;
	}
	return NULL;
}

const struct integration_template *accept_response_template(
	const struct integration_response *response, struct view media_type)
{
	const struct integration_template *template;

	if (response->template_count == 0)
		return NULL;
	template = find(response->templates, response->template_count, media_type);
	/* application/json stands first if it is there. */
	return template ? template : &response->templates[0];
}

const struct gateway_response_template *accept_gateway_template(
	const struct http1_head *request, const struct gateway_response *response)
{
	struct view media_type = accept_first(request);

	for (size_t i = 0; i < response->template_count; i++) {
		if (view_equals_ignore_case(response->templates[i].media_type, media_type))
			return &response->templates[i];
	}
	return &response->templates[0];
}
