/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * phase validate: the parameters that the method requires, then the body against its model. Parameters come first, and when one is missing
 * nobody looks at the body.
 */
#include <errno.h>

#include "appliance/model/validator.h"
#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/request_body.h"
#include "appliance/pipeline/values.h"

/* Names that are missing can't be longer than the method's definition; what a client is told need not be. */
#define MESSAGE_MAX_BYTES 16384

static enum verdict no_memory(struct pipeline *p)
{
	return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, "out of memory");
}

/* ---- parameters ---- */

static struct view value_of(struct pipeline *p, const struct validator_parameter *parameter)
{
	switch (parameter->place) {
	case VALIDATOR_HEADER:
		return values_header(p, parameter->name);
	case VALIDATOR_PATH:
		return values_path(p, parameter->name);
	case VALIDATOR_QUERYSTRING:
		return values_query(p, parameter->name);
	}
	return (struct view){ 0 };
}

/* What is there but blank counts as missing. */
static enum verdict check_parameters(struct pipeline *p, const struct validator *validator)
{
	struct buffer message;
	size_t missing = 0;

	for (size_t i = 0; i < validator->parameter_count; i++) {
		const struct validator_parameter *parameter = &validator->parameters[i];

		if (view_trim(value_of(p, parameter)).count > 0)
			continue;
		if (missing == 0)
			buffer_init_arena(&message, &p->exchange->arena, MESSAGE_MAX_BYTES);
		buffer_append(&message, missing++ ? view_of(", ") : view_of("Missing required request parameters: ["));
		buffer_append(&message, parameter->name);
	}
	if (missing == 0)
		return VERDICT_NEXT;
	buffer_append_byte(&message, ']');
	if (buffer_error(&message) == -ENOMEM)
		return no_memory(p);
	p->validation_error = buffer_view(&message);
	if (p->log)
		execution_log_printf(p->log, VIEW_FMT, VIEW_ARG(p->validation_error));
	return state_fail_with(p, GATEWAY_RESPONSE_BAD_REQUEST_PARAMETERS, p->validation_error,
		"a parameter that the method requires is missing");
}

/* ---- the body ---- */

static enum verdict refuse_body(struct pipeline *p, struct view media_type, struct view list)
{
	p->validation_error = list;
	if (p->log)
		execution_log_printf(p->log,
			"Request body does not match model schema for content type " VIEW_FMT ": " VIEW_FMT,
			VIEW_ARG(media_type), VIEW_ARG(list));
	return state_fail(p, GATEWAY_RESPONSE_BAD_REQUEST_BODY, "the body does not match its model");
}

/* What is no JSON at all is told in our own words. */
static enum verdict refuse_text(struct pipeline *p, struct view media_type, const struct json_error *error)
{
	struct view list =
		arena_printf(&p->exchange->arena, "[the body is not JSON: %s at byte %zu]", error->rule, error->offset);

	return list.at ? refuse_body(p, media_type, list) : no_memory(p);
}

/* A body that is missing counts as an empty object. */
static enum verdict check_body(struct pipeline *p, const struct validator_body *model, struct view media_type)
{
	static const struct json_limits limits = {
		.max_bytes = REQUEST_BODY_MAX_BYTES,
		.max_depth = JSON_MAX_DEPTH,
		.max_values = VALIDATOR_BODY_VALUES_MAX,
	};
	struct arena *arena = &p->exchange->arena;
	struct json_value *root = ARENA_NEW(arena, struct json_value);
	struct json_error why;
	struct buffer report;
	int result = -ENOMEM;

	if (root)
		result = json_value_parse(
			arena, p->request_body.count ? p->request_body : view_of("{}"), &limits, root, &why);
	if (result == -ENOMEM)
		return no_memory(p);
	if (result)
		return refuse_text(p, media_type, &why);
	buffer_init_arena(&report, arena, SCHEMA_MAX_REPORT_BYTES + 2);
	result = schema_check(model->schema, root, arena, p->worker->patterns, NULL, &report);
	if (result < 0 || buffer_error(&report))
		return no_memory(p);
	return result ? VERDICT_NEXT : refuse_body(p, media_type, buffer_view(&report));
}

enum verdict phase_validate(struct pipeline *p)
{
	const struct validator *validator = p->match.method->validator;
	struct view media_type;
	const struct validator_body *model;
	enum verdict verdict;

	/* Who reads along sees the request, with its body, before what is wrong with it. */
	if (p->log) {
		verdict = request_body_collect(p);
		if (verdict != VERDICT_NEXT)
			return verdict;
		execution_log_request(p);
	}
	if (!validator)
		return VERDICT_NEXT;
	verdict = check_parameters(p, validator);
	if (verdict != VERDICT_NEXT)
		return verdict;
	media_type = accept_content_type(&p->exchange->request);
	model = validator_find_body(validator, media_type);
	if (!model)
		return VERDICT_NEXT;
	verdict = request_body_collect(p);
	return verdict == VERDICT_NEXT ? check_body(p, model, media_type) : verdict;
}
