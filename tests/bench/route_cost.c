/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route_cost: nanoseconds of finding the method of a path among 300 resources (the quota of an API), of a tree as APIs have it:
 * collections with items and what belongs to them, and a {proxy+} that catches the rest. Mean over hits at all depths, paths that
 * make the search go back, and misses.
 *
 * usage: route_cost      (prints lines `NAME VALUE`)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/base/arena.h"
#include "appliance/model/route.h"

#define RESOURCES 300
#define ROUNDS 15
#define LOOKUPS 200000

static void fail(const char *what)
{
	fprintf(stderr, "route_cost: %s\n", what);
	exit(1);
}

static struct route_node *add(struct arena *arena, struct route_node *parent, const char *format, unsigned n)
{
	static const char method;
	struct view part = arena_printf(arena, format, n);
	struct route_node *node = NULL;

	if (!part.at || route_add(arena, parent, part, &node))
		fail("the tree can't be built");
	route_set_method(node, ROUTE_GET, (const struct snapshot_method *)(const void *)&method);
	return node;
}

/* 50 collections of six resources each, but for the last, whose last one is {proxy+} at the root. */
static struct route_node *build(struct arena *arena)
{
	struct route_node *root = route_new(arena), *node;

	if (!root)
		fail("no memory");
	for (unsigned i = 0; i < RESOURCES / 6; i++) {
		node = add(arena, root, "collection-%u", i);
		(void)add(arena, node, "search", 0);
		node = add(arena, node, "{id}", 0);
		(void)add(arena, node, "status", 0);
		node = add(arena, node, "parts", 0);
		if (i < RESOURCES / 6 - 1)
			(void)add(arena, node, "{part}", 0);
	}
	(void)add(arena, root, "{proxy+}", 0);
	return root;
}

static double nanoseconds(const struct route_node *root)
{
	static const char *const forms[] = { "/collection-%u", "/collection-%u/search", "/collection-%u/4711",
		"/collection-%u/4711/status", "/collection-%u/4711/parts/17", "/collection-%u/4711/parts/17/more",
		"/elsewhere-%u/a/b", "/collection-%u/" };
	char paths[64][64];
	struct view views[64];
	struct timespec from, to;
	struct route_match match;
	unsigned long found = 0;

	for (unsigned i = 0; i < 64; i++) {
		snprintf(paths[i], sizeof paths[i], forms[i % (sizeof forms / sizeof *forms)], i * 7 % 49);
		views[i] = view_from_text(paths[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned i = 0; i < LOOKUPS; i++)
		found += route_find(root, ROUTE_GET, views[i % 64], &match);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (found != LOOKUPS)
		fail("a path was not found");
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / LOOKUPS;
}

int main(void)
{
	struct arena arena;
	const struct route_node *root;
	double best = 1e9;

	arena_init(&arena, NULL, 1 << 24);
	root = build(&arena);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double now = nanoseconds(root);

		best = now < best ? now : best;
	}
	printf("route_ns_300_resources %.1f\n", best);
	arena_fini(&arena);
	return 0;
}
