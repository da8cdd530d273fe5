/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * String.format(): %[index$][flags][width][.precision]conversion, conversions b c d e f g h n o s x and their capitals, and %%.
 * Dates (%t) and %a do not exist. Source: Java SE 17 API, java.util.Formatter.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "appliance/mapping/java_number.h"
#include "appliance/mapping/method_parts.h"

/* Widest field and most digits: more is nobody's layout. */
#define WIDTH_MAX 4096
#define PRECISION_MAX 340

struct field {
	size_t index; /* of the argument, from 1; 0: the next one */
	bool left, plus, blank, zero, comma, parenthesis, alternate, previous;
	size_t width;
	bool has_precision;
	size_t precision;
	char conversion; /* lower case, but 'n' and '%' */
	bool capital;
};

static int refuse(struct template_run *run, const char *what)
{
	return template_fail(run, "format: %s", what);
}

/* --- The field's text ----------------------------------------------------------------------------------------------- */

static size_t take_number(struct view *rest)
{
	size_t number = 0;

	while (rest->count && rest->at[0] >= '0' && rest->at[0] <= '9') {
		if (number < 100000)
			number = number * 10 + (size_t)(rest->at[0] - '0');
		*rest = view_after(*rest, 1);
	}
	return number;
}

static bool take_flag(struct field *field, char byte)
{
	bool *flag = byte == '-'   ? &field->left
		     : byte == '+' ? &field->plus
		     : byte == ' ' ? &field->blank
		     : byte == '0' ? &field->zero
		     : byte == ',' ? &field->comma
		     : byte == '(' ? &field->parenthesis
		     : byte == '#' ? &field->alternate
		     : byte == '<' ? &field->previous
				   : NULL;

	if (flag)
		*flag = true;
	return flag != NULL;
}

/* What follows the '%'. */
static int take_field(struct template_run *run, struct view *rest, struct field *ret)
{
	struct view ahead = *rest;
	size_t index = take_number(&ahead);

	*ret = (struct field){ 0 };
	if (ahead.count && ahead.at[0] == '$' && index) {
		ret->index = index;
		*rest = view_after(ahead, 1);
	}
	while (rest->count && take_flag(ret, rest->at[0]))
		*rest = view_after(*rest, 1);
	ret->width = take_number(rest);
	if (rest->count && rest->at[0] == '.') {
		ahead = view_after(*rest, 1);
		ret->has_precision = true;
		ret->precision = take_number(&ahead);
		if (ahead.count + 1 == rest->count)
			return refuse(run, "a precision is missing");
		*rest = ahead;
	}
	if (rest->count == 0 || ret->width > WIDTH_MAX || ret->precision > PRECISION_MAX)
		return refuse(run, rest->count ? "a field is too wide" : "the pattern ends in a field");
	ret->conversion = view_lower_byte(rest->at[0]);
	ret->capital = ret->conversion != rest->at[0];
	if (!strchr("bcdefghnosx%", ret->conversion) || ret->conversion == '\0' ||
		(ret->capital && !strchr("bceghsx", ret->conversion)))
		return refuse(run, "an unknown conversion");
	if ((ret->left || ret->zero) && ret->width == 0)
		return refuse(run, "a width is missing");
	if ((ret->left && ret->zero) || (ret->plus && ret->blank))
		return refuse(run, "flags that exclude each other");
	*rest = view_after(*rest, 1);
	return 0;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void fill(struct buffer *out, char byte, size_t count)
{
	while (count--)
		buffer_append_byte(out, byte);
}

/* `text` in its width, in capitals if wanted. */
static int write_padded(struct template_run *run, const struct field *field, struct view text, struct buffer *out)
{
	struct value_call none = { 0 };
	struct value upper = value_text(text);
	size_t units;
	int result = 0;

	if (field->capital)
		result = method_text_to_upper_case(run, upper, &none, &upper);
	units = method_unit_count(value_view(upper));
	if (!field->left && units < field->width)
		fill(out, ' ', field->width - units);
	buffer_append(out, value_view(upper));
	if (field->left && units < field->width)
		fill(out, ' ', field->width - units);
	return result;
}

/* `digits` (with a point, without a sign) with what the flags ask for. */
static int write_number(
	struct template_run *run, const struct field *field, bool negative, struct view digits, struct buffer *out)
{
	struct buffer number;
	size_t whole = 0, signs;

	method_text_start(run, &number);
	if (negative)
		buffer_append_byte(&number, field->parenthesis ? '(' : '-');
	else if (field->plus || field->blank)
		buffer_append_byte(&number, field->plus ? '+' : ' ');
	signs = number.count + (negative && field->parenthesis);
	while (whole < digits.count && isdigit((unsigned char)digits.at[whole]))
		whole++;
	if (field->zero) {
		size_t count = signs + digits.count + (field->comma && whole ? (whole - 1) / 3 : 0);

		if (count < field->width)
			fill(&number, '0', field->width - count);
	}
	for (size_t i = 0; i < digits.count; i++) {
		if (field->comma && i && i < whole && (whole - i) % 3 == 0)
			buffer_append_byte(&number, ',');
		buffer_append_byte(&number, digits.at[i]);
	}
	if (negative && field->parenthesis)
		buffer_append_byte(&number, ')');
	return write_padded(run, field, buffer_view(&number), out);
}

static int write_integer(struct template_run *run, const struct field *field, struct value value, struct buffer *out)
{
	struct buffer text;
	struct view digits;
	bool negative;
	uint64_t bits;

	if (value.kind != VALUE_INTEGER && value.kind != VALUE_LONG && value.kind != VALUE_BIG)
		return refuse(run, "no integer where one is wanted");
	method_text_start(run, &text);
	if (field->conversion == 'd') {
		java_number_write(&text, java_number_of_value(value));
		digits = buffer_view(&text);
		negative = digits.count && digits.at[0] == '-';
		return write_number(run, field, negative, view_after(digits, negative), out);
	}
	if (value.kind == VALUE_BIG)
		return refuse(run, "a BigInteger has no such conversion here");
	bits = value.kind == VALUE_INTEGER ? (uint32_t)(uint64_t)value.integer : (uint64_t)value.integer;
	buffer_append_text(&text, !field->alternate ? "" : field->conversion == 'x' ? "0x" : "0");
	buffer_printf(&text, field->conversion == 'x' ? "%llx" : "%llo", (unsigned long long)bits);
	if (field->zero && text.count < field->width) {
		struct buffer padded;

		method_text_start(run, &padded);
		fill(&padded, '0', field->width - text.count);
		buffer_append(&padded, buffer_view(&text));
		return write_padded(run, field, buffer_view(&padded), out);
	}
	return write_padded(run, field, buffer_view(&text), out);
}

/*
 * Java rounds the digits that Double.toString() shows half up, where C rounds the binary value: so the text is rounded. `digits` are
 * its significant ones, `point` where the decimal point is in them; they are cut to `keep` digits (which may be 0 or less).
 */
static long round_digits(char *digits, size_t *count, long point, long keep)
{
	bool up;

	if (keep >= (long)*count)
		return point;
	up = keep >= 0 && digits[keep] >= '5';
	*count = keep < 0 ? 0 : (size_t)keep;
	for (size_t i = *count; up && i-- > 0;) {
		up = digits[i] == '9';
		digits[i] = up ? '0' : (char)(digits[i] + 1);
	}
	if (up) {
		memmove(digits + 1, digits, *count);
		digits[0] = '1';
		*count += 1;
		point++;
	}
	return point;
}

/* Digits and the place of the point of a positive double, from Double.toString(). */
static long take_digits(double value, char digits[JAVA_DOUBLE_TEXT_MAX], size_t *ret_count)
{
	char text[JAVA_DOUBLE_TEXT_MAX];
	size_t size = java_double_text(value, text), count = 0;
	long point = 0, exponent = 0;
	bool behind = false, negative = false;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '.') {
			behind = true;
		} else if (text[i] == 'E') {
			for (negative = text[++i] == '-', i += negative; i < size; i++)
				exponent = exponent * 10 + (text[i] - '0');
			break;
		} else {
			if (count || text[i] != '0')
				digits[count++] = text[i];
			if (!behind && count)
				point++;
			else if (behind && !count)
				point--;
		}
	}
	*ret_count = count;
	return point + (negative ? -exponent : exponent);
}

static void write_fixed(struct buffer *out, const char *digits, size_t count, long point, size_t precision)
{
	if (point <= 0)
		buffer_append_byte(out, '0');
	for (long i = 0; i < point; i++)
		buffer_append_byte(out, i < (long)count ? digits[i] : '0');
	if (precision)
		buffer_append_byte(out, '.');
	for (size_t i = 0; i < precision; i++) {
		long at = point + (long)i;

		buffer_append_byte(out, at >= 0 && at < (long)count ? digits[at] : '0');
	}
}

static void write_exponent(struct buffer *out, char *digits, size_t count, long point, size_t precision)
{
	long exponent;

	point = round_digits(digits, &count, point, (long)precision + 1);
	exponent = count ? point - 1 : 0;
	write_fixed(out, digits, count, 1, precision);
	buffer_printf(out, "e%c%02ld", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static int write_double(struct template_run *run, const struct field *field, struct value value, struct buffer *out)
{
	char digits[JAVA_DOUBLE_TEXT_MAX + 2];
	size_t count, precision = field->has_precision ? field->precision : 6;
	struct buffer text;
	struct field plain = *field;
	double number = fabs(value.number);
	long point;

	if (value.kind != VALUE_DOUBLE)
		return refuse(run, "no double where one is wanted");
	method_text_start(run, &text);
	if (isnan(number) || isinf(number)) {
		plain.zero = plain.comma = false;
		buffer_append_text(&text, isnan(number) ? "NaN" : "Infinity");
		return write_number(run, &plain, value.number < 0, buffer_view(&text), out);
	}
	point = number > 0 ? take_digits(number, digits, &count) : (count = 0, 1);
	if (field->conversion == 'g') {
		precision = precision ? precision : 1;
		if (number == 0 || (number >= 1e-4 && number < pow(10, (double)precision))) {
			point = round_digits(digits, &count, point, (long)precision);
			precision = point > (long)precision ? 0 : (size_t)((long)precision - (count ? point : 1));
			write_fixed(&text, digits, count, point, precision);
		} else {
			write_exponent(&text, digits, count, point, precision - 1);
		}
	} else if (field->conversion == 'e') {
		write_exponent(&text, digits, count, point, precision);
	} else {
		point = round_digits(digits, &count, point, point + (long)precision);
		write_fixed(&text, digits, count, point, precision);
	}
	return write_number(run, field, signbit(value.number), buffer_view(&text), out);
}

/* %s, %b, %h, %c. */
static int write_text(struct template_run *run, const struct field *field, struct value value, struct buffer *out)
{
	struct value_call none = { 0 };
	struct view text;
	bool inside;
	int result;

	if (field->zero || field->comma || field->plus || field->blank || field->parenthesis)
		return refuse(run, "a flag that the conversion does not have");
	if (field->conversion == 'b') {
		bool is_true = value.kind == VALUE_BOOLEAN ? value.boolean : !value_is_null(value);

		text = is_true ? view_of("true") : view_of("false");
	} else if (field->conversion == 'h' && !value_is_null(value)) {
		result = method_any_hash_code(run, value, &none, &value);
		if (result)
			return result;
		text = arena_printf(run->arena, "%x", (uint32_t)(uint64_t)value.integer);
		if (!text.at)
			return template_no_memory(run);
	} else if (field->conversion == 'c' && value.kind == VALUE_INTEGER) {
		struct buffer character;

		if (value.integer < 0 || value.integer > 0x10ffff || (value.integer & ~0x7ff) == 0xd800)
			return refuse(run, "no character has that number");
		method_text_start(run, &character);
		buffer_append_utf8(&character, (uint32_t)value.integer);
		text = buffer_view(&character);
	} else {
		result = value_to_text(run, value, true, &text);
		if (result)
			return result;
		if (field->conversion == 'c' && !value_is_null(value) && method_unit_count(text) != 1)
			return refuse(run, "no character where one is wanted");
	}
	if (field->has_precision)
		text = view_part(text, 0, method_unit_offset(text, field->precision, &inside));
	return write_padded(run, field, text, out);
}

static int write_field(struct template_run *run, const struct field *field, struct value value, struct buffer *out)
{
	int result = template_work(run, 4 + field->width / 16);
	struct field plain = *field;

	if (result)
		return result;
	if (strchr("defgox", field->conversion) && value_is_null(value)) {
		plain.zero = false;
		plain.has_precision = false;
		return write_padded(run, &plain, view_of("null"), out);
	}
	switch (field->conversion) {
	case 'd':
	case 'x':
	case 'o':
		return field->has_precision ? refuse(run, "an integer has no precision")
					    : write_integer(run, field, value, out);
	case 'e':
	case 'f':
	case 'g':
		return write_double(run, field, value, out);
	default:
		return write_text(run, field, value, out);
	}
}

int method_format(
	struct template_run *run, struct view pattern, const struct value *arguments, size_t count, struct buffer *out)
{
	size_t next = 0, last = SIZE_MAX;

	while (pattern.count && !buffer_error(out)) {
		size_t percent = view_find_byte(pattern, '%');
		struct field field;
		int result;

		buffer_append(out, view_part(pattern, 0, percent));
		if (percent == VIEW_NOWHERE)
			return 0;
		pattern = view_after(pattern, percent + 1);
		result = take_field(run, &pattern, &field);
		if (result)
			return result;
		if (field.conversion == 'n' || field.conversion == '%') {
			result = write_padded(run, &field, field.conversion == 'n' ? view_of("\n") : view_of("%"), out);
		} else {
			last = field.previous ? last : field.index ? field.index - 1 : next++;
			if (last >= count)
				return refuse(run, "more fields than arguments");
			result = write_field(run, &field, arguments[last], out);
		}
		if (result)
			return result;
	}
	return 0;
}
