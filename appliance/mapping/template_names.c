/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, blocks and bytes: what all of the compiler leans on. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "appliance/mapping/template_compiler.h"

#define NAMES_FIRST_ROOM 32
#define OPS_FIRST_ROOM 16

int compiler_fail(struct compiler *compiler, const char *at, const char *format, ...)
{
	struct template_error *error = compiler->error;
	va_list arguments;

	/* A text whose quotes were undoubled is a copy: its places can't be told. */
	if (at && (at < compiler->start || at > compiler->start + compiler->count))
		at = NULL;
	error->line = error->column = 0;
	if (at) {
		error->line = error->column = 1;
		for (const char *byte = compiler->start; byte < at; byte++) {
			error->column++;
			if (*byte == '\n') {
				error->line++;
				error->column = 1;
			}
		}
	}
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int compiler_enter(struct compiler *compiler)
{
	if (compiler->nesting == TEMPLATE_NESTING_MAX)
		return compiler_fail(
			compiler, compiler->at, "more than %d things inside each other", TEMPLATE_NESTING_MAX);
	compiler->nesting++;
	return 0;
}

/* --- Names ---------------------------------------------------------------------------------------------------------- */

static uint16_t *name_place(struct compiler *compiler, struct view name)
{
	size_t mask = compiler->name_room * 2 - 1, at = (size_t)table_hash(name) & mask;

	while (compiler->name_index[at] && !view_equals(compiler->names[compiler->name_index[at] - 1], name))
		at = (at + 1) & mask;
	return &compiler->name_index[at];
}

static int names_grow(struct compiler *compiler)
{
	size_t room = compiler->name_room ? compiler->name_room * 2 : NAMES_FIRST_ROOM;
	struct view *names = ARENA_NEW_ARRAY(&compiler->scratch, struct view, room);
	uint16_t *name_index = ARENA_NEW_ARRAY(&compiler->scratch, uint16_t, room * 2);

	if (!names || !name_index)
		return -ENOMEM;
	if (compiler->name_count)
		memcpy(names, compiler->names, compiler->name_count * sizeof *names);
	compiler->names = names;
	compiler->name_index = name_index;
	compiler->name_room = room;
	for (size_t i = 0; i < compiler->name_count; i++)
		*name_place(compiler, names[i]) = (uint16_t)(i + 1);
	return 0;
}

int compiler_slot(struct compiler *compiler, struct view name, uint16_t *ret)
{
	uint16_t *place;

	if (compiler->name_count == compiler->name_room && names_grow(compiler))
		return -ENOMEM;
	place = name_place(compiler, name);
	if (!*place) {
		if (compiler->name_count == TEMPLATE_SLOTS_MAX)
			return compiler_fail(compiler, name.at, "more than %d variables", TEMPLATE_SLOTS_MAX);
		compiler->names[compiler->name_count++] = name;
		*place = (uint16_t)compiler->name_count;
	}
	*ret = (uint16_t)(*place - 1);
	return 0;
}

int compiler_macro(struct compiler *compiler, struct view name, struct template_macro **ret)
{
	*ret = table_find(&compiler->macros, name);
	if (*ret)
		return 0;
	*ret = ARENA_NEW(compiler->arena, struct template_macro);
	if (!*ret)
		return -ENOMEM;
	(*ret)->name = name;
	return table_add(&compiler->macros, name, *ret);
}

bool compiler_knows_macro(const struct compiler *compiler, struct view name)
{
	const struct template_macro *macro = table_find(&compiler->macros, name);

	return macro && macro->body;
}

/* --- Blocks --------------------------------------------------------------------------------------------------------- */

void compiler_block_begin(struct compiler *compiler, struct compiler_block *block)
{
	*block = (struct compiler_block){ .outer = compiler->block };
	compiler->block = block;
}

int compiler_emit(struct compiler *compiler, const struct template_op *op)
{
	struct compiler_block *block = compiler->block;

	if (block->count == block->room) {
		size_t room = block->room ? block->room * 2 : OPS_FIRST_ROOM;
		struct template_op *ops = arena_alloc(&compiler->scratch, room * sizeof *ops);

		if (!ops)
			return -ENOMEM;
		if (block->count)
			memcpy(ops, block->ops, block->count * sizeof *ops);
		block->ops = ops;
		block->room = room;
	}
	block->ops[block->count++] = *op;
	return 0;
}

int compiler_block_end(struct compiler *compiler, const struct template_op **ret)
{
	struct compiler_block *block = compiler->block;
	struct template_op *ops;

	if (compiler_emit(compiler, &(struct template_op){ .kind = OP_END }))
		return -ENOMEM;
	ops = arena_alloc(compiler->arena, block->count * sizeof *ops);
	if (!ops)
		return -ENOMEM;
	memcpy(ops, block->ops, block->count * sizeof *ops);
	compiler->block = block->outer;
	*ret = ops;
	return 0;
}

/* --- Bytes ---------------------------------------------------------------------------------------------------------- */

struct view compiler_take_name(struct compiler *compiler)
{
	const char *start = compiler->at;

	while (compiler->at < compiler->end &&
		(compiler_is_letter(*compiler->at) || compiler_is_digit(*compiler->at) || *compiler->at == '-'))
		compiler->at++;
	return view_from(start, (size_t)(compiler->at - start));
}

struct view compiler_take_word(struct compiler *compiler)
{
	const char *start = compiler->at;

	if (compiler->at < compiler->end && (compiler_is_letter(*compiler->at) || *compiler->at == '@'))
		compiler->at++;
	else
		return view_from(start, 0);
	while (compiler->at < compiler->end && (compiler_is_letter(*compiler->at) || compiler_is_digit(*compiler->at)))
		compiler->at++;
	return view_from(start, (size_t)(compiler->at - start));
}

void compiler_gobble(struct compiler *compiler)
{
	const char *at = compiler->at;

	while (at < compiler->end && compiler_is_blank(*at))
		at++;
	if (at < compiler->end && *at == '\r')
		compiler->at = at + 1 < compiler->end && at[1] == '\n' ? at + 2 : at + 1;
	else if (at < compiler->end && *at == '\n')
		compiler->at = at + 1;
}
