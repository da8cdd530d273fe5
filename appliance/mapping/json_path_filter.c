/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the filters of JSONPaths: or, and, not, comparisons, operands, each as in C. */
#include "appliance/mapping/json_path_program.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/java_pattern.h"

static int read_or(struct json_path_reader *reader, const struct json_filter **ret);

/* --- Operands ------------------------------------------------------------------------------------------------------- */

/* /pattern/ with an i behind it or not; \/ is a slash. */
static int read_pattern(struct json_path_reader *reader, struct json_operand *ret)
{
	size_t start = ++reader->at;
	unsigned flags = PATTERN_WHOLE;
	struct view text;
	int result;

	while (reader->at < reader->text.count && json_path_here(reader) != '/')
		reader->at += json_path_here(reader) == '\\' ? 2 : 1;
	if (reader->at >= reader->text.count)
		return json_path_refuse(reader, "a pattern is not closed");
	text = view_part(reader->text, start, reader->at - start);
	reader->at++;
	if (json_path_here(reader) == 'i') {
		flags |= PATTERN_IGNORE_CASE;
		reader->at++;
	}
	ret->kind = JSON_OPERAND_PATTERN;
	result = java_pattern_compile(reader->arena, &ret->pattern, text, flags, NULL);
	return result == -EINVAL || result == -EMSGSIZE ? json_path_refuse(reader, "no pattern") : result;
}

static int read_operand(struct json_path_reader *reader, struct json_operand *ret);

static int read_list(struct json_path_reader *reader, struct json_operand *ret)
{
	struct json_operand *items;
	size_t room = 1;

	for (size_t i = reader->at; i < reader->text.count; i++)
		room += reader->text.at[i] == ',';
	items = ARENA_NEW_ARRAY(reader->arena, struct json_operand, room);
	if (!items)
		return -ENOMEM;
	ret->kind = JSON_OPERAND_LIST;
	ret->items = items;
	do {
		int result;

		reader->at++;
		json_path_skip_blanks(reader);
		if (json_path_here(reader) == ']' && ret->count == 0)
			break;
		if (json_path_here(reader) == '[')
			return json_path_refuse(reader, "lists in lists");
		result = read_operand(reader, &items[ret->count++]);
		if (result)
			return result;
		json_path_skip_blanks(reader);
	} while (json_path_here(reader) == ',');
	if (json_path_here(reader) != ']')
		return json_path_refuse(reader, "a list is not closed");
	reader->at++;
	return 0;
}

static int read_word(struct json_path_reader *reader, struct json_operand *ret)
{
	size_t start = reader->at;

	while (reader->at < reader->text.count && !strchr(" \t()=!<>~&|,]'\"", json_path_here(reader)))
		reader->at++;
	if (reader->at == start)
		return json_path_refuse(reader, "an operand is missing");
	ret->kind = JSON_OPERAND_WORD;
	ret->word = arena_copy(reader->arena, view_part(reader->text, start, reader->at - start));
	return ret->word.at ? 0 : -ENOMEM;
}

static int read_operand(struct json_path_reader *reader, struct json_operand *ret)
{
	int result;

	*ret = (struct json_operand){ .kind = JSON_OPERAND_WORD };
	json_path_skip_blanks(reader);
	switch (json_path_here(reader)) {
	case '@':
	case '$':
		ret->kind = JSON_OPERAND_PATH;
		result = json_path_read(reader, true, &ret->path);
		if (result == 0 && !ret->path->definite)
			return json_path_refuse(reader, "a path in a filter must be definite");
		return result;
	case '\'':
	case '"':
		ret->quoted = true;
		return json_path_read_quoted(reader, &ret->word);
	case '/':
		return read_pattern(reader, ret);
	case '[':
		return read_list(reader, ret);
	default:
		return read_word(reader, ret);
	}
}

/* --- Comparisons ---------------------------------------------------------------------------------------------------- */

static const struct {
	struct view text;
	enum json_filter_kind kind;
	bool is_word; /* a blank or the like must follow */
} operators[] = {
	{ VIEW_INIT("=="), JSON_FILTER_EQUAL, false },
	{ VIEW_INIT("!="), JSON_FILTER_UNEQUAL, false },
	{ VIEW_INIT("<="), JSON_FILTER_LESS_OR_EQUAL, false },
	{ VIEW_INIT(">="), JSON_FILTER_GREATER_OR_EQUAL, false },
	{ VIEW_INIT("=~"), JSON_FILTER_MATCHES, false },
	{ VIEW_INIT("<"), JSON_FILTER_LESS, false },
	{ VIEW_INIT(">"), JSON_FILTER_GREATER, false },
	{ VIEW_INIT("in"), JSON_FILTER_IN, true },
	{ VIEW_INIT("nin"), JSON_FILTER_NOT_IN, true },
	{ VIEW_INIT("size"), JSON_FILTER_SIZE, true },
	{ VIEW_INIT("empty"), JSON_FILTER_EMPTY, true },
};

static bool take_operator(struct json_path_reader *reader, enum json_filter_kind *ret)
{
	struct view rest = view_after(reader->text, reader->at);

	for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
		struct view behind = view_after(rest, operators[i].text.count);

		if (!view_starts_with(rest, operators[i].text))
			continue;
		if (operators[i].is_word && (behind.count == 0 || !strchr(" \t[('\"", behind.at[0])))
			continue;
		reader->at += operators[i].text.count;
		*ret = operators[i].kind;
		return true;
	}
	return false;
}

static int check_operands(struct json_path_reader *reader, const struct json_filter *filter)
{
	bool wants_list = filter->kind == JSON_FILTER_IN || filter->kind == JSON_FILTER_NOT_IN;
	bool wants_pattern = filter->kind == JSON_FILTER_MATCHES;

	if (wants_list != (filter->right.kind == JSON_OPERAND_LIST) &&
		!(wants_list && filter->right.kind == JSON_OPERAND_PATH))
		return json_path_refuse(reader, "a list stands where none can");
	if (wants_pattern != (filter->right.kind == JSON_OPERAND_PATTERN))
		return json_path_refuse(reader, "a pattern stands where none can");
	if (filter->left.kind == JSON_OPERAND_LIST || filter->left.kind == JSON_OPERAND_PATTERN)
		return json_path_refuse(reader, "the left side must be a path or a value");
	return 0;
}

static int read_comparison(struct json_path_reader *reader, const struct json_filter **ret)
{
	struct json_filter *filter = ARENA_NEW(reader->arena, struct json_filter);
	int result;

	if (!filter)
		return -ENOMEM;
	result = read_operand(reader, &filter->left);
	if (result)
		return result;
	json_path_skip_blanks(reader);
	*ret = filter;
	if (!take_operator(reader, &filter->kind)) {
		filter->kind = JSON_FILTER_EXISTS;
		return filter->left.kind == JSON_OPERAND_PATH ? 0 : json_path_refuse(reader, "an operator is missing");
	}
	result = read_operand(reader, &filter->right);
	return result ? result : check_operands(reader, filter);
}

/* --- or, and, not --------------------------------------------------------------------------------------------------- */

static int join(struct json_path_reader *reader, enum json_filter_kind kind, const struct json_filter *first,
	const struct json_filter *second, const struct json_filter **ret)
{
	struct json_filter *filter = ARENA_NEW(reader->arena, struct json_filter);

	if (!filter)
		return -ENOMEM;
	filter->kind = kind;
	filter->first = first;
	filter->second = second;
	*ret = filter;
	return 0;
}

static int read_not(struct json_path_reader *reader, const struct json_filter **ret)
{
	int result;

	json_path_skip_blanks(reader);
	if (json_path_here(reader) == '!') {
		reader->at++;
		if (++reader->nesting > JSON_PATH_NESTING_MAX)
			return json_path_refuse(reader, "too deep");
		result = read_not(reader, ret);
		reader->nesting--;
		return result ? result : join(reader, JSON_FILTER_NOT, *ret, NULL, ret);
	}
	if (json_path_here(reader) != '(')
		return read_comparison(reader, ret);
	reader->at++;
	result = read_or(reader, ret);
	if (result)
		return result;
	if (json_path_here(reader) != ')')
		return json_path_refuse(reader, "a parenthesis is not closed");
	reader->at++;
	return 0;
}

static int read_chain(struct json_path_reader *reader, struct view word, enum json_filter_kind kind,
	int (*read)(struct json_path_reader *reader, const struct json_filter **ret), const struct json_filter **ret)
{
	int result = read(reader, ret);

	while (result == 0) {
		const struct json_filter *second;

		json_path_skip_blanks(reader);
		if (!view_starts_with(view_after(reader->text, reader->at), word))
			return 0;
		reader->at += word.count;
		result = read(reader, &second);
		if (result == 0)
			result = join(reader, kind, *ret, second, ret);
	}
	return result;
}

static int read_and(struct json_path_reader *reader, const struct json_filter **ret)
{
	return read_chain(reader, view_of("&&"), JSON_FILTER_AND, read_not, ret);
}

static int read_or(struct json_path_reader *reader, const struct json_filter **ret)
{
	int result;

	if (++reader->nesting > JSON_PATH_NESTING_MAX)
		return json_path_refuse(reader, "too deep");
	result = read_chain(reader, view_of("||"), JSON_FILTER_OR, read_and, ret);
	reader->nesting--;
	return result;
}

int json_filter_read(struct json_path_reader *reader, const struct json_filter **ret)
{
	return read_or(reader, ret);
}
