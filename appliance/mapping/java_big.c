/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/java_big.h"

#include <errno.h>
#include <string.h>

/* Magnitudes are limbs of nine digits, the lowest first. */
#define LIMB 1000000000u
#define LIMB_DIGITS 9

struct magnitude {
	uint32_t *limbs;
	size_t count; /* without zeros on top; 0: zero */
};

static struct view magnitude_of(struct view text)
{
	return view_after(text, text.count && text.at[0] == '-');
}

static bool is_negative(struct view text)
{
	return text.count && text.at[0] == '-';
}

static int compare_digits(struct view left, struct view right)
{
	if (left.count != right.count)
		return left.count < right.count ? -1 : 1;
	return memcmp(left.at, right.at, left.count);
}

int java_big_compare(struct view left, struct view right)
{
	if (is_negative(left) != is_negative(right))
		return is_negative(left) ? -1 : 1;
	return is_negative(left) ? compare_digits(magnitude_of(right), magnitude_of(left))
				 : compare_digits(left, right);
}

static bool make(struct arena *arena, struct magnitude *ret, size_t count)
{
	ret->count = count;
	ret->limbs = ARENA_NEW_ARRAY(arena, uint32_t, count + 1);
	return ret->limbs != NULL;
}

static void trim(struct magnitude *number)
{
	while (number->count && number->limbs[number->count - 1] == 0)
		number->count--;
}

static bool read_digits(struct arena *arena, struct magnitude *ret, struct view digits)
{
	if (!make(arena, ret, (digits.count + LIMB_DIGITS - 1) / LIMB_DIGITS))
		return false;
	for (size_t i = 0; i < ret->count; i++) {
		size_t end = digits.count - i * LIMB_DIGITS, start = end > LIMB_DIGITS ? end - LIMB_DIGITS : 0;

		for (size_t at = start; at < end; at++)
			ret->limbs[i] = ret->limbs[i] * 10 + (uint32_t)(digits.at[at] - '0');
	}
	trim(ret);
	return true;
}

static int compare(const struct magnitude *left, const struct magnitude *right)
{
	if (left->count != right->count)
		return left->count < right->count ? -1 : 1;
	for (size_t i = left->count; i-- > 0;) {
		if (left->limbs[i] != right->limbs[i])
			return left->limbs[i] < right->limbs[i] ? -1 : 1;
	}
	return 0;
}

static bool add(struct arena *arena, struct magnitude *ret, const struct magnitude *left, const struct magnitude *right)
{
	const struct magnitude *longer = left->count > right->count ? left : right,
			       *other = longer == left ? right : left;
	uint32_t carry = 0;

	if (!make(arena, ret, longer->count + 1))
		return false;
	for (size_t i = 0; i < longer->count; i++) {
		uint32_t sum = longer->limbs[i] + (i < other->count ? other->limbs[i] : 0) + carry;

		carry = sum >= LIMB;
		ret->limbs[i] = carry ? sum - LIMB : sum;
	}
	ret->limbs[longer->count] = carry;
	trim(ret);
	return true;
}

/* `left` is not the smaller. */
static bool subtract(
	struct arena *arena, struct magnitude *ret, const struct magnitude *left, const struct magnitude *right)
{
	uint32_t borrow = 0;

	if (!make(arena, ret, left->count))
		return false;
	for (size_t i = 0; i < left->count; i++) {
		uint32_t taken = (i < right->count ? right->limbs[i] : 0) + borrow;

		borrow = left->limbs[i] < taken;
		ret->limbs[i] = left->limbs[i] + (borrow ? LIMB : 0) - taken;
	}
	trim(ret);
	return true;
}

static bool multiply(
	struct arena *arena, struct magnitude *ret, const struct magnitude *left, const struct magnitude *right)
{
	if (!make(arena, ret, left->count + right->count))
		return false;
	for (size_t i = 0; i < left->count; i++) {
		uint64_t carry = 0;

		for (size_t j = 0; j < right->count || carry; j++) {
			uint64_t sum = ret->limbs[i + j] + carry;

			if (j < right->count)
				sum += (uint64_t)left->limbs[i] * right->limbs[j];
			ret->limbs[i + j] = (uint32_t)(sum % LIMB);
			carry = sum / LIMB;
		}
	}
	trim(ret);
	return true;
}

/*
 * How often does `divisor` go into `rest` (< divisor * LIMB)? Takes it away as often. By bisection: the digits are few and the case is
 * rare. `product` has room for a limb more than the divisor.
 */
static uint32_t take_away(struct magnitude *rest, const struct magnitude *divisor, struct magnitude *product)
{
	uint32_t low = 0, high = LIMB, borrow = 0;

	/* low fits, high does not; the last round leaves the product of low. */
	for (bool last = false; !last;) {
		uint32_t middle = (last = high - low == 1) ? low : low + (high - low) / 2;
		uint64_t carry = 0;

		for (size_t i = 0; i < divisor->count; i++) {
			carry += (uint64_t)divisor->limbs[i] * middle;
			product->limbs[i] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		product->limbs[divisor->count] = (uint32_t)carry;
		product->count = divisor->count + 1;
		trim(product);
		if (compare(product, rest) <= 0)
			low = middle;
		else
			high = middle;
	}
	for (size_t i = 0; i < rest->count; i++) {
		uint32_t taken = (i < product->count ? product->limbs[i] : 0) + borrow;

		borrow = rest->limbs[i] < taken;
		rest->limbs[i] += (borrow ? LIMB : 0) - taken;
	}
	trim(rest);
	return low;
}

static bool divide(struct arena *arena, struct magnitude *ret, struct magnitude *rest, const struct magnitude *left,
	const struct magnitude *right)
{
	struct magnitude product;

	if (!make(arena, ret, left->count) || !make(arena, rest, right->count + 2) ||
		!make(arena, &product, right->count + 2))
		return false;
	rest->count = 0;
	for (size_t i = left->count; i-- > 0;) {
		memmove(rest->limbs + 1, rest->limbs, rest->count * sizeof rest->limbs[0]);
		rest->limbs[0] = left->limbs[i];
		rest->count++;
		trim(rest);
		ret->limbs[i] = take_away(rest, right, &product);
	}
	trim(ret);
	return true;
}

static int write_digits(struct arena *arena, const struct magnitude *number, bool negative, struct view *ret)
{
	char *text = arena_alloc(arena, number->count * LIMB_DIGITS + 2), *end, *at;

	if (!text)
		return -ENOMEM;
	end = at = text + number->count * LIMB_DIGITS + 2;
	for (size_t i = 0; i < number->count; i++) {
		uint32_t limb = number->limbs[i];

		for (int digit = 0; digit < LIMB_DIGITS; digit++, limb /= 10)
			*--at = (char)('0' + limb % 10);
	}
	while (at < end && *at == '0')
		at++;
	if (at == end)
		*--at = '0';
	else if (negative)
		*--at = '-';
	*ret = view_from(at, (size_t)(end - at));
	return magnitude_of(*ret).count > JAVA_DIGITS_MAX ? -EMSGSIZE : 0;
}

int java_big_reckon(
	struct arena *arena, enum java_operator operation, struct view left, struct view right, struct view *ret)
{
	struct magnitude a, b, result, rest;
	bool negative = is_negative(left), other = is_negative(right), made;

	if (left.count > JAVA_DIGITS_MAX + 1 || right.count > JAVA_DIGITS_MAX + 1)
		return -EMSGSIZE;
	if (!read_digits(arena, &a, magnitude_of(left)) || !read_digits(arena, &b, magnitude_of(right)))
		return -ENOMEM;
	if (operation == JAVA_SUBTRACT)
		other = !other;
	switch (operation) {
	case JAVA_ADD:
	case JAVA_SUBTRACT:
		if (negative == other) {
			made = add(arena, &result, &a, &b);
		} else if (compare(&a, &b) >= 0) {
			made = subtract(arena, &result, &a, &b);
		} else {
			made = subtract(arena, &result, &b, &a);
			negative = other;
		}
		break;
	case JAVA_MULTIPLY:
		made = multiply(arena, &result, &a, &b);
		negative = negative != other;
		break;
	case JAVA_DIVIDE:
	case JAVA_MODULO:
		if (b.count == 0)
			return -EDOM;
		made = divide(arena, &result, &rest, &a, &b);
		if (operation == JAVA_MODULO)
			result = rest; /* with the sign of the left side */
		else
			negative = negative != other;
		break;
	default:
		return -EDOM;
	}
	return made ? write_digits(arena, &result, negative, ret) : -ENOMEM;
}
