/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decimal: the mathematical value of a JSON number, taken from its text: compared, hashed and divided without ever being a double, so
 * that neither 0.1 nor a number of 30 digits loses anything.
 *
 * A decimal is its significant digits, which stay where they are in the text, times a power of ten. Exponents beyond
 * ±DECIMAL_EXPONENT_MAX count as that. Threads: pure functions.
 */
#ifndef POSTERN_BASE_DECIMAL_H
#define POSTERN_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

#define DECIMAL_EXPONENT_MAX INT64_C(1000000000000000000)

/* Most significant digits of a divisor: ten times such a number fits into 64 bits. */
#define DECIMAL_DIVISOR_DIGITS_MAX 18

/* ±(head tail) × 10^exponent. No zeros at either end; zero has no digits, no sign and the exponent 0. */
struct decimal {
	struct view head, tail; /* digits before and behind the point */
	int64_t exponent;       /* of the last digit */
	bool negative;
};

/* `number` must be a number as JSON has them; the decimal lives as long as its bytes. */
struct decimal decimal_of(struct view number);

/* <0, 0 or >0. */
int decimal_compare(const struct decimal *left, const struct decimal *right);

/* The same of two texts. */
int decimal_compare_texts(struct view left, struct view right);

/* Equal values have equal hashes, within one process. */
uint64_t decimal_hash(const struct decimal *value);

/* How many significant digits there are; 0 for zero. */
static inline size_t decimal_digit_count(const struct decimal *value)
{
	return value->head.count + value->tail.count;
}

/* Is `value` an integer times `divisor`? The divisor must not be zero nor have more than DECIMAL_DIVISOR_DIGITS_MAX digits. */
bool decimal_is_multiple(const struct decimal *value, const struct decimal *divisor);

/*
 * Append a JSON number as Java's BigDecimal, made from the same text, prints: with all digits as written, an exponent only if there is no
 * other way. Source: java.math.BigDecimal.toString().
 */
void decimal_write_java(struct buffer *ret, struct view number);

#endif
