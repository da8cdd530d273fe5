/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UpdateAuthorizer, and what holds for every authorizer. Source: spec/control-plane.md 8.1; API Reference, CreateAuthorizer. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/authorizers.h"
#include "appliance/control/apigateway/patch.h"
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

static bool is_one_of(const struct patch *patch, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (patch_is(patch, names[i]))
			return true;
	return false;
}

/* A number as an integer; anything else as it is, which the check then refuses in its own words. */
static void set_ttl(struct json *authorizer, const struct patch *patch)
{
	int64_t ttl_s;

	if (patch->value && view_parse_i64(view_from_text(patch->value), INT32_MIN, INT32_MAX, &ttl_s) == 0)
		json_set_integer(authorizer, "authorizerResultTtlInSeconds", ttl_s);
	else
		json_set_c_string(authorizer, "authorizerResultTtlInSeconds", patch->value ? patch->value : "");
}

static int patch_authorizer(struct call *call, const struct patch *patch, struct json *authorizer)
{
	static const struct patch_paths paths = {
		.add = "/identitySource, /providerARNs",
		.remove = "/identitySource, /providerARNs",
		.replace = "/authorizerUri, /authorizerCredentials, /authorizerResultTtlInSeconds, /authType, "
			   "/identitySource, /identityValidationExpression, /name, /type",
	};
	static const char *const texts[] = { "authorizerUri", "authorizerCredentials", "authType",
		"identityValidationExpression", "name", "type" };
	bool changes = patch->op == PATCH_ADD || patch->op == PATCH_REMOVE;

	if ((changes || patch->op == PATCH_REPLACE) && patch_is(patch, "identitySource")) {
		patch_text(authorizer, "identitySource", patch);
		return 0;
	}
	if (changes && patch_is(patch, "providerARNs")) {
		if (!patch->value || strncmp(patch->value, "arn:", 4) != 0)
			return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
		patch_list(json_ensure_array(authorizer, "providerARNs"), patch, patch->value);
		return 0;
	}
	if (patch->op == PATCH_REPLACE && patch_is(patch, "authorizerResultTtlInSeconds")) {
		set_ttl(authorizer, patch);
		return 0;
	}
	if (patch->op != PATCH_REPLACE || !is_one_of(patch, texts, ARRAY_COUNT(texts)))
		return patch_invalid_listed(call, patch, &paths);
	patch_text(authorizer, patch->parts[0], patch);
	return 0;
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
