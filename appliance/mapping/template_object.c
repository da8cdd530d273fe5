/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's own objects: $foreach, #define'd blocks, $context and its groups, $stageVariables. */
#include <errno.h>

#include "appliance/mapping/template_program.h"

/* --- $foreach ------------------------------------------------------------------------------------------------------- */

static const struct view loop_fields[] = {
	[LOOP_NONE] = VIEW_INIT(""),
	[LOOP_COUNT] = VIEW_INIT("count"),
	[LOOP_INDEX] = VIEW_INIT("index"),
	[LOOP_HAS_NEXT] = VIEW_INIT("hasNext"),
	[LOOP_FIRST] = VIEW_INIT("first"),
	[LOOP_LAST] = VIEW_INIT("last"),
	[LOOP_PARENT] = VIEW_INIT("parent"),
	[LOOP_TOPMOST] = VIEW_INIT("topmost"),
};

enum template_loop_field template_loop_field_find(struct view name)
{
	for (int field = LOOP_COUNT; field <= LOOP_TOPMOST; field++) {
		if (view_equals(loop_fields[field], name))
			return (enum template_loop_field)field;
	}
	return LOOP_NONE;
}

struct value template_loop_value(struct template_loop *loop, enum template_loop_field field)
{
	struct template_loop *top = loop;

	switch (field) {
	case LOOP_COUNT:
		return value_integer(loop->index + 1);
	case LOOP_INDEX:
		return value_integer(loop->index);
	case LOOP_HAS_NEXT:
		return value_boolean(loop->index + 1 < loop->count);
	case LOOP_FIRST:
		return value_boolean(loop->index == 0);
	case LOOP_LAST:
		return value_boolean(loop->index + 1 >= loop->count);
	case LOOP_PARENT:
		return loop->parent ? value_object(&loop->parent->object) : value_null();
	case LOOP_TOPMOST:
		while (top->parent)
			top = top->parent;
		return value_object(&top->object);
	case LOOP_NONE:
		break;
	}
	return value_null();
}

static int loop_property(struct template_run *run, struct value_object *self, struct view name, struct value *ret)
{
	(void)run;
	*ret = template_loop_value((struct template_loop *)self, template_loop_field_find(name));
	return 0;
}

const struct value_class template_loop_class = { .name = "ForeachScope", .property = loop_property };

/* --- Blocks --------------------------------------------------------------------------------------------------------- */

struct block {
	struct value_object object;
	const struct template_op *ops;
	struct template_frame *frame; /* whose variables it sees */
};

static int block_print(struct template_run *run, struct value_object *self, struct buffer *out)
{
	struct block *block = (struct block *)self;
	struct template_frame *frame = run->frame;
	struct buffer *frame_out = block->frame->out;
	int result;

	run->frame = block->frame;
	block->frame->out = out;
	result = template_run_block(run, block->ops);
	block->frame->out = frame_out;
	run->frame = frame;
	if (result == RUN_STOP && frame) /* NULL: an override is printed after the template */
		frame->stopped = true;
	return result < 0 ? result : 0;
}

static const struct value_class block_class = { .name = "Block", .print = block_print };

int template_block_new(struct template_run *run, const struct template_op *ops, struct value *ret)
{
	struct block *block = ARENA_NEW(run->arena, struct block);

	if (!block)
		return template_no_memory(run);
	block->object.class = &block_class;
	block->ops = ops;
	block->frame = run->frame;
	*ret = value_object(&block->object);
	return 0;
}

/* --- $context ------------------------------------------------------------------------------------------------------- */

struct context {
	struct value_object object;
	struct view path; /* of the group; "" for $context itself */
};

static int context_join(struct template_run *run, struct view path, struct view name, struct view *ret)
{
	char *joined;

	*ret = name;
	if (!path.count)
		return 0;
	joined = arena_alloc(run->arena, path.count + 1 + name.count);
	if (!joined)
		return template_no_memory(run);
	memcpy(joined, path.at, path.count);
	joined[path.count] = '.';
	memcpy(joined + path.count + 1, name.at, name.count);
	*ret = view_from(joined, path.count + 1 + name.count);
	return 0;
}

static int context_property(struct template_run *run, struct value_object *self, struct view name, struct value *ret)
{
	struct view path;
	int result = context_join(run, ((struct context *)self)->path, name, &path);

	return result ? result : template_context_find(run, path, -1, ret);
}

static int context_expand(struct template_run *run, struct value_object *self, struct value *ret)
{
	struct view group = ((struct context *)self)->path, name;
	struct value_map *map;
	size_t cursor = 0;
	int result = value_map_new(run, 0, &map);

	if (result)
		return result;
	map->silent = true;
	while (run->source->context_next && run->source->context_next(run->source_context, group, &cursor, &name)) {
		struct value value;

		result = template_work(run, 8);
		if (!result)
			result = context_property(run, self, name, &value);
		if (!result)
			result = value_map_put(run, map, value_text(name), value, NULL);
		if (result)
			return result;
	}
	*ret = value_map(map);
	return 0;
}

static const struct value_class context_class = {
	.name = "context", .property = context_property, .expand = context_expand
};

int template_context_value(struct template_run *run, struct view path, struct value *ret)
{
	struct context *context = ARENA_NEW(run->arena, struct context);

	if (!context)
		return template_no_memory(run);
	context->object.class = &context_class;
	context->path = path;
	*ret = value_object(&context->object);
	return 0;
}

bool template_is_context(struct value value)
{
	return value.kind == VALUE_OBJECT && value.object->class == &context_class &&
	       ((struct context *)value.object)->path.count == 0;
}

int template_context_find(struct template_run *run, struct view path, int slot, struct value *ret)
{
	*ret = value_missing();
	if (run->overrides && view_equals(path, view_of("requestOverride"))) {
		run->overrides->touched = true;
		*ret = value_map(&run->overrides->request);
		return 0;
	}
	if (run->overrides && view_equals(path, view_of("responseOverride"))) {
		run->overrides->touched = true;
		*ret = value_map(&run->overrides->response);
		return 0;
	}
	switch (run->source->context(run->source_context, path, slot, ret)) {
	case TEMPLATE_GROUP:
		return template_context_value(run, path, ret);
	case TEMPLATE_VALUE:
		if (value_is_null(*ret))
			*ret = value_missing();
		return 0;
	case TEMPLATE_ABSENT:
		break;
	}
	*ret = value_missing();
	return 0;
}

/* --- $stageVariables ------------------------------------------------------------------------------------------------ */

struct value template_stage_variable_find(struct template_run *run, struct view name)
{
	struct view value = run->source->stage_variable(run->source_context, name);

	return value.at ? value_text(value) : value_missing();
}

static int stage_variables_property(
	struct template_run *run, struct value_object *self, struct view name, struct value *ret)
{
	(void)self;
	*ret = template_stage_variable_find(run, name);
	return 0;
}

static int stage_variables_expand(struct template_run *run, struct value_object *self, struct value *ret)
{
	struct view name, value;
	struct value_map *map;
	size_t cursor = 0;
	int result = value_map_new(run, 0, &map);

	(void)self;
	while (!result && run->source->stage_variable_next &&
		run->source->stage_variable_next(run->source_context, &cursor, &name, &value)) {
		result = template_work(run, 1);
		if (!result)
			result = value_map_put(run, map, value_text(name), value_text(value), NULL);
	}
	if (!result)
		*ret = value_map(map);
	return result;
}

static int stage_variables_print(struct template_run *run, struct value_object *self, struct buffer *out)
{
	struct value map = value_null();
	int result = stage_variables_expand(run, self, &map);

	return result ? result : value_print(run, map, out);
}

static const struct value_class stage_variables_class = { .name = "stageVariables",
	.property = stage_variables_property,
	.expand = stage_variables_expand,
	.print = stage_variables_print };

struct value template_stage_variables_value(void)
{
	static struct value_object object = { .class = &stage_variables_class };

	return value_object(&object);
}

bool template_is_stage_variables(struct value value)
{
	return value.kind == VALUE_OBJECT && value.object->class == &stage_variables_class;
}
