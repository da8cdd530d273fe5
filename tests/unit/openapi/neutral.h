/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * neutral: a definition without what an export and an import may change: ids, endpoint types, maps without entries. What
 * refers to an id names what has it. Two definitions that are neutrally equal make APIs that do the same.
 */
#ifndef POSTERN_TESTS_UNIT_OPENAPI_NEUTRAL_H
#define POSTERN_TESTS_UNIT_OPENAPI_NEUTRAL_H

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/json.h"
#include "appliance/openapi/documentation.h"

/* The account and region of APIs in tests, the id of those that are exported, and of those that are made of the document. */
#define NEUTRAL_ID "abcde12345"
#define NEUTRAL_OTHER_ID "zyxwv98765"
#define NEUTRAL_ACCOUNT "000000000000"
#define NEUTRAL_REGION "us-east-1"

/* A copy of `text` in which the ids of both APIs are the same. */
static inline struct json *neutral_text(struct view text)
{
	struct json *made;
	struct buffer buffer;

	buffer_init(&buffer, SIZE_MAX / 2);
	while (text.count) {
		bool is_other = view_starts_with(text, view_of(NEUTRAL_OTHER_ID));

		if (is_other)
			buffer_append_text(&buffer, NEUTRAL_ID);
		else
			buffer_append_byte(&buffer, text.at[0]);
		text = view_after(text, is_other ? sizeof NEUTRAL_ID - 1 : 1);
	}
	made = json_text_new(buffer_view(&buffer));
	buffer_fini(&buffer);
	return made;
}

/* Containers without entries are left out, but for items of lists. */
static inline void neutral_drop_empty(struct json *value)
{
	for (size_t i = json_count(value); i > 0; i--) {
		struct json *child = json_at(value, i - 1);

		neutral_drop_empty(child);
		if (json_is_object(value) && (json_is_object(child) || json_is_array(child)) && json_count(child) == 0)
			(void)json_remove_at(value, i - 1);
	}
}

/* The name of the item of `list` with that id. */
static inline void neutral_name(struct json *holder, const char *member, const struct json *list)
{
	struct view id = json_find_text(holder, member);

	JSON_EACH(item, list)
	{
		if (id.count && view_equals(json_find_text(item, "id"), id)) {
			json_set(holder, member, json_copy(json_find(item, "name")));
			return;
		}
	}
}

static inline struct json *neutral_resource(const struct json *definition, const struct json *resource)
{
	struct json *made = json_copy(resource);

	JSON_EACH(method, json_find(made, "resourceMethods"))
	{
		struct json *integration = json_find(method, "methodIntegration");

		neutral_name(method, "authorizerId", json_find(definition, "authorizers"));
		neutral_name(method, "requestValidatorId", json_find(definition, "validators"));
		if (integration && json_equals(json_find(integration, "cacheNamespace"), json_find(resource, "id")))
			json_set_c_string(integration, "cacheNamespace", "own");
	}
	(void)json_remove(made, "id");
	(void)json_remove(made, "parentId");
	return made;
}

/* The items of a list by one of their members, without ids. */
static inline struct json *neutral_items(const struct json *list, const char *key)
{
	struct json *made = json_object_new();

	JSON_EACH(item, list)
	{
		struct json *copy = json_copy(item);

		(void)json_remove(copy, "id");
		json_set_view(made, json_find_text(item, key), copy);
	}
	return made;
}

/* A policy with resources in their short form as those of the API. */
static inline struct json *neutral_expanded(struct view policy)
{
	static const char arn[] = "arn:aws:execute-api:" NEUTRAL_REGION ":" NEUTRAL_ACCOUNT ":" NEUTRAL_ID "/";
	struct view start = view_of("execute-api:/");
	struct json JSON_CLEANUP *text = neutral_text(policy);
	struct json *made;
	struct buffer buffer;

	policy = json_text(text);
	buffer_init(&buffer, SIZE_MAX / 2);
	while (policy.count) {
		bool is_short = view_starts_with(policy, start);

		if (is_short)
			buffer_append_text(&buffer, arn);
		else
			buffer_append_byte(&buffer, policy.at[0]);
		policy = view_after(policy, is_short ? start.count : 1);
	}
	made = json_text_new(buffer_view(&buffer));
	buffer_fini(&buffer);
	return made;
}

static inline struct json *neutral_api(const struct json *api)
{
	static const char *const changing[] = { "id", "rootResourceId", "createdDate", "tags" };
	struct view policy = json_find_text(api, "policy");
	struct json *made = json_copy(api);

	for (size_t i = 0; i < ARRAY_COUNT(changing); i++)
		(void)json_remove(made, changing[i]);
	(void)json_remove(json_find(made, "endpointConfiguration"), "types");
	(void)json_remove(json_find(made, "endpointConfiguration"), "ipAddressType");
	/* Nobody normalises the policy of a document here. */
	if (policy.at)
		json_set(made, "policy", neutral_expanded(policy));
	return made;
}

static inline struct json *neutral_definition(const struct json *definition)
{
	struct json *made = json_object_new(), *resources, *models, *parts;

	json_set(made, "restApi", neutral_api(json_find(definition, "restApi")));
	resources = json_ensure_object(made, "resources");
	JSON_EACH(resource, json_find(definition, "resources"))
	json_set_view(resources, json_find_text(resource, "path"), neutral_resource(definition, resource));
	models = neutral_items(json_find(definition, "models"), "name");
	JSON_EACH(model, models)
	json_set(model, "schema", neutral_text(json_find_text(model, "schema")));
	json_set(made, "models", models);
	json_set(made, "authorizers", neutral_items(json_find(definition, "authorizers"), "name"));
	json_set(made, "validators", neutral_items(json_find(definition, "validators"), "name"));
	json_set(made, "gatewayResponses", neutral_items(json_find(definition, "gatewayResponses"), "responseType"));
	parts = json_ensure_object(made, "documentationParts");
	JSON_EACH(part, json_find(definition, "documentationParts"))
	{
		char *location = openapi_location_text(json_find(part, "location"));

		json_set(parts, location, json_copy(json_find(part, "properties")));
		free(location);
	}
	if (json_find(definition, "documentationVersion"))
		json_set(made, "documentationVersion", json_copy(json_find(definition, "documentationVersion")));
	neutral_drop_empty(made);
	return made;
}

#endif
