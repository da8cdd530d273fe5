/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/shape.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nested members: "updateRestApiInput.patchOperations.1.member.op". */
enum { PATH_BYTES = 512 };

/* Of a wrong value, and of all violations together, this much is told; the rest is counted. */
enum { VALUE_TOLD_MAX_BYTES = 1024, VIOLATIONS_MAX_BYTES = SHAPE_MESSAGE_MAX_BYTES - 64 };

struct check {
	struct buffer violations; /* joined by "; " */
	size_t violation_count;
	struct buffer *message; /* for wrong types */
	bool wrong_type;
};

static void check_struct(struct check *check, const struct shape *shape, const struct json *value, const char *path);

static void write_value(struct buffer *text, const struct json *value)
{
	if (json_is_null(value)) {
		buffer_append_text(text, "null");
		return;
	}
	buffer_append_text(text, json_is_array(value) ? "'[" : "'");
	if (json_is_number(value))
		buffer_append(text, json_number_text(value));
	else if (json_is_text(value))
		buffer_append(text, json_text(value));
	JSON_EACH(item, json_is_array(value) ? value : NULL)
	{
		if (item != json_at(value, 0))
			buffer_append_text(text, ", ");
		buffer_append(text, json_text(item));
	}
	buffer_append_text(text, json_is_array(value) ? "]'" : "'");
}

static void violate(struct check *check, const char *path, const struct json *value, const char *constraint)
{
	struct buffer told, text;

	check->violation_count++;
	buffer_init(&told, VALUE_TOLD_MAX_BYTES);
	buffer_init(&text, VIOLATIONS_MAX_BYTES);
	write_value(&told, value);
	buffer_printf(&text, "%sValue ", check->violations.count ? "; " : "");
	if (buffer_error(&told) == 0)
		buffer_append(&text, buffer_view(&told));
	buffer_printf(&text, " at '%s' failed to satisfy constraint: %s", path, constraint);
	if (buffer_error(&text) == 0 && check->violations.count + text.count <= VIOLATIONS_MAX_BYTES)
		buffer_append(&check->violations, buffer_view(&text));
	buffer_fini(&told);
	buffer_fini(&text);
}

/* What Coral's parser says of a value that is not of the member's type. */
static void refuse_type(struct check *check, enum shape_type wanted, const struct json *value)
{
	if (check->wrong_type)
		return;
	check->wrong_type = true;
	if (wanted == SHAPE_TEXT || wanted == SHAPE_BLOB) {
		if (json_is_bool(value))
			buffer_append_text(check->message, "class java.lang.Boolean can not be converted to an String");
		else if (json_is_number(value))
			buffer_append_text(check->message,
				"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not "
				"be converted to an String");
		else
			buffer_append_text(check->message,
				json_is_array(value) ? "Start of list found where not expected"
						     : "Start of structure or map found where not expected.");
		return;
	}
	if ((wanted == SHAPE_INTEGER || wanted == SHAPE_NUMBER) && json_is_number(value)) {
		buffer_printf(check->message,
			"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to %s",
			wanted == SHAPE_INTEGER ? "an Integer" : "a Double");
		return;
	}
	switch (wanted) {
	case SHAPE_LIST:
		buffer_append_text(check->message, "Expected list or null");
		break;
	case SHAPE_MAP:
	case SHAPE_STRUCT:
		buffer_append_text(check->message, "Expected null");
		break;
	case SHAPE_BOOL:
		buffer_append_text(check->message, json_is_text(value)
							   ? "class java.lang.String can not be converted to a Boolean"
							   : "Unexpected token where a boolean was expected");
		break;
	default:
		buffer_append_text(check->message, json_is_text(value)
							   ? "STRING_VALUE can not be converted to Integer"
							   : "Unexpected token where a number was expected");
		break;
	}
}

static bool type_fits(enum shape_type type, const struct json *value)
{
	int64_t integer;
	double number;

	switch (type) {
	case SHAPE_TEXT:
	case SHAPE_BLOB:
		return json_is_text(value);
	case SHAPE_BOOL:
		return json_is_bool(value);
	case SHAPE_INTEGER:
		return json_integer(value, INT64_MIN, INT64_MAX, &integer) == 0;
	case SHAPE_NUMBER:
		return json_double(value, &number) == 0 && isfinite(number);
	case SHAPE_LIST:
		return json_is_array(value);
	case SHAPE_MAP:
	case SHAPE_STRUCT:
		return json_is_object(value);
	}
	return false;
}

static bool in_enumeration(const char *enumeration, struct view text)
{
	struct view rest = view_from_text(enumeration), name;

	while (view_split(&rest, ',', &name))
		if (view_equals(view_trim(name), text))
			return true;
	return false;
}

/* The pattern that models use for status codes is the only one with meaning for a handler; others are spelled with it. */
static bool matches(const char *pattern, struct view text)
{
	if (strcmp(pattern, "[1-5]\\d\\d") == 0)
		return text.count == 3 && text.at[0] >= '1' && text.at[0] <= '5' &&
		       isdigit((unsigned char)text.at[1]) && isdigit((unsigned char)text.at[2]);
	return true;
}

static void check_length(struct check *check, const struct shape_member *member, size_t length,
	const struct json *value, const char *path)
{
	char constraint[128];

	if (length < member->min_length) {
		snprintf(constraint, sizeof constraint, "Member must have length greater than or equal to %zu",
			member->min_length);
		violate(check, path, value, constraint);
	}
	if (member->max_length && length > member->max_length) {
		snprintf(constraint, sizeof constraint, "Member must have length less than or equal to %zu",
			member->max_length);
		violate(check, path, value, constraint);
	}
}

static void check_text(
	struct check *check, const struct shape_member *member, const struct json *value, const char *path)
{
	struct view text = json_text(value);
	char constraint[1024];

	if (member->enumeration && !in_enumeration(member->enumeration, text)) {
		snprintf(
			constraint, sizeof constraint, "Member must satisfy enum value set: [%s]", member->enumeration);
		violate(check, path, value, constraint);
	}
	if (member->pattern && !matches(member->pattern, text)) {
		snprintf(constraint, sizeof constraint, "Member must satisfy regular expression pattern: %s",
			member->pattern);
		violate(check, path, value, constraint);
	}
	check_length(check, member, view_character_count(text), value, path);
}

static void check_range(
	struct check *check, const struct shape_member *member, const struct json *value, const char *path)
{
	char constraint[128];
	int64_t number = 0;

	if ((member->min == 0 && member->max == 0) || json_integer(value, INT64_MIN, INT64_MAX, &number) < 0)
		return;
	if (number < member->min) {
		snprintf(constraint, sizeof constraint, "Member must have value greater than or equal to %" PRId64,
			member->min);
		violate(check, path, value, constraint);
	}
	if (number > member->max) {
		snprintf(constraint, sizeof constraint, "Member must have value less than or equal to %" PRId64,
			member->max);
		violate(check, path, value, constraint);
	}
}

/* An enumerated list is reported as a whole. */
static void check_enumerated_list(
	struct check *check, const struct shape_member *member, const struct json *value, const char *path)
{
	char constraint[1024];

	JSON_EACH(item, value)
	{
		if (in_enumeration(member->enumeration, json_text(item)))
			continue;
		snprintf(constraint, sizeof constraint,
			"Member must satisfy constraint: [Member must satisfy enum value set: [%s]]",
			member->enumeration);
		violate(check, path, value, constraint);
		return;
	}
}

/* "path.1.member" for the first item of a list, "path.key.member" for a value of a map. */
static void write_item_path(
	char ret[PATH_BYTES], const char *path, enum shape_type type, size_t index, const struct json *item)
{
	if (type == SHAPE_LIST)
		snprintf(ret, PATH_BYTES, "%s.%zu.member", path, index);
	else
		snprintf(ret, PATH_BYTES, "%s." VIEW_FMT ".member", path, VIEW_ARG(json_name(item)));
}

/* An item of a list or a value of a map. */
static void check_item(struct check *check, const struct shape *of, const struct json *value, const char *path)
{
	enum shape_type wanted = of ? of->type : SHAPE_TEXT;
	char item_path[PATH_BYTES];
	size_t index = 0;

	if (json_is_null(value)) {
		violate(check, path, NULL, "Member must not be null");
		return;
	}
	if (!type_fits(wanted, value)) {
		refuse_type(check, wanted, value);
		return;
	}
	if (wanted == SHAPE_STRUCT)
		check_struct(check, of, value, path);
	if (wanted != SHAPE_LIST && wanted != SHAPE_MAP)
		return;
	JSON_EACH(item, value)
	{
		index++;
		write_item_path(item_path, path, wanted, index, item);
		check_item(check, of->of, item, item_path);
	}
}

static void check_items(
	struct check *check, const struct shape_member *member, const struct json *value, const char *path)
{
	const struct shape list = { .type = member->type, .of = member->of };

	check_item(check, &list, value, path);
	if (member->type == SHAPE_LIST)
		check_length(check, member, json_count(value), value, path);
	if (member->type == SHAPE_LIST && member->enumeration)
		check_enumerated_list(check, member, value, path);
}

static void check_member(
	struct check *check, const struct shape_member *member, const struct json *value, const char *path)
{
	if (json_is_null(value)) {
		if (member->required)
			violate(check, path, NULL, "Member must not be null");
		return;
	}
	if (!type_fits(member->type, value)) {
		refuse_type(check, member->type, value);
		return;
	}
	switch (member->type) {
	case SHAPE_TEXT:
		check_text(check, member, value, path);
		break;
	case SHAPE_INTEGER:
		check_range(check, member, value, path);
		break;
	case SHAPE_LIST:
	case SHAPE_MAP:
		check_items(check, member, value, path);
		break;
	case SHAPE_STRUCT:
		if (member->of)
			check_struct(check, member->of, value, path);
		break;
	default:
		break;
	}
}

static void check_struct(struct check *check, const struct shape *shape, const struct json *value, const char *path)
{
	char member_path[PATH_BYTES];

	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];

		snprintf(member_path, sizeof member_path, "%s%s%s", path, *path ? "." : "", member->name);
		check_member(check, member, json_find(value, member->name), member_path);
	}
}

/* The operation's own members: their paths depend on where they travel. Body first, as recorded. */
static void check_top(struct check *check, const struct shape *shape, const struct json *input, const char *operation,
	enum shape_style style)
{
	char path[PATH_BYTES];

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < shape->member_count; i++) {
			const struct shape_member *member = &shape->members[i];
			bool in_body = member->place == SHAPE_BODY || member->place == SHAPE_PAYLOAD;

			if (in_body != (pass == 0))
				continue;
			if (style == SHAPE_STYLE_REST_JSON && in_body)
				snprintf(path, sizeof path, "%c%sInput.%s", tolower((unsigned char)operation[0]),
					operation + 1, member->name);
			else
				snprintf(path, sizeof path, "%c%s", tolower((unsigned char)member->name[0]),
					member->name + 1);
			check_member(check, member, json_find(input, member->name), path);
		}
	}
}

enum shape_failure shape_check(const struct shape *shape, const struct json *input, const char *operation,
	enum shape_style style, struct buffer *message)
{
	struct check check = { .message = message };
	enum shape_failure failure = SHAPE_FITS;

	buffer_init(&check.violations, SHAPE_MESSAGE_MAX_BYTES);
	check_top(&check, shape, input, operation, style);
	if (check.wrong_type) {
		failure = SHAPE_WRONG_TYPE;
	} else if (check.violation_count) {
		failure = SHAPE_VIOLATED;
		buffer_printf(message, "%zu validation error%s detected: ", check.violation_count,
			check.violation_count == 1 ? "" : "s");
		buffer_append(message, buffer_view(&check.violations));
	}
	buffer_fini(&check.violations);
	return failure;
}

/* A number as it is kept, or NULL if it stays as it is. */
static struct json *settled_number(enum shape_type type, const struct json *value)
{
	struct view text = json_number_text(value);
	int64_t integer = 0;
	double number = 0;

	if (type == SHAPE_INTEGER && json_integer(value, INT64_MIN, INT64_MAX, &integer) == 0)
		return json_integer_new(integer);
	if (type == SHAPE_NUMBER && view_find_byte(text, '.') == VIEW_NOWHERE && json_double(value, &number) == 0) {
		char digits[400]; /* the largest double has 309 before its point */
		int count = snprintf(digits, sizeof digits, "%.1f", number);

		return json_number_new(view_from(digits, (size_t)count));
	}
	return NULL;
}

void shape_settle(const struct shape *shape, struct json *input)
{
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		struct json *child = json_find(input, member->name);
		struct json *number = json_is_number(child) ? settled_number(member->type, child) : NULL;

		if (number)
			json_set(input, member->name, number);
		if (!member->of || member->of->type != SHAPE_STRUCT)
			continue;
		if (member->type == SHAPE_STRUCT && json_is_object(child))
			shape_settle(member->of, child);
		if (member->type != SHAPE_LIST && member->type != SHAPE_MAP)
			continue;
		JSON_EACH(item, child)
		shape_settle(member->of, item);
	}
}

const struct shape_member *shape_missing(const struct shape *shape, const struct json *input)
{
	for (size_t i = 0; i < shape->member_count; i++)
		if (shape->members[i].required && json_is_null(json_find(input, shape->members[i].name)))
			return &shape->members[i];
	return NULL;
}

const struct shape_member *shape_find_wire(const struct shape *shape, enum shape_place place, struct view wire)
{
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];

		if (member->place == place && view_equals_text(wire, member->wire ? member->wire : member->name))
			return member;
	}
	return NULL;
}
