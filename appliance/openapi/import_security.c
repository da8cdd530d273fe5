/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Security schemes as Authorizers, security requirements as what a method asks of its caller. Source: spec/openapi.md 4.1. */
#include "appliance/openapi/import_work.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/openapi/extensions.h"

static const char authtype_extension[] = "x-amazon-apigateway-authtype";

const struct json *openapi_security_schemes(const struct openapi_work *work)
{
	return work->is_swagger ? json_find(work->document, "securityDefinitions")
				: json_find_path(work->document, "components", "securitySchemes", NULL);
}

/* --- Authorizers ------------------------------------------------------------------------------------------------------- */

static void set_ttl(struct openapi_work *work, struct json *authorizer, const struct json *wanted)
{
	const struct json *ttl = json_find(wanted, "authorizerResultTtlInSeconds");
	uint64_t seconds;

	if (!ttl)
		return;
	if (view_parse_u64(openapi_scalar(work, ttl), 3600, &seconds) < 0)
		openapi_error(work, ttl, "authorizerResultTtlInSeconds must be a number from 0 to 3600");
	else
		json_set_integer(authorizer, "authorizerResultTtlInSeconds", (int64_t)seconds);
}

/* A copy of a list of texts. */
static struct json *texts_of(struct openapi_work *work, const struct json *list, const char *what)
{
	struct json *texts = json_array_new();

	JSON_EACH(item, list)
	{
		if (!json_is_text(item))
			openapi_error(work, item, "%s must be texts", what);
		else if (openapi_charge(work, item, json_text(item).count))
			json_append(texts, json_copy(item));
	}
	return texts;
}

/* What the document calls the type, unless that is a name of AWS's own. */
static struct view auth_type_of(struct openapi_work *work, const struct json *scheme, struct view otherwise)
{
	struct view asked = json_find_text(scheme, authtype_extension);

	if (asked.count == 0)
		return otherwise;
	if (!view_starts_with_ignore_case(asked, view_of("aws")))
		return asked;
	openapi_warn(work, "Authorization type '" VIEW_FMT "' of authorizer '" VIEW_FMT "' is reserved, ignored",
		VIEW_ARG(asked), VIEW_ARG(json_name(scheme)));
	return otherwise;
}

/* Where the token is, unless the document says it: in the header that the scheme names. A REQUEST authorizer has none then. */
static void set_identity_source(struct json *authorizer, const struct json *scheme, const struct json *wanted)
{
	const struct json *source = json_find(wanted, "identitySource");
	struct view header = json_find_text(scheme, "name");

	if (json_is_text(source)) {
		if (json_text(source).count)
			json_set(authorizer, "identitySource", json_copy(source));
		return;
	}
	if (view_equals_text(json_find_text(authorizer, "type"), "REQUEST"))
		return;
	if (header.count == 0)
		header = view_of("Authorization");
	json_set(authorizer, "identitySource",
		json_text_new_printf("method.request.header." VIEW_FMT, VIEW_ARG(header)));
}

static const char *authorizer_type(const struct json *wanted)
{
	static const char *const types[] = { "TOKEN", "REQUEST", "COGNITO_USER_POOLS" };

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		if (view_equals_ignore_case(json_find_text(wanted, "type"), view_from_text(types[i])))
			return types[i];
	}
	return NULL;
}

static void put_authorizer(
	struct openapi_work *work, struct view name, const struct json *scheme, const struct json *wanted)
{
	static const char *const texts[] = { "authorizerUri", "authorizerCredentials", "identityValidationExpression" };
	const struct json *arns = json_find(wanted, "providerARNs");
	const char *type = authorizer_type(wanted);
	struct json *authorizer;

	if (!type) {
		openapi_error(work, wanted,
			"Unable to create authorizer '" VIEW_FMT
			"': its type must be token, request or cognito_user_pools",
			VIEW_ARG(name));
		return;
	}
	authorizer = json_object_new();
	json_set_text(authorizer, "name", name);
	json_set_c_string(authorizer, "type", type);
	if (json_is_array(arns))
		json_set(authorizer, "providerARNs", texts_of(work, arns, "providerARNs"));
	json_set_text(authorizer, "authType",
		auth_type_of(work, scheme,
			strcmp(type, "COGNITO_USER_POOLS") == 0 ? view_of("cognito_user_pools") : view_of("custom")));
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (json_is_text(json_find(wanted, texts[i])))
			json_set(authorizer, texts[i], json_copy(json_find(wanted, texts[i])));
	}
	set_identity_source(authorizer, scheme, wanted);
	set_ttl(work, authorizer, wanted);
	openapi_put(work, OPENAPI_AUTHORIZERS, name, authorizer);
}

void openapi_read_authorizers(struct openapi_work *work)
{
	const struct json *all = openapi_security_schemes(work);

	if (json_count(all) > OPENAPI_ENTRIES_MAX_COUNT) {
		openapi_error(work, all, "there must be no more than %d security schemes", OPENAPI_ENTRIES_MAX_COUNT);
		return;
	}
	JSON_EACH(given, all)
	{
		const struct json *scheme = openapi_resolve(work, given),
				  *wanted = json_find(scheme, "x-amazon-apigateway-authorizer");

		if (json_is_object(wanted))
			put_authorizer(work, json_name(given), scheme, wanted);
		else if (wanted)
			openapi_error(work, wanted, "x-amazon-apigateway-authorizer must be an object");
	}
}

/* --- What a method asks of its caller ---------------------------------------------------------------------------------- */

static void set_type(struct json *method, const char *type)
{
	json_set_c_string(method, "authorizationType", type);
}

static bool is_api_key(const struct json *scheme)
{
	return view_equals_ignore_case(json_find_text(scheme, "type"), view_of("apiKey")) &&
	       view_equals_ignore_case(json_find_text(scheme, "name"), view_of("x-api-key")) &&
	       view_equals_ignore_case(json_find_text(scheme, "in"), view_of("header"));
}

/* One entry of a security requirement: a scheme by name, with its scopes. */
static void apply_scheme(struct openapi_work *work, const struct json *requirement, struct view path, bool *authorized,
	struct json *method)
{
	struct view name = json_name(requirement), verb = json_find_text(method, "httpMethod");
	const struct json *scheme = openapi_resolve(work, json_find_view(openapi_security_schemes(work), name));
	const struct json *authorizer = openapi_find_item(work, OPENAPI_AUTHORIZERS, name);
	bool is_iam =
		!authorizer && view_equals_ignore_case(json_find_text(scheme, authtype_extension), view_of("awsSigv4"));

	if (!authorizer && !is_iam && is_api_key(scheme)) {
		json_set_bool(method, "apiKeyRequired", true);
		return;
	}
	if (!authorizer && !is_iam) {
		openapi_warn(work,
			"Security scheme '" VIEW_FMT "' of resource '" VIEW_FMT "' and method '" VIEW_FMT
			"' is not supported, ignored",
			VIEW_ARG(name), VIEW_ARG(path), VIEW_ARG(verb));
		return;
	}
	if (*authorized) {
		openapi_warn(work,
			"More than one authorizer for resource '" VIEW_FMT "' and method '" VIEW_FMT "', '" VIEW_FMT
			"' ignored",
			VIEW_ARG(path), VIEW_ARG(verb), VIEW_ARG(name));
		return;
	}
	*authorized = true;
	if (!authorizer) {
		set_type(method, "AWS_IAM");
		return;
	}
	set_type(method, view_equals_text(json_find_text(authorizer, "type"), "COGNITO_USER_POOLS")
				 ? "COGNITO_USER_POOLS"
				 : "CUSTOM");
	json_set(method, "authorizerId", json_copy(json_find(authorizer, "id")));
	if (json_count(requirement) && json_is_array(requirement))
		json_set(method, "authorizationScopes", texts_of(work, requirement, "scopes"));
}

/* Instead of a scheme: the operation says it itself. */
static void apply_own(struct openapi_work *work, struct view type, struct view path, struct json *method)
{
	bool is_none = view_equals_ignore_case(type, view_of("NONE"));

	if (!is_none && !view_equals_ignore_case(type, view_of("AWS_IAM"))) {
		openapi_warn(work,
			"Invalid x-amazon-apigateway-auth type '" VIEW_FMT "' of resource '" VIEW_FMT
			"' and method '" VIEW_FMT "' ignored",
			VIEW_ARG(type), VIEW_ARG(path), VIEW_ARG(json_find_text(method, "httpMethod")));
		return;
	}
	set_type(method, is_none ? "NONE" : "AWS_IAM");
	json_remove(method, "authorizerId");
	json_remove(method, "authorizationScopes");
}

void openapi_set_security(
	struct openapi_work *work, const struct json *operation, struct view path, struct json *method)
{
	const struct json *own = json_find(operation, "security"), *scopes = json_find(operation, OPENAPI_X_SCOPES),
			  *security = own ? own : json_find(work->document, "security");
	struct view type = json_find_text(json_find(operation, "x-amazon-apigateway-auth"), "type");
	bool authorized = false;

	set_type(method, "NONE");
	json_set_bool(method, "apiKeyRequired", false);
	JSON_EACH(requirement, security)
	JSON_EACH(entry, requirement)
	apply_scheme(work, entry, path, &authorized, method);
	if (type.count)
		apply_own(work, type, path, method);
	if (json_is_array(scopes) && !json_find(method, "authorizerId"))
		json_set(method, "authorizationScopes", texts_of(work, scopes, "scopes"));
}
