/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/source_filter_pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Chains of a pool: few policies differ, and an endpoint has thousands at most. */
#define CHAINS 1024

struct source_filter_pool {
	struct source_filter_set *chains[CHAINS];
	size_t count;
};

struct source_filter_pool *source_filter_pool_new(void)
{
	return calloc(1, sizeof(struct source_filter_pool));
}

void source_filter_pool_free(struct source_filter_pool *pool)
{
	assert(!pool || pool->count == 0);
	free(pool);
}

size_t source_filter_pool_count(const struct source_filter_pool *pool)
{
	return pool->count;
}

static bool same_intervals(const struct address_set *a, const struct address_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->intervals[i].first != b->intervals[i].first || a->intervals[i].last != b->intervals[i].last ||
			!address_reason_same(a->intervals[i].reason, b->intervals[i].reason))
			return false;
	return true;
}

int source_filter_set_new(struct source_filter_set **ret, struct source_filter_pool *pool, struct address_set *set)
{
	uint64_t hash = address_set_hash(set);
	struct source_filter_set *made, *known = pool ? pool->chains[hash % CHAINS] : NULL;

	while (known && (known->hash != hash || !same_intervals(&known->set, set)))
		known = known->next;
	if (known) {
		address_set_fini(set);
		known->reference_count++;
		*ret = known;
		return 0;
	}
	made = calloc(1, sizeof *made);
	if (!made || address_set_trim(set)) {
		free(made);
		address_set_fini(set);
		return -ENOMEM;
	}
	*made = (struct source_filter_set){ .set = *set, .hash = hash, .pool = pool, .reference_count = 1 };
	*set = (struct address_set){ 0 };
	if (pool) {
		made->next = pool->chains[hash % CHAINS];
		pool->chains[hash % CHAINS] = made;
		pool->count++;
	}
	*ret = made;
	return 0;
}

void source_filter_set_unref(struct source_filter_set *set)
{
	if (!set || --set->reference_count)
		return;
	if (set->pool) {
		struct source_filter_set **link = &set->pool->chains[set->hash % CHAINS];

		while (*link != set)
			link = &(*link)->next;
		*link = set->next;
		set->pool->count--;
	}
	address_set_fini(&set->set);
	free(set);
}
