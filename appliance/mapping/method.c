/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/method.h"

#include "appliance/base/assert.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/java_number.h"
#include "appliance/mapping/java_pattern.h"
#include "appliance/mapping/json_path.h"
#include "appliance/mapping/method_parts.h"

enum method_type {
	METHOD_OF_TEXT,
	METHOD_OF_BOOLEAN,
	METHOD_OF_NUMBER,
	METHOD_OF_LIST,
	METHOD_OF_MAP,
	METHOD_TYPE_COUNT,
};

static const struct {
	method_function *function;
	uint8_t least, most;
} rows[METHOD_TYPE_COUNT][METHOD_ID_COUNT] = {
#define METHOD_NAME(ID, name)
#define METHOD(type, ID, least, most, function, text)                                                                  \
	[METHOD_OF_##type][METHOD_##ID] = { method_##function, least, most },
#include "appliance/mapping/methods.def"
#undef METHOD_NAME
#undef METHOD
};

static const struct view names[METHOD_ID_COUNT] = {
#define METHOD_NAME(ID, name) [METHOD_##ID] = VIEW_INIT(#name),
#define METHOD(type, ID, least, most, function, text)
#include "appliance/mapping/methods.def"
#undef METHOD_NAME
#undef METHOD
};

enum method_id method_by_name(struct view name)
{
	for (size_t i = METHOD_UNKNOWN + 1; i < METHOD_ID_COUNT; i++) {
		if (view_equals(names[i], name))
			return (enum method_id)i;
	}
	return METHOD_UNKNOWN;
}

const char *method_name(enum method_id method)
{
	return method == METHOD_UNKNOWN || method >= METHOD_ID_COUNT ? "?" : names[method].at;
}

int method_prepare(struct arena *arena, enum method_id method, struct view text, const void **ret)
{
	const struct json_path *path = NULL;
	const struct pattern *pattern = NULL;
	int result = 0;

	*ret = NULL;
	switch (method) {
	case METHOD_JSON:
	case METHOD_PATH:
		result = json_path_compile(&path, arena, text, NULL);
		break;
	case METHOD_MATCHES:
		result = java_pattern_compile(arena, &pattern, text, PATTERN_WHOLE, NULL);
		break;
	case METHOD_REPLACE_ALL:
	case METHOD_REPLACE_FIRST:
	case METHOD_SPLIT:
		result = java_pattern_compile(arena, &pattern, text, 0, NULL);
		break;
	default:
		break;
	}
	if (result == 0)
		*ret = path ? (const void *)path : pattern;
	return result == -ENOMEM ? result : 0;
}

/* --- Calling -------------------------------------------------------------------------------------------------------- */

static enum method_type type_of(struct value value)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_TEXT:
		return METHOD_OF_TEXT;
	case VALUE_BOOLEAN:
		return METHOD_OF_BOOLEAN;
	case VALUE_INTEGER:
	case VALUE_LONG:
	case VALUE_BIG:
	case VALUE_DOUBLE:
		return METHOD_OF_NUMBER;
	case VALUE_LIST:
	case VALUE_JSON_ARRAY:
		return METHOD_OF_LIST;
	case VALUE_MAP:
	case VALUE_JSON_OBJECT:
		return METHOD_OF_MAP;
	case VALUE_NULL:
	case VALUE_OBJECT:
		break;
	}
	return METHOD_TYPE_COUNT;
}

/* NullPointerException: what of java.lang.String takes no null, with the arguments that must not be. */
static bool throws_at_null(enum method_type type, const struct value_call *call)
{
	if (type != METHOD_OF_TEXT || call->count == 0)
		return false;
	switch (call->method) {
	case METHOD_REPLACE:
	case METHOD_REPLACE_ALL:
	case METHOD_REPLACE_FIRST:
		return value_is_null(call->arguments[0]) || value_is_null(call->arguments[1]);
	case METHOD_COMPARE_TO:
	case METHOD_COMPARE_TO_IGNORE_CASE:
	case METHOD_CONCAT:
	case METHOD_CONTAINS:
	case METHOD_CONTENT_EQUALS:
	case METHOD_ENDS_WITH:
	case METHOD_FORMAT:
	case METHOD_INDEX_OF:
	case METHOD_JOIN:
	case METHOD_LAST_INDEX_OF:
	case METHOD_MATCHES:
	case METHOD_SPLIT:
	case METHOD_STARTS_WITH:
		return value_is_null(call->arguments[0]);
	default:
		return false;
	}
}

int value_call(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	enum method_type type;
	int result;

	*ret = value_null();
	if (self.kind == VALUE_OBJECT) {
		const struct value_class *class = self.object->class;

		if (class->call)
			return class->call(run, self.object, call, ret);
		if (!class->expand)
			return 0;
		result = class->expand(run, self.object, &self);
		if (result)
			return result;
	}
	self = value_current(run, self);
	type = type_of(self);
	if (type == METHOD_TYPE_COUNT || call->method == METHOD_UNKNOWN || call->method >= METHOD_ID_COUNT)
		return 0;
	if (!rows[type][call->method].function || call->count < rows[type][call->method].least ||
		call->count > rows[type][call->method].most)
		return 0;
	if (throws_at_null(type, call))
		return template_fail(run, "%s of something undefined", method_name((enum method_id)call->method));
	result = template_work(run, 1);
	return result ? result : rows[type][call->method].function(run, self, call, ret);
}

/* --- What several types have ---------------------------------------------------------------------------------------- */

int method_any_self(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = self;
	return 0;
}

int method_any_to_string(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text;
	int result = value_to_text(run, self, false, &text);

	(void)call;
	if (result == 0)
		*ret = value_text(text);
	return result;
}

int method_any_to_json_string(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct buffer out;
	int result;

	(void)call;
	method_text_start(run, &out);
	result = value_write_json(run, self, &out);
	return result ? result : method_text_finish(run, &out, ret);
}

int method_any_equals(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	*ret = value_boolean(value_equals(run, self, call->arguments[0]));
	return method_work(run, self.kind == VALUE_TEXT ? self.count : 64);
}

/* Object.hashCode() of what has one that a template can know. */
static int hash(struct template_run *run, struct value value, unsigned depth, uint32_t *ret)
{
	struct value_walk walk;
	bool can, is_map;
	int result = template_work(run, 1);

	*ret = 0;
	if (result || depth == 0)
		return result;
	value = value_current(run, value);
	switch (type_of(value)) {
	case METHOD_OF_TEXT:
		*ret = (uint32_t)method_units_hash(value_view(value));
		return method_work(run, 4 * (size_t)value.count);
	case METHOD_OF_BOOLEAN:
		*ret = value.boolean ? 1231 : 1237;
		return 0;
	case METHOD_OF_NUMBER:
		*ret = (uint32_t)java_number_hash(java_number_of_value(value));
		return 0;
	default:
		break;
	}
	is_map = value.kind == VALUE_MAP || value.kind == VALUE_JSON_OBJECT;
	result = value_walk_start(run, value, &walk, &can);
	*ret = is_map || !can ? 0 : 1;
	for (size_t i = 0; i < (can ? walk.count : 0) && result == 0; i++) {
		uint32_t item = 0, key = 0;

		result = hash(run, value_walk_at(&walk, i), depth - 1, &item);
		if (result == 0 && walk.entries)
			result = hash(run, walk.entries[i].key, depth - 1, &key);
		else if (result == 0 && is_map)
			key = (uint32_t)method_units_hash(json_value_name_at(walk.json, i));
		*ret = is_map ? *ret + (key ^ item) : *ret * 31 + item;
	}
	return result;
}

int method_any_hash_code(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	uint32_t sum;
	int result = hash(run, self, VALUE_DEPTH_MAX, &sum);

	(void)call;
	*ret = value_integer((int32_t)sum);
	return result;
}

/* --- Booleans ------------------------------------------------------------------------------------------------------- */

int method_boolean_compare_to(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	if (call->arguments[0].kind != VALUE_BOOLEAN) /* ClassCastException */
		return template_fail(run, "compareTo of values of different types");
	*ret = value_integer(self.boolean - call->arguments[0].boolean);
	return 0;
}

int method_boolean_parse(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text;

	(void)run;
	(void)self;
	if (call->arguments[0].kind == VALUE_BOOLEAN)
		*ret = call->arguments[0];
	else if (method_text_argument(call, 0, &text))
		*ret = value_boolean(view_equals_ignore_case(text, view_of("true")));
	return 0;
}

int method_boolean_hash_code(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return method_any_hash_code(run, self, call, ret);
}
