/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x-amazon-apigateway-integration as an Integration. */
#include "appliance/openapi/import_work.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/model/check.h"
#include "appliance/openapi/extensions.h"

enum { TIMEOUT_DEFAULT_MS = 29000 };

struct builder {
	struct openapi_work *work;
	struct view path, verb;
	const struct json *extension;
	struct json *integration;
};

/* AWS's sentence for whatever is wrong with an integration. */
__attribute__((format(printf, 3, 4))) static void refuse(
	struct builder *builder, const struct json *at, const char *format, ...)
{
	struct view rule;
	va_list arguments;

	va_start(arguments, format);
	rule = arena_vprintf(&builder->work->arena, format, arguments);
	va_end(arguments);
	openapi_error(builder->work, at,
		"Unable to put integration on '" VIEW_FMT "' for resource at path '" VIEW_FMT "': " VIEW_FMT,
		VIEW_ARG(builder->verb), VIEW_ARG(builder->path), VIEW_ARG(rule));
}

/* One of the values of an enumeration, case ignored, or NULL. */
static const char *one_of(struct view text, const char *const *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (view_equals_ignore_case(text, view_from_text(values[i])))
			return values[i];
	}
	return NULL;
}

static void set_enumerated(struct builder *builder, struct json *to, const struct json *from, const char *member,
	const char *const *values, size_t count)
{
	const struct json *given = json_find(from, member);
	const char *value = one_of(json_text(given), values, count);

	if (value)
		json_set_c_string(to, member, value);
	else if (given && !json_is_null(given))
		refuse(builder, given, "Invalid value for %s specified", member);
}

static void set_content_handling(struct builder *builder, struct json *to, const struct json *from)
{
	static const char *const values[] = { "CONVERT_TO_TEXT", "CONVERT_TO_BINARY" };

	set_enumerated(builder, to, from, "contentHandling", values, ARRAY_COUNT(values));
}

static void set_text(struct builder *builder, const struct json *from, const char *member)
{
	const struct json *given = json_find(from, member);

	if (json_is_text(given) && openapi_charge(builder->work, given, json_text(given).count))
		json_set(builder->integration, member, json_copy(given));
	else if (given && !json_is_text(given) && !json_is_null(given))
		refuse(builder, given, "%s must be a string", member);
}

static void set_map(struct builder *builder, struct json *to, const struct json *from, const char *member)
{
	const struct json *given = json_find(from, member);
	struct json *texts;

	if (given && !json_is_object(given) && !json_is_null(given)) {
		refuse(builder, given, "%s must be an object", member);
		return;
	}
	if (json_count(given) > OPENAPI_ENTRIES_MAX_COUNT) {
		refuse(builder, given, "%s has more than %d entries", member, OPENAPI_ENTRIES_MAX_COUNT);
		return;
	}
	texts = openapi_text_map(builder->work, given, member, builder->path, builder->verb);
	if (json_count(texts))
		json_set(to, member, texts);
	else
		json_free(texts);
}

static void set_timeout(struct builder *builder)
{
	const struct json *given = json_find(builder->extension, "timeoutInMillis");
	uint32_t max_ms = builder->work->options->timeout_max_ms;
	uint64_t timeout_ms;

	if (max_ms == 0)
		max_ms = TIMEOUT_DEFAULT_MS;
	timeout_ms = max_ms < TIMEOUT_DEFAULT_MS ? max_ms : TIMEOUT_DEFAULT_MS;
	if (given && (view_parse_u64(openapi_scalar(builder->work, given), max_ms, &timeout_ms) < 0 || timeout_ms < 50))
		refuse(builder, given, "Timeout should be between 50 ms and %u ms", max_ms);
	json_set_integer(builder->integration, "timeoutInMillis", (int64_t)timeout_ms);
}

static void set_cache(struct builder *builder, const struct json *resource)
{
	const struct json *space = json_find(builder->extension, "cacheNamespace"),
			  *given = json_find(builder->extension, "cacheKeyParameters");
	struct json *keys = json_array_new();

	json_set(builder->integration, "cacheNamespace",
		json_copy(json_is_text(space) ? space : json_find(resource, "id")));
	JSON_EACH(key, given)
	{
		if (!json_is_text(key))
			refuse(builder, key, "cacheKeyParameters must be texts");
		else if (openapi_charge(builder->work, key, json_text(key).count))
			json_append(keys, json_copy(key));
	}
	json_set(builder->integration, "cacheKeyParameters", keys);
}

/* `pattern` has no text if the response has none. */
static void set_response(
	struct builder *builder, struct json *responses, const struct json *wanted, struct view pattern)
{
	struct view status = openapi_scalar(builder->work, json_find(wanted, "statusCode"));
	struct json *response;
	uint64_t number;

	if (view_parse_u64(status, 599, &number) < 0 || number < 100) {
		refuse(builder, wanted, "an integration response must have a statusCode from 100 to 599");
		return;
	}
	if (!openapi_charge(builder->work, wanted, pattern.count))
		return;
	response = json_object_new();
	json_set_text(response, "statusCode", status);
	if (pattern.at)
		json_set_text(response, "selectionPattern", pattern);
	set_map(builder, response, wanted, "responseParameters");
	set_map(builder, response, wanted, "responseTemplates");
	set_content_handling(builder, response, wanted);
	json_set_view(responses, status, response);
}

static void set_responses(struct builder *builder)
{
	const struct json *given = json_find(builder->extension, "responses"),
			  *others = json_find(builder->extension, OPENAPI_X_RESPONSES);
	struct json *responses;

	if (given && !json_is_object(given))
		refuse(builder, given, "responses must be an object");
	if (json_count(given) + json_count(others) == 0)
		return;
	responses = json_object_new();
	JSON_EACH(response, given)
	{
		bool is_default = view_equals_text(json_name(response), "default");

		set_response(builder, responses, response, is_default ? view_from(NULL, 0) : json_name(response));
	}
	JSON_EACH(response, others)
	set_response(builder, responses, response, json_find_text(response, "selectionPattern"));
	json_set(builder->integration, "integrationResponses", responses);
}

/* What every type must have. Texts: spec/rest-dataplane.md 5. */
static void check_uri(struct builder *builder, const char *type)
{
	const struct json *given = json_find(builder->extension, "uri");
	struct view uri = json_text(given);
	const struct json *at = given ? given : builder->extension;

	if (strcmp(type, "MOCK") == 0)
		return;
	if (json_find_text(builder->extension, "httpMethod").count == 0) {
		refuse(builder, builder->extension, "Enumeration value for HttpMethod must be non-empty");
	} else if (strncmp(type, "HTTP", 4) == 0) {
		if (!view_starts_with_ignore_case(uri, view_of("http://")) &&
			!view_starts_with_ignore_case(uri, view_of("https://")))
			refuse(builder, at, "Invalid HTTP endpoint specified for URI");
	} else if (!view_starts_with(uri, view_of("arn:"))) {
		refuse(builder, at, "Invalid ARN specified in the request");
	} else if (view_find(uri, view_of(":path/")) == VIEW_NOWHERE &&
		   view_find(uri, view_of(":action/")) == VIEW_NOWHERE) {
		refuse(builder, at, "AWS ARN for integration must contain path or action");
	} else if (strcmp(type, "AWS_PROXY") == 0 && view_find(uri, view_of(":lambda:path/")) == VIEW_NOWHERE &&
		   view_find(uri, view_of(":firehose:")) == VIEW_NOWHERE) {
		refuse(builder, at,
			"Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream "
			"invocations.");
	}
}

static void check_content_types(struct builder *builder)
{
	JSON_EACH(template, json_find(builder->integration, "requestTemplates"))
	{
		if (view_find_byte(json_name(template), '/') == VIEW_NOWHERE &&
			!view_equals_text(json_name(template), "$default"))
			refuse(builder, builder->extension,
				"Validation Result: warnings : [], errors : [Invalid content type specified: " VIEW_FMT
				"]",
				VIEW_ARG(json_name(template)));
	}
}

/* Would the gateway take it? What it can't serve is refused here; AWS integrations are stored as they are. */
static void check_builds(struct builder *builder, const char *type)
{
	char message[CHECK_MESSAGE_MAX_BYTES] = "";
	char *text;

	if (strncmp(type, "AWS", 3) == 0)
		return;
	text = json_print_text(builder->integration);
	if (check_integration(view_from_text(text), message) < 0)
		refuse(builder, builder->extension, "%s", message);
	free(text);
}

/* All members but `type`. */
static void set_members(struct builder *builder, const struct json *resource, const char *type)
{
	static const char *const passthroughs[] = { "WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER" };
	static const char *const connections[] = { "INTERNET", "VPC_LINK" };
	static const char *const transfers[] = { "BUFFERED", "STREAM" };
	static const char *const methods[] = { "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY" };
	const struct json *tls = json_find(builder->extension, "tlsConfig"),
			  *target = strcmp(type, "MOCK") == 0 ? json_find(builder->extension, OPENAPI_X_MOCK)
							      : builder->extension;
	struct json *integration = builder->integration;
	bool is_http = strncmp(type, "HTTP", 4) == 0;

	set_enumerated(builder, integration, target, "httpMethod", methods, ARRAY_COUNT(methods));
	set_text(builder, target, "uri");
	if (is_http)
		json_set_c_string(integration, "connectionType", "INTERNET");
	set_enumerated(
		builder, integration, builder->extension, "connectionType", connections, ARRAY_COUNT(connections));
	set_text(builder, builder->extension, "connectionId");
	set_text(builder, builder->extension, "integrationTarget");
	set_text(builder, builder->extension, "credentials");
	set_map(builder, integration, builder->extension, "requestParameters");
	set_map(builder, integration, builder->extension, "requestTemplates");
	json_set_c_string(integration, "passthroughBehavior", "WHEN_NO_MATCH");
	set_enumerated(builder, integration, builder->extension, "passthroughBehavior", passthroughs,
		ARRAY_COUNT(passthroughs));
	set_content_handling(builder, integration, builder->extension);
	set_timeout(builder);
	set_cache(builder, resource);
	set_enumerated(
		builder, integration, builder->extension, "responseTransferMode", transfers, ARRAY_COUNT(transfers));
	if (json_is_bool(json_find(tls, "insecureSkipVerification")))
		json_set_bool(json_ensure_object(integration, "tlsConfig"), "insecureSkipVerification",
			json_find_bool(tls, "insecureSkipVerification", false));
	set_responses(builder);
}

/* Of a wrong type as much is repeated in the error as tells it apart. */
#define TYPE_SHOWN_MAX_BYTES 64

struct json *openapi_integration(
	struct openapi_work *work, const struct json *resource, struct view verb, const struct json *extension)
{
	static const char *const types[] = { "HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK" };
	const struct json *resolved = openapi_resolve(work, extension);
	struct builder builder = {
		.work = work, .path = json_find_text(resource, "path"), .verb = verb, .extension = resolved
	};
	const char *type = one_of(json_find_text(resolved, "type"), types, ARRAY_COUNT(types));
	size_t errors = work->error_count;

	if (!resolved)
		return NULL;
	if (!type) {
		const struct json *given = json_find(resolved, "type");

		refuse(&builder, given ? given : resolved,
			"its type must be http, http_proxy, aws, aws_proxy or mock, not '" VIEW_FMT "'",
			VIEW_ARG(view_part(json_text(given), 0, TYPE_SHOWN_MAX_BYTES)));
		return NULL;
	}
	builder.integration = json_object_new();
	json_set_c_string(builder.integration, "type", type);
	set_members(&builder, resource, type);
	check_uri(&builder, type);
	check_content_types(&builder);
	if (work->error_count == errors)
		check_builds(&builder, type);
	return builder.integration;
}
