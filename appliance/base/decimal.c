/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/decimal.h"

#include "appliance/base/assert.h"
#include "appliance/base/table.h"

static struct view digits_at(struct view *rest)
{
	struct view digits = view_part(*rest, 0, 0);

	while (digits.count < rest->count && rest->at[digits.count] >= '0' && rest->at[digits.count] <= '9')
		digits.count++;
	*rest = view_after(*rest, digits.count);
	return digits;
}

/* The exponent behind 'e', or 0 if there is none. */
static int64_t exponent_at(struct view rest)
{
	bool negative = false;
	int64_t exponent = 0;

	if (rest.count == 0)
		return 0;
	rest = view_after(rest, 1);
	if (rest.count > 0 && (rest.at[0] == '+' || rest.at[0] == '-')) {
		negative = rest.at[0] == '-';
		rest = view_after(rest, 1);
	}
	for (size_t i = 0; i < rest.count && exponent < DECIMAL_EXPONENT_MAX; i++)
		exponent = exponent > DECIMAL_EXPONENT_MAX / 10 ? DECIMAL_EXPONENT_MAX
								: exponent * 10 + (rest.at[i] - '0');
	if (exponent > DECIMAL_EXPONENT_MAX)
		exponent = DECIMAL_EXPONENT_MAX;
	return negative ? -exponent : exponent;
}

static size_t trailing_zeros(struct view digits)
{
	size_t count = 0;

	while (count < digits.count && digits.at[digits.count - 1 - count] == '0')
		count++;
	return count;
}

static struct view without_leading_zeros(struct view digits)
{
	size_t count = 0;

	while (count < digits.count && digits.at[count] == '0')
		count++;
	return view_after(digits, count);
}

struct decimal decimal_of(struct view number)
{
	struct decimal value = { .negative = number.count > 0 && number.at[0] == '-' };
	struct view rest = view_after(number, value.negative);
	size_t zeros;

	value.head = without_leading_zeros(digits_at(&rest));
	if (rest.count > 0 && rest.at[0] == '.') {
		rest = view_after(rest, 1);
		value.tail = digits_at(&rest);
	}
	value.exponent = exponent_at(rest) - (int64_t)value.tail.count;
	zeros = trailing_zeros(value.tail);
	value.tail.count -= zeros;
	if (value.tail.count == 0) {
		size_t more = trailing_zeros(value.head);

		value.head.count -= more;
		zeros += more;
	}
	value.exponent += (int64_t)zeros;
	if (value.head.count == 0)
		value.tail = without_leading_zeros(value.tail);
	if (decimal_digit_count(&value) == 0) {
		value.negative = false;
		value.exponent = 0;
	}
	return value;
}

static inline char digit_at(const struct decimal *value, size_t index)
{
	return index < value->head.count ? value->head.at[index] : value->tail.at[index - value->head.count];
}

static int compare_magnitudes(const struct decimal *left, const struct decimal *right)
{
	size_t left_count = decimal_digit_count(left), right_count = decimal_digit_count(right);
	size_t both = left_count < right_count ? left_count : right_count;
	int64_t left_top = left->exponent + (int64_t)left_count, right_top = right->exponent + (int64_t)right_count;

	if (left_count == 0 || right_count == 0)
		return (left_count != 0) - (right_count != 0);
	if (left_top != right_top)
		return left_top < right_top ? -1 : 1;
	for (size_t i = 0; i < both; i++) {
		if (digit_at(left, i) != digit_at(right, i))
			return digit_at(left, i) < digit_at(right, i) ? -1 : 1;
	}
	/* What is left ends in a digit that is not zero. */
	return (left_count > both) - (right_count > both);
}

int decimal_compare(const struct decimal *left, const struct decimal *right)
{
	int order;

	if (left->negative != right->negative)
		return left->negative ? -1 : 1;
	order = compare_magnitudes(left, right);
	return left->negative ? -order : order;
}

int decimal_compare_texts(struct view left, struct view right)
{
	struct decimal one, other;

	if (view_equals(left, right))
		return 0;
	one = decimal_of(left);
	other = decimal_of(right);
	return decimal_compare(&one, &other);
}

uint64_t decimal_hash(const struct decimal *value)
{
	/* Where the point was does not count, so digits are gathered, piece by piece, with the hash of those before. */
	struct {
		uint64_t before;
		char digits[56];
	} piece = { .before = (uint64_t)value->exponent * 2 + value->negative };
	size_t count = decimal_digit_count(value), done = 0;

	do {
		size_t part = count - done < sizeof piece.digits ? count - done : sizeof piece.digits;

		for (size_t i = 0; i < part; i++)
			piece.digits[i] = digit_at(value, done + i);
		done += part;
		piece.before = table_hash(view_from(&piece, sizeof piece.before + part));
	} while (done < count);
	return piece.before;
}

static uint64_t digits_modulo(const struct decimal *value, uint64_t modulus)
{
	size_t count = decimal_digit_count(value);
	uint64_t rest = 0;

	for (size_t i = 0; i < count; i++)
		rest = (rest * 10 + (uint64_t)(digit_at(value, i) - '0')) % modulus;
	return rest;
}

/* So many tens hold every two and every five that a divisor can. */
#define ALL_TWOS_AND_FIVES 60

bool decimal_is_multiple(const struct decimal *value, const struct decimal *divisor)
{
	size_t divisor_count = decimal_digit_count(divisor);
	int64_t shift = value->exponent - divisor->exponent;
	uint64_t modulus = 0, rest;

	ASSERT(divisor_count > 0 && divisor_count <= DECIMAL_DIVISOR_DIGITS_MAX);
	if (decimal_digit_count(value) == 0)
		return true;
	/* The last digit is not zero, so no power of ten divides the digits. */
	if (shift < 0)
		return false;
	for (size_t i = 0; i < divisor_count; i++)
		modulus = modulus * 10 + (uint64_t)(digit_at(divisor, i) - '0');
	/* However large the exponent is: what is left of the divisor must divide the digits. */
	if (shift >= ALL_TWOS_AND_FIVES) {
		while (modulus % 2 == 0)
			modulus /= 2;
		while (modulus % 5 == 0)
			modulus /= 5;
		return digits_modulo(value, modulus) == 0;
	}
	rest = digits_modulo(value, modulus);
	for (int64_t i = 0; i < shift && rest; i++)
		rest = rest * 10 % modulus;
	return rest == 0;
}

/* The digits from `from` on, at most `count`, of two runs. */
static void write_digits(struct buffer *ret, struct view head, struct view tail, size_t from, size_t count)
{
	struct view first = view_part(head, from, count);

	buffer_append(ret, first);
	buffer_append(ret, view_part(tail, from < head.count ? 0 : from - head.count, count - first.count));
}

void decimal_write_java(struct buffer *ret, struct view number)
{
	bool negative = number.count > 0 && number.at[0] == '-';
	struct view rest = view_after(number, negative), head, tail = { 0 };
	int64_t scale, top;
	size_t count;

	head = without_leading_zeros(digits_at(&rest));
	if (rest.count > 0 && rest.at[0] == '.') {
		rest = view_after(rest, 1);
		tail = digits_at(&rest);
	}
	scale = (int64_t)tail.count - exponent_at(rest);
	if (head.count == 0)
		tail = without_leading_zeros(tail);
	negative = negative && head.count + tail.count > 0;
	if (head.count + tail.count == 0)
		head = view_of("0");
	count = head.count + tail.count;
	top = (int64_t)count - 1 - scale;
	if (negative)
		buffer_append_byte(ret, '-');
	if (scale == 0) {
		write_digits(ret, head, tail, 0, count);
	} else if (scale > 0 && top >= -6) {
		size_t before = count > (size_t)scale ? count - (size_t)scale : 0;

		if (before == 0)
			buffer_append_byte(ret, '0');
		write_digits(ret, head, tail, 0, before);
		buffer_append_byte(ret, '.');
		buffer_append(ret, view_part(view_of("000000"), 0, before ? 0 : (size_t)scale - count));
		write_digits(ret, head, tail, before, count - before);
	} else {
		write_digits(ret, head, tail, 0, 1);
		if (count > 1)
			buffer_append_byte(ret, '.');
		write_digits(ret, head, tail, 1, count - 1);
		if (top != 0)
			buffer_printf(ret, "E%s%lld", top > 0 ? "+" : "", (long long)top);
	}
}
