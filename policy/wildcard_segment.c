/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/wildcard_segment.h"

#include "policy/text.h"

/* Candidates that are compared one by one before the search is prepared for many. */
#define CANDIDATES_MAX 32
/* Words of the shift-and table, on the stack: 16 KiB. */
#define SEGMENT_TABLE_WORDS 2048
/* Words of its state: the bits of the longest segment of a policy at its quota. */
#define SEGMENT_STATE_WORDS 128

static struct policy_text text_of(const struct wildcard_segment *segment, uint32_t piece, uint32_t *variables)
{
	if (segment->pattern->pieces[piece].kind == WILDCARD_LITERAL)
		return segment->pattern->pieces[piece].text;
	return segment->values[(*variables)++];
}

struct wildcard_segment wildcard_segment_from(
	const struct wildcard *pattern, const struct policy_text *values, uint32_t first, uint32_t variables)
{
	struct wildcard_segment segment = {
		.pattern = pattern, .values = values, .first = first, .end = first, .variables = variables
	};

	for (; segment.end < pattern->piece_count; segment.end++) {
		enum wildcard_piece_kind kind = pattern->pieces[segment.end].kind;

		if (kind == WILDCARD_ANY_RUN)
			break;
		if (kind == WILDCARD_ANY_BYTE)
			segment.has_free = true;
		segment.length += kind == WILDCARD_ANY_BYTE ? 1 : text_of(&segment, segment.end, &variables).count;
	}
	return segment;
}

bool wildcard_segment_stands_at(const struct wildcard_segment *segment, const char *at)
{
	uint32_t variables = segment->variables;

	for (uint32_t i = segment->first; i < segment->end; i++) {
		struct policy_text text;

		if (segment->pattern->pieces[i].kind == WILDCARD_ANY_BYTE) {
			at++;
			continue;
		}
		text = text_of(segment, i, &variables);
		if (text.count && memcmp(at, text.bytes, text.count) != 0)
			return false;
		at += text.count;
	}
	return true;
}

/* ---- one bit a byte ---- */

struct table {
	size_t words;                       /* of a row */
	uint8_t class_of[256];              /* row of a byte; 0: bytes that the segment does not name */
	uint64_t rows[SEGMENT_TABLE_WORDS]; /* bit i: the segment's i-th byte takes the bytes of this row */
};

static void set_bit(uint64_t *row, size_t at)
{
	row[at / 64] |= (uint64_t)1 << (at % 64);
}

/* Give each byte of the segment a row. False if there is no room. */
static bool name_rows(struct table *table, const struct wildcard_segment *segment, size_t *ret_rows)
{
	uint32_t variables = segment->variables;

	*ret_rows = 1;
	for (uint32_t i = segment->first; i < segment->end; i++) {
		struct policy_text text;

		if (segment->pattern->pieces[i].kind == WILDCARD_ANY_BYTE)
			continue;
		text = text_of(segment, i, &variables);
		for (size_t j = 0; j < text.count; j++) {
			uint8_t *class = &table->class_of[(unsigned char)text.bytes[j]];

			if (*class)
				continue;
			if ((*ret_rows + 1) * table->words > SEGMENT_TABLE_WORDS || *ret_rows == UINT8_MAX)
				return false;
			*class = (uint8_t)(*ret_rows)++;
		}
	}
	return true;
}

static bool prepare(struct table *table, const struct wildcard_segment *segment)
{
	uint32_t variables = segment->variables;
	size_t row_count, at = 0;

	table->words = (segment->length + 63) / 64;
	memset(table->class_of, 0, sizeof table->class_of);
	if (table->words > SEGMENT_STATE_WORDS || !name_rows(table, segment, &row_count))
		return false;
	memset(table->rows, 0, row_count * table->words * sizeof *table->rows);
	for (uint32_t i = segment->first; i < segment->end; i++) {
		struct policy_text text;

		if (segment->pattern->pieces[i].kind == WILDCARD_ANY_BYTE) {
			for (size_t row = 0; row < row_count; row++)
				set_bit(table->rows + row * table->words, at);
			at++;
			continue;
		}
		text = text_of(segment, i, &variables);
		for (size_t j = 0; j < text.count; j++, at++)
			set_bit(table->rows + table->class_of[(unsigned char)text.bytes[j]] * table->words, at);
	}
	return true;
}

/* The state of segments up to 64 bytes is one word. */
static const char *find_in_word(
	const struct table *table, const struct wildcard_segment *segment, struct policy_text text)
{
	const uint64_t wanted = (uint64_t)1 << (segment->length - 1);
	uint64_t state = 0;

	for (size_t i = 0; i < text.count; i++) {
		state = (state << 1 | 1) & table->rows[table->class_of[(unsigned char)text.bytes[i]]];
		if (state & wanted)
			return text.bytes + (i + 1 - segment->length);
	}
	return NULL;
}

/* Shift-and: bit i of the state says that the segment's first i + 1 bytes end here. False if the table is too large. */
static __attribute__((noinline)) bool find_by_bits(
	const struct wildcard_segment *segment, struct policy_text text, const char **ret_found)
{
	uint64_t state[SEGMENT_STATE_WORDS];
	struct table table;

	*ret_found = NULL;
	if (!prepare(&table, segment))
		return false;
	if (table.words == 1) {
		*ret_found = find_in_word(&table, segment, text);
		return true;
	}
	memset(state, 0, table.words * sizeof *state);
	for (size_t i = 0; i < text.count; i++) {
		const uint64_t *row = table.rows + table.class_of[(unsigned char)text.bytes[i]] * table.words;
		uint64_t carry = 1;

		for (size_t word = 0; word < table.words; word++) {
			uint64_t next = (state[word] << 1 | carry) & row[word];

			carry = state[word] >> 63;
			state[word] = next;
		}
		if (state[(segment->length - 1) / 64] >> ((segment->length - 1) % 64) & 1) {
			*ret_found = text.bytes + (i + 1 - segment->length);
			break;
		}
	}
	return true;
}

/* ---- rolling hash ---- */

#define HASH_BASE 0x9e3779b97f4a7c15u

/* Segments without a free byte: compared only where the hash of the text's window is that of the segment. */
static const char *find_by_hash(const struct wildcard_segment *segment, struct policy_text text)
{
	uint64_t wanted = 0, window = 0, leaving = 1;
	uint32_t variables = segment->variables;

	for (uint32_t i = segment->first; i < segment->end; i++) {
		struct policy_text part = text_of(segment, i, &variables);

		for (size_t j = 0; j < part.count; j++)
			wanted = wanted * HASH_BASE + (unsigned char)part.bytes[j] + 1;
	}
	for (size_t i = 0; i < segment->length; i++) {
		window = window * HASH_BASE + (unsigned char)text.bytes[i] + 1;
		leaving *= HASH_BASE;
	}
	for (size_t i = segment->length;; i++) {
		const char *at = text.bytes + (i - segment->length);

		if (window == wanted && wildcard_segment_stands_at(segment, at))
			return at;
		if (i == text.count)
			return NULL;
		window = window * HASH_BASE + (unsigned char)text.bytes[i] + 1 -
			 leaving * ((uint64_t)(unsigned char)*at + 1);
	}
}

/* ---- searching ---- */

/* The first byte of the segment that is not free, and how far behind its start; false if all are. */
static bool find_fixed(const struct wildcard_segment *segment, char *ret_byte, size_t *ret_offset)
{
	uint32_t variables = segment->variables;
	size_t offset = 0;

	for (uint32_t i = segment->first; i < segment->end; i++) {
		struct policy_text text;

		if (segment->pattern->pieces[i].kind == WILDCARD_ANY_BYTE) {
			offset++;
			continue;
		}
		text = text_of(segment, i, &variables);
		if (!text.count)
			continue;
		*ret_byte = text.bytes[0];
		*ret_offset = offset;
		return true;
	}
	return false;
}

const char *wildcard_segment_find(const struct wildcard_segment *segment, struct policy_text text)
{
	const char *at = text.bytes, *last, *found;
	size_t offset, failed = 0;
	bool prepared = false;
	char byte;

	if (text.count < segment->length)
		return NULL;
	last = at + (text.count - segment->length);
	if (!find_fixed(segment, &byte, &offset))
		return at;
	while (at <= last) {
		found = memchr(at + offset, byte, (size_t)(last - at) + 1);
		if (!found)
			return NULL;
		at = found - offset;
		if (wildcard_segment_stands_at(segment, at))
			return at;
		at++;
		if (++failed < CANDIDATES_MAX || prepared || at > last)
			continue;
		prepared = true;
		text = policy_text_behind(text, (size_t)(at - text.bytes));
		if (!segment->has_free)
			return find_by_hash(segment, text);
		if (find_by_bits(segment, text, &found))
			return found;
	}
	return NULL;
}
