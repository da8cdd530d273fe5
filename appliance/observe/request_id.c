/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/request_id.h"

#include "appliance/base/random.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "hex_digits() puts digits in the order of memory");

/* The client's part of a trace header that is kept; AWS's own have 75 bytes, with lineage some 30 more. */
#define INCOMING_TRACE_MAX_BYTES 256

void request_id_seed(struct request_id_generator *generator)
{
	do
		random_bytes(generator->state, sizeof generator->state);
	while (!(generator->state[0] | generator->state[1] | generator->state[2] | generator->state[3]));
}

static uint64_t rotate(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64u - bits);
}

uint64_t request_id_next(struct request_id_generator *generator)
{
	uint64_t *s = generator->state, result = rotate(s[1] * 5u, 7) * 9u, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* Eight hex digits of `number`, the highest first: each nibble gets a byte, then each byte its digit, all at once. */
static uint64_t hex_digits(uint32_t number)
{
	uint64_t nibbles = (number & UINT64_C(0xffff)) << 32 | number >> 16, letters;

	/* Bytes and then nibbles come in the order of memory, which is the other way round (little-endian hosts only). */
	nibbles = (nibbles << 16 & UINT64_C(0x00ff000000ff0000)) | (nibbles >> 8 & UINT64_C(0x000000ff000000ff));
	nibbles = (nibbles << 8 & UINT64_C(0x0f000f000f000f00)) | (nibbles >> 4 & UINT64_C(0x000f000f000f000f));
	letters = (nibbles + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
	return nibbles + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
}

/* The lowest `digit_count` (4, 8, 12 or 16) hex digits of `number`. */
static char *write_hex(char *at, uint64_t number, unsigned int digit_count)
{
	uint64_t digits[2] = { hex_digits((uint32_t)(number >> 32)), hex_digits((uint32_t)number) };

	memcpy(at, (const char *)digits + (16 - digit_count), digit_count);
	return at + digit_count;
}

void request_id_write(struct request_id_generator *generator, char ret[REQUEST_ID_BYTES])
{
	uint64_t high = request_id_next(generator), low = request_id_next(generator);
	char *at = ret;

	high = (high & ~(uint64_t)0xf000) | 0x4000;             /* version 4 */
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63; /* variant 10 */
	at = write_hex(at, high >> 32, 8);
	*at++ = '-';
	at = write_hex(at, high >> 16, 4);
	*at++ = '-';
	at = write_hex(at, high, 4);
	*at++ = '-';
	at = write_hex(at, low >> 48, 4);
	*at++ = '-';
	(void)write_hex(at, low, 12);
}

void request_id_write_extended(struct request_id_generator *generator, char ret[REQUEST_ID_EXTENDED_BYTES])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t number = request_id_next(generator), more = request_id_next(generator);

	/* 88 bits in base64: fourteen digits of six bits, one of four, one '='. */
	for (unsigned int i = 0; i < 10; i++)
		ret[i] = alphabet[number >> (6u * i) & 0x3fu];
	for (unsigned int i = 0; i < 4; i++)
		ret[10 + i] = alphabet[more >> (6u * i) & 0x3fu];
	ret[14] = alphabet[(more >> 24 & 0xfu) << 2];
	ret[15] = '=';
}

bool request_id_is_uuid(struct view text)
{
	if (text.count != REQUEST_ID_BYTES)
		return false;
	for (size_t i = 0; i < text.count; i++) {
		char byte = view_lower_byte(text.at[i]);
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? byte != '-' : !((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
			return false;
	}
	return true;
}

/* Is `value` "1-" 8 hex "-" 24 hex? */
static bool is_root(struct view value)
{
	if (value.count != 35 || !view_starts_with(value, view_of("1-")) || value.at[10] != '-')
		return false;
	for (size_t i = 2; i < value.count; i++) {
		char byte = view_lower_byte(value.at[i]);

		if (i != 10 && !((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
			return false;
	}
	return true;
}

static char *append(char *at, struct view text)
{
	memcpy(at, text.at, text.count);
	return at + text.count;
}

static char *append_parent(struct request_id_generator *generator, char *at)
{
	return write_hex(append(at, view_of(";Parent=")), request_id_next(generator), 16);
}

struct view request_id_trace(struct request_id_generator *generator, struct view incoming, uint64_t wall_ms,
	char ret[REQUEST_ID_TRACE_MAX_BYTES])
{
	struct view rest = incoming, part;
	bool has_root = false, has_parent = false;
	char *at = ret;

	while (incoming.count && incoming.count <= INCOMING_TRACE_MAX_BYTES && view_split(&rest, ';', &part)) {
		part = view_trim(part);
		has_root |= view_starts_with(part, view_of("Root=")) && is_root(view_after(part, 5));
		has_parent |= view_starts_with(part, view_of("Parent="));
	}
	if (has_root && has_parent)
		return incoming;
	if (has_root) {
		at = append_parent(generator, append(at, incoming));
		return view_from(ret, (size_t)(at - ret));
	}
	at = write_hex(append(at, view_of("Root=1-")), wall_ms / 1000u, 8);
	*at++ = '-';
	at = write_hex(at, request_id_next(generator), 16);
	at = write_hex(at, request_id_next(generator), 8);
	at = append(append_parent(generator, at), view_of(";Sampled=0"));
	return view_from(ret, (size_t)(at - ret));
}
