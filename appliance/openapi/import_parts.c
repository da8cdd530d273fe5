/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Request validators and gateway responses of an OpenAPI document. */
#include "appliance/openapi/import_work.h"

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_parameter.h"

/* --- Request validators --------------------------------------------------------------------------------------------- */

static void read_validators(struct openapi_work *work)
{
	const struct json *all = json_find(work->document, "x-amazon-apigateway-request-validators");

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *wanted = json_at(all, i);
		struct json *validator;

		if (!json_is_object(wanted) || json_name(wanted).count == 0 || i >= OPENAPI_ENTRIES_MAX_COUNT) {
			openapi_error(work, wanted, "a request validator must be an object with a name, and one of %d",
				OPENAPI_ENTRIES_MAX_COUNT);
			return;
		}
		validator = json_object_new();
		json_set_text(validator, "name", json_name(wanted));
		json_set_bool(validator, "validateRequestBody", json_find_bool(wanted, "validateRequestBody", false));
		json_set_bool(validator, "validateRequestParameters",
			json_find_bool(wanted, "validateRequestParameters", false));
		openapi_put(work, OPENAPI_VALIDATORS, json_name(wanted), validator);
	}
}

/* --- Gateway responses ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *type;
	int status;
} response_types[] = {
#define GATEWAY_RESPONSE(type, status, parent, blank, key, message, error_type) { #type, status },
#include "appliance/model/gateway_responses.def"
#undef GATEWAY_RESPONSE
};

static void check_parameters(struct openapi_work *work, const struct json *parameters)
{
	for (size_t i = 0; i < json_count(parameters); i++) {
		const struct json *entry = json_at(parameters, i);
		struct mapping_parameter compiled;
		const char *rule;

		if (json_is_text(entry) && mapping_parameter_compile(&compiled, MAPPING_GATEWAY_RESPONSE,
						   json_name(entry), json_text(entry), &rule) < 0)
			openapi_error(work, entry, "Invalid gateway response parameter '" VIEW_FMT "': %s",
				VIEW_ARG(json_name(entry)), rule);
	}
}

static void put_gateway_response(struct openapi_work *work, const struct json *wanted, const char *type, int status)
{
	const struct json *parameters = json_find(wanted, "responseParameters"),
			  *templates = json_find(wanted, "responseTemplates");
	struct view asked = openapi_scalar(work, json_find(wanted, "statusCode")), name = json_name(wanted);
	struct json *response = json_object_new(), *texts;
	uint64_t number;

	json_set_c_string(response, "responseType", type);
	if (asked.at && (view_parse_u64(asked, 599, &number) < 0 || number < 100))
		openapi_error(work, json_find(wanted, "statusCode"),
			"a gateway response's statusCode must be from 100 to 599");
	if (asked.at)
		json_set_text(response, "statusCode", asked);
	else if (status)
		json_set(response, "statusCode", json_text_new_printf("%d", status));
	check_parameters(work, parameters);
	json_set(response, "responseParameters",
		openapi_text_map(work, parameters, "responseParameters", name, view_of("")));
	texts = openapi_text_map(work, templates, "responseTemplates", name, view_of(""));
	if (!templates)
		json_set_c_string(texts, "application/json", "{\"message\":$context.error.messageString}");
	json_set(response, "responseTemplates", texts);
	json_set_bool(response, "defaultResponse", false);
	openapi_put(work, OPENAPI_GATEWAY_RESPONSES, json_find_text(response, "responseType"), response);
}

static void read_gateway_responses(struct openapi_work *work)
{
	const struct json *all = json_find(work->document, "x-amazon-apigateway-gateway-responses");

	for (size_t i = 0; i < json_count(all); i++) {
		const struct json *wanted = json_at(all, i);
		size_t row = 0;

		while (row < ARRAY_COUNT(response_types) &&
			!view_equals_text(json_name(wanted), response_types[row].type))
			row++;
		if (row == ARRAY_COUNT(response_types))
			openapi_error(work, wanted, "Invalid gateway response type '" VIEW_FMT "'",
				VIEW_ARG(json_name(wanted)));
		else
			put_gateway_response(work, wanted, response_types[row].type, response_types[row].status);
	}
}

void openapi_read_parts(struct openapi_work *work)
{
	read_validators(work);
	read_gateway_responses(work);
}
