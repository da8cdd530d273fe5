/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * java_number: numbers as Java has them, because templates print and reckon with Java's: Integer, Long and BigInteger, of which a result
 * takes the next larger when it no longer fits, and Double with the text of Double.toString().
 *
 * A number is passed by value. The digits of a BIG one are a canonical decimal text ("-" and no leading zeros) that lives in the
 * arena or in the JSON text that they came from. Whatever creates such digits keeps to JAVA_DIGITS_MAX.
 *
 * What reckons returns 0; -EDOM if Java's template engine gives no value (division by zero); -EMSGSIZE when a result would have more
 * than JAVA_DIGITS_MAX digits; -ENOMEM.
 *
 * Threads: pure functions.
 * Source: spec/vtl.md 4.1, 5, 12.6; org.apache.velocity.runtime.parser.node.MathUtils (1.7); java.lang.Double.toString (JDK 19+: shortest).
 */
#ifndef POSTERN_MAPPING_JAVA_NUMBER_H
#define POSTERN_MAPPING_JAVA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/view.h"
#include "appliance/mapping/value.h"

/* Digits of a BigInteger that is the result of arithmetic: multiplication takes their square in time. */
#define JAVA_DIGITS_MAX 1024
/* Longest text of Double.toString(): "-2.2250738585072014E-308". */
#define JAVA_DOUBLE_TEXT_MAX 32

enum java_number_kind {
	JAVA_INTEGER, /* 32 bits; the order is that of Velocity: a result has the larger kind of its operands */
	JAVA_LONG,    /* 64 bits */
	JAVA_BIG,     /* BigInteger */
	JAVA_DOUBLE,
};

struct java_number {
	enum java_number_kind kind;
	union {
		int64_t integer;    /* INTEGER, LONG */
		double real;        /* DOUBLE */
		struct view digits; /* BIG */
	};
};

enum java_operator { JAVA_ADD, JAVA_SUBTRACT, JAVA_MULTIPLY, JAVA_DIVIDE, JAVA_MODULO };

/*
 * The number that the text of a JSON number (or of an integer literal, or digits with a '-') means: the smallest kind of integer that
 * holds it, BIG borrowing `text`; with '.', 'e' or 'E' a double. `text` must be a number: this does not check.
 */
struct java_number java_number_of_text(struct view text);

/* The smallest kind for a value / the kinds by name. */
struct java_number java_number_of(int64_t value);
struct java_number java_number_of_long(int64_t value);
struct java_number java_number_of_double(double value);

/* A number among values, and back. */
static inline struct java_number java_number_of_value(struct value value)
{
	struct java_number number = { .kind = (enum java_number_kind)(value.kind - VALUE_INTEGER) };

	if (value.kind == VALUE_DOUBLE)
		number.real = value.number;
	else if (value.kind == VALUE_BIG)
		number.digits = value_view(value);
	else
		number.integer = value.integer;
	return number;
}

static inline struct value java_number_to_value(struct java_number number)
{
	struct value value = { .kind = (uint8_t)(VALUE_INTEGER + (unsigned)number.kind) };

	if (number.kind == JAVA_DOUBLE) {
		value.number = number.real;
	} else if (number.kind == JAVA_BIG) {
		value.text = number.digits.at;
		value.count = (uint32_t)number.digits.count;
	} else {
		value.integer = number.integer;
	}
	return value;
}

/* `left` OP `right` by Velocity's rules: integers truncate, overflow becomes a BigInteger, a double makes a double. */
int java_number_reckon(struct arena *arena, enum java_operator operation, struct java_number left,
	struct java_number right, struct java_number *ret) __attribute__((warn_unused_result));

/* By value, whatever the kinds: <0, 0, >0. A NaN is less than nothing and equal to nothing: 2 is returned. */
int java_number_compare(struct java_number left, struct java_number right);

/* Object.equals(): the same kind and the same value (Integer 1 is not Long 1; NaN is NaN; 0.0 is not -0.0). */
bool java_number_equals(struct java_number left, struct java_number right);

/* Object.hashCode(). */
int32_t java_number_hash(struct java_number number);

/* Number.intValue(), longValue(), doubleValue(): integers keep their low bits, doubles saturate, NaN is 0. */
int32_t java_number_int(struct java_number number);
int64_t java_number_long(struct java_number number);
double java_number_double(struct java_number number);

/* toString(). */
void java_number_write(struct buffer *buffer, struct java_number number);

/* The text of a JSON number as Java prints what it means; the common ones without any conversion. */
void java_number_write_text(struct buffer *buffer, struct view text);

/* The same in JSON: null for what is past the greatest double. */
void java_number_write_json(struct buffer *buffer, struct view text);

/* Double.toString() into `ret`; the count of bytes. */
size_t java_double_text(double value, char ret[JAVA_DOUBLE_TEXT_MAX]);

/*
 * Integer.parseInt() and Long.parseLong() (an optional sign, ASCII digits): 0, or -EINVAL if Java throws.
 * Double.parseDouble(): decimal forms, "NaN", "Infinity", blanks around; not hexadecimal ones.
 */
int java_parse_integer(struct view text, int64_t min, int64_t max, int64_t *ret) __attribute__((warn_unused_result));
int java_parse_double(struct view text, double *ret) __attribute__((warn_unused_result));

#endif
