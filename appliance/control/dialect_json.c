/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two JSON dialects: REST-JSON (API Gateway, Postern) and JSON 1.1 (ACM). */
#include "appliance/control/dialect.h"

#include <string.h>

#include "appliance/control/apigateway/hal.h"

/* Move the members of a JSON body into the input, under the model's names. */
static int read_body(struct call *call, enum shape_place place)
{
	const struct shape *shape = call->operation->shape;
	struct json JSON_CLEANUP *body = NULL;
	struct json_error error;

	if (view_trim_set(call->request.body, " \t\r\n").count == 0)
		return 0;
	if (json_parse(call->request.body, NULL, &body, &error) < 0)
		return call_fail(call, "SerializationException", "%s at line %u, column %u", error.rule, error.line,
			error.column);
	if (!json_is_object(body))
		return call_fail(call, "SerializationException", "Start of structure or map found where not expected.");
	/* Members that the model does not know are ignored, as AWS does: from the end, since only those that stay have to move up. */
	for (size_t i = json_count(body); i-- > 0;)
		if (json_is_null(json_at(body, i)) || !shape_find_wire(shape, place, json_name(json_at(body, i))))
			(void)json_remove_at(body, i);
	while (json_count(body)) {
		struct json *value = json_take_at(body, 0);

		json_set(call->input, shape_find_wire(shape, place, json_name(value))->name, value);
	}
	return 0;
}

static const struct shape_member *payload_member(const struct shape *shape)
{
	for (size_t i = 0; i < shape->member_count; i++)
		if (shape->members[i].place == SHAPE_PAYLOAD)
			return &shape->members[i];
	return NULL;
}

static int rest_json_decode(struct call *call)
{
	const struct shape_member *payload;
	bool path_known;
	int error;

	call->operation = operation_route(call->service->id, call->request.method, call->request.path,
		call->request.query, call->input, &path_known);
	if (!call->operation)
		return call_fail(call, "UnknownOperationException", "%s",
			path_known ? "This path has no such method" : "Postern has no such operation");
	error = dialect_read_query(call);
	if (error < 0)
		return error;
	payload = payload_member(call->operation->shape);
	if (!payload)
		return read_body(call, SHAPE_BODY);
	/* A document of any type: the operation reads call->request.body; the input says only that there is one. */
	if (call->request.body.count)
		json_set_text(call->input, payload->name, view_of("(document)"));
	return 0;
}

static int check(struct call *call, enum shape_style style)
{
	struct buffer message;
	enum shape_failure failure;

	buffer_init(&message, CALL_MESSAGE_MAX_BYTES);
	failure = shape_check(call->operation->shape, call->input, call->operation->name, style, &message);
	if (failure != SHAPE_FITS)
		(void)call_fail(call, failure == SHAPE_WRONG_TYPE ? "SerializationException" : "ValidationException",
			VIEW_FMT, VIEW_ARG(buffer_view(&message)));
	buffer_fini(&message);
	if (failure != SHAPE_FITS)
		return CALL_FAILED;
	shape_settle(call->operation->shape, call->input);
	return 0;
}

static int rest_json_check(struct call *call)
{
	return check(call, SHAPE_STYLE_REST_JSON);
}

static void rest_json_encode(struct call *call, struct buffer *body)
{
	struct json JSON_CLEANUP *hal = NULL;

	/* DELETE and the tag operations answer with nothing, which clients do not parse. */
	if (call->operation->status == 202 || call->operation->status == 204)
		if (json_count(call->output) == 0)
			return;
	if (call->service->id == SERVICE_apigateway && hal_wanted(call_field(call, "Accept"))) {
		hal = hal_new(call->operation, call->input, call->request.path, call->output);
		call->raw_content_type = HAL_CONTENT_TYPE;
	}
	json_print(hal ? hal : call->output, body);
}

/* What is refused by a policy says so with a capital letter. */
static void set_message(struct json *answer, const struct call *call)
{
	json_set_c_string(answer, strcmp(call->error_code, "AccessDeniedException") == 0 ? "Message" : "message",
		call->error_message);
}

static void rest_json_encode_failure(struct call *call, struct buffer *body)
{
	struct json JSON_CLEANUP *answer = json_object_new();

	set_message(answer, call);
	json_print(answer, body);
}

const struct dialect dialect_rest_json = {
	.name = "rest_json",
	.content_type = "application/json",
	.decode = rest_json_decode,
	.check = rest_json_check,
	.encode = rest_json_encode,
	.encode_failure = rest_json_encode_failure,
	.error_field = "x-amzn-ErrorType",
	.bad_input_code = "ValidationException",
};

static int json11_decode(struct call *call)
{
	struct view target = call_field(call, "X-Amz-Target"), prefix, name;

	if (!view_cut(target, '.', &prefix, &name))
		name = target;
	call->operation = operation_find(call->service->id, name);
	if (!call->operation)
		return call_fail(
			call, "UnknownOperationException", "Postern has no operation " VIEW_FMT, VIEW_ARG(name));
	return read_body(call, SHAPE_BODY);
}

static int json11_check(struct call *call)
{
	return check(call, SHAPE_STYLE_JSON11);
}

static void json11_encode(struct call *call, struct buffer *body)
{
	if (json_count(call->output))
		json_print(call->output, body);
}

static void json11_encode_failure(struct call *call, struct buffer *body)
{
	struct json JSON_CLEANUP *answer = json_object_new();

	json_set_c_string(answer, "__type", call->error_code);
	set_message(answer, call);
	json_print(answer, body);
	/* Every client error has status 400 in this protocol. */
	if (call->status < 500)
		call->status = 400;
}

const struct dialect dialect_json11 = {
	.name = "json11",
	.content_type = "application/x-amz-json-1.1",
	.decode = json11_decode,
	.check = json11_check,
	.encode = json11_encode,
	.encode_failure = json11_encode_failure,
	.error_field = NULL,
	.bad_input_code = "ValidationException",
};
