/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/diff.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/diff_axes.h"
#include "policy/evaluation.h"
#include "policy/text.h"

const char *diff_incomplete_text(unsigned bit)
{
	static const char *const texts[DIFF_INCOMPLETE_COUNT] = {
		"more classes on one axis than are compared (DIFF_CLASSES_MAX 64, or the limits of words.h)",
		"more condition keys than are compared (DIFF_AXES_MAX 14)",
		"more combinations of classes than are evaluated (DIFF_REQUESTS_MAX 1048576)",
		"more changed combinations than are kept (DIFF_CELLS_MAX 65536)",
		"more regions than are told (DIFF_LINES_MAX 256)",
		"more conditions on one key than classes are told apart by (DIFF_CONDITIONS_MAX 256)",
		"variables, conditions on the caller's own keys or operators that were only sampled",
	};

	return texts[bit < DIFF_INCOMPLETE_COUNT ? bit : DIFF_INCOMPLETE_COUNT - 1];
}

/* Combinations of classes with the same change: a set of classes on each axis. */
struct region {
	uint64_t sets[DIFF_AXES_MAX];
	uint8_t old_verdict, new_verdict;
};

struct regions {
	struct region *list;
	size_t count, room;
	size_t axis_count;
	size_t merged_axis; /* the one along which neighbours are put together */
};

/* ---- evaluating ---- */

static bool differs(const struct diff_axes *axes, const uint8_t *choice, struct diff_request *request,
	enum policy_verdict *ret_old, enum policy_verdict *ret_new)
{
	struct policy_result results[2];

	diff_axes_request(axes, choice, request);
	for (size_t i = 0; i < 2; i++)
		policy_evaluate(axes->policies[i], &request->request, &results[i]);
	*ret_old = results[0].verdict;
	*ret_new = results[1].verdict;
	return *ret_old != *ret_new;
}

/* Keep one combination. Returns 0 or -ENOMEM. */
static int region_add(struct diff_axes *axes, struct regions *regions, const uint8_t *choice,
	enum policy_verdict old_verdict, enum policy_verdict new_verdict)
{
	struct region *region;

	if (regions->count == DIFF_CELLS_MAX) {
		axes->incomplete |= DIFF_CELLS_CUT;
		return 0;
	}
	if (regions->count == regions->room) {
		size_t room = regions->room ? regions->room * 2 : 64;
		struct region *list = realloc(regions->list, room * sizeof *list);

		if (!list)
			return -ENOMEM;
		regions->list = list;
		regions->room = room;
	}
	region = &regions->list[regions->count++];
	*region = (struct region){ .old_verdict = (uint8_t)old_verdict, .new_verdict = (uint8_t)new_verdict };
	for (size_t i = 0; i < axes->count; i++)
		region->sets[i] = (uint64_t)1 << choice[i];
	return 0;
}

/* The next combination, the last axis fastest; false behind the last one. */
static bool next_choice(const struct diff_axes *axes, uint8_t *choice)
{
	for (size_t i = axes->count; i-- > 0;) {
		if (++choice[i] < axes->axes[i].class_count)
			return true;
		choice[i] = 0;
	}
	return false;
}

/*
 * Evaluate all combinations. Beyond the limit every stride-th is taken, so that all classes of all axes still take part.
 */
static int compare_all(struct diff_axes *axes, struct regions *regions)
{
	uint8_t choice[DIFF_AXES_MAX] = { 0 };
	enum policy_verdict old_verdict, new_verdict;
	struct diff_request request;
	uint64_t total = 1, stride = 1, index = 0;
	int err = 0;

	for (size_t i = 0; i < axes->count; i++)
		if (__builtin_mul_overflow(total, axes->axes[i].class_count, &total))
			total = UINT64_MAX;
	if (total > DIFF_REQUESTS_MAX) {
		/* Odd, so that it has no factor in common with the many axes of two or four classes. */
		stride = (total / DIFF_REQUESTS_MAX + 1) | 1;
		axes->incomplete |= DIFF_REQUESTS_CUT;
	}
	do {
		uint64_t rest = index;

		if (stride > 1) {
			for (size_t i = axes->count; i-- > 0; rest /= axes->axes[i].class_count)
				choice[i] = (uint8_t)(rest % axes->axes[i].class_count);
		}
		if (differs(axes, choice, &request, &old_verdict, &new_verdict))
			err = region_add(axes, regions, choice, old_verdict, new_verdict);
		if (stride > 1 && (total - index <= stride))
			break;
		index += stride;
	} while (!err && (stride > 1 || next_choice(axes, choice)));
	return err;
}

/* Combinations that are tried for one statement, and those with another verdict after which the next one's turn comes. */
#define PICKS_PER_STATEMENT 512
#define FOUND_PER_STATEMENT 4

/* Does the class meet all that the statement asks of this axis? `bit` is the statement's among those of both policies. */
static bool class_meets(const struct diff_axis *axis, const struct diff_class *class, const struct policy *policy,
	const struct policy_statement *statement, size_t bit)
{
	struct policy_evaluation evaluation;
	struct policy_request request;

	policy_request_init(&request, class->text);
	policy_evaluation_start(&evaluation, policy, &request);
	switch (axis->kind) {
	case DIFF_AXIS_CALLER:
		request.caller = class->caller;
		return policy_evaluation_principal(&evaluation, statement);
	case DIFF_AXIS_ACTION:
		request.action = class->text;
		policy_evaluation_start(&evaluation, policy, &request);
		return policy_evaluation_action(&evaluation, statement);
	case DIFF_AXIS_RESOURCE:
		return bit >= DIFF_CONDITIONS_MAX || class->vector[bit / 64] >> (bit % 64) & 1;
	case DIFF_AXIS_KEY:
	case DIFF_AXIS_TIME:
		break;
	}
	for (size_t i = 0; i < axis->condition_count; i++)
		if (axis->conditions[i] >= statement->conditions &&
			axis->conditions[i] < statement->conditions + statement->condition_count &&
			!(class->vector[i / 64] >> (i % 64) & 1))
			return false;
	return true;
}

/* The classes of each axis that the statement asks for. False if it asks for none of one. */
static bool find_meeting(const struct diff_axes *axes, const struct policy *policy,
	const struct policy_statement *statement, size_t bit, uint64_t sets[DIFF_AXES_MAX])
{
	for (size_t i = 0; i < axes->count; i++) {
		sets[i] = 0;
		for (size_t j = 0; j < axes->axes[i].class_count; j++)
			if (class_meets(&axes->axes[i], &axes->axes[i].classes[j], policy, statement, bit))
				sets[i] |= (uint64_t)1 << j;
		if (!sets[i])
			return false;
	}
	return true;
}

/* One of the classes of a set; the same sequence in every run. */
static uint8_t pick(uint64_t set, uint64_t *seed)
{
	unsigned skipped;

	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	skipped = (unsigned)((*seed * 0x2545f4914f6cdd1du >> 33) % (unsigned)__builtin_popcountll(set));
	while (skipped--)
		set &= set - 1;
	return (uint8_t)__builtin_ctzll(set);
}

/*
 * Where not all combinations can be evaluated: some that meet each statement of either policy, since a verdict changes only
 * where a statement applies.
 */
static int compare_statements(struct diff_axes *axes, struct regions *regions)
{
	enum policy_verdict old_verdict, new_verdict;
	uint64_t sets[DIFF_AXES_MAX], seed = 1;
	uint8_t choice[DIFF_AXES_MAX];
	struct diff_request request;
	size_t bit = 0;
	int err = 0;

	for (size_t which = 0; which < 2; which++) {
		const struct policy *policy = axes->policies[which];

		for (uint32_t i = 0; i < policy->statement_count && bit < DIFF_CONDITIONS_MAX && !err; i++, bit++) {
			size_t found = 0;

			if (!find_meeting(axes, policy, &policy->statements[i], bit, sets))
				continue;
			for (int j = 0; j < PICKS_PER_STATEMENT && found < FOUND_PER_STATEMENT && !err; j++) {
				for (size_t k = 0; k < axes->count; k++)
					choice[k] = pick(sets[k], &seed);
				if (!differs(axes, choice, &request, &old_verdict, &new_verdict))
					continue;
				found++;
				err = region_add(axes, regions, choice, old_verdict, new_verdict);
			}
		}
	}
	return err;
}

/* ---- regions ---- */

static int region_compare(const void *first, const void *second, void *context)
{
	const struct region *a = first, *b = second;
	const struct regions *regions = context;

	if (a->old_verdict != b->old_verdict)
		return a->old_verdict < b->old_verdict ? -1 : 1;
	if (a->new_verdict != b->new_verdict)
		return a->new_verdict < b->new_verdict ? -1 : 1;
	for (size_t i = 0; i < regions->axis_count; i++)
		if (i != regions->merged_axis && a->sets[i] != b->sets[i])
			return a->sets[i] < b->sets[i] ? -1 : 1;
	return 0;
}

/* Put together what differs on one axis only, axis by axis: every region stays a product of sets of classes. */
static void merge(struct regions *regions)
{
	for (size_t axis = regions->axis_count; axis-- > 0 && regions->count;) {
		size_t kept = 0;

		regions->merged_axis = axis;
		qsort_r(regions->list, regions->count, sizeof *regions->list, region_compare, regions);
		for (size_t i = 1; i < regions->count; i++) {
			if (region_compare(&regions->list[kept], &regions->list[i], regions) == 0)
				regions->list[kept].sets[axis] |= regions->list[i].sets[axis];
			else
				regions->list[++kept] = regions->list[i];
		}
		regions->count = kept + 1;
	}
}

/* ---- telling ---- */

static void tell(const struct diff_axes *axes, const struct region *region, diff_visit *visit, void *context)
{
	struct policy_text labels[DIFF_AXES_MAX][DIFF_CLASSES_MAX];
	struct diff_extent extents[DIFF_AXES_MAX];
	uint8_t choice[DIFF_AXES_MAX] = { 0 };
	struct diff_request request;
	struct diff_line line = { .witness = &request.request, .extents = extents, .extent_count = axes->count };

	for (size_t i = 0; i < axes->count; i++) {
		const struct diff_axis *axis = &axes->axes[i];

		extents[i] = (struct diff_extent){ .name = axis->name, .classes = labels[i] };
		choice[i] = (uint8_t)__builtin_ctzll(region->sets[i]);
		for (size_t j = 0; j < axis->class_count; j++)
			if (region->sets[i] >> j & 1)
				labels[i][extents[i].class_count++] = axis->classes[j].label;
		extents[i].any = extents[i].class_count == axis->class_count;
	}
	if (differs(axes, choice, &request, &line.old_verdict, &line.new_verdict))
		visit(context, &line);
}

int diff_policies(const struct policy *old_policy, const struct policy *new_policy, const struct diff_options *options,
	diff_visit *visit, void *context, unsigned *ret_incomplete)
{
	struct regions regions = { 0 };
	struct diff_axes axes = { .policies = { old_policy, new_policy }, .policy_count = 2, .options = options };
	int err = diff_axes_init(&axes);

	*ret_incomplete = 0;
	if (!err)
		err = compare_all(&axes, &regions);
	if (!err && axes.incomplete & DIFF_REQUESTS_CUT)
		err = compare_statements(&axes, &regions);
	if (!err) {
		regions.axis_count = axes.count;
		merge(&regions);
		if (regions.count > DIFF_LINES_MAX)
			axes.incomplete |= DIFF_LINES_CUT;
		for (size_t i = 0; i < regions.count && i < DIFF_LINES_MAX; i++)
			tell(&axes, &regions.list[i], visit, context);
		*ret_incomplete = axes.incomplete;
	}
	free(regions.list);
	diff_axes_fini(&axes);
	return err;
}
