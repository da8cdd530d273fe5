/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_check: one check as it goes on. For schema_check.c, which says whether a value is valid, and schema_report.c, which says why it
 * is not.
 */
#ifndef POSTERN_VALIDATE_SCHEMA_CHECK_H
#define POSTERN_VALIDATE_SCHEMA_CHECK_H

#include "appliance/validate/schema_node.h"

struct schema_check {
	const struct schema_limits *limits;
	struct arena *arena;
	struct pattern_scratch *scratch;
	struct pattern_budget budget; /* of time, for regular expressions */
	size_t steps;                 /* taken so far */
	size_t levels;                /* of the value, above the one at hand */
	size_t frames;                /* schemas that are being asked */
	bool over;                    /* a limit was passed: whatever is found now does not count */
	bool no_memory;
};

/* Is it valid? False also when a limit is passed. */
bool schema_check_node(struct schema_check *check, const struct schema_node *node, const struct json_value *value);

/* Take one more step, and go one schema deeper: false, and `over`, if that is too far. Then schema_check_leave() is not due. */
bool schema_check_enter(struct schema_check *check);
void schema_check_leave(struct schema_check *check);

/* The same for a level of the value. */
bool schema_check_descend(struct schema_check *check);
void schema_check_ascend(struct schema_check *check);

/* Single keywords: true if the value keeps to it. */
bool schema_check_bound(const struct schema_bound *bound, const struct json_value *number, bool is_maximum);
bool schema_check_divisor(const struct schema_number_rules *rules, const struct json_value *number);
bool schema_check_pattern(struct schema_check *check, const struct schema_pattern *pattern, struct view text);
bool schema_check_enum(const struct schema_any_rules *rules, const struct json_value *value);
bool schema_check_unique(struct schema_check *check, const struct json_value *array);

/* How many of the schemas the value is valid against. */
size_t schema_check_count(struct schema_check *check, const struct schema_nodes *nodes, const struct json_value *value);

/* The schema of the item at `index`, or NULL. */
const struct schema_node *schema_check_item(const struct schema_array_rules *rules, size_t index);

/* Append the list of messages for a value that is not valid. */
void schema_report_write(
	struct schema_check *check, const struct schema_node *node, const struct json_value *value, struct buffer *ret);

#endif
