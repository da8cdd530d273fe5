/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GatewayResponse: what an API makes of the answers that the gateway gives itself. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/method_parts.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/model/gateway_response.h"

/* The row of the table as it is shown while the API has not customised it. */
static struct json *default_response(enum gateway_response_type type)
{
	static const struct {
		const char *name;
		int status;
	} rows[] = {
#define GATEWAY_RESPONSE(type, status, parent, blank, key, message, error_type) { #type, status },
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
	};
	struct json *response = json_object_new(), *templates = json_object_new();

	json_set_c_string(response, "responseType", rows[type].name);
	if (rows[type].status)
		json_set(response, "statusCode", json_text_new_printf("%d", rows[type].status));
	json_set(response, "responseParameters", json_object_new());
	json_set_c_string(templates, "application/json", "{\"message\":$context.error.messageString}");
	json_set(response, "responseTemplates", templates);
	json_set_bool(response, "defaultResponse", true);
	return response;
}

static int type_of(const char *name)
{
	static const char *const names[] = {
#define GATEWAY_RESPONSE(type, status, parent, blank, key, message, error_type) #type,
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
	};

	for (int i = 0; i < GATEWAY_RESPONSE_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return GATEWAY_RESPONSE_DEFAULT_5XX;
}

/* The customised response, or the default one. */
static struct json *find_or_default(struct call *call, const char *type)
{
	struct json *response = record_find(call, STORE_gatewayresponse, api_key(call, type));

	return response ? response : default_response((enum gateway_response_type)type_of(type));
}

static int put(struct call *call, const struct json *response)
{
	if (part_check_templates(call, json_find(response, "responseTemplates")) < 0)
		return CALL_FAILED;
	if (part_check_mappings(call, MAPPING_GATEWAY_RESPONSE, json_find(response, "responseParameters")) < 0)
		return CALL_FAILED;
	record_put(call, STORE_gatewayresponse, api_key(call, call_input(call, "responseType")),
		call_input(call, "restApiId"), response);
	call_answer(call, response);
	return 0;
}

int op_put_gateway_response(struct call *call)
{
	const char *type = call_input(call, "responseType");
	struct json JSON_CLEANUP *response = json_object_new(), *usual = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	usual = default_response((enum gateway_response_type)type_of(type));
	json_set_c_string(response, "responseType", type);
	if (json_find(usual, "statusCode"))
		json_set(response, "statusCode", json_copy(json_find(usual, "statusCode")));
	json_set(response, "responseParameters", json_object_new());
	json_set(response, "responseTemplates", json_copy(json_find(usual, "responseTemplates")));
	call_take(call, response, "statusCode", "responseParameters", "responseTemplates", NULL);
	json_set_bool(response, "defaultResponse", false);
	return put(call, response);
}

int op_get_gateway_response(struct call *call)
{
	struct json JSON_CLEANUP *response = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	response = find_or_default(call, call_input(call, "responseType"));
	call_answer(call, response);
	return 0;
}

int op_get_gateway_responses(struct call *call)
{
	struct json *list;
	int error = api_check(call);

	if (error < 0)
		return error;
	list = json_array_new();
	for (int type = 0; type < GATEWAY_RESPONSE_COUNT; type++) {
		struct json JSON_CLEANUP *usual = default_response((enum gateway_response_type)type);

		json_append(list, find_or_default(call, json_find_c_string(usual, "responseType")));
	}
	sort_by(list, "responseType");
	/* All types fit into one page unless a limit asks for less. */
	if (!call_input_has(call, "limit"))
		json_set_integer(call->input, "limit", PAGE_MAX_COUNT);
	return page_list(call, list, "responseType");
}

static int patch_status(struct call *call, const struct patch *patch, struct json *response)
{
	if (patch->op != PATCH_REPLACE)
		return patch_invalid_path(call, patch);
	if (!patch->value || strlen(patch->value) != 3 || patch->value[0] < '1' || patch->value[0] > '5' ||
		strspn(patch->value, "0123456789") != 3)
		return call_fail(call, "BadRequestException", "Invalid status code specified: %s",
			patch->value ? patch->value : "null");
	return patch_set_text(call, patch, response);
}

static int patch_map_entry(struct call *call, const struct patch *patch, struct json *response)
{
	const char *map = patch->parts[0];

	if (patch->op == PATCH_REPLACE && (!patch->value || !*patch->value))
		return call_fail(call, "BadRequestException", "Invalid null or empty value in %s", map);
	if (patch->op == PATCH_REMOVE && !json_find(json_find(response, map), patch->parts[1]))
		return call_fail(call, "NotFoundException", "Invalid parameter name specified");
	return patch_set_entry(call, patch, response);
}

static int patch_response(struct call *call, const struct patch *patch, struct json *response)
{
	static const struct patch_row rows[] = {
		{ "/statusCode", PATCH_ON_ANY, patch_status },
		{ "/responseParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_map_entry },
		{ "/responseTemplates/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_map_entry },
	};

	return patch_by_rows(call, patch, response, rows, ARRAY_COUNT(rows));
}

int op_update_gateway_response(struct call *call)
{
	struct json JSON_CLEANUP *response = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	response = find_or_default(call, call_input(call, "responseType"));
	error = patch_apply(call, response, patch_response);
	if (error < 0)
		return error;
	json_set_bool(response, "defaultResponse", false);
	return put(call, response);
}

int op_delete_gateway_response(struct call *call)
{
	const char *key = api_key(call, call_input(call, "responseType"));
	int error = api_check(call);

	if (error < 0)
		return error;
	if (!record_exists(call, STORE_gatewayresponse, key))
		return call_fail(call, "NotFoundException", "Gateway response type not defined on api");
	record_delete(call, STORE_gatewayresponse, key);
	return 0;
}
