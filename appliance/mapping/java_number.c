/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/java_number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/java_big.h"

/* More significant digits than these cannot change which double is nearest, but for the one that says "and more". */
#define DOUBLE_DIGITS_MAX 800
/* A decimal of so many digits has its double for itself alone, in the normal range. */
#define DOUBLE_SAFE_DIGITS 15

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* --- Texts of numbers ----------------------------------------------------------------------------------------------- */

/* A decimal number taken apart: SIGN 0.DIGITS * 10^exponent, without zeros at either end of the digits. */
struct scientific {
	bool negative;
	size_t count; /* 0: zero */
	long exponent;
	char digits[DOUBLE_DIGITS_MAX + 2];
};

/* Digits beyond the room matter only by not being zero: a '1' stands for them. */
static void add_digit(struct scientific *number, char digit, bool *lost)
{
	if (number->count < DOUBLE_DIGITS_MAX)
		number->digits[number->count++] = digit;
	else if (digit != '0')
		*lost = true;
}

static void read_exponent(struct view text, size_t at, long *exponent)
{
	bool negative = at < text.count && text.at[at] == '-';
	long number = 0;

	if (at < text.count && (text.at[at] == '-' || text.at[at] == '+'))
		at++;
	for (; at < text.count && is_digit(text.at[at]); at++) {
		if (number < 100000000)
			number = number * 10 + (text.at[at] - '0');
	}
	*exponent += negative ? -number : number;
}

static void take_apart(struct scientific *ret, struct view text)
{
	bool point = false, lost = false;
	size_t i = 0;

	ret->negative = text.count && text.at[0] == '-';
	ret->count = 0;
	ret->exponent = 0;
	if (text.count && (text.at[0] == '-' || text.at[0] == '+'))
		i++;
	for (; i < text.count && (is_digit(text.at[i]) || text.at[i] == '.'); i++) {
		if (text.at[i] == '.') {
			point = true;
		} else if (ret->count == 0 && text.at[i] == '0') {
			ret->exponent -= point;
		} else {
			ret->exponent += !point;
			add_digit(ret, text.at[i], &lost);
		}
	}
	if (i < text.count && (text.at[i] == 'e' || text.at[i] == 'E'))
		read_exponent(text, i + 1, &ret->exponent);
	if (lost) {
		ret->digits[ret->count++] = '1';
		return;
	}
	while (ret->count && ret->digits[ret->count - 1] == '0')
		ret->count--;
}

/* Few digits and a small power of ten: one correctly rounded operation, the common case. */
static bool quick_double(const struct scientific *number, double *ret)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	long scale = number->exponent - (long)number->count;
	uint64_t digits = 0;

	if (number->count > DOUBLE_SAFE_DIGITS || scale < -22 || scale > 22)
		return false;
	for (size_t i = 0; i < number->count; i++)
		digits = digits * 10 + (uint64_t)(number->digits[i] - '0');
	*ret = scale < 0 ? (double)digits / powers[-scale] : (double)digits * powers[scale];
	if (number->negative)
		*ret = -*ret;
	return true;
}

static double double_of(const struct scientific *number)
{
	char text[DOUBLE_DIGITS_MAX + 40];
	double value;

	if (quick_double(number, &value))
		return value;
	if (number->exponent > 400) /* 0.1e400 is past the greatest */
		return number->negative ? -(double)INFINITY : (double)INFINITY;
	if (number->exponent < -400)
		return number->negative ? -0.0 : 0.0;
	(void)snprintf(text, sizeof text, "%s0.%.*se%ld", number->negative ? "-" : "", (int)number->count,
		number->digits, number->exponent);
	return strtod(text, NULL);
}

/* DIGITS (without zeros at the ends) as Double.toString() lays them out. Returns the bytes written. */
static size_t lay_out(char *ret, bool negative, const char *digits, size_t count, long exponent)
{
	char *at = ret;

	if (negative)
		*at++ = '-';
	if (exponent > -3 && exponent <= 7) {
		if (exponent <= 0)
			*at++ = '0';
		for (long i = 0; i < exponent; i++)
			*at++ = i < (long)count ? digits[i] : '0';
		*at++ = '.';
		for (long i = exponent; i < 0; i++)
			*at++ = '0';
		if (exponent >= (long)count)
			*at++ = '0';
		for (size_t i = exponent > 0 ? (size_t)exponent : 0; i < count; i++)
			*at++ = digits[i];
		return (size_t)(at - ret);
	}
	*at++ = digits[0];
	*at++ = '.';
	if (count == 1)
		*at++ = '0';
	memcpy(at, digits + 1, count - 1);
	at += count - 1;
	at += snprintf(at, 8, "E%ld", exponent - 1);
	return (size_t)(at - ret);
}

/*
 * The shortest digits of 0.001 <= `value` < 2^53, which is mantissa / 2^shift: scaled by a power of ten it stays within 128 bits, so that
 * every step is exact. With 15 digits no two decimals mean one double, so a shorter text is that one without its zeros. False for other values.
 */
static bool common_digits(double value, char digits[20], size_t *ret_count, long *ret_exponent)
{
	static const uint64_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
		10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
		10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u };
	__extension__ typedef unsigned __int128 wide;
	uint64_t bits, mantissa, number = 0;
	int shift, places = -2, precision;
	size_t count = 0;

	if (!(value >= 1e-3 && value < 0x1p53))
		return false;
	memcpy(&bits, &value, sizeof bits);
	mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	shift = 1075 - (int)(bits >> 52);
	for (double bound = 1e-2; value >= bound && places < 16; places++) /* digits in front of the point */
		bound = places < -1 ? 1e-1 : (double)powers[places + 1];
	for (precision = places > DOUBLE_SAFE_DIGITS ? places : DOUBLE_SAFE_DIGITS; precision <= 17; precision++) {
		uint64_t scale = powers[precision - places];
		wide scaled = (wide)mantissa * scale, back, error;

		number = (uint64_t)((scaled + (shift ? (wide)1 << (shift - 1) : 0)) >> shift);
		if (shift && (number & 1) && ((wide)number << shift) - scaled == (wide)1 << (shift - 1))
			number--; /* of two that are as near, the even one */
		back = (wide)number << shift;
		error = back > scaled ? back - scaled : scaled - back;
		if (error * 2 < scale || precision == 17)
			break;
	}
	while (number % 10 == 0)
		number /= 10, precision--;
	for (uint64_t rest = number; rest; rest /= 10)
		count++;
	for (size_t i = count; i > 0; i--, number /= 10)
		digits[i - 1] = (char)('0' + number % 10);
	*ret_count = count;
	*ret_exponent = (long)count - (precision - places);
	return true;
}

/*
 * What is next to a power of two is nearer below than above, so that of the decimals of a length it may be the one above that means it,
 * though the one below is as near. Makes `text` ("d.ddde-dd") that one if so.
 */
static bool comes_back_from_above(char *text, double value)
{
	char above[40], *at;
	size_t count = strlen(text);
	int exponent;

	if (fabs(frexp(value, &exponent)) != 0.5 || !strchr(text, '.'))
		return false;
	memcpy(above, text, count + 1);
	at = strchr(above, 'e') - 1;
	while (at > above && (*at == '9' || *at == '.')) {
		if (*at == '9')
			*at = '0';
		at--;
	}
	if (!is_digit(*at) || *at == '9')
		return false;
	++*at;
	if (strtod(above, NULL) != value)
		return false;
	memcpy(text, above, count + 1);
	return true;
}

size_t java_double_text(double value, char ret[JAVA_DOUBLE_TEXT_MAX])
{
	char text[40], digits[20];
	size_t count = 0;
	const char *at;
	long exponent;
	int precision = fabs(value) < 2.2250738585072014e-308 ? 1 : DOUBLE_SAFE_DIGITS - 1;

	if (isnan(value) || isinf(value)) {
		const char *name = isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";

		memcpy(ret, name, strlen(name));
		return strlen(name);
	}
	if (value == 0) {
		memcpy(ret, "-0.0", 4);
		if (!signbit(value))
			memmove(ret, ret + 1, 3);
		return signbit(value) ? 4 : 3;
	}
	if (common_digits(fabs(value), digits, &count, &exponent))
		return lay_out(ret, signbit(value), digits, count, exponent);
	do /* 17 digits always come back */
		(void)snprintf(text, sizeof text, "%.*e", precision, value);
	while (strtod(text, NULL) != value && !comes_back_from_above(text, value) && precision++ < 17);
	for (at = text; *at != 'e'; at++) {
		if (is_digit(*at) && count < sizeof digits)
			digits[count++] = *at;
	}
	while (count > 1 && digits[count - 1] == '0')
		count--;
	return lay_out(ret, signbit(value), digits, count, strtol(at + 1, NULL, 10) + 1);
}

static bool is_integer_text(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '.' || text.at[i] == 'e' || text.at[i] == 'E')
			return false;
	}
	return true;
}

/* Digits of an integer without its sign and its leading zeros; none: zero. */
static struct view strip(struct view text)
{
	while (text.count && (text.at[0] == '-' || text.at[0] == '+' || text.at[0] == '0'))
		text = view_after(text, 1);
	return text;
}

/* What is past the greatest double is `endless`; NULL: what Java prints. */
static void write_number(struct buffer *buffer, struct view text, const char *endless)
{
	struct scientific parts;
	double value;
	char ret[JAVA_DOUBLE_TEXT_MAX];

	if (is_integer_text(text)) {
		if (strip(text).count)
			buffer_append(buffer, text);
		else
			buffer_append_byte(buffer, '0'); /* "-0" is an integer, and there is one zero */
		return;
	}
	take_apart(&parts, text);
	if (parts.count && parts.count <= DOUBLE_SAFE_DIGITS && parts.exponent > -300 && parts.exponent < 300) {
		buffer_append_bytes(
			buffer, ret, lay_out(ret, parts.negative, parts.digits, parts.count, parts.exponent));
		return;
	}
	value = double_of(&parts);
	if (endless && !isfinite(value))
		buffer_append_text(buffer, endless);
	else
		buffer_append_bytes(buffer, ret, java_double_text(value, ret));
}

void java_number_write_text(struct buffer *buffer, struct view text)
{
	write_number(buffer, text, NULL);
}

void java_number_write_json(struct buffer *buffer, struct view text)
{
	write_number(buffer, text, "null");
}

/* --- Making and converting ------------------------------------------------------------------------------------------ */

struct java_number java_number_of(int64_t value)
{
	return (struct java_number){ .kind = value >= INT32_MIN && value <= INT32_MAX ? JAVA_INTEGER : JAVA_LONG,
		.integer = value };
}

struct java_number java_number_of_long(int64_t value)
{
	return (struct java_number){ .kind = JAVA_LONG, .integer = value };
}

struct java_number java_number_of_double(double value)
{
	return (struct java_number){ .kind = JAVA_DOUBLE, .real = value };
}

struct java_number java_number_of_text(struct view text)
{
	struct scientific parts;
	struct view digits;
	uint64_t number = 0;
	bool negative = text.count && text.at[0] == '-';

	if (!is_integer_text(text)) {
		take_apart(&parts, text);
		if (parts.count == 0)
			return java_number_of_double(negative ? -0.0 : 0.0);
		return java_number_of_double(double_of(&parts));
	}
	digits = strip(text);
	for (size_t i = 0; i < digits.count && i < 19; i++)
		number = number * 10 + (uint64_t)(digits.at[i] - '0');
	if (digits.count > 19 || number > (uint64_t)INT64_MAX + negative) {
		/* What is canonical but for zeros in front is so from the first digit on; JSON has none. */
		struct view whole = negative && digits.count + 1 == text.count ? text : digits;

		return (struct java_number){ .kind = JAVA_BIG, .digits = whole };
	}
	return java_number_of(negative ? (int64_t)(0 - number) : (int64_t)number);
}

/* Two's complement's low 64 bits, as BigInteger.longValue(). */
static uint64_t low_bits(struct view digits)
{
	uint64_t number = 0;
	bool negative = digits.count && digits.at[0] == '-';

	for (size_t i = negative; i < digits.count; i++)
		number = number * 10 + (uint64_t)(digits.at[i] - '0');
	return negative ? 0 - number : number;
}

int64_t java_number_long(struct java_number number)
{
	if (number.kind == JAVA_BIG)
		return (int64_t)low_bits(number.digits);
	if (number.kind != JAVA_DOUBLE)
		return number.integer;
	if (isnan(number.real))
		return 0;
	if (number.real >= 9223372036854775808.0)
		return INT64_MAX;
	return number.real < -9223372036854775808.0 ? INT64_MIN : (int64_t)number.real;
}

int32_t java_number_int(struct java_number number)
{
	int64_t value = java_number_long(number);

	if (number.kind == JAVA_DOUBLE)
		return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
	return (int32_t)(uint32_t)(uint64_t)value;
}

double java_number_double(struct java_number number)
{
	struct scientific parts;

	if (number.kind == JAVA_DOUBLE)
		return number.real;
	if (number.kind != JAVA_BIG)
		return (double)number.integer;
	take_apart(&parts, number.digits);
	return double_of(&parts);
}

void java_number_write(struct buffer *buffer, struct java_number number)
{
	char text[JAVA_DOUBLE_TEXT_MAX];

	switch (number.kind) {
	case JAVA_DOUBLE:
		buffer_append_bytes(buffer, text, java_double_text(number.real, text));
		break;
	case JAVA_BIG:
		buffer_append(buffer, number.digits);
		break;
	case JAVA_INTEGER:
	case JAVA_LONG:
		if (number.integer < 0)
			buffer_append_byte(buffer, '-');
		buffer_append_u64(buffer, number.integer < 0 ? 0 - (uint64_t)number.integer : (uint64_t)number.integer);
		break;
	}
}

/* --- Comparing ------------------------------------------------------------------------------------------------------ */

/* An integer's digits; `room` holds those of a small one. */
static struct view digits_of(struct java_number number, char room[24])
{
	int count;

	if (number.kind == JAVA_BIG)
		return number.digits;
	count = snprintf(room, 24, "%lld", (long long)number.integer);
	return view_from(room, (size_t)count);
}

int java_number_compare(struct java_number left, struct java_number right)
{
	char left_room[24], right_room[24];

	if (left.kind == JAVA_DOUBLE || right.kind == JAVA_DOUBLE) {
		double a = java_number_double(left), b = java_number_double(right);

		return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
	}
	if (left.kind != JAVA_BIG && right.kind != JAVA_BIG)
		return left.integer < right.integer ? -1 : left.integer > right.integer;
	return java_big_compare(digits_of(left, left_room), digits_of(right, right_room));
}

bool java_number_equals(struct java_number left, struct java_number right)
{
	if (left.kind != right.kind)
		return false;
	if (left.kind == JAVA_BIG)
		return view_equals(left.digits, right.digits);
	if (left.kind != JAVA_DOUBLE)
		return left.integer == right.integer;
	if (isnan(left.real) || isnan(right.real))
		return isnan(left.real) && isnan(right.real);
	return left.real == right.real && signbit(left.real) == signbit(right.real);
}

/* Of a BigInteger's magnitude in words of 32 bits, the highest first. */
static int32_t hash_big(struct view digits)
{
	uint32_t words[JAVA_DIGITS_MAX / 9 + 1] = { 0 }, hash = 0;
	size_t count = 0;
	bool negative = digits.at[0] == '-';

	if (digits.count > JAVA_DIGITS_MAX)
		return 0;
	for (size_t i = negative; i < digits.count; i++) {
		uint64_t carry = (uint64_t)(digits.at[i] - '0');

		for (size_t word = 0; word < count; word++) {
			carry += (uint64_t)words[word] * 10;
			words[word] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry)
			words[count++] = (uint32_t)carry;
	}
	while (count)
		hash = hash * 31 + words[--count];
	return (int32_t)(negative ? 0 - hash : hash);
}

int32_t java_number_hash(struct java_number number)
{
	uint64_t bits;

	if (number.kind == JAVA_BIG)
		return hash_big(number.digits);
	if (number.kind == JAVA_INTEGER)
		return (int32_t)number.integer;
	bits = (uint64_t)number.integer;
	if (number.kind == JAVA_DOUBLE && isnan(number.real))
		bits = 0x7ff8000000000000u;
	else if (number.kind == JAVA_DOUBLE)
		memcpy(&bits, &number.real, sizeof bits);
	return (int32_t)(uint32_t)(bits ^ bits >> 32);
}

/* --- Reckoning ------------------------------------------------------------------------------------------------------ */

static int reckon_double(enum java_operator operation, double left, double right, struct java_number *ret)
{
	double value = 0;

	switch (operation) {
	case JAVA_ADD:
		value = left + right;
		break;
	case JAVA_SUBTRACT:
		value = left - right;
		break;
	case JAVA_MULTIPLY:
		value = left * right;
		break;
	case JAVA_DIVIDE:
	case JAVA_MODULO:
		if (right == 0) /* the engine looks at the right side before it divides */
			return -EDOM;
		value = operation == JAVA_DIVIDE ? left / right : fmod(left, right);
		break;
	}
	*ret = java_number_of_double(value);
	return 0;
}

/* Both fit into 64 bits: true if the result does too. */
static bool reckon_small(enum java_operator operation, int64_t left, int64_t right, int64_t *ret)
{
	switch (operation) {
	case JAVA_ADD:
		return !__builtin_add_overflow(left, right, ret);
	case JAVA_SUBTRACT:
		return !__builtin_sub_overflow(left, right, ret);
	case JAVA_MULTIPLY:
		return !__builtin_mul_overflow(left, right, ret);
	case JAVA_DIVIDE: /* the one quotient that is too large wraps, as in Java */
		*ret = right == -1 ? (int64_t)(0 - (uint64_t)left) : left / right;
		return true;
	case JAVA_MODULO:
		*ret = right == -1 ? 0 : left % right;
		return true;
	}
	return false;
}

int java_number_reckon(struct arena *arena, enum java_operator operation, struct java_number left,
	struct java_number right, struct java_number *ret)
{
	enum java_number_kind kind = left.kind > right.kind ? left.kind : right.kind;
	char left_room[24], right_room[24];
	int64_t value;

	if (kind == JAVA_DOUBLE)
		return reckon_double(operation, java_number_double(left), java_number_double(right), ret);
	if ((operation == JAVA_DIVIDE || operation == JAVA_MODULO) && right.kind != JAVA_BIG && right.integer == 0)
		return -EDOM;
	if (kind != JAVA_BIG && reckon_small(operation, left.integer, right.integer, &value)) {
		*ret = kind == JAVA_LONG ? java_number_of_long(value) : java_number_of(value);
		return 0;
	}
	ret->kind = JAVA_BIG;
	return java_big_reckon(
		arena, operation, digits_of(left, left_room), digits_of(right, right_room), &ret->digits);
}

/* --- Parsing -------------------------------------------------------------------------------------------------------- */

int java_parse_integer(struct view text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.count && text.at[0] == '-';
	__int128 number = 0;
	size_t i = text.count && (text.at[0] == '-' || text.at[0] == '+');

	if (i == text.count)
		return -EINVAL;
	for (; i < text.count; i++) {
		if (!is_digit(text.at[i]))
			return -EINVAL;
		if (number <= INT64_MAX)
			number = number * 10 + (text.at[i] - '0');
	}
	if (negative)
		number = -number;
	if (number < min || number > max)
		return -EINVAL;
	*ret = (int64_t)number;
	return 0;
}

int java_parse_double(struct view text, double *ret)
{
	struct scientific parts;
	size_t i = 0, digits = 0;
	bool negative;
	struct view body;

	text = view_trim_set(text, " \t\r\n\f\v");
	negative = text.count && text.at[0] == '-';
	if (text.count && (text.at[0] == '-' || text.at[0] == '+'))
		i++;
	body = view_after(text, i);
	if (view_equals(body, view_of("NaN")) || view_equals(body, view_of("Infinity"))) {
		*ret = body.at[0] == 'N' ? (double)NAN : negative ? -(double)INFINITY : (double)INFINITY;
		return 0;
	}
	for (bool point = false; i < text.count && (is_digit(text.at[i]) || (text.at[i] == '.' && !point)); i++) {
		point |= text.at[i] == '.';
		digits += text.at[i] != '.';
	}
	if (digits == 0)
		return -EINVAL;
	if (i < text.count && (text.at[i] == 'e' || text.at[i] == 'E')) {
		i++;
		if (i < text.count && (text.at[i] == '-' || text.at[i] == '+'))
			i++;
		if (i == text.count || !is_digit(text.at[i]))
			return -EINVAL;
		while (i < text.count && is_digit(text.at[i]))
			i++;
	}
	if (i < text.count && strchr("dDfF", text.at[i]) != NULL && text.at[i] != '\0')
		i++;
	if (i != text.count)
		return -EINVAL;
	take_apart(&parts, text);
	*ret = parts.count ? double_of(&parts) : negative ? -0.0 : 0.0;
	return 0;
}
