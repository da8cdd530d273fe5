/* SPDX-License-Identifier: GPL-3.0-or-later */
/* java.lang.Integer, Long, Double and java.math.BigInteger. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/mapping/java_number.h"
#include "appliance/mapping/method_parts.h"

static int64_t low_bits(struct value self)
{
	return self.kind == VALUE_DOUBLE ? java_number_int(java_number_of_value(self))
					 : java_number_long(java_number_of_value(self));
}

int method_number_byte_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_integer((int8_t)(uint8_t)(uint64_t)low_bits(self));
	return 0;
}

int method_number_short_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_integer((int16_t)(uint16_t)(uint64_t)low_bits(self));
	return 0;
}

int method_number_int_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_integer(java_number_int(java_number_of_value(self)));
	return 0;
}

int method_number_long_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = java_number_to_value(java_number_of_long(java_number_long(java_number_of_value(self))));
	return 0;
}

/* A float prints with the digits that tell it from other floats: the double of those digits prints the same. */
int method_number_float_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	float value = (float)java_number_double(java_number_of_value(self));
	char text[40];

	(void)run;
	(void)call;
	*ret = value_double((double)value);
	for (int digits = 0; digits < 9 && isfinite(value); digits++) {
		(void)snprintf(text, sizeof text, "%.*e", digits, (double)value);
		*ret = value_double(strtod(text, NULL));
		if (strtof(text, NULL) == value)
			break;
	}
	return 0;
}

int method_number_double_value(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_double(java_number_double(java_number_of_value(self)));
	return 0;
}

int method_number_to_string(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	if (call->count && call->arguments[0].kind != self.kind)
		return 0;
	return method_any_to_string(run, call->count ? call->arguments[0] : self, call, ret);
}

static int order(struct java_number left, struct java_number right)
{
	int result = java_number_compare(left, right);

	if (result == 2) /* a NaN is greater than all else */
		return left.kind == JAVA_DOUBLE && isnan(left.real) ? !(right.kind == JAVA_DOUBLE && isnan(right.real))
								    : -1;
	return result;
}

int method_number_compare_to(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	if (call->arguments[0].kind != self.kind) /* ClassCastException */
		return template_fail(run, "compareTo of values of different types");
	*ret = value_integer(order(java_number_of_value(self), java_number_of_value(call->arguments[0])));
	return 0;
}

/* A static method's argument: a smaller kind widens to that of `self`. */
static bool widened(struct value self, const struct value_call *call, size_t at, struct java_number *ret)
{
	struct value argument = call->arguments[at];

	if (!value_is_number(argument) || argument.kind > self.kind || self.kind == VALUE_BIG ||
		argument.kind == VALUE_BIG)
		return false;
	*ret = java_number_of_value(argument);
	if (self.kind == VALUE_DOUBLE)
		*ret = java_number_of_double(java_number_double(*ret));
	else if (self.kind == VALUE_LONG)
		*ret = java_number_of_long(ret->integer);
	return true;
}

int method_number_compare(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct java_number left, right;

	(void)run;
	if (widened(self, call, 0, &left) && widened(self, call, 1, &right))
		*ret = value_integer(order(left, right));
	return 0;
}

/* --- Parsing -------------------------------------------------------------------------------------------------------- */

static int no_number(struct template_run *run, struct view text)
{
	return template_fail(
		run, "\"" VIEW_FMT "\" is no number", VIEW_ARG(view_part(text, 0, 40))); /* NumberFormatException */
}

static int digit_of(char byte)
{
	byte = view_lower_byte(byte);
	return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'z' ? byte - 'a' + 10 : 99;
}

static int parse_radix(struct view text, int64_t radix, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.count && text.at[0] == '-';
	__int128 number = 0;
	size_t i = text.count && (text.at[0] == '-' || text.at[0] == '+');

	if (i == text.count || radix < 2 || radix > 36)
		return -EINVAL;
	for (; i < text.count; i++) {
		if (digit_of(text.at[i]) >= radix)
			return -EINVAL;
		if (number <= INT64_MAX)
			number = number * radix + digit_of(text.at[i]);
	}
	number = negative ? -number : number;
	*ret = (int64_t)number;
	return number < min || number > max ? -EINVAL : 0;
}

static int parse(struct template_run *run, const struct value_call *call, bool is_long, struct value *ret)
{
	int64_t radix = 10, number;
	struct view text;

	if (!method_text_argument(call, 0, &text) || (call->count > 1 && !method_int_argument(call, 1, &radix)))
		return 0;
	if (parse_radix(text, radix, is_long ? INT64_MIN : INT32_MIN, is_long ? INT64_MAX : INT32_MAX, &number) != 0)
		return no_number(run, text);
	*ret = is_long ? java_number_to_value(java_number_of_long(number)) : value_integer(number);
	return 0;
}

int method_number_parse_int(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return self.kind == VALUE_INTEGER ? parse(run, call, false, ret) : 0;
}

int method_number_parse_long(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return self.kind == VALUE_LONG ? parse(run, call, true, ret) : 0;
}

int method_number_parse_double(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text;
	double number;

	if (self.kind != VALUE_DOUBLE || !method_text_argument(call, 0, &text))
		return 0;
	if (java_parse_double(text, &number) != 0)
		return no_number(run, text);
	*ret = value_double(number);
	return 0;
}

int method_number_value_of(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value argument = call->arguments[0];
	struct java_number number;

	if (argument.kind == VALUE_TEXT && self.kind == VALUE_DOUBLE)
		return method_number_parse_double(run, self, call, ret);
	if (argument.kind == VALUE_TEXT && self.kind != VALUE_BIG)
		return parse(run, call, self.kind == VALUE_LONG, ret);
	if (widened(self, call, 0, &number))
		*ret = java_number_to_value(number);
	return 0;
}

/* The bits of an Integer or Long in digits of `width` bits. */
static int bits_to_text(
	struct template_run *run, struct value self, const struct value_call *call, unsigned width, struct value *ret)
{
	struct java_number number;
	char digits[64], *at = digits + sizeof digits;
	uint64_t bits;
	struct buffer out;

	if (!widened(self, call, 0, &number) || number.kind == JAVA_DOUBLE)
		return 0;
	bits = number.kind == JAVA_INTEGER ? (uint32_t)(uint64_t)number.integer : (uint64_t)number.integer;
	do
		*--at = "0123456789abcdef"[bits & ((1u << width) - 1)];
	while ((bits >>= width) != 0);
	method_text_start(run, &out);
	buffer_append_bytes(&out, at, (size_t)(digits + sizeof digits - at));
	return method_text_finish(run, &out, ret);
}

int method_number_to_hex_string(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return bits_to_text(run, self, call, 4, ret);
}

int method_number_to_octal_string(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return bits_to_text(run, self, call, 3, ret);
}

int method_number_to_binary_string(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return bits_to_text(run, self, call, 1, ret);
}

/* --- The rest ------------------------------------------------------------------------------------------------------- */

int method_number_hash_code(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return method_any_hash_code(run, self, call, ret);
}

/* Integer.max(a, b), Integer.min(a, b) and those of the other types. */
static int choose(struct value self, const struct value_call *call, int wanted, struct value *ret)
{
	struct java_number left, right;
	int result;

	if (!widened(self, call, 0, &left) || !widened(self, call, 1, &right))
		return 0;
	result = java_number_compare(left, right);
	*ret = java_number_to_value(result == 2         ? java_number_of_double((double)NAN)
				    : result == -wanted ? right
							: left);
	return 0;
}

int method_number_max(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	return choose(self, call, 1, ret);
}

int method_number_min(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	return choose(self, call, -1, ret);
}

int method_number_abs(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	if (self.kind != VALUE_BIG)
		return 0;
	*ret = self;
	if (self.count && self.text[0] == '-') {
		ret->text++;
		ret->count--;
	}
	return 0;
}

/* Integer.signum(n), Long.signum(n); a BigInteger has its own without an argument. */
int method_number_signum(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct java_number number;

	(void)run;
	if (self.kind == VALUE_BIG && call->count == 0)
		*ret = value_integer(self.text[0] == '-' ? -1 : self.text[0] != '0');
	else if (call->count == 1 && widened(self, call, 0, &number) && number.kind != JAVA_DOUBLE)
		*ret = value_integer((number.integer > 0) - (number.integer < 0));
	return 0;
}

int method_number_sum(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct java_number left, right;

	(void)run;
	if (!widened(self, call, 0, &left) || !widened(self, call, 1, &right))
		return 0;
	if (left.kind == JAVA_DOUBLE)
		*ret = value_double(left.real + right.real);
	else if (left.kind == JAVA_INTEGER)
		*ret = value_integer((int32_t)(uint32_t)((uint64_t)left.integer + (uint64_t)right.integer));
	else
		*ret = java_number_to_value(
			java_number_of_long((int64_t)((uint64_t)left.integer + (uint64_t)right.integer)));
	return 0;
}

int method_number_is_nan(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	if (self.kind == VALUE_DOUBLE)
		*ret = value_boolean(isnan(self.number) != 0);
	return 0;
}

int method_number_is_infinite(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	if (self.kind == VALUE_DOUBLE)
		*ret = value_boolean(isinf(self.number) != 0);
	return 0;
}
