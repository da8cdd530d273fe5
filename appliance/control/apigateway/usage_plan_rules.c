/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What holds for every usage plan, however it came about.
 * Source: spec/throttling-caching-logging.md A1 and A4; API Gateway Developer Guide, "Creating and using usage plans with API keys".
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/records.h"

/* NULL is in order: it is not there. */
static bool is_limit(const struct json *value)
{
	int64_t number;

	return !value || json_integer(value, 0, INT32_MAX, &number) == 0;
}

static bool is_rate(const struct json *value)
{
	double number;

	return !value || (json_double(value, &number) == 0 && number >= 0 && number <= INT32_MAX);
}

static int check_throttle(struct call *call, const struct json *throttle)
{
	if (!is_limit(json_find(throttle, "burstLimit")))
		return call_fail(
			call, "BadRequestException", "Usage Plan throttle burst limit must be a non-negative numeric");
	if (!is_rate(json_find(throttle, "rateLimit")))
		return call_fail(
			call, "BadRequestException", "Usage Plan throttle rate limit must be a non-negative numeric");
	return 0;
}

/* A period begins on the day `offset`: of the week (0: Sunday) or of the month (0: the first). */
static int check_quota(struct call *call, const struct json *quota)
{
	static const struct {
		const char *period;
		int64_t offset_max;
	} periods[] = { { "DAY", 0 }, { "WEEK", 6 }, { "MONTH", 27 } };
	struct view period = json_find_text(quota, "period");
	int64_t offset = json_find_integer(quota, "offset", 0);

	if (!json_find(quota, "limit") || !is_limit(json_find(quota, "limit")))
		return call_fail(call, "BadRequestException", "Usage Plan quota limit must be a non-negative numeric");
	for (size_t i = 0; i < ARRAY_COUNT(periods); i++) {
		if (!view_equals_text(period, periods[i].period))
			continue;
		if (offset >= 0 && offset <= periods[i].offset_max)
			return 0;
		if (periods[i].offset_max == 0)
			return call_fail(
				call, "BadRequestException", "Usage Plan quota offset must be zero in the DAY period");
		return call_fail(call, "BadRequestException",
			"Usage Plan quota offset must be between 0 and %d inclusive in the %s period",
			(int)periods[i].offset_max, periods[i].period);
	}
	return call_fail(call, "BadRequestException",
		"Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]");
}

int usage_plan_check_throttle_count(struct call *call, const struct json *throttles)
{
	if (json_count(throttles) <= QUOTA_METHOD_THROTTLES_OF_A_STAGE)
		return 0;
	return quota_refuse(call, "method throttles of an API Stage");
}

static int check_stage(struct call *call, const struct json *plan, const struct json *stage)
{
	const struct json *throttles = json_find(stage, "throttle");

	if (json_count(throttles) && !json_find(plan, "throttle"))
		return call_fail(call, "BadRequestException",
			"Can not define fine grain throttling if usage plan throttle is not defined.");
	if (usage_plan_check_throttle_count(call, throttles) < 0)
		return CALL_FAILED;
	JSON_EACH(throttle, throttles)
	if (check_throttle(call, throttle) < 0)
		return CALL_FAILED;
	return 0;
}

int usage_plan_check(struct call *call, const struct json *plan)
{
	const struct json *quota = json_find(plan, "quota");

	if (json_find_text(plan, "name").count == 0)
		return call_fail(call, "BadRequestException", "Usage Plan name cannot be empty");
	if (check_throttle(call, json_find(plan, "throttle")) < 0 || (quota && check_quota(call, quota) < 0))
		return CALL_FAILED;
	JSON_EACH(stage, json_find(plan, "apiStages"))
	if (check_stage(call, plan, stage) < 0)
		return CALL_FAILED;
	return 0;
}

static void note_name(struct call *call, struct view name)
{
	struct json *mark = json_null_new();

	json_add_unchecked(call->methods, name, mark);
	ASSERT(table_set(&call->methods_by_name, json_name(mark), mark, NULL) == 0);
}

/* All methods of the API are called "api id/path/METHOD" from now on, and "api id" says that they are there. */
static void load_methods(struct call *call, const char *api_id)
{
	struct json JSON_CLEANUP *resources = record_list(call, STORE_resource, api_id);
	struct buffer name;

	if (!call->methods)
		call->methods = json_object_new();
	buffer_init(&name, SIZE_MAX / 2);
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		buffer_reset(&name);
		buffer_printf(&name, "%s" VIEW_FMT "/" VIEW_FMT, api_id, VIEW_ARG(json_find_text(resource, "path")),
			VIEW_ARG(json_name(method)));
		note_name(call, buffer_view(&name));
	}
	note_name(call, view_from_text(api_id));
	buffer_fini(&name);
}

static bool has_method(struct call *call, const char *api_id, struct view key)
{
	struct buffer name;
	bool found;

	if (!table_find(&call->methods_by_name, view_from_text(api_id)))
		load_methods(call, api_id);
	buffer_init(&name, SIZE_MAX / 2);
	buffer_printf(&name, "%s" VIEW_FMT, api_id, VIEW_ARG(key));
	found = table_find(&call->methods_by_name, buffer_view(&name)) != NULL;
	buffer_fini(&name);
	return found;
}

int usage_plan_check_method(struct call *call, const char *api_id, struct view key)
{
	size_t slash = view_find_last_byte(key, '/');
	struct view path, method;

	if (slash == VIEW_NOWHERE || slash == 0 || key.at[0] != '/')
		return call_fail(call, "NotFoundException",
			"Invalid method {resourcePath: " VIEW_FMT ",method: } specified", VIEW_ARG(key));
	path = view_part(key, 0, slash);
	method = view_after(key, slash + 1);
	if (has_method(call, api_id, key))
		return 0;
	return call_fail(call, "NotFoundException",
		"Invalid method {resourcePath: " VIEW_FMT ",method: " VIEW_FMT "} specified", VIEW_ARG(path),
		VIEW_ARG(method));
}

struct json *usage_plan_stage(const struct json *plan, struct view api_id, struct view stage, size_t *ret_index)
{
	size_t index = 0;

	JSON_EACH(entry, json_find(plan, "apiStages"))
	{
		if (view_equals(json_find_text(entry, "apiId"), api_id) &&
			view_equals(json_find_text(entry, "stage"), stage)) {
			if (ret_index)
				*ret_index = index;
			return entry;
		}
		index++;
	}
	return NULL;
}

struct json *usage_plan_add_stage(struct json *plan, struct view api_id, struct view stage)
{
	struct json *entry = json_object_new();

	json_set_text(entry, "apiId", api_id);
	json_set_text(entry, "stage", stage);
	json_append(json_ensure_array(plan, "apiStages"), entry);
	return entry;
}

void usage_plans_drop_stage(struct call *call, const char *api_id, const char *stage)
{
	struct json JSON_CLEANUP *plans = record_list(call, STORE_usageplan, NULL);

	JSON_EACH(plan, plans)
	{
		struct json *stages = json_find(plan, "apiStages");
		bool changed = false;

		for (size_t i = json_count(stages); i-- > 0;) {
			const struct json *entry = json_at(stages, i);

			if (!view_equals_text(json_find_text(entry, "apiId"), api_id) ||
				(stage && !view_equals_text(json_find_text(entry, "stage"), stage)))
				continue;
			changed = json_remove_at(stages, i);
		}
		if (changed)
			record_put(call, STORE_usageplan, json_find_c_string(plan, "id"), NULL, plan);
	}
}
