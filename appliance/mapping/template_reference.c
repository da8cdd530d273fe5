/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiling references: $name, ${name}, $!name and what follows: .property, .method(…), [index]. Source: spec/vtl.md 2, 3. */
#include <errno.h>

#include "appliance/mapping/method.h"
#include "appliance/mapping/template_compiler.h"

/* Steps of one reference; programs nest no deeper by them, but no template has so many. */
#define STEPS_MAX 256

/* Steps that are being read. */
struct steps {
	struct template_step *steps;
	size_t count, room;
};

static int step_add(struct compiler *compiler, struct steps *steps, const struct template_step *step)
{
	if (steps->count == STEPS_MAX)
		return compiler_fail(compiler, compiler->at, "a reference of more than %d steps", STEPS_MAX);
	if (steps->count == steps->room) {
		size_t room = steps->room ? steps->room * 2 : 4;
		struct template_step *grown = arena_alloc(&compiler->scratch, room * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		if (steps->count)
			memcpy(grown, steps->steps, steps->count * sizeof *grown);
		steps->steps = grown;
		steps->room = room;
	}
	steps->steps[steps->count++] = *step;
	return 0;
}

/* Constant arguments are values at once; the first one may be worth preparing. */
static int step_fold(struct compiler *compiler, struct template_step *step)
{
	struct value *values;

	for (size_t i = 0; i < step->count; i++) {
		if (step->arguments[i].kind != NODE_CONSTANT)
			goto first;
	}
	values = ARENA_NEW_ARRAY(compiler->arena, struct value, step->count);
	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < step->count; i++)
		values[i] = step->arguments[i].constant;
	step->values = values;
	step->constant = true;
first:
	if (step->kind == STEP_METHOD && step->count && step->arguments[0].kind == NODE_CONSTANT &&
		step->arguments[0].constant.kind == VALUE_TEXT)
		return method_prepare(compiler->arena, (enum method_id)step->method,
			value_view(step->arguments[0].constant), &step->prepared);
	return 0;
}

static int parse_index(struct compiler *compiler, struct template_step *step)
{
	struct template_node *node = ARENA_NEW(compiler->arena, struct template_node);
	int result;

	if (!node)
		return -ENOMEM;
	compiler->at++;
	compiler_skip_space(compiler);
	result = compiler_argument(compiler, node);
	if (result)
		return result;
	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, ']'))
		return compiler_fail(compiler, compiler->at, "']' is missing behind an index");
	compiler->at++;
	*step = (struct template_step){ .kind = STEP_INDEX, .count = 1, .arguments = node };
	if (node->kind == NODE_CONSTANT && node->constant.kind == VALUE_TEXT)
		step->name = value_view(node->constant);
	return step_fold(compiler, step);
}

/* The place is at the dot, behind which a letter stands. */
static int parse_member(struct compiler *compiler, struct template_step *step)
{
	int result;

	compiler->at++;
	*step = (struct template_step){ .kind = STEP_PROPERTY, .name = compiler_take_name(compiler) };
	step->field = (uint8_t)template_loop_field_find(step->name);
	if (!compiler_sees(compiler, '(')) {
		step->site = compiler->site_count;
		if (compiler->site_count < UINT16_MAX - 1) /* beyond, hints are shared */
			compiler->site_count++;
		return 0;
	}
	compiler->at++;
	step->kind = STEP_METHOD;
	step->method = (uint16_t)method_by_name(step->name);
	result = compiler_arguments(compiler, ')', false, &step->arguments, &step->count);
	return result ? result : step_fold(compiler, step);
}

static int parse_steps(struct compiler *compiler, struct steps *steps)
{
	int result = compiler_enter(compiler);

	while (!result) {
		struct template_step step;

		if (compiler_sees(compiler, '.') && compiler_is_letter(compiler_byte(compiler, 1)))
			result = parse_member(compiler, &step);
		else if (compiler_sees(compiler, '['))
			result = parse_index(compiler, &step);
		else
			break;
		if (!result)
			result = step_add(compiler, steps, &step);
	}
	if (!result)
		compiler_leave(compiler);
	return result;
}

/* The name that a step adds to the path of a $context variable; `at` NULL if it is no constant one. */
static struct view step_name(const struct template_step *step)
{
	return step->kind == STEP_METHOD ? (struct view){ 0 } : step->name;
}

/* The overrides are maps, not variables of the source. */
static bool is_override(struct view name)
{
	return view_equals(name, view_of("requestOverride")) || view_equals(name, view_of("responseOverride"));
}

/* $context.a.b.c asks for "a.b.c" at once, $stageVariables.a for "a". */
static int find_path(struct compiler *compiler, struct template_reference *reference, struct view root)
{
	size_t count = 0, bytes = 0;
	char *path;

	if (view_equals(root, view_of("context")))
		reference->root = ROOT_CONTEXT;
	else if (view_equals(root, view_of("stageVariables")))
		reference->root = ROOT_STAGE_VARIABLES;
	while (reference->root && count < reference->step_count && count < UINT8_MAX &&
		step_name(&reference->steps[count]).at) {
		bytes += step_name(&reference->steps[count]).count + 1;
		count++;
		if (reference->root == ROOT_STAGE_VARIABLES || is_override(step_name(&reference->steps[0])))
			break;
	}
	reference->context_slot = -1;
	if (!count) {
		reference->root = ROOT_VARIABLE;
		return 0;
	}
	path = arena_alloc(compiler->arena, bytes);
	if (!path)
		return -ENOMEM;
	bytes = 0;
	for (size_t i = 0; i < count; i++) {
		struct view name = step_name(&reference->steps[i]);

		if (i)
			path[bytes++] = '.';
		memcpy(path + bytes, name.at, name.count);
		bytes += name.count;
	}
	reference->path = view_from(path, bytes);
	reference->path_count = (uint8_t)count;
	if (reference->root == ROOT_CONTEXT && compiler->options->context_slot)
		reference->context_slot = compiler->options->context_slot(reference->path);
	return 0;
}

/* Everything behind the '$', '!' and brace. */
static int parse_name(struct compiler *compiler, struct template_reference *reference)
{
	struct view name = compiler_take_name(compiler);
	struct template_step *copy;
	struct steps steps = { 0 };
	int result = compiler_slot(compiler, name, &reference->slot);

	if (!result)
		result = parse_steps(compiler, &steps);
	if (result)
		return result;
	if (steps.count) {
		copy = arena_alloc(compiler->arena, steps.count * sizeof *copy);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, steps.steps, steps.count * sizeof *copy);
		reference->steps = copy;
		reference->step_count = (uint16_t)steps.count;
	}
	return find_path(compiler, reference, name);
}

int compiler_reference(struct compiler *compiler, size_t backslashes, struct template_reference **ret, bool *ret_is)
{
	const char *start = compiler->at;
	size_t ahead = compiler_byte(compiler, 1) == '!' ? 2 : 1;
	bool formal = compiler_byte(compiler, ahead) == '{';
	struct template_reference *reference;
	int result;

	ahead += formal;
	*ret_is = compiler_is_letter(compiler_byte(compiler, ahead));
	if (!*ret_is)
		return 0;
	reference = ARENA_NEW(compiler->arena, struct template_reference);
	if (!reference)
		return -ENOMEM;
	compiler->at += ahead;
	result = parse_name(compiler, reference);
	if (result)
		return result;
	if (formal) {
		if (!compiler_sees(compiler, '}'))
			return compiler_fail(compiler, start, "'}' of this reference is missing");
		compiler->at++;
	}
	reference->formal = formal;
	reference->escaped = backslashes & 1;
	reference->backslashes = (uint16_t)(backslashes / 2 > UINT16_MAX ? UINT16_MAX : backslashes / 2);
	reference->source = view_from(start, (size_t)(compiler->at - start));
	*ret = reference;
	return 0;
}
