/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UpdateAuthorizer, and what holds for every authorizer. Source: spec/control-plane.md 8.1; API Reference, CreateAuthorizer. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/authorizers.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

enum { TTL_MAX_S = 3600 };

int authorizer_check(struct call *call, const struct json *authorizer)
{
	struct view type = json_find_text(authorizer, "type");
	const struct json *ttl = json_find(authorizer, "authorizerResultTtlInSeconds");
	int64_t ttl_s;

	if (json_find_text(authorizer, "name").count == 0)
		return call_fail(call, "BadRequestException", "Authorizer name cannot be empty");
	if (ttl && json_integer(ttl, 0, TTL_MAX_S, &ttl_s) < 0)
		return call_fail(call, "BadRequestException",
			"Authorizer result TTL outside allowable range. TTL must be between 0 and %d seconds.",
			TTL_MAX_S);
	if (view_equals_text(type, "COGNITO_USER_POOLS")) {
		if (json_count(json_find(authorizer, "providerARNs")) == 0)
			return call_fail(call, "BadRequestException", "ProviderARNs cannot be empty");
	} else if (view_equals_text(type, "TOKEN")) {
		if (json_find_text(authorizer, "identitySource").count == 0)
			return call_fail(call, "BadRequestException", "IdentitySource cannot be empty");
	} else if (!view_equals_text(type, "REQUEST")) {
		return call_fail(call, "BadRequestException",
			"Invalid authorizer type specified. Must be one of: [TOKEN, REQUEST, COGNITO_USER_POOLS]");
	}
	return 0;
}

int authorizer_check_name(struct call *call, const struct json *authorizer)
{
	struct json JSON_CLEANUP *all = record_list(call, STORE_authorizer, call_input(call, "restApiId"));
	struct view name = json_find_text(authorizer, "name");

	JSON_EACH(other, all)
	if (view_equals(json_find_text(other, "name"), name) &&
		!view_equals(json_find_text(other, "id"), json_find_text(authorizer, "id")))
		return call_fail(call, "BadRequestException",
			"Authorizer name must be unique. Authorizer " VIEW_FMT " already exists in this RestApi.",
			VIEW_ARG(name));
	return 0;
}

static int patch_pools(struct call *call, const struct patch *patch, struct json *authorizer)
{
	if (!patch->value || strncmp(patch->value, "arn:", 4) != 0)
		return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
	patch_list(json_ensure_array(authorizer, "providerARNs"), patch, patch->value);
	return 0;
}

static int patch_name(struct call *call, const struct patch *patch, struct json *authorizer)
{
	patch_text(authorizer, "name", patch);
	return authorizer_check_name(call, authorizer);
}

static int patch_authorizer(struct call *call, const struct patch *patch, struct json *authorizer)
{
	static const struct patch_row rows[] = {
		{ "/authorizerUri", PATCH_ON_REPLACE, patch_set_text },
		{ "/authorizerCredentials", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/authorizerResultTtlInSeconds", PATCH_ON_REPLACE, patch_set_number },
		{ "/authType", PATCH_ON_REPLACE, patch_set_text },
		{ "/identitySource", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/identityValidationExpression", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/name", PATCH_ON_REPLACE, patch_name },
		{ "/type", PATCH_ON_REPLACE, patch_set_text },
		{ "/providerARNs", PATCH_ON_ADD_REMOVE, patch_pools },
	};

	return patch_by_listed_rows(call, patch, authorizer, rows, ARRAY_COUNT(rows));
}

int op_update_authorizer(struct call *call)
{
	struct json JSON_CLEANUP *authorizer = NULL;
	int error = authorizer_find(call, &authorizer);

	if (error == 0)
		error = patch_apply(call, authorizer, patch_authorizer);
	if (error == 0)
		error = authorizer_check(call, authorizer);
	if (error < 0)
		return error;
	record_put(call, STORE_authorizer, api_key(call, call_input(call, "authorizerId")),
		call_input(call, "restApiId"), authorizer);
	call_answer(call, authorizer);
	return 0;
}
