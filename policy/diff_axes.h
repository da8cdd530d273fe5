/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff_axes: the classes of requests that two policies tell apart, axis by axis. Private to policy/: diff.c walks them.
 * Life cycle: diff_axes_init() … diff_axes_fini(), also after a failure; the policies must live as long. Threads: none.
 */
#ifndef POSTERN_POLICY_DIFF_AXES_H
#define POSTERN_POLICY_DIFF_AXES_H

#include "policy/compiled.h"
#include "policy/diff.h"

enum diff_axis_kind { DIFF_AXIS_CALLER, DIFF_AXIS_ACTION, DIFF_AXIS_RESOURCE, DIFF_AXIS_KEY, DIFF_AXIS_TIME };

struct diff_class {
	struct policy_text text;  /* the value; absent: the key is */
	struct policy_text other; /* TIME: aws:EpochTime beside aws:CurrentTime */
	struct policy_text label;
	bool label_cut;                            /* more ranges than the label names */
	uint64_t vector[DIFF_CONDITIONS_MAX / 64]; /* which conditions on the key hold */
	struct policy_caller caller;
};

struct diff_axis {
	enum diff_axis_kind kind;
	struct policy_text name;
	int key; /* KEY: its row, or -1 */
	bool signed_only, many;
	struct diff_class classes[DIFF_CLASSES_MAX];
	size_t class_count;
	/* KEY, TIME: the conditions that look at it. */
	const struct policy_condition *conditions[DIFF_CONDITIONS_MAX];
	const struct policy *owners[DIFF_CONDITIONS_MAX];
	size_t condition_count;
};

struct diff_axes {
	const struct policy *policies[2];
	const struct diff_options *options;
	struct policy_arena arena;
	struct diff_axis *axes; /* DIFF_AXES_MAX of them */
	size_t count;
	unsigned incomplete;
	bool out_of_memory;
};

/* Returns 0, -EINVAL (no ARN) or -ENOMEM. */
int diff_axes_init(struct diff_axes *axes, const struct policy *old_policy, const struct policy *new_policy,
	const struct diff_options *options) __attribute__((warn_unused_result));
void diff_axes_fini(struct diff_axes *axes);

/* What a request needs beside itself. */
struct diff_request {
	struct policy_request request;
	struct policy_named_value others[DIFF_AXES_MAX];
};

/* The request of one combination: `choice` holds a class of each axis. Views into the axes. */
void diff_axes_request(const struct diff_axes *axes, const uint8_t *choice, struct diff_request *ret);

#endif
