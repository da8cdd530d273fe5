/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decision of spec/policy.md 10.3 for all addresses at once: parts, and what they make together (10.4). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address_set.h"
#include "policy/source_filter_pool.h"
#include "policy/source_filter_prefixes.h"
#include "policy/source_filter_values.h"

struct source_filter_part {
	struct source_filter_set *drops;
	size_t value_count; /* statements of the target's policy, then of its domain's */
	uint8_t values[];   /* enum source_filter_value of each, but for its conditions on the address */
};

/* ---- one policy ---- */

/* Where the conditions of a statement on the address hold. */
static int statement_set(
	struct address_set *ret, const struct policy_statement *statement, struct source_filter_reason reason)
{
	struct address_set set, part, cut;
	int err = address_set_all(&set, reason);

	for (uint32_t i = 0; i < statement->condition_count && !err; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		if (!filter_subject_looks_at_address(condition))
			continue;
		err = address_set_of_ranges(&part, &condition->ranges, reason);
		if (!err && condition->negated) {
			err = address_set_complement(&cut, &part, reason);
			address_set_fini(&part);
			part = cut;
		}
		if (err)
			break;
		err = address_set_intersect(&cut, &set, &part);
		address_set_fini(&part);
		address_set_fini(&set);
		set = cut;
	}
	if (err)
		address_set_fini(&set);
	*ret = set;
	return err;
}

/* Union of the sets of all statements of one effect that are worth `at_least` but for the address. */
static int effect_set(struct address_set *ret, const struct policy *policy, const uint8_t *values, bool denies,
	enum source_filter_value at_least, struct source_filter_reason reason)
{
	struct address_set *sets = calloc(policy->statement_count + 1u, sizeof *sets);
	size_t count = 0;
	int err = 0, united;

	*ret = (struct address_set){ 0 };
	if (!sets)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->statement_count && !err; i++) {
		const struct policy_statement *statement = &policy->statements[i];

		/* Only the union of the Allow sets is asked for: one reason for all keeps it small. */
		reason.statement = denies ? (int)i : -1;
		if (statement->denies == denies && values[i] >= at_least)
			err = statement_set(&sets[count++], statement, reason);
	}
	united = address_set_unite_all(ret, sets, count);
	free(sets);
	if (err) {
		address_set_fini(ret);
		return err;
	}
	return united;
}

/* The addresses that one policy drops. */
static int drop_set(struct address_set *ret, const struct policy *policy, const uint8_t *values, bool others_can_grant,
	struct source_filter_reason reason)
{
	struct address_set denied, allowed, silent;
	int err;

	*ret = (struct address_set){ 0 };
	reason.statement = -1;
	if (!policy)
		return reason.target == SOURCE_FILTER_ENDPOINT_POLICY ? 0 : address_set_all(ret, reason);
	err = effect_set(&denied, policy, values, true, SOURCE_FILTER_TRUE, reason);
	if (err || others_can_grant) {
		*ret = denied;
		return err;
	}
	err = effect_set(&allowed, policy, values, false, SOURCE_FILTER_MAYBE, reason);
	if (!err) {
		err = address_set_complement(&silent, &allowed, reason);
		address_set_fini(&allowed);
	}
	if (!err) {
		err = address_set_unite(ret, &denied, &silent);
		address_set_fini(&silent);
	}
	address_set_fini(&denied);
	return err;
}

/* ---- parts ---- */

static const struct source_filter_target *target_of(const struct source_filter_input *input, int target)
{
	return target == SOURCE_FILTER_ENDPOINT_POLICY ? NULL : &input->targets[target];
}

static size_t statement_count(const struct policy *policy)
{
	return policy ? policy->statement_count : 0;
}

/* Value of one statement, whatever the address. */
static enum source_filter_value value_of(struct filter_subject *subject, size_t statement)
{
	return filter_subject_statement(subject, &subject->policy->statements[statement], false);
}

static void subject_of(struct filter_subject *subject, const struct source_filter_input *input,
	const struct source_filter_target *target)
{
	/* No part that is judged here looks at the address; any text of one will do. */
	filter_subject_init(subject, input, target, policy_text_of("0.0.0.0"));
}

static void fill_values(
	uint8_t *values, const struct source_filter_input *input, const struct source_filter_target *target)
{
	struct filter_subject subject;

	subject_of(&subject, input, target);
	for (size_t i = 0; i < statement_count(subject.policy); i++)
		values[i] = (uint8_t)value_of(&subject, i);
}

static bool same_values(
	const uint8_t *values, const struct source_filter_input *input, const struct source_filter_target *target)
{
	struct filter_subject subject;

	subject_of(&subject, input, target);
	for (size_t i = 0; i < statement_count(subject.policy); i++)
		if (values[i] != (uint8_t)value_of(&subject, i))
			return false;
	return true;
}

/* Both policies on the way must allow, so what either drops is dropped. */
static int add_domain(struct address_set *drops, const struct source_filter_target *domain, const uint8_t *values)
{
	struct address_set by_api = *drops, by_domain;
	int err =
		drop_set(&by_domain, domain->policy, values, false, (struct source_filter_reason){ .by_domain = true });

	*drops = (struct address_set){ 0 };
	if (!err)
		err = address_set_unite(drops, &by_api, &by_domain);
	address_set_fini(&by_api);
	address_set_fini(&by_domain);
	return err;
}

int source_filter_part_new(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target)
{
	const struct source_filter_target *place = target_of(input, target);
	const struct source_filter_target *domain = place ? place->domain : NULL;
	const struct policy *policy = place ? place->policy : input->endpoint_policy;
	size_t own_count = statement_count(policy);
	size_t all_count = own_count + (domain ? statement_count(domain->policy) : 0);
	struct source_filter_part *part = calloc(1, sizeof *part + all_count);
	struct address_set drops;
	int err;

	if (!part)
		return -ENOMEM;
	part->value_count = all_count;
	fill_values(part->values, input, place);
	if (domain)
		fill_values(part->values + own_count, input, domain);
	err = drop_set(&drops, policy, part->values, place && place->others_can_grant,
		(struct source_filter_reason){ .target = place ? 0 : SOURCE_FILTER_ENDPOINT_POLICY });
	if (!err && domain)
		err = add_domain(&drops, domain, part->values + own_count);
	if (!err)
		err = source_filter_set_new(&part->drops, pool, &drops);
	if (err)
		source_filter_part_free(part);
	else
		*ret = part;
	return err;
}

void source_filter_part_free(struct source_filter_part *part)
{
	if (part)
		source_filter_set_unref(part->drops);
	free(part);
}

bool source_filter_part_serves(
	const struct source_filter_part *part, const struct source_filter_input *input, int target)
{
	const struct source_filter_target *place = target_of(input, target);
	const struct source_filter_target *domain = place ? place->domain : NULL;
	size_t own_count = statement_count(place ? place->policy : input->endpoint_policy);

	if (part->value_count != own_count + (domain ? statement_count(domain->policy) : 0))
		return false;
	return same_values(part->values, input, place) &&
	       (!domain || same_values(part->values + own_count, input, domain));
}

size_t source_filter_part_count(const struct source_filter_part *part)
{
	return part->drops->set.count;
}

/* ---- all together ---- */

/* Smallest first; equal ones side by side. */
static int compare_parts(const void *left, const void *right)
{
	const struct source_filter_set *a = (*(const struct source_filter_part *const *)left)->drops;
	const struct source_filter_set *b = (*(const struct source_filter_part *const *)right)->drops;

	if (a->set.count != b->set.count)
		return a->set.count < b->set.count ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	/* Sets of other reasons: any order that keeps the same ones together. */
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static bool same_addresses(const struct source_filter_set *a, const struct source_filter_set *b)
{
	return a == b || (a->hash == b->hash && address_set_equal(&a->set, &b->set));
}

/* The addresses in all sets of the sorted list, without reasons. */
static int intersect_sorted(struct address_set *ret, const struct source_filter_part *const *sorted, size_t count)
{
	int err = address_set_join(ret, &sorted[0]->drops->set, false);

	/* Once nothing is left no further policy can change that. */
	for (size_t i = 1; i < count && ret->count && !err; i++) {
		struct address_set both;

		if (same_addresses(sorted[i]->drops, sorted[i - 1]->drops))
			continue;
		err = address_set_intersect(&both, ret, &sorted[i]->drops->set);
		address_set_fini(ret);
		*ret = both;
	}
	return err;
}

/* The addresses that all parts drop, with the reasons of the first; none if there are no parts. */
static int common_set(struct address_set *ret, const struct source_filter_part *const *parts, size_t count)
{
	const struct source_filter_part **sorted;
	struct address_set all;
	int err;

	*ret = (struct address_set){ 0 };
	if (!count)
		return 0;
	sorted = calloc(count, sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, parts, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_parts);
	err = intersect_sorted(&all, sorted, count);
	free(sorted);
	if (!err)
		err = address_set_intersect(ret, &parts[0]->drops->set, &all);
	address_set_fini(&all);
	return err;
}

int source_filter_combine(struct source_filter *ret, const struct source_filter_part *endpoint,
	const struct source_filter_part *const *parts, size_t part_count, size_t max_prefixes, bool may_widen)
{
	const struct address_set nothing = { 0 };
	struct address_set common, dropped = { 0 };
	int err = common_set(&common, parts, part_count);

	*ret = (struct source_filter){ 0 };
	if (!err)
		err = address_set_unite(&dropped, endpoint ? &endpoint->drops->set : &nothing, &common);
	if (!err)
		err = source_filter_prefixes_make(
			ret, &dropped, max_prefixes ? max_prefixes : SOURCE_FILTER_DEFAULT_MAX_PREFIXES, may_widen);
	address_set_fini(&common);
	address_set_fini(&dropped);
	return err;
}

int source_filter_compile(struct source_filter *ret, const struct source_filter_input *input)
{
	struct source_filter_part **parts = calloc(input->target_count + 1, sizeof *parts), *endpoint = NULL;
	size_t count = 0;
	int err = parts ? source_filter_part_new(&endpoint, NULL, input, SOURCE_FILTER_ENDPOINT_POLICY) : -ENOMEM;

	*ret = (struct source_filter){ 0 };
	while (count < input->target_count && !err) {
		err = source_filter_part_new(&parts[count], NULL, input, (int)count);
		/* Behind one that drops nothing, no other matters. */
		if (!err && source_filter_part_count(parts[count++]) == 0)
			break;
	}
	if (!err)
		err = source_filter_combine(ret, endpoint, (const struct source_filter_part *const *)parts, count,
			input->max_prefixes, input->may_widen);
	for (size_t i = 0; i < count; i++)
		source_filter_part_free(parts[i]);
	source_filter_part_free(endpoint);
	free(parts);
	return err;
}
