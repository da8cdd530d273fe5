/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/wire/uri.h"

struct json *dialect_scalar(enum shape_type type, struct view text)
{
	int64_t number;

	switch (type) {
	case SHAPE_BOOL:
		/* API Gateway's clients write True, TRUE and true. */
		if (view_equals_ignore_case(text, view_of("true")))
			return json_bool_new(true);
		if (view_equals_ignore_case(text, view_of("false")))
			return json_bool_new(false);
		break;
	case SHAPE_INTEGER:
		if (view_parse_i64(text, INT64_MIN, INT64_MAX, &number) == 0)
			return json_integer_new(number);
		break;
	default:
		break;
	}
	return json_text_new(text);
}

/* Decode one part of a query or form; the result lives as long as the call. */
static struct view decoded(struct call *call, struct view part)
{
	char *room = arena_alloc(&call->arena, part.count + 1);
	long count;

	ASSERT(room);
	count = uri_decode(room, part, true, true);
	return view_from(room, (size_t)count);
}

static const struct shape_member *any_member(const struct shape *shape)
{
	for (size_t i = 0; i < shape->member_count; i++)
		if (shape->members[i].place == SHAPE_QUERY_ANY)
			return &shape->members[i];
	return NULL;
}

int dialect_read_query(struct call *call)
{
	const struct shape *shape = call->operation->shape;
	const struct shape_member *any = any_member(shape);
	struct uri_query walk = { .rest = call->request.query };
	struct view raw_name, raw_value;

	while (uri_query_next(&walk, &raw_name, &raw_value, NULL)) {
		struct view name = decoded(call, raw_name), value = decoded(call, raw_value);
		const struct shape_member *member = shape_find_wire(shape, SHAPE_QUERY, name);

		if (!view_is_utf8(name) || !view_is_utf8(value))
			return call_fail(call, "BadRequestException", "The query is not UTF-8");
		if (member && member->type == SHAPE_LIST)
			json_append_text(json_ensure_array(call->input, member->name), value);
		else if (member)
			json_set(call->input, member->name, dialect_scalar(member->type, value));
		else if (any)
			json_set_view(json_ensure_object(call->input, any->name), name, json_text_new(value));
	}
	return 0;
}

static bool is_plain(struct view text)
{
	return (text.count == 0 || !memchr(text.at, '\0', text.count)) && view_is_utf8(text);
}

/* The first child or grandchild whose name or text is not plain, or NULL. The parsers bound the depth. */
static const struct json *find_odd(const struct json *value)
{
	JSON_EACH(child, value)
	{
		const struct json *odd = find_odd(child);

		if (odd)
			return odd;
		if (!is_plain(json_name(child)) || (json_is_text(child) && !is_plain(json_text(child))))
			return child;
	}
	return NULL;
}

int dialect_check_texts(struct call *call)
{
	const struct json *odd = find_odd(call->input);
	struct view name = json_name(odd);

	if (!odd)
		return 0;
	if (name.count == 0 || !is_plain(name))
		name = view_of("a member");
	return call_fail(call, call->service->dialect->bad_input_code,
		VIEW_FMT " holds a NUL character or bytes that are not UTF-8", VIEW_ARG(name));
}

const struct service *dialect_guess(const struct call_request *request)
{
	const struct call call = { .request = *request };
	struct view type = call_field(&call, "Content-Type");

	struct view target = call_field(&call, "X-Amz-Target");

	if (view_starts_with(target, view_of("Logs_")))
		return &services[SERVICE_logs];
	if (view_starts_with(target, view_of("ResourceGroupsTagging")))
		return &services[SERVICE_tagging];
	if (target.count)
		return &services[SERVICE_acm];
	if (view_starts_with(request->path, view_of("/2013-04-01/")))
		return &services[SERVICE_route53];
	if (view_starts_with_ignore_case(type, view_of("application/x-www-form-urlencoded")))
		return &services[SERVICE_ec2];
	return &services[SERVICE_apigateway];
}

void dialect_rename_older(struct call *call)
{
	static const struct {
		const char *code, *older;
	} names[] = {
		{ "MissingAuthenticationTokenException", "MissingAuthenticationToken" },
		{ "UnrecognizedClientException", "InvalidClientTokenId" },
		{ "IncompleteSignatureException", "IncompleteSignature" },
		{ "InvalidSignatureException", "SignatureDoesNotMatch" },
		{ "AccessDeniedException", "AccessDenied" },
		{ "ServiceUnavailableException", "ServiceUnavailable" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(names[i].code, call->error_code) == 0) {
			call->error_code = names[i].older;
			return;
		}
}
