/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A value is 16 bytes, and so is a member's name, so a container is a run of such slots. Slots wait on a stack until their container
 * ends and then move to its place, side by side. Stack and places share one block: the stack grows from its start, the places from
 * its end, and as every slot is in either of them, the block needs as many slots as there are names and values, which a quick look at the
 * punctuation bounds before anything is read.
 */
#include "appliance/base/json_value.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/decimal.h"
#include "appliance/base/json_lexeme.h"
#include "appliance/base/table.h"

const struct json_value json_value_null = { .kind = JSON_VALUE_NULL };

/* Up to so many members are compared with each other, to find names given twice; more of them by a hash table. */
#define PAIRWISE_MEMBERS_MAX 24
/* Slots of the table that lies on the machine's stack. */
#define LOCAL_TABLE_SLOTS 256
/* Texts beyond this many bytes are counted exactly, commas within texts left out: memory matters more than time. */
#define ESTIMATE_MAX_BYTES 65536

struct level {
	struct json_value *begin; /* top of the stack when the container was opened */
	bool object;
};

/* Where it reads is handed from function to function, so that it stays in a register: NULL means that `failure` is set. */
struct parser {
	const unsigned char *end;
	struct view text;
	struct arena *arena;
	struct json_limits limits;
	struct json_value *stack;  /* behind the slot pushed last */
	struct json_value *places; /* the place given away last */
	size_t value_count, depth;
	int failure;
	const char *rule;
	const unsigned char *failed_at;
	struct level levels[JSON_MAX_DEPTH];
};

/* --- Failures ------------------------------------------------------------------------------------------------------------ */

/* Out of line, as all below that is rare; and what each value goes through. */
#define RARE __attribute__((noinline, cold))
#define COMMON static inline __attribute__((always_inline))

RARE static const unsigned char *fail(struct parser *p, const unsigned char *at, int failure, const char *rule)
{
	p->failure = failure;
	p->failed_at = at;
	p->rule = rule;
	return NULL;
}

RARE static const unsigned char *refuse(struct parser *p, const unsigned char *at, const char *rule)
{
	return fail(p, at, -EBADMSG, at >= p->end ? JSON_LEXEME_EARLY_END : rule);
}

static void describe(const struct parser *p, struct json_error *ret)
{
	size_t offset = (size_t)((const char *)p->failed_at - p->text.at), line_start = 0;

	*ret = (struct json_error){ .offset = offset, .line = 1, .rule = p->rule };
	for (size_t i = 0; i < offset; i++) {
		if (p->text.at[i] == '\n') {
			ret->line++;
			line_start = i + 1;
		}
	}
	ret->column = (uint32_t)(offset - line_start + 1);
}

/* --- How many slots there can be ------------------------------------------------------------------------------------------- */

/* Each slot but the root's stands behind one of these. */
static inline bool begins_slot(unsigned char byte)
{
	return byte == ',' || byte == ':' || byte == '[' || byte == '{';
}

static size_t count_punctuation(const unsigned char *at, const unsigned char *end)
{
	size_t count = 0;

#ifdef __SSE2__
	while (end - at >= 16) {
		size_t rounds = (size_t)(end - at) / 16;
		__m128i counts = _mm_setzero_si128();

		/* A byte of `counts` holds up to 255. */
		for (rounds = rounds < 255 ? rounds : 255; rounds > 0; rounds--, at += 16) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
			__m128i comma = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(','));
			__m128i colon = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':'));
			/* '[' is 0x5b and '{' 0x7b. */
			__m128i open = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('{'));

			counts = _mm_sub_epi8(counts, _mm_or_si128(open, _mm_or_si128(comma, colon)));
		}
		counts = _mm_sad_epu8(counts, _mm_setzero_si128());
		count += (size_t)_mm_extract_epi16(counts, 0) + (size_t)_mm_extract_epi16(counts, 4);
	}
#endif
	for (; at < end; at++)
		count += begins_slot(*at);
	return count;
}

/* The same without what stands in texts; of what is no JSON any number. */
static size_t count_exactly(const unsigned char *at, const unsigned char *end)
{
	size_t count = 0;

	while (at < end) {
		if (*at != '"') {
			count += begins_slot(*at++);
			continue;
		}
		for (at++; at < end && *at != '"'; at = json_lexeme_plain_end(at, end)) {
			if (*at == '\\' && end - at >= 2)
				at += 2;
			else
				at++;
		}
		if (at < end)
			at++;
	}
	return count;
}

static bool take_block(struct parser *p, const unsigned char *at)
{
	size_t count =
		1 + (p->text.count > ESTIMATE_MAX_BYTES ? count_exactly(at, p->end) : count_punctuation(at, p->end));
	/* A value has a name at most. */
	size_t most = p->limits.max_values < SIZE_MAX / 4 ? 2 * p->limits.max_values + 2 : SIZE_MAX;

	if (count > most)
		count = most;
	p->stack = arena_alloc(p->arena, count * sizeof *p->stack);
	if (!p->stack)
		return fail(p, at, -ENOMEM, "out of memory");
	p->places = p->stack + count;
	return true;
}

/* --- Names ------------------------------------------------------------------------------------------------------------------ */

uint16_t json_value_mark(struct view name)
{
	uint64_t first = 0, last = 0;

	if (name.count >= 8) {
		memcpy(&first, name.at, 8);
		memcpy(&last, name.at + name.count - 8, 8);
	} else if (name.count >= 4) {
		memcpy(&first, name.at, 4);
		memcpy(&last, name.at + name.count - 4, 4);
	} else {
		for (size_t i = 0; i < name.count; i++)
			first = first << 8 | (unsigned char)name.at[i];
	}
	first = (first ^ name.count) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint16_t)((first ^ (last + (first >> 29)) * UINT64_C(0xbf58476d1ce4e5b9)) >> 48);
}

static inline bool same_name(const struct json_value *left, const struct json_value *right)
{
	return left->mark == right->mark && json_value_is_same_text(left, right);
}

/* The one of the first `count` members that has the name, or `count`. */
static size_t find_pairwise(const struct json_member *members, size_t count, const struct json_value *name)
{
	for (size_t i = 0; i < count; i++) {
		if (same_name(&members[i].name, name))
			return i;
	}
	return count;
}

/* The same with a table of 1 + indices; the name is entered if it is new, which it then is as member `count`. */
static size_t find_or_enter(
	uint32_t *slots, size_t mask, const struct json_member *members, size_t count, const struct json_value *name)
{
	size_t slot = table_hash(view_from(name->text, name->count)) & mask;

	for (; slots[slot]; slot = (slot + 1) & mask) {
		if (same_name(&members[slots[slot] - 1].name, name))
			return slots[slot] - 1;
	}
	slots[slot] = (uint32_t)count + 1;
	return count;
}

/* The member at `i`, unless its name is that of the one at `place`, goes behind the `left` ones that stay. */
static inline size_t settle_one(struct json_member *members, size_t left, size_t place, size_t i)
{
	if (place < left) {
		members[place].value = members[i].value;
		return left;
	}
	if (left != i)
		members[left] = members[i];
	return left + 1;
}

static ssize_t settle_many(struct arena *arena, struct json_member *members, size_t count)
{
	uint32_t local[LOCAL_TABLE_SLOTS], *slots = local;
	size_t left = 0, room = LOCAL_TABLE_SLOTS;

	while (room < 2 * count)
		room *= 2;
	if (room > LOCAL_TABLE_SLOTS)
		slots = arena_alloc(arena, room * sizeof *slots);
	if (!slots)
		return -ENOMEM;
	memset(slots, 0, room * sizeof *slots);
	for (size_t i = 0; i < count; i++)
		left = settle_one(members, left, find_or_enter(slots, room - 1, members, left, &members[i].name), i);
	return (ssize_t)left;
}

/* Of members of one name the last value takes the place of the first. Returns how many are left, or -ENOMEM. */
static inline ssize_t settle_names(struct arena *arena, struct json_member *members, size_t count)
{
	size_t left = 0;

	if (count > PAIRWISE_MEMBERS_MAX)
		return settle_many(arena, members, count);
	for (size_t i = 0; i < count; i++)
		left = settle_one(members, left, find_pairwise(members, left, &members[i].name), i);
	return (ssize_t)left;
}

/* --- Values ----------------------------------------------------------------------------------------------------------------- */

static inline bool is_at(const struct parser *p, const unsigned char *at, unsigned char byte)
{
	return at < p->end && *at == byte;
}

static inline const unsigned char *skip_blanks(const struct parser *p, const unsigned char *at)
{
	while (at < p->end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	return at;
}

/* Room on the stack. The block is large enough for every slot that the punctuation announced, and no slot comes without. */
static inline struct json_value *push(struct parser *p)
{
	ASSERT(p->stack < p->places);
	return p->stack++;
}

/* A text that is not all plain. */
static __attribute__((noinline)) const unsigned char *parse_odd_text(
	struct parser *p, const unsigned char *from, struct json_value *ret)
{
	struct json_lexeme lexeme = { .at = from, .end = p->end };
	struct buffer buffer;
	size_t count;
	char *room;

	if (!json_lexeme_text(&lexeme))
		return fail(p, lexeme.at, -EBADMSG, lexeme.rule);
	count = (size_t)(lexeme.at - from);
	*ret = (struct json_value){ .kind = JSON_VALUE_TEXT, .count = (uint32_t)count, .text = (const char *)from };
	if (!lexeme.escaped)
		return lexeme.at + 1;
	room = arena_alloc(p->arena, count);
	if (!room)
		return fail(p, from, -ENOMEM, "out of memory");
	buffer_init_fixed(&buffer, room, count);
	json_unescape(&buffer, view_from(from, count));
	ret->text = room;
	ret->count = (uint32_t)buffer.count;
	return lexeme.at + 1;
}

/* At a quote: a text into `*ret`. */
COMMON const unsigned char *parse_text(struct parser *p, const unsigned char *at, struct json_value *ret)
{
	const unsigned char *from = at + 1, *end = json_lexeme_plain_text_end(from, p->end);

	if (!end)
		return parse_odd_text(p, from, ret);
	*ret = (struct json_value){
		.kind = JSON_VALUE_TEXT, .count = (uint32_t)(end - from), .text = (const char *)from
	};
	return end + 1;
}

COMMON const unsigned char *parse_number(struct parser *p, const unsigned char *at)
{
	bool decimal;
	const unsigned char *end = json_lexeme_plain_number_end(at, p->end, &decimal);

	if (!end) {
		struct json_lexeme lexeme = { .at = at, .end = p->end };

		if (!json_lexeme_number(&lexeme))
			return fail(p, lexeme.at, -EBADMSG, lexeme.rule);
		end = lexeme.at;
		decimal = lexeme.decimal;
	}
	*push(p) = (struct json_value){
		.kind = decimal ? JSON_VALUE_DECIMAL : JSON_VALUE_INTEGER,
		.count = (uint32_t)(end - at),
		.text = (const char *)at,
	};
	return end;
}

static const unsigned char *parse_word(
	struct parser *p, const unsigned char *at, struct view word, enum json_value_kind kind)
{
	struct json_lexeme lexeme = { .at = at, .end = p->end };

	if (!json_lexeme_word(&lexeme, word.at, word.count))
		return fail(p, lexeme.at, -EBADMSG, lexeme.rule);
	*push(p) = (struct json_value){ .kind = (uint8_t)kind };
	return lexeme.at;
}

/* The topmost slots of the stack go to their place, which is above and may begin among them. */
static inline struct json_value *place_slots(struct parser *p, size_t count)
{
	struct json_value *from = p->stack - count, *place = p->places - count;

	memmove(place, from, count * sizeof *place);
	p->stack = from;
	p->places = place;
	return place;
}

/* At the closing bracket. */
COMMON const unsigned char *close_container(struct parser *p, const unsigned char *at)
{
	const struct level *level = &p->levels[--p->depth];
	size_t slot_count = (size_t)(p->stack - level->begin);
	struct json_value *slots = place_slots(p, slot_count);
	struct json_value value = { .kind = JSON_VALUE_ARRAY, .count = (uint32_t)slot_count };

	value.items = slots;
	if (level->object) {
		struct json_member *members = (struct json_member *)(void *)slots;
		ssize_t count = settle_names(p->arena, members, slot_count / 2);

		if (count < 0)
			return fail(p, at, (int)count, "out of memory");
		value.kind = JSON_VALUE_OBJECT;
		value.count = (uint32_t)count;
		value.members = members;
	}
	*push(p) = value;
	return at + 1;
}

/* A member's name and its colon. */
COMMON const unsigned char *parse_name(struct parser *p, const unsigned char *at)
{
	struct json_value *name = push(p);

	if (!is_at(p, at, '"'))
		return refuse(p, at, "expected a member's name in quotes");
	at = parse_text(p, at, name);
	if (!at)
		return NULL;
	name->mark = json_value_mark(view_from(name->text, name->count));
	at = skip_blanks(p, at);
	if (!is_at(p, at, ':'))
		return refuse(p, at, "expected ':' behind a member's name");
	return skip_blanks(p, at + 1);
}

/* At an opening bracket: to its first value, or behind it if it is empty: then it is on the stack. */
static const unsigned char *open_container(struct parser *p, const unsigned char *at)
{
	bool object = *at == '{';

	if (p->depth >= p->limits.max_depth)
		return fail(p, at, -EMSGSIZE, "nested too deep");
	p->levels[p->depth++] = (struct level){ .begin = p->stack, .object = object };
	at = skip_blanks(p, at + 1);
	if (is_at(p, at, object ? '}' : ']'))
		return close_container(p, at);
	return object ? parse_name(p, at) : at;
}

/* A value up to its end: if it is a container with something in it, the first value in there that is none. */
COMMON const unsigned char *parse_value(struct parser *p, const unsigned char *at)
{
	for (;;) {
		size_t depth = p->depth;

		if (at < p->end && ++p->value_count > p->limits.max_values)
			return fail(p, at, -EMSGSIZE, "too many values");
		switch (at < p->end ? *at : 0) {
		case '"':
			return parse_text(p, at, push(p));
		case '{':
		case '[':
			at = open_container(p, at);
			if (!at || p->depth == depth)
				return at;
			continue;
		case 't':
			return parse_word(p, at, view_of("true"), JSON_VALUE_TRUE);
		case 'f':
			return parse_word(p, at, view_of("false"), JSON_VALUE_FALSE);
		case 'n':
			return parse_word(p, at, view_of("null"), JSON_VALUE_NULL);
		case '-':
		case '0' ... '9':
			return parse_number(p, at);
		default:
			return refuse(p, at, "expected a value");
		}
	}
}

/* Behind a value: close what ends here. To the next value, or with depth 0 behind the root. */
COMMON const unsigned char *after_value(struct parser *p, const unsigned char *at)
{
	while (at && p->depth) {
		bool object = p->levels[p->depth - 1].object;

		at = skip_blanks(p, at);
		if (is_at(p, at, ',')) {
			at = skip_blanks(p, at + 1);
			return object ? parse_name(p, at) : at;
		}
		if (!is_at(p, at, object ? '}' : ']'))
			return refuse(p, at, object ? "expected ',' or '}'" : "expected ',' or ']'");
		at = close_container(p, at);
	}
	return at;
}

static const unsigned char *parse_all(struct parser *p, const unsigned char *at)
{
	at = skip_blanks(p, at);
	do {
		at = parse_value(p, at);
		if (!at)
			return NULL;
		at = after_value(p, at);
		if (!at)
			return NULL;
	} while (p->depth);
	at = skip_blanks(p, at);
	return at < p->end ? refuse(p, at, "something follows the value") : at;
}

int json_value_parse(struct arena *arena, struct view text, const struct json_limits *limits, struct json_value *ret,
	struct json_error *ret_error)
{
	const unsigned char *at = (const unsigned char *)(text.count ? text.at : "");
	struct parser p;

	p.end = at + text.count;
	p.text = view_from(at, text.count);
	p.arena = arena;
	p.limits = limits ? *limits : json_limits_default;
	if (p.limits.max_depth > JSON_MAX_DEPTH)
		p.limits.max_depth = JSON_MAX_DEPTH;
	p.value_count = p.depth = 0;
	p.failure = 0;
	if (text.count > p.limits.max_bytes || text.count > UINT32_MAX)
		fail(&p, at, -EMSGSIZE, "the text is too long");
	else if (take_block(&p, at))
		parse_all(&p, at);
	if (p.failure) {
		if (ret_error)
			describe(&p, ret_error);
		return p.failure;
	}
	*ret = p.stack[-1];
	return 0;
}

/* --- Reading ------------------------------------------------------------------------------------------------------------------ */

const struct json_value *json_value_find(const struct json_value *object, struct view name)
{
	size_t count = json_value_is_object(object) ? object->count : 0;
	const struct json_value wanted = json_value_of_text(name);

	for (size_t i = 0; i < count; i++) {
		const struct json_value *other = &object->members[i].name;

		if (json_value_is_same_text(other, &wanted))
			return &object->members[i].value;
	}
	return NULL;
}

struct json_value json_value_of_text(struct view text)
{
	return (struct json_value){
		.kind = JSON_VALUE_TEXT, .count = (uint32_t)text.count, .text = text.count ? text.at : ""
	};
}

struct json_value json_value_of_number(struct view number)
{
	bool decimal = false;

	for (size_t i = 0; i < number.count; i++)
		decimal |= number.at[i] == '.' || number.at[i] == 'e' || number.at[i] == 'E';
	return (struct json_value){
		.kind = decimal ? JSON_VALUE_DECIMAL : JSON_VALUE_INTEGER,
		.count = (uint32_t)number.count,
		.text = number.at,
	};
}

static bool objects_are_equal(const struct json_value *left, const struct json_value *right)
{
	size_t i = 0;

	while (i < left->count && same_name(&left->members[i].name, &right->members[i].name)) {
		if (!json_value_equals(&left->members[i].value, &right->members[i].value))
			return false;
		i++;
	}
	if (i == left->count)
		return true;
	if (left->count > PAIRWISE_MEMBERS_MAX)
		return json_value_hash(left) == json_value_hash(right);
	for (; i < left->count; i++) {
		size_t place = find_pairwise(right->members, right->count, &left->members[i].name);

		if (place == right->count || !json_value_equals(&left->members[i].value, &right->members[place].value))
			return false;
	}
	return true;
}

bool json_value_equals(const struct json_value *left, const struct json_value *right)
{
	if (json_value_is_number(left) && json_value_is_number(right))
		return decimal_compare_texts(json_value_text(left), json_value_text(right)) == 0;
	if (json_value_kind(left) != json_value_kind(right))
		return false;
	switch (json_value_kind(left)) {
	case JSON_VALUE_TEXT:
		return view_equals(json_value_text(left), json_value_text(right));
	case JSON_VALUE_ARRAY:
		if (left->count != right->count)
			return false;
		for (size_t i = 0; i < left->count; i++) {
			if (!json_value_equals(&left->items[i], &right->items[i]))
				return false;
		}
		return true;
	case JSON_VALUE_OBJECT:
		return left->count == right->count && objects_are_equal(left, right);
	default:
		return true;
	}
}

/* One number of two, in an order that counts. */
static uint64_t mix(uint64_t left, uint64_t right)
{
	uint64_t pair[2] = { left, right };

	return table_hash(view_from(pair, sizeof pair));
}

uint64_t json_value_hash(const struct json_value *value)
{
	enum json_value_kind kind = json_value_kind(value);
	uint64_t hash = kind;
	struct decimal number;

	switch (kind) {
	case JSON_VALUE_INTEGER:
	case JSON_VALUE_DECIMAL:
		number = decimal_of(json_value_text(value));
		return mix(JSON_VALUE_INTEGER, decimal_hash(&number));
	case JSON_VALUE_TEXT:
		return mix(kind, table_hash(json_value_text(value)));
	case JSON_VALUE_ARRAY:
		for (size_t i = 0; i < value->count; i++)
			hash = mix(hash, json_value_hash(&value->items[i]));
		return mix(hash, value->count);
	case JSON_VALUE_OBJECT:
		/* A sum: the order does not count. */
		for (size_t i = 0; i < value->count; i++)
			hash += mix(table_hash(view_from(value->members[i].name.text, value->members[i].name.count)),
				json_value_hash(&value->members[i].value));
		return mix(hash, kind);
	default:
		return mix(hash, 0);
	}
}

/* --- Writing ------------------------------------------------------------------------------------------------------------------ */

static void write_escape(struct buffer *buffer, unsigned char byte)
{
	static const char short_of[0x20] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	static const char hex[] = "0123456789ABCDEF";
	char escape[6] = { '\\', (char)byte, '0', '0', hex[byte >> 4], hex[byte & 15] };

	if (byte >= 0x20 || short_of[byte]) {
		escape[1] = byte >= 0x20 ? (char)byte : short_of[byte];
		buffer_append_bytes(buffer, escape, 2);
		return;
	}
	escape[1] = 'u';
	buffer_append_bytes(buffer, escape, sizeof escape);
}

void json_value_write_text(struct buffer *buffer, struct view text)
{
	const unsigned char *at = (const unsigned char *)(text.count ? text.at : ""), *end = at + text.count;

	buffer_append_byte(buffer, '"');
	while (at < end) {
		const unsigned char *plain = at;

		/* What is no ASCII ends a run, but is written as it is. */
		while ((at = json_lexeme_plain_end(at, end)) < end && *at >= 0x80)
			at++;
		buffer_append_bytes(buffer, plain, (size_t)(at - plain));
		if (at < end)
			write_escape(buffer, *at++);
	}
	buffer_append_byte(buffer, '"');
}

static void write_items(struct buffer *buffer, const struct json_value *array)
{
	buffer_append_byte(buffer, '[');
	for (size_t i = 0; i < array->count; i++) {
		if (i > 0)
			buffer_append_byte(buffer, ',');
		json_value_write(buffer, &array->items[i]);
	}
	buffer_append_byte(buffer, ']');
}

static void write_members(struct buffer *buffer, const struct json_value *object)
{
	buffer_append_byte(buffer, '{');
	for (size_t i = 0; i < object->count; i++) {
		const struct json_value *name = &object->members[i].name;

		if (i > 0)
			buffer_append_byte(buffer, ',');
		json_value_write_text(buffer, view_from(name->text, name->count));
		buffer_append_byte(buffer, ':');
		json_value_write(buffer, &object->members[i].value);
	}
	buffer_append_byte(buffer, '}');
}

void json_value_write(struct buffer *buffer, const struct json_value *value)
{
	switch (json_value_kind(value)) {
	case JSON_VALUE_NULL:
		buffer_append(buffer, view_of("null"));
		break;
	case JSON_VALUE_FALSE:
		buffer_append(buffer, view_of("false"));
		break;
	case JSON_VALUE_TRUE:
		buffer_append(buffer, view_of("true"));
		break;
	case JSON_VALUE_INTEGER:
	case JSON_VALUE_DECIMAL:
		buffer_append(buffer, json_value_text(value));
		break;
	case JSON_VALUE_TEXT:
		json_value_write_text(buffer, json_value_text(value));
		break;
	case JSON_VALUE_ARRAY:
		write_items(buffer, value);
		break;
	case JSON_VALUE_OBJECT:
		write_members(buffer, value);
		break;
	}
}
