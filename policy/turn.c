/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/turn.h"

#include <errno.h>

#include "policy/diff_axes.h"
#include "policy/text.h"

_Static_assert((int)TURN_POLICIES_MAX <= (int)DIFF_POLICIES_MAX, "the axes are those of diff");

struct search {
	const struct turn_input *input;
	struct diff_axes axes;
	size_t order[DIFF_AXES_MAX]; /* the axes that are changed, those that people look at first in front */
	size_t order_count;
	enum policy_verdict verdict; /* of the request as it is */
	struct diff_request asked;
	unsigned judged;
	int told;
	turn_visit *visit;
	void *context;
};

static enum policy_verdict judge(const struct search *search, const struct policy_request *request)
{
	struct policy_result result;

	if (search->input->judge)
		return search->input->judge(search->input->judge_context, request);
	policy_evaluate(search->input->policies[0], request, &result);
	return result.verdict;
}

/* ---- telling ---- */

static bool same_value(const struct policy_value *a, const struct policy_value *b)
{
	if (!a->text.bytes != !b->text.bytes || !policy_text_equal(a->text, b->text) || !a->list != !b->list ||
		a->list_count != b->list_count)
		return false;
	for (size_t i = 0; i < a->list_count; i++)
		if (!policy_text_equal(a->list[i], b->list[i]))
			return false;
	return true;
}

static void add(
	struct turn *turn, struct policy_text name, const struct policy_value *from, const struct policy_value *to)
{
	if (!same_value(from, to) && turn->change_count < TURN_CHANGES_MAX)
		turn->changes[turn->change_count++] = (struct turn_change){ name, *from, *to };
}

static void add_text(struct turn *turn, const char *name, struct policy_text from, struct policy_text to)
{
	add(turn, policy_text_of(name), &(struct policy_value){ .text = from }, &(struct policy_value){ .text = to });
}

static struct policy_text caller_text(const struct policy_request *request)
{
	return request->caller.type == POLICY_CALLER_ANONYMOUS ? policy_text_of("anonymous") : request->caller.arn;
}

/* All that is different in the changed request, whatever step it came by. */
static void tell(struct search *search, const struct policy_request *changed, enum policy_verdict verdict)
{
	const struct policy_request *asked = search->input->request;
	struct turn turn = { .verdict = verdict };

	add_text(&turn, "caller", caller_text(asked), caller_text(changed));
	add_text(&turn, "resource", asked->resource, changed->resource);
	for (int key = 0; key < POLICY_KEY_COUNT; key++)
		add(&turn, policy_text_of(policy_key_name((enum policy_key)key)), &asked->keys[key],
			&changed->keys[key]);
	for (size_t i = 0; i < changed->other_count; i++) {
		const struct policy_named_value *other = &changed->others[i];
		const struct policy_value none = { 0 }, *from = policy_request_find(asked, other->name);

		add(&turn, other->name, from ? from : &none, &other->value);
	}
	search->told++;
	search->visit(search->context, &turn);
}

/* ---- searching ---- */

static bool is_over(const struct search *search)
{
	return search->told == TURN_COUNT_MAX || search->judged == TURN_JUDGED_MAX;
}

/* Change `steps` more axes from the `first` of the order on. */
static void change(struct search *search, const struct diff_request *request, size_t first, size_t steps)
{
	struct diff_request changed;
	enum policy_verdict verdict;

	for (size_t i = first; i + steps <= search->order_count; i++) {
		const struct diff_axis *axis = &search->axes.axes[search->order[i]];

		for (size_t j = 0; j < axis->class_count && !is_over(search); j++) {
			diff_request_copy(&changed, &request->request);
			diff_axis_apply(axis, &axis->classes[j], &changed);
			if (steps > 1) {
				change(search, &changed, i + 1, steps - 1);
				continue;
			}
			search->judged++;
			verdict = judge(search, &changed.request);
			if ((verdict == POLICY_ALLOW) != (search->verdict == POLICY_ALLOW))
				tell(search, &changed.request, verdict);
		}
	}
}

static bool is_of_rank(const struct diff_axis *axis, size_t rank)
{
	static const enum diff_axis_kind ranks[] = { DIFF_AXIS_KEY, DIFF_AXIS_RESOURCE, DIFF_AXIS_CALLER,
		DIFF_AXIS_TIME };

	return axis->kind == ranks[rank];
}

static void order_axes(struct search *search)
{
	bool anonymous = search->input->request->caller.type == POLICY_CALLER_ANONYMOUS;

	for (size_t rank = 0; rank < 4; rank++)
		for (size_t i = 0; i < search->axes.count; i++) {
			const struct diff_axis *axis = &search->axes.axes[i];

			if (!is_of_rank(axis, rank) || (axis->kind == DIFF_AXIS_CALLER && search->input->same_caller) ||
				/* A key of signed calls is nothing that an anonymous one could bring. */
				(axis->signed_only && anonymous && search->input->same_caller))
				continue;
			search->order[search->order_count++] = i;
		}
}

int turn_find(const struct turn_input *input, turn_visit *visit, void *context)
{
	struct policy_text parts[POLICY_ARN_PARTS], api_arn = input->request->resource;
	struct search search = { .input = input, .visit = visit, .context = context };
	struct diff_options options = { 0 };
	const char *slash;
	int err;

	if (!policy_arn_split(parts, api_arn))
		return -EINVAL;
	if (input->request->other_count > DIFF_OTHERS_MAX - DIFF_AXES_MAX)
		return 0;
	/* …:{api}/{stage}/… belongs to …:{api}; a domain's ARN has no methods, and stays as it is. */
	slash = parts[5].count ? memchr(parts[5].bytes, '/', parts[5].count) : NULL;
	if (slash)
		api_arn.count = (size_t)(slash - api_arn.bytes);
	options = (struct diff_options){ .api_arn = api_arn,
		.public_api = !input->request->keys[POLICY_KEY_SOURCE_VPCE].text.bytes };
	search.axes =
		(struct diff_axes){ .policy_count = input->policy_count, .options = &options, .asked = input->request };
	memcpy(search.axes.policies, input->policies, input->policy_count * sizeof *input->policies);
	err = diff_axes_init(&search.axes);
	if (!err) {
		diff_request_copy(&search.asked, input->request);
		order_axes(&search);
		search.verdict = judge(&search, input->request);
		for (size_t steps = 1; steps <= TURN_STEPS_MAX && !search.told; steps++)
			change(&search, &search.asked, 0, steps);
	}
	diff_axes_fini(&search.axes);
	return err ? err : search.told;
}
