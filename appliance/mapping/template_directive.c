/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiling directives: #set, #if, #foreach, #macro, #define, calls of macros and the rest. Source: spec/vtl.md 4, 6–8, 10. */
#include <errno.h>

#include "appliance/mapping/template_compiler.h"

typedef int directive_function(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending);

/* --- Shared --------------------------------------------------------------------------------------------------------- */

/* The opening bracket, perhaps behind blanks; false and the place unmoved if there is none. */
static bool take_opening(struct compiler *compiler)
{
	const char *at = compiler->at;

	compiler_skip_space(compiler);
	if (compiler_sees(compiler, '(')) {
		compiler->at++;
		return true;
	}
	compiler->at = at;
	return false;
}

/* The closing bracket of a directive, and what it takes with it. */
static int take_closing(struct compiler *compiler)
{
	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, ')'))
		return compiler_fail(compiler, compiler->at, "')' of a directive is missing");
	compiler->at++;
	compiler_gobble(compiler);
	return 0;
}

static int need_opening(struct compiler *compiler, const char *start)
{
	return take_opening(compiler) ? 0 : compiler_fail(compiler, start, "'(' of this directive is missing");
}

/* A reference as an argument of a directive. */
static int take_reference(struct compiler *compiler, struct template_reference **ret)
{
	bool is = false;
	int result;

	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, '$'))
		return compiler_fail(compiler, compiler->at, "a reference is missing");
	result = compiler_reference(compiler, 0, ret, &is);
	if (!result && !is)
		result = compiler_fail(compiler, compiler->at, "'$' without a name");
	return result;
}

static int node_new(struct compiler *compiler, const struct template_node *node, const struct template_node **ret)
{
	struct template_node *copy = arena_alloc(compiler->arena, sizeof *copy);

	if (!copy)
		return -ENOMEM;
	*copy = *node;
	*ret = copy;
	return 0;
}

/* The body of a directive as a block of its own, up to its #end. */
static int take_body(struct compiler *compiler, const char *start, const struct template_op **ret)
{
	enum compiler_ending ending;
	struct compiler_block block;
	int result;

	compiler_block_begin(compiler, &block);
	result = compiler_text(compiler, &ending);
	if (!result && ending != ENDING_END)
		result = compiler_fail(compiler, start, "#end of this directive is missing");
	return result ? result : compiler_block_end(compiler, ret);
}

/* --- #set ----------------------------------------------------------------------------------------------------------- */

static int directive_set(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct template_reference *reference;
	struct template_op op = { .kind = OP_SET };
	struct template_node node;
	int result = need_opening(compiler, start);

	(void)ret_ending;
	if (!result)
		result = take_reference(compiler, &reference);
	if (result)
		return result;
	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, '='))
		return compiler_fail(compiler, compiler->at, "'=' of #set is missing");
	compiler->at++;
	result = compiler_expression(compiler, &node);
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = node_new(compiler, &node, &op.node);
	op.reference = reference;
	return result ? result : compiler_emit(compiler, &op);
}

/* --- #if ------------------------------------------------------------------------------------------------------------ */

/* Jumps to the end of an #if, linked through their `jump` until it is known: each has the position + 1 of the one before. */
struct branches {
	int32_t last;
};

static int emit_branch_end(struct compiler *compiler, struct branches *branches)
{
	int32_t position = (int32_t)compiler->block->count + 1;
	int result = compiler_emit(compiler, &(struct template_op){ .kind = OP_JUMP, .jump = branches->last });

	branches->last = position;
	return result;
}

static void patch(struct compiler *compiler, size_t position)
{
	compiler->block->ops[position].jump = (int32_t)(compiler->block->count - position);
	compiler->block->label = compiler->block->count;
}

static void patch_branches(struct compiler *compiler, const struct branches *branches)
{
	for (int32_t at = branches->last; at;) {
		int32_t next = compiler->block->ops[at - 1].jump;

		patch(compiler, (size_t)at - 1);
		at = next;
	}
}

static int emit_condition(struct compiler *compiler, const char *start)
{
	struct template_op op = { .kind = OP_UNLESS };
	struct template_node node;
	int result = need_opening(compiler, start);

	if (!result)
		result = compiler_expression(compiler, &node);
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = node_new(compiler, &node, &op.node);
	return result ? result : compiler_emit(compiler, &op);
}

static int directive_if(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct branches branches = { 0 };
	enum compiler_ending ending = ENDING_ELSEIF;
	int result = 0;

	(void)ret_ending;
	while (!result && ending == ENDING_ELSEIF) {
		size_t condition = compiler->block->count;

		result = emit_condition(compiler, start);
		if (!result)
			result = compiler_text(compiler, &ending);
		if (!result && ending != ENDING_END && ending != ENDING_TEXT)
			result = emit_branch_end(compiler, &branches);
		if (!result)
			patch(compiler, condition);
	}
	if (!result && ending == ENDING_ELSE)
		result = compiler_text(compiler, &ending);
	if (!result && ending != ENDING_END)
		result = compiler_fail(compiler, start, "#end of this #if is missing");
	if (result)
		return result;
	patch_branches(compiler, &branches);
	return 0;
}

static int directive_elseif(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	(void)compiler;
	(void)start;
	*ret_ending = ENDING_ELSEIF;
	return 0;
}

static int directive_else(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	(void)start;
	compiler_gobble(compiler);
	*ret_ending = ENDING_ELSE;
	return 0;
}

static int directive_end(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	(void)start;
	compiler_gobble(compiler);
	*ret_ending = ENDING_END;
	return 0;
}

/* --- #foreach ------------------------------------------------------------------------------------------------------- */

/* Blanks and commas, which mean nothing between what #foreach takes. */
static void skip_separators(struct compiler *compiler)
{
	compiler_skip_space(compiler);
	while (compiler_sees(compiler, ',')) {
		compiler->at++;
		compiler_skip_space(compiler);
	}
}

static int directive_foreach(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct template_op op = { .kind = OP_FOREACH };
	struct template_reference *reference;
	struct template_node node;
	struct view word;
	int result = need_opening(compiler, start);

	(void)ret_ending;
	if (!result)
		result = take_reference(compiler, &reference);
	if (result)
		return result;
	skip_separators(compiler);
	word = compiler_take_word(compiler);
	if (!word.count)
		return compiler_fail(compiler, compiler->at, "'in' of #foreach is missing");
	skip_separators(compiler);
	result = compiler_argument(compiler, &node);
	if (!view_equals(word, view_of("in"))) /* Velocity then walks nothing */
		node = (struct template_node){ .kind = NODE_CONSTANT };
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = node_new(compiler, &node, &op.node);
	if (!result)
		result = take_body(compiler, start, &op.body);
	op.slot = result ? 0 : reference->slot;
	return result ? result : compiler_emit(compiler, &op);
}

/* --- Macros --------------------------------------------------------------------------------------------------------- */

static int take_parameters(struct compiler *compiler, uint16_t slots[TEMPLATE_ARGUMENTS_MAX], uint16_t *ret_count)
{
	*ret_count = 0;
	for (;;) {
		struct template_reference *reference;
		int result;

		compiler_skip_space(compiler);
		if (compiler_sees(compiler, ')'))
			return 0;
		if (compiler_sees(compiler, ',')) {
			compiler->at++;
			continue;
		}
		if (*ret_count == TEMPLATE_ARGUMENTS_MAX)
			return compiler_fail(compiler, compiler->at, "more than %d parameters", TEMPLATE_ARGUMENTS_MAX);
		result = take_reference(compiler, &reference);
		if (result)
			return result;
		slots[(*ret_count)++] = reference->slot;
	}
}

static int directive_macro(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	uint16_t slots[TEMPLATE_ARGUMENTS_MAX], count = 0, *copy;
	const struct template_op *body;
	struct template_macro *macro;
	struct view name;
	int result = need_opening(compiler, start);

	(void)ret_ending;
	if (result)
		return result;
	compiler_skip_space(compiler);
	name = compiler_take_word(compiler);
	if (!name.count)
		return compiler_fail(compiler, compiler->at, "the name of a macro is missing");
	result = take_parameters(compiler, slots, &count);
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = take_body(compiler, start, &body);
	if (!result)
		result = compiler_macro(compiler, name, &macro);
	if (result || macro->body) /* the first one of a name stays */
		return result;
	copy = arena_alloc(compiler->arena, count * sizeof *copy);
	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, slots, count * sizeof *copy);
	macro->slots = copy;
	macro->count = count;
	macro->body = body;
	return 0;
}

/* A name that is no directive: the call of a macro, or text if there is never one. */
static int call(struct compiler *compiler, const char *start, struct view name)
{
	struct template_op op = { .kind = OP_CALL };
	struct template_macro *macro;
	bool with_block = name.at[0] == '@';
	int result;

	if (with_block)
		name = view_after(name, 1);
	result = compiler_macro(compiler, name, &macro);
	if (result)
		return result;
	op.macro = macro;
	if (take_opening(compiler)) {
		result = compiler_arguments(compiler, ')', true, &op.nodes, &op.count);
		compiler_gobble(compiler);
	}
	if (!result && with_block)
		result = take_body(compiler, start, &op.block);
	op.text = view_from(start, (size_t)(compiler->at - start));
	return result ? result : compiler_emit(compiler, &op);
}

/* --- #define, #evaluate, #literal, #stop, #break -------------------------------------------------------------------- */

static int directive_define(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct template_op op = { .kind = OP_DEFINE };
	struct template_reference *reference;
	int result = need_opening(compiler, start);

	(void)ret_ending;
	if (!result)
		result = take_reference(compiler, &reference);
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = take_body(compiler, start, &op.body);
	if (result)
		return result;
	op.slot = reference->slot;
	return compiler_emit(compiler, &op);
}

static int directive_evaluate(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct template_op op = { .kind = OP_EVALUATE };
	struct template_node node;
	int result = need_opening(compiler, start);

	(void)ret_ending;
	if (result)
		return result;
	compiler_skip_space(compiler);
	result = compiler_argument(compiler, &node);
	if (!result)
		result = take_closing(compiler);
	if (!result)
		result = node_new(compiler, &node, &op.node);
	return result ? result : compiler_emit(compiler, &op);
}

/* Arguments that mean nothing, if there are any. */
static int skip_arguments(struct compiler *compiler)
{
	const struct template_node *nodes;
	uint16_t count;
	int result = 0;

	if (take_opening(compiler)) {
		result = compiler_arguments(compiler, ')', true, &nodes, &count);
		compiler_gobble(compiler);
	}
	return result;
}

/* The body must be a template, and is printed as it is written. */
static int directive_literal(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	struct template_op op = { .kind = OP_TEXT };
	const struct template_op *body;
	const char *from, *to;
	int result = skip_arguments(compiler);

	(void)ret_ending;
	from = compiler->at;
	if (!result)
		result = take_body(compiler, start, &body);
	if (result)
		return result;
	for (to = compiler->at - 1; *to != '#'; to--) /* back to the '#' of #end */
		;
	op.text = view_from(from, (size_t)(to - from));
	return op.text.count ? compiler_emit(compiler, &op) : 0;
}

static int directive_stop(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	int result = skip_arguments(compiler);

	(void)start;
	(void)ret_ending;
	return result ? result : compiler_emit(compiler, &(struct template_op){ .kind = OP_STOP });
}

static int directive_break(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	int result = skip_arguments(compiler);

	(void)start;
	(void)ret_ending;
	return result ? result : compiler_emit(compiler, &(struct template_op){ .kind = OP_BREAK });
}

static int directive_file(struct compiler *compiler, const char *start, enum compiler_ending *ret_ending)
{
	(void)ret_ending;
	return compiler_fail(compiler, start, "#include and #parse need files, which templates do not have");
}

/* --- The table ------------------------------------------------------------------------------------------------------ */

static const struct directive {
	struct view name;
	directive_function *compile;
} directives[] = {
	{ VIEW_INIT("if"), directive_if },
	{ VIEW_INIT("end"), directive_end },
	{ VIEW_INIT("set"), directive_set },
	{ VIEW_INIT("else"), directive_else },
	{ VIEW_INIT("elseif"), directive_elseif },
	{ VIEW_INIT("foreach"), directive_foreach },
	{ VIEW_INIT("define"), directive_define },
	{ VIEW_INIT("macro"), directive_macro },
	{ VIEW_INIT("stop"), directive_stop },
	{ VIEW_INIT("break"), directive_break },
	{ VIEW_INIT("evaluate"), directive_evaluate },
	{ VIEW_INIT("literal"), directive_literal },
	{ VIEW_INIT("include"), directive_file },
	{ VIEW_INIT("parse"), directive_file },
};
#define DIRECTIVE_COUNT (sizeof directives / sizeof directives[0])

static const struct directive *find_directive(struct view name)
{
	for (size_t i = 0; i < DIRECTIVE_COUNT; i++) {
		if (view_equals(directives[i].name, name))
			return &directives[i];
	}
	return NULL;
}

bool compiler_is_directive(const struct compiler *compiler, struct view word)
{
	return find_directive(word) || compiler_knows_macro(compiler, word);
}

/* "#set" is one only with its bracket on the same line. */
static bool is_set_text(const struct compiler *compiler)
{
	const char *at = compiler->at;

	while (at < compiler->end && compiler_is_blank(*at))
		at++;
	return at == compiler->end || *at != '(';
}

int compiler_directive(struct compiler *compiler, enum compiler_ending *ret_ending)
{
	const char *start = compiler->at;
	const struct directive *directive;
	struct view name;
	bool braces;

	compiler->at++;
	braces = compiler_sees(compiler, '{');
	compiler->at += braces;
	name = compiler_take_word(compiler);
	compiler->at += braces;
	directive = find_directive(name);
	if (!directive || (directive->compile == directive_set && is_set_text(compiler)))
		return call(compiler, start, name);
	return directive->compile(compiler, start, ret_ending);
}
