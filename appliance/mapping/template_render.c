/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running programs: one function for each instruction that is more than a line. Source: spec/vtl.md 3, 4, 6–8. */
#include <errno.h>

#include "appliance/mapping/input.h"
#include "appliance/mapping/template_program.h"
#include "appliance/mapping/utility.h"

/* Room for a text in double quotes at first. */
#define TEXT_ROOM 64

/* --- Text and references -------------------------------------------------------------------------------------------- */

static void print_backslashes(const struct template_reference *reference, struct buffer *out)
{
	for (unsigned i = 0; i < reference->backslashes; i++)
		buffer_append_byte(out, '\\');
}

/* "\$name" is "$name" if there is such a thing, else it stays. */
static void print_escaped(const struct template_reference *reference, struct value value, struct buffer *out)
{
	print_backslashes(reference, out);
	if (value_is_null(value))
		buffer_append_byte(out, '\\');
	buffer_append(out, reference->source);
}

static int run_reference(struct template_run *run, const struct template_reference *reference, struct buffer *out)
{
	struct value value;
	int result;

	if (reference->escaped) {
		result = template_dereference(run, reference, reference->step_count, &value);
		if (!result)
			print_escaped(reference, value, out);
		return result;
	}
	if (reference->backslashes)
		print_backslashes(reference, out);
	return template_print_reference(run, reference, out);
}

int template_block_text(struct template_run *run, const struct template_op *block, struct view *ret)
{
	struct template_frame *frame = run->frame;
	struct buffer *out = frame->out;
	struct buffer text;
	int result;

	buffer_init_arena(&text, run->arena, VALUE_TEXT_MAX_BYTES);
	(void)buffer_reserve(&text, TEXT_ROOM);
	frame->out = &text;
	result = template_run_block(run, block);
	frame->out = out;
	*ret = text.count ? buffer_view(&text) : view_of("");
	if (result == RUN_STOP)
		frame->stopped = true;
	if (result < 0)
		return result;
	return buffer_error(&text) ? template_no_memory(run) : template_work(run, text.count / 64);
}

/* --- #foreach ------------------------------------------------------------------------------------------------------- */

/* The variables that a loop lends: what they were before comes back. */
struct loop_variables {
	uint16_t slots[4];
	struct value saved[4];
};

static void save_variables(struct template_frame *frame, uint16_t item, struct loop_variables *ret)
{
	const struct template *template = frame->template;

	ret->slots[0] = item;
	ret->slots[1] = template->foreach;
	ret->slots[2] = template->velocity_count;
	ret->slots[3] = template->velocity_has_next;
	for (int i = 0; i < 4; i++) {
		if (ret->slots[i] != TEMPLATE_NO_SLOT)
			ret->saved[i] = frame->variables[ret->slots[i]];
	}
}

static void restore_variables(struct template_frame *frame, const struct loop_variables *saved)
{
	for (int i = 3; i >= 0; i--) {
		if (saved->slots[i] != TEMPLATE_NO_SLOT)
			frame->variables[saved->slots[i]] = saved->saved[i];
	}
}

/* $foreach of a loop that begins; NULL in `*ret` if the template never looks at it. */
static int start_loop(struct template_run *run, struct template_loop **ret)
{
	struct template_frame *frame = run->frame;
	struct value outer;

	*ret = NULL;
	if (frame->template->foreach == TEMPLATE_NO_SLOT)
		return 0;
	*ret = ARENA_NEW(run->arena, struct template_loop);
	if (!*ret)
		return template_no_memory(run);
	(*ret)->object.class = &template_loop_class;
	outer = frame->variables[frame->template->foreach];
	if (outer.kind == VALUE_OBJECT && outer.object->class == &template_loop_class)
		(*ret)->parent = (struct template_loop *)outer.object;
	frame->variables[frame->template->foreach] = value_object(&(*ret)->object);
	return 0;
}

static int run_items(struct template_run *run, const struct template_op *op, const struct value_walk *walk,
	struct template_loop *loop)
{
	struct template_frame *frame = run->frame;
	const struct template *template = frame->template;
	size_t count = walk->count < run->limits.iterations ? walk->count : run->limits.iterations;
	int result = 0;

	for (size_t i = 0; !result && i < count; i++) {
		frame->variables[op->slot] = value_walk_at(walk, i);
		if (loop)
			loop->index = (uint32_t)i;
		if (template->velocity_count != TEMPLATE_NO_SLOT)
			frame->variables[template->velocity_count] = value_integer((int64_t)i + 1);
		if (template->velocity_has_next != TEMPLATE_NO_SLOT)
			frame->variables[template->velocity_has_next] = value_boolean(i + 1 < walk->count);
		result = template_run_block(run, op->body);
		if (buffer_error(frame->out)) /* full: whoever asked is told at the end */
			break;
	}
	return result == RUN_BREAK ? 0 : result;
}

static int run_foreach(struct template_run *run, const struct template_op *op)
{
	struct template_frame *frame = run->frame;
	struct loop_variables saved;
	struct template_loop *loop;
	struct value_walk walk;
	struct value list;
	bool can = false;
	int result = template_evaluate(run, op->node, &list);

	if (!result)
		result = value_walk_start(run, list, &walk, &can);
	if (result || !can || !walk.count)
		return result;
	save_variables(frame, op->slot, &saved);
	result = start_loop(run, &loop);
	if (loop)
		loop->count = (uint32_t)walk.count;
	if (!result)
		result = run_items(run, op, &walk, loop);
	restore_variables(frame, &saved);
	return result;
}

/* --- Macros --------------------------------------------------------------------------------------------------------- */

/*
 * Arguments are put into the variables of the parameters' names, and what was there comes back: a macro that is called from another sees that
 * one's arguments, and #set of other names is seen by the caller, as in Velocity.
 */
static int run_macro(struct template_run *run, const struct template_op *op, const struct template_macro *macro,
	struct value arguments[TEMPLATE_ARGUMENTS_MAX])
{
	struct template_frame *frame = run->frame;
	uint16_t body_slot = op->block ? frame->template->body_content : TEMPLATE_NO_SLOT;
	struct value saved[TEMPLATE_ARGUMENTS_MAX], body = value_null();
	int result = 0;

	for (size_t i = 0; i < macro->count; i++) {
		saved[i] = frame->variables[macro->slots[i]];
		frame->variables[macro->slots[i]] = i < op->count ? arguments[i] : value_null();
	}
	if (body_slot != TEMPLATE_NO_SLOT) {
		body = frame->variables[body_slot];
		result = template_block_new(run, op->block, &frame->variables[body_slot]);
	}
	if (!result)
		result = template_run_block(run, macro->body);
	if (body_slot != TEMPLATE_NO_SLOT)
		frame->variables[body_slot] = body;
	for (size_t i = macro->count; i > 0; i--)
		frame->variables[macro->slots[i - 1]] = saved[i - 1];
	return result == RUN_BREAK ? 0 : result;
}

static int run_call(struct template_run *run, const struct template_op *op)
{
	struct template_frame *frame = run->frame;
	struct value arguments[TEMPLATE_ARGUMENTS_MAX];
	int result = 0;

	if (!op->macro->body) {
		buffer_append(frame->out, op->text);
		return 0;
	}
	for (size_t i = 0; !result && i < op->count; i++)
		result = template_evaluate(run, &op->nodes[i], &arguments[i]);
	return result ? result : run_macro(run, op, op->macro, arguments);
}

/* --- #evaluate ------------------------------------------------------------------------------------------------------ */

/* Variables of one name go from one program to another. */
static void copy_variables(const struct template_frame *from, struct template_frame *to)
{
	for (size_t i = 0; i < to->template->slot_count; i++) {
		for (size_t k = 0; k < from->template->slot_count; k++) {
			if (view_equals(to->template->names[i], from->template->names[k]))
				to->variables[i] = from->variables[k];
		}
	}
}

static int start_frame(
	struct template_run *run, const struct template *template, struct buffer *out, struct template_frame **ret);

static int run_evaluate(struct template_run *run, const struct template_op *op)
{
	struct template_frame *outer = run->frame, *inner;
	struct template_options options = { .context_slot = outer->template->context_slot };
	struct template_error error;
	struct template *program;
	struct value value;
	struct view text;
	int result = template_evaluate(run, op->node, &value);

	if (result || value_is_null(value))
		return result;
	result = value_to_text(run, value, false, &text);
	if (!result)
		result = template_work(run, text.count + 1);
	if (result)
		return result;
	result = template_compile(&program, run->arena, text, &options, &error);
	if (result)
		return result == -ENOMEM ? template_no_memory(run) : template_fail(run, "#evaluate: %s", error.text);
	result = template_work(run, (size_t)program->slot_count * outer->template->slot_count / 16);
	if (!result)
		result = start_frame(run, program, outer->out, &inner);
	if (result)
		return result;
	copy_variables(outer, inner);
	run->frame = inner;
	result = template_run_block(run, program->main);
	run->frame = outer;
	copy_variables(inner, outer);
	return result == RUN_BREAK ? 0 : result;
}

/* --- The loop ------------------------------------------------------------------------------------------------------- */

static int run_set(struct template_run *run, const struct template_op *op)
{
	struct value value;
	int result = template_evaluate(run, op->node, &value);

	return result ? result : template_assign(run, op->reference, value);
}

static inline int print_variable(struct template_run *run, struct value value, struct buffer *out)
{
	if (value.kind == VALUE_TEXT) {
		template_append(out, value.text, value.count);
		return 0;
	}
	return value_is_null(value) ? 0 : value_print(run, value, out);
}

static int run_ops(struct template_run *run, struct template_frame *frame, const struct template_op *op)
{
	int result = 0;
	bool truth;

	for (; !result; op++) {
		if (__builtin_expect(frame->stopped, 0))
			return RUN_STOP;
		if (__builtin_expect(run->steps_left == 0, 0))
			return template_work_slowly(run);
		run->steps_left--;
		switch ((enum template_op_kind)op->kind) {
		case OP_END:
			return 0;
		case OP_TEXT:
			template_append(frame->out, op->text.at, op->text.count);
			break;
		case OP_VARIABLE:
			template_append(frame->out, op->text.at, op->text.count);
			result = print_variable(run, frame->variables[op->slot], frame->out);
			break;
		case OP_MEMBER:
			template_append(frame->out, op->text.at, op->text.count);
			result = template_print_member(run, op->reference, frame->out);
			break;
		case OP_REFERENCE:
			template_append(frame->out, op->text.at, op->text.count);
			result = run_reference(run, op->reference, frame->out);
			break;
		case OP_SET:
			result = run_set(run, op);
			break;
		case OP_UNLESS:
			result = template_is_true(run, op->node, &truth);
			if (truth)
				break;
			/* fall through */
		case OP_JUMP:
			op += op->jump - 1;
			break;
		case OP_FOREACH:
			result = run_foreach(run, op);
			break;
		case OP_DEFINE:
			result = template_block_new(run, op->body, &frame->variables[op->slot]);
			break;
		case OP_CALL:
			result = run_call(run, op);
			break;
		case OP_EVALUATE:
			result = run_evaluate(run, op);
			break;
		case OP_BREAK:
			return RUN_BREAK;
		case OP_STOP:
			return RUN_STOP;
		}
	}
	return result;
}

int template_run_block(struct template_run *run, const struct template_op *block)
{
	int result;

	if (run->depth == run->limits.depth)
		return template_fail(run, "more than %u blocks and macros inside each other", run->limits.depth);
	run->depth++;
	result = run_ops(run, run->frame, block);
	run->depth--;
	return result;
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

/* A frame with its variables: what the engine and the presets give. In the arena, for blocks may outlive the run. */
static int start_frame(
	struct template_run *run, const struct template *template, struct buffer *out, struct template_frame **ret)
{
	const struct template_source *source = run->source;
	struct template_frame *frame = ARENA_NEW(run->arena, struct template_frame);
	int result = 0;

	if (!frame)
		return template_no_memory(run);
	frame->template = template;
	frame->out = out;
	frame->variables = ARENA_NEW_ARRAY(run->arena, struct value, template->slot_count);
	frame->hints = arena_alloc_zero(run->arena, template->site_count);
	if (!frame->variables || !frame->hints)
		return template_no_memory(run);
	if (source && source->body && template->input != TEMPLATE_NO_SLOT)
		result = input_value(run, &frame->variables[template->input]);
	if (source && source->body && template->util != TEMPLATE_NO_SLOT)
		frame->variables[template->util] = utility_value();
	if (!result && source && source->context && template->context != TEMPLATE_NO_SLOT)
		result = template_context_value(run, view_of(""), &frame->variables[template->context]);
	if (source && source->stage_variable && template->stage_variables != TEMPLATE_NO_SLOT)
		frame->variables[template->stage_variables] = template_stage_variables_value();
	for (size_t i = 0; !result && i < run->preset_count; i++) {
		for (size_t slot = 0; slot < template->slot_count; slot++) {
			if (view_equals(template->names[slot], run->presets[i].name))
				frame->variables[slot] = run->presets[i].value;
		}
	}
	*ret = frame;
	return result;
}

int template_render(const struct template *template, struct template_run *run, struct buffer *out)
{
	struct template_frame *frame;
	size_t limit = out->limit_bytes, before = out->count;
	int result;

	if (template->literal) {
		buffer_append(out, template->text);
		return buffer_error(out);
	}
	run->steps_left = run->limits.steps;
	run->depth = 0;
	run->nesting = 0;
	run->matches = (struct pattern_budget){ 0 };
	run->error[0] = '\0';
	result = start_frame(run, template, out, &frame);
	if (result)
		return result;
	if (limit > out->count && limit - out->count > run->limits.output_bytes)
		out->limit_bytes = out->count + run->limits.output_bytes;
	if (template->source_bytes < out->limit_bytes - out->count)
		(void)buffer_reserve(out, template->source_bytes); /* not byte by byte from the smallest room */
	run->frame = frame;
	result = template_run_block(run, template->main);
	run->frame = NULL;
	out->limit_bytes = limit;
	if (result < 0)
		return result;
	if (!buffer_error(out) && out->count - before > run->limits.output_bytes)
		out->error = -EMSGSIZE; /* the room was there before the limit */
	if (buffer_error(out))
		template_fail(run, "the output is longer than %zu bytes", run->limits.output_bytes);
	return buffer_error(out);
}
