/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/template_sample.h"

#include <errno.h>

/* --- $input --------------------------------------------------------------------------------------------------------- */

static struct view sample_body(void *context)
{
	return ((struct template_sample *)context)->body;
}

/* The text of a parameter: of a list its last one. */
static struct view parameter_text(const struct json_value *value)
{
	if (json_value_is_array(value))
		value = json_value_at(value, json_value_count(value) - 1);
	return json_value_text(value);
}

static struct view sample_parameter(void *context, enum template_place place, struct view name)
{
	struct template_sample *sample = context;

	return parameter_text(json_value_find(sample->parameters[place], name));
}

static bool sample_parameter_next(
	void *context, enum template_place place, size_t *cursor, struct view *ret_name, struct view *ret_value)
{
	const struct json_value *all = ((struct template_sample *)context)->parameters[place];

	if (*cursor >= json_value_count(all))
		return false;
	*ret_name = json_value_name_at(all, *cursor);
	*ret_value = parameter_text(json_value_at(all, *cursor));
	(*cursor)++;
	return true;
}

/* --- $context ------------------------------------------------------------------------------------------------------- */

/* Dots may stand between members or inside a name. */
static const struct json_value *find_path(const struct json_value *object, struct view path, int depth)
{
	const struct json_value *found = json_value_find(object, path);

	for (size_t i = 0; !found && depth > 0 && i < path.count; i++) {
		const struct json_value *member =
			path.at[i] == '.' ? json_value_find(object, view_part(path, 0, i)) : NULL;

		if (json_value_is_object(member))
			found = find_path(member, view_after(path, i + 1), depth - 1);
	}
	return found;
}

/* Deeper than $context.identity.clientCert.validity.notBefore. */
#define CONTEXT_DEPTH_MAX 8

static enum template_found sample_context(void *context, struct view path, int slot, struct value *ret)
{
	const struct json_value *found =
		find_path(((struct template_sample *)context)->context, path, CONTEXT_DEPTH_MAX);

	(void)slot;
	if (json_value_is_object(found))
		return TEMPLATE_GROUP;
	*ret = value_of_json(found);
	return found ? TEMPLATE_VALUE : TEMPLATE_ABSENT;
}

static bool sample_context_next(void *context, struct view path, size_t *cursor, struct view *ret_name)
{
	const struct json_value *group = ((struct template_sample *)context)->context;

	if (path.count)
		group = find_path(group, path, CONTEXT_DEPTH_MAX);
	*ret_name = json_value_name_at(group, (*cursor)++);
	return ret_name->at != NULL;
}

/* --- $stageVariables ------------------------------------------------------------------------------------------------ */

static struct view sample_stage_variable(void *context, struct view name)
{
	return json_value_text(json_value_find(((struct template_sample *)context)->stage_variables, name));
}

static bool sample_stage_variable_next(void *context, size_t *cursor, struct view *ret_name, struct view *ret_value)
{
	const struct json_value *all = ((struct template_sample *)context)->stage_variables;

	*ret_name = json_value_name_at(all, *cursor);
	*ret_value = json_value_text(json_value_at(all, (*cursor)++));
	return ret_name->at != NULL;
}

/* --- Loading -------------------------------------------------------------------------------------------------------- */

/* An object, null or nothing. */
static bool is_object_or_none(const struct json_value *value)
{
	return json_value_kind(value) == JSON_VALUE_NULL || json_value_is_object(value);
}

static int set_input(struct template_sample *ret, struct view body, const struct json_value *path,
	const struct json_value *query, const struct json_value *headers)
{
	ret->source.body = sample_body;
	ret->source.parameter = sample_parameter;
	ret->source.parameter_next = sample_parameter_next;
	ret->body = body;
	ret->parameters[TEMPLATE_PATH] = path;
	ret->parameters[TEMPLATE_QUERYSTRING] = query;
	ret->parameters[TEMPLATE_HEADER] = headers;
	return is_object_or_none(path) && is_object_or_none(query) && is_object_or_none(headers) ? 0 : -EINVAL;
}

static int load_input(struct template_sample *ret, const struct json_value *input, const char **ret_rule)
{
	const struct json_value *body = json_value_find(input, view_of("body"));
	const struct json_value *params = json_value_find(input, view_of("params"));

	*ret_rule = "@input must be an object with a body that is a text, and params";
	if (!json_value_is_object(input) || (json_value_kind(body) != JSON_VALUE_NULL && !json_value_is_text(body)))
		return -EINVAL;
	*ret_rule = "params.path, querystring and header must be objects";
	return set_input(ret, json_value_is_text(body) ? json_value_text(body) : view_of(""),
		json_value_find(params, view_of("path")), json_value_find(params, view_of("querystring")),
		json_value_find(params, view_of("header")));
}

/* What the overrides begin with: `members` are put over what is there. */
static int load_overrides(struct arena *arena, struct value_map *into, const struct json_value *members)
{
	struct value copy;
	int result = 0;

	for (size_t i = 0; !result && i < (json_value_is_object(members) ? json_value_count(members) : 0); i++) {
		result = value_copy_json(arena, json_value_at(members, i), VALUE_LIST_PLAIN, &copy);
		if (!result && copy.kind == VALUE_MAP)
			copy.map->silent = true;
		if (!result)
			result = value_map_put_in(arena, into, value_text(json_value_name_at(members, i)), copy);
	}
	return result;
}

static int load_context(
	struct template_sample *ret, struct arena *arena, const struct json_value *context, const char **ret_rule)
{
	const struct json_value *request = json_value_find(context, view_of("requestOverride"));
	const struct json_value *response = json_value_find(context, view_of("responseOverride"));
	int result;

	*ret_rule = "context must be an object";
	if (!json_value_is_object(context))
		return -EINVAL;
	ret->context = context;
	ret->source.context = sample_context;
	ret->source.context_next = sample_context_next;
	result = load_overrides(arena, &ret->overrides.request, request);
	return result ? result : load_overrides(arena, &ret->overrides.response, response);
}

static int load_stage_variables(struct template_sample *ret, const struct json_value *value, const char **ret_rule)
{
	*ret_rule = "stageVariables must be an object";
	ret->stage_variables = value;
	ret->source.stage_variable = sample_stage_variable;
	ret->source.stage_variable_next = sample_stage_variable_next;
	return is_object_or_none(value) ? 0 : -EINVAL;
}

static int load_preset(
	struct template_sample *ret, struct arena *arena, struct view name, const struct json_value *value)
{
	struct template_preset *preset = &ret->presets[ret->preset_count];

	preset->name = name;
	ret->preset_count++;
	return value_copy_json(arena, value, VALUE_LIST_PLAIN, &preset->value);
}

static int load_member(struct template_sample *ret, struct arena *arena, struct view name,
	const struct json_value *value, const char **ret_rule)
{
	if (view_equals(name, view_of("@input")))
		return load_input(ret, value, ret_rule);
	if (view_equals(name, view_of("context")))
		return load_context(ret, arena, value, ret_rule);
	if (view_equals(name, view_of("stageVariables")))
		return load_stage_variables(ret, value, ret_rule);
	return load_preset(ret, arena, name, value);
}

int template_sample_load(
	struct template_sample *ret, struct arena *arena, const struct json_value *variables, const char **ret_rule)
{
	int result;

	*ret = (struct template_sample){ .body = view_of("") };
	*ret_rule = "the variables must be an object";
	if (variables && variables->kind != JSON_VALUE_NULL && !json_value_is_object(variables))
		return -EINVAL;
	ret->presets = ARENA_NEW_ARRAY(arena, struct template_preset, json_value_count(variables) + 1);
	if (!ret->presets)
		return -ENOMEM;
	result = template_overrides_init(&ret->overrides, arena);
	for (size_t i = 0; !result && i < json_value_count(variables); i++)
		result = load_member(
			ret, arena, json_value_name_at(variables, i), json_value_at(variables, i), ret_rule);
	if (result == -EMSGSIZE) {
		*ret_rule = "a variable is nested too deep";
		result = -EINVAL;
	}
	return result;
}

/* A member of the event, or the one with lists of values that stands for it. */
static const struct json_value *find_either(const struct json_value *event, struct view one, struct view many)
{
	const struct json_value *found = json_value_find(event, one);

	return json_value_kind(found) == JSON_VALUE_NULL ? json_value_find(event, many) : found;
}

int template_sample_load_event(
	struct template_sample *ret, struct arena *arena, const struct json_value *event, const char **ret_rule)
{
	const struct json_value *body = json_value_find(event, view_of("body"));
	const struct json_value *context = json_value_find(event, view_of("requestContext"));
	struct view body_text = json_value_is_text(body) ? json_value_text(body) : view_of("");
	struct buffer written;
	int result;

	*ret = (struct template_sample){ .body = view_of("") };
	*ret_rule = "the event must be an object";
	if (!json_value_is_object(event))
		return -EINVAL;
	if (body && body->kind != JSON_VALUE_NULL && !json_value_is_text(body)) {
		buffer_init_arena(&written, arena, JSON_MAX_BYTES);
		json_value_write(&written, body);
		if (buffer_error(&written))
			return -ENOMEM;
		body_text = buffer_view(&written);
	}
	result = template_overrides_init(&ret->overrides, arena);
	if (result)
		return result;
	*ret_rule = "headers, queryStringParameters and pathParameters must be objects";
	result = set_input(ret, body_text, json_value_find(event, view_of("pathParameters")),
		find_either(event, view_of("queryStringParameters"), view_of("multiValueQueryStringParameters")),
		find_either(event, view_of("headers"), view_of("multiValueHeaders")));
	if (!result)
		result = load_stage_variables(ret, json_value_find(event, view_of("stageVariables")), ret_rule);
	ret->source.context = sample_context; /* there even if the event says nothing of it */
	ret->source.context_next = sample_context_next;
	if (!result && json_value_kind(context) != JSON_VALUE_NULL) {
		*ret_rule = "requestContext must be an object";
		result = load_context(ret, arena, context, ret_rule);
	}
	return result;
}

void template_sample_run(
	struct template_sample *sample, struct template_run *run, struct arena *arena, struct pattern_scratch *patterns)
{
	template_run_init(run, arena, &sample->source, sample, &sample->overrides, patterns);
	run->presets = sample->presets;
	run->preset_count = sample->preset_count;
}

int template_sample_write_overrides(struct template_sample *sample, struct template_run *run, struct buffer *out)
{
	static const struct view names[] = { VIEW_INIT("requestOverride"), VIEW_INIT("responseOverride") };
	struct value_map *maps[] = { &sample->overrides.request, &sample->overrides.response };
	int result = 0;

	buffer_append_byte(out, '{');
	for (size_t i = 0; !result && i < 2; i++) {
		if (i)
			buffer_append_byte(out, ',');
		json_value_write_text(out, names[i]);
		buffer_append_byte(out, ':');
		result = value_write_json(run, value_map(maps[i]), out);
	}
	buffer_append_byte(out, '}');
	return result;
}
