/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Integration and IntegrationResponse. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/method_parts.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/check.h"

/* Source: API Gateway API Reference, PutIntegration, timeoutInMillis; the default and its lower bound. The upper one is a setting. */
enum { TIMEOUT_DEFAULT_MS = 29000, TIMEOUT_MIN_MS = 50 };

static int64_t timeout_max_ms(const struct call *call)
{
	return call->control->settings.integration_timeout_max_ms;
}

static int64_t timeout_default_ms(const struct call *call)
{
	return timeout_max_ms(call) < TIMEOUT_DEFAULT_MS ? timeout_max_ms(call) : TIMEOUT_DEFAULT_MS;
}

static int fail_timeout(struct call *call)
{
	return call_fail(call, "BadRequestException", "Timeout should be between %d ms and %" PRId64 " ms",
		TIMEOUT_MIN_MS, timeout_max_ms(call));
}

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
	const char *uri = json_find_c_string(integration, "uri");

	if (is_type(integration, "MOCK"))
		return 0;
	if (!json_find_c_string(integration, "httpMethod"))
		return call_fail(call, "BadRequestException", "Enumeration value for HttpMethod must be non-empty");
	if (part_check_verb(call, json_find_text(integration, "httpMethod")) < 0)
		return CALL_FAILED;
	if (is_aws(integration))
		return check_aws_uri(call, integration, uri ? uri : "");
	if (!uri || (strncasecmp(uri, "http://", 7) != 0 && strncasecmp(uri, "https://", 8) != 0))
		return call_fail(call, "BadRequestException", "Invalid HTTP endpoint specified for URI");
	return 0;
}

static int check_connection(struct call *call, const struct json *integration)
{
	const char *behavior = json_find_c_string(integration, "passthroughBehavior");

	if (behavior && strcmp(behavior, "WHEN_NO_MATCH") != 0 && strcmp(behavior, "WHEN_NO_TEMPLATES") != 0 &&
		strcmp(behavior, "NEVER") != 0)
		return call_fail(call, "BadRequestException",
			"Invalid passthrough behavior specified. Valid options are "
			"WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER");
	if (view_equals_text(json_find_text(integration, "connectionType"), "VPC_LINK") &&
		json_find_text(integration, "connectionId").count == 0)
		return call_fail(call, "BadRequestException", "Connection type VPC_LINK requires a connection ID");
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
	int64_t timeout_ms = json_find_integer(integration, "timeoutInMillis", timeout_default_ms(call));
	int error = check_uri(call, integration);

	if (error == 0)
		error = part_check_templates(call, json_find(integration, "requestTemplates"));
	if (error == 0)
		error = part_check_mappings(
			call, MAPPING_INTEGRATION_REQUEST, json_find(integration, "requestParameters"));
	if (error == 0)
		error = check_connection(call, integration);
	if (error == 0 && (timeout_ms < TIMEOUT_MIN_MS || timeout_ms > timeout_max_ms(call)))
		return fail_timeout(call);
	return error < 0 ? error : check_builds(call, integration);
}

int op_put_integration(struct call *call)
{
	struct json JSON_CLEANUP *resource = NULL;
	struct json *method, *integration;
	int error = resource_method_find(call, &resource, &method);

	if (error < 0)
		return error;
	integration = json_object_new();
	/* A second PutIntegration replaces the first, its responses included. */
	json_set(method, "methodIntegration", integration);
	call_take(call, integration, "type", NULL);
	if (call_input_has(call, "integrationHttpMethod"))
		json_set_c_string(integration, "httpMethod", call_input(call, "integrationHttpMethod"));
	if (is_type(integration, "HTTP") || is_type(integration, "HTTP_PROXY"))
		json_set_c_string(integration, "connectionType", "INTERNET");
	json_set_c_string(integration, "passthroughBehavior", "WHEN_NO_MATCH");
	json_set_integer(integration, "timeoutInMillis", timeout_default_ms(call));
	json_set_c_string(integration, "cacheNamespace", call_input(call, "resourceId"));
	json_set(integration, "cacheKeyParameters", json_array_new());
	call_take(call, integration, "uri", "connectionType", "connectionId", "credentials", "requestParameters",
		"requestTemplates", "passthroughBehavior", "contentHandling", "timeoutInMillis", "cacheNamespace",
		"cacheKeyParameters", "tlsConfig", "responseTransferMode", "integrationTarget", NULL);
	return part_keep(call, resource, integration, check_whole);
}

int op_get_integration(struct call *call)
{
	return part_get(call, integration_find);
}

int op_delete_integration(struct call *call)
{
	return part_delete(call, integration_find);
}

static int patch_timeout(struct call *call, const struct patch *patch, struct json *integration)
{
	int64_t timeout_ms;

	if (!patch->value ||
		view_parse_i64(view_from_text(patch->value), TIMEOUT_MIN_MS, timeout_max_ms(call), &timeout_ms) < 0)
		return fail_timeout(call);
	json_set_integer(integration, "timeoutInMillis", timeout_ms);
	return 0;
}

static int patch_content_handling(struct call *call, const struct patch *patch, struct json *target)
{
	if (patch->value && *patch->value &&
		patch_check_enumeration(call, patch, "content handling", SHAPE_CONTENT_HANDLINGS) < 0)
		return CALL_FAILED;
	return patch_set_or_unset(call, patch, target);
}

static int patch_connection_type(struct call *call, const struct patch *patch, struct json *integration)
{
	if (patch_check_enumeration(call, patch, "connection type", SHAPE_CONNECTION_TYPES) < 0)
		return CALL_FAILED;
	return patch_set_text(call, patch, integration);
}

static int patch_transfer_mode(struct call *call, const struct patch *patch, struct json *integration)
{
	if (patch_check_enumeration(call, patch, "response transfer mode", SHAPE_TRANSFER_MODES) < 0)
		return CALL_FAILED;
	return patch_set_text(call, patch, integration);
}

/* A mock has no back end to speak to. */
static int patch_back_end(struct call *call, const struct patch *patch, struct json *integration)
{
	return is_type(integration, "MOCK") ? patch_invalid_path(call, patch)
					    : patch_set_text(call, patch, integration);
}

static int patch_cache_key(struct call *call, const struct patch *patch, struct json *integration)
{
	struct json *keys = json_ensure_array(integration, "cacheKeyParameters");
	long index = patch_list_index(keys, patch->parts[1]);

	(void)call;
	if (patch->op != PATCH_REPLACE) {
		patch_list(keys, patch, patch->parts[1]);
		return 0;
	}
	if (index >= 0)
		(void)json_remove_at(keys, (size_t)index);
	json_append_text(keys, view_from_text(patch->value && *patch->value ? patch->value : patch->parts[1]));
	return 0;
}

static int patch_integration(struct call *call, const struct patch *patch, struct json *integration)
{
	static const struct patch_row rows[] = {
		{ "/cacheKeyParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_cache_key },
		{ "/requestParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_entry },
		{ "/requestTemplates/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_entry },
		{ "/cacheNamespace", PATCH_ON_REPLACE, patch_set_text },
		{ "/connectionId", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/connectionType", PATCH_ON_REPLACE, patch_connection_type },
		{ "/contentHandling", PATCH_ON_REPLACE, patch_content_handling },
		/* The page lacks it; AWS takes it, and Terraform sends it. */
		{ "/credentials", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/httpMethod", PATCH_ON_REPLACE, patch_back_end },
		{ "/integrationTarget", PATCH_ON_REPLACE, patch_set_or_unset },
		{ "/passthroughBehavior", PATCH_ON_REPLACE, patch_set_text },
		{ "/responseTransferMode", PATCH_ON_REPLACE, patch_transfer_mode },
		{ "/timeoutInMillis", PATCH_ON_REPLACE, patch_timeout },
		{ "/tlsConfig/insecureSkipVerification", PATCH_ON_REPLACE, patch_set_bool },
		{ "/uri", PATCH_ON_REPLACE, patch_back_end },
	};

	return patch_by_rows(call, patch, integration, rows, ARRAY_COUNT(rows));
}

int op_update_integration(struct call *call)
{
	return part_update(call, integration_find, patch_integration, check_whole);
}

/* --- IntegrationResponse --------------------------------------------------------------------------------------------------- */

static int response_find(struct call *call, struct json **ret_resource, struct json **ret_response)
{
	struct json *integration;
	int error = integration_find(call, ret_resource, &integration);

	if (error < 0)
		return error;
	return part_response(call, json_find(integration, "integrationResponses"), ret_response);
}

/* A header can be mapped if the method declares it for that status. */
static int check_mapped(struct call *call, const struct json *integration, const struct json *response)
{
	const struct json *declared = json_find_path(json_parent(integration), "methodResponses",
		json_find_c_string(response, "statusCode"), "responseParameters", NULL);
	struct table names = { 0 };
	int error = 0;

	JSON_EACH(parameter, declared)
	ASSERT(table_set(&names, json_name(parameter), parameter, NULL) == 0);
	JSON_EACH(parameter, json_find(response, "responseParameters"))
	if (error == 0 && !table_find(&names, json_name(parameter)))
		error = part_fail_parameter(call, json_name(parameter));
	table_fini(&names);
	return error;
}

static int check_response(struct call *call, const struct json *response)
{
	const struct json *integration = json_parent(json_parent(response));
	int error = part_check_templates(call, json_find(response, "responseTemplates"));

	if (error == 0)
		error = check_mapped(call, integration, response);
	if (error == 0)
		error = part_check_mappings(call, MAPPING_METHOD_RESPONSE, json_find(response, "responseParameters"));
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
	return part_keep(call, resource, response, check_response);
}

int op_get_integration_response(struct call *call)
{
	return part_get(call, response_find);
}

int op_delete_integration_response(struct call *call)
{
	return part_delete(call, response_find);
}

static int patch_response_entry(struct call *call, const struct patch *patch, struct json *response)
{
	if (patch->op == PATCH_REMOVE && !json_find(json_find(response, patch->parts[0]), patch->parts[1]))
		return call_fail(call, "NotFoundException", "Invalid parameter name specified");
	return patch_set_entry(call, patch, response);
}

static int patch_integration_response(struct call *call, const struct patch *patch, struct json *response)
{
	static const struct patch_row rows[] = {
		{ "/contentHandling", PATCH_ON_REPLACE, patch_content_handling },
		{ "/selectionPattern", PATCH_ON_REPLACE, patch_set_text },
		{ "/responseParameters/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_response_entry },
		{ "/responseTemplates/*", PATCH_ON_ADD_REMOVE_REPLACE, patch_response_entry },
	};

	return patch_by_rows(call, patch, response, rows, ARRAY_COUNT(rows));
}

int op_update_integration_response(struct call *call)
{
	return part_update(call, response_find, patch_integration_response, check_response);
}
