/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/scalar.h"

#include "policy/text.h"

#include <errno.h>

#define US_PER_SECOND 1000000

static bool is_digit(struct policy_text text, size_t at)
{
	return at < text.count && text.bytes[at] >= '0' && text.bytes[at] <= '9';
}

bool policy_number_parse(policy_number *ret, struct policy_text text)
{
	static const int64_t powers[POLICY_NUMBER_DIGITS_MAX + 1] = { 1, 10, 100, 1000, 10000, 100000, 1000000,
		10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
		100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000 };
	size_t at = 0, whole = 0, fraction = 0;
	policy_number value = 0;
	bool negative = text.count && text.bytes[0] == '-';

	if (negative || (text.count && text.bytes[0] == '+'))
		at++;
	while (is_digit(text, at) && text.bytes[at] == '0' && is_digit(text, at + 1))
		at++;
	for (; is_digit(text, at); at++, whole++) {
		if (whole == POLICY_NUMBER_DIGITS_MAX)
			return false;
		value = value * 10 + (text.bytes[at] - '0');
	}
	if (!whole)
		return false;
	if (at < text.count && text.bytes[at] == '.') {
		for (at++; is_digit(text, at); at++, fraction++) {
			if (fraction == POLICY_NUMBER_DIGITS_MAX)
				return false;
			value = value * 10 + (text.bytes[at] - '0');
		}
		if (!fraction)
			return false;
	}
	if (at != text.count)
		return false;
	value *= powers[POLICY_NUMBER_DIGITS_MAX - fraction];
	*ret = negative ? -value : value;
	return true;
}

/* Exactly `digits` digits at `*at`; -1 if they are not there. */
static int take_fixed(struct policy_text text, size_t *at, unsigned digits)
{
	int value = 0;

	for (unsigned i = 0; i < digits; i++) {
		if (!is_digit(text, *at))
			return -1;
		value = value * 10 + (text.bytes[(*at)++] - '0');
	}
	return value;
}

static bool take_byte(struct policy_text text, size_t *at, char byte)
{
	if (*at == text.count || text.bytes[*at] != byte)
		return false;
	++*at;
	return true;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 (proleptic Gregorian calendar). */
static int64_t epoch_days(int year, int month, int day)
{
	/* Years start in March, so that the leap day is the last of its year. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* Behind the point of the seconds: the fraction in microseconds; -1 if there is no digit. */
static int64_t take_fraction_us(struct policy_text text, size_t *at)
{
	int64_t value = 0, weight = US_PER_SECOND / 10;

	if (!is_digit(text, *at))
		return -1;
	for (; is_digit(text, *at); ++*at, weight /= 10)
		value += weight * (text.bytes[*at] - '0');
	return value;
}

/* Z, ±hh:mm or nothing, up to the end of the text: seconds east of UTC. */
static bool take_zone(struct policy_text text, size_t at, int64_t *ret_seconds)
{
	int sign, hours, minutes;

	*ret_seconds = 0;
	if (at == text.count)
		return true;
	if (text.bytes[at] == 'Z' || text.bytes[at] == 'z')
		return at + 1 == text.count;
	if (text.bytes[at] != '+' && text.bytes[at] != '-')
		return false;
	sign = text.bytes[at++] == '-' ? -1 : 1;
	hours = take_fixed(text, &at, 2);
	take_byte(text, &at, ':');
	minutes = take_fixed(text, &at, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || at != text.count)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* Thh:mm[:ss[.fraction]] and the zone. */
static bool take_time(struct policy_text text, size_t at, int64_t *ret_us)
{
	int64_t fraction_us = 0, zone_seconds;
	int hours, minutes, seconds = 0;

	if (!take_byte(text, &at, 'T') && !take_byte(text, &at, 't'))
		return false;
	hours = take_fixed(text, &at, 2);
	if (!take_byte(text, &at, ':'))
		return false;
	minutes = take_fixed(text, &at, 2);
	if (take_byte(text, &at, ':')) {
		seconds = take_fixed(text, &at, 2);
		if (take_byte(text, &at, '.'))
			fraction_us = take_fraction_us(text, &at);
	}
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59 || fraction_us < 0)
		return false;
	if (!take_zone(text, at, &zone_seconds))
		return false;
	*ret_us = (hours * 3600 + minutes * 60 + seconds - zone_seconds) * US_PER_SECOND + fraction_us;
	return true;
}

/* Epoch seconds; range: what 64 bits of microseconds hold. */
static bool parse_epoch(int64_t *ret_us, struct policy_text text)
{
	policy_number number, us;

	if (!policy_number_parse(&number, text))
		return false;
	us = number / 1000000000000; /* 10^18 parts of a second to microseconds */
	if (us > INT64_MAX || us < INT64_MIN)
		return false;
	*ret_us = (int64_t)us;
	return true;
}

bool policy_instant_parse(int64_t *ret_us, struct policy_text text)
{
	size_t at = 0;
	int year = take_fixed(text, &at, 4), month, day = 1;
	int64_t time_us = 0;

	if (year < 0 || !take_byte(text, &at, '-'))
		return parse_epoch(ret_us, text);
	month = take_fixed(text, &at, 2);
	if (month < 1 || month > 12)
		return false;
	if (at < text.count) {
		if (!take_byte(text, &at, '-'))
			return false;
		day = take_fixed(text, &at, 2);
		if (day < 1 || day > days_of(year, month))
			return false;
		if (at < text.count && !take_time(text, at, &time_us))
			return false;
	}
	*ret_us = epoch_days(year, month, day) * 86400 * US_PER_SECOND + time_us;
	return true;
}

bool policy_boolean_parse(bool *ret, struct policy_text text)
{
	*ret = policy_text_equal_folded(text, policy_text_of("true"));
	return *ret || policy_text_equal_folded(text, policy_text_of("false"));
}

static int base64_digit(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

int policy_base64_decode(struct policy_text *ret, struct policy_arena *arena, struct policy_text text)
{
	size_t padding = 0, count = 0;
	uint32_t bits = 0;
	char *bytes;

	if (text.count % 4)
		return -EINVAL;
	while (padding < 2 && padding < text.count && text.bytes[text.count - 1 - padding] == '=')
		padding++;
	bytes = policy_arena_take(arena, text.count / 4 * 3 + 1, 1);
	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < text.count; i++) {
		int digit = i < text.count - padding ? base64_digit(text.bytes[i]) : 0;

		if (digit < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 3)
			for (int shift = 16; shift >= 0; shift -= 8)
				bytes[count++] = (char)(bits >> shift & 0xff);
	}
	*ret = (struct policy_text){ .bytes = bytes, .count = count - padding };
	return 0;
}

bool policy_base64_is_of(struct policy_text text, struct policy_text bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (text.count != (bytes.count + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < text.count; i++) {
		size_t at = i / 4 * 3; /* the group of three bytes that the digit belongs to */
		uint32_t bits = 0;

		for (size_t j = at; j < at + 3; j++)
			bits = bits << 8 | (j < bytes.count ? (unsigned char)bytes.bytes[j] : 0u);
		if (text.bytes[i] != (at + i % 4 > bytes.count ? '=' : digits[bits >> (18 - 6 * (i % 4)) & 63]))
			return false;
	}
	return true;
}
