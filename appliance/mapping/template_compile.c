/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiling text: what is text, what is a comment, where references and directives begin, what backslashes mean. */
#include <errno.h>
#include <stdio.h>

#include "appliance/mapping/template_compiler.h"

/* --- Text ----------------------------------------------------------------------------------------------------------- */

static int emit_text(struct compiler *compiler, const char *from, const char *to)
{
	struct compiler_block *block = compiler->block;
	struct view text = view_from(from, (size_t)(to - from));

	if (!text.count)
		return 0;
	/* Pieces that stand side by side in the source are one. */
	if (block->count && block->ops[block->count - 1].kind == OP_TEXT) {
		struct view *last = &block->ops[block->count - 1].text;

		if (last->at + last->count == from) {
			last->count += text.count;
			return 0;
		}
	}
	return compiler_emit(compiler, &(struct template_op){ .kind = OP_TEXT, .text = text });
}

/* The place is at "##": the rest of the line goes, with its end. */
static void skip_line_comment(struct compiler *compiler)
{
	while (compiler->at < compiler->end && *compiler->at != '\n' && *compiler->at != '\r')
		compiler->at++;
	if (compiler_sees(compiler, '\r'))
		compiler->at++;
	if (compiler_sees(compiler, '\n'))
		compiler->at++;
}

/* What stands up to `closing`, which is taken; false if it is not there, and then it is all the rest. */
static bool take_until(struct compiler *compiler, struct view closing, struct view *ret)
{
	struct view rest = view_from(compiler->at, (size_t)(compiler->end - compiler->at));
	size_t count = view_find(rest, closing);

	*ret = view_part(rest, 0, count);
	compiler->at = count == VIEW_NOWHERE ? compiler->end : compiler->at + count + closing.count;
	return count != VIEW_NOWHERE;
}

/* --- What Velocity's lexer makes of a '$' or '#' that begins nothing ---------------------------------------------- */

static struct view directive_name(struct compiler *compiler);

/* Does a reference begin at `at` bytes from the place? */
static bool is_reference_ahead(const struct compiler *compiler, size_t at)
{
	char byte;

	if (compiler_byte(compiler, at) != '$')
		return false;
	at += compiler_byte(compiler, at + 1) == '!' ? 2 : 1;
	at += compiler_byte(compiler, at) == '{';
	byte = view_lower_byte(compiler_byte(compiler, at));
	return (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* Are there only blanks between the place and a #set? Then it moves there. */
static bool skip_to_set(struct compiler *compiler)
{
	const char *start = compiler->at;

	while (compiler->at < compiler->end && compiler_is_blank(*compiler->at))
		compiler->at++;
	if (compiler_sees(compiler, '#') && view_equals(directive_name(compiler), view_of("set")))
		return true;
	compiler->at = start;
	return false;
}

static bool loses_dollars(struct view name)
{
	return view_equals(name, view_of("if")) || view_equals(name, view_of("elseif")) ||
	       view_equals(name, view_of("else")) || view_equals(name, view_of("end")) ||
	       view_equals(name, view_of("set"));
}

/*
 * The place is behind a '$' that begins no reference. Does it print? Not directly in front of #if, #else, #end and #set, nor in front of
 * blanks and #set, which go with it; nor do more of them in a row. A '!' behind it prints in front of a reference, and else is lost. The place moves behind all that.
 */
static bool lone_dollar(struct compiler *compiler, const char **ret_end)
{
	const char *start, *end;

	*ret_end = compiler->at;
	if (compiler_sees(compiler, '!') && compiler_byte(compiler, 1) != '{') {
		bool prints = is_reference_ahead(compiler, 1);

		compiler->at++;
		if (prints) {
			*ret_end = compiler->at;
			return true;
		}
	}
	start = compiler->at;
	if (start >= compiler->dollars && start <= compiler->dollars_end)
		return true; /* a long run is not read again for each of them */
	while (compiler_sees(compiler, '$'))
		compiler->at++;
	end = compiler->at;
	if (compiler_sees(compiler, '#') && loses_dollars(directive_name(compiler)))
		return false;
	if (skip_to_set(compiler))
		return false;
	compiler->at = start;
	compiler->dollars = start;
	compiler->dollars_end = end;
	return true;
}

/* Backslashes between a '$' or '#' that begins nothing and a reference escape nothing. */
static int lone_backslash(struct compiler *compiler)
{
	const char *start = compiler->at, *end = start;

	while (end < compiler->end && *end == '\\')
		end++;
	if (end == compiler->end || *end != '$')
		return 0;
	compiler->at = end;
	return emit_text(compiler, start, end);
}

/* --- References ----------------------------------------------------------------------------------------------------- */

/* Print a reference; text that stands directly before becomes one instruction with it. */
static int emit_reference(struct compiler *compiler, const struct template_reference *reference)
{
	struct compiler_block *block = compiler->block;
	struct template_op op = {
		.kind = OP_REFERENCE, .slot = reference->slot, .text = view_of(""), .reference = reference
	};

	if (reference->root == ROOT_VARIABLE && !reference->escaped && !reference->backslashes) {
		if (!reference->step_count)
			op.kind = OP_VARIABLE;
		else if (reference->step_count == 1 && reference->steps->kind == STEP_PROPERTY)
			op.kind = OP_MEMBER;
	}
	if (block->count && block->label != block->count && block->ops[block->count - 1].kind == OP_TEXT) {
		op.text = block->ops[block->count - 1].text;
		block->ops[block->count - 1] = op;
		return 0;
	}
	return compiler_emit(compiler, &op);
}

/* The place is at a '$' behind `backslashes`. Text before them is emitted. */
static int text_reference(struct compiler *compiler, size_t backslashes)
{
	struct template_reference *reference;
	const char *start = compiler->at, *end;
	bool is;
	int result = compiler_reference(compiler, backslashes, &reference, &is);

	if (result)
		return result;
	if (is)
		return emit_reference(compiler, reference);
	compiler->at++;
	is = lone_dollar(compiler, &end);
	result = emit_text(compiler, start - backslashes, is ? end : start);
	if (compiler->at == compiler->end && !compiler->in_text)
		return compiler_fail(compiler, start, "'$' is the last byte");
	return result ? result : lone_backslash(compiler);
}

/* --- '#' ------------------------------------------------------------------------------------------------------------ */

/* The name behind the '#' at the place: `word`, or `{word}`; empty if there is none. The place does not move. */
static struct view directive_name(struct compiler *compiler)
{
	const char *at = compiler->at;
	bool braces;
	struct view name;

	compiler->at++;
	braces = compiler_sees(compiler, '{');
	compiler->at += braces;
	name = compiler_take_word(compiler);
	if (braces && !compiler_sees(compiler, '}'))
		name.count = 0;
	if (name.count == 1 && name.at[0] == '@')
		name.count = 0;
	compiler->at = at;
	return name;
}

/* Backslashes in front of the directive `name`, whose '#' is at the place. An odd number makes it text. */
static int escaped_directive(struct compiler *compiler, size_t backslashes, struct view name, bool *ret_text)
{
	/* Pairs in front of #set are no escapes: so it is in Velocity. */
	bool known = compiler_is_directive(compiler, name) && ((backslashes & 1) || !view_equals(name, view_of("set")));
	size_t printed = known ? backslashes / 2 : backslashes;
	int result = emit_text(compiler, compiler->at - printed, compiler->at);

	*ret_text = backslashes & 1;
	if (!result && *ret_text) {
		const char *end = name.at + name.count + (compiler_byte(compiler, 1) == '{');

		result = emit_text(compiler, compiler->at, end);
		compiler->at = end;
	}
	return result;
}

/* The place is at a '#' behind `backslashes`; all text before them is emitted. */
static int text_hash(struct compiler *compiler, size_t backslashes, enum compiler_ending *ret_ending)
{
	const char *start = compiler->at;
	struct view name = directive_name(compiler), raw;
	bool text;
	int result;

	if (name.count) {
		result = escaped_directive(compiler, backslashes, name, &text);
		return result || text ? result : compiler_directive(compiler, ret_ending);
	}
	result = emit_text(compiler, start - backslashes, start);
	if (result)
		return result;
	if (compiler_byte(compiler, 1) == '#') {
		skip_line_comment(compiler);
	} else if (compiler_byte(compiler, 1) == '*') {
		compiler->at += 2;
		(void)take_until(compiler, view_of("*#"), &raw);
	} else if (compiler_byte(compiler, 1) == '[' && compiler_byte(compiler, 2) == '[') {
		compiler->at += 3;
		if (!take_until(compiler, view_of("]]#"), &raw))
			return compiler_fail(compiler, start, "']]#' is missing");
		return emit_text(compiler, raw.at, raw.at + raw.count);
	} else {
		compiler->at++;
		if (skip_to_set(compiler))
			return 0;
		result = emit_text(compiler, start, compiler->at);
		return result ? result : lone_backslash(compiler);
	}
	return 0;
}

/* --- The walk ------------------------------------------------------------------------------------------------------- */

static bool is_special(char byte)
{
	return byte == '$' || byte == '#' || byte == '\\';
}

/* Is a #set at the place, with its bracket? */
static bool sees_set(struct compiler *compiler)
{
	struct view name;
	const char *at;

	if (!compiler_sees(compiler, '#'))
		return false;
	name = directive_name(compiler);
	at = name.at + name.count + (compiler_byte(compiler, 1) == '{');
	while (at < compiler->end && compiler_is_blank(*at))
		at++;
	return view_equals(name, view_of("set")) && at < compiler->end && *at == '(';
}

/* Blanks, and nothing else, between the last thing that was no text and a #set belong to the #set. */
static bool is_taken_by_set(struct compiler *compiler, const char *start)
{
	for (const char *at = start; at < compiler->at; at++) {
		if (!compiler_is_blank(*at))
			return false;
	}
	return start < compiler->at && sees_set(compiler);
}

int compiler_text(struct compiler *compiler, enum compiler_ending *ret)
{
	int result = compiler_enter(compiler);

	*ret = ENDING_TEXT;
	while (!result && *ret == ENDING_TEXT && compiler->at < compiler->end) {
		const char *start = compiler->at;
		size_t backslashes = 0;

		while (compiler->at < compiler->end && !is_special(*compiler->at))
			compiler->at++;
		if (!is_taken_by_set(compiler, start))
			result = emit_text(compiler, start, compiler->at);
		start = compiler->at;
		while (compiler_sees(compiler, '\\'))
			compiler->at++;
		backslashes = (size_t)(compiler->at - start);
		if (result)
			break;
		if (compiler_sees(compiler, '$'))
			result = text_reference(compiler, backslashes);
		else if (compiler_sees(compiler, '#'))
			result = text_hash(compiler, backslashes, ret);
		else
			result = emit_text(compiler, start, compiler->at);
	}
	if (!result)
		compiler_leave(compiler);
	return result;
}

/* --- The whole ------------------------------------------------------------------------------------------------------ */

static uint16_t find_slot(const struct compiler *compiler, struct view name)
{
	for (size_t i = 0; i < compiler->variables.count; i++) {
		if (view_equals(compiler->variables.names[i], name))
			return (uint16_t)i;
	}
	return TEMPLATE_NO_SLOT;
}

static int finish(struct compiler *compiler)
{
	struct template *template = compiler->template;
	struct view *names = arena_alloc(compiler->arena, compiler->variables.count * sizeof *names);

	if (!names)
		return -ENOMEM;
	if (compiler->variables.count)
		memcpy(names, compiler->variables.names, compiler->variables.count * sizeof *names);
	template->names = names;
	template->slot_count = (uint16_t)compiler->variables.count;
	template->source_bytes = (uint32_t)compiler->count;
	template->site_count = (uint16_t)(compiler->site_count + 1);
	template->context_slot = compiler->options->context_slot;
	template->input = find_slot(compiler, view_of("input"));
	template->util = find_slot(compiler, view_of("util"));
	template->context = find_slot(compiler, view_of("context"));
	template->stage_variables = find_slot(compiler, view_of("stageVariables"));
	template->foreach = find_slot(compiler, view_of("foreach"));
	template->velocity_count = find_slot(compiler, view_of("velocityCount"));
	template->velocity_has_next = find_slot(compiler, view_of("velocityHasNext"));
	template->body_content = find_slot(compiler, view_of("bodyContent"));
	template->text = view_of("");
	template->literal = template->main[0].kind == OP_END ||
			    (template->main[0].kind == OP_TEXT && template->main[1].kind == OP_END);
	if (template->literal && template->main[0].kind == OP_TEXT)
		template->text = template->main[0].text;
	return 0;
}

static int compile(struct compiler *compiler)
{
	enum compiler_ending ending;
	struct compiler_block block;
	int result;

	compiler_block_begin(compiler, &block);
	result = compiler_text(compiler, &ending);
	if (!result && ending != ENDING_TEXT)
		result = compiler_fail(compiler, compiler->at, "#end or #else without its beginning");
	if (!result)
		result = compiler_block_end(compiler, &compiler->template->main);
	return result ? result : finish(compiler);
}

int template_compile(struct template **ret, struct arena *arena, struct view text,
	const struct template_options *options, struct template_error *ret_error)
{
	static const struct template_options no_options;
	struct template_error error = { 0 };
	struct compiler compiler = { .arena = arena, .options = options ? options : &no_options, .error = &error };
	struct view copy;
	int result = -EMSGSIZE;

	if (text.count > TEMPLATE_MAX_BYTES) {
		snprintf(error.text, sizeof error.text, "a template has at most %d bytes", TEMPLATE_MAX_BYTES);
		goto out;
	}
	copy = arena_copy(arena, text);
	compiler.template = ARENA_NEW(arena, struct template);
	result = -ENOMEM;
	if (!copy.at || !compiler.template)
		goto out;
	arena_init(&compiler.scratch, arena->pool, COMPILER_SCRATCH_MAX_BYTES);
	compiler.start = compiler.at = copy.at;
	compiler.end = copy.at + copy.count;
	compiler.count = copy.count;
	result = compile(&compiler);
	arena_fini(&compiler.scratch);
	if (!result)
		*ret = compiler.template;
out:
	if (ret_error)
		*ret_error = error;
	return result;
}

bool template_is_literal(const struct template *template, struct view *ret)
{
	if (template->literal)
		*ret = template->text;
	return template->literal;
}
