/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/logs/filter_pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/json.h"
#include "appliance/control/logs/filter_expression.h"

enum form { FORM_TERMS, FORM_JSON, FORM_FIELDS };
enum term_kind { TERM_WANTED, TERM_UNWANTED, TERM_OPTIONAL };

/* As many as a pattern has bytes for. */
#define TERMS_MAX (FILTER_PATTERN_MAX_BYTES / 2 + 1)
#define FIELDS_MAX 128
/* Fields of a message that are looked at. */
#define MESSAGE_FIELDS_MAX 256
/* What is compiled: nodes and copies of texts. */
#define ARENA_MAX_BYTES ((size_t)1 << 20)

struct term {
	enum term_kind kind;
	struct view text;
	const struct pattern *regex; /* instead of `text`; NULL: none */
};

struct field {
	bool is_any_number;                         /* ... */
	const struct filter_expression *expression; /* NULL: anything */
};

struct filter_pattern {
	struct arena arena;
	enum form form;
	struct pattern *patterns[FILTER_PATTERN_REGEX_MAX];
	struct pattern_scratch *scratch; /* NULL without regular expressions */
	size_t count;                    /* of terms or fields */
	struct term *terms;
	struct field *fields;
	const struct filter_expression *expression;
};

/* ---- terms ---- */

static bool is_term_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_' || (byte & 0x80);
}

/* The word that is not one, for the message. */
static const char *odd_term(struct filter_reading *reading, struct view word)
{
	struct view text = arena_printf(reading->arena, "Invalid character(s) in term '" VIEW_FMT "'", VIEW_ARG(word));

	ASSERT(text.at);
	return text.at;
}

static bool read_term(struct filter_reading *reading, struct term *term)
{
	struct view word;
	size_t count = 0;

	*term = (struct term){ .kind = TERM_WANTED };
	if (reading->rest.at[0] == '-' || reading->rest.at[0] == '?') {
		term->kind = reading->rest.at[0] == '-' ? TERM_UNWANTED : TERM_OPTIONAL;
		reading->rest = view_after(reading->rest, 1);
	}
	if (reading->rest.count && reading->rest.at[0] == '"')
		return filter_take_quoted(reading, &term->text);
	if (reading->rest.count && reading->rest.at[0] == '%') {
		term->regex = filter_take_regex(reading);
		return term->regex;
	}
	word = reading->rest;
	while (count < word.count && !strchr(" \t\r\n", word.at[count]))
		count++;
	term->text = view_part(word, 0, count);
	for (size_t i = 0; i < count; i++)
		if (!is_term_byte(word.at[i]))
			reading->why = odd_term(reading, term->text);
	if (count == 0)
		reading->why = "a term is empty";
	reading->rest = view_after(word, count);
	return !reading->why;
}

static int read_terms(struct filter_pattern *pattern, struct filter_reading *reading)
{
	pattern->terms = ARENA_NEW_ARRAY(&pattern->arena, struct term, TERMS_MAX);
	ASSERT(pattern->terms);
	for (;;) {
		filter_skip_blanks(reading);
		if (!reading->rest.count)
			return 0;
		ASSERT(pattern->count < TERMS_MAX);
		if (!read_term(reading, &pattern->terms[pattern->count]))
			return -EINVAL;
		pattern->count++;
	}
}

static bool term_fits(const struct filter_pattern *pattern, const struct term *term, struct view message)
{
	if (term->regex)
		return pattern_match(term->regex, pattern->scratch, filter_seen(message), NULL, 0) == 1;
	return term->text.count == 0 ||
	       (message.count && memmem(message.at, message.count, term->text.at, term->text.count) != NULL);
}

static bool terms_fit(const struct filter_pattern *pattern, struct view message)
{
	bool any_optional = false, all_optional = pattern->count > 0;

	for (size_t i = 0; i < pattern->count; i++) {
		const struct term *term = &pattern->terms[i];
		bool fits = term_fits(pattern, term, message);

		if (term->kind == TERM_OPTIONAL) {
			any_optional |= fits;
			continue;
		}
		all_optional = false;
		if (fits == (term->kind == TERM_UNWANTED))
			return false;
	}
	return !all_optional || any_optional;
}

/* ---- JSON ---- */

static bool is_name_byte(char byte)
{
	return is_term_byte(byte) || byte == '-' || byte == '@' || byte == ':' || byte == '/' || byte == '#';
}

/* Bytes of one step of a selector, .name or [0] or .['a.b']; 0 if none begins here. */
static size_t step_bytes(struct view rest)
{
	size_t at = rest.count && rest.at[0] == '.', end;

	if (at < rest.count && rest.at[at] == '[') {
		char quote = at + 1 < rest.count ? rest.at[at + 1] : 0;

		if (quote == '\'' || quote == '"') {
			end = at + 2;
			while (end < rest.count && rest.at[end] != quote)
				end++;
			return end + 1 < rest.count && rest.at[end + 1] == ']' ? end + 2 : 0;
		}
		end = at + 1;
		while (end < rest.count && rest.at[end] >= '0' && rest.at[end] <= '9')
			end++;
		return end > at + 1 && end - at < 10 && end < rest.count && rest.at[end] == ']' ? end + 1 : 0;
	}
	if (!at)
		return 0;
	for (end = at; end < rest.count && is_name_byte(rest.at[end]);)
		end++;
	return end > at ? end : 0;
}

static bool read_selector(struct filter_reading *reading, struct view *ret)
{
	struct view start = reading->rest;
	size_t count = 1, step;

	if (!start.count || start.at[0] != '$')
		return false;
	while ((step = step_bytes(view_after(start, count))) > 0)
		count += step;
	*ret = view_part(start, 0, count);
	reading->rest = view_after(start, count);
	return count > 1;
}

static const struct json *follow_step(const struct json *value, struct view step)
{
	if (step.at[0] == '.')
		step = view_after(step, 1);
	if (step.at[0] != '[')
		return json_is_object(value) ? json_find_view(value, step) : NULL;
	step = view_part(step, 1, step.count - 2);
	if (step.at[0] == '\'' || step.at[0] == '"')
		return json_is_object(value) ? json_find_view(value, view_part(step, 1, step.count - 2)) : NULL;
	return json_is_array(value) ? json_at(value, (size_t)strtoul(step.at, NULL, 10)) : NULL;
}

static struct filter_value resolve_selector(const void *message, struct view operand)
{
	const struct json *value = message;
	struct view rest = view_after(operand, 1);

	while (value && rest.count) {
		size_t step = step_bytes(rest);

		value = follow_step(value, view_part(rest, 0, step));
		rest = view_after(rest, step);
	}
	if (!value)
		return (struct filter_value){ FILTER_VALUE_MISSING, { 0 } };
	switch (json_type(value)) {
	case JSON_NULL:
		return (struct filter_value){ FILTER_VALUE_NULL, { 0 } };
	case JSON_BOOL:
		return (struct filter_value){ json_bool(value, false) ? FILTER_VALUE_TRUE : FILTER_VALUE_FALSE, { 0 } };
	case JSON_NUMBER:
		return (struct filter_value){ FILTER_VALUE_NUMBER, json_number_text(value) };
	case JSON_TEXT:
		return (struct filter_value){ FILTER_VALUE_TEXT, json_text(value) };
	default:
		return (struct filter_value){ FILTER_VALUE_OTHER, { 0 } };
	}
}

static int read_json(struct filter_pattern *pattern, struct filter_reading *reading)
{
	reading->read_operand = read_selector;
	reading->rest = view_after(reading->rest, 1);
	pattern->expression = filter_expression_read(reading);
	if (!pattern->expression)
		return -EINVAL;
	if (!filter_take(reading, "}")) {
		reading->why = "the expression does not end with }";
		return -EINVAL;
	}
	return 0;
}

static bool json_fits(const struct filter_pattern *pattern, struct view message)
{
	struct json *value = NULL;
	bool fits;

	message = view_trim_set(message, " \t\r\n");
	if (!message.count || message.at[0] != '{' || json_parse(message, NULL, &value, NULL) < 0)
		return false;
	fits = filter_expression_holds(pattern->expression, pattern->scratch, resolve_selector, value);
	json_free(value);
	return fits;
}

/* ---- fields ---- */

static bool read_field_name(struct filter_reading *reading, struct view *ret)
{
	size_t count = 0;

	while (count < reading->rest.count && (is_name_byte(reading->rest.at[count]) || reading->rest.at[count] == '$'))
		count++;
	*ret = view_part(reading->rest, 0, count);
	reading->rest = view_after(reading->rest, count);
	return count > 0;
}

static bool read_field(struct filter_reading *reading, struct field *field)
{
	struct view before, name;

	*field = (struct field){ .is_any_number = filter_take(reading, "...") };
	if (field->is_any_number)
		return true;
	filter_skip_blanks(reading);
	before = reading->rest;
	if (!read_field_name(reading, &name)) {
		reading->why = "a field has no name";
		return false;
	}
	filter_skip_blanks(reading);
	if (reading->rest.count && (reading->rest.at[0] == ',' || reading->rest.at[0] == ']'))
		return true;
	reading->rest = before;
	field->expression = filter_expression_read(reading);
	return field->expression;
}

static int read_fields(struct filter_pattern *pattern, struct filter_reading *reading)
{
	reading->read_operand = read_field_name;
	reading->rest = view_after(reading->rest, 1);
	pattern->fields = ARENA_NEW_ARRAY(&pattern->arena, struct field, FIELDS_MAX);
	ASSERT(pattern->fields);
	do {
		if (pattern->count == FIELDS_MAX) {
			reading->why = "too many fields";
			return -EINVAL;
		}
		if (!read_field(reading, &pattern->fields[pattern->count]))
			return -EINVAL;
		pattern->count++;
	} while (filter_take(reading, ","));
	if (!filter_take(reading, "]")) {
		reading->why = "the fields do not end with ]";
		return -EINVAL;
	}
	return 0;
}

/* Where a field ends that begins with `open`: behind `close`, or as an ordinary one without it. */
static bool take_enclosed(struct view *rest, char open, char close, struct view *ret)
{
	size_t end;

	if (rest->at[0] != open)
		return false;
	end = view_find_byte(view_after(*rest, 1), close);
	if (end == VIEW_NOWHERE)
		return false;
	*ret = view_part(*rest, 1, end);
	*rest = view_after(*rest, end + 2);
	return true;
}

static size_t cut_message(struct view message, struct view *ret)
{
	struct view rest = message;
	size_t count = 0;

	while (count < MESSAGE_FIELDS_MAX) {
		size_t end;

		while (rest.count && strchr(" \t\r\n", rest.at[0]))
			rest = view_after(rest, 1);
		if (!rest.count)
			break;
		if (take_enclosed(&rest, '"', '"', &ret[count]) || take_enclosed(&rest, '[', ']', &ret[count])) {
			count++;
			continue;
		}
		for (end = 0; end < rest.count && !strchr(" \t\r\n", rest.at[end]);)
			end++;
		ret[count++] = view_part(rest, 0, end);
		rest = view_after(rest, end);
	}
	return count;
}

/* A field's text is a number if it is compared with one. */
static struct filter_value resolve_field(const void *message, struct view operand)
{
	const struct view *text = message;
	bool digits = text->count > 0;

	(void)operand;
	for (size_t i = 0; i < text->count; i++)
		digits = digits && strchr("+-.0123456789eE", text->at[i]);
	return (struct filter_value){ digits ? FILTER_VALUE_NUMBER : FILTER_VALUE_TEXT, *text };
}

static bool fields_fit(const struct filter_pattern *pattern, struct view message)
{
	struct view texts[MESSAGE_FIELDS_MAX];
	size_t count = cut_message(message, texts), at = 0, ellipsis = pattern->count;

	for (size_t i = 0; i < pattern->count; i++)
		if (pattern->fields[i].is_any_number)
			ellipsis = i;
	/* Without an ellipsis there are exactly as many; with one, those behind it are counted from the end. */
	if (ellipsis == pattern->count ? count != pattern->count : count + 1 < pattern->count)
		return false;
	for (size_t i = 0; i < pattern->count; i++, at++) {
		if (i == ellipsis) {
			at = count - (pattern->count - i - 1) - 1;
			continue;
		}
		if (pattern->fields[i].expression && !filter_expression_holds(pattern->fields[i].expression,
							     pattern->scratch, resolve_field, &texts[at]))
			return false;
	}
	return true;
}

/* ---- all of them ---- */

static int read_pattern(struct filter_pattern *pattern, struct filter_reading *reading)
{
	int error;

	filter_skip_blanks(reading);
	if (!reading->rest.count || (reading->rest.at[0] != '{' && reading->rest.at[0] != '['))
		return read_terms(pattern, reading);
	pattern->form = reading->rest.at[0] == '{' ? FORM_JSON : FORM_FIELDS;
	error = pattern->form == FORM_JSON ? read_json(pattern, reading) : read_fields(pattern, reading);
	filter_skip_blanks(reading);
	if (error == 0 && reading->rest.count) {
		reading->why = "something follows the expression";
		return -EINVAL;
	}
	return error;
}

int filter_pattern_compile(struct filter_pattern **ret, struct view text, char ret_why[FILTER_PATTERN_WHY_BYTES])
{
	struct filter_pattern *pattern;
	struct filter_reading reading;
	int error;

	if (text.count > FILTER_PATTERN_MAX_BYTES) {
		snprintf(ret_why, FILTER_PATTERN_WHY_BYTES, "it is longer than %d bytes", FILTER_PATTERN_MAX_BYTES);
		return -EINVAL;
	}
	pattern = calloc(1, sizeof *pattern);
	ASSERT(pattern);
	arena_init(&pattern->arena, NULL, ARENA_MAX_BYTES);
	reading = (struct filter_reading){ .rest = text, .arena = &pattern->arena, .patterns = pattern->patterns };
	error = read_pattern(pattern, &reading);
	if (error == 0 && reading.pattern_count) {
		pattern->scratch = pattern_scratch_new();
		ASSERT(pattern->scratch);
	}
	if (error < 0) {
		snprintf(ret_why, FILTER_PATTERN_WHY_BYTES, "%s", reading.why ? reading.why : "it is malformed");
		filter_pattern_free(pattern);
		return error;
	}
	*ret = pattern;
	return 0;
}

void filter_pattern_free(struct filter_pattern *pattern)
{
	if (!pattern)
		return;
	for (size_t i = 0; i < FILTER_PATTERN_REGEX_MAX; i++)
		pattern_free(pattern->patterns[i]);
	pattern_scratch_free(pattern->scratch);
	arena_fini(&pattern->arena);
	free(pattern);
}

bool filter_pattern_fits(const struct filter_pattern *pattern, struct view message)
{
	switch (pattern->form) {
	case FORM_JSON:
		return json_fits(pattern, message);
	case FORM_FIELDS:
		return fields_fit(pattern, message);
	case FORM_TERMS:
		break;
	}
	return terms_fit(pattern, message);
}
