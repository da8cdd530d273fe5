/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Usage: what the keys of a plan used of its quota and have left, day by day; and grants of more (UpdateUsage).
 *
 * What was granted is kept: in the record of the plan and key, `remaining` says for the day of the grant how many requests were left
 * from then on, until the period of the quota ends. Nothing counts requests: used is 0.
 * Source: API Gateway API Reference, GetUsage and UpdateUsage; spec/throttling-caching-logging.md A4.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* Days of one answer, and for how long grants are kept: a year, as plans have no longer periods than a month. */
enum { DAYS_MAX = 366 };

#define DAY_MS ((uint64_t)86400 * 1000)
/* 1970-01-01, day 0, was a Thursday. */
#define DAY_ZERO_WEEKDAY 4
#define WEEK_DAYS 7

static int64_t today(const struct call *call)
{
	return (int64_t)(call->request.received_wall_ms / DAY_MS);
}

/* "2026-01-31" to the number of the day. */
static bool day_parse(struct view text, int64_t *ret)
{
	uint64_t wall_ms;

	if (text.count != strlen("2026-01-31") || clock_parse_iso(text, &wall_ms) < 0)
		return false;
	*ret = (int64_t)(wall_ms / DAY_MS);
	return true;
}

static const char *day_text(struct call *call, int64_t day)
{
	char text[CLOCK_TEXT_MAX_BYTES];

	clock_write_iso(text, (uint64_t)day * DAY_MS);
	return call_text(call, "%.10s", text);
}

/* The first day of the period of a quota that `day` lies in. */
static int64_t period_begin(const struct json *quota, int64_t day)
{
	int64_t offset = json_find_integer(quota, "offset", 0);
	struct clock_civil civil;

	if (view_equals_text(json_find_text(quota, "period"), "WEEK"))
		return day - (day + DAY_ZERO_WEEKDAY - offset + WEEK_DAYS) % WEEK_DAYS;
	if (!view_equals_text(json_find_text(quota, "period"), "MONTH"))
		return day;
	clock_civil_from_ms(&civil, (uint64_t)day * DAY_MS);
	if (civil.day <= (unsigned)offset) {
		/* It began in the month before. */
		day -= civil.day;
		clock_civil_from_ms(&civil, (uint64_t)day * DAY_MS);
	}
	return day - (int64_t)(civil.day - 1) + offset;
}

/* What is left on a day: of the last grant in its period, or of the quota; without a quota nothing ends: -1. */
static int64_t remaining_on(const struct json *plan, const struct json *grants, int64_t day)
{
	const struct json *quota = json_find(plan, "quota");
	int64_t remaining = quota ? json_find_integer(quota, "limit", 0) : -1, newest = INT64_MIN;

	JSON_EACH(grant, quota ? grants : NULL)
	{
		int64_t granted;

		if (!day_parse(json_name(grant), &granted) || granted > day || granted < newest ||
			period_begin(quota, granted) != period_begin(quota, day))
			continue;
		newest = granted;
		if (json_integer(grant, 0, INT64_MAX, &remaining) < 0)
			remaining = 0;
	}
	return remaining;
}

/* [[used, remaining], ...] of the days. */
static void add_days(struct call *call, const struct json *plan, struct json *values, const char *key_id, int64_t first,
	int64_t last)
{
	struct json JSON_CLEANUP *usage =
		record_find(call, STORE_usage, usage_plan_key_id(call, json_find_c_string(plan, "id"), key_id));
	struct json *days = json_array_new();

	for (int64_t day = first; day <= last; day++) {
		struct json *pair = json_array_new();

		json_append(pair, json_integer_new(0));
		json_append(pair, json_integer_new(remaining_on(plan, json_find(usage, "remaining"), day)));
		json_append(days, pair);
	}
	json_set(values, key_id, days);
}

static struct json *answer_begin(struct call *call, const struct json *plan, int64_t first, int64_t last)
{
	json_set_c_string(call->output, "usagePlanId", json_find_c_string(plan, "id"));
	json_set_c_string(call->output, "startDate", day_text(call, first));
	json_set_c_string(call->output, "endDate", day_text(call, last));
	return json_ensure_object(call->output, "values");
}

static int check_member(struct call *call, const char *key_id)
{
	if (usage_plan_has_key(call, call_input(call, "usagePlanId"), key_id))
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Key identifier specified");
}

static int read_range(struct call *call, int64_t *ret_first, int64_t *ret_last)
{
	if (!day_parse(json_find_text(call->input, "startDate"), ret_first))
		return call_fail(
			call, "BadRequestException", "Invalid startDate specified. Must be of the form YYYY-MM-DD");
	if (!day_parse(json_find_text(call->input, "endDate"), ret_last))
		return call_fail(
			call, "BadRequestException", "Invalid endDate specified. Must be of the form YYYY-MM-DD");
	if (*ret_last < *ret_first)
		return call_fail(
			call, "BadRequestException", "Invalid date range specified. endDate is before startDate");
	if (*ret_last - *ret_first >= DAYS_MAX)
		return call_fail(call, "BadRequestException",
			"Invalid date range specified. It can have at most %d days", DAYS_MAX);
	return 0;
}

int op_get_usage(struct call *call)
{
	const char *key_id = call_input(call, "keyId");
	struct json JSON_CLEANUP *plan = NULL, *page = NULL;
	struct json *keys, *values;
	int64_t first = 0, last = 0;
	int error = usage_plan_find(call, &plan);

	if (error == 0)
		error = read_range(call, &first, &last);
	if (error == 0 && key_id)
		error = check_member(call, key_id);
	if (error < 0)
		return error;
	keys = record_list(call, STORE_usageplankey, json_find_c_string(plan, "id"));
	page_keep_equal(keys, "id", key_id);
	error = page_list(call, keys, "id");
	if (error < 0)
		return error;
	page = json_take(call->output, "item");
	values = answer_begin(call, plan, first, last);
	JSON_EACH(key, page)
	add_days(call, plan, values, json_find_c_string(key, "id"), first, last);
	return 0;
}

static int patch_remaining(struct call *call, const struct patch *patch, struct json *usage)
{
	struct json *grants = json_ensure_object(usage, "remaining");
	uint64_t remaining;
	int64_t day;

	if (!patch->value || view_parse_u64(view_from_text(patch->value), INT32_MAX, &remaining) < 0)
		return call_fail(call, "BadRequestException", "Remaining quota must be a non-negative numeric");
	json_set_integer(grants, day_text(call, today(call)), (int64_t)remaining);
	for (size_t i = json_count(grants); i-- > 0;)
		if (!day_parse(json_name(json_at(grants, i)), &day) || day < today(call) - DAYS_MAX)
			(void)json_remove_at(grants, i);
	return 0;
}

static int patch_usage(struct call *call, const struct patch *patch, struct json *usage)
{
	static const struct patch_row rows[] = { { "/remaining", PATCH_ON_REPLACE, patch_remaining } };

	return patch_by_listed_rows(call, patch, usage, rows, ARRAY_COUNT(rows));
}

int op_update_usage(struct call *call)
{
	const char *plan_id = call_input(call, "usagePlanId"), *key_id = call_input(call, "keyId");
	const char *id = usage_plan_key_id(call, plan_id, key_id);
	struct json JSON_CLEANUP *plan = NULL, *usage = NULL;
	int error = usage_plan_find(call, &plan);

	if (error == 0)
		error = check_member(call, key_id);
	if (error < 0)
		return error;
	if (!json_find(plan, "quota"))
		return call_fail(call, "BadRequestException", "Usage Plan %s has no quota", plan_id);
	usage = record_find(call, STORE_usage, id);
	if (!usage)
		usage = json_object_new();
	error = patch_apply(call, usage, patch_usage);
	if (error < 0)
		return error;
	record_put(call, STORE_usage, id, plan_id, usage);
	add_days(call, plan, answer_begin(call, plan, today(call), today(call)), key_id, today(call), today(call));
	return 0;
}
