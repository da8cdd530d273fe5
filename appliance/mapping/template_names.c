/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, blocks and bytes: what all of the compiler leans on. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "appliance/base/table.h"
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

static uint32_t *name_place(const struct compiler_names *names, struct view name)
{
	size_t mask = names->room * 2 - 1, at = (size_t)table_hash(name) & mask;

	while (names->places[at] && !view_equals(names->names[names->places[at] - 1], name))
		at = (at + 1) & mask;
	return &names->places[at];
}

static int names_grow(struct compiler *compiler, struct compiler_names *names)
{
	size_t room = names->room ? names->room * 2 : NAMES_FIRST_ROOM;
	struct view *grown = ARENA_NEW_ARRAY(&compiler->scratch, struct view, room);
	uint32_t *places = ARENA_NEW_ARRAY(&compiler->scratch, uint32_t, room * 2);

	if (!grown || !places)
		return -ENOMEM;
	if (names->count)
		memcpy(grown, names->names, names->count * sizeof *grown);
	names->names = grown;
	names->places = places;
	names->room = room;
	for (size_t i = 0; i < names->count; i++)
		*name_place(names, grown[i]) = (uint32_t)i + 1;
	return 0;
}

/* The number of a name, which may be the next one. */
static int names_take(struct compiler *compiler, struct compiler_names *names, struct view name, size_t *ret)
{
	uint32_t *place;

	if (names->count == names->room && names_grow(compiler, names))
		return -ENOMEM;
	place = name_place(names, name);
	if (!*place) {
		if (names->count == TEMPLATE_SLOTS_MAX)
			return compiler_fail(compiler, name.at, "more than %d different names", TEMPLATE_SLOTS_MAX);
		names->names[names->count++] = name;
		*place = (uint32_t)names->count;
	}
	*ret = *place - 1;
	return 0;
}

int compiler_slot(struct compiler *compiler, struct view name, uint16_t *ret)
{
	size_t number = 0;
	int result = names_take(compiler, &compiler->variables, name, &number);

	*ret = (uint16_t)number;
	return result;
}

int compiler_macro(struct compiler *compiler, struct view name, struct template_macro **ret)
{
	size_t number = 0, room;
	int result = names_take(compiler, &compiler->macros, name, &number);

	if (result)
		return result;
	room = compiler->macros.room;
	if (compiler->macro_room < room) {
		struct template_macro **list = ARENA_NEW_ARRAY(&compiler->scratch, struct template_macro *, room);

		if (!list)
			return -ENOMEM;
		if (number)
			memcpy(list, compiler->macro_list, number * sizeof *list);
		compiler->macro_list = list;
		compiler->macro_room = room;
	}
	if (!compiler->macro_list[number]) {
		compiler->macro_list[number] = ARENA_NEW(compiler->arena, struct template_macro);
		if (!compiler->macro_list[number])
			return -ENOMEM;
		compiler->macro_list[number]->name = name;
	}
	*ret = compiler->macro_list[number];
	return 0;
}

bool compiler_knows_macro(const struct compiler *compiler, struct view name)
{
	uint32_t place = compiler->macros.room ? *name_place(&compiler->macros, name) : 0;

	return place && compiler->macro_list[place - 1]->body;
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
