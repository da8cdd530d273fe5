/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UpdateStage: the PATCH paths of a stage. Source: spec/control-plane.md 8.1 to 8.3. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_limits.h"
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/apigateway/stage_rules.h"
#include "appliance/control/apigateway/stages.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* As AWS prints it, its missing commas included. */
#define STAGE_PATHS                                                                                                    \
	"/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, "                 \
	"/accessLogSettings, "                                                                                         \
	"/accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, " \
	"/{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, "              \
	"/{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/"         \
	"{resourcePath}/"                                                                                              \
	"{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, "                            \
	"/{resourcePath}/{httpMethod}/caching/dataEncrypted, "                                                         \
	"/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "                                   \
	"/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, "          \
	"/*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit "         \
	"/*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, "                                \
	"/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, "      \
	"/variables/{variable_name}, /tracingEnabled"

enum setting_type { SETTING_BOOL, SETTING_CHOICE, SETTING_INTEGER, SETTING_NUMBER };

struct setting {
	const char *group, *name, *member;
	enum setting_type type;
	const char *choices; /* of a SETTING_CHOICE */
	double max;          /* of a number; 0: any */
};

/* Source: API Gateway API Reference, MethodSetting. -1 takes a throttling limit away. */
static const struct setting method_settings[] = {
	{ "metrics", "enabled", "metricsEnabled", SETTING_BOOL, NULL, 0 },
	{ "logging", "dataTrace", "dataTraceEnabled", SETTING_BOOL, NULL, 0 },
	{ "logging", "loglevel", "loggingLevel", SETTING_CHOICE, "OFF, ERROR, INFO", 0 },
	{ "throttling", "burstLimit", "throttlingBurstLimit", SETTING_INTEGER, NULL, INT32_MAX },
	{ "throttling", "rateLimit", "throttlingRateLimit", SETTING_NUMBER, NULL, 0 },
	{ "caching", "enabled", "cachingEnabled", SETTING_BOOL, NULL, 0 },
	{ "caching", "dataEncrypted", "cacheDataEncrypted", SETTING_BOOL, NULL, 0 },
	{ "caching", "ttlInSeconds", "cacheTtlInSeconds", SETTING_INTEGER, NULL, 3600 },
	{ "caching", "requireAuthorizationForCacheControl", "requireAuthorizationForCacheControl", SETTING_BOOL, NULL,
		0 },
	{ "caching", "unauthorizedCacheControlHeaderStrategy", "unauthorizedCacheControlHeaderStrategy", SETTING_CHOICE,
		"FAIL_WITH_403, SUCCEED_WITH_RESPONSE_HEADER, SUCCEED_WITHOUT_RESPONSE_HEADER", 0 },
};

static int invalid_path(struct call *call, const struct patch *patch)
{
	return call_fail(call, "BadRequestException",
		"Invalid method setting path: %s. Must be one of: [" STAGE_PATHS "]", patch->path);
}

/* "GET" of "/~1pets/GET/…" and before it as they were sent: that is the key of methodSettings. */
static const char *setting_key(struct call *call, const struct patch *patch)
{
	struct view rest = view_after(view_from_text(patch->path), 1), resource = { 0 }, verb = { 0 };

	(void)view_split(&rest, '/', &resource);
	(void)view_split(&rest, '/', &verb);
	return call_text(call, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(resource), VIEW_ARG(verb));
}

static struct json *default_settings(void)
{
	struct json *settings = json_object_new();

	json_set_bool(settings, "metricsEnabled", false);
	json_set_bool(settings, "dataTraceEnabled", false);
	json_set_integer(settings, "throttlingBurstLimit", 5000);
	json_set(settings, "throttlingRateLimit", json_number_new(view_of("10000.0")));
	json_set_bool(settings, "cachingEnabled", false);
	json_set_integer(settings, "cacheTtlInSeconds", 300);
	json_set_bool(settings, "cacheDataEncrypted", false);
	json_set_bool(settings, "requireAuthorizationForCacheControl", true);
	json_set_c_string(settings, "unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER");
	return settings;
}

static int fail_value(struct call *call, const struct patch *patch)
{
	return call_fail(call, "BadRequestException", "Invalid value for %s: %s", patch->path,
		patch->value ? patch->value : "null");
}

/* A number is stored as it was written, but for blanks around it. */
static int set_number(struct call *call, const struct patch *patch, struct json *settings, const char *member,
	enum setting_type type, double max)
{
	const char *value = patch->value ? patch->value : "";
	struct json JSON_CLEANUP *number = NULL;
	double wanted = 0;
	const char *text;
	int64_t integer = 0;

	if (json_parse(view_from_text(value), NULL, &number, NULL) < 0 || json_double(number, &wanted) < 0 ||
		wanted < -1 || (max > 0 && wanted > max))
		return fail_value(call, patch);
	if (type == SETTING_INTEGER && json_integer(number, -1, INT64_MAX, &integer) < 0)
		return fail_value(call, patch);
	text = call_text_of(call, json_number_text(number));
	if (type == SETTING_INTEGER)
		json_set_integer(settings, member, integer);
	else
		json_set(settings, member,
			json_number_new(call_view(call, "%s%s", text, strpbrk(text, ".eE") ? "" : ".0")));
	return 0;
}

static int set_setting(
	struct call *call, const struct patch *patch, struct json *settings, const struct setting *setting)
{
	if (setting->type == SETTING_BOOL) {
		patch_bool(settings, setting->member, patch);
		return 0;
	}
	if (setting->type != SETTING_CHOICE)
		return set_number(call, patch, settings, setting->member, setting->type, setting->max);
	if (patch_check_enumeration(call, patch, setting->name, setting->choices) < 0)
		return CALL_FAILED;
	patch_text(settings, setting->member, patch);
	return 0;
}

static int patch_method_setting(struct call *call, const struct patch *patch, struct json *stage)
{
	struct json *map = json_ensure_object(stage, "methodSettings"), *settings;
	const char *key = setting_key(call, patch);

	if (patch->op == PATCH_REMOVE) {
		if (patch->part_count != 2 || !json_remove(map, key))
			return call_fail(call, "BadRequestException",
				"Cannot remove method setting %s because there is no method setting for this method ",
				key);
		return 0;
	}
	if (patch->part_count != 4 || patch->op != PATCH_REPLACE)
		return invalid_path(call, patch);
	for (size_t i = 0; i < ARRAY_COUNT(method_settings); i++) {
		if (strcmp(method_settings[i].group, patch->parts[2]) != 0 ||
			strcmp(method_settings[i].name, patch->parts[3]) != 0)
			continue;
		settings = json_find(map, key);
		if (!settings) {
			settings = default_settings();
			json_set(map, key, settings);
		}
		return set_setting(call, patch, settings, &method_settings[i]);
	}
	return invalid_path(call, patch);
}

static int patch_access_log(struct call *call, const struct patch *patch, struct json *stage)
{
	bool known = patch->part_count == 2 &&
		     (strcmp(patch->parts[1], "destinationArn") == 0 || strcmp(patch->parts[1], "format") == 0);

	if (patch->op == PATCH_REMOVE && patch->part_count == 1) {
		(void)json_remove(stage, "accessLogSettings");
		return 0;
	}
	if (patch->op == PATCH_REMOVE)
		return patch_method_setting(call, patch, stage);
	if (patch->op != PATCH_ADD && patch->op != PATCH_REPLACE)
		return invalid_path(call, patch);
	if (!known)
		return call_fail(call, "BadRequestException",
			"Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, "
			"/accessLogSettings/format]");
	if (!patch->value || !*patch->value)
		return call_fail(call, "BadRequestException", "Access Log value must not be empty");
	patch_text(json_ensure_object(stage, "accessLogSettings"), patch->parts[1], patch);
	return 0;
}

/* Before they are merged with others: what that costs grows with the square of the count. */
static int check_variable_count(struct call *call, const struct json *variables)
{
	if (json_count(variables) <= REST_API_VARIABLES_MAX)
		return 0;
	return call_fail(call, "BadRequestException", "A stage can have at most %d variables", REST_API_VARIABLES_MAX);
}

/* A whole map of variables as JSON text, into `object`. */
static int set_variables(struct call *call, const struct patch *patch, struct json *object, const char *member)
{
	struct json JSON_CLEANUP *map = NULL;

	if (!patch->value || json_parse(view_from_text(patch->value), NULL, &map, NULL) < 0 || !json_is_object(map))
		return fail_value(call, patch);
	JSON_EACH(variable, map)
	if (!json_is_text(variable))
		return fail_value(call, patch);
	if (check_variable_count(call, map) < 0)
		return CALL_FAILED;
	json_set(object, member, json_copy(map));
	return 0;
}

static int patch_canary_overrides(struct call *call, const struct patch *patch, struct json *canary)
{
	if (patch->part_count == 2)
		return set_variables(call, patch, canary, "stageVariableOverrides");
	json_set_c_string(json_ensure_object(canary, "stageVariableOverrides"), patch->parts[2],
		patch->value ? patch->value : "");
	return 0;
}

static int patch_canary(struct call *call, const struct patch *patch, struct json *stage)
{
	const char *name = patch->parts[1];
	bool overrides = strcmp(name, "stageVariableOverrides") == 0;
	struct json *canary = json_find(stage, "canarySettings");

	if (patch->op == PATCH_REMOVE && patch->part_count == 1) {
		(void)json_remove(stage, "canarySettings");
		return 0;
	}
	if (patch->op == PATCH_REMOVE)
		return patch_method_setting(call, patch, stage);
	if ((strcmp(name, "deploymentId") != 0 && strcmp(name, "percentTraffic") != 0 &&
		    strcmp(name, "useStageCache") != 0 && !overrides) ||
		patch->part_count > (overrides ? 3U : 2U))
		return invalid_path(call, patch);
	if (patch->op != PATCH_REPLACE)
		return call_fail(
			call, "BadRequestException", "Invalid %s operation with path: %s", patch->op_name, patch->path);
	if (!canary)
		canary = stage_set_canary(stage, NULL, json_find(stage, "deploymentId"));
	if (overrides)
		return patch_canary_overrides(call, patch, canary);
	if (strcmp(name, "percentTraffic") == 0)
		return set_number(call, patch, canary, name, SETTING_NUMBER, 100);
	if (strcmp(name, "useStageCache") == 0)
		patch_bool(canary, name, patch);
	else
		patch_text(canary, name, patch);
	return 0;
}

/* Promote the canary: its deployment or its variables become the stage's. */
static int patch_copy(struct call *call, const struct patch *patch, struct json *stage)
{
	static const char from_deployment[] = "/canarySettings/deploymentId",
			  from_variables[] = "/canarySettings/stageVariableOverrides";
	const char *from = patch->from ? patch->from : "";
	struct json *canary = json_find(stage, "canarySettings");
	bool deployment = strcmp(patch->path, "/deploymentId") == 0 && strcmp(from, from_deployment) == 0;
	bool variables = strcmp(patch->path, "/variables") == 0 && strcmp(from, from_variables) == 0;

	if (!deployment && !variables)
		return call_fail(call, "BadRequestException",
			"Invalid copy operation with path: %s and from %s. Valid copy:path are [/deploymentId, "
			"/variables] and valid copy:from "
			"are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
			patch->path, from);
	if (!canary)
		return call_fail(call, "BadRequestException", "Promotion not available. Canary does not exist.");
	if (deployment)
		json_set(stage, "deploymentId", json_copy(json_find(canary, "deploymentId")));
	else if (check_variable_count(call, json_find(canary, "stageVariableOverrides")) < 0)
		return CALL_FAILED;
	else
		json_merge(json_ensure_object(stage, "variables"), json_find(canary, "stageVariableOverrides"));
	json_set(canary, "percentTraffic", json_number_new(view_of("0.0")));
	return 0;
}

static int patch_deployment_id(struct call *call, const struct patch *patch, struct json *stage)
{
	if (!patch->value || !record_exists(call, STORE_deployment, api_key(call, patch->value)))
		return call_fail(call, "BadRequestException", "Deployment id does not exist");
	patch_text(stage, "deploymentId", patch);
	return 0;
}

static int patch_cache(struct json *stage, const struct patch *patch)
{
	patch_bool(stage, "cacheClusterEnabled", patch);
	if (json_find_bool(stage, "cacheClusterEnabled", false)) {
		json_set_c_string(stage, "cacheClusterStatus", "AVAILABLE");
		if (!json_find(stage, "cacheClusterSize"))
			json_set_c_string(stage, "cacheClusterSize", "0.5");
	} else {
		json_set_c_string(stage, "cacheClusterStatus", "NOT_AVAILABLE");
	}
	return 0;
}

static int patch_variables(struct call *call, const struct patch *patch, struct json *stage)
{
	bool adds = patch->op == PATCH_ADD || patch->op == PATCH_REPLACE;

	if (patch->part_count == 1 && patch->op == PATCH_REPLACE)
		return set_variables(call, patch, stage, "variables");
	if (patch->part_count > 2 || (!adds && patch->op != PATCH_REMOVE) || (patch->part_count == 1 && adds))
		return invalid_path(call, patch);
	if (patch->part_count == 1)
		(void)json_remove(stage, "variables");
	else
		patch_map(json_ensure_object(stage, "variables"), patch);
	return 0;
}

static int patch_cache_size(struct call *call, const struct patch *patch, struct json *stage)
{
	if (patch_check_enumeration(call, patch, "cache cluster size", SHAPE_CACHE_SIZES) < 0)
		return CALL_FAILED;
	patch_text(stage, "cacheClusterSize", patch);
	return 0;
}

static int patch_client_certificate(struct call *call, const struct patch *patch, struct json *stage)
{
	if (!patch->value || !*patch->value) {
		(void)json_remove(stage, "clientCertificateId");
		return 0;
	}
	if (!record_exists(call, STORE_clientcertificate, patch->value))
		return call_fail(call, "BadRequestException", "Invalid client certificate identifier specified: %s",
			patch->value);
	patch_text(stage, "clientCertificateId", patch);
	return 0;
}

/* An empty value puts the stage on no version. */
static int patch_documentation_version(struct call *call, const struct patch *patch, struct json *stage)
{
	if (patch->value && *patch->value)
		patch_text(stage, "documentationVersion", patch);
	else
		(void)json_remove(stage, "documentationVersion");
	return stage_check_documentation(call, stage);
}

static int patch_stage(struct call *call, const struct patch *patch, struct json *stage)
{
	if (patch->op == PATCH_COPY)
		return patch_copy(call, patch, stage);
	if (strcmp(patch->parts[0], "variables") == 0)
		return patch_variables(call, patch, stage);
	if (strcmp(patch->parts[0], "accessLogSettings") == 0)
		return patch_access_log(call, patch, stage);
	if (strcmp(patch->parts[0], "canarySettings") == 0)
		return patch_canary(call, patch, stage);
	if (patch->part_count == 1 && patch->op != PATCH_REPLACE)
		return patch_method_setting(call, patch, stage);
	if (patch_is(patch, "deploymentId"))
		return patch_deployment_id(call, patch, stage);
	if (patch_is(patch, "cacheClusterEnabled"))
		return patch_cache(stage, patch);
	if (patch_is(patch, "cacheClusterSize"))
		return patch_cache_size(call, patch, stage);
	if (patch_is(patch, "clientCertificateId"))
		return patch_client_certificate(call, patch, stage);
	if (patch_is(patch, "tracingEnabled")) {
		patch_bool(stage, "tracingEnabled", patch);
		return 0;
	}
	if (patch_is(patch, "documentationVersion"))
		return patch_documentation_version(call, patch, stage);
	if (patch_is(patch, "description")) {
		patch_text(stage, "description", patch);
		return 0;
	}
	return patch_method_setting(call, patch, stage);
}

int op_update_stage(struct call *call)
{
	const char *key = api_key(call, call_input(call, "stageName"));
	struct json JSON_CLEANUP *stage = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	stage = record_find(call, STORE_stage, key);
	if (!stage)
		return call_fail(call, "NotFoundException", "Invalid stage identifier specified");
	error = patch_apply(call, stage, patch_stage);
	if (error == 0)
		error = stage_check(call, stage);
	if (error < 0)
		return error;
	stage_refresh(call, stage);
	json_set_integer(stage, "lastUpdatedDate", (int64_t)(call->request.received_wall_ms / 1000));
	record_put(call, STORE_stage, key, call_input(call, "restApiId"), stage);
	call_answer(call, stage);
	return 0;
}
