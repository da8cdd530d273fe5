/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compiled: what a policy looks like in memory. Private to policy/: parse.c fills it, evaluate.c, explain.c and
 * source_filter.c read it.
 *
 * Everything that can be known before a request is worked out here: key names are ids, CIDRs are sorted ranges, dates and
 * numbers are integers, the actions of API Gateway are bits, the first five parts of resource ARNs are shared heads. All
 * memory lies in the policy's arena. Texts "as written" are kept for explanations.
 * Threads: immutable once parsed.
 */
#ifndef POSTERN_POLICY_COMPILED_H
#define POSTERN_POLICY_COMPILED_H

#include "policy/address.h"
#include "policy/arena.h"
#include "policy/arn.h"
#include "policy/scalar.h"
#include "policy/wildcard.h"

/* The actions that a data plane asks for; each statement knows beforehand which of them it covers. */
enum policy_action {
	POLICY_ACTION_INVOKE,
	POLICY_ACTION_INVALIDATE_CACHE,
	POLICY_ACTION_MANAGE_CONNECTIONS,
	POLICY_ACTION_COUNT,
};

/* Which of them `action` names, without case; POLICY_ACTION_COUNT for any other. */
enum policy_action policy_action_find(struct policy_text action);

enum policy_principal_kind {
	POLICY_PRINCIPAL_ACCOUNT, /* every principal of `account` */
	POLICY_PRINCIPAL_ARN,     /* the caller's own ARN is `arn` */
	POLICY_PRINCIPAL_ROLE,    /* any session of the role `arn` */
	POLICY_PRINCIPAL_NEVER,   /* services, federation providers, canonical users: no HTTP caller is one */
};

struct policy_principal {
	enum policy_principal_kind kind;
	struct policy_text text; /* as written */
	struct policy_text arn, account;
};

struct policy_resource {
	struct policy_text text; /* as written, shorthand expanded */
	bool any;                /* "*" alone */
	bool usable;             /* false: fewer than six parts, matches nothing */
	uint32_t head;           /* index into the policy's heads */
	struct wildcard tail;    /* the sixth part */
};

enum policy_operator {
#define OPERATOR(name, text, class, relation, negated, variables) POLICY_OPERATOR_##name,
#include "policy/operators.def"
#undef OPERATOR
	POLICY_OPERATOR_COUNT
};

enum policy_class {
	POLICY_CLASS_STRING,
	POLICY_CLASS_FOLDED,
	POLICY_CLASS_GLOB,
	POLICY_CLASS_ARN,
	POLICY_CLASS_NUMBER,
	POLICY_CLASS_INSTANT,
	POLICY_CLASS_BOOLEAN,
	POLICY_CLASS_BINARY,
	POLICY_CLASS_ADDRESS,
	POLICY_CLASS_NULL,
};

enum policy_relation {
	POLICY_RELATION_EQUAL,
	POLICY_RELATION_LESS,
	POLICY_RELATION_LESS_EQUAL,
	POLICY_RELATION_GREATER,
	POLICY_RELATION_GREATER_EQUAL,
};

struct policy_operator_row {
	const char *text;
	enum policy_class value_class;
	enum policy_relation relation;
	bool negated, variables;
};

/* Row of operators.def. */
const struct policy_operator_row *policy_operator_row(enum policy_operator which);

enum policy_key_type {
	POLICY_TYPE_TEXT,
	POLICY_TYPE_ADDRESS,
	POLICY_TYPE_INSTANT,
	POLICY_TYPE_NUMBER,
	POLICY_TYPE_BOOLEAN,
	POLICY_TYPE_ARN,
};

struct policy_key_row {
	const char *text;
	enum policy_key_type type;
	bool many, known;
};

/* Row of keys.def. */
const struct policy_key_row *policy_key_row(enum policy_key key);

enum policy_set { POLICY_SET_NONE, POLICY_SET_ALL_VALUES, POLICY_SET_ANY_VALUE };

struct policy_condition {
	enum policy_operator which;
	enum policy_class value_class;
	enum policy_relation relation;
	enum policy_set set;
	bool negated, if_exists;
	bool has_variable; /* some value holds a variable */
	int key;           /* row of keys.def, -1: another key */
	struct policy_text operator_text, key_text;
	const struct policy_text *texts; /* values as written */
	uint32_t text_count;
	uint32_t value_count; /* values that can be compared: stored policies may hold bad ones, which are left out */
	union {
		const struct wildcard *patterns; /* STRING, FOLDED, GLOB, BOOLEAN */
		const struct policy_arn_pattern *arns;
		const policy_number *numbers;
		const int64_t *instants_us;
		const struct policy_text *binaries;
		struct policy_ranges ranges;
		struct {
			bool wants_absent, wants_present; /* NULL: "true", "false" */
		} null;
	};
};

struct policy_statement {
	struct policy_text sid;
	bool denies;

	bool has_principal, not_principal;
	bool everybody; /* the list holds "*" */
	const struct policy_principal *principals;
	uint32_t principal_count;
	const struct policy_text *principal_texts;

	bool not_action;
	uint8_t action_bits; /* 1 << enum policy_action: covered by the list, before negation */
	const struct wildcard *actions;
	const struct policy_text *action_texts;
	uint32_t action_count;

	bool not_resource;
	const struct policy_resource *resources;
	const struct policy_text *resource_texts;
	uint32_t resource_count;

	const struct policy_condition *conditions; /* as written */
	const uint32_t *condition_order;           /* cheap ones first */
	uint32_t condition_count;
	uint32_t cheap_count; /* of these, those that cost less than a resource pattern */
};

struct policy {
	struct policy_arena arena;
	enum policy_kind kind;
	bool variables; /* version 2012-10-17 */
	const struct policy_statement *statements;
	uint32_t statement_count;
	const uint32_t *order; /* indexes of the Deny statements, then of the Allow statements, each as written */
	uint32_t deny_count;
	const struct policy_arn_head *heads;
	uint32_t head_count;
	uint64_t fingerprint; /* of the document's text */
};

#endif
