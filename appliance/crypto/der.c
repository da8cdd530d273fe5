/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/der.h"

#include <stdio.h>
#include <time.h>

bool der_next(struct view *from, uint8_t *ret_tag, struct view *ret_content, struct view *ret_whole)
{
	const uint8_t *at = (const uint8_t *)from->at;
	size_t head = 2, length;

	if (from->count < 2 || (at[0] & 0x1f) == 0x1f)
		return false;
	length = at[1];
	if (length >= 0x80) {
		size_t digits = length & 0x7f;

		if (digits == 0 || digits > 4 || from->count < 2 + digits || at[2] == 0)
			return false;
		length = 0;
		for (size_t i = 0; i < digits; i++)
			length = length << 8 | at[2 + i];
		if (length < 0x80)
			return false;
		head += digits;
	}
	if (from->count - head < length)
		return false;
	if (ret_tag)
		*ret_tag = at[0];
	if (ret_content)
		*ret_content = view_part(*from, head, length);
	if (ret_whole)
		*ret_whole = view_part(*from, 0, head + length);
	*from = view_after(*from, head + length);
	return true;
}

bool der_take(struct view *from, uint8_t tag, struct view *ret_content)
{
	struct view rest = *from;
	uint8_t found;

	if (!der_next(&rest, &found, ret_content, NULL) || found != tag)
		return false;
	*from = rest;
	return true;
}

bool der_integer(struct view content, int32_t *ret)
{
	int32_t number = 0;

	if (content.count == 0 || content.count > 4 || ((unsigned char)content.at[0] & 0x80))
		return false;
	for (size_t i = 0; i < content.count; i++)
		number = number << 8 | (unsigned char)content.at[i];
	*ret = number;
	return true;
}

struct view der_object_id(struct view content, struct arena *arena)
{
	char text[128];
	size_t written = 0;
	uint64_t arc = 0;
	bool first = true;

	for (size_t i = 0; i < content.count; i++) {
		unsigned char byte = (unsigned char)content.at[i];
		int added;

		if (arc >> 56)
			return view_from(NULL, 0);
		arc = arc << 7 | (byte & 0x7f);
		if (byte & 0x80) {
			if (i + 1 == content.count)
				return view_from(NULL, 0);
			continue;
		}
		if (first) {
			unsigned top = arc < 40 ? 0 : arc < 80 ? 1 : 2;

			added = snprintf(text, sizeof text, "%u.%lu", top, (unsigned long)(arc - 40 * (uint64_t)top));
		} else {
			added = snprintf(text + written, sizeof text - written, ".%lu", (unsigned long)arc);
		}
		written += (size_t)added;
		if (written >= sizeof text)
			return view_from(NULL, 0);
		first = false;
		arc = 0;
	}
	return first ? view_from(NULL, 0) : arena_copy(arena, view_from(text, written));
}

static int two_digits(const char *at)
{
	return (at[0] - '0') * 10 + (at[1] - '0');
}

bool der_time(uint8_t tag, struct view content, int64_t *ret_s)
{
	size_t year_digits = tag == DER_UTC_TIME ? 2 : 4;
	const char *at = content.at;
	struct tm tm = { 0 };

	if ((tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME) || content.count != year_digits + 11 ||
		at[content.count - 1] != 'Z')
		return false;
	for (size_t i = 0; i + 1 < content.count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
	}
	tm.tm_year = two_digits(at);
	if (year_digits == 4)
		tm.tm_year = tm.tm_year * 100 + two_digits(at + 2) - 1900;
	else if (tm.tm_year < 50) /* RFC 5280 4.1.2.5.1 */
		tm.tm_year += 100;
	at += year_digits;
	tm.tm_mon = two_digits(at) - 1;
	tm.tm_mday = two_digits(at + 2);
	tm.tm_hour = two_digits(at + 4);
	tm.tm_min = two_digits(at + 6);
	tm.tm_sec = two_digits(at + 8);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
		tm.tm_sec > 59)
		return false;
	*ret_s = timegm(&tm);
	return true;
}
