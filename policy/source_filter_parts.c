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
	bool is_gate;
	size_t value_count; /* statements of the policies that were asked, see asked_of() */
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

	reason.statement = -1;
	if (!policy)
		return address_set_all(ret, reason);
	*ret = (struct address_set){ 0 };
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

/* One question to a policy. */
struct asked {
	const struct policy *policy;                 /* NULL: nobody may call */
	const struct source_filter_target *resource; /* NULL: any */
	bool others_can_grant;
	struct source_filter_reason reason;
};

/*
 * What makes a part: the target's policy, and its domain's. What makes a gate: the endpoint's policy, for both of their ARNs;
 * nothing without such a policy. Returns how many questions there are.
 */
static size_t asked_of(struct asked ret[2], const struct source_filter_input *input, int index, bool is_gate)
{
	const struct source_filter_target *target = index == SOURCE_FILTER_NO_TARGET ? NULL : &input->targets[index];
	const struct source_filter_target *domain = target ? target->domain : NULL;
	const struct source_filter_reason by_endpoint = { .target = SOURCE_FILTER_ENDPOINT_POLICY };

	if (is_gate) {
		ret[0] = (struct asked){ input->endpoint_policy, target, false, by_endpoint };
		ret[1] = (struct asked){ input->endpoint_policy, domain, false, by_endpoint };
		return input->endpoint_policy ? 1 + (domain != NULL) : 0;
	}
	ret[0] = (struct asked){ target->policy, target, target->others_can_grant, { .target = 0 } };
	if (domain)
		ret[1] = (struct asked){ domain->policy, domain, false, { .by_domain = true } };
	return 1 + (domain != NULL);
}

static size_t statement_count(const struct asked *asked)
{
	return asked->policy ? asked->policy->statement_count : 0;
}

/* Values of the statements, whatever the address, into `values`; or if `known` is not NULL: are they those? */
static bool take_values(
	const struct asked *asked, const struct source_filter_input *input, uint8_t *values, const uint8_t *known)
{
	struct filter_subject subject;

	/* No part that is judged here looks at the address; any text of one will do. */
	filter_subject_init(&subject, input, asked->policy, asked->resource, policy_text_of("0.0.0.0"));
	for (size_t i = 0; i < statement_count(asked); i++) {
		uint8_t value = (uint8_t)filter_subject_statement(&subject, &asked->policy->statements[i], false);

		if (known && known[i] != value)
			return false;
		if (!known)
			values[i] = value;
	}
	return true;
}

/* All policies on the way must allow, so what any of them drops is dropped. */
static int all_drops(struct address_set *ret, const struct asked *asked, size_t count, const uint8_t *values)
{
	struct address_set sets[2] = { { 0 } };
	int err = 0, united;

	for (size_t i = 0; i < count && !err; i++) {
		err = drop_set(&sets[i], asked[i].policy, values, asked[i].others_can_grant, asked[i].reason);
		values += statement_count(&asked[i]);
	}
	united = address_set_unite_all(ret, sets, count);
	if (err)
		address_set_fini(ret);
	return err ? err : united;
}

static int make(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target, bool is_gate)
{
	struct asked asked[2];
	size_t count = asked_of(asked, input, target, is_gate), value_count = 0;
	struct source_filter_part *part;
	struct address_set drops;
	int err;

	for (size_t i = 0; i < count; i++)
		value_count += statement_count(&asked[i]);
	part = calloc(1, sizeof *part + value_count);
	if (!part)
		return -ENOMEM;
	part->is_gate = is_gate;
	for (size_t i = 0; i < count; i++) {
		(void)take_values(&asked[i], input, part->values + part->value_count, NULL);
		part->value_count += statement_count(&asked[i]);
	}
	err = all_drops(&drops, asked, count, part->values);
	if (!err)
		err = source_filter_set_new(&part->drops, pool, &drops);
	if (err)
		source_filter_part_free(part);
	else
		*ret = part;
	return err;
}

int source_filter_part_new(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target)
{
	return make(ret, pool, input, target, false);
}

int source_filter_gate_new(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target)
{
	return make(ret, pool, input, target, true);
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
	struct asked asked[2];
	size_t count = asked_of(asked, input, target, part->is_gate), done = 0;

	for (size_t i = 0; i < count; i++) {
		if (part->value_count - done < statement_count(&asked[i]) ||
			!take_values(&asked[i], input, NULL, part->values + done))
			return false;
		done += statement_count(&asked[i]);
	}
	return done == part->value_count;
}

size_t source_filter_part_count(const struct source_filter_part *part)
{
	return part->drops->set.count;
}

/* ---- all together ---- */

/* Ways behind equal gates side by side; among them the smallest part first, and equal ones side by side. */
static int compare_ways(const void *left, const void *right)
{
	const struct source_filter_way *first = left, *second = right;
	const struct source_filter_set *a = first->part->drops, *b = second->part->drops;

	if (first->gate->drops != second->gate->drops)
		return (uintptr_t)first->gate->drops < (uintptr_t)second->gate->drops ? -1 : 1;
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

/* The addresses in all parts of the sorted list, without reasons. */
static int intersect_parts(struct address_set *ret, const struct source_filter_way *sorted, size_t count)
{
	int err = address_set_join(ret, &sorted[0].part->drops->set, false);

	/* Once nothing is left no further policy can change that. */
	for (size_t i = 1; i < count && ret->count && !err; i++) {
		struct address_set both;

		if (same_addresses(sorted[i].part->drops, sorted[i - 1].part->drops))
			continue;
		err = address_set_intersect(&both, ret, &sorted[i].part->drops->set);
		address_set_fini(ret);
		*ret = both;
	}
	return err;
}

/* What all ways behind one gate drop: what the gate does, and what all parts do. */
static int behind_gate(struct address_set *ret, const struct source_filter_way *sorted, size_t count)
{
	struct address_set common, either;
	int err = intersect_parts(&common, sorted, count);

	*ret = (struct address_set){ 0 };
	if (err)
		return err;
	err = address_set_unite(&either, &sorted[0].gate->drops->set, &common);
	address_set_fini(&common);
	if (!err)
		err = address_set_join(ret, &either, false);
	address_set_fini(&either);
	return err;
}

/* What all ways of the sorted list drop, without reasons. */
static int intersect_ways(struct address_set *ret, const struct source_filter_way *sorted, size_t count)
{
	const struct source_filter_reason none = { 0 };
	int err = address_set_all(ret, none);

	for (size_t i = 0, next; i < count && ret->count && !err; i = next) {
		struct address_set behind, both;

		for (next = i + 1; next < count && sorted[next].gate->drops == sorted[i].gate->drops;)
			next++;
		err = behind_gate(&behind, &sorted[i], next - i);
		if (err)
			break;
		err = address_set_intersect(&both, ret, &behind);
		address_set_fini(&behind);
		address_set_fini(ret);
		*ret = both;
	}
	return err;
}

/* What all ways drop, with the reasons of the first. */
static int dropped_set(struct address_set *ret, const struct source_filter_way *ways, size_t count)
{
	struct source_filter_way *sorted = calloc(count, sizeof *sorted);
	struct address_set all, by_first;
	int err;

	*ret = (struct address_set){ 0 };
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, ways, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, compare_ways);
	err = intersect_ways(&all, sorted, count);
	free(sorted);
	if (!err)
		err = address_set_unite(&by_first, &ways[0].gate->drops->set, &ways[0].part->drops->set);
	if (!err) {
		err = address_set_intersect(ret, &by_first, &all);
		address_set_fini(&by_first);
	}
	address_set_fini(&all);
	return err;
}

int source_filter_combine(struct source_filter *ret, const struct source_filter_way *ways, size_t way_count,
	const struct source_filter_part *alone, size_t max_prefixes, bool may_widen)
{
	const struct address_set nothing = { 0 };
	const struct address_set *drops = alone ? &alone->drops->set : &nothing;
	struct address_set dropped = { 0 };
	int err = 0;

	*ret = (struct source_filter){ 0 };
	if (way_count) {
		err = dropped_set(&dropped, ways, way_count);
		drops = &dropped;
	}
	if (!err)
		err = source_filter_prefixes_make(
			ret, drops, max_prefixes ? max_prefixes : SOURCE_FILTER_DEFAULT_MAX_PREFIXES, may_widen);
	address_set_fini(&dropped);
	return err;
}

int source_filter_compile(struct source_filter *ret, const struct source_filter_input *input)
{
	struct source_filter_part **parts = calloc(2 * input->target_count + 1, sizeof *parts), *alone = NULL;
	struct source_filter_way *ways = calloc(input->target_count + 1, sizeof *ways);
	struct source_filter_pool *pool = source_filter_pool_new();
	size_t count = 0, part_count = 0;
	int err = parts && ways && pool ? 0 : -ENOMEM;

	*ret = (struct source_filter){ 0 };
	if (!err && !input->target_count)
		err = source_filter_gate_new(&alone, pool, input, SOURCE_FILTER_NO_TARGET);
	while (count < input->target_count && !err) {
		struct source_filter_part *gate = NULL, *part = NULL;

		err = source_filter_gate_new(&gate, pool, input, (int)count);
		if (!err)
			err = source_filter_part_new(&part, pool, input, (int)count);
		parts[part_count++] = gate;
		parts[part_count++] = part;
		if (err)
			break;
		ways[count++] = (struct source_filter_way){ gate, part };
		/* Behind a way that drops nothing, no other matters. */
		if (!gate->drops->set.count && !part->drops->set.count)
			break;
	}
	if (!err)
		err = source_filter_combine(ret, ways, count, alone, input->max_prefixes, input->may_widen);
	for (size_t i = 0; i < part_count; i++)
		source_filter_part_free(parts[i]);
	source_filter_part_free(alone);
	source_filter_pool_free(pool);
	free(parts);
	free(ways);
	return err;
}
