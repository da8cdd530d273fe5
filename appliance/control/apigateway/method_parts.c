/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/method_parts.h"

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/openapi/import.h"

int part_get(struct call *call, part_finder *find)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *part;
	int error = find(call, &resource, &part);

	if (error == 0)
		call_answer(call, part);
	return error;
}

int part_delete(struct call *call, part_finder *find)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *part;
	int error = find(call, &resource, &part);

	if (error < 0)
		return error;
	/* The name goes with the part. */
	(void)json_remove(json_parent(part), call_text_of(call, json_name(part)));
	resource_put(call, resource);
	return 0;
}

int part_keep(struct call *call, const struct json *resource, const struct json *part, part_checker *check)
{
	int error = check(call, part);

	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, part);
	return 0;
}

int part_update(struct call *call, part_finder *find, patcher *apply, part_checker *check)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *part;
	int error = find(call, &resource, &part);

	if (error == 0)
		error = patch_apply(call, part, apply);
	return error < 0 ? error : part_keep(call, resource, part, check);
}

int part_response(struct call *call, struct json *responses, struct json **ret)
{
	*ret = json_find(responses, call_input(call, "statusCode"));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Response status code specified");
}

int part_check_verb(struct call *call, struct view verb)
{
	static const char *const verbs[] = { "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY" };

	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		if (view_equals_text(verb, verbs[i]))
			return 0;
	return call_fail(call, "BadRequestException",
		"Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY");
}

int part_check_count(struct call *call, const struct json *map)
{
	if (json_count(map) <= OPENAPI_ENTRIES_MAX_COUNT)
		return 0;
	return call_fail(call, "BadRequestException", VIEW_FMT " has more than %d entries", VIEW_ARG(json_name(map)),
		OPENAPI_ENTRIES_MAX_COUNT);
}

int part_check_templates(struct call *call, const struct json *templates)
{
	if (part_check_count(call, templates) < 0)
		return CALL_FAILED;
	JSON_EACH(template, templates)
	{
		struct view name = json_name(template);

		if (view_find_byte(name, '/') == VIEW_NOWHERE && !view_equals_text(name, "$default"))
			return call_fail(call, "BadRequestException",
				"Validation Result: warnings : [], errors : [Invalid content type specified: " VIEW_FMT
				"]",
				VIEW_ARG(name));
		if (json_text(template).count > REST_API_TEMPLATE_MAX_BYTES)
			return call_fail(call, "BadRequestException",
				"The mapping template for " VIEW_FMT " is larger than %d bytes", VIEW_ARG(name),
				REST_API_TEMPLATE_MAX_BYTES);
	}
	return 0;
}

int part_fail_parameter(struct call *call, struct view expression)
{
	return call_fail(call, "BadRequestException",
		"Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping "
		"expression parameter specified: " VIEW_FMT "]",
		VIEW_ARG(expression));
}

int part_check_mappings(struct call *call, enum mapping_side side, const struct json *map)
{
	if (part_check_count(call, map) < 0)
		return CALL_FAILED;
	JSON_EACH(entry, map)
	{
		struct mapping_parameter parameter;

		if (mapping_parameter_compile(&parameter, side, json_name(entry), json_text(entry), NULL) == 0)
			continue;
		/* Which of the two is wrong: the target, if not even a literal may be mapped to it. */
		if (mapping_parameter_compile(&parameter, side, json_name(entry), view_of("'x'"), NULL) < 0)
			return part_fail_parameter(call, json_name(entry));
		return call_fail(call, "BadRequestException",
			"Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid "
			"mapping expression specified: " VIEW_FMT "]",
			VIEW_ARG(json_text(entry)));
	}
	return 0;
}
