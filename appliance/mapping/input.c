/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/input.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/mapping/json_path.h"
#include "appliance/mapping/method_parts.h"

struct input {
	struct value_object object;
	bool parsed;
	struct view body; /* as the back end or client sent it, or {} */
	struct json_value document;
	struct value parameters; /* params(), once it was asked for: templates ask in loops */
};

/* --- The body ------------------------------------------------------------------------------------------------------- */

static struct view body_of(struct template_run *run, struct input *input)
{
	if (!input->body.at) {
		input->body = run->source->body(run->source_context);
		if (input->body.count == 0)
			input->body = view_of("{}");
	}
	return input->body;
}

static int parse(struct template_run *run, struct input *input)
{
	struct view body = body_of(run, input), start = view_trim_set(body, " \t\r\n");
	int result;

	if (input->parsed)
		return 0;
	if (start.count == 0 || (start.at[0] != '{' && start.at[0] != '[' && start.at[0] != '"')) {
		input->document = json_value_of_text(body);
		input->parsed = true;
		return 0;
	}
	result = method_work(run, body.count);
	if (result == 0)
		result = json_value_parse(run->arena, body, NULL, &input->document, NULL);
	if (result == -ENOMEM)
		return template_no_memory(run);
	if (result == -EMSGSIZE)
		return template_fail(run, "the body has too many values, or too many inside each other");
	if (result == -EBADMSG) {
		(void)template_fail(run, INPUT_NOT_JSON);
		return -EBADMSG;
	}
	input->parsed = result == 0;
	return result;
}

/* --- path() and json() ---------------------------------------------------------------------------------------------- */

/* What the call's path finds; a text that is no path finds nothing. */
static int find(
	struct template_run *run, struct input *input, const struct value_call *call, struct json_path_result *ret)
{
	const struct json_path *path = call->prepared;
	struct json_path_budget budget;
	struct view text;
	size_t work;
	int result = parse(run, input);

	*ret = (struct json_path_result){ .definite = true };
	if (result)
		return result;
	if (!path) {
		result = value_to_text(run, call->arguments[0], false, &text);
		if (result == 0)
			result = method_work(run, 16 * text.count);
		if (result)
			return result;
		result = json_path_compile(&path, run->arena, text, NULL);
		if (result)
			return result == -ENOMEM ? template_no_memory(run) : 0;
	}
	work = run->steps_left < JSON_PATH_WORK_MAX ? run->steps_left : JSON_PATH_WORK_MAX;
	budget = (struct json_path_budget){ .work = work, .matches = &run->matches };
	result = json_path_find_within(path, &input->document, run->arena, run->patterns, &budget, ret);
	if (result == -ENOMEM)
		return template_no_memory(run);
	if (result && run->matches.over)
		return template_fail(run, "regular expressions need too long together");
	if (result)
		return template_fail(run, "a JSONPath looks at too many values");
	return template_work(run, work - budget.work + ret->count);
}

static int call_path(struct template_run *run, struct input *input, const struct value_call *call, struct value *ret)
{
	struct json_path_result found;
	struct value_list *list;
	int result = find(run, input, call, &found);

	if (result)
		return result;
	if (found.definite) {
		*ret = value_of_json(found.first);
		return 0;
	}
	result = value_list_new(run, VALUE_LIST_JSON, found.count, &list);
	for (size_t i = 0; i < found.count && result == 0; i++)
		result = value_list_add(run, list, value_of_json(found.values[i]));
	if (result == 0)
		*ret = value_list(list);
	return result;
}

/* The values as they are now, should the template have changed them. */
static int write_json(struct template_run *run, const struct json_value *json, struct buffer *out)
{
	if (json_value_kind(json) == JSON_VALUE_NULL) {
		buffer_append_text(out, "null");
		return 0;
	}
	return value_write_json(run, value_of_json(json), out);
}

static int call_json(struct template_run *run, struct input *input, const struct value_call *call, struct value *ret)
{
	struct json_path_result found;
	struct buffer out;
	int result = find(run, input, call, &found);

	if (result)
		return result;
	method_text_start(run, &out);
	if (found.definite && !found.first) {
		*ret = value_text(view_of("\"\""));
		return 0;
	}
	if (found.definite && found.first == &input->document && json_value_count(found.first))
		(void)buffer_reserve(&out, input->body.count); /* so that a whole body is written in one go */
	if (found.definite) {
		result = write_json(run, found.first, &out);
		return result ? result : method_text_finish(run, &out, ret);
	}
	buffer_append_byte(&out, '[');
	for (size_t i = 0; i < found.count && result == 0; i++) {
		if (i)
			buffer_append_byte(&out, ',');
		result = write_json(run, found.values[i], &out);
	}
	buffer_append_byte(&out, ']');
	return result ? result : method_text_finish(run, &out, ret);
}

/* --- params() ------------------------------------------------------------------------------------------------------- */

static int all_of_place(struct template_run *run, enum template_place place, struct value *ret)
{
	struct view name, value;
	struct value_map *map;
	size_t cursor = 0;
	int result = value_map_new(run, 0, &map);

	while (result == 0 && run->source->parameter_next &&
		run->source->parameter_next(run->source_context, place, &cursor, &name, &value)) {
		result = template_work(run, 1);
		if (result == 0)
			result = value_map_put(run, map, value_text(name), value_text(value), NULL);
	}
	if (result == 0)
		*ret = value_map(map);
	return result;
}

static int all_parameters(struct template_run *run, struct value *ret)
{
	static const struct view names[TEMPLATE_PLACE_COUNT] = {
		[TEMPLATE_PATH] = VIEW_INIT("path"),
		[TEMPLATE_QUERYSTRING] = VIEW_INIT("querystring"),
		[TEMPLATE_HEADER] = VIEW_INIT("header"),
	};
	struct value_map *map;
	int result = value_map_new(run, TEMPLATE_PLACE_COUNT, &map);

	for (int place = 0; place < TEMPLATE_PLACE_COUNT && result == 0; place++) {
		struct value of_place;

		result = all_of_place(run, (enum template_place)place, &of_place);
		if (result == 0)
			result = value_map_put(run, map, value_text(names[place]), of_place, NULL);
	}
	if (result == 0)
		*ret = value_map(map);
	return result;
}

static int call_params(struct template_run *run, struct input *input, const struct value_call *call, struct value *ret)
{
	struct view name;
	int result = 0;

	if (call->count == 0) {
		if (value_is_null(input->parameters))
			result = all_parameters(run, &input->parameters);
		*ret = input->parameters;
		return result;
	}
	if (!method_text_argument(call, 0, &name))
		return 0;
	*ret = value_text(view_of(""));
	for (int place = 0; place < TEMPLATE_PLACE_COUNT && run->source->parameter; place++) {
		struct view value = run->source->parameter(run->source_context, (enum template_place)place, name);

		if (!value.at)
			continue;
		*ret = value_text(value);
		break;
	}
	return template_work(run, 4);
}

/* --- The object ----------------------------------------------------------------------------------------------------- */

static int call_method(
	struct template_run *run, struct value_object *self, const struct value_call *call, struct value *ret)
{
	struct input *input = (struct input *)self;

	if (call->method == METHOD_PARAMS && call->count <= 1)
		return call_params(run, input, call, ret);
	if (call->method == METHOD_PATH && call->count == 1)
		return call_path(run, input, call, ret);
	if (call->method == METHOD_JSON && call->count == 1)
		return call_json(run, input, call, ret);
	return 0;
}

static int property(struct template_run *run, struct value_object *self, struct view name, struct value *ret)
{
	if (view_equals(name, view_of("body")))
		*ret = value_text(body_of(run, (struct input *)self));
	return 0;
}

static const struct value_class input_class = {
	.name = "input",
	.property = property,
	.call = call_method,
};

int input_value(struct template_run *run, struct value *ret)
{
	struct input *input = run->input;

	if (!input) {
		input = ARENA_NEW(run->arena, struct input);
		if (!input)
			return template_no_memory(run);
		input->object.class = &input_class;
		run->input = input;
	}
	*ret = value_object(&input->object);
	return 0;
}
