/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/logs/filter_expression.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/logs/filter_pattern.h"

enum kind { KIND_AND, KIND_OR, KIND_COMPARE };
enum comparison {
	COMPARE_EQUAL,
	COMPARE_UNEQUAL,
	COMPARE_LESS,
	COMPARE_LESS_EQUAL,
	COMPARE_GREATER,
	COMPARE_GREATER_EQUAL,
	COMPARE_NULL,
	COMPARE_TRUE,
	COMPARE_FALSE,
	COMPARE_NOT_EXISTS
};

struct filter_expression {
	enum kind kind;
	const struct filter_expression *left, *right; /* AND, OR */
	/* A comparison: */
	enum comparison comparison;
	struct view operand;
	struct view value;
	bool is_number;
	double number;
	const struct pattern *regex; /* instead of `value`; NULL: none */
};

/* ---- reading ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

void filter_skip_blanks(struct filter_reading *reading)
{
	while (reading->rest.count && is_blank(reading->rest.at[0]))
		reading->rest = view_after(reading->rest, 1);
}

bool filter_take(struct filter_reading *reading, const char *token)
{
	filter_skip_blanks(reading);
	if (!view_starts_with(reading->rest, view_from_text(token)))
		return false;
	reading->rest = view_after(reading->rest, strlen(token));
	return true;
}

static struct filter_expression *fail(struct filter_reading *reading, const char *why)
{
	if (!reading->why)
		reading->why = why;
	return NULL;
}

const struct pattern *filter_take_regex(struct filter_reading *reading)
{
	struct view text = view_after(reading->rest, 1);
	size_t end = view_find_byte(text, '%');

	if (end == VIEW_NOWHERE || end == 0) {
		(void)fail(reading, "a regular expression has no end");
		return NULL;
	}
	if (reading->pattern_count == FILTER_PATTERN_REGEX_MAX) {
		(void)fail(reading, "too many regular expressions");
		return NULL;
	}
	if (pattern_compile(&reading->patterns[reading->pattern_count], view_part(text, 0, end), 0, NULL) < 0) {
		(void)fail(reading, "a regular expression is malformed");
		return NULL;
	}
	reading->rest = view_after(text, end + 1);
	return reading->patterns[reading->pattern_count++];
}

bool filter_take_quoted(struct filter_reading *reading, struct view *ret)
{
	struct view text = view_after(reading->rest, 1);
	char *plain = arena_alloc(reading->arena, text.count + 1);
	size_t count = 0;

	ASSERT(plain);
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '"') {
			*ret = view_from(plain, count);
			reading->rest = view_after(text, i + 1);
			return true;
		}
		if (text.at[i] == '\\' && i + 1 < text.count && (text.at[i + 1] == '"' || text.at[i + 1] == '\\'))
			i++;
		plain[count++] = text.at[i];
	}
	(void)fail(reading, "a quoted text has no end");
	return false;
}

static bool to_number(struct view text, double *ret)
{
	char copy[64], *end;

	if (text.count == 0 || text.count >= sizeof copy)
		return false;
	memcpy(copy, text.at, text.count);
	copy[text.count] = '\0';
	if (strspn(copy, "+-.0123456789eE") != text.count)
		return false;
	*ret = strtod(copy, &end);
	return *end == '\0';
}

/* An unquoted value ends at a blank, and where the expression goes on. */
static struct view take_bare(struct filter_reading *reading)
{
	struct view rest = reading->rest;
	size_t count = 0;

	while (count < rest.count && !is_blank(rest.at[count]) && !strchr("()]},\"", rest.at[count]) &&
		!view_starts_with(view_after(rest, count), view_of("&&")) &&
		!view_starts_with(view_after(rest, count), view_of("||")))
		count++;
	reading->rest = view_after(rest, count);
	return view_part(rest, 0, count);
}

static bool read_value(struct filter_reading *reading, struct filter_expression *node)
{
	filter_skip_blanks(reading);
	if (reading->rest.count && reading->rest.at[0] == '%') {
		node->regex = filter_take_regex(reading);
		if (node->regex && node->comparison > COMPARE_UNEQUAL)
			(void)fail(reading, "a regular expression is compared by = and != only");
		return node->regex && !reading->why;
	}
	if (reading->rest.count && reading->rest.at[0] == '"')
		return filter_take_quoted(reading, &node->value);
	node->value = take_bare(reading);
	node->is_number = to_number(node->value, &node->number);
	if (node->value.count == 0)
		(void)fail(reading, "a comparison has no value");
	else if (node->comparison > COMPARE_UNEQUAL && !node->is_number)
		(void)fail(reading, "only numbers are less or greater");
	return !reading->why;
}

/* A word as AWS spells it, in capitals. */
static bool take_words(struct filter_reading *reading, const char *first, const char *second)
{
	struct view before = reading->rest;

	if (filter_take(reading, first) && filter_take(reading, second))
		return true;
	reading->rest = before;
	return false;
}

static bool read_comparison(struct filter_reading *reading, struct filter_expression *node)
{
	static const struct {
		const char *token;
		enum comparison comparison;
	} tokens[] = { { "<=", COMPARE_LESS_EQUAL }, { ">=", COMPARE_GREATER_EQUAL }, { "!=", COMPARE_UNEQUAL },
		{ "=", COMPARE_EQUAL }, { "<", COMPARE_LESS }, { ">", COMPARE_GREATER } };
	static const struct {
		const char *first, *second;
		enum comparison comparison;
	} words[] = { { "IS", "NULL", COMPARE_NULL }, { "IS", "TRUE", COMPARE_TRUE }, { "IS", "FALSE", COMPARE_FALSE },
		{ "NOT", "EXISTS", COMPARE_NOT_EXISTS } };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (take_words(reading, words[i].first, words[i].second)) {
			node->comparison = words[i].comparison;
			return true;
		}
	for (size_t i = 0; i < ARRAY_COUNT(tokens); i++)
		if (filter_take(reading, tokens[i].token)) {
			node->comparison = tokens[i].comparison;
			return read_value(reading, node);
		}
	(void)fail(reading, "a comparison lacks its operator");
	return false;
}

static struct filter_expression *node_new(struct filter_reading *reading, enum kind kind)
{
	struct filter_expression *node = arena_alloc_zero(reading->arena, sizeof *node);

	ASSERT(node);
	node->kind = kind;
	return node;
}

static struct filter_expression *read_operand(struct filter_reading *reading)
{
	struct filter_expression *node;

	if (filter_take(reading, "(")) {
		if (++reading->depth > FILTER_PATTERN_DEPTH_MAX)
			return fail(reading, "too many parentheses");
		node = filter_expression_read(reading);
		reading->depth--;
		if (node && !filter_take(reading, ")"))
			return fail(reading, "a parenthesis is not closed");
		return node;
	}
	node = node_new(reading, KIND_COMPARE);
	filter_skip_blanks(reading);
	if (!reading->read_operand(reading, &node->operand))
		return fail(reading, "a comparison lacks what is compared");
	return read_comparison(reading, node) ? node : NULL;
}

static struct filter_expression *read_joined(struct filter_reading *reading, const char *token, enum kind kind,
	struct filter_expression *(*read_part)(struct filter_reading *))
{
	struct filter_expression *left = read_part(reading);

	while (left && filter_take(reading, token)) {
		struct filter_expression *node = node_new(reading, kind);

		node->left = left;
		node->right = read_part(reading);
		left = node->right ? node : NULL;
	}
	return left;
}

static struct filter_expression *read_and(struct filter_reading *reading)
{
	return read_joined(reading, "&&", KIND_AND, read_operand);
}

struct filter_expression *filter_expression_read(struct filter_reading *reading)
{
	return read_joined(reading, "||", KIND_OR, read_and);
}

/* ---- judging ---- */

struct view filter_seen(struct view text)
{
	size_t count = text.count;

	if (count <= FILTER_SEEN_MAX_BYTES)
		return text;
	count = FILTER_SEEN_MAX_BYTES;
	while (count && ((unsigned char)text.at[count] & 0xc0) == 0x80)
		count--;
	return view_part(text, 0, count);
}

/* `*` stands for anything. */
static bool fits_wildcards(struct view pattern, struct view text)
{
	size_t p = 0, t = 0, star = VIEW_NOWHERE, resume = 0;

	while (t < text.count) {
		if (p < pattern.count && pattern.at[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.count && pattern.at[p] == text.at[t]) {
			p++;
			t++;
		} else if (star != VIEW_NOWHERE) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.count && pattern.at[p] == '*')
		p++;
	return p == pattern.count;
}

static bool equals(
	const struct filter_expression *node, struct pattern_scratch *scratch, const struct filter_value *value)
{
	struct view text = value->type == FILTER_VALUE_TRUE    ? view_of("true")
			   : value->type == FILTER_VALUE_FALSE ? view_of("false")
							       : value->text;
	double number;

	if (node->regex)
		return pattern_match(node->regex, scratch, filter_seen(text), NULL, 0) == 1;
	if (value->type == FILTER_VALUE_NUMBER && node->is_number && to_number(text, &number))
		return !(number < node->number) && !(number > node->number);
	if (view_find_byte(node->value, '*') == VIEW_NOWHERE)
		return view_equals(node->value, text);
	return fits_wildcards(node->value, filter_seen(text));
}

static bool is_ordered(const struct filter_expression *node, const struct filter_value *value)
{
	double number;

	if (value->type != FILTER_VALUE_NUMBER || !to_number(value->text, &number))
		return false;
	switch (node->comparison) {
	case COMPARE_LESS:
		return number < node->number;
	case COMPARE_LESS_EQUAL:
		return number <= node->number;
	case COMPARE_GREATER:
		return number > node->number;
	default:
		return number >= node->number;
	}
}

static bool compare(
	const struct filter_expression *node, struct pattern_scratch *scratch, const struct filter_value *value)
{
	switch (node->comparison) {
	case COMPARE_NULL:
		return value->type == FILTER_VALUE_NULL;
	case COMPARE_TRUE:
		return value->type == FILTER_VALUE_TRUE;
	case COMPARE_FALSE:
		return value->type == FILTER_VALUE_FALSE;
	case COMPARE_NOT_EXISTS:
		return value->type == FILTER_VALUE_MISSING;
	default:
		break;
	}
	if (value->type == FILTER_VALUE_MISSING || value->type == FILTER_VALUE_NULL ||
		value->type == FILTER_VALUE_OTHER)
		return false;
	if (node->comparison == COMPARE_EQUAL || node->comparison == COMPARE_UNEQUAL)
		return equals(node, scratch, value) == (node->comparison == COMPARE_EQUAL);
	return is_ordered(node, value);
}

bool filter_expression_holds(const struct filter_expression *expression, struct pattern_scratch *scratch,
	filter_resolve *resolve, const void *message)
{
	struct filter_value value;

	switch (expression->kind) {
	case KIND_AND:
		return filter_expression_holds(expression->left, scratch, resolve, message) &&
		       filter_expression_holds(expression->right, scratch, resolve, message);
	case KIND_OR:
		return filter_expression_holds(expression->left, scratch, resolve, message) ||
		       filter_expression_holds(expression->right, scratch, resolve, message);
	case KIND_COMPARE:
		break;
	}
	value = resolve(message, expression->operand);
	return compare(expression, scratch, &value);
}
