/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/csv.h"

#include <string.h>

static bool is_at(struct view rest, char byte)
{
	return rest.count && rest.at[0] == byte;
}

static bool is_at_line_end(struct view rest)
{
	return rest.count == 0 || rest.at[0] == '\n' || rest.at[0] == '\r';
}

static void skip_blanks(struct view *rest)
{
	while (is_at(*rest, ' ') || is_at(*rest, '\t'))
		*rest = view_after(*rest, 1);
}

static void skip_line_end(struct view *rest)
{
	if (is_at(*rest, '\r'))
		*rest = view_after(*rest, 1);
	if (is_at(*rest, '\n'))
		*rest = view_after(*rest, 1);
}

static void skip_line(struct view *rest)
{
	while (!is_at_line_end(*rest))
		*rest = view_after(*rest, 1);
	skip_line_end(rest);
}

/* Bytes before the quote that closes, and whether quotes are doubled among them; VIEW_NOWHERE: it is not closed. */
static size_t find_closing(struct view inside, char quote, bool *ret_doubled)
{
	*ret_doubled = false;
	for (size_t i = 0; i < inside.count; i++) {
		if (quote == '\'' && is_at_line_end(view_after(inside, i)))
			return VIEW_NOWHERE;
		if (inside.at[i] != quote)
			continue;
		if (i + 1 == inside.count || inside.at[i + 1] != quote)
			return i;
		*ret_doubled = true;
		i++;
	}
	return VIEW_NOWHERE;
}

/* Each quote once. `at` is NULL without memory. */
static struct view undouble(struct view inside, char quote, struct arena *arena)
{
	char *text = arena_alloc(arena, inside.count + 1);
	size_t count = 0;

	if (!text)
		return (struct view){ 0 };
	for (size_t i = 0; i < inside.count; i++) {
		text[count++] = inside.at[i];
		if (inside.at[i] == quote)
			i++;
	}
	return view_from(text, count);
}

/* Behind the opening quote. Returns a fault or NULL. */
static const char *read_quoted(struct view *rest, char quote, struct view *ret, struct arena *arena)
{
	bool doubled;
	size_t count = find_closing(*rest, quote, &doubled);

	if (count == VIEW_NOWHERE)
		return "A quote is not closed";
	*ret = view_part(*rest, 0, count);
	*rest = view_after(*rest, count + 1);
	skip_blanks(rest);
	if (!is_at_line_end(*rest) && !is_at(*rest, ','))
		return "Text follows a closing quote";
	if (!doubled)
		return NULL;
	*ret = undouble(*ret, quote, arena);
	return ret->at ? NULL : "There is no memory";
}

static const char *read_field(struct view *rest, struct view *ret, struct arena *arena)
{
	size_t count = 0;

	skip_blanks(rest);
	if (is_at(*rest, '"') || is_at(*rest, '\'')) {
		char quote = rest->at[0];

		*rest = view_after(*rest, 1);
		return read_quoted(rest, quote, ret, arena);
	}
	while (!is_at_line_end(view_after(*rest, count)) && rest->at[count] != ',')
		count++;
	*ret = view_trim(view_part(*rest, 0, count));
	*rest = view_after(*rest, count);
	return NULL;
}

void csv_init(struct csv *csv, struct view text)
{
	struct view mark = view_of("\xef\xbb\xbf");

	csv->rest = view_starts_with(text, mark) ? view_after(text, mark.count) : text;
}

bool csv_next(struct csv *csv, struct csv_record *ret, struct arena *arena)
{
	struct view *rest = &csv->rest;
	bool more = true;

	memset(ret, 0, sizeof *ret);
	for (skip_blanks(rest); rest->count && is_at_line_end(*rest); skip_blanks(rest))
		skip_line_end(rest);
	if (rest->count == 0)
		return false;
	while (more) {
		struct view field = { 0 };
		const char *fault = read_field(rest, &field, arena);

		if (!fault && ret->field_count == CSV_FIELDS_MAX)
			fault = "There are too many fields";
		if (fault) {
			ret->fault = fault;
			skip_line(rest);
			return true;
		}
		ret->fields[ret->field_count++] = field;
		more = is_at(*rest, ',');
		if (more)
			*rest = view_after(*rest, 1);
	}
	skip_line_end(rest);
	return true;
}
