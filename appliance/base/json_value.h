/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_value: JSON of the data path: bodies of requests and answers, models, values of templates. A text is parsed into an
 * arena at one go, and what comes out is only read.
 *
 * A value has 16 bytes. Items of an array and members of an object lie side by side, in the order in which they were written.
 * Numbers keep their text; texts are UTF-8 with their escapes resolved. What has no escapes is a view into the parsed text, so
 * that text must live, unchanged, as long as its values; all else is in the arena.
 *
 * What is accepted is what json_scanner.h says, except that of members of one name the last one wins, and stands where the
 * first one stood. Source: RFC 8259; spec/validation.md 4.3; Jackson's ObjectNode.
 *
 * Life cycle: json_value_parse(), then readers; nothing is freed but the arena. Threads: parsing belongs to the arena's thread;
 * a parsed value may be read by any number of threads. No heap: all memory is the arena's, and a few KiB of stack.
 * Not here: trees that are built and changed (json.h), a writer without a tree (json_writer.h).
 */
#ifndef POSTERN_BASE_JSON_VALUE_H
#define POSTERN_BASE_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json_scanner.h"
#include "appliance/base/view.h"

enum json_value_kind {
	JSON_VALUE_NULL, /* zeroed memory is null */
	JSON_VALUE_FALSE,
	JSON_VALUE_TRUE,
	JSON_VALUE_INTEGER, /* a number written without fraction and exponent */
	JSON_VALUE_DECIMAL, /* any other number */
	JSON_VALUE_TEXT,
	JSON_VALUE_ARRAY,
	JSON_VALUE_OBJECT,
};

struct json_member;

struct json_value {
	uint8_t kind; /* enum json_value_kind */
	uint8_t spare;
	uint16_t mark;  /* names of members: json_value_mark() of them; else 0 */
	uint32_t count; /* bytes of a text or number, items, members */
	union {
		const char *text; /* INTEGER, DECIMAL: as written; TEXT: unescaped UTF-8; not NUL-terminated */
		const struct json_value *items;    /* ARRAY */
		const struct json_member *members; /* OBJECT */
	};
};

struct json_member {
	struct json_value name; /* a TEXT */
	struct json_value value;
};

_Static_assert(sizeof(struct json_value) == 16, "values are packed side by side");

/* The null value; what readers of missing things may point to. */
extern const struct json_value json_value_null;

/*
 * Parse the whole of `text` into `arena`. `limits` may be NULL (json_limits_default, which is also the most there can be of depth),
 * `ret_error` too. Returns 0 and the root; -EBADMSG if it is not JSON, -EMSGSIZE if a limit is passed, -ENOMEM if the arena is
 * full; `*ret` is untouched then, and what was taken from the arena stays taken until its reset.
 */
int json_value_parse(struct arena *arena, struct view text, const struct json_limits *limits, struct json_value *ret,
	struct json_error *ret_error) __attribute__((warn_unused_result));

/*
 * A few bits that tell most names apart at a glance; the same in every process. Not for tables that strangers may fill.
 */
uint16_t json_value_mark(struct view name);

/* Do two texts, or two numbers, have the same bytes? For short ones faster than a call of memcmp(). */
static inline bool json_value_is_same_text(const struct json_value *left, const struct json_value *right)
{
	const char *a = left->text, *b = right->text;
	size_t count = left->count;

	if (right->count != count)
		return false;
	if (count > 16)
		return memcmp(a, b, count) == 0;
	/* Two pieces that overlap. */
	if (count >= 8) {
		uint64_t a_first, b_first, a_last, b_last;

		memcpy(&a_first, a, 8);
		memcpy(&b_first, b, 8);
		memcpy(&a_last, a + count - 8, 8);
		memcpy(&b_last, b + count - 8, 8);
		return a_first == b_first && a_last == b_last;
	}
	if (count >= 4) {
		uint32_t a_first, b_first, a_last, b_last;

		memcpy(&a_first, a, 4);
		memcpy(&b_first, b, 4);
		memcpy(&a_last, a + count - 4, 4);
		memcpy(&b_last, b + count - 4, 4);
		return a_first == b_first && a_last == b_last;
	}
	for (size_t i = 0; i < count; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

/* --- Reading. Every reader takes NULL, which counts as null, and the wrong kind, and then gives the empty answer. -------- */

static inline enum json_value_kind json_value_kind(const struct json_value *value)
{
	return value ? (enum json_value_kind)value->kind : JSON_VALUE_NULL;
}

static inline bool json_value_is_number(const struct json_value *value)
{
	return value && (value->kind == JSON_VALUE_INTEGER || value->kind == JSON_VALUE_DECIMAL);
}

static inline bool json_value_is_text(const struct json_value *value)
{
	return value && value->kind == JSON_VALUE_TEXT;
}

static inline bool json_value_is_object(const struct json_value *value)
{
	return value && value->kind == JSON_VALUE_OBJECT;
}

static inline bool json_value_is_array(const struct json_value *value)
{
	return value && value->kind == JSON_VALUE_ARRAY;
}

/* The bytes of a TEXT, or of a number as it was written; else the view with `at` NULL. The empty text has `at` set. */
static inline struct view json_value_text(const struct json_value *value)
{
	if (!value || value->kind < JSON_VALUE_INTEGER || value->kind > JSON_VALUE_TEXT)
		return (struct view){ .at = NULL, .count = 0 };
	return (struct view){ .at = value->text, .count = value->count };
}

/* Items of an array, members of an object; 0 for all else. */
static inline size_t json_value_count(const struct json_value *container)
{
	return container && container->kind >= JSON_VALUE_ARRAY ? container->count : 0;
}

/* The item of an array, or the value of the member of an object, at `index`; NULL past the end. */
static inline const struct json_value *json_value_at(const struct json_value *container, size_t index)
{
	if (index >= json_value_count(container))
		return NULL;
	return container->kind == JSON_VALUE_ARRAY ? &container->items[index] : &container->members[index].value;
}

/* The name of the member at `index`; `at` NULL if there is none. */
static inline struct view json_value_name_at(const struct json_value *object, size_t index)
{
	if (!json_value_is_object(object) || index >= object->count)
		return (struct view){ .at = NULL, .count = 0 };
	return (struct view){ .at = object->members[index].name.text, .count = object->members[index].name.count };
}

/* The value of the member of that name, or NULL. Looks at one member after the other. */
const struct json_value *json_value_find(const struct json_value *object, struct view name);

/*
 * A value made of a text: `text` must live as long as the value. For those who hand out values of their own.
 * One of a number: `number` must be JSON's.
 */
struct json_value json_value_of_text(struct view text);
struct json_value json_value_of_number(struct view number);

/*
 * Are they equal? Numbers are by their mathematical value (1, 1.0 and 10e-1 are), objects whatever the order of their members. Large
 * objects whose members are in another order are compared by json_value_hash(), so that the time stays in proportion.
 */
bool json_value_equals(const struct json_value *left, const struct json_value *right);

/* Equal values have equal hashes, within one process. The hash is keyed: strangers can't choose values that collide. */
uint64_t json_value_hash(const struct json_value *value);

/*
 * Append as compact JSON: members in order, numbers as written, texts with only quotes, backslashes and control characters escaped
 * (\b \f \n \r \t, else \u00XX in capital digits, as Jackson writes them). Errors are the buffer's.
 */
void json_value_write(struct buffer *buffer, const struct json_value *value);

/* One text so, with its quotes. */
void json_value_write_text(struct buffer *buffer, struct view text);

#endif
