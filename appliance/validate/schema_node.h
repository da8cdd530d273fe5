/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_node: what a schema is compiled to. For the files of this folder.
 *
 * One node for each object in the JSON that is used as a schema; a `$ref` is the node that it leads to. The keywords are
 * gathered by what they apply to, and a node has the rules of a kind only if it has keywords of that kind. All memory is the arena's
 * of schema_compile(), but for the regular expressions.
 */
#ifndef POSTERN_VALIDATE_SCHEMA_NODE_H
#define POSTERN_VALIDATE_SCHEMA_NODE_H

#include "appliance/base/decimal.h"
#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/validate/schema.h"
#include "appliance/validate/schema_format.h"

struct schema_node;

/* No upper bound of a count. */
#define SCHEMA_UNBOUNDED UINT64_MAX

struct schema_nodes {
	size_t count;
	const struct schema_node *const *at;
};

/* Texts in ascending order, each once. */
struct schema_names {
	size_t count;
	const struct view *at;
};

struct schema_pattern {
	struct schema_pattern *next; /* of the schema, so that they can be freed */
	struct pattern *compiled;
	struct view text; /* as it stands in the schema */
};

/* minimum or maximum. */
struct schema_bound {
	const struct json_value *number; /* as written; NULL: there is none */
	struct decimal value;
	bool exclusive;
	bool is_small; /* it is the integer `small` */
	int64_t small;
};

struct schema_number_rules {
	struct schema_bound minimum, maximum;
	const struct json_value *divisor; /* NULL: there is no multipleOf */
	struct decimal divisor_value;
};

struct schema_text_rules {
	uint64_t min_length, max_length; /* characters */
	const struct schema_pattern *pattern;
	const struct schema_format *format;
};

struct schema_array_rules {
	uint64_t min_items, max_items;
	bool unique;
	bool closed;                    /* no items beyond the tuple */
	const struct schema_node *each; /* of every item, or NULL */
	struct schema_nodes tuple;      /* of the first items, one each */
	const struct schema_node *rest; /* of items beyond the tuple, or NULL */
};

/* A name that properties or required know. */
struct schema_property {
	struct json_value name;         /* a TEXT with its mark */
	const struct schema_node *node; /* NULL: not in properties */
	bool required;
};

struct schema_pattern_property {
	const struct schema_pattern *pattern;
	const struct schema_node *node;
};

struct schema_dependency {
	struct view name;
	struct schema_names names;      /* what must be there too */
	const struct schema_node *node; /* or what the object must be valid against; NULL: names */
	size_t order;                   /* as written */
};

struct schema_object_rules {
	uint64_t min_members, max_members;
	size_t property_count;
	const struct schema_property *properties; /* in the order of names */
	const uint32_t *slots;                    /* 1 + index into properties, or 0; by mark, linear probing */
	uint32_t slot_mask;
	struct schema_names required;
	size_t pattern_count;
	const struct schema_pattern_property *patterns; /* in the order of their texts */
	bool closed;                                    /* no members beyond those */
	const struct schema_node *rest;                 /* of members beyond those, or NULL */
	size_t dependency_count;
	const struct schema_dependency *dependencies; /* those of names as written, then those of schemas by name */
};

/* What applies to values of every kind. */
struct schema_any_rules {
	const struct json_value *values; /* enum: an array; NULL: there is none */
	bool values_are_texts;
	struct schema_nodes all_of, any_of, one_of;
	const struct schema_node * not ;
};

struct schema_node {
	/* One bit for each enum json_value_kind that `type` admits; all without one. */
	uint16_t kinds;
	bool is_open; /* nothing but `kinds` counts */
	const struct schema_any_rules *any;
	const struct schema_number_rules *number;
	const struct schema_text_rules *text;
	const struct schema_array_rules *array;
	const struct schema_object_rules *object;
};

struct schema {
	const struct schema_node *root;
	struct schema_pattern *patterns;
};

/* The property of that name (a TEXT with its mark), or NULL. */
static inline const struct schema_property *schema_property_find(
	const struct schema_object_rules *rules, const struct json_value *name)
{
	if (rules->property_count == 0)
		return NULL;
	for (uint32_t slot = name->mark & rules->slot_mask; rules->slots[slot]; slot = (slot + 1) & rules->slot_mask) {
		const struct schema_property *property = &rules->properties[rules->slots[slot] - 1];

		if (property->name.mark == name->mark && json_value_is_same_text(&property->name, name))
			return property;
	}
	return NULL;
}

#endif
