/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route: the compiled resource tree of a deployment, from path and method to the one method that serves them.
 *
 * A tree is built once, from resources with their parents and path parts, and then only read. Each node finds its literal
 * child by a hash over the node's children; a {parameter} child and a {greedy+} child have a place of their own. So the
 * cost of a match depends on the number of segments, not on the number of resources.
 *
 * Matching is aware of the method and backtracks: among the children of a node it tries the literal one, then the
 * parameter, then the greedy one, and takes the first whose subtree has a method for the request; an explicit verb beats
 * ANY within one resource only. ANY stands for DELETE, GET, HEAD, OPTIONS, PATCH, POST and PUT, and for nothing else.
 *
 * Slashes: leading ones collapse to one; trailing ones are ignored; inner doubled ones make empty segments, which only a
 * greedy parameter takes. Nothing is percent-decoded, and case counts.
 *
 * Not here: what a method does (snapshot.h); the stage's segment, which the caller has cut off.
 * Threads: a tree that was built is immutable.
 * Source: spec/rest-dataplane.md 2.1–2.5.
 */
#ifndef POSTERN_MODEL_ROUTE_H
#define POSTERN_MODEL_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

/* Segments of the deepest resource. A match descends one call a segment, so this bounds its stack; AWS names no limit. */
#define ROUTE_DEPTH_MAX 32

/* One of the eight places for a method at a resource. */
enum route_verb {
	ROUTE_DELETE,
	ROUTE_GET,
	ROUTE_HEAD,
	ROUTE_OPTIONS,
	ROUTE_PATCH,
	ROUTE_POST,
	ROUTE_PUT,
	ROUTE_ANY, /* in a tree: all of the above; in a request: never */
	ROUTE_VERB_COUNT,
	ROUTE_VERB_NONE = ROUTE_VERB_COUNT /* a method that not even ANY serves */
};

struct snapshot_method;
struct route_node;

/* Parameter names and values of a match, in the order of the path. */
struct route_parameter {
	struct view name;  /* lives as long as the tree */
	struct view value; /* a piece of the path that was matched, still encoded */
};

struct route_match {
	const struct snapshot_method *method;
	size_t parameter_count;
	struct route_parameter parameters[ROUTE_DEPTH_MAX];
};

/* The verb of that name ("GET", "ANY"), exact case; ROUTE_VERB_NONE for any other. */
enum route_verb route_verb_parse(struct view name);

/* The text of a verb; ROUTE_ANY is "ANY". */
struct view route_verb_name(enum route_verb verb);

/* Make a root. All memory of the tree comes from `arena`. NULL if there is no memory. */
struct route_node *route_new(struct arena *arena);

/*
 * Add the child `part` ("pets", "{id}", "{proxy+}") to `parent`. `part` must live as long as the tree.
 *
 * Returns 0; -EINVAL if the part is not well-formed (empty, slash, braces elsewhere than around the whole); -EEXIST if the
 * parent has that child, or a parameter of that kind already; -ENOTDIR if the parent is greedy; -ELOOP if the child would be
 * deeper than ROUTE_DEPTH_MAX; -ENOMEM.
 */
int route_add(struct arena *arena, struct route_node *parent, struct view part, struct route_node **ret)
	__attribute__((warn_unused_result));

/* The child of `parent` for that part, or NULL. */
struct route_node *route_child(const struct route_node *parent, struct view part);

/* Let `method` serve `verb` at `node`, in the place of what did before. */
void route_set_method(struct route_node *node, enum route_verb verb, const struct snapshot_method *method);

/*
 * Find the method for `verb` at `path` (what follows the stage; "" counts as "/") below `root`. True and `*ret` filled in;
 * or false, which the client sees as 403 Missing Authentication Token, whether the path or the method was unknown.
 */
bool route_find(const struct route_node *root, enum route_verb verb, struct view path, struct route_match *ret);

#endif
