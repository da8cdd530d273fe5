/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Integration and IntegrationResponse. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/model/check.h"

/* Source: API Gateway API Reference, PutIntegration, timeoutInMillis; the default and its lower bound. */
enum { TIMEOUT_DEFAULT_MS = 29000, TIMEOUT_MIN_MS = 50, TIMEOUT_MAX_MS = 29000 };

static bool is_type(const struct json *integration, const char *type)
{
	return view_equals_text(json_find_text(integration, "type"), type);
}

static bool is_aws(const struct json *integration)
{
	return is_type(integration, "AWS") || is_type(integration, "AWS_PROXY");
}

static int check_aws_uri(struct call *call, const struct json *integration, const char *uri)
{
	static const char lambda[] = ":lambda:path/", firehose[] = ":firehose:";

	if (strncmp(uri, "arn:", 4) != 0)
		return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
	if (!strstr(uri, ":path/") && !strstr(uri, ":action/"))
		return call_fail(call, "BadRequestException", "AWS ARN for integration must contain path or action");
	if (is_type(integration, "AWS_PROXY") && !strstr(uri, lambda) && !strstr(uri, firehose))
		return call_fail(call, "BadRequestException",
			"Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream "
			"invocations.");
	return 0;
}

static int check_uri(struct call *call, const struct json *integration)
{
	static const char *const verbs[] = { "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY" };
	const char *uri = json_find_c_string(integration, "uri");
	bool known = false;

	if (is_type(integration, "MOCK"))
		return 0;
	if (!json_find_c_string(integration, "httpMethod"))
		return call_fail(call, "BadRequestException", "Enumeration value for HttpMethod must be non-empty");
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
		known = known || view_equals_text(json_find_text(integration, "httpMethod"), verbs[i]);
	if (!known)
		return call_fail(call, "BadRequestException",
			"Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY");
	if (is_aws(integration))
		return check_aws_uri(call, integration, uri ? uri : "");
	if (!uri || (strncasecmp(uri, "http://", 7) != 0 && strncasecmp(uri, "https://", 8) != 0))
		return call_fail(call, "BadRequestException", "Invalid HTTP endpoint specified for URI");
	return 0;
}

static int check_content_types(struct call *call, const struct json *templates)
{
	JSON_EACH(template, templates)
	{
		struct view name = json_name(template);

		if (view_find_byte(name, '/') == VIEW_NOWHERE && !view_equals_text(name, "$default"))
			return call_fail(call, "BadRequestException",
				"Validation Result: warnings : [], errors : [Invalid content type specified: " VIEW_FMT
				"]",
				VIEW_ARG(name));
	}
	return 0;
}

/* Does the gateway understand it? What it can't serve yet is refused here, but for AWS integrations, which are kept. */
static int check_builds(struct call *call, const struct json *integration)
{
	char message[CHECK_MESSAGE_MAX_BYTES] = "";
	char *text;
	int error;

	if (is_aws(integration))
		return 0;
	text = json_print_text(integration);
	error = check_integration(view_from_text(text), message);
	free(text);
	if (error == -EINVAL || error == -ENOTSUP)
		return call_fail(call, "BadRequestException", "%s", message);
	return error;
}

static int check_whole(struct call *call, const struct json *integration)
{
	int64_t timeout_ms = json_find_integer(integration, "timeoutInMillis", TIMEOUT_DEFAULT_MS);
	int error = check_uri(call, integration);

	if (error == 0)
		error = check_content_types(call, json_find(integration, "requestTemplates"));
	if (error == 0 && (timeout_ms < TIMEOUT_MIN_MS || timeout_ms > TIMEOUT_MAX_MS))
		return call_fail(call, "BadRequestException", "Timeout should be between 50 ms and 29000 ms");
	return error < 0 ? error : check_builds(call, integration);
}

int op_put_integration(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method, *integration;
	int error = method_find(call, &resource, &method);

	if (error < 0)
		return error;
	integration = json_object_new();
	/* A second PutIntegration replaces the first, its responses included. */
	json_set(method, "methodIntegration", integration);
	call_take(call, integration, "type", NULL);
	if (call_input_has(call, "integrationHttpMethod"))
		json_set_c_string(integration, "httpMethod", call_input(call, "integrationHttpMethod"));
	json_set_c_string(integration, "passthroughBehavior", "WHEN_NO_MATCH");
	json_set_integer(integration, "timeoutInMillis", TIMEOUT_DEFAULT_MS);
	json_set_c_string(integration, "cacheNamespace", call_input(call, "resourceId"));
	json_set(integration, "cacheKeyParameters", json_array_new());
	call_take(call, integration, "uri", "connectionType", "connectionId", "credentials", "requestParameters",
		"requestTemplates", "passthroughBehavior", "contentHandling", "timeoutInMillis", "cacheNamespace",
		"cacheKeyParameters", "tlsConfig", "responseTransferMode", "integrationTarget", NULL);
	error = check_whole(call, integration);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, integration);
	return 0;
}

int op_get_integration(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *integration;
	int error = integration_find(call, &resource, &integration);

	if (error == 0)
		call_answer(call, integration);
	return error;
}

int op_delete_integration(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *integration;
	int error = integration_find(call, &resource, &integration);

	if (error < 0)
		return error;
	(void)json_remove(json_parent(integration), "methodIntegration");
	resource_put(call, resource);
	return 0;
}

static int patch_timeout(struct call *call, const struct patch *patch, struct json *integration)
{
	int64_t timeout_ms;

	if (!patch->value ||
		view_parse_i64(view_from_text(patch->value), TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, &timeout_ms) < 0)
		return call_fail(call, "BadRequestException", "Timeout should be between 50 ms and 29000 ms");
	json_set_integer(integration, "timeoutInMillis", timeout_ms);
	return 0;
}

static int patch_integration(struct call *call, const struct patch *patch, struct json *integration)
{
	static const char *const texts[] = { "cacheNamespace", "connectionId", "connectionType", "contentHandling",
		"httpMethod", "integrationTarget", "passthroughBehavior", "responseTransferMode", "uri",
		"credentials" };

	if (patch_is_entry(patch, "requestParameters") || patch_is_entry(patch, "requestTemplates")) {
		patch_map(json_ensure_object(integration, patch->parts[0]), patch);
		return 0;
	}
	if (patch_is_entry(patch, "cacheKeyParameters")) {
		patch_list(json_ensure_array(integration, "cacheKeyParameters"), patch, patch->parts[1]);
		return 0;
	}
	if (patch->part_count == 2 && strcmp(patch->parts[0], "tlsConfig") == 0 &&
		strcmp(patch->parts[1], "insecureSkipVerification") == 0) {
		patch_bool(json_ensure_object(integration, "tlsConfig"), "insecureSkipVerification", patch);
		return 0;
	}
	if (patch_is(patch, "timeoutInMillis"))
		return patch_only_replace(call, patch) < 0 ? CALL_FAILED : patch_timeout(call, patch, integration);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (!patch_is(patch, texts[i]))
			continue;
		if (patch_only_replace(call, patch) < 0)
			return CALL_FAILED;
		patch_text(integration, texts[i], patch);
		return 0;
	}
	return patch_invalid_path(call, patch);
}

int op_update_integration(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *integration;
	int error = integration_find(call, &resource, &integration);

	if (error == 0)
		error = patch_apply(call, integration, patch_integration);
	if (error == 0)
		error = check_whole(call, integration);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, integration);
	return 0;
}

/* --- IntegrationResponse --------------------------------------------------------------------------------------------------- */

static int response_find(struct call *call, struct json **ret_resource, struct json **ret_response)
{
	struct json *integration;
	int error = integration_find(call, ret_resource, &integration);

	if (error < 0)
		return error;
	*ret_response = json_find(json_find(integration, "integrationResponses"), call_input(call, "statusCode"));
	if (*ret_response)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Response status code specified");
}

/* A header can be mapped if the method declares it for that status. */
static int check_mapped(struct call *call, const struct json *integration, const struct json *response)
{
	const struct json *declared = json_find_path(json_parent(integration), "methodResponses",
		json_find_c_string(response, "statusCode"), "responseParameters", NULL);

	JSON_EACH(parameter, json_find(response, "responseParameters"))
	if (!json_find_view(declared, json_name(parameter)))
		return call_fail(call, "BadRequestException",
			"Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid "
			"mapping "
			"expression parameter specified: " VIEW_FMT "]",
			VIEW_ARG(json_name(parameter)));
	return 0;
}

static int check_response(struct call *call, const struct json *integration, const struct json *response)
{
	int error = check_content_types(call, json_find(response, "responseTemplates"));

	if (error == 0)
		error = check_mapped(call, integration, response);
	return error < 0 ? error : check_builds(call, integration);
}

int op_put_integration_response(struct call *call)
{
	const char *status = call_input(call, "statusCode");
	struct json JSON_CLEANUP *resource = NULL;
	struct json *integration, *response;
	int error = integration_find(call, &resource, &integration);

	if (error < 0)
		return error;
	response = json_object_new();
	json_set(json_ensure_object(integration, "integrationResponses"), status, response);
	json_set_c_string(response, "statusCode", status);
	call_take(
		call, response, "selectionPattern", "responseParameters", "responseTemplates", "contentHandling", NULL);
	error = check_response(call, integration, response);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, response);
	return 0;
}

int op_get_integration_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error == 0)
		call_answer(call, response);
	return error;
}

int op_delete_integration_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error < 0)
		return error;
	(void)json_remove(json_parent(response), call_input(call, "statusCode"));
	resource_put(call, resource);
	return 0;
}

static int patch_integration_response(struct call *call, const struct patch *patch, struct json *response)
{
	if (patch_is_entry(patch, "responseParameters") || patch_is_entry(patch, "responseTemplates")) {
		struct json *map = json_ensure_object(response, patch->parts[0]);

		if (patch->op == PATCH_REMOVE && !json_find(map, patch->parts[1]))
			return call_fail(call, "NotFoundException", "Invalid parameter name specified");
		patch_map(map, patch);
		return 0;
	}
	if (patch_is(patch, "contentHandling") || patch_is(patch, "selectionPattern")) {
		if (patch_only_replace(call, patch) < 0)
			return CALL_FAILED;
		patch_text(response, patch->parts[0], patch);
		return 0;
	}
	return patch_invalid_path(call, patch);
}

int op_update_integration_response(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *response;
	int error = response_find(call, &resource, &response);

	if (error == 0)
		error = patch_apply(call, response, patch_integration_response);
	if (error == 0)
		error = check_response(call, json_parent(json_parent(response)), response);
	if (error < 0)
		return error;
	resource_put(call, resource);
	call_answer(call, response);
	return 0;
}
