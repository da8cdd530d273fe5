/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * method_parts: what the files of Java's methods share. Internal to method*.c.
 *
 * A method gets `*ret` as null and leaves it so where Java has no such method for the arguments; it returns 0, or what template_fail()
 * gave where Java throws.
 */
#ifndef POSTERN_MAPPING_METHOD_PARTS_H
#define POSTERN_MAPPING_METHOD_PARTS_H

#include <errno.h>
#include <string.h>

#include "appliance/mapping/method.h"
#include "appliance/mapping/template.h"

struct pattern;

typedef int method_function(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret);

#define METHOD_NAME(ID, name)
#define METHOD(type, ID, least, most, function, text) method_function method_##function;
#include "appliance/mapping/methods.def"
#undef METHOD_NAME
#undef METHOD

/* --- Arguments ------------------------------------------------------------------------------------------------------ */

/* Argument `at` where Java wants a String; an undefined one that gets here is "". False if it is of another type. */
bool method_text_argument(const struct value_call *call, size_t at, struct view *ret);

/* Where Java wants an int: an Integer. */
bool method_int_argument(const struct value_call *call, size_t at, int64_t *ret);

/* Where Java wants a Collection. */
bool method_collection_argument(
	struct template_run *run, const struct value_call *call, size_t at, struct value_walk *ret);

/* --- Results -------------------------------------------------------------------------------------------------------- */

/* What Velocity makes of a method without a result: a text, so that it is true in a condition, and prints nothing. */
static inline struct value method_void(void)
{
	return value_text(view_of(""));
}

/* A buffer in the run's arena for a text that is made. */
void method_text_start(struct template_run *run, struct buffer *buffer);

/* What it holds is the result. */
int method_text_finish(struct template_run *run, struct buffer *buffer, struct value *ret)
	__attribute__((warn_unused_result));

/* Work for bytes that are looked at. */
static inline int method_work(struct template_run *run, size_t bytes)
{
	return template_work(run, 1 + bytes / 64);
}

/* --- UTF-16 (method_units.c) ---------------------------------------------------------------------------------------- */

/* How many UTF-16 units `text` has. */
size_t method_unit_count(struct view text);

/* Of the character that unit `unit` belongs to, the first byte's offset; `*ret_inside`: the unit is the second of two. */
size_t method_unit_offset(struct view text, size_t unit, bool *ret_inside);

/* The unit that begins at byte `offset`. */
static inline size_t method_unit_at(struct view text, size_t offset)
{
	return method_unit_count(view_part(text, 0, offset));
}

/* Units `from` to before `to`, which are there; a half of a pair becomes '?'. 0 or -ENOMEM. */
int method_units(struct template_run *run, struct view text, size_t from, size_t to, struct value *ret)
	__attribute__((warn_unused_result));

/* Java's compareTo(): the difference of the first units that differ, else of the counts. */
int32_t method_units_compare(struct view left, struct view right);

/* Java's hashCode() of a String. */
int32_t method_units_hash(struct view text);

/* --- Letter case (method_case.c) ------------------------------------------------------------------------------------ */

uint32_t method_upper_letter(uint32_t point);
uint32_t method_lower_letter(uint32_t point);

/* Are they equal but for case, letter by letter? */
bool method_equals_ignore_case(struct view left, struct view right);

/* Java's compareToIgnoreCase(): as method_units_compare(), letter by letter in one case. */
int32_t method_compare_ignore_case(struct view left, struct view right);

/* --- Patterns (method_pattern.c) ------------------------------------------------------------------------------------ */

/* The pattern of the call's first argument: prepared, or compiled now. NULL and 0 where Java has no such method. */
int method_pattern(struct template_run *run, const struct value_call *call, unsigned flags, const struct pattern **ret)
	__attribute__((warn_unused_result));

/* String.format (method_format.c): `arguments` behind the pattern. */
int method_format(struct template_run *run, struct view pattern, const struct value *arguments, size_t count,
	struct buffer *out) __attribute__((warn_unused_result));

#endif
