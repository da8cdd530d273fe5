/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two query dialects: EC2's, and that of the older services (IAM, STS, ELB). Requests are forms, answers are XML. */
#include "appliance/control/dialect.h"

#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/xml.h"
#include "appliance/wire/uri.h"

/* Parameters of one request: far more than any operation has members and items. */
enum { PARAMETERS_MAX = 4096, LIST_ITEMS_MAX = 1000, NAME_BYTES = 512 };

struct parameters {
	struct call_field *items;
	size_t count;
	const char *item_name; /* what stands before the number of a list's item: "" or "member." */
};

static int add_parameters(struct call *call, struct parameters *parameters, struct view form)
{
	struct uri_query walk = { .rest = form };
	struct view name, value;

	while (uri_query_next(&walk, &name, &value, NULL)) {
		char *name_room = arena_alloc(&call->arena, name.count + 1),
		     *value_room = arena_alloc(&call->arena, value.count + 1);
		struct call_field *item = &parameters->items[parameters->count];

		ASSERT(name_room && value_room);
		if (parameters->count == PARAMETERS_MAX)
			return call_fail(call, "InvalidRequest", "The request has too many parameters");
		item->name = view_from(name_room, (size_t)uri_decode(name_room, name, true, true));
		item->value = view_from(value_room, (size_t)uri_decode(value_room, value, true, true));
		if (!view_is_utf8(item->value))
			return call_fail(call, "InvalidParameterValue", "The value of a parameter is not UTF-8");
		parameters->count++;
	}
	return 0;
}

static const struct call_field *find_parameter(const struct parameters *parameters, const char *name)
{
	for (size_t i = 0; i < parameters->count; i++)
		if (view_equals_text(parameters->items[i].name, name))
			return &parameters->items[i];
	return NULL;
}

/* Is there a parameter that is `prefix` or lies below it? */
static bool has_parameter(const struct parameters *parameters, const char *prefix)
{
	struct view start = view_from_text(prefix);

	for (size_t i = 0; i < parameters->count; i++) {
		struct view name = parameters->items[i].name;

		if (view_starts_with(name, start) && (name.count == start.count || name.at[start.count] == '.'))
			return true;
	}
	return false;
}

static struct json *read_struct(const struct parameters *parameters, const struct shape *shape, const char *prefix);

static struct json *read_list(const struct parameters *parameters, const struct shape *of, const char *name)
{
	struct json *list = json_array_new();

	for (unsigned index = 1; index <= LIST_ITEMS_MAX; index++) {
		char item_name[NAME_BYTES];
		const struct call_field *item;

		snprintf(item_name, sizeof item_name, "%s.%s%u", name, parameters->item_name, index);
		if (!has_parameter(parameters, item_name))
			break;
		item = find_parameter(parameters, item_name);
		if (of && of->type == SHAPE_STRUCT)
			json_append(list, read_struct(parameters, of, item_name));
		else if (item)
			json_append(list, dialect_scalar(of ? of->type : SHAPE_TEXT, item->value));
	}
	return list;
}

static struct json *read_struct(const struct parameters *parameters, const struct shape *shape, const char *prefix)
{
	struct json *value = json_object_new();

	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const struct call_field *item;
		char name[NAME_BYTES - 8];

		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", member->name);
		if (!has_parameter(parameters, name))
			continue;
		item = find_parameter(parameters, name);
		if (member->type == SHAPE_LIST)
			json_set(value, member->name, read_list(parameters, member->of, name));
		else if (member->type == SHAPE_STRUCT)
			json_set(value, member->name, read_struct(parameters, member->of, name));
		else if (item)
			json_set(value, member->name, dialect_scalar(member->type, item->value));
	}
	return value;
}

static int query_decode(struct call *call)
{
	struct parameters parameters = {
		.items = ARENA_NEW_ARRAY(&call->arena, struct call_field, PARAMETERS_MAX),
		.item_name = call->service->dialect == &dialect_aws_query ? "member." : "",
	};
	const struct call_field *action;
	int error;

	ASSERT(parameters.items);
	error = add_parameters(call, &parameters, call->request.query);
	if (error == 0)
		error = add_parameters(call, &parameters, call->request.body);
	if (error < 0)
		return error;
	action = find_parameter(&parameters, "Action");
	if (!action)
		return call_fail(call, "MissingAction", "The request must contain the parameter Action");
	call->operation = operation_find(call->service->id, action->value);
	if (!call->operation)
		return call_fail(call, "InvalidAction", "The action " VIEW_FMT " is not valid for this web service.",
			VIEW_ARG(action->value));
	json_free(call->input);
	call->input = read_struct(&parameters, call->operation->shape, "");
	return 0;
}

static bool is_wrong_type(const struct shape_member *member, const struct json *value)
{
	return (member->type == SHAPE_BOOL || member->type == SHAPE_INTEGER) && json_is_text(value);
}

static int query_check(struct call *call)
{
	const struct shape *shape = call->operation->shape;
	const struct shape_member *missing = shape_missing(shape, call->input);

	if (missing)
		return call_fail(call, "MissingParameter", "The request must contain the parameter %s", missing->name);
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct json *value = json_find(call->input, shape->members[i].name);

		if (is_wrong_type(&shape->members[i], value))
			return call_fail(call, "InvalidParameterValue",
				"Value (" VIEW_FMT ") for parameter %s is invalid.", VIEW_ARG(json_text(value)),
				shape->members[i].name);
	}
	/* What changes something judges more of its input first. */
	if (call->operation->access == OPERATION_READ && json_find_bool(call->input, "DryRun", false))
		return call_fail(call, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
	return 0;
}

static const char *ec2_item_name(const char *list)
{
	(void)list;
	return "item";
}

static const char *query_item_name(const char *list)
{
	(void)list;
	return "member";
}

#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void ec2_encode(struct call *call, struct buffer *body)
{
	buffer_printf(body,
		XML_DECLARATION "<%sResponse xmlns=\"http://ec2.amazonaws.com/doc/%s/\"><requestId>%s</requestId>",
		call->operation->name, call->service->version, call->request_id);
	xml_write_members(body, call->output, ec2_item_name);
	buffer_printf(body, "</%sResponse>", call->operation->name);
}

static void prepend(struct call *call, const char *sentence)
{
	const char *rest = call_text(call, "%s", call->error_message);

	snprintf(call->error_message, sizeof call->error_message, "%s%s", sentence, rest);
}

/* EC2 has names of its own for what goes wrong before an operation is reached. */
static void ec2_rename(struct call *call)
{
	static const struct {
		const char *code, *ec2_code, *ec2_message;
	} names[] = {
		{ "MissingAuthenticationTokenException", "AuthFailure",
			"AWS was not able to validate the provided access credentials" },
		{ "UnrecognizedClientException", "AuthFailure",
			"AWS was not able to validate the provided access credentials" },
		{ "IncompleteSignatureException", "AuthFailure",
			"AWS was not able to validate the provided access credentials" },
		{ "InvalidSignatureException", "AuthFailure",
			"AWS was not able to validate the provided access credentials" },
		{ "AccessDeniedException", "UnauthorizedOperation", NULL },
		{ "InternalFailure", "InternalError", NULL },
		{ "ServiceUnavailableException", "Unavailable", NULL },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(names[i].code, call->error_code) != 0)
			continue;
		if (call->status < 500)
			call->status = call_status_of(names[i].ec2_code);
		call->error_code = names[i].ec2_code;
		if (strcmp(names[i].ec2_code, "UnauthorizedOperation") == 0)
			prepend(call, "You are not authorized to perform this operation. ");
		if (names[i].ec2_message)
			snprintf(call->error_message, sizeof call->error_message, "%s", names[i].ec2_message);
		return;
	}
}

static void ec2_encode_failure(struct call *call, struct buffer *body)
{
	ec2_rename(call);
	buffer_printf(body, XML_DECLARATION "<Response><Errors><Error><Code>%s</Code><Message>", call->error_code);
	xml_write_text(body, view_from_text(call->error_message));
	buffer_printf(body, "</Message></Error></Errors><RequestID>%s</RequestID></Response>", call->request_id);
}

const struct dialect dialect_ec2_query = {
	.name = "ec2_query",
	.content_type = "text/xml;charset=UTF-8",
	.decode = query_decode,
	.check = query_check,
	.encode = ec2_encode,
	.encode_failure = ec2_encode_failure,
	.error_field = NULL,
	.bad_input_code = "InvalidParameterValue",
};

static int aws_query_check(struct call *call)
{
	const struct shape *shape = call->operation->shape;
	const struct shape_member *wrong = shape_missing(shape, call->input);
	const char *constraint = "Member must not be null";

	for (size_t i = 0; !wrong && i < shape->member_count; i++)
		if (is_wrong_type(&shape->members[i], json_find(call->input, shape->members[i].name))) {
			wrong = &shape->members[i];
			constraint = wrong->type == SHAPE_BOOL ? "Member must be a boolean" : "Member must be a number";
		}
	if (!wrong)
		return 0;
	return call_fail(call, "ValidationError",
		"1 validation error detected: Value at '%c%s' failed to satisfy constraint: %s",
		view_lower_byte(wrong->name[0]), wrong->name + 1, constraint);
}

/* "<XResponse xmlns=…>", whose namespace names the service. */
static void open_answer(struct call *call, struct buffer *body, const char *name)
{
	buffer_printf(body, XML_DECLARATION "<%s xmlns=\"https://%s.amazonaws.com/doc/%s/\">", name,
		call->service->name, call->service->version);
}

static void aws_query_encode(struct call *call, struct buffer *body)
{
	const char *name = call->operation->name;

	open_answer(call, body, call_text(call, "%sResponse", name));
	/* Every operation of this service has a result by its model, and clients look for it, be it empty. */
	if (json_count(call->output) || call->service->id == SERVICE_elasticloadbalancing) {
		buffer_printf(body, "<%sResult>", name);
		xml_write_members(body, call->output, query_item_name);
		buffer_printf(body, "</%sResult>", name);
	}
	buffer_printf(body, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>",
		call->request_id, name);
}

static void aws_query_encode_failure(struct call *call, struct buffer *body)
{
	dialect_rename_older(call);
	open_answer(call, body, "ErrorResponse");
	buffer_printf(body, "<Error><Type>%s</Type><Code>%s</Code><Message>",
		call->status >= 500 ? "Receiver" : "Sender", call->error_code);
	xml_write_text(body, view_from_text(call->error_message));
	buffer_printf(body, "</Message></Error><RequestId>%s</RequestId></ErrorResponse>", call->request_id);
}

const struct dialect dialect_aws_query = {
	.name = "aws_query",
	.content_type = "text/xml",
	.decode = query_decode,
	.check = aws_query_check,
	.encode = aws_query_encode,
	.encode_failure = aws_query_encode_failure,
	.error_field = NULL,
	.bad_input_code = "InvalidParameterValue",
};
