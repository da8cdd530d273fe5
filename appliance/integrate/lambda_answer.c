/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/lambda_answer.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/crypto/base64.h"
#include "appliance/integrate/header_rules.h"

/* An answer without a status is 200. */
#define STATUS_DEFAULT 200
#define STATUS_MIN 200
#define STATUS_MAX 599

/* The members of an answer, each NULL if it is missing or null. */
struct members {
	const struct json_value *status, *headers, *multi_value_headers, *body, *is_base64, *cookies;
};

/* --- members ------------------------------------------------------------------------------------------------------------ */

static const struct json_value **member_of(struct members *members, struct view name, bool is_metadata)
{
	if (view_equals_text(name, "statusCode"))
		return &members->status;
	if (view_equals_text(name, "headers"))
		return &members->headers;
	if (view_equals_text(name, "multiValueHeaders"))
		return &members->multi_value_headers;
	if (is_metadata)
		return view_equals_text(name, "cookies") ? &members->cookies : NULL;
	if (view_equals_text(name, "body"))
		return &members->body;
	return view_equals_text(name, "isBase64Encoded") ? &members->is_base64 : NULL;
}

/* -EBADMSG if it is no object, or has a member that no answer has. */
static int find_members(const struct json_value *value, bool is_metadata, struct members *ret)
{
	*ret = (struct members){ 0 };
	if (!json_value_is_object(value))
		return -EBADMSG;
	for (size_t i = 0; i < json_value_count(value); i++) {
		const struct json_value **member = member_of(ret, json_value_name_at(value, i), is_metadata);

		if (!member)
			return -EBADMSG;
		if (json_value_kind(json_value_at(value, i)) != JSON_VALUE_NULL)
			*member = json_value_at(value, i);
	}
	return 0;
}

static int read_status(const struct json_value *value, int *ret)
{
	uint64_t number;

	*ret = STATUS_DEFAULT;
	if (!value)
		return 0;
	/* A number with a fraction is no status, neither is text that is more than a number. */
	if (view_parse_u64(json_value_text(value), STATUS_MAX, &number) || number < STATUS_MIN)
		return -EBADMSG;
	*ret = (int)number;
	return 0;
}

static int read_flag(const struct json_value *value, bool *ret)
{
	enum json_value_kind kind = json_value_kind(value);

	*ret = kind == JSON_VALUE_TRUE || (kind == JSON_VALUE_TEXT && view_equals_text(json_value_text(value), "true"));
	if (*ret || !value || kind == JSON_VALUE_FALSE)
		return 0;
	return kind == JSON_VALUE_TEXT && view_equals_text(json_value_text(value), "false") ? 0 : -EBADMSG;
}

/* --- fields ------------------------------------------------------------------------------------------------------------- */

/* The value of a field as text; `at` NULL: it is none. */
static struct view scalar_text(const struct json_value *value)
{
	switch (json_value_kind(value)) {
	case JSON_VALUE_TRUE:
		return view_of("true");
	case JSON_VALUE_FALSE:
		return view_of("false");
	default:
		return json_value_text(value);
	}
}

/* The first spelling of that name among the fields; `name` itself if it is new. */
static struct view first_spelling(const struct lambda_answer *answer, struct view name)
{
	for (size_t i = 0; i < answer->field_count; i++) {
		if (view_equals_ignore_case(answer->fields[i].name, name))
			return answer->fields[i].name;
	}
	return name;
}

static int add_field(
	struct arena *arena, struct lambda_answer *answer, struct view name, const struct json_value *value)
{
	struct http_field field = { .name = name, .value = view_trim(scalar_text(value)) };

	if (json_value_kind(value) == JSON_VALUE_NULL)
		return 0;
	if (!field.value.at || !http1_name_is_valid(name) || !http1_value_is_valid(field.value))
		return -EBADMSG;
	switch (header_rule_answer(INTEGRATION_AWS_PROXY, name)) {
	case HEADER_RULE_DROP:
		return 0;
	case HEADER_RULE_REMAP:
		field.name =
			arena_printf(arena, VIEW_FMT VIEW_FMT, VIEW_ARG(header_rule_remapped_prefix), VIEW_ARG(name));
		break;
	case HEADER_RULE_PASS:
		break;
	}
	if (!field.name.at)
		return -ENOMEM;
	field.name = first_spelling(answer, field.name);
	answer->fields[answer->field_count++] = field;
	return 0;
}

/* How many fields the members make at most; -EBADMSG if one has not its form, or they are too many. */
static long count_fields(const struct members *members)
{
	size_t count = json_value_count(members->headers) + json_value_count(members->cookies);

	if ((members->headers && !json_value_is_object(members->headers)) ||
		(members->multi_value_headers && !json_value_is_object(members->multi_value_headers)) ||
		(members->cookies && !json_value_is_array(members->cookies)))
		return -EBADMSG;
	for (size_t i = 0; i < json_value_count(members->multi_value_headers); i++) {
		const struct json_value *values = json_value_at(members->multi_value_headers, i);

		if (json_value_kind(values) != JSON_VALUE_NULL && !json_value_is_array(values))
			return -EBADMSG;
		count += json_value_count(values);
	}
	return count > LAMBDA_ANSWER_FIELDS_MAX_COUNT ? -EBADMSG : (long)count;
}

static int add_multi_values(struct arena *arena, const struct json_value *headers, struct lambda_answer *ret)
{
	for (size_t i = 0; i < json_value_count(headers); i++) {
		const struct json_value *values = json_value_at(headers, i);

		for (size_t j = 0; j < json_value_count(values); j++) {
			int error = add_field(arena, ret, json_value_name_at(headers, i), json_value_at(values, j));

			if (error)
				return error;
		}
	}
	return 0;
}

static int read_fields(
	struct arena *arena, const struct members *members, size_t extra_count, struct lambda_answer *ret)
{
	long count = count_fields(members);
	int error;

	if (count < 0)
		return (int)count;
	/* One more for Content-Type. */
	ret->fields = ARENA_NEW_ARRAY(arena, struct http_field, (size_t)count + 1 + extra_count);
	if (!ret->fields)
		return -ENOMEM;
	error = add_multi_values(arena, members->multi_value_headers, ret);
	for (size_t i = 0; !error && i < json_value_count(members->headers); i++)
		error = add_field(
			arena, ret, json_value_name_at(members->headers, i), json_value_at(members->headers, i));
	for (size_t i = 0; !error && i < json_value_count(members->cookies); i++)
		error = add_field(arena, ret, view_of("Set-Cookie"), json_value_at(members->cookies, i));
	if (error)
		return error;
	for (size_t i = 0; i < ret->field_count; i++) {
		if (http1_header_id(ret->fields[i].name) == HTTP1_HEADER_CONTENT_TYPE)
			return 0;
	}
	ret->fields[ret->field_count++] =
		(struct http_field){ .name = view_of("Content-Type"), .value = view_of("application/json") };
	return 0;
}

/* --- answers ------------------------------------------------------------------------------------------------------------ */

static int read_answer(
	struct arena *arena, struct view json, bool is_metadata, size_t extra_count, struct lambda_answer *ret)
{
	struct json_value value;
	struct members members;
	int error;

	*ret = (struct lambda_answer){ .status = STATUS_DEFAULT };
	if (json.count > LAMBDA_ANSWER_MAX_BYTES)
		return -EBADMSG;
	error = json_value_parse(arena, json, NULL, &value, NULL);
	if (error)
		return error == -ENOMEM ? -ENOMEM : -EBADMSG;
	error = find_members(&value, is_metadata, &members);
	if (!error)
		error = read_status(members.status, &ret->status);
	if (!error)
		error = read_flag(members.is_base64, &ret->is_base64);
	if (!error && members.body && !json_value_is_text(members.body))
		error = -EBADMSG;
	if (!error)
		error = read_fields(arena, &members, extra_count, ret);
	if (!error && members.body)
		ret->body = json_value_text(members.body);
	return error;
}

int lambda_answer_parse(struct arena *arena, struct view json, size_t extra_count, struct lambda_answer *ret)
{
	return read_answer(arena, json, false, extra_count, ret);
}

int lambda_answer_parse_metadata(struct arena *arena, struct view json, size_t extra_count, struct lambda_answer *ret)
{
	return read_answer(arena, json, true, extra_count, ret);
}

int lambda_answer_body(struct arena *arena, const struct lambda_answer *answer, bool accepts_binary, struct view *ret)
{
	uint8_t *room;
	long count;

	*ret = answer->body;
	if (!answer->is_base64 || !accepts_binary || answer->body.count == 0)
		return 0;
	room = arena_alloc(arena, answer->body.count / 4 * 3 + 3);
	if (!room)
		return -ENOMEM;
	count = base64_decode(room, answer->body);
	if (count < 0)
		return -EBADMSG;
	*ret = view_from(room, (size_t)count);
	return 0;
}

struct view lambda_answer_error_message(struct arena *arena, struct view json)
{
	const struct json_value *message;
	struct json_value value;

	if (json_value_parse(arena, json, NULL, &value, NULL))
		return view_of("");
	message = json_value_find(&value, view_of("errorMessage"));
	return json_value_is_text(message) ? json_value_text(message) : view_of("");
}
