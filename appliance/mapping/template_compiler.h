/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template_compiler: what the files of the compiler share: the place in the text, the names, the block being built. Private to
 * template_compile.c (text and directives), template_parse.c (expressions), template_reference.c and template_names.c.
 *
 * Functions return 0, -EINVAL after compiler_fail(), or -ENOMEM.
 */
#ifndef POSTERN_MAPPING_TEMPLATE_COMPILER_H
#define POSTERN_MAPPING_TEMPLATE_COMPILER_H

#include "appliance/base/arena.h"
#include "appliance/mapping/template_program.h"

/* Memory that compiling takes beside the program; a template of 300 KB needs about a tenth. */
#define COMPILER_SCRATCH_MAX_BYTES ((size_t)64 << 20)

/* Operators in operators, as deep as the tree may be. */
#define COMPILER_EXPRESSION_DEPTH_MAX 64

struct compiler_block {
	struct template_op *ops; /* in the scratch arena */
	size_t count, room;
	size_t label; /* where a jump leads to: what stands there does not become one with what stands before */
	struct compiler_block *outer;
};

/* Different names, each with a number from 0 on. All in the scratch arena: #evaluate compiles in the middle of a request. */
struct compiler_names {
	struct view *names;
	uint32_t *places; /* hash table of numbers + 1 */
	size_t count, room;
};

struct compiler {
	struct arena *arena; /* the program's */
	struct arena scratch;
	const char *at, *end; /* what is being read: the template, or a text in double quotes of it */
	const char *start;    /* of the whole template, for places of errors */
	size_t count;         /* of the whole template */
	struct template *template;
	const struct template_options *options;
	struct template_error *error;
	struct compiler_block *block;
	struct compiler_names variables; /* their numbers are the slots */
	struct compiler_names macros;
	struct template_macro **macro_list; /* by number: called ones may be defined later */
	size_t macro_room;
	unsigned nesting;
	uint16_t site_count;
	const char *dollars, *dollars_end; /* the last run of '$' that was looked behind and prints */
	bool in_text;                      /* inside a text in double quotes */
};

/* --- template_names.c ----------------------------------------------------------------------------------------------- */

/* What is wrong at `at` (NULL: nowhere to be told). Returns -EINVAL. */
int compiler_fail(struct compiler *compiler, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The slot of a variable. */
int compiler_slot(struct compiler *compiler, struct view name, uint16_t *ret) __attribute__((warn_unused_result));

/* The macro of that name, made (without a body) if there is none. */
int compiler_macro(struct compiler *compiler, struct view name, struct template_macro **ret)
	__attribute__((warn_unused_result));
bool compiler_knows_macro(const struct compiler *compiler, struct view name);

/* Blocks: begin, append instructions, end: the block with its OP_END in the program's arena. */
void compiler_block_begin(struct compiler *compiler, struct compiler_block *block);
int compiler_emit(struct compiler *compiler, const struct template_op *op) __attribute__((warn_unused_result));
int compiler_block_end(struct compiler *compiler, const struct template_op **ret) __attribute__((warn_unused_result));

/* Deeper, and back. */
int compiler_enter(struct compiler *compiler) __attribute__((warn_unused_result));
static inline void compiler_leave(struct compiler *compiler)
{
	compiler->nesting--;
}

/* --- Reading bytes -------------------------------------------------------------------------------------------------- */

static inline bool compiler_sees(const struct compiler *compiler, char byte)
{
	return compiler->at < compiler->end && *compiler->at == byte;
}

/* The byte `ahead` of the place, or NUL behind the end. */
static inline char compiler_byte(const struct compiler *compiler, size_t ahead)
{
	return ahead < (size_t)(compiler->end - compiler->at) ? compiler->at[ahead] : '\0';
}

static inline bool compiler_is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static inline bool compiler_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool compiler_is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Blanks and line ends. */
static inline void compiler_skip_space(struct compiler *compiler)
{
	while (compiler->at < compiler->end &&
		(compiler_is_blank(*compiler->at) || *compiler->at == '\n' || *compiler->at == '\r'))
		compiler->at++;
}

/* [A-Za-z_][A-Za-z0-9_-]*: the name of a variable or property; the place is at its first letter. */
struct view compiler_take_name(struct compiler *compiler);

/* [A-Za-z_@][A-Za-z0-9_]*, the name of a directive. */
struct view compiler_take_word(struct compiler *compiler);

/* Blanks and one line end, if nothing else stands on the line: what a directive takes with it. */
void compiler_gobble(struct compiler *compiler);

/* --- template_reference.c, template_parse.c, template_compile.c ----------------------------------------------------- */

/*
 * A reference, the place being at its '$'. False in `*ret_is` if what stands there is none, with the place unmoved. `backslashes` is
 * how many stand in front.
 */
int compiler_reference(struct compiler *compiler, size_t backslashes, struct template_reference **ret, bool *ret_is)
	__attribute__((warn_unused_result));

/* A whole expression; one that may be an argument: a reference, literal, list, range or map. */
int compiler_expression(struct compiler *compiler, struct template_node *ret) __attribute__((warn_unused_result));
int compiler_argument(struct compiler *compiler, struct template_node *ret) __attribute__((warn_unused_result));

/* Arguments up to `closing`, which is taken; commas between them, which may be absent if `loose`. */
int compiler_arguments(struct compiler *compiler, char closing, bool loose, const struct template_node **ret,
	uint16_t *ret_count) __attribute__((warn_unused_result));

/* Text up to what ends the block. */
enum compiler_ending { ENDING_TEXT, ENDING_END, ENDING_ELSE, ENDING_ELSEIF };
int compiler_text(struct compiler *compiler, enum compiler_ending *ret) __attribute__((warn_unused_result));

/* template_directive.c: the directive at the place (a '#' and a letter, '@' or brace); `*ret_ending` if it ends the block. */
int compiler_directive(struct compiler *compiler, enum compiler_ending *ret_ending) __attribute__((warn_unused_result));

/* Is it the name of a directive, or of a macro that is defined above? */
bool compiler_is_directive(const struct compiler *compiler, struct view word);

#endif
