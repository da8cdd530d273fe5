/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json: a JSON value as a tree: parsed, looked into, built, changed and printed. For records, documents and answers of the
 * management side; bodies of requests are scanned (json_scanner.h) and answers of the data plane are streamed (json_writer.h).
 *
 * Objects keep the order of their members, so that printing is stable; numbers keep their text. A tree is owned through its
 * root: json_free(root) frees all. A value has at most one parent; what is set into a container belongs to it from then on.
 * Each value that was parsed knows its line and column.
 *
 * Reading is forgiving, so that chains read well: every reader takes NULL and the wrong type and then answers NULL, the empty
 * view or the default. Building can't fail: the size of what is parsed is bounded by limits, and if memory is exhausted all the same
 * the process ends (see assert.h), as nothing half-built may be stored or served.
 *
 * Threads: one at a time; a tree that is no longer changed may be read by any number of threads.
 */
#ifndef POSTERN_BASE_JSON_H
#define POSTERN_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/json_scanner.h"
#include "appliance/base/view.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json; /* one value */

/*
 * Parse the whole of `text`. `limits` may be NULL (json_limits_default), `ret_error` too. Returns 0 and the tree (json_free()
 * it), or -EBADMSG, -EMSGSIZE, -EEXIST as json_scanner_next(), with `*ret` untouched.
 */
int json_parse(struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
	__attribute__((warn_unused_result));

/*
 * The same for a large text that is only read: a fixed tree, whose memory is one piece. It is freed as any, may as a whole be appended
 * to an array and copied, but nothing in it can be changed or taken out.
 */
int json_parse_fixed(struct view text, const struct json_limits *limits, struct json **ret,
	struct json_error *ret_error) __attribute__((warn_unused_result));

/* Free a root and all below it. NULL is fine. A value with a parent must be taken out first. */
void json_free(struct json *value);
void json_free_pointer(struct json **value); /* for __attribute__((cleanup)) */
#define JSON_CLEANUP __attribute__((cleanup(json_free_pointer)))

/* --- Reading. NULL counts as JSON_NULL. ------------------------------------------------------------------------- */

enum json_type json_type(const struct json *value);
bool json_is_null(const struct json *value);
bool json_is_bool(const struct json *value);
bool json_is_number(const struct json *value);
bool json_is_text(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_object(const struct json *value);
const char *json_type_name(enum json_type type); /* "null", "boolean", "number", "string", "array", "object" */

/* The bytes of a text, or the empty view with `at` NULL. Lives as long as the value is unchanged. */
struct view json_text(const struct json *value);

/* A text as C string; NULL if it is none or has a NUL inside. */
const char *json_c_string(const struct json *value);

/* The text of a number as it was written, or the empty view. */
struct view json_number_text(const struct json *value);

/* A number that is an integer within bounds: 0; -EINVAL if it is no number or no integer ("1.0" and "1e3" are integers), -ERANGE. */
int json_integer(const struct json *value, int64_t min, int64_t max, int64_t *ret) __attribute__((warn_unused_result));
int json_double(const struct json *value, double *ret) __attribute__((warn_unused_result));
bool json_bool(const struct json *value, bool otherwise);

/* Members of an object, items of an array. */
size_t json_count(const struct json *container);
struct json *json_at(const struct json *container, size_t index); /* NULL past the end */
struct view json_name(const struct json *member);                 /* its name in its object; empty for others */
struct json *json_find(const struct json *object, const char *name);
struct json *json_find_view(const struct json *object, struct view name);
struct json *json_parent(const struct json *value);

/* Walk members or items; `container` is evaluated at each step; the body may break, and must not change the container. */
#define JSON_EACH(item, container)                                                                                     \
	for (size_t item##_index_ = 0, item##_once_ = 1; item##_once_; item##_once_ = 0)                               \
		for (struct json * item; (item = json_at((container), item##_index_)) != NULL; item##_index_++)

/* Short forms of json_find() with a reader. */
struct view json_find_text(const struct json *object, const char *name);
const char *json_find_c_string(const struct json *object, const char *name);
bool json_find_bool(const struct json *object, const char *name, bool otherwise);
int64_t json_find_integer(const struct json *object, const char *name, int64_t otherwise);

/* Does an array of texts hold this one? */
bool json_has_text(const struct json *array, struct view text);

/* Follow members by name: json_find_path(v, "a", "b", NULL). */
struct json *json_find_path(const struct json *value, ...) __attribute__((sentinel));

/* Where a parsed value stood; 0 for built ones. */
uint32_t json_line(const struct json *value);
uint32_t json_column(const struct json *value);
void json_place_set(struct json *value, uint32_t line, uint32_t column);

/* Deep equality: order of members does not matter; numbers are equal if their texts are. */
bool json_equals(const struct json *a, const struct json *b);

/* --- Building. All take over what they are given; none returns NULL. -------------------------------------------- */

struct json *json_object_new(void);
struct json *json_array_new(void);
struct json *json_text_new(struct view text); /* copied; ill-formed UTF-8 is the caller's mistake */
struct json *json_text_new_c(const char *text);
struct json *json_text_new_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct json *json_integer_new(int64_t number);
struct json *json_number_new(struct view number_text); /* must be a JSON number */
struct json *json_bool_new(bool truth);
struct json *json_null_new(void);
struct json *json_copy(const struct json *value); /* deep; the copy has no parent; NULL gives a null value */

/* Set a member (replaces one of the same name in its place, else adds at the end). `child` NULL removes the member. */
void json_set(struct json *object, const char *name, struct json *child);
void json_set_view(struct json *object, struct view name, struct json *child);

/* Add a member at the end whose name the object is known not to have, without looking for it: for parsers. */
void json_add_unchecked(struct json *object, struct view name, struct json *child);

void json_set_text(struct json *object, const char *name, struct view text);
void json_set_c_string(struct json *object, const char *name, const char *text); /* NULL text: nothing is set */
void json_set_integer(struct json *object, const char *name, int64_t number);
void json_set_bool(struct json *object, const char *name, bool truth);

/* The member as object or array: found, or added if it was missing or of another type. */
struct json *json_ensure_object(struct json *object, const char *name);
struct json *json_ensure_array(struct json *object, const char *name);

/* Items. json_insert() puts it before `index` (or at the end). */
void json_append(struct json *array, struct json *child);
void json_append_text(struct json *array, struct view text);
void json_insert(struct json *array, size_t index, struct json *child);

/* Remove and free: true if there was one. */
bool json_remove(struct json *object, const char *name);
bool json_remove_view(struct json *object, struct view name);
bool json_remove_at(struct json *container, size_t index);

/* Take out without freeing: the caller owns it now. NULL if there was none. */
struct json *json_take(struct json *object, const char *name);
struct json *json_take_at(struct json *container, size_t index);

/* Order items (or members): `compare` as strcmp(); equal ones may change places. */
typedef int json_compare(const struct json *left, const struct json *right);
void json_sort(struct json *container, json_compare *compare);

/* Copy all members of `from` into `object`, replacing those of the same names. */
void json_merge(struct json *object, const struct json *from);

/* --- Printing ------------------------------------------------------------------------------------------------------ */

/* Compact, members in order, non-ASCII as it is. Errors are the buffer's. */
void json_print(const struct json *value, struct buffer *buffer);

/* For people: two spaces per level. */
void json_print_pretty(const struct json *value, struct buffer *buffer);

/* Compact text on the heap (free() it). */
char *json_print_text(const struct json *value);

#endif
