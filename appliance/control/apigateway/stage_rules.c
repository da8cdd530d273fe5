/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/stage_rules.h"

#include <string.h>

#include "appliance/control/apigateway/access_log.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/control/records.h"

static bool consists_of(struct view text, const char *others)
{
	for (size_t i = 0; i < text.count; i++) {
		char lower = view_lower_byte(text.at[i]);

		if (!(lower >= 'a' && lower <= 'z') && !(lower >= '0' && lower <= '9') && !strchr(others, lower))
			return false;
	}
	return text.count > 0;
}

static int check_variables(struct call *call, const struct json *variables)
{
	if (json_count(variables) > REST_API_VARIABLES_MAX)
		return call_fail(
			call, "BadRequestException", "A stage can have at most %d variables", REST_API_VARIABLES_MAX);
	JSON_EACH(variable, variables)
	{
		struct view name = json_name(variable), value = json_text(variable);

		if (!consists_of(name, "_") || name.count > REST_API_VARIABLE_NAME_MAX_BYTES)
			return call_fail(call, "BadRequestException",
				"Invalid stage variable name: " VIEW_FMT
				". Please use names of at most %d alphanumeric characters and underscores.",
				VIEW_ARG(name), REST_API_VARIABLE_NAME_MAX_BYTES);
		if (value.count > REST_API_VARIABLE_VALUE_MAX_BYTES)
			return call_fail(call, "BadRequestException",
				"Invalid stage variable value: that of " VIEW_FMT " is longer than %d characters.",
				VIEW_ARG(name), REST_API_VARIABLE_VALUE_MAX_BYTES);
		/* The words are AWS's, from user reports, their quotes included. */
		if (!consists_of(value, " -._~:/?#&=,"))
			return call_fail(call, "BadRequestException",
				"Invalid stage variable value: " VIEW_FMT
				". Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', "
				"':', '/', '?', '&', '=', and ','.",
				VIEW_ARG(value));
	}
	return 0;
}

static int check_canary(struct call *call, const struct json *canary)
{
	const char *deployment_id = json_find_c_string(canary, "deploymentId");
	double percent = 0;

	if (!canary)
		return 0;
	if (!deployment_id || !record_exists(call, STORE_deployment, api_key(call, deployment_id)))
		return call_fail(call, "BadRequestException", "Deployment id does not exist");
	if (json_double(json_find(canary, "percentTraffic"), &percent) < 0 || percent < 0 || percent > 100)
		return call_fail(
			call, "BadRequestException", "Invalid canary percentTraffic, must be between 0.0 and 100.0");
	return check_variables(call, json_find(canary, "stageVariableOverrides"));
}

int stage_check_documentation(struct call *call, const struct json *stage)
{
	const char *version = json_find_c_string(stage, "documentationVersion");

	if (!version || record_exists(call, STORE_documentationversion, api_key(call, version)))
		return 0;
	return call_fail(call, "BadRequestException", "Invalid Documentation version specified");
}

int stage_check(struct call *call, const struct json *stage)
{
	int error = check_variables(call, json_find(stage, "variables"));

	if (error == 0)
		error = check_canary(call, json_find(stage, "canarySettings"));
	return error < 0 ? error : access_log_check(call, json_find(stage, "accessLogSettings"));
}

struct json *stage_set_canary(struct json *stage, const struct json *wanted, const struct json *deployment_id)
{
	struct json *canary = json_object_new();

	json_set(canary, "percentTraffic", json_number_new(view_of("0.0")));
	json_set(canary, "deploymentId", json_copy(deployment_id));
	json_set_bool(canary, "useStageCache", false);
	JSON_EACH(member, wanted)
	json_set_view(canary, json_name(member), json_copy(member));
	json_set(stage, "canarySettings", canary);
	return canary;
}
