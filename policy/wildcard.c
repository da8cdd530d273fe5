/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/wildcard.h"

#include "policy/text.h"
#include "policy/wildcard_segment.h"

#include <errno.h>

/* ---- compiling ---- */

struct compiler {
	struct wildcard_piece *pieces;
	char *literals; /* where the next literal byte goes: literals are never longer than the pattern */
	uint32_t piece_count, variable_count;
	bool folded, malformed;
};

size_t wildcard_variable_length(struct policy_text text)
{
	const char *close;

	if (text.count < 3 || text.bytes[0] != '$' || text.bytes[1] != '{')
		return 0;
	close = memchr(text.bytes, '}', text.count);
	return close ? (size_t)(close - text.bytes) + 1 : 0;
}

/* Is ${…}, `length` bytes long, one of the escapes? Then give its byte. */
static bool is_escape(struct policy_text text, size_t length, char *ret_byte)
{
	if (length != 4 || (text.bytes[2] != '*' && text.bytes[2] != '?' && text.bytes[2] != '$'))
		return false;
	*ret_byte = text.bytes[2];
	return true;
}

bool wildcard_has_variable(struct policy_text text, unsigned syntax)
{
	char byte;

	if (!(syntax & WILDCARD_VARIABLES))
		return false;
	for (size_t i = 0; i < text.count; i++) {
		size_t length = wildcard_variable_length(policy_text_behind(text, i));

		if (length && !is_escape(policy_text_behind(text, i), length, &byte))
			return true;
	}
	return false;
}

static struct wildcard_piece *piece_add(struct compiler *compiler, enum wildcard_piece_kind kind)
{
	struct wildcard_piece *piece = &compiler->pieces[compiler->piece_count++];

	piece->kind = kind;
	piece->key = -1;
	return piece;
}

static void literal_add(struct compiler *compiler, char byte)
{
	struct wildcard_piece *top = compiler->piece_count ? &compiler->pieces[compiler->piece_count - 1] : NULL;

	if (!top || top->kind != WILDCARD_LITERAL) {
		top = piece_add(compiler, WILDCARD_LITERAL);
		top->text.bytes = compiler->literals;
	}
	*compiler->literals++ = compiler->folded ? (char)policy_text_fold(byte) : byte;
	top->text.count++;
}

static void run_add(struct compiler *compiler)
{
	/* Runs of stars mean one star; folding them here keeps matching linear for "****". */
	if (!compiler->piece_count || compiler->pieces[compiler->piece_count - 1].kind != WILDCARD_ANY_RUN)
		piece_add(compiler, WILDCARD_ANY_RUN);
}

/* Inside of ${…}: key, or key, 'default'. */
static void variable_add(struct compiler *compiler, struct policy_text inside)
{
	struct wildcard_piece *piece = piece_add(compiler, WILDCARD_VARIABLE);
	const char *comma = inside.count ? memchr(inside.bytes, ',', inside.count) : NULL;

	compiler->variable_count++;
	piece->name = inside;
	if (comma) {
		struct policy_text rest;

		piece->name.count = (size_t)(comma - inside.bytes);
		rest = policy_text_behind(inside, piece->name.count + 1);
		while (rest.count && rest.bytes[0] == ' ')
			rest = policy_text_behind(rest, 1);
		while (rest.count && rest.bytes[rest.count - 1] == ' ')
			rest.count--;
		if (rest.count >= 2 && rest.bytes[0] == '\'' && rest.bytes[rest.count - 1] == '\'')
			piece->text = (struct policy_text){ .bytes = rest.bytes + 1, .count = rest.count - 2 };
		else
			compiler->malformed = true;
	}
	while (piece->name.count && piece->name.bytes[piece->name.count - 1] == ' ')
		piece->name.count--;
	if (!piece->name.count)
		compiler->malformed = true;
	piece->key = policy_key_find(piece->name);
}

/* Literals and stars only; neither ever has a neighbour of its own kind. */
static bool is_stars(const struct wildcard *pattern)
{
	for (uint32_t i = 0; i < pattern->piece_count; i++)
		if (pattern->pieces[i].kind == WILDCARD_ANY_BYTE || pattern->pieces[i].kind == WILDCARD_VARIABLE)
			return false;
	return !pattern->folded;
}

static void find_shape(struct wildcard *pattern)
{
	const struct wildcard_piece *pieces = pattern->pieces;
	uint32_t literal_count = pattern->piece_count && pieces[0].kind == WILDCARD_LITERAL ? 1 : 0;

	pattern->literal = literal_count ? pieces[0].text : (struct policy_text){ .bytes = "", .count = 0 };
	if (pattern->piece_count == literal_count)
		pattern->shape = WILDCARD_EXACT;
	else if (pattern->piece_count == literal_count + 1 && pieces[literal_count].kind == WILDCARD_ANY_RUN)
		pattern->shape = WILDCARD_PREFIX;
	else
		pattern->shape = is_stars(pattern) ? WILDCARD_STARS : WILDCARD_GENERAL;
}

/* Each piece needs a byte of the pattern, except that literals merge. */
static size_t count_pieces(struct policy_text text, unsigned syntax)
{
	size_t count = 1;

	for (size_t i = 0; i < text.count; i++)
		if (text.bytes[i] == '*' || text.bytes[i] == '?' || text.bytes[i] == '$')
			count += 2;
	return syntax & (WILDCARD_GLOB | WILDCARD_VARIABLES) ? count : 1;
}

int wildcard_compile(struct wildcard *ret, struct policy_arena *arena, struct policy_text text, unsigned syntax)
{
	struct compiler compiler = { .folded = syntax & WILDCARD_FOLDED };
	struct policy_text kept = policy_arena_copy(arena, text); /* names and defaults of variables point into it */
	char byte;

	compiler.pieces = policy_arena_take(arena, count_pieces(text, syntax), sizeof *compiler.pieces);
	compiler.literals = policy_arena_take(arena, text.count + 1, 1);
	if (!kept.bytes || !compiler.pieces || !compiler.literals)
		return -ENOMEM;
	for (size_t i = 0; i < kept.count;) {
		struct policy_text rest = policy_text_behind(kept, i);
		size_t length = syntax & WILDCARD_VARIABLES ? wildcard_variable_length(rest) : 0;

		if (length && is_escape(rest, length, &byte)) {
			literal_add(&compiler, byte);
		} else if (length) {
			variable_add(&compiler, (struct policy_text){ .bytes = rest.bytes + 2, .count = length - 3 });
		} else if (syntax & WILDCARD_GLOB && kept.bytes[i] == '*') {
			run_add(&compiler);
		} else if (syntax & WILDCARD_GLOB && kept.bytes[i] == '?') {
			piece_add(&compiler, WILDCARD_ANY_BYTE);
		} else {
			literal_add(&compiler, kept.bytes[i]);
		}
		i += length ? length : 1;
	}
	if (compiler.variable_count > POLICY_VARIABLES_MAX)
		return -E2BIG;
	*ret = (struct wildcard){ .pieces = compiler.pieces,
		.piece_count = compiler.piece_count,
		.variable_count = compiler.variable_count,
		.folded = compiler.folded };
	find_shape(ret);
	return compiler.malformed ? -EINVAL : 0;
}

/* ---- matching ---- */

/* Values of all variables; false if one has none. */
static bool resolve(const struct wildcard *pattern, const struct policy_request *request, struct policy_text *values)
{
	size_t count = 0;

	for (uint32_t i = 0; i < pattern->piece_count; i++) {
		const struct wildcard_piece *piece = &pattern->pieces[i];
		const struct policy_value *value;

		if (piece->kind != WILDCARD_VARIABLE)
			continue;
		value = piece->key >= 0 ? &request->keys[piece->key] : policy_request_other(request, piece->name);
		/* A key with a list has no single value: unresolved, as an absent one. */
		if (value && value->text.bytes && !value->list)
			values[count] = value->text;
		else if (piece->text.bytes)
			values[count] = piece->text;
		else
			return false;
		count++;
	}
	return true;
}

static bool byte_equal(const struct wildcard *pattern, char pattern_byte, char text_byte)
{
	if (pattern_byte == text_byte)
		return true;
	return pattern->folded && policy_text_fold(pattern_byte) == policy_text_fold(text_byte);
}

/*
 * The pieces with each variable replaced by a literal. `variables` counts those before the place, so that the value of the
 * piece under the place is known without a search.
 */
struct cursor {
	uint32_t piece, variables;
	size_t offset;
};

/* Text of the literal or variable under the cursor. */
static struct policy_text literal_at(
	const struct wildcard *pattern, const struct policy_text *values, const struct cursor *cursor)
{
	const struct wildcard_piece *piece = &pattern->pieces[cursor->piece];

	return piece->kind == WILDCARD_VARIABLE ? values[cursor->variables] : piece->text;
}

static void next_piece(const struct wildcard *pattern, struct cursor *cursor)
{
	if (pattern->pieces[cursor->piece].kind == WILDCARD_VARIABLE)
		cursor->variables++;
	cursor->piece++;
	cursor->offset = 0;
}

/* Step over literals that are used up, and over variables with an empty value. */
static void settle(const struct wildcard *pattern, const struct policy_text *values, struct cursor *cursor)
{
	while (cursor->piece < pattern->piece_count) {
		enum wildcard_piece_kind kind = pattern->pieces[cursor->piece].kind;

		if (kind == WILDCARD_ANY_RUN || kind == WILDCARD_ANY_BYTE)
			return;
		if (cursor->offset < literal_at(pattern, values, cursor).count)
			return;
		next_piece(pattern, cursor);
	}
}

/*
 * Try to match what is under the cursor at the start of `text`; moves the cursor on success and returns how many bytes were
 * matched, else 0.
 */
static size_t take(const struct wildcard *pattern, const struct policy_text *values, struct cursor *cursor,
	struct policy_text text)
{
	struct policy_text literal;

	if (cursor->piece == pattern->piece_count)
		return 0;
	if (pattern->pieces[cursor->piece].kind == WILDCARD_ANY_BYTE) {
		next_piece(pattern, cursor);
		return 1;
	}
	literal = policy_text_behind(literal_at(pattern, values, cursor), cursor->offset);
	if (pattern->folded) {
		cursor->offset++;
		return byte_equal(pattern, literal.bytes[0], text.bytes[0]);
	}
	if (text.count < literal.count || memcmp(text.bytes, literal.bytes, literal.count) != 0)
		return 0;
	next_piece(pattern, cursor);
	return literal.count;
}

/* Where what stands behind a star can begin first, at `from` or behind it; `text.count` if nowhere. */
static size_t find_start(const struct wildcard *pattern, const struct policy_text *values,
	const struct cursor *behind_star, struct policy_text text, size_t from)
{
	const char *found;

	if (pattern->folded || from >= text.count || behind_star->piece == pattern->piece_count ||
		pattern->pieces[behind_star->piece].kind == WILDCARD_ANY_BYTE ||
		pattern->pieces[behind_star->piece].kind == WILDCARD_ANY_RUN)
		return from;
	found = memchr(text.bytes + from, literal_at(pattern, values, behind_star).bytes[behind_star->offset],
		text.count - from);
	return found ? (size_t)(found - text.bytes) : text.count;
}

/* What stands before the first piece of another kind was compared by starts_with(). */
/* Byte by byte, with the last star as the only place to go back to: for actions and the like, which are short. */
static bool match_folded(const struct wildcard *pattern, const struct policy_text *values, struct policy_text text)
{
	struct cursor cursor = { .piece = pattern->literal.count ? 1 : 0 }, behind_star = { 0 };
	size_t i = pattern->literal.count, star_text = 0; /* the text that the last star has swallowed ends here */
	bool starred = false;

	settle(pattern, values, &cursor);
	while (i < text.count) {
		size_t taken;

		if (cursor.piece < pattern->piece_count && pattern->pieces[cursor.piece].kind == WILDCARD_ANY_RUN) {
			next_piece(pattern, &cursor);
			settle(pattern, values, &cursor);
			behind_star = cursor;
			i = star_text = find_start(pattern, values, &behind_star, text, i);
			starred = true;
			continue;
		}
		taken = take(pattern, values, &cursor, policy_text_behind(text, i));
		if (taken) {
			settle(pattern, values, &cursor);
			i += taken;
		} else if (starred) {
			cursor = behind_star;
			i = star_text = find_start(pattern, values, &behind_star, text, star_text + 1);
		} else {
			return false;
		}
	}
	while (cursor.piece < pattern->piece_count && pattern->pieces[cursor.piece].kind == WILDCARD_ANY_RUN) {
		next_piece(pattern, &cursor);
		settle(pattern, values, &cursor);
	}
	return cursor.piece == pattern->piece_count;
}

/*
 * The pieces before the first star, but for the literal that starts_with() has compared: false if they don't begin the text.
 * Moves `*text` behind them and gives the star's place.
 */
static bool match_beginning(const struct wildcard *pattern, const struct policy_text *values, struct policy_text *text,
	uint32_t *ret_piece, uint32_t *ret_variables)
{
	uint32_t i = 0, variables = 0;

	if (pattern->pieces[0].kind == WILDCARD_LITERAL) {
		*text = policy_text_behind(*text, pattern->literal.count);
		i = 1;
	}
	for (; i < pattern->piece_count && pattern->pieces[i].kind != WILDCARD_ANY_RUN; i++) {
		const struct wildcard_piece *piece = &pattern->pieces[i];
		struct policy_text part = piece->text;

		if (piece->kind == WILDCARD_VARIABLE)
			part = values[variables++];
		else if (piece->kind == WILDCARD_ANY_BYTE)
			part = (struct policy_text){ .bytes = text->bytes, .count = 1 };
		if (text->count < part.count || (part.count && memcmp(text->bytes, part.bytes, part.count) != 0))
			return false;
		*text = policy_text_behind(*text, part.count);
	}
	*ret_piece = i;
	*ret_variables = variables;
	return true;
}

static bool match_segments(const struct wildcard *pattern, const struct policy_text *values, struct policy_text text)
{
	struct wildcard_segment segment;
	uint32_t star, variables;

	if (!match_beginning(pattern, values, &text, &star, &variables))
		return false;
	if (star == pattern->piece_count)
		return text.count == 0;
	while (star + 1 < pattern->piece_count) {
		const char *found;

		segment = wildcard_segment_from(pattern, values, star + 1, variables);
		if (segment.end == pattern->piece_count)
			return text.count >= segment.length &&
			       wildcard_segment_stands_at(&segment, text.bytes + (text.count - segment.length));
		found = wildcard_segment_find(&segment, text);
		if (!found)
			return false;
		text = policy_text_behind(text, (size_t)(found - text.bytes) + segment.length);
		for (star++; star < segment.end; star++)
			variables += pattern->pieces[star].kind == WILDCARD_VARIABLE;
	}
	return true;
}

/*
 * Literals and stars: the last literal, if no star is behind it, has to end the text; those between two stars are searched
 * from left to right, each as early as it can stand. The first one was compared by starts_with().
 */
static bool match_stars(const struct wildcard *pattern, struct policy_text text)
{
	const struct wildcard_piece *pieces = pattern->pieces;
	uint32_t first = pieces[0].kind == WILDCARD_LITERAL ? 1 : 0, end = pattern->piece_count;

	text = policy_text_behind(text, pattern->literal.count);
	if (pieces[end - 1].kind == WILDCARD_LITERAL) {
		struct policy_text last = pieces[--end].text;

		if (text.count < last.count ||
			memcmp(text.bytes + text.count - last.count, last.bytes, last.count) != 0)
			return false;
		text.count -= last.count;
	}
	for (uint32_t i = first; i < end; i++) {
		const char *found;

		if (pieces[i].kind != WILDCARD_LITERAL)
			continue;
		found = memmem(text.bytes, text.count, pieces[i].text.bytes, pieces[i].text.count);
		if (!found)
			return false;
		text = policy_text_behind(text, (size_t)(found - text.bytes) + pieces[i].text.count);
	}
	return true;
}

static bool starts_with(const struct wildcard *pattern, struct policy_text text)
{
	struct policy_text head = { .bytes = text.bytes, .count = pattern->literal.count };

	if (text.count < head.count)
		return false;
	return pattern->folded ? policy_text_equal_folded(head, pattern->literal)
			       : policy_text_equal(head, pattern->literal);
}

/* Apart from wildcard_match(), whose usual ways need no room for values. */
static __attribute__((noinline)) bool match_with_values(
	const struct wildcard *pattern, struct policy_text text, const struct policy_request *request)
{
	struct policy_text values[POLICY_VARIABLES_MAX];

	if (pattern->variable_count && (!request || !resolve(pattern, request, values)))
		return false;
	return pattern->folded ? match_folded(pattern, values, text) : match_segments(pattern, values, text);
}

bool wildcard_match(const struct wildcard *pattern, struct policy_text text, const struct policy_request *request)
{
	if (!starts_with(pattern, text))
		return false;
	switch (pattern->shape) {
	case WILDCARD_EXACT:
		return text.count == pattern->literal.count;
	case WILDCARD_PREFIX:
		return true;
	case WILDCARD_STARS:
		return match_stars(pattern, text);
	case WILDCARD_GENERAL:
		break;
	}
	return match_with_values(pattern, text, request);
}
