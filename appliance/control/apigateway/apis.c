/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/apis.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/api_keys.h"
#include "appliance/control/apigateway/usage_plans.h"
#include "appliance/control/documents.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

int api_find(struct call *call, struct json **ret)
{
	const char *id = call_input(call, "restApiId");

	*ret = record_find(call, STORE_restapi, id);
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid API identifier specified %s:%s",
		control_account(call->control), id);
}

int api_check(struct call *call)
{
	const char *id = call_input(call, "restApiId");

	if (record_exists(call, STORE_restapi, id))
		return 0;
	return call_fail(call, "NotFoundException", "Invalid API identifier specified %s:%s",
		control_account(call->control), id);
}

const char *api_key(struct call *call, const char *part)
{
	return call_text(call, "%s/%s", call_input(call, "restApiId"), part);
}

int resource_find(struct call *call, struct json **ret)
{
	*ret = record_find(call, STORE_resource, api_key(call, call_input(call, "resourceId")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Resource identifier specified");
}

void resource_put(struct call *call, const struct json *resource)
{
	record_put(call, STORE_resource, api_key(call, json_find_c_string(resource, "id")),
		call_input(call, "restApiId"), resource);
}

int resource_method_find(struct call *call, struct json **ret_resource, struct json **ret_method)
{
	int error = resource_find(call, ret_resource);

	if (error < 0)
		return error;
	*ret_method = json_find(json_find(*ret_resource, "resourceMethods"), call_input(call, "httpMethod"));
	if (*ret_method)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Method identifier specified");
}

int integration_find(struct call *call, struct json **ret_resource, struct json **ret_integration)
{
	struct json *method;
	int error = resource_method_find(call, ret_resource, &method);

	if (error < 0)
		return error;
	*ret_integration = json_find(method, "methodIntegration");
	if (*ret_integration)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Integration identifier specified");
}

struct sortable {
	struct view key;
	struct json *value;
};

static int compare_keys(const void *a, const void *b)
{
	return view_compare(((const struct sortable *)a)->key, ((const struct sortable *)b)->key);
}

void sort_by(struct json *array, const char *member)
{
	size_t count = json_count(array);
	struct sortable *items;

	if (count < 2)
		return;
	items = calloc(count, sizeof *items);
	ASSERT(items);
	for (size_t i = 0; i < count; i++) {
		items[i].value = json_take_at(array, 0);
		items[i].key = json_find_text(items[i].value, member);
	}
	qsort(items, count, sizeof *items, compare_keys);
	for (size_t i = 0; i < count; i++)
		json_append(array, items[i].value);
	free(items);
}

struct json *resource_list(struct call *call, const char *api_id)
{
	struct json *list = record_list(call, STORE_resource, api_id);

	sort_by(list, "path");
	return list;
}

static void put_model(
	struct call *call, const char *api_id, const char *name, const char *description, const char *schema)
{
	struct json JSON_CLEANUP *model = json_object_new();
	char id[7];

	random_lower_alnum(id, 6);
	json_set_c_string(model, "id", id);
	json_set_c_string(model, "name", name);
	json_set_c_string(model, "description", description);
	json_set_c_string(model, "schema", schema);
	json_set_c_string(model, "contentType", "application/json");
	record_put(call, STORE_model, call_text(call, "%s/%s", api_id, name), api_id, model);
}

const char *api_make_root(struct call *call, const char *api_id)
{
	const char *root_id = record_new_id(call, STORE_resource, call_text(call, "%s/", api_id), 10);
	struct json JSON_CLEANUP *root = json_object_new();

	json_set_c_string(root, "id", root_id);
	json_set_c_string(root, "path", "/");
	record_put(call, STORE_resource, call_text(call, "%s/%s", api_id, root_id), api_id, root);
	return root_id;
}

const char *api_furnish(struct call *call, const char *api_id)
{
	const char *root_id = api_make_root(call, api_id);

	put_model(call, api_id, "Empty", "This is a default empty schema model",
		"{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  "
		"\"type\" : \"object\"\n}");
	put_model(call, api_id, "Error", "This is a default error schema model",
		"{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  "
		"\"type\" : \"object\",\n"
		"  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}");
	return root_id;
}

struct json *api_shown(const struct json *api, bool with_empty_tags)
{
	struct json *shown = json_copy(api);

	(void)json_remove(shown, "postern");
	document_escape_member(shown, "policy");
	if (json_count(json_find(shown, "tags")) == 0) {
		(void)json_remove(shown, "tags");
		if (with_empty_tags)
			json_set(shown, "tags", json_object_new());
	}
	return shown;
}

void api_clear_definition(struct call *call, const char *api_id)
{
	static const enum store_kind parts[] = { STORE_resource, STORE_model, STORE_authorizer, STORE_requestvalidator,
		STORE_gatewayresponse, STORE_documentationpart };

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		record_delete_children(call, parts[i], api_id);
}

void api_delete_all(struct call *call, const char *api_id)
{
	api_clear_definition(call, api_id);
	record_delete_children(call, STORE_documentationversion, api_id);
	usage_plans_drop_stage(call, api_id, NULL);
	api_keys_drop_stage(call, api_id, NULL);
	record_delete_children(call, STORE_stage, api_id);
	record_delete_children(call, STORE_deployment, api_id);
	record_delete(call, STORE_restapi, api_id);
}
