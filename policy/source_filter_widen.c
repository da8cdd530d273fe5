/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filters that need too many prefixes, coarsened: a DROP may become a PASS, never the other way round. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/source_filter_prefixes.h"

#define ADDRESS_BITS 128

/* PASS prefixes that are joined under common ones: 100 bytes each. Beyond that only the other form is tried. */
#define JOINED_MAX (1u << 20)

/*
 * How much a prefix is worth. An IPv4 address counts as much as an IPv6 network of 64 bits: by plain addresses every IPv6
 * host would outweigh all of IPv4. In units of two IPv6 addresses, so that the whole space can be counted; worths add up
 * exactly, and only single IPv6 addresses count nothing.
 */
static policy_wide worth_of(policy_wide first, unsigned host_bits)
{
	policy_wide last = first | source_filter_host_mask(host_bits), one = 1;
	policy_wide v6 = host_bits ? one << (host_bits - 1) : 0;

	if (first >= ADDRESS_V4_FIRST && last <= ADDRESS_V4_LAST)
		return one << (host_bits + 63);
	/* Around the whole block of IPv4. */
	if (first < ADDRESS_V4_FIRST && last > ADDRESS_V4_LAST)
		return v6 - (one << 31) + (one << 95);
	return v6;
}

/* Rank of a prefix: 0 to 128. What is worth more has no lower rank, and all of one rank within a family are worth the same. */
static unsigned rank_of(policy_wide first, unsigned host_bits)
{
	policy_wide worth = worth_of(first, host_bits);
	uint64_t high = (uint64_t)(worth >> 64), low = (uint64_t)worth;

	if (high)
		return 128 - (unsigned)__builtin_clzll(high);
	return low ? 64 - (unsigned)__builtin_clzll(low) : 0;
}

/* ---- default PASS: the largest DROP prefixes ---- */

typedef void prefix_visit(void *context, policy_wide first, unsigned host_bits, struct source_filter_reason reason);

static void each_prefix(const struct address_set *set, prefix_visit *visit, void *context)
{
	for (size_t i = 0; i < set->count; i++) {
		policy_wide first = set->intervals[i].first, last = set->intervals[i].last;

		for (;;) {
			unsigned host_bits = source_filter_prefix_host_bits(first, last);
			policy_wide end = first | source_filter_host_mask(host_bits);

			visit(context, first, host_bits, set->intervals[i].reason);
			if (end == last)
				break;
			first = end + 1;
		}
	}
}

struct selection {
	size_t counts[ADDRESS_BITS + 1]; /* by rank */
	unsigned least;                  /* the rank of which only the first `some` are taken */
	size_t some;
	policy_wide all_worth;
	policy_wide worth;            /* of those that are taken */
	struct source_filter *filter; /* NULL: only count */
};

static void count_rank(void *context, policy_wide first, unsigned host_bits, struct source_filter_reason reason)
{
	struct selection *selection = context;

	(void)reason;
	selection->counts[rank_of(first, host_bits)]++;
	selection->all_worth += worth_of(first, host_bits);
}

static void take_if_large(void *context, policy_wide first, unsigned host_bits, struct source_filter_reason reason)
{
	struct selection *selection = context;
	unsigned rank = rank_of(first, host_bits);

	if (rank < selection->least || (rank == selection->least && selection->some == 0))
		return;
	if (rank == selection->least)
		selection->some--;
	selection->worth += worth_of(first, host_bits);
	if (selection->filter)
		source_filter_prefix_add(selection->filter, first, host_bits, SOURCE_FILTER_DROP, reason);
}

/* What is worth most within `max_prefixes`, written into `filter` unless that is NULL. Counts by rank need no list of all. */
static void select_largest(
	struct selection *ret, const struct address_set *dropped, size_t max_prefixes, struct source_filter *filter)
{
	*ret = (struct selection){ .least = ADDRESS_BITS, .some = max_prefixes, .filter = filter };
	each_prefix(dropped, count_rank, ret);
	while (ret->least > 0 && ret->counts[ret->least] <= ret->some)
		ret->some -= ret->counts[ret->least--];
	each_prefix(dropped, take_if_large, ret);
}

/* ---- default DROP: PASS prefixes joined under common ones ---- */

/*
 * A node of the tree of common prefixes: first the PASS prefixes in order, then what two neighbours have in common. A whole
 * node is one prefix in the filter.
 */
struct node {
	policy_wide first;
	policy_wide worth; /* of the prefixes that stand for it now */
	policy_wide cost;  /* what more would pass if it were whole */
	uint32_t parent, left, right;
	uint8_t host_bits;
	bool whole;
};

struct tree {
	struct node *nodes;
	size_t leaf_count, node_count;
	uint32_t *heap; /* nodes with two whole children, cheapest first */
	size_t heap_count;
};

#define NO_NODE UINT32_MAX

static void tree_fini(struct tree *tree)
{
	free(tree->nodes);
	free(tree->heap);
}

static void add_leaf(void *context, policy_wide first, unsigned host_bits, struct source_filter_reason reason)
{
	struct tree *tree = context;

	(void)reason;
	tree->nodes[tree->node_count++] = (struct node){ .first = first,
		.worth = worth_of(first, host_bits),
		.parent = NO_NODE,
		.host_bits = (uint8_t)host_bits,
		.whole = true };
}

/* Host bits of the longest prefix that holds both. */
static unsigned common_host_bits(policy_wide a, policy_wide b)
{
	policy_wide differs = a ^ b;
	uint64_t high = (uint64_t)(differs >> 64), low = (uint64_t)differs;

	return high ? 128 - (unsigned)__builtin_clzll(high) : 64 - (unsigned)__builtin_clzll(low);
}

static uint32_t join(struct tree *tree, uint32_t left, uint32_t right)
{
	struct node *nodes = tree->nodes;
	uint32_t index = (uint32_t)tree->node_count++;
	unsigned host_bits = common_host_bits(nodes[left].first, nodes[right].first);

	nodes[index] = (struct node){ .first = nodes[left].first & ~source_filter_host_mask(host_bits),
		.worth = nodes[left].worth + nodes[right].worth,
		.parent = NO_NODE,
		.left = left,
		.right = right,
		.host_bits = (uint8_t)host_bits };
	nodes[left].parent = nodes[right].parent = index;
	return index;
}

/*
 * Disjoint sorted prefixes have a common prefix for each two neighbours, and these make a binary tree: a stack holds the
 * subtrees whose common prefix with what follows is still open, wider ones below.
 */
static void build(struct tree *tree, uint32_t *stack)
{
	size_t depth = 0;

	for (uint32_t leaf = 0; leaf < tree->leaf_count; leaf++) {
		uint32_t right = NO_NODE;
		unsigned next = leaf + 1 < tree->leaf_count
					? common_host_bits(tree->nodes[leaf].first, tree->nodes[leaf + 1].first)
					: ADDRESS_BITS + 1;

		right = leaf;
		while (depth && common_host_bits(tree->nodes[stack[depth - 1]].first, tree->nodes[right].first) < next)
			right = join(tree, stack[--depth], right);
		stack[depth++] = right;
	}
}

static bool cheaper(const struct tree *tree, uint32_t a, uint32_t b)
{
	return tree->nodes[a].cost < tree->nodes[b].cost;
}

static void heap_add(struct tree *tree, uint32_t node)
{
	size_t at = tree->heap_count++;

	for (; at && cheaper(tree, node, tree->heap[(at - 1) / 2]); at = (at - 1) / 2)
		tree->heap[at] = tree->heap[(at - 1) / 2];
	tree->heap[at] = node;
}

static uint32_t heap_take(struct tree *tree)
{
	uint32_t least = tree->heap[0], moved = tree->heap[--tree->heap_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= tree->heap_count)
			break;
		if (child + 1 < tree->heap_count && cheaper(tree, tree->heap[child + 1], tree->heap[child]))
			child++;
		if (!cheaper(tree, tree->heap[child], moved))
			break;
		tree->heap[at] = tree->heap[child];
		at = child;
	}
	tree->heap[at] = moved;
	return least;
}

/* A node of which both children are whole may become so. */
static void offer(struct tree *tree, uint32_t index)
{
	struct node *node = &tree->nodes[index];
	const struct node *left = &tree->nodes[node->left], *right = &tree->nodes[node->right];

	if (!left->whole || !right->whole)
		return;
	node->worth = left->worth + right->worth;
	node->cost = worth_of(node->first, node->host_bits) - node->worth;
	heap_add(tree, index);
}

/* Join, cheapest first, until `max_prefixes` are left. Returns what passes that did not before. */
static policy_wide join_cheapest(struct tree *tree, size_t max_prefixes)
{
	policy_wide cost = 0;

	for (size_t i = tree->leaf_count; i < tree->node_count; i++)
		offer(tree, (uint32_t)i);
	for (size_t count = tree->leaf_count; count > max_prefixes; count--) {
		struct node *node = &tree->nodes[heap_take(tree)];

		cost += node->cost;
		node->worth += node->cost;
		node->whole = true;
		if (node->parent != NO_NODE)
			offer(tree, node->parent);
	}
	return cost;
}

static void write_joined(struct source_filter *filter, const struct tree *tree)
{
	const struct source_filter_reason none = { 0 };

	for (size_t i = 0; i < tree->leaf_count;) {
		const struct node *node = &tree->nodes[i];
		policy_wide last;

		while (node->parent != NO_NODE && tree->nodes[node->parent].whole)
			node = &tree->nodes[node->parent];
		last = node->first | source_filter_host_mask(node->host_bits);
		source_filter_prefix_add(filter, node->first, node->host_bits, SOURCE_FILTER_PASS, none);
		while (i < tree->leaf_count && tree->nodes[i].first <= last)
			i++;
	}
}

static void count_prefix(void *context, policy_wide first, unsigned host_bits, struct source_filter_reason reason)
{
	(void)first, (void)host_bits, (void)reason;
	++*(size_t *)context;
}

/* Make the tree of the PASS prefixes; left empty if they are too many. */
static int tree_init(struct tree *tree, const struct address_set *passed)
{
	size_t count = 0;

	*tree = (struct tree){ 0 };
	each_prefix(passed, count_prefix, &count);
	if (count == 0 || count > JOINED_MAX)
		return 0;
	tree->nodes = calloc(2 * count, sizeof *tree->nodes);
	tree->heap = calloc(count, sizeof *tree->heap);
	if (!tree->nodes || !tree->heap)
		return -ENOMEM;
	tree->leaf_count = count;
	each_prefix(passed, add_leaf, tree);
	/* The heap is empty as yet: its memory is the stack. */
	build(tree, tree->heap);
	return 0;
}

int source_filter_widen(struct source_filter *ret, const struct address_set *dropped, const struct address_set *passed,
	size_t max_prefixes, struct source_filter_reason reason)
{
	struct selection selection;
	struct tree tree;
	policy_wide cost = 0;
	int err = tree_init(&tree, passed);

	if (err)
		goto out;
	err = -ENOMEM;
	ret->prefixes = calloc(max_prefixes, sizeof *ret->prefixes);
	if (!ret->prefixes)
		goto out;
	err = 0;
	ret->widened = true;
	select_largest(&selection, dropped, max_prefixes, NULL);
	if (tree.leaf_count)
		cost = join_cheapest(&tree, max_prefixes);
	if (tree.leaf_count && cost < selection.all_worth - selection.worth) {
		ret->default_verdict = SOURCE_FILTER_DROP;
		ret->default_reason = reason;
		write_joined(ret, &tree);
	} else {
		select_largest(&selection, dropped, max_prefixes, ret);
	}
out:
	tree_fini(&tree);
	return err;
}
