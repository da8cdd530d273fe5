/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/base64.h"

#include <errno.h>
#include <stdbool.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(char *ret, const unsigned char *bytes, size_t count, const char *alphabet)
{
	size_t written = 0;

	for (size_t i = 0; i < count; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;

		if (i + 1 < count)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < count)
			group |= bytes[i + 2];
		ret[written++] = alphabet[group >> 18];
		ret[written++] = alphabet[group >> 12 & 63];
		if (i + 1 < count)
			ret[written++] = alphabet[group >> 6 & 63];
		if (i + 2 < count)
			ret[written++] = alphabet[group & 63];
	}
	return written;
}

void base64_encode(char *ret, const void *bytes, size_t count)
{
	size_t written = encode(ret, bytes, count, standard);

	while (written % 4)
		ret[written++] = '=';
}

size_t base64_encode_url(char *ret, const void *bytes, size_t count)
{
	return encode(ret, bytes, count, url);
}

static int value_of(char character, const char *alphabet)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	return character == alphabet[62] ? 62 : character == alphabet[63] ? 63 : -1;
}

static bool is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static long decode(uint8_t *ret, struct view text, const char *alphabet, bool padded, bool skip_blanks)
{
	uint32_t group = 0;
	size_t characters = 0, written = 0, padding = 0;

	for (size_t i = 0; i < text.count; i++) {
		int value;

		if (skip_blanks && is_blank(text.at[i]))
			continue;
		if (text.at[i] == '=' && padded) {
			padding++;
			continue;
		}
		value = value_of(text.at[i], alphabet);
		if (value < 0 || padding)
			return -EINVAL;
		group = group << 6 | (uint32_t)value;
		characters++;
		if (characters % 4 == 0) {
			ret[written++] = (uint8_t)(group >> 16);
			ret[written++] = (uint8_t)(group >> 8);
			ret[written++] = (uint8_t)group;
			group = 0;
		}
	}
	/* What is left: 2 characters carry one byte, 3 carry two; the bits that carry nothing must be 0. */
	if (padded && padding != (4 - characters % 4) % 4)
		return -EINVAL;
	switch (characters % 4) {
	case 1:
		return -EINVAL;
	case 2:
		if (group & 15)
			return -EINVAL;
		ret[written++] = (uint8_t)(group >> 4);
		break;
	case 3:
		if (group & 3)
			return -EINVAL;
		ret[written++] = (uint8_t)(group >> 10);
		ret[written++] = (uint8_t)(group >> 2);
		break;
	default:
		break;
	}
	return (long)written;
}

long base64_decode(uint8_t *ret, struct view text)
{
	return decode(ret, text, standard, true, false);
}

long base64_decode_url(uint8_t *ret, struct view text)
{
	return decode(ret, text, url, false, false);
}

long base64_decode_lines(uint8_t *ret, struct view text)
{
	return decode(ret, text, standard, true, true);
}
