/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diff_axes: the classes of requests that some policies tell apart, axis by axis. Private to policy/: diff.c walks them for
 * two policies, turn.c those around one request.
 * Life cycle: diff_axes_init() … diff_axes_fini(), also after a failure; the policies must live as long. Threads: none.
 */
#ifndef POSTERN_POLICY_DIFF_AXES_H
#define POSTERN_POLICY_DIFF_AXES_H

#include "policy/compiled.h"
#include "policy/diff.h"

/* Keys without a row in keys.def that a request may bring, and as many of axes. */
#define DIFF_OTHERS_MAX (64 + DIFF_AXES_MAX)

/* Texts that conditions on one key name; beyond that one may be told twice. */
#define DIFF_NAMED_MAX 256

enum diff_axis_kind { DIFF_AXIS_CALLER, DIFF_AXIS_ACTION, DIFF_AXIS_RESOURCE, DIFF_AXIS_KEY, DIFF_AXIS_TIME };

struct diff_class {
	struct policy_text text;  /* the value; absent: the key is */
	struct policy_text other; /* TIME: aws:EpochTime beside aws:CurrentTime */
	struct policy_text label;
	bool label_cut;                            /* more ranges than the label names */
	uint64_t vector[DIFF_CONDITIONS_MAX / 64]; /* which conditions on the key hold */
	struct policy_caller caller;
	/* RESOURCE: patterns that all, and that some of the class match; methods. */
	uint64_t in_all, in_some;
	uint8_t methods;
};

struct diff_axis {
	enum diff_axis_kind kind;
	struct policy_text name;
	int key; /* KEY: its row, or -1 */
	bool signed_only, many;
	struct diff_class classes[DIFF_CLASSES_MAX];
	size_t class_count;
	/* KEY: the texts that conditions name, as far as there is room. */
	struct policy_text named[DIFF_NAMED_MAX];
	size_t named_count;
	/* KEY, TIME: the conditions that look at it. */
	const struct policy_condition *conditions[DIFF_CONDITIONS_MAX];
	const struct policy *owners[DIFF_CONDITIONS_MAX];
	size_t condition_count;
};

/* diff compares two, a decision about one request has up to three: endpoint's, resource's, caller's. */
#define DIFF_POLICIES_MAX 3

struct diff_axes {
	const struct policy *policies[DIFF_POLICIES_MAX];
	size_t policy_count;
	const struct diff_options *options;
	const struct policy_request *asked; /* NULL, or a request whose keys are axes too, whatever they are */
	struct policy_arena arena;
	struct diff_axis *axes; /* DIFF_AXES_MAX of them */
	size_t count;
	unsigned incomplete;
	bool out_of_memory;
};

/*
 * Find the axes and classes. `axes->policies`, `policy_count`, `options` and `asked` are set, all else is zero.
 * Returns 0, -EINVAL (no ARN) or -ENOMEM.
 */
int diff_axes_init(struct diff_axes *axes) __attribute__((warn_unused_result));
void diff_axes_fini(struct diff_axes *axes);

/* What a request needs beside itself. */
struct diff_request {
	struct policy_request request;
	struct policy_named_value others[DIFF_OTHERS_MAX];
};

/* The request of one combination: `choice` holds a class of each axis. Views into the axes. */
void diff_axes_request(const struct diff_axes *axes, const uint8_t *choice, struct diff_request *ret);

/* Give a request the class of one axis; a caller brings aws:PrincipalArn and the like along. */
void diff_axis_apply(const struct diff_axis *axis, const struct diff_class *class, struct diff_request *ret);

/* ---- diff_classes.c ---- */

/* Add the classes of a KEY or TIME axis. */
void diff_axis_fill(struct diff_axes *axes, struct diff_axis *axis);

/* Add an empty class; NULL if there is no room. */
struct diff_class *diff_class_add(struct diff_axes *axes, struct diff_axis *axis);

/* Give a request the value of a class of a KEY or TIME axis. */
void diff_class_set(const struct diff_axis *axis, const struct diff_class *class, struct diff_request *ret);

/* A copy that has room for further keys; `from` has at most DIFF_OTHERS_MAX - DIFF_AXES_MAX without a row in keys.def. */
void diff_request_copy(struct diff_request *to, const struct policy_request *from);

/* A text that the pattern matches in the request that is asked about; absent if a variable has no value in it. */
struct policy_text diff_resolve(struct diff_axes *axes, const struct wildcard *pattern);

/* A text in the arena; absent if memory is out. */
struct policy_text diff_text(struct diff_axes *axes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
