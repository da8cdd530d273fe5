/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/validator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/model/compile.h"

/* The URL by which models refer to each other; the host is the same in every region. */
#define MODEL_URL_START "https://apigateway.amazonaws.com/restapis/"

/* A model whose text was parsed, because it is checked against or referred to. */
struct validator_model {
	struct validator_model *next;
	struct view name;
	bool is_json; /* `value` is an object */
	struct json_value value;
	bool compiled; /* it was tried: `schema`, or what is wrong */
	struct schema *schema;
	const char *refused;
};

void validator_models_init(
	struct validator_models *models, struct arena *arena, struct view api_id, const struct json *list)
{
	*models = (struct validator_models){ .arena = arena, .api_id = api_id, .list = list };
}

void validator_models_fini(struct validator_models *models)
{
	for (struct validator_model *model = models->first; model; model = model->next)
		schema_fini(model->schema);
	models->first = NULL;
}

/* --- models ---------------------------------------------------------------------------------------------------------------------- */

static struct validator_model *add_model(struct validator_models *models, struct view name, struct view text)
{
	struct validator_model *model = ARENA_NEW(models->arena, struct validator_model);

	if (!model)
		return NULL;
	model->name = arena_copy(models->arena, name);
	text = arena_copy(models->arena, text.count ? text : view_of("{}"));
	if (!model->name.at || !text.at)
		return NULL;
	model->is_json = json_value_parse(models->arena, text, NULL, &model->value, NULL) == 0 &&
			 json_value_is_object(&model->value);
	model->next = models->first;
	models->first = model;
	return model;
}

/* The model of that name, parsed. `*ret` NULL: there is none. */
static int find_model(struct validator_models *models, struct view name, struct validator_model **ret)
{
	*ret = NULL;
	for (struct validator_model *model = models->first; model; model = model->next) {
		if (view_equals(model->name, name)) {
			*ret = model;
			return 0;
		}
	}
	JSON_EACH(item, models->list)
	{
		if (view_equals(json_find_text(item, "name"), name)) {
			*ret = add_model(models, name, json_find_text(item, "schema"));
			return *ret ? 0 : -ENOMEM;
		}
	}
	return 0;
}

static const struct json_value *resolve(void *context, struct view url)
{
	struct validator_models *models = context;
	struct validator_model *model;
	struct view id, name;

	if (!view_starts_with(url, view_of(MODEL_URL_START)) ||
		!view_cut(view_after(url, sizeof MODEL_URL_START - 1), '/', &id, &name) ||
		!view_equals(id, models->api_id) || !view_starts_with(name, view_of("models/")))
		return NULL;
	name = view_after(name, sizeof "models/" - 1);
	if (find_model(models, name, &model) < 0 || !model)
		return NULL;
	return model->is_json ? &model->value : NULL;
}

static const char *say(struct validator_models *models, struct view name, const char *place, const char *text)
{
	struct view message = arena_printf(
		models->arena, "request model '" VIEW_FMT "': %s%s%s", VIEW_ARG(name), place, *place ? ": " : "", text);

	return message.at ? message.at : "a request model can't be compiled";
}

/* Its schema, compiled at the first time; NULL with `*ret_refused` set if that is not possible. */
static int schema_of(
	struct validator_models *models, struct view name, const struct schema **ret, const char **ret_refused)
{
	struct validator_model *model;
	struct schema_error why;
	int error = find_model(models, name, &model);

	if (error)
		return error;
	if (!model) {
		*ret_refused = say(models, name, "", "there is no such model");
		return 0;
	}
	if (!model->compiled) {
		if (!model->is_json)
			model->refused = say(models, name, "", "its schema is no JSON object");
		else
			error = schema_compile(models->arena, &model->value, resolve, models, &model->schema, &why);
		if (error == -ENOMEM)
			return error;
		if (error)
			model->refused = say(models, name, why.place, why.text);
		model->compiled = true;
	}
	*ret = model->schema;
	if (model->refused)
		*ret_refused = model->refused;
	return 0;
}

/* --- what a method asks for -------------------------------------------------------------------------------------------------------- */

static int compare_parameters(const void *left, const void *right)
{
	const struct validator_parameter *one = left, *other = right;

	if (one->place != other->place)
		return one->place < other->place ? -1 : 1;
	return view_compare(one->name, other->name);
}

/* "method.request.path.id" -> PATH, "id". */
static bool parse_key(struct view key, struct validator_parameter *ret)
{
	static const struct {
		struct view start;
		enum validator_place place;
	} starts[] = {
		{ VIEW_INIT("method.request.header."), VALIDATOR_HEADER },
		{ VIEW_INIT("method.request.path."), VALIDATOR_PATH },
		{ VIEW_INIT("method.request.querystring."), VALIDATOR_QUERYSTRING },
	};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		if (view_starts_with(key, starts[i].start)) {
			ret->place = starts[i].place;
			ret->name = view_after(key, starts[i].start.count);
			return true;
		}
	}
	return false;
}

static int compile_parameters(struct validator_models *models, const struct json *map, struct validator *validator)
{
	struct validator_parameter *parameters =
		ARENA_NEW_ARRAY(models->arena, struct validator_parameter, json_count(map));
	size_t count = 0;

	if (!parameters)
		return -ENOMEM;
	JSON_EACH(entry, map)
	{
		if (!json_bool(entry, false) || !parse_key(json_name(entry), &parameters[count]))
			continue;
		parameters[count].name = arena_copy(models->arena, parameters[count].name);
		if (!parameters[count++].name.at)
			return -ENOMEM;
	}
	if (count > 1)
		qsort(parameters, count, sizeof *parameters, compare_parameters);
	validator->parameters = parameters;
	validator->parameter_count = count;
	return 0;
}

static int compile_bodies(
	struct validator_models *models, const struct json *map, struct validator *validator, const char **ret_refused)
{
	struct validator_body *bodies = ARENA_NEW_ARRAY(models->arena, struct validator_body, json_count(map));
	size_t count = 0;

	if (!bodies)
		return -ENOMEM;
	JSON_EACH(entry, map)
	{
		int error = schema_of(models, json_text(entry), &bodies[count].schema, ret_refused);

		if (error)
			return error;
		bodies[count].media_type = compile_lower(models->arena, json_name(entry));
		if (!bodies[count++].media_type.at)
			return -ENOMEM;
	}
	validator->bodies = bodies;
	validator->body_count = count;
	return 0;
}

int validator_compile(struct validator_models *models, const struct json *validators, const struct json *method,
	const struct validator **ret, const char **ret_refused)
{
	struct view id = json_find_text(method, "requestValidatorId");
	const struct json *named = NULL;
	struct validator *validator;
	int error = 0;

	JSON_EACH(item, id.count ? validators : NULL)
	{
		if (view_equals(json_find_text(item, "id"), id))
			named = item;
	}
	if (!named)
		return 0;
	validator = ARENA_NEW(models->arena, struct validator);
	if (!validator)
		return -ENOMEM;
	if (json_find_bool(named, "validateRequestParameters", false))
		error = compile_parameters(models, json_find(method, "requestParameters"), validator);
	if (!error && json_find_bool(named, "validateRequestBody", false))
		error = compile_bodies(models, json_find(method, "requestModels"), validator, ret_refused);
	if (!error && validator->parameter_count + validator->body_count > 0)
		*ret = validator;
	return error;
}

const struct validator_body *validator_find_body(const struct validator *validator, struct view media_type)
{
	const struct validator_body *otherwise = NULL;

	for (size_t i = 0; i < validator->body_count; i++) {
		const struct validator_body *body = &validator->bodies[i];

		if (view_equals_ignore_case(body->media_type, media_type))
			return body;
		if (view_equals_text(body->media_type, "$default"))
			otherwise = body;
	}
	return otherwise;
}

int validator_check_model(
	struct view api_id, const struct json *list, struct view name, struct view text, struct schema_error *why)
{
	struct validator_models models;
	struct validator_model *model;
	struct schema *schema = NULL;
	struct arena arena;
	int error = -ENOMEM;

	arena_init(&arena, NULL, COMPILE_ARENA_MAX_BYTES);
	validator_models_init(&models, &arena, api_id, list);
	*why = (struct schema_error){ .text = "its schema is no JSON object" };
	model = add_model(&models, name, text);
	if (model)
		error = model->is_json ? schema_compile(&arena, &model->value, resolve, &models, &schema, why)
				       : -EINVAL;
	if (!error)
		schema_fini(schema);
	arena_fini(&arena);
	return error == -EMSGSIZE ? -EINVAL : error;
}
