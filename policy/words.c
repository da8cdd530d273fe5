/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/words.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/text.h"

#define PLACE_WORDS (WORDS_PLACES_MAX / 64)
#define TABLE_COUNT (2 * WORDS_STATES_MAX)

static const char *const methods[WORDS_METHOD_COUNT] = { "GET/", "POST/", "PUT/", "DELETE/", "PATCH/", "HEAD/",
	"OPTIONS/" };

enum place_kind { PLACE_BYTE, PLACE_ANY_BYTE, PLACE_ANY_RUN, PLACE_END, PLACE_DEAD };

struct place {
	uint8_t kind; /* enum place_kind */
	bool folded;
	char byte;
	uint8_t pattern;
};

enum part { PART_STAGE, PART_PATH, PART_TEXT };

struct state {
	uint64_t places[PLACE_WORDS];
	uint32_t parent, length;
	struct policy_text step; /* what was added to the parent's text */
	uint8_t part;
	int8_t method;
};

struct search {
	struct place places[WORDS_PLACES_MAX];
	size_t place_count, word_count; /* words of a set that are in use */
	char alphabet[128];
	size_t alphabet_count;
	struct state *states;
	size_t state_count;
	uint32_t table[TABLE_COUNT]; /* index + 1 of a state, by hash */
	bool complete;
};

const char *words_method_name(int method)
{
	static const char *const names[WORDS_METHOD_COUNT] = { "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD",
		"OPTIONS" };

	return names[method];
}

/* ---- patterns as places ---- */

static bool place_add(struct search *search, enum place_kind kind, char byte, bool folded, size_t pattern)
{
	if (search->place_count == WORDS_PLACES_MAX)
		return false;
	search->places[search->place_count++] =
		(struct place){ .kind = (uint8_t)kind, .byte = byte, .folded = folded, .pattern = (uint8_t)pattern };
	return true;
}

/* Append the places of one pattern; false if there is no room for all. */
static bool pattern_add(struct search *search, const struct wildcard *pattern, size_t index)
{
	for (uint32_t i = 0; i < pattern->piece_count; i++) {
		const struct wildcard_piece *piece = &pattern->pieces[i];
		bool added = true;

		if (piece->kind == WILDCARD_ANY_RUN)
			added = place_add(search, PLACE_ANY_RUN, 0, false, index);
		else if (piece->kind == WILDCARD_ANY_BYTE)
			added = place_add(search, PLACE_ANY_BYTE, 0, false, index);
		else if (piece->kind == WILDCARD_VARIABLE)
			added = place_add(search, PLACE_DEAD, 0, false, index);
		for (size_t j = 0; piece->kind == WILDCARD_LITERAL && j < piece->text.count && added; j++)
			added = place_add(search, PLACE_BYTE, piece->text.bytes[j], pattern->folded, index);
		if (!added)
			return false;
	}
	return place_add(search, PLACE_END, 0, false, index);
}

/* A byte that no pattern names stands for all of those. */
static void find_alphabet(struct search *search)
{
	static const char others[] = "xyzvwkjqabcdefghilmnoprstu0123456789_~";
	bool named[128] = { false };

	for (size_t i = 0; i < search->place_count; i++) {
		unsigned char byte = (unsigned char)search->places[i].byte;

		if (search->places[i].kind != PLACE_BYTE || byte <= ' ' || byte >= 0x7f)
			continue;
		named[byte] = true;
		if (!search->places[i].folded)
			continue;
		named[policy_text_fold((char)byte)] = true;
		if (policy_text_fold((char)byte) >= 'a' && policy_text_fold((char)byte) <= 'z')
			named[policy_text_fold((char)byte) - ('a' - 'A')] = true;
	}
	for (size_t i = 0; i < sizeof others - 1 && !search->alphabet_count; i++)
		if (!named[(unsigned char)others[i]])
			search->alphabet[search->alphabet_count++] = others[i];
	if (!search->alphabet_count)
		search->complete = false;
	for (int i = '!'; i < 0x7f; i++)
		if (named[i])
			search->alphabet[search->alphabet_count++] = (char)i;
	/* The separator is a step of its own: it is known although no pattern may name it. */
	if (!named['/'])
		search->alphabet[search->alphabet_count++] = '/';
}

/* ---- states ---- */

static void place_set(const struct search *search, uint64_t *set, size_t place)
{
	set[place / 64] |= (uint64_t)1 << (place % 64);
	/* A star may stand for nothing. */
	while (search->places[place].kind == PLACE_ANY_RUN) {
		place++;
		set[place / 64] |= (uint64_t)1 << (place % 64);
	}
}

static bool takes(const struct place *place, char byte)
{
	if (place->kind == PLACE_BYTE)
		return place->byte == byte ||
		       (place->folded && policy_text_fold(place->byte) == policy_text_fold(byte));
	return place->kind == PLACE_ANY_BYTE;
}

static void advance(const struct search *search, uint64_t *to, const uint64_t *from, char byte)
{
	memset(to, 0, PLACE_WORDS * sizeof *to);
	for (size_t i = 0; i < search->word_count; i++) {
		for (uint64_t rest = from[i]; rest; rest &= rest - 1) {
			size_t place = i * 64 + (size_t)__builtin_ctzll(rest);

			if (search->places[place].kind == PLACE_ANY_RUN)
				place_set(search, to, place);
			else if (takes(&search->places[place], byte))
				place_set(search, to, place + 1);
		}
	}
}

static uint32_t *slot_of(struct search *search, const struct state *state)
{
	uint64_t hash = 1469598103934665603u + (uint64_t)state->part * 31 + (uint64_t)(state->method + 1);
	size_t slot;

	for (size_t i = 0; i < search->word_count; i++)
		hash = (hash ^ state->places[i]) * 1099511628211u;
	hash ^= hash >> 29;
	for (slot = hash % TABLE_COUNT; search->table[slot]; slot = (slot + 1) % TABLE_COUNT) {
		const struct state *other = &search->states[search->table[slot] - 1];

		if (other->part == state->part && other->method == state->method &&
			!memcmp(other->places, state->places, sizeof state->places))
			break;
	}
	return &search->table[slot];
}

static void state_add(struct search *search, const struct state *state)
{
	uint32_t *slot = slot_of(search, state);

	if (*slot)
		return;
	if (search->state_count == WORDS_STATES_MAX) {
		search->complete = false;
		return;
	}
	search->states[search->state_count++] = *state;
	*slot = (uint32_t)search->state_count;
}

/* The state after `step` behind the `parent`th. */
static void step_add(struct search *search, uint32_t parent, struct policy_text step, enum part part, int method)
{
	struct state state = search->states[parent], next;

	for (size_t i = 0; i < step.count; i++) {
		advance(search, next.places, state.places, step.bytes[i]);
		memcpy(state.places, next.places, sizeof state.places);
	}
	state.parent = parent;
	state.step = step;
	state.length += (uint32_t)step.count;
	state.part = (uint8_t)part;
	state.method = (int8_t)method;
	state_add(search, &state);
}

/* All ways to go on from a state. */
static void expand(struct search *search, uint32_t index)
{
	enum part part = search->states[index].part;
	int method = search->states[index].method;
	/* A stage is not empty: no method right behind the prefix. */
	bool empty = index == 0;

	for (size_t i = 0; i < search->alphabet_count; i++) {
		struct policy_text step = { &search->alphabet[i], 1 };
		char byte = *step.bytes;

		if (part != PART_TEXT && (byte == '?' || byte == '#'))
			continue;
		if (part == PART_STAGE && byte == '/')
			continue;
		step_add(search, index, step, part, method);
	}
	if (part != PART_STAGE || empty)
		return;
	for (size_t i = 0; i < WORDS_METHOD_COUNT; i++) {
		struct state kept = search->states[index], next;
		struct policy_text step = policy_text_of(methods[i]);

		/* The slash before the method, then the method and its slash: one step of the text "/GET/". */
		advance(search, next.places, kept.places, '/');
		for (size_t j = 0; j < step.count; j++) {
			memcpy(kept.places, next.places, sizeof kept.places);
			advance(search, next.places, kept.places, step.bytes[j]);
		}
		memcpy(kept.places, next.places, sizeof kept.places);
		kept.parent = index;
		kept.step = step;
		kept.length += (uint32_t)step.count + 1;
		kept.part = PART_PATH;
		kept.method = (int8_t)i;
		state_add(search, &kept);
	}
}

/* ---- words ---- */

static uint64_t matches_of(const struct search *search, const struct state *state)
{
	uint64_t matches = 0;

	for (size_t i = 0; i < search->word_count; i++)
		for (uint64_t rest = state->places[i]; rest; rest &= rest - 1) {
			const struct place *place = &search->places[i * 64 + (size_t)__builtin_ctzll(rest)];

			if (place->kind == PLACE_END)
				matches |= (uint64_t)1 << place->pattern;
		}
	return matches;
}

static struct policy_text text_of(
	const struct search *search, struct policy_arena *arena, const struct state *state, struct policy_text prefix)
{
	size_t count = prefix.count + state->length, at = count;
	char *bytes = policy_arena_take(arena, count + 1, 1);

	if (!bytes)
		return (struct policy_text){ 0 };
	if (prefix.count)
		memcpy(bytes, prefix.bytes, prefix.count);
	while (state != search->states) {
		at -= state->step.count;
		memcpy(bytes + at, state->step.bytes, state->step.count);
		/* The step into the path begins with a slash that the method's text does not have. */
		if (state->part == PART_PATH && search->states[state->parent].part == PART_STAGE)
			bytes[--at] = '/';
		state = &search->states[state->parent];
	}
	return (struct policy_text){ bytes, count };
}

/* Add the word of a state if its matches are new. Returns 0 or -ENOMEM. */
static int word_add(struct search *search, struct policy_arena *arena, const struct state *state,
	struct policy_text prefix, struct word *words, size_t room, size_t *count)
{
	struct word word = { .matches = matches_of(search, state), .method = state->method };

	for (size_t i = 0; i < *count; i++)
		if (words[i].matches == word.matches && words[i].method == word.method)
			return 0;
	if (*count == room) {
		search->complete = false;
		return 0;
	}
	word.text = text_of(search, arena, state, prefix);
	if (!word.text.bytes)
		return -ENOMEM;
	words[(*count)++] = word;
	return 0;
}

static void start(struct search *search, const struct wildcard *const *patterns, size_t pattern_count,
	enum words_form form, struct policy_text prefix)
{
	struct state first = { .part = form == WORDS_INVOKE ? PART_STAGE : PART_TEXT, .method = -1 };
	size_t starts[WORDS_PATTERNS_MAX], start_count = 0;

	search->complete = pattern_count <= WORDS_PATTERNS_MAX;
	for (size_t i = 0; i < pattern_count && i < WORDS_PATTERNS_MAX; i++) {
		size_t begin = search->place_count;

		if (pattern_add(search, patterns[i], i)) {
			starts[start_count++] = begin;
			continue;
		}
		search->place_count = begin;
		search->complete = false;
	}
	search->word_count = (search->place_count + 63) / 64;
	find_alphabet(search);
	for (size_t i = 0; i < start_count; i++)
		place_set(search, first.places, starts[i]);
	for (size_t i = 0; i < prefix.count; i++) {
		uint64_t next[PLACE_WORDS];

		advance(search, next, first.places, prefix.bytes[i]);
		memcpy(first.places, next, sizeof next);
	}
	/* The start is never met again: it counts as a state apart, since the empty text is no word. */
	search->states[search->state_count++] = first;
}

int words_find(struct word *ret, size_t room, size_t *ret_count, bool *ret_complete, struct policy_arena *arena,
	const struct wildcard *const *patterns, size_t pattern_count, enum words_form form, struct policy_text prefix)
{
	struct search *search = calloc(1, sizeof *search);
	int err = 0;

	*ret_count = 0;
	*ret_complete = false;
	if (!search)
		return -ENOMEM;
	search->states = calloc(WORDS_STATES_MAX, sizeof *search->states);
	if (!search->states) {
		free(search);
		return -ENOMEM;
	}
	start(search, patterns, pattern_count, form, prefix);
	for (size_t i = 0; i < search->state_count && !err; i++) {
		if (i > 0 && search->states[i].part != PART_STAGE)
			err = word_add(search, arena, &search->states[i], prefix, ret, room, ret_count);
		if (!err)
			expand(search, (uint32_t)i);
	}
	*ret_complete = search->complete;
	free(search->states);
	free(search);
	return err;
}
