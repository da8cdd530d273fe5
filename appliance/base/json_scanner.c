/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A state machine over the text. The names of all open objects lie on one stack with a hash table over it, so that a
 * duplicate is found in constant time; an object that closes pops its names. Since names leave in the reverse order of their
 * coming, a slot of the linear-probing table may simply be cleared: nothing that is left was placed later.
 */
#include "appliance/base/json_scanner.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/arena.h"
#include "appliance/base/assert.h"
#include "appliance/base/json_lexeme.h"
#include "appliance/base/table.h"

const struct json_limits json_limits_default = {
	.max_bytes = JSON_MAX_BYTES,
	.max_depth = JSON_MAX_DEPTH,
	.max_values = JSON_MAX_VALUES,
};

/* What may come next. */
enum {
	STATE_VALUE,      /* a value */
	STATE_FIRST_ITEM, /* behind '[': a value or ']' */
	STATE_FIRST_NAME, /* behind '{': a name or '}' */
	STATE_NAME,       /* behind ',' in an object: a name */
	STATE_COLON,      /* behind a name: ':' and a value */
	STATE_AFTER,      /* behind a value in a container: ',' or its end */
	STATE_DONE,       /* behind the outermost value: nothing */
};

struct open_name {
	struct view name; /* unescaped */
	uint64_t hash;
	size_t depth; /* of its object: only one object per depth is open */
};

#define NAMES_FIRST_ROOM 32

struct json_scanner_names {
	struct open_name *stack;
	uint32_t *slots; /* index into the stack + 1, or 0; twice as many as `room` */
	size_t count, room;
	struct arena unescaped; /* names that had escapes; bounded by the text */
};

void json_scanner_init(struct json_scanner *scanner, struct view text, const struct json_limits *limits)
{
	*scanner = (struct json_scanner){ .text = text, .limits = limits ? *limits : json_limits_default, .line = 1 };
	if (scanner->limits.max_depth > JSON_MAX_DEPTH)
		scanner->limits.max_depth = JSON_MAX_DEPTH;
	scanner->state = STATE_VALUE;
}

void json_scanner_fini(struct json_scanner *scanner)
{
	struct json_scanner_names *names = scanner->names;

	if (names) {
		free(names->stack);
		free(names->slots);
		arena_fini(&names->unescaped);
		free(names);
	}
	scanner->names = NULL;
}

static int fail_at(struct json_scanner *scanner, size_t offset, int failure, const char *rule)
{
	scanner->failure = failure;
	scanner->error = (struct json_error){
		.offset = offset,
		.line = scanner->line,
		.column = (uint32_t)(offset - scanner->line_start + 1),
		.rule = rule,
	};
	return failure;
}

static int refuse(struct json_scanner *scanner, const char *rule)
{
	bool over = scanner->offset >= scanner->text.count;

	return fail_at(scanner, scanner->offset, -EBADMSG, over ? JSON_LEXEME_EARLY_END : rule);
}

/* The byte at hand, or -1 at the end. */
static inline int byte_at_hand(const struct json_scanner *scanner)
{
	return scanner->offset < scanner->text.count ? (unsigned char)scanner->text.at[scanner->offset] : -1;
}

static void skip_blanks(struct json_scanner *scanner)
{
	for (;; scanner->offset++) {
		int byte = byte_at_hand(scanner);

		if (byte == '\n') {
			scanner->line++;
			scanner->line_start = scanner->offset + 1;
		} else if (byte != ' ' && byte != '\t' && byte != '\r') {
			return;
		}
	}
}

/* --- Names of open objects ----------------------------------------------------------------------------------------- */

static int names_grow(struct json_scanner_names *names)
{
	size_t room = names->room ? 2 * names->room : NAMES_FIRST_ROOM;
	struct open_name *stack = realloc(names->stack, room * sizeof *stack);
	uint32_t *slots;

	if (!stack)
		return -ENOMEM;
	names->stack = stack;
	slots = calloc(2 * room, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(names->slots);
	names->slots = slots;
	names->room = room;
	for (size_t i = 0; i < names->count; i++) {
		size_t slot = stack[i].hash & (2 * room - 1);

		while (slots[slot])
			slot = (slot + 1) & (2 * room - 1);
		slots[slot] = (uint32_t)i + 1;
	}
	return 0;
}

static int names_push(struct json_scanner_names *names, struct view name, size_t depth)
{
	uint64_t hash = table_hash(name) + depth * UINT64_C(0x9e3779b97f4a7c15);
	size_t mask, slot;

	if (names->count == names->room && names_grow(names) < 0)
		return -ENOMEM;
	mask = 2 * names->room - 1;
	for (slot = hash & mask; names->slots[slot]; slot = (slot + 1) & mask) {
		const struct open_name *other = &names->stack[names->slots[slot] - 1];

		if (other->hash == hash && other->depth == depth && view_equals(other->name, name))
			return -EEXIST;
	}
	names->stack[names->count] = (struct open_name){ .name = name, .hash = hash, .depth = depth };
	names->slots[slot] = (uint32_t)++names->count;
	return 0;
}

static void names_pop(struct json_scanner_names *names, size_t depth)
{
	size_t mask = 2 * names->room - 1;

	while (names->count && names->stack[names->count - 1].depth == depth) {
		size_t slot = names->stack[names->count - 1].hash & mask;

		while (names->slots[slot] != names->count)
			slot = (slot + 1) & mask;
		names->slots[slot] = 0;
		names->count--;
	}
}

/* Remember a member's name in the innermost object. */
static int note_name(struct json_scanner *scanner, const struct json_token *token)
{
	struct json_scanner_names *names = scanner->names;
	struct view name = token->raw;
	int error;

	if (!names) {
		names = scanner->names = calloc(1, sizeof *names);
		if (!names)
			return fail_at(scanner, token->offset, -ENOMEM, "out of memory");
		arena_init(&names->unescaped, NULL, SIZE_MAX);
	}
	if (token->escaped) {
		struct buffer buffer;

		buffer_init_arena(&buffer, &names->unescaped, name.count);
		json_unescape(&buffer, name);
		if (buffer_error(&buffer))
			return fail_at(scanner, token->offset, -ENOMEM, "out of memory");
		name = buffer_view(&buffer);
	}
	error = names_push(names, name, scanner->depth);
	if (error == -EEXIST)
		return fail_at(scanner, token->offset, error, "a second member of the same name");
	if (error)
		return fail_at(scanner, token->offset, error, "out of memory");
	return 0;
}

/* --- Scalars ------------------------------------------------------------------------------------------------------- */

/* Where the lexeme reader ended is where the scanner is. */
static int leave_lexeme(struct json_scanner *scanner, const struct json_lexeme *lexeme, bool good)
{
	scanner->offset = (size_t)((const char *)lexeme->at - scanner->text.at);
	return good ? 0 : fail_at(scanner, scanner->offset, -EBADMSG, lexeme->rule);
}

static struct json_lexeme enter_lexeme(const struct json_scanner *scanner, size_t offset)
{
	const unsigned char *at = (const unsigned char *)scanner->text.at;

	return (struct json_lexeme){ .at = at + offset, .end = at + scanner->text.count };
}

/* At a quote: fill `raw` and `escaped`. */
static int scan_text(struct json_scanner *scanner, struct json_token *ret)
{
	size_t from = scanner->offset + 1;
	struct json_lexeme lexeme = enter_lexeme(scanner, from);

	if (leave_lexeme(scanner, &lexeme, json_lexeme_text(&lexeme)) < 0)
		return scanner->failure;
	ret->escaped = lexeme.escaped;
	ret->raw = view_from(scanner->text.at + from, scanner->offset - from);
	scanner->offset++;
	return 0;
}

static int scan_number(struct json_scanner *scanner, struct json_token *ret)
{
	size_t from = scanner->offset;
	struct json_lexeme lexeme = enter_lexeme(scanner, from);

	if (leave_lexeme(scanner, &lexeme, json_lexeme_number(&lexeme)) < 0)
		return scanner->failure;
	ret->type = JSON_TOKEN_NUMBER;
	ret->raw = view_from(scanner->text.at + from, scanner->offset - from);
	return 0;
}

static int scan_word(struct json_scanner *scanner, struct json_token *ret, struct view word, enum json_token_type type)
{
	size_t from = scanner->offset;
	struct json_lexeme lexeme = enter_lexeme(scanner, from);

	if (leave_lexeme(scanner, &lexeme, json_lexeme_word(&lexeme, word.at, word.count)) < 0)
		return scanner->failure;
	ret->type = type;
	ret->raw = view_from(scanner->text.at + from, word.count);
	return 0;
}

/* --- The machine --------------------------------------------------------------------------------------------------- */

static bool in_object(const struct json_scanner *scanner)
{
	size_t level = scanner->depth - 1;

	return scanner->depth && (scanner->stack[level / 64] >> (level % 64) & 1);
}

static void after_value(struct json_scanner *scanner)
{
	scanner->state = scanner->depth ? STATE_AFTER : STATE_DONE;
}

static int open_container(struct json_scanner *scanner, struct json_token *ret, bool object)
{
	uint64_t bit = UINT64_C(1) << (scanner->depth % 64);

	if (scanner->depth >= scanner->limits.max_depth)
		return fail_at(scanner, scanner->offset, -EMSGSIZE, "nested too deep");
	if (object)
		scanner->stack[scanner->depth / 64] |= bit;
	else
		scanner->stack[scanner->depth / 64] &= ~bit;
	scanner->depth++;
	ret->type = object ? JSON_TOKEN_OBJECT_BEGIN : JSON_TOKEN_ARRAY_BEGIN;
	ret->raw = view_from(scanner->text.at + scanner->offset++, 1);
	scanner->state = object ? STATE_FIRST_NAME : STATE_FIRST_ITEM;
	return 0;
}

static int close_container(struct json_scanner *scanner, struct json_token *ret)
{
	bool object = in_object(scanner);

	if (object && scanner->names)
		names_pop(scanner->names, scanner->depth);
	scanner->depth--;
	ret->type = object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
	ret->raw = view_from(scanner->text.at + scanner->offset++, 1);
	after_value(scanner);
	return 0;
}

static int scan_value(struct json_scanner *scanner, struct json_token *ret)
{
	int byte = byte_at_hand(scanner);
	int error;

	if (byte >= 0 && ++scanner->value_count > scanner->limits.max_values)
		return fail_at(scanner, scanner->offset, -EMSGSIZE, "too many values");
	switch (byte) {
	case '{':
	case '[':
		return open_container(scanner, ret, byte == '{');
	case '"':
		ret->type = JSON_TOKEN_TEXT;
		error = scan_text(scanner, ret);
		break;
	case 't':
		error = scan_word(scanner, ret, view_of("true"), JSON_TOKEN_TRUE);
		break;
	case 'f':
		error = scan_word(scanner, ret, view_of("false"), JSON_TOKEN_FALSE);
		break;
	case 'n':
		error = scan_word(scanner, ret, view_of("null"), JSON_TOKEN_NULL);
		break;
	default:
		if (byte != '-' && !(byte >= '0' && byte <= '9'))
			return refuse(scanner, "expected a value");
		error = scan_number(scanner, ret);
		break;
	}
	if (!error)
		after_value(scanner);
	return error;
}

static int scan_name(struct json_scanner *scanner, struct json_token *ret)
{
	if (byte_at_hand(scanner) != '"')
		return refuse(scanner, "expected a member's name in quotes");
	ret->type = JSON_TOKEN_NAME;
	if (scan_text(scanner, ret) < 0 || note_name(scanner, ret) < 0)
		return scanner->failure;
	scanner->state = STATE_COLON;
	return 0;
}

/* Step over the punctuation before the next token. Leaves the state at what the token must be. */
static int skip_punctuation(struct json_scanner *scanner)
{
	skip_blanks(scanner);
	if (scanner->state == STATE_COLON) {
		if (byte_at_hand(scanner) != ':')
			return refuse(scanner, "expected ':' behind a member's name");
		scanner->state = STATE_VALUE;
	} else if (scanner->state == STATE_AFTER && byte_at_hand(scanner) == ',') {
		scanner->state = in_object(scanner) ? STATE_NAME : STATE_VALUE;
	} else {
		return 0;
	}
	scanner->offset++;
	skip_blanks(scanner);
	return 0;
}

int json_scanner_next(struct json_scanner *scanner, struct json_token *ret)
{
	int byte;

	if (scanner->failure)
		return scanner->failure;
	if (scanner->text.count > scanner->limits.max_bytes)
		return fail_at(scanner, 0, -EMSGSIZE, "the text is too long");
	if (skip_punctuation(scanner) < 0)
		return scanner->failure;
	*ret = (struct json_token){
		.offset = scanner->offset,
		.line = scanner->line,
		.column = (uint32_t)(scanner->offset - scanner->line_start + 1),
	};
	byte = byte_at_hand(scanner);
	switch (scanner->state) {
	case STATE_VALUE:
		return scan_value(scanner, ret);
	case STATE_FIRST_ITEM:
		return byte == ']' ? close_container(scanner, ret) : scan_value(scanner, ret);
	case STATE_FIRST_NAME:
		return byte == '}' ? close_container(scanner, ret) : scan_name(scanner, ret);
	case STATE_NAME:
		return scan_name(scanner, ret);
	case STATE_AFTER:
		if (byte == (in_object(scanner) ? '}' : ']'))
			return close_container(scanner, ret);
		return refuse(scanner, in_object(scanner) ? "expected ',' or '}'" : "expected ',' or ']'");
	case STATE_DONE:
		if (byte >= 0)
			return refuse(scanner, "something follows the value");
		ret->type = JSON_TOKEN_END;
		return 0;
	default:
		ASSERT_UNREACHABLE();
	}
}

/* A code point as UTF-8: how many bytes. */
static size_t put_point(char *to, uint32_t point)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* At the 'u' of an escape that was checked: behind it, or behind the second of a pair. */
static const unsigned char *unescape_unit(const unsigned char *at, const unsigned char *end, char **to)
{
	int32_t unit = json_lexeme_hex_quad(at + 1, end);

	at += 5;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		unit = 0x10000 + ((unit - 0xd800) << 10) + (json_lexeme_hex_quad(at + 2, end) - 0xdc00);
		at += 6;
	}
	ASSERT(unit >= 0);
	*to += put_point(*to, (uint32_t)unit);
	return at;
}

void json_unescape(struct buffer *buffer, struct view raw)
{
	static const char meant[256] = { ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t' };
	const unsigned char *at = (const unsigned char *)(raw.count ? raw.at : ""), *end = at + raw.count;
	/* What an escape means is never longer than the escape. */
	char *room = buffer_reserve(buffer, raw.count), *to = room;

	while (room && at < end) {
		const unsigned char *plain_end = json_lexeme_plain_end(at, end);
		size_t plain = (size_t)(plain_end - at);

		memcpy(to, at, plain);
		to += plain;
		at = plain_end;
		if (end - at >= 2 && *at == '\\') {
			if (at[1] == 'u') {
				at = unescape_unit(at + 1, end, &to);
				continue;
			}
			*to++ = meant[at[1]] ? meant[at[1]] : (char)at[1];
			at += 2;
		} else if (at < end) {
			*to++ = (char)*at++;
		}
	}
	if (room)
		buffer_commit(buffer, (size_t)(to - room));
}

int json_check(struct view text, const struct json_limits *limits, struct json_error *ret_error)
{
	struct json_scanner scanner;
	struct json_token token;
	int error;

	json_scanner_init(&scanner, text, limits);
	do
		error = json_scanner_next(&scanner, &token);
	while (!error && token.type != JSON_TOKEN_END);
	if (ret_error)
		*ret_error = scanner.error;
	json_scanner_fini(&scanner);
	return error;
}
