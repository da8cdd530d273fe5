/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * method: the methods of Java's strings, numbers, booleans, lists, maps, entries and iterators that templates may call. methods.def is
 * the table: what is not in it does not exist for a template, so that no class, thread or file can be reached.
 *
 * A method's name becomes a number when the template is compiled (method_by_name); value_call() (value.h) takes the row of the value's
 * type and that number. A first argument that is a constant is compiled with the template (method_prepare): regular
 * expressions, and JSONPaths of $input.
 *
 * Texts are UTF-8 here and UTF-16 in Java: lengths and positions that a template sees count UTF-16 units. Half of a
 * surrogate pair prints as '?', as in Java. Regular expressions are Java's, translated to PCRE2 (method_pattern.h).
 *
 * Threads: pure functions.
 * Source: Java SE 17 API: String, List, ArrayList, Map, LinkedHashMap, Integer, Long, BigInteger, Double; spec/vtl.md 11.
 */
#ifndef POSTERN_MAPPING_METHOD_H
#define POSTERN_MAPPING_METHOD_H

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/mapping/value.h"

enum method_id {
	METHOD_UNKNOWN,
#define METHOD_NAME(ID, name) METHOD_##ID,
#define METHOD(type, ID, least, most, function, text)
#include "appliance/mapping/methods.def"
#undef METHOD_NAME
#undef METHOD
	METHOD_ID_COUNT
};

/* The number of a name; METHOD_UNKNOWN if no type has such a method. */
enum method_id method_by_name(struct view name);

/* The name of a method; "?" for METHOD_UNKNOWN. */
const char *method_name(enum method_id method);

/*
 * Compile the constant first argument `text` of a call of `method` in `arena`, for value_call.prepared: a JSONPath ($input.json,
 * $input.path) or a regular expression (replaceAll, split …). NULL if the method has no use for it or if `text` is none
 * (the call then fails when it is made). The template's arena keeps it. Returns 0 or -ENOMEM.
 */
int method_prepare(struct arena *arena, enum method_id method, struct view text, const void **ret)
	__attribute__((warn_unused_result));

/*
 * One entry of a map as an object: $entry.key, $entry.value, getKey(), getValue(). Prints "key=value".
 * Returns 0 or -ENOMEM.
 */
int method_entry_new(struct template_run *run, struct value key, struct value value, struct value *ret)
	__attribute__((warn_unused_result));

/* Reading arguments: value_call's, NULL past the end. */
static inline const struct value *method_argument(const struct value_call *call, size_t at)
{
	return at < call->count ? &call->arguments[at] : NULL;
}

#endif
