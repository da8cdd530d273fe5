/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template: mapping templates: Velocity 1.7 as API Gateway runs it. A template is compiled once, when a snapshot is built, into an
 * immutable program in the snapshot's arena, and rendered for each request by any number of threads.
 *
 * What differs from stock Velocity (spec/vtl.md 1.4): an undefined reference prints nothing and equals ""; #foreach ends after
 * 1,000 items; the classes of objects can't be reached; #include and #parse are errors.
 *
 * Life cycle: template_compile() once; for each exchange template_overrides_init(); for each template of it template_run_init(), then
 * template_render(). All that a template makes lives in the run's arena, which is that of the exchange, so that overrides
 * and values that a request template leaves are there for the response template. Nothing is taken from the heap.
 *
 * Not here: which template is taken, what the output becomes, what an override does (pipeline/); gateway responses' templates
 * (mapping_template.h).
 * Source: API Gateway Developer Guide, "Mapping template transformations for REST APIs"; spec/vtl.md.
 */
#ifndef POSTERN_MAPPING_TEMPLATE_H
#define POSTERN_MAPPING_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/pattern.h"
#include "appliance/base/view.h"
#include "appliance/mapping/value.h"

struct template;

/* A mapping template may have 300 KB (Amazon API Gateway quotas and important notes). */
#define TEMPLATE_MAX_BYTES 307200
/* Blocks in blocks and brackets in brackets: keeps the compiler's own stack small. */
#define TEMPLATE_NESTING_MAX 100

/* --- Compiling ------------------------------------------------------------------------------------------------------ */

struct template_error {
	uint32_t line, column; /* from 1; columns count bytes; 0: no place */
	char text[160];
};

struct template_options {
	/*
	 * The number by which template_source.context knows the dotted path of a $context variable ("identity.sourceIp"), or
	 * -1. Called when a template is compiled, so that a request needs no look-up by name. May be NULL: always -1.
	 */
	int (*context_slot)(struct view path);
};

/*
 * Compile `text` in `arena`. The text need not live on: what is needed of it is copied. `options` may be NULL. Returns 0;
 * -EINVAL with the reason in `*ret_error` (may be NULL) if it is no template; -EMSGSIZE past TEMPLATE_MAX_BYTES; -ENOMEM.
 */
int template_compile(struct template **ret, struct arena *arena, struct view text,
	const struct template_options *options, struct template_error *ret_error) __attribute__((warn_unused_result));

/* Is the template one literal text, which it then always renders to? True and the text, which lives as long as the template. */
bool template_is_literal(const struct template *template, struct view *ret);

/* --- Where values come from ----------------------------------------------------------------------------------------- */

enum template_place { TEMPLATE_PATH, TEMPLATE_QUERYSTRING, TEMPLATE_HEADER };
#define TEMPLATE_PLACE_COUNT 3

enum template_found {
	TEMPLATE_ABSENT, /* undefined */
	TEMPLATE_VALUE,
	TEMPLATE_GROUP, /* has members: $context.identity */
};

/*
 * The callbacks by which $input, $context and $stageVariables get their values, each only when a template asks for it. `context` is
 * run->source_context. Views and values must live as long as the exchange. A view with `at` NULL means: there is none.
 */
struct template_source {
	/* The payload: request body, or the back end's in a response template. NULL: there is no $input and no $util. */
	struct view (*body)(void *context);
	/* The value that $input.params(name) gives for that place: the last one, decoded; names compare exactly. */
	struct view (*parameter)(void *context, enum template_place place, struct view name);
	/* Walk all parameters of a place, each name once; `*cursor` starts as 0. False behind the last. */
	bool (*parameter_next)(void *context, enum template_place place, size_t *cursor, struct view *ret_name,
		struct view *ret_value);

	/*
	 * A $context variable by its dotted path and the slot that template_options gave for it (-1 if the path was not known when the
	 * template was compiled). Not called for requestOverride and responseOverride. NULL: there is no $context.
	 */
	enum template_found (*context)(void *context, struct view path, int slot, struct value *ret);
	/* Walk the names of the members of a group of $context (path "" for itself). May be NULL: groups have no members to walk. */
	bool (*context_next)(void *context, struct view path, size_t *cursor, struct view *ret_name);

	/* $stageVariables. NULL: there is no such object. */
	struct view (*stage_variable)(void *context, struct view name);
	bool (*stage_variable_next)(void *context, size_t *cursor, struct view *ret_name, struct view *ret_value);
};

/* --- Overrides ------------------------------------------------------------------------------------------------------ */

/*
 * $context.requestOverride and $context.responseOverride: maps in the exchange's arena. After rendering, their owner walks the
 * entries: `request` has path, querystring and header, `response` has header and perhaps status; each of the named ones is a
 * MAP unless the template replaced it. Values: template_override_text().
 */
struct template_overrides {
	struct value_map request, response;
	bool touched; /* a template assigned or called something there; false: nothing to walk */
};

/* As they are before the first template. 0 or -ENOMEM. */
int template_overrides_init(struct template_overrides *overrides, struct arena *arena)
	__attribute__((warn_unused_result));

/* The overrides of a place: NULL if the template replaced the map by something else. */
const struct value_map *template_request_overrides(
	const struct template_overrides *overrides, enum template_place place);
const struct value_map *template_response_headers(const struct template_overrides *overrides);

/* The status that a response template set: 100 to 599, else 0. A text of digits counts as a number. */
int template_response_status(const struct template_overrides *overrides);

/*
 * Was a parameter, or the status, overridden a second time, which AWS answers with an error? Of maps that the template put in the
 * place of the given ones it can't be told.
 */
bool template_overrides_repeated(const struct template_overrides *overrides);

/* --- Rendering ------------------------------------------------------------------------------------------------------ */

/* What one rendering may use. Memory is bounded by the arena's own limit, the time of regular expressions by PATTERN_BUDGET_NS. */
struct template_limits {
	uint32_t iterations; /* of one #foreach; items beyond are skipped */
	uint32_t steps;      /* instructions, and as many for each piece of work of a method: bounds the time */
	uint32_t depth;      /* blocks and macros inside each other */
	size_t output_bytes;
};
#define TEMPLATE_ITERATIONS_MAX 1000 /* API Gateway quotas: #foreach … 1,000 iterations */
#define TEMPLATE_STEPS_MAX 5000000   /* about 100 ms */
#define TEMPLATE_DEPTH_MAX 100
#define TEMPLATE_OUTPUT_MAX_BYTES ((size_t)10 << 20) /* the payload limit */
extern const struct template_limits template_limits_default;

/* A variable that is there from the start, besides $input, $util, $context and $stageVariables. */
struct template_preset {
	struct view name;
	struct value value;
};

#define TEMPLATE_ERROR_MAX_BYTES 200

struct value_changes;

/* One rendering. The first part is the caller's, the rest is the engine's. */
struct template_run {
	struct arena *arena;
	const struct template_source *source;
	void *source_context;
	struct template_overrides *overrides; /* NULL: there are no override variables */
	struct pattern_scratch *patterns;     /* the worker's; NULL: methods with patterns fail */
	const struct template_preset *presets;
	size_t preset_count;
	struct template_limits limits;

	char error[TEMPLATE_ERROR_MAX_BYTES]; /* why it failed: one line for the log */
	uint32_t steps_left;
	uint32_t depth;
	uint32_t nesting; /* VALUE_NESTING_MAX */
	struct pattern_budget matches;
	struct value_changes *changes; /* JSON containers that were changed */
	void *input;                   /* input.c: the parsed body */
	void *frame;                   /* template_render.c */
};

/* Fill a run with defaults: limits_default, no presets. `source` must outlive it. */
void template_run_init(struct template_run *run, struct arena *arena, const struct template_source *source,
	void *source_context, struct template_overrides *overrides, struct pattern_scratch *patterns);

/*
 * Append what the template renders to `out`. Returns 0 or the negative errno of what went wrong (value.h) with run->error saying why;
 * what was appended before stays. May be called again with another template and the same run (each begins with fresh variables).
 */
int template_render(const struct template *template, struct template_run *run, struct buffer *out)
	__attribute__((warn_unused_result));

/*
 * What an override is sent as: the text of a value; a list becomes its items joined with ','. Returns 0 (`at` NULL: the value is null
 * and overrides nothing), or as template_render().
 */
int template_override_text(struct template_run *run, struct value value, struct view *ret)
	__attribute__((warn_unused_result));

/* --- For the code of values and methods ----------------------------------------------------------------------------- */

/* Say in run->error why the run ends; returns -EINVAL. */
int template_fail(struct template_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The run's memory is used up: returns -ENOMEM. */
int template_no_memory(struct template_run *run);

/* Go into a container or object that is printed or written. 0, or -EINVAL at VALUE_NESTING_MAX; template_leave() if it was 0. */
static inline int template_enter(struct template_run *run)
{
	if (__builtin_expect(run->nesting >= VALUE_NESTING_MAX, 0))
		return template_fail(run, "values are nested deeper than %d", VALUE_NESTING_MAX);
	run->nesting++;
	return 0;
}

static inline void template_leave(struct template_run *run)
{
	run->nesting--;
}

/* Count `steps` of work (one for each 64 bytes that are looked at is about right). 0, or -E2BIG when it is too much. */
int template_work_slowly(struct template_run *run);
static inline int template_work(struct template_run *run, size_t steps)
{
	if (__builtin_expect(steps > run->steps_left, 0))
		return template_work_slowly(run);
	run->steps_left -= (uint32_t)steps;
	return 0;
}

/* See value_current_slowly(). */
static inline struct value value_current(struct template_run *run, struct value value)
{
	if (__builtin_expect(run->changes != NULL, 0) &&
		(value.kind == VALUE_JSON_ARRAY || value.kind == VALUE_JSON_OBJECT))
		return value_current_slowly(run, value);
	return value;
}

#endif
