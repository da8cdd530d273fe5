/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ImportApiKeys: API keys from a file of comma-separated values.
 *
 * Columns name and key, and as one likes description, enabled and usageplanids, in any order and case; others are ignored. A record
 * that can't be imported is passed over with a warning; if the caller asked to fail on warnings, nothing is imported.
 * A value that a key has already changes that key: the newer record wins.
 * Source: API Gateway Developer Guide, "API Gateway API key file format"; API Reference, ImportApiKeys.
 */
#include <string.h>
#include <strings.h>

#include "appliance/base/csv.h"
#include "appliance/control/apigateway/api_key_value.h"
#include "appliance/control/apigateway/api_keys.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/usage_plan_members.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* Records of a file: more keys there can't be. */
#define RECORDS_MAX QUOTA_API_KEYS

enum column { COLUMN_NAME, COLUMN_KEY, COLUMN_DESCRIPTION, COLUMN_ENABLED, COLUMN_PLANS, COLUMN_COUNT };

struct import {
	struct csv csv;
	struct csv_record record;
	size_t number;                /* of the record, from 1 */
	size_t columns[COLUMN_COUNT]; /* index of the field; SIZE_MAX: the file has no such column */
	uint64_t room;                /* for so many more keys */
	struct table plans;           /* all usage plans by id */
	struct usage_plan_members members;
	struct json *ids, *warnings; /* of the output */
};

/* The first record names the columns. */
static int read_header(struct call *call, struct import *import)
{
	static const char *const names[COLUMN_COUNT] = { "name", "key", "description", "enabled", "usageplanids" };

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		import->columns[i] = SIZE_MAX;
	if (!csv_next(&import->csv, &import->record, &call->arena) || import->record.fault)
		return call_fail(call, "BadRequestException", "Invalid API key file: %s",
			import->record.fault ? import->record.fault : "It is empty");
	for (size_t field = 0; field < import->record.field_count; field++)
		for (size_t i = 0; i < COLUMN_COUNT; i++)
			if (view_equals_ignore_case(import->record.fields[field], view_from_text(names[i])))
				import->columns[i] = field;
	if (import->columns[COLUMN_NAME] == SIZE_MAX || import->columns[COLUMN_KEY] == SIZE_MAX)
		return call_fail(
			call, "BadRequestException", "Invalid API key file: The columns Name and Key are required");
	return 0;
}

static struct view field(const struct import *import, enum column column)
{
	size_t index = import->columns[column];

	return index < import->record.field_count ? import->record.fields[index] : (struct view){ 0 };
}

/* The plans of the record as an array of ids, too many of them not to the end; NULL if there is none of such an id. */
static struct json *wanted_plans(const struct import *import)
{
	struct json *ids = json_array_new();
	struct view rest = field(import, COLUMN_PLANS), id;

	while (rest.count && json_count(ids) <= QUOTA_PLANS_OF_A_KEY && view_split(&rest, ',', &id)) {
		id = view_trim(id);
		if (!table_find(&import->plans, id)) {
			json_free(ids);
			return NULL;
		}
		if (!json_has_text(ids, id))
			json_append_text(ids, id);
	}
	return ids;
}

/* Why the record can't be imported, or NULL. */
static const char *fault_of(const struct import *import)
{
	const char *fault = import->record.fault;

	if (!fault)
		fault = api_key_value_fault(field(import, COLUMN_KEY));
	if (!fault)
		fault = api_key_name_fault(field(import, COLUMN_NAME));
	return fault ? fault : api_key_description_fault(field(import, COLUMN_DESCRIPTION));
}

static void warn(struct call *call, struct import *import, const char *fault)
{
	json_append_text(import->warnings, call_view(call, "Skipped invalid record: %zu. %s", import->number, fault));
}

/* A key that is there already, or a new one. */
static int key_for(struct call *call, struct import *import, struct view value, struct json **ret)
{
	const char *owner = api_key_value_owner(call, value);

	if (owner)
		return api_key_find(call, owner, ret);
	if (import->room-- == 0)
		return quota_refuse(call, "API Keys");
	*ret = api_key_new(call);
	return api_key_value_put(call, *ret, value);
}

static const struct json *plans_of_owner(struct call *call, const struct import *import, struct view value)
{
	const char *owner = api_key_value_owner(call, value);

	return owner ? usage_plan_members_of(&import->members, owner) : NULL;
}

static int import_record(struct call *call, struct import *import)
{
	const char *fault = fault_of(import), *code, *id;
	struct json JSON_CLEANUP *plans = fault ? NULL : wanted_plans(import), *key = NULL;
	struct view enabled = field(import, COLUMN_ENABLED), value = field(import, COLUMN_KEY);
	int error;

	if (!fault && !plans)
		fault = "Invalid Usage Plan ID specified";
	if (!fault)
		fault = usage_plan_key_fault(call, &import->plans, plans_of_owner(call, import, value), plans, &code);
	if (fault) {
		warn(call, import, fault);
		return 0;
	}
	error = key_for(call, import, value, &key);
	if (error < 0)
		return error;
	id = json_find_c_string(key, "id");
	json_set_text(key, "name", field(import, COLUMN_NAME));
	json_set_text(key, "description", field(import, COLUMN_DESCRIPTION));
	/* No word is true, another word than true is not: a key is never enabled by mistake. */
	json_set_bool(key, "enabled", enabled.count == 0 || view_equals_ignore_case(enabled, view_of("true")));
	api_key_put(call, key);
	JSON_EACH(plan, plans)
	{
		usage_plan_key_put(call, json_c_string(plan), id);
		usage_plan_members_add(&import->members, json_text(plan), view_from_text(id));
	}
	json_append_text(import->ids, view_from_text(id));
	return 0;
}

/* All warnings as one message, as far as it has room. */
static int fail_on_warnings(struct call *call, const struct json *warnings)
{
	struct buffer text;
	int error;

	buffer_init(&text, CALL_MESSAGE_MAX_BYTES - 1);
	JSON_EACH(warning, warnings)
	{
		if (text.count + json_text(warning).count + 2 >= CALL_MESSAGE_MAX_BYTES)
			break;
		buffer_printf(&text, "%s" VIEW_FMT, text.count ? "; " : "", VIEW_ARG(json_text(warning)));
	}
	error = call_fail(call, "BadRequestException", VIEW_FMT, VIEW_ARG(buffer_view(&text)));
	buffer_fini(&text);
	return error;
}

int op_import_api_keys(struct call *call)
{
	struct json JSON_CLEANUP *plans = record_list(call, STORE_usageplan, NULL);
	struct view body = call->request.body;
	struct import import = { .room = quota_room(call, STORE_apikey, QUOTA_API_KEYS) };
	int error;

	if (!view_is_utf8(body) || view_find_byte(body, '\0') != VIEW_NOWHERE)
		return call_fail(call, "BadRequestException", "Invalid API key file: It is not UTF-8 text");
	csv_init(&import.csv, body);
	error = read_header(call, &import);
	import.ids = json_ensure_array(call->output, "ids");
	import.warnings = json_ensure_array(call->output, "warnings");
	usage_plan_members_init(&import.members, call);
	usage_plans_index(&import.plans, plans);
	while (error == 0 && csv_next(&import.csv, &import.record, &call->arena)) {
		if (++import.number > RECORDS_MAX)
			error = call_fail(call, "BadRequestException",
				"Invalid API key file: It can have at most %d records", RECORDS_MAX);
		else
			error = import_record(call, &import);
	}
	usage_plan_members_fini(&import.members);
	table_fini(&import.plans);
	if (error < 0)
		return error;
	if (json_count(import.warnings) && json_find_bool(call->input, "failOnWarnings", false))
		return fail_on_warnings(call, import.warnings);
	if (json_count(import.warnings) == 0)
		(void)json_remove(call->output, "warnings");
	return 0;
}
