/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json: read a JSON text strictly (RFC 8259) into a tree that remembers where each value stood.
 *
 * Private to policy/. The folder has a reader of its own because a refused policy must name line and column, a number must
 * keep its text (1767225600 is compared as text too), a string may not be cut at U+0000 and a duplicated member must be seen:
 * cJSON gives none of the four, and the appliance's scanner is not below this folder.
 *
 * The whole tree is one block of memory: the number of values is counted beforehand, so reading can't run out of memory half
 * way. Depth and the number of members of one object are limited; recursion is bounded by the depth.
 * Threads: pure.
 */
#ifndef POSTERN_POLICY_JSON_H
#define POSTERN_POLICY_JSON_H

#include "policy/policy.h"

/* Nesting of the deepest policy (a value in a list under a key under an operator) is 7. */
#define POLICY_JSON_DEPTH_MAX 16
/* Duplicates are searched pairwise, so the members of one object are limited; no policy needs a tenth of this. */
#define POLICY_JSON_MEMBERS_MAX 1024

enum policy_json_type {
	POLICY_JSON_NULL,
	POLICY_JSON_BOOLEAN,
	POLICY_JSON_NUMBER,
	POLICY_JSON_STRING,
	POLICY_JSON_ARRAY,
	POLICY_JSON_OBJECT,
};

struct policy_json {
	enum policy_json_type type;
	struct policy_text name;         /* members of an object: decoded name */
	struct policy_text text;         /* strings: decoded; numbers and booleans: as written */
	const struct policy_json *first; /* arrays and objects */
	const struct policy_json *next;  /* sibling */
	size_t count;                    /* of elements or members */
	size_t offset;                   /* of the value in the text */
	size_t name_offset;
};

/*
 * Read `text`. Returns 0 and the root in `*ret`: free() it to free the whole tree, which does not point into `text`;
 * -EINVAL with `*ret_rule` (SYNTAX, TEXT_ENCODING, TOO_DEEP, DUPLICATE_MEMBER, INPUT_TOO_LARGE) and `*ret_offset`, where;
 * -ENOMEM.
 */
int policy_json_read(struct policy_json **ret, struct policy_text text, enum policy_rule *ret_rule, size_t *ret_offset)
	__attribute__((warn_unused_result));

/* The member with this name, or NULL. */
const struct policy_json *policy_json_member(const struct policy_json *object, const char *name);

#endif
