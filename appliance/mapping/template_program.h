/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template_program: what a template is compiled to. Private to the template files.
 *
 * A block is an array of instructions that ends with OP_END: the template itself, the body of a #foreach, a #define, a macro, a block
 * call, and a text in double quotes that has references. #if is jumps inside one block. Expressions are trees of nodes.
 * Every name of a variable has a slot, a number; at run time the variables are an array. All of it lives in the
 * template's arena and never changes; texts are views into the template's copy of its source, or copies.
 */
#ifndef POSTERN_MAPPING_TEMPLATE_PROGRAM_H
#define POSTERN_MAPPING_TEMPLATE_PROGRAM_H

#include "appliance/mapping/template.h"
#include "appliance/mapping/value.h"

/* Different names of variables; and no macro or call has more arguments than 64. */
#define TEMPLATE_SLOTS_MAX 65534
#define TEMPLATE_ARGUMENTS_MAX 64
#define TEMPLATE_NO_SLOT UINT16_MAX

struct template_node;

/* --- References ----------------------------------------------------------------------------------------------------- */

enum template_step_kind {
	STEP_PROPERTY, /* .name */
	STEP_METHOD,   /* .name(…) */
	STEP_INDEX,    /* […] */
};

/* Properties of $foreach, known by number. */
enum template_loop_field {
	LOOP_NONE,
	LOOP_COUNT,
	LOOP_INDEX,
	LOOP_HAS_NEXT,
	LOOP_FIRST,
	LOOP_LAST,
	LOOP_PARENT,
	LOOP_TOPMOST,
};

struct template_step {
	uint8_t kind;  /* enum template_step_kind */
	uint8_t field; /* enum template_loop_field */
	bool constant; /* all arguments are: `values` has them */
	uint16_t method;
	uint16_t count; /* arguments; of an index 1 */
	uint16_t site;  /* of a property: its number, for template_frame.hints */
	struct view name;
	const struct template_node *arguments;
	const struct value *values;
	const void *prepared; /* method_prepare() */
};

/* What the root of a reference is, unless the template assigned the name. */
enum template_root {
	ROOT_VARIABLE,
	ROOT_CONTEXT, /* $context with `path_count` steps of constant names: one call of the source */
	ROOT_STAGE_VARIABLES,
};

struct template_reference {
	uint16_t slot;
	uint16_t step_count;
	uint8_t root;         /* enum template_root */
	uint8_t path_count;   /* leading steps that `path` has */
	bool formal;          /* ${…} */
	bool escaped;         /* an odd number of backslashes in front: its text is printed */
	uint16_t backslashes; /* that are printed in front: half of those written */
	int context_slot;     /* template_options.context_slot(path) */
	struct view path;     /* "identity.sourceIp" */
	struct view source;   /* as written, from '$' on */
	const struct template_step *steps;
};

/* --- Expressions ---------------------------------------------------------------------------------------------------- */

enum template_node_kind {
	NODE_CONSTANT,
	NODE_REFERENCE,
	NODE_INTERPOLATION, /* a text in double quotes: `block` */
	NODE_LIST,
	NODE_RANGE, /* two children */
	NODE_MAP,   /* children: key, value, key, value … */
	NODE_NOT,   /* one child */
	NODE_AND,   /* two children, from here on */
	NODE_OR,
	NODE_EQUAL,
	NODE_UNEQUAL,
	NODE_LESS,
	NODE_LESS_EQUAL,
	NODE_GREATER,
	NODE_GREATER_EQUAL,
	NODE_ADD, /* in the order of enum java_operator */
	NODE_SUBTRACT,
	NODE_MULTIPLY,
	NODE_DIVIDE,
	NODE_MODULO,
};

struct template_op;

struct template_node {
	uint8_t kind;   /* enum template_node_kind */
	uint16_t depth; /* of the tree below */
	uint32_t count; /* children */
	union {
		struct value constant;
		const struct template_reference *reference;
		const struct template_op *block;
		const struct template_node *children;
	};
};

/* --- Instructions --------------------------------------------------------------------------------------------------- */

enum template_op_kind {
	OP_END,
	OP_TEXT,      /* append `text` */
	OP_VARIABLE,  /* append `text`, then what the variable `slot` prints */
	OP_MEMBER,    /* the same of `reference`, which is $name.name */
	OP_REFERENCE, /* the same of any `reference` */
	OP_SET,       /* assign `node` to `reference` */
	OP_JUMP,      /* go on at op + `jump` */
	OP_UNLESS,    /* the same, if `node` is not true */
	OP_FOREACH,   /* `slot` in `node`: `body` */
	OP_DEFINE,    /* `slot` = the block `body` */
	OP_CALL,      /* `macro` with the `count` arguments `nodes`, and for a block call `body` */
	OP_EVALUATE,  /* compile and run what `node` gives */
	OP_BREAK,     /* leave the block */
	OP_STOP,      /* end the template */
};

struct template_macro {
	struct view name;
	uint16_t count; /* parameters */
	const uint16_t *slots;
	const struct template_op *body; /* NULL: called and never defined */
};

struct template_op {
	uint8_t kind; /* enum template_op_kind */
	uint16_t slot;
	uint16_t count;
	int32_t jump;
	struct view text; /* OP_TEXT; in front of a reference; OP_CALL: as written, if there is no such macro */
	const struct template_reference *reference;
	union {
		const struct template_node *node;
		const struct template_node *nodes;
	};
	union {
		const struct template_op *body;
		const struct template_macro *macro;
	};
	const struct template_op *block; /* OP_CALL: the body of a block call, or NULL */
};

struct template
{
	const struct template_op *main;
	const struct view *names; /* of the slots */
	uint16_t slot_count;
	/* Slots of names that the engine gives a meaning; TEMPLATE_NO_SLOT if the template does not have them. */
	uint16_t input, util, context, stage_variables, foreach, velocity_count, velocity_has_next, body_content;
	uint16_t site_count;   /* of hints */
	uint32_t source_bytes; /* about as long as what it renders to */
	bool literal;
	struct view text;                      /* of a literal */
	int (*context_slot)(struct view path); /* for #evaluate; may be NULL */
};

/* --- Running (template_render.c, template_expression.c) ------------------------------------------------------------- */

/* One program that is being run: run->frame. */
struct template_frame {
	const struct template *template;
	struct value *variables; /* by slot */
	uint8_t *hints;          /* by step: where in its JSON object the member was that was found last */
	struct buffer *out;
	bool stopped; /* a block that was printed met #stop */
};

/* Values of run_block() beside 0 and negative errors. */
enum { RUN_BREAK = 1, RUN_STOP = 2 };

/* Run a block, its output to run's frame->out. Returns 0, RUN_BREAK, RUN_STOP or a negative errno. */
int template_run_block(struct template_run *run, const struct template_op *block) __attribute__((warn_unused_result));

/* The value of an expression: null if it has none. */
int template_evaluate(struct template_run *run, const struct template_node *node, struct value *ret)
	__attribute__((warn_unused_result));

/* The truth of an expression, as #if sees it. */
int template_is_true(struct template_run *run, const struct template_node *node, bool *ret)
	__attribute__((warn_unused_result));

/* The value of a reference; with `step_count` steps less than it has: of its front part. */
int template_dereference(struct template_run *run, const struct template_reference *reference, size_t step_count,
	struct value *ret) __attribute__((warn_unused_result));

/* Append what the reference prints, without making a value of it where its text stands in the payload. */
int template_print_reference(struct template_run *run, const struct template_reference *reference, struct buffer *out)
	__attribute__((warn_unused_result));
int template_print_member(struct template_run *run, const struct template_reference *reference, struct buffer *out)
	__attribute__((warn_unused_result));

int template_assign(struct template_run *run, const struct template_reference *reference, struct value value)
	__attribute__((warn_unused_result));

/* A block as a text in the run's arena. */
int template_block_text(struct template_run *run, const struct template_op *block, struct view *ret)
	__attribute__((warn_unused_result));

/* The bytes of short texts, of which most of a template is made, without a call. */
static inline void template_copy(char *to, const char *from, size_t count)
{
	if (count > 32) {
		memcpy(to, from, count);
	} else if (count >= 16) {
		char first[16], last[16];

		memcpy(first, from, 16);
		memcpy(last, from + count - 16, 16);
		memcpy(to, first, 16);
		memcpy(to + count - 16, last, 16);
	} else if (count >= 8) {
		uint64_t first, last;

		memcpy(&first, from, 8);
		memcpy(&last, from + count - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + count - 8, &last, 8);
	} else if (count >= 4) {
		uint32_t first, last;

		memcpy(&first, from, 4);
		memcpy(&last, from + count - 4, 4);
		memcpy(to, &first, 4);
		memcpy(to + count - 4, &last, 4);
	} else {
		for (size_t i = 0; i < count; i++)
			to[i] = from[i];
	}
}

/* buffer_append(), the common case of it. */
static inline void template_append(struct buffer *out, const char *at, size_t count)
{
	if (__builtin_expect(out->error || count > out->room - out->count || !out->at, 0)) {
		buffer_append_bytes(out, at, count);
		return;
	}
	template_copy(out->at + out->count, at, count);
	out->count += count;
}

/* --- Objects of the engine (template_object.c) ---------------------------------------------------------------------- */

/* $foreach of one loop. */
struct template_loop {
	struct value_object object;
	struct template_loop *parent;
	uint32_t index, count; /* `index` counts from 0 */
};
extern const struct value_class template_loop_class;

/* `field` of a loop as a value. */
struct value template_loop_value(struct template_loop *loop, enum template_loop_field field);
enum template_loop_field template_loop_field_find(struct view name);

/* A #define'd block or $bodyContent. */
int template_block_new(struct template_run *run, const struct template_op *block, struct value *ret)
	__attribute__((warn_unused_result));

/* $context, or the group of it at `path`; $stageVariables. */
int template_context_value(struct template_run *run, struct view path, struct value *ret)
	__attribute__((warn_unused_result));
struct value template_stage_variables_value(void);

/* A variable of $context by its dotted path: a value, a group, the maps of overrides; null if there is none. */
int template_context_find(struct template_run *run, struct view path, int slot, struct value *ret)
	__attribute__((warn_unused_result));
struct value template_stage_variable_find(struct template_run *run, struct view name);

/* Is `value` the engine's own $context or $stageVariables, whole? */
bool template_is_context(struct value value);
bool template_is_stage_variables(struct value value);
#endif
