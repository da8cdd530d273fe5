/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run is made of, why it fails, and the overrides that it leaves. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "appliance/mapping/template_program.h"

const struct template_limits template_limits_default = {
	.iterations = TEMPLATE_ITERATIONS_MAX,
	.steps = TEMPLATE_STEPS_MAX,
	.depth = TEMPLATE_DEPTH_MAX,
	.output_bytes = TEMPLATE_OUTPUT_MAX_BYTES,
};

void template_run_init(struct template_run *run, struct arena *arena, const struct template_source *source,
	void *source_context, struct template_overrides *overrides, struct pattern_scratch *patterns)
{
	*run = (struct template_run){ .arena = arena,
		.source = source,
		.source_context = source_context,
		.overrides = overrides,
		.patterns = patterns,
		.limits = template_limits_default,
		.steps_left = TEMPLATE_STEPS_MAX };
}

int template_fail(struct template_run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run->error, sizeof run->error, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int template_no_memory(struct template_run *run)
{
	snprintf(run->error, sizeof run->error, "the template takes more memory than a request may have");
	return -ENOMEM;
}

int template_work_slowly(struct template_run *run)
{
	run->steps_left = 0;
	snprintf(run->error, sizeof run->error, "the template takes more than %u steps", run->limits.steps);
	return -E2BIG;
}

/* --- Overrides ------------------------------------------------------------------------------------------------------ */

static int add_map(struct arena *arena, struct value_map *map, struct view name)
{
	struct value_map *inner = ARENA_NEW(arena, struct value_map);

	if (!inner)
		return -ENOMEM;
	inner->silent = true;
	return value_map_put_in(arena, map, value_text(name), value_map(inner));
}

int template_overrides_init(struct template_overrides *overrides, struct arena *arena)
{
	*overrides = (struct template_overrides){ .request = { .silent = true }, .response = { .silent = true } };
	/* In the order in which AWS enumerates them (spec/vtl.md 14). */
	if (add_map(arena, &overrides->request, view_of("path")) ||
		add_map(arena, &overrides->request, view_of("header")) ||
		add_map(arena, &overrides->request, view_of("querystring")))
		return -ENOMEM;
	return add_map(arena, &overrides->response, view_of("header"));
}

static const struct value_map *find_map(const struct value_map *map, struct view name)
{
	const struct value *found = value_map_find_text(map, name);

	return found && found->kind == VALUE_MAP ? found->map : NULL;
}

const struct value_map *template_request_overrides(
	const struct template_overrides *overrides, enum template_place place)
{
	static const struct view names[TEMPLATE_PLACE_COUNT] = {
		[TEMPLATE_PATH] = VIEW_INIT("path"),
		[TEMPLATE_QUERYSTRING] = VIEW_INIT("querystring"),
		[TEMPLATE_HEADER] = VIEW_INIT("header"),
	};

	return find_map(&overrides->request, names[place]);
}

const struct value_map *template_response_headers(const struct template_overrides *overrides)
{
	return find_map(&overrides->response, view_of("header"));
}

int template_response_status(const struct template_overrides *overrides)
{
	const struct value *status = value_map_find_text(&overrides->response, view_of("status"));
	uint64_t number = 0;

	if (!status)
		return 0;
	if (status->kind == VALUE_INTEGER && status->integer > 0)
		number = (uint64_t)status->integer;
	else if (status->kind == VALUE_TEXT && view_parse_u64(value_view(*status), 599, &number))
		return 0;
	return number >= 100 && number <= 599 ? (int)number : 0;
}

bool template_overrides_repeated(const struct template_overrides *overrides)
{
	const struct value_map *header = template_response_headers(overrides), *map;

	for (unsigned place = 0; place < TEMPLATE_PLACE_COUNT; place++) {
		map = template_request_overrides(overrides, (enum template_place)place);
		if (map && map->silent && map->repeated)
			return true;
	}
	if (!header || !header->silent)
		return false;
	return header->repeated || (overrides->response.repeated && template_response_status(overrides) != 0);
}

int template_override_text(struct template_run *run, struct value value, struct view *ret)
{
	struct value_walk walk;
	struct buffer text;
	struct view item;
	bool can;
	int result;

	*ret = (struct view){ 0 };
	value = value_current(run, value);
	if (value_is_null(value))
		return 0;
	if (value.kind != VALUE_LIST && value.kind != VALUE_JSON_ARRAY)
		return value_to_text(run, value, false, ret);
	result = value_walk_start(run, value, &walk, &can);
	buffer_init_arena(&text, run->arena, VALUE_TEXT_MAX_BYTES);
	for (size_t i = 0; !result && i < walk.count; i++) {
		if (i)
			buffer_append_byte(&text, ',');
		result = value_to_text(run, value_walk_at(&walk, i), false, &item);
		if (!result)
			buffer_append(&text, item);
	}
	if (!result && buffer_error(&text))
		result = template_no_memory(run);
	if (!result)
		*ret = text.count ? buffer_view(&text) : view_of("");
	return result;
}
