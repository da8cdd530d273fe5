/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "appliance/base/clock.h"

/* JIT's own stack for deep patterns; the default of 32 KiB on the machine stack is too little for some. */
#define JIT_STACK_MAX_BYTES (256 * 1024)

/* Matches that a budget does not measure: most exchanges make fewer. */
#define UNMEASURED_MATCHES 16

/*
 * PCRE2's limit is for each place of the subject where a match may begin: a search tries so many places at once, and then looks
 * at the clock; four times as many when that was quick.
 */
#define PART_PLACES 64
#define PART_QUICK_NS 500000

struct pattern {
	pcre2_code *code;
	bool jit;
	bool in_parts; /* a match may begin anywhere, and does not depend on where the search began */
};

struct pattern_scratch {
	pcre2_match_data *match;
	pcre2_match_context *context;
	pcre2_jit_stack *jit_stack;
};

/* \G is where the search began; verbs such as (*COMMIT) end all of it. */
static bool depends_on_start(struct view text)
{
	return view_find(text, view_of("\\G")) != VIEW_NOWHERE || view_find(text, view_of("(*")) != VIEW_NOWHERE;
}

static bool compile(struct pattern *pattern, struct view text, unsigned flags, pcre2_compile_context *context,
	int *ret_number, PCRE2_SIZE *ret_offset)
{
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;

	if (flags & PATTERN_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	if (flags & PATTERN_IGNORE_CASE)
		options |= PCRE2_CASELESS;
	if (flags & PATTERN_DOT_ALL)
		options |= PCRE2_DOTALL;
	if (flags & PATTERN_JAVA)
		(void)pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	else
		options |= PCRE2_DOLLAR_ENDONLY;
	pattern->in_parts = !(flags & PATTERN_WHOLE) && !depends_on_start(text);
	if (pattern->in_parts)
		options |= PCRE2_USE_OFFSET_LIMIT;
	pattern->code = pcre2_compile(
		(PCRE2_SPTR)(text.count ? text.at : ""), text.count, options, ret_number, ret_offset, context);
	if (!pattern->code)
		return false;
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
	pattern->in_parts = pattern->in_parts && !(options & PCRE2_ANCHORED);
	return true;
}

static int compile_error(struct pattern_error *ret_error, int number, PCRE2_SIZE offset)
{
	if (number == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (ret_error) {
		ret_error->offset = offset;
		if (pcre2_get_error_message(number, (PCRE2_UCHAR *)ret_error->text, sizeof ret_error->text) < 0)
			ret_error->text[0] = '\0';
	}
	return -EINVAL;
}

int pattern_compile(struct pattern **ret, struct view text, unsigned flags, struct pattern_error *ret_error)
{
	pcre2_compile_context *context;
	struct pattern *pattern;
	PCRE2_SIZE offset = 0;
	int number = 0;

	if (text.count > (flags & PATTERN_TRANSLATED ? PATTERN_TRANSLATED_MAX_BYTES : PATTERN_MAX_BYTES))
		return -EMSGSIZE;
	pattern = calloc(1, sizeof *pattern);
	context = pcre2_compile_context_create(NULL);
	if (!pattern || !context || !compile(pattern, text, flags, context, &number, &offset)) {
		pcre2_compile_context_free(context);
		free(pattern);
		return number ? compile_error(ret_error, number, offset) : -ENOMEM;
	}
	pcre2_compile_context_free(context);
	pattern->jit = pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0;
	*ret = pattern;
	return 0;
}

static void *take_from_arena(size_t count, void *arena)
{
	return arena_alloc(arena, count);
}

static void leave_in_arena(void *at, void *arena)
{
	(void)at;
	(void)arena;
}

int pattern_compile_in(struct arena *arena, const struct pattern **ret, struct view text, unsigned flags,
	struct pattern_error *ret_error)
{
	pcre2_general_context *memory;
	pcre2_compile_context *context;
	struct pattern *pattern;
	PCRE2_SIZE offset = 0;
	int number = 0;

	if (text.count > (flags & PATTERN_TRANSLATED ? PATTERN_TRANSLATED_MAX_BYTES : PATTERN_MAX_BYTES))
		return -EMSGSIZE;
	pattern = ARENA_NEW(arena, struct pattern);
	memory = pcre2_general_context_create(take_from_arena, leave_in_arena, arena);
	context = memory ? pcre2_compile_context_create(memory) : NULL;
	if (!pattern || !context)
		return -ENOMEM;
	if (!compile(pattern, text, flags, context, &number, &offset))
		return number ? compile_error(ret_error, number, offset) : -ENOMEM;
	*ret = pattern;
	return 0;
}

size_t pattern_group_count(const struct pattern *pattern)
{
	uint32_t count = 0;

	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &count);
	return count;
}

size_t pattern_group_named(const struct pattern *pattern, const char *name)
{
	int number = pcre2_substring_number_from_name(pattern->code, (PCRE2_SPTR)name);

	return number > 0 ? (size_t)number : 0;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

struct pattern_scratch *pattern_scratch_new(void)
{
	struct pattern_scratch *scratch = calloc(1, sizeof *scratch);

	if (!scratch)
		return NULL;
	scratch->match = pcre2_match_data_create(PATTERN_GROUP_MAX, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	scratch->jit_stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MAX_BYTES, NULL);
	if (!scratch->match || !scratch->context) {
		pattern_scratch_free(scratch);
		return NULL;
	}
	pcre2_set_match_limit(scratch->context, PATTERN_MATCH_LIMIT);
	pcre2_set_depth_limit(scratch->context, PATTERN_DEPTH_LIMIT);
	pcre2_set_heap_limit(scratch->context, PATTERN_HEAP_LIMIT_KIB);
	if (scratch->jit_stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->jit_stack);
	return scratch;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
	if (!scratch)
		return;
	pcre2_jit_stack_free(scratch->jit_stack);
	pcre2_match_context_free(scratch->context);
	pcre2_match_data_free(scratch->match);
	free(scratch);
}

static int failure_of(int code)
{
	if (code == PCRE2_ERROR_NOMATCH)
		return 0;
	if (code <= PCRE2_ERROR_UTF8_ERR1 && code >= PCRE2_ERROR_UTF8_ERR21)
		return -EILSEQ;
	return -E2BIG; /* match, depth or heap limit, JIT stack */
}

int pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch, struct view subject,
	struct view *groups, size_t group_count)
{
	return pattern_match_from(pattern, scratch, subject, 0, groups, group_count);
}

/* --- Matching within a budget --------------------------------------------------------------------------------------- */

static uint64_t start_measuring(struct pattern_budget *budget)
{
	if (!budget->start_ns)
		budget->start_ns = clock_thread_ns();
	return clock_monotonic_ns();
}

/* What passed since `start_ns` is spent. A thread that had to wait for its processor is asked what it really took of it. */
static uint64_t spend(struct pattern_budget *budget, uint64_t start_ns)
{
	uint64_t took_ns = clock_monotonic_ns() - start_ns;

	budget->spent_ns += took_ns;
	if (budget->spent_ns > PATTERN_BUDGET_NS) {
		budget->spent_ns = clock_thread_ns() - budget->start_ns;
		budget->over = budget->spent_ns > PATTERN_BUDGET_NS;
	}
	return took_ns;
}

/* The first byte of the character at or behind `at`, and not between the two of a line's end, which a search would not stop at. */
static size_t next_place(struct view subject, size_t at)
{
	while (at < subject.count && ((unsigned char)subject.at[at] & 0xc0) == 0x80)
		at++;
	if (at < subject.count && subject.at[at] == '\n' && subject.at[at - 1] == '\r')
		at++;
	return at;
}

/* One call of PCRE2, and its result. The subject was checked for UTF-8 if `from` is not 0. */
static int attempt(const struct pattern *pattern, struct pattern_scratch *scratch, struct view subject, size_t from)
{
	return pcre2_match(pattern->code, (PCRE2_SPTR)(subject.at ? subject.at : ""), subject.count, from,
		from ? PCRE2_NO_UTF_CHECK : 0, scratch->match, scratch->context);
}

static int search(const struct pattern *pattern, struct pattern_scratch *scratch, struct pattern_budget *budget,
	struct view subject, size_t from)
{
	bool measured = budget->matches++ >= UNMEASURED_MATCHES;
	size_t places = PART_PLACES;
	uint64_t start_ns;
	int code;

	while (pattern->in_parts && subject.count - from >= places) {
		size_t next = next_place(subject, from + places);

		start_ns = start_measuring(budget);
		(void)pcre2_set_offset_limit(scratch->context, next - 1);
		code = attempt(pattern, scratch, subject, from);
		if (spend(budget, start_ns) < PART_QUICK_NS)
			places *= 4;
		if (code != PCRE2_ERROR_NOMATCH)
			return code;
		if (budget->over)
			return PCRE2_ERROR_MATCHLIMIT;
		measured = true;
		from = next;
	}
	(void)pcre2_set_offset_limit(scratch->context, PCRE2_UNSET);
	if (!measured)
		return attempt(pattern, scratch, subject, from);
	start_ns = start_measuring(budget);
	code = attempt(pattern, scratch, subject, from);
	(void)spend(budget, start_ns);
	return code;
}

int pattern_match_from(const struct pattern *pattern, struct pattern_scratch *scratch, struct view subject, size_t from,
	struct view *groups, size_t group_count)
{
	struct pattern_budget budget = { 0 };

	return pattern_match_within(pattern, scratch, &budget, subject, from, groups, group_count);
}

int pattern_match_within(const struct pattern *pattern, struct pattern_scratch *scratch, struct pattern_budget *budget,
	struct view subject, size_t from, struct view *groups, size_t group_count)
{
	const char *start = subject.at ? subject.at : "";
	PCRE2_SIZE *places;
	int code;

	if (budget->over)
		return -E2BIG;
	code = search(pattern, scratch, budget, subject, from);
	if (code < 0)
		return failure_of(code);
	places = pcre2_get_ovector_pointer(scratch->match);
	for (size_t i = 0; i < group_count; i++) {
		bool set = i < PATTERN_GROUP_MAX && (code == 0 || i < (size_t)code) && places[2 * i] != PCRE2_UNSET;

		/* view_part() would forget where an empty group stands */
		groups[i] =
			set ? view_from(start + places[2 * i], places[2 * i + 1] - places[2 * i]) : view_from(NULL, 0);
	}
	return 1;
}
