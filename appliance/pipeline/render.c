/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/render.h"

#include <errno.h>

#include "appliance/mapping/input.h"
#include "appliance/mapping/template.h"
#include "appliance/pipeline/context_value.h"
#include "appliance/pipeline/integrate_parts.h"
#include "appliance/pipeline/values.h"

/* Bodies from here on have room made for their output beforehand. */
#define LARGE_BODY_BYTES 65536

/* ---- what templates see ---- */

/* One rendering: the request, and the body that is $input's. */
struct source {
	struct pipeline *p;
	struct view body;
};

static struct view source_body(void *context)
{
	const struct source *source = context;

	return source->body;
}

static struct view source_parameter(void *context, enum template_place place, struct view name)
{
	struct source *source = context;

	switch (place) {
	case TEMPLATE_PATH:
		return values_path(source->p, name);
	case TEMPLATE_QUERYSTRING:
		return values_query(source->p, name);
	case TEMPLATE_HEADER:
		return values_header(source->p, name);
	}
	return (struct view){ 0 };
}

static bool put_text(struct pipeline *p, struct value_map *map, struct view name, struct view value)
{
	return name.at && value.at &&
	       value_map_put_in(&p->exchange->arena, map, value_text(name), value_text(value)) == 0;
}

/* All parameters of a place, each name once, with its last value; NULL without memory. */
static struct value_map *parameters_of(struct pipeline *p, enum template_place place)
{
	const struct http1_head *head = &p->exchange->request;
	struct uri_query query = values_query_of(p);
	struct value_map *map = ARENA_NEW(&p->exchange->arena, struct value_map);
	struct view name, value;
	bool fits = map != NULL;

	switch (place) {
	case TEMPLATE_PATH:
		for (size_t i = 0; fits && i < p->match.parameter_count; i++)
			fits = put_text(p, map, p->match.parameters[i].name, p->match.parameters[i].value);
		break;
	case TEMPLATE_QUERYSTRING:
		while (fits && uri_query_next(&query, &name, &value, NULL))
			/* One without '=' is there, and empty. */
			fits = put_text(
				p, map, values_decode(p, name), value.at ? values_decode(p, value) : view_of(""));
		break;
	case TEMPLATE_HEADER:
		for (size_t i = 0; fits && i < head->header_count; i++) {
			if (values_header_is_seen(&head->headers[i]))
				fits = put_text(p, map, head->headers[i].name, head->headers[i].value);
		}
		break;
	}
	return fits ? map : NULL;
}

static bool source_parameter_next(
	void *context, enum template_place place, size_t *cursor, struct view *ret_name, struct view *ret_value)
{
	struct pipeline *p = ((struct source *)context)->p;
	const struct value_map *map = p->parameter_maps[place];

	if (!map)
		map = p->parameter_maps[place] = parameters_of(p, place);
	if (!map || *cursor >= map->count)
		return false;
	*ret_name = view_from(map->entries[*cursor].key.text, map->entries[*cursor].key.count);
	*ret_value = view_from(map->entries[*cursor].value.text, map->entries[*cursor].value.count);
	++*cursor;
	return true;
}

static enum template_found source_context(void *context, struct view path, int slot, struct value *ret)
{
	struct pipeline *p = ((struct source *)context)->p;
	struct view text;
	int64_t number;

	if (slot < 0)
		slot = context_slot(path);
	if (slot < 0)
		return TEMPLATE_ABSENT;
	if (context_kind(slot) == CONTEXT_IS_GROUP)
		return TEMPLATE_GROUP;
	if (context_number(p, (enum context_slot)slot, &number)) {
		*ret = value_integer(number);
		return TEMPLATE_VALUE;
	}
	text = context_text(p, (enum context_slot)slot);
	if (!text.at)
		return TEMPLATE_ABSENT;
	*ret = value_text(text);
	return TEMPLATE_VALUE;
}

static bool source_context_next(void *context, struct view path, size_t *cursor, struct view *ret_name)
{
	return context_walk(((struct source *)context)->p, path, cursor, ret_name) >= 0;
}

static struct view source_variable(void *context, struct view name)
{
	return resolve_variable(&((struct source *)context)->p->resolved, name);
}

static bool source_variable_next(void *context, size_t *cursor, struct view *ret_name, struct view *ret_value)
{
	const struct snapshot_variables *variables = ((struct source *)context)->p->resolved.variables;

	if (!variables || *cursor >= variables->count)
		return false;
	*ret_name = variables->at[*cursor].name;
	*ret_value = variables->at[*cursor].value;
	++*cursor;
	return true;
}

static const struct template_source source_calls = {
	.body = source_body,
	.parameter = source_parameter,
	.parameter_next = source_parameter_next,
	.context = source_context,
	.context_next = source_context_next,
	.stage_variable = source_variable,
	.stage_variable_next = source_variable_next,
};

/* ---- running ---- */

static enum verdict fail(struct pipeline *p, const char *why, const char *text)
{
	enum verdict verdict = integrate_misconfigured(p, why);

	if (p->log)
		execution_log_printf(p->log, "%s: %s", why, text);
	return verdict;
}

/* Render `template` over `body`, which becomes the output. 0 or a negative errno, with `*run` saying why. */
static int render(struct pipeline *p, const struct integration_template *template, struct source *source,
	struct template_run *run, struct view *ret)
{
	struct buffer output;
	int error = 0;

	p->template_body = source->body;
	if (!p->has_overrides)
		error = template_overrides_init(&p->overrides, &p->exchange->arena);
	p->has_overrides = error == 0;
	template_run_init(run, &p->exchange->arena, &source_calls, source, &p->overrides, p->worker->patterns);
	if (error)
		return template_no_memory(run);
	if (!template->program)
		return template_fail(run, "the template does not compile");
	/* A template receives text only (spec/rest-dataplane.md 8.2). */
	if (!view_is_utf8(source->body))
		return template_fail(run, "the body is no text");
	buffer_init_arena(&output, &p->exchange->arena, run->limits.output_bytes);
	/* An arena does not take back what a buffer has outgrown: a large body mostly becomes one of about its size. */
	if (source->body.count >= LARGE_BODY_BYTES && source->body.count < run->limits.output_bytes)
		(void)buffer_reserve(&output, source->body.count);
	error = template_render(template->program, run, &output);
	if (!error && buffer_error(&output))
		error = buffer_error(&output);
	if (error)
		return error;
	*ret = output.count > 0 ? buffer_view(&output) : view_of("");
	return 0;
}

/* ---- overrides as texts ---- */

#define REPEATED "a parameter is overridden twice"
/* Each override takes so many steps besides those of its value. */
#define OVERRIDE_STEPS 8
/* Room for overrides at first. */
#define OVERRIDES_ROOM 8

/* One more. 0 or a negative errno. */
static int add_override(
	struct template_run *run, struct render_overrides *overrides, struct view name, struct view value)
{
	size_t count = overrides->field_count, room = OVERRIDES_ROOM;
	struct http_field *fields;

	if (count == RENDER_OVERRIDES_MAX)
		return template_fail(run, "there are more than %d overrides", RENDER_OVERRIDES_MAX);
	/* Full at OVERRIDES_ROOM and each power of two behind it. */
	if (count == 0 || (count >= OVERRIDES_ROOM && (count & (count - 1)) == 0)) {
		room = count ? 2 * count : room;
		fields = ARENA_NEW_ARRAY(run->arena, struct http_field, room);
		if (!fields)
			return template_no_memory(run);
		for (size_t i = 0; i < count; i++)
			fields[i] = overrides->fields[i];
		overrides->fields = fields;
	}
	overrides->fields[overrides->field_count++] = (struct http_field){ .name = name, .value = value };
	return 0;
}

/*
 * What the entries of a map (NULL: it has none) are sent as. A value may be a block, which runs only now, and which may change this very
 * map: it grows, and its entries move. What is added is taken too. 0 or a negative errno.
 */
static int settle(struct template_run *run, const struct value_map *map, struct render_overrides *ret)
{
	*ret = (struct render_overrides){ 0 };
	for (size_t i = 0; map && i < map->count; i++) {
		struct value_entry entry = map->entries[i];
		struct view name, value;
		int error = template_work(run, OVERRIDE_STEPS);

		if (!error)
			error = value_to_text(run, entry.key, false, &name);
		if (!error)
			error = template_override_text(run, entry.value, &value);
		if (!error && value.at && name.count > 0)
			error = add_override(run, ret, name, value);
		if (error)
			return error;
	}
	return 0;
}

/* ---- overrides of the integration request ---- */

static const enum mapping_target_kind targets[TEMPLATE_PLACE_COUNT] = {
	[TEMPLATE_PATH] = MAPPING_TO_REQUEST_PATH,
	[TEMPLATE_QUERYSTRING] = MAPPING_TO_REQUEST_QUERYSTRING,
	[TEMPLATE_HEADER] = MAPPING_TO_REQUEST_HEADER,
};

static bool is_same(const struct integrate_parameter *parameter, enum mapping_target_kind kind, struct view name)
{
	if (parameter->kind != kind)
		return false;
	return kind == MAPPING_TO_REQUEST_HEADER ? view_equals_ignore_case(parameter->name, name)
						 : view_equals(parameter->name, name);
}

/* In the place of what was mapped to the same name. */
static void override_parameter(
	struct pipeline *p, size_t mapped_count, enum mapping_target_kind kind, const struct http_field *field)
{
	for (size_t i = 0; i < mapped_count; i++) {
		if (is_same(&p->parameters[i], kind, field->name))
			p->parameters[i].name = (struct view){ 0 };
	}
	p->parameters[p->parameter_count++] =
		(struct integrate_parameter){ .kind = kind, .name = field->name, .value = field->value };
}

/* Take out those whose name was taken away. */
static void close_gaps(struct pipeline *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->parameter_count; i++) {
		if (p->parameters[i].name.at)
			p->parameters[count++] = p->parameters[i];
	}
	p->parameter_count = count;
}

/* Move all that was mapped, and what overrides it, to new room. */
static int override_request(struct pipeline *p, struct template_run *run)
{
	size_t mapped_count = p->parameter_count, room = mapped_count;
	struct render_overrides overrides[TEMPLATE_PLACE_COUNT];
	struct integrate_parameter *parameters;

	for (unsigned place = 0; place < TEMPLATE_PLACE_COUNT; place++) {
		int error = settle(
			run, template_request_overrides(&p->overrides, (enum template_place)place), &overrides[place]);

		if (error)
			return error;
		room += overrides[place].field_count;
	}
	if (template_overrides_repeated(&p->overrides))
		return template_fail(run, REPEATED);
	if (room == mapped_count)
		return 0;
	parameters = ARENA_NEW_ARRAY(&p->exchange->arena, struct integrate_parameter, room);
	if (!parameters)
		return template_no_memory(run);
	for (size_t i = 0; i < mapped_count; i++)
		parameters[i] = p->parameters[i];
	p->parameters = parameters;
	for (unsigned place = 0; place < TEMPLATE_PLACE_COUNT; place++) {
		for (size_t i = 0; i < overrides[place].field_count; i++)
			override_parameter(p, mapped_count, targets[place], &overrides[place].fields[i]);
	}
	ASSERT(p->parameter_count <= room);
	close_gaps(p);
	return 0;
}

enum verdict render_request(struct pipeline *p, const struct integration_template *template)
{
	struct source source = { .p = p, .body = p->mapped_body };
	struct template_run run;
	int error = render(p, template, &source, &run, &p->mapped_body);

	if (!error && p->overrides.touched)
		error = override_request(p, &run);
	if (!error)
		return VERDICT_NEXT;
	if (error == -EBADMSG) {
		if (p->log)
			execution_log_printf(p->log, "Execution failed: %s", run.error);
		return state_fail_with(p, GATEWAY_RESPONSE_BAD_REQUEST_BODY, view_of(INPUT_NOT_JSON),
			"a template reads the body, which is not JSON");
	}
	return fail(p, "Unable to transform request", run.error);
}

/* ---- the response ---- */

enum verdict render_response(struct pipeline *p, const struct integration_template *template)
{
	struct source source = { .p = p, .body = p->body };
	struct template_run run;

	if (render(p, template, &source, &run, &p->body))
		return fail(p, "Unable to transform response", run.error);
	return VERDICT_NEXT;
}

enum verdict render_response_overrides(struct pipeline *p, struct render_overrides *ret)
{
	struct source source = { .p = p, .body = p->template_body };
	struct template_run run;
	int error;

	*ret = (struct render_overrides){ 0 };
	if (!p->has_overrides || !p->overrides.touched)
		return VERDICT_NEXT;
	template_run_init(&run, &p->exchange->arena, &source_calls, &source, &p->overrides, p->worker->patterns);
	error = settle(&run, template_response_headers(&p->overrides), ret);
	if (!error && template_overrides_repeated(&p->overrides))
		error = template_fail(&run, REPEATED);
	if (error)
		return fail(p, "Unable to transform response", run.error);
	ret->status = template_response_status(&p->overrides);
	return VERDICT_NEXT;
}
