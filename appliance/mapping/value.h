/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * value: what a reference of a mapping template can be, with the manners that Java's types show to a template: numbers, texts,
 * lists, maps, parts of a JSON document, and objects such as $input, $context and an entry of a map.
 *
 * A value is 16 bytes and passed by value; what it points to lives in the arena of the run (template.h) or longer. Undefined
 * and null are one: VALUE_NULL. A part of a JSON document (VALUE_JSON_ARRAY, VALUE_JSON_OBJECT) is read where it stands;
 * the first change copies that one container into a list or map, and from then on every value that names the same container
 * sees the copy: code that takes a container apart therefore begins with value_current().
 *
 * Maps keep the order in which members were put. Keys may be of any kind: 1 and "1" are different keys, as in Java.
 *
 * Errors of all functions that return int: 0, or a negative errno with the reason in run->error (template_fail()): -EINVAL the
 * template did what ends it (an exception in Java), -E2BIG too much work, -EMSGSIZE too much output, -ENOMEM the
 * run's memory is used up.
 *
 * Not here: Java's methods (method.h), arithmetic and texts of numbers (java_number.h), $input and $util (input.h, utility.h).
 * Threads: all values of a run belong to its thread; constants of a template are shared and never changed.
 * Source: spec/vtl.md 2, 11, 12; Velocity 1.7's behaviour where it is silent.
 */
#ifndef POSTERN_MAPPING_VALUE_H
#define POSTERN_MAPPING_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json_value.h"
#include "appliance/base/view.h"

struct json_value;
struct template_run;
struct value_class;
struct value_list;
struct value_map;
struct value_object;

enum value_kind {
	VALUE_NULL = 0, /* undefined too */
	VALUE_BOOLEAN,
	VALUE_INTEGER, /* java.lang.Integer: `integer` fits into 32 bits */
	VALUE_LONG,    /* java.lang.Long */
	VALUE_BIG,     /* BigInteger: its decimal text, without leading zeros, '-' in front if negative */
	VALUE_DOUBLE,
	VALUE_TEXT, /* UTF-8 */
	VALUE_LIST,
	VALUE_MAP,
	VALUE_JSON_ARRAY,  /* `json` is an array */
	VALUE_JSON_OBJECT, /* `json` is an object */
	VALUE_OBJECT,
};

struct value {
	uint8_t kind;   /* enum value_kind */
	uint32_t count; /* bytes of a TEXT or BIG */
	union {
		bool boolean;
		int64_t integer;
		double number;
		const char *text; /* of a TEXT or BIG; not NUL-terminated */
		struct value_list *list;
		struct value_map *map;
		const struct json_value *json;
		struct value_object *object;
	};
};

/* Longest text: the output's limit keeps it far below. */
#define VALUE_TEXT_MAX_BYTES ((size_t)16 << 20)

/* Containers in containers that are compared or copied: deeper ones end the run. */
#define VALUE_DEPTH_MAX 64

/*
 * Containers and objects inside each other that are being printed or written as JSON, whichever way one leads to the other: a key,
 * an entry, a block. As deep as a document may be, and what it stands in.
 */
#define VALUE_NESTING_MAX (JSON_MAX_DEPTH + 2)

/* What kind of Java collection a list is: how it prints and which methods it has. */
enum value_list_flavor {
	VALUE_LIST_PLAIN, /* ArrayList: literals, ranges, subList */
	VALUE_LIST_JSON,  /* JSONArray: prints as JSON */
	VALUE_LIST_ARRAY, /* String[]: what split() gives */
	VALUE_LIST_SET,   /* keySet(), entrySet(): no get() */
	VALUE_LIST_BAG,   /* values() of a map: no get() */
};

struct value_list {
	struct value *items;
	uint32_t count, room;
	uint8_t flavor; /* enum value_list_flavor */
	bool printing;  /* being printed: met again inside itself it is "(this Collection)" */
};

struct value_entry {
	struct value key, value;
};

struct value_map {
	struct value_entry *entries; /* in the order in which they were put */
	uint32_t count, room;
	uint32_t *index;     /* of maps past a few entries: hash table of positions + 1; NULL: none yet */
	uint32_t index_room; /* a power of two */
	bool silent;         /* prints as nothing: the maps of overrides */
	bool repeated;       /* a member that was there has been put again */
	bool printing;       /* being printed: met again inside itself it is "(this Map)" */
};

static inline struct value value_null(void)
{
	return (struct value){ .kind = VALUE_NULL };
}

static inline struct value value_boolean(bool boolean)
{
	return (struct value){ .kind = VALUE_BOOLEAN, .boolean = boolean };
}

/* An Integer if it fits into 32 bits, else a Long. */
static inline struct value value_integer(int64_t integer)
{
	return (struct value){ .kind = integer == (int32_t)integer ? VALUE_INTEGER : VALUE_LONG, .integer = integer };
}

static inline struct value value_double(double number)
{
	return (struct value){ .kind = VALUE_DOUBLE, .number = number };
}

/* `text` is borrowed: it must live as long as the run. */
static inline struct value value_text(struct view text)
{
	return (struct value){ .kind = VALUE_TEXT, .count = (uint32_t)text.count, .text = text.at };
}

static inline struct value value_list(struct value_list *list)
{
	return (struct value){ .kind = VALUE_LIST, .list = list };
}

static inline struct value value_map(struct value_map *map)
{
	return (struct value){ .kind = VALUE_MAP, .map = map };
}

static inline struct value value_object(struct value_object *object)
{
	return (struct value){ .kind = VALUE_OBJECT, .object = object };
}

/*
 * The null of what AWS's own objects do not have: $input.path() without a hit, a member that a JSON object lacks or that is null, an
 * unknown $context or stage variable. It differs from VALUE_NULL in one thing: it equals "".
 */
static inline struct value value_missing(void)
{
	return (struct value){ .kind = VALUE_NULL, .count = 1 };
}

static inline bool value_is_missing(struct value value)
{
	return value.kind == VALUE_NULL && value.count;
}

/* Undefined, null or missing. */
static inline bool value_is_null(struct value value)
{
	return value.kind == VALUE_NULL;
}

/* Is it a number of any kind? */
static inline bool value_is_number(struct value value)
{
	return value.kind >= VALUE_INTEGER && value.kind <= VALUE_DOUBLE;
}

/* The bytes of a TEXT or BIG. */
static inline struct view value_view(struct value value)
{
	return (struct view){ .at = value.text, .count = value.count };
}

/* --- Objects -------------------------------------------------------------------------------------------------------- */

/* A call of a method, as it was compiled. */
struct value_call {
	uint16_t method; /* enum method_id: method_by_name(); METHOD_UNKNOWN for a name that no type has */
	uint16_t count;  /* arguments */
	const struct value *arguments;
	const void *
		prepared; /* what method_prepare() made of a constant first argument when the template was compiled, or NULL */
};

/*
 * What an object can do. Members that are NULL mean: it can't, which is undefined for a read and without effect for a change.
 * `*ret` is null when the function is called.
 */
struct value_class {
	const char *name;
	/* $o.name */
	int (*property)(struct template_run *run, struct value_object *self, struct view name, struct value *ret);
	/* $o.name(…). NULL: the methods of the list or map that `expand` gives. */
	int (*call)(
		struct template_run *run, struct value_object *self, const struct value_call *call, struct value *ret);
	/* #set($o.name = value), #set($o[key] = value) */
	int (*assign)(struct template_run *run, struct value_object *self, struct value key, struct value value);
	/* The same as a LIST or MAP: for #foreach, [index], and methods without `call`. */
	int (*expand)(struct template_run *run, struct value_object *self, struct value *ret);
	/* What it prints as. NULL: nothing. */
	int (*print)(struct template_run *run, struct value_object *self, struct buffer *out);
};

/* The first member of every object's own struct. */
struct value_object {
	const struct value_class *class;
};

/* --- Lists and maps (value.c) --------------------------------------------------------------------------------------- */

/* A new list with room for `room` items. */
int value_list_new(struct template_run *run, enum value_list_flavor flavor, size_t room, struct value_list **ret)
	__attribute__((warn_unused_result));
int value_list_add(struct template_run *run, struct value_list *list, struct value item)
	__attribute__((warn_unused_result));
/* Put before position `at` (at most list->count). */
int value_list_insert(struct template_run *run, struct value_list *list, size_t at, struct value item)
	__attribute__((warn_unused_result));
/* Remove from `at`, which must be there. */
void value_list_remove(struct value_list *list, size_t at);

int value_map_new(struct template_run *run, size_t room, struct value_map **ret) __attribute__((warn_unused_result));

/* The value, or NULL; it may be changed in place. The pointer lives until the map's next change. */
struct value *value_map_find(const struct value_map *map, struct value key);
struct value *value_map_find_text(const struct value_map *map, struct view key);

/* Add or replace; the old value (null if none) goes to `*ret_previous` (may be NULL). A replaced entry keeps its place. */
int value_map_put(struct template_run *run, struct value_map *map, struct value key, struct value value,
	struct value *ret_previous) __attribute__((warn_unused_result));
/* The same without a run, in `arena`: for maps that are there before the template runs. 0 or -ENOMEM. */
int value_map_put_in(struct arena *arena, struct value_map *map, struct value key, struct value value)
	__attribute__((warn_unused_result));

/* Remove; true if there was one, which goes to `*ret_previous` (may be NULL). */
bool value_map_remove(struct value_map *map, struct value key, struct value *ret_previous);
void value_map_clear(struct value_map *map);

/* --- Parts of JSON documents (value_json.c) ------------------------------------------------------------------------- */

/* `json` as a value: texts, numbers and booleans become their own kinds, null and NULL become value_missing(). */
struct value value_of_json(const struct json_value *json);

/*
 * The container that `value` means now: a changed JSON container becomes its LIST or MAP; all else is returned as it is.
 * What it returns is never a copy.
 */
struct value value_current_slowly(struct template_run *run, struct value value);

/* Make the container `*value` one that can be changed: LIST and MAP stay, JSON containers become theirs. -EINVAL: no container. */
int value_change(struct template_run *run, struct value *value) __attribute__((warn_unused_result));

/*
 * A copy of the JSON document `json` as lists of `flavor` and maps in `arena`, with nothing of it shared but texts: what
 * a value given from outside becomes. 0 or -ENOMEM.
 */
int value_copy_json(struct arena *arena, const struct json_value *json, enum value_list_flavor flavor,
	struct value *ret) __attribute__((warn_unused_result));

/* Append `value` as compact JSON, as json-smart writes it: $input.json(), JSON arrays that are printed. */
int value_write_json(struct template_run *run, struct value value, struct buffer *out)
	__attribute__((warn_unused_result));

/* --- What any value can do (value.c, value_print.c) ----------------------------------------------------------------- */

/* Append what $value prints: nothing for null. */
int value_print(struct template_run *run, struct value value, struct buffer *out) __attribute__((warn_unused_result));

/* The same as a text: "null" for null if `named_null` (Java's String.valueOf()), else empty. Texts are not copied. */
int value_to_text(struct template_run *run, struct value value, bool named_null, struct view *ret)
	__attribute__((warn_unused_result));

/* Java's equals(): 7 and 7.0 differ, so do 7 and "7"; containers by content, in any order of a map's keys. */
bool value_equals(struct template_run *run, struct value a, struct value b);

/* $value.name: a member of a map, a property of an object, `empty` of a text or list. Null if there is none. */
int value_property(struct template_run *run, struct value value, struct view name, struct value *ret)
	__attribute__((warn_unused_result));

/* $value[key]. A position outside of a list is -EINVAL; on what has no index it is null. */
int value_index(struct template_run *run, struct value value, struct value key, struct value *ret)
	__attribute__((warn_unused_result));

/* #set($value.key = …) and #set($value[key] = …). Without effect on what has no members. */
int value_assign(struct template_run *run, struct value value, struct value key, struct value member)
	__attribute__((warn_unused_result));

/*
 * What #foreach walks: the items of a list, the values of a map. Lists are not copied: `count` is that at the start, and
 * items that are changed during the walk are seen, or those that were there. `*ret_can` false: `value` can't be walked.
 */
struct value_walk {
	/* one of these */
	const struct value *items;
	const struct value_entry *entries;
	const struct json_value *json;
	size_t count; /* of them */
};
int value_walk_start(struct template_run *run, struct value value, struct value_walk *ret, bool *ret_can)
	__attribute__((warn_unused_result));
struct value value_walk_at(const struct value_walk *walk, size_t at);

/* --- Methods (method.c) --------------------------------------------------------------------------------------------- */

/*
 * $self.method(…). `self` is not null. An unknown method, or one that does not take such arguments, gives null; one that throws
 * in Java gives -EINVAL.
 */
int value_call(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
	__attribute__((warn_unused_result));

#endif
