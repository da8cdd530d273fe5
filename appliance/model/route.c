/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/route.h"

#include <errno.h>
#include <stdint.h>

enum node_kind { NODE_LITERAL, NODE_PARAMETER, NODE_GREEDY };

struct route_node {
	enum node_kind kind;
	uint32_t depth;
	uint32_t hash;    /* of a literal part */
	struct view part; /* literal, or the name of the parameter */
	struct route_node *parameter, *greedy;
	struct route_node **literals; /* open addressing, at most half full */
	uint32_t literal_room, literal_count;
	const struct snapshot_method *methods[ROUTE_VERB_COUNT];
};

static const struct view verb_names[ROUTE_VERB_COUNT] = {
	[ROUTE_DELETE] = VIEW_INIT("DELETE"),
	[ROUTE_GET] = VIEW_INIT("GET"),
	[ROUTE_HEAD] = VIEW_INIT("HEAD"),
	[ROUTE_OPTIONS] = VIEW_INIT("OPTIONS"),
	[ROUTE_PATCH] = VIEW_INIT("PATCH"),
	[ROUTE_POST] = VIEW_INIT("POST"),
	[ROUTE_PUT] = VIEW_INIT("PUT"),
	[ROUTE_ANY] = VIEW_INIT("ANY"),
};

enum route_verb route_verb_parse(struct view name)
{
	for (unsigned verb = 0; verb < ROUTE_VERB_COUNT; verb++) {
		if (view_equals(verb_names[verb], name))
			return (enum route_verb)verb;
	}
	return ROUTE_VERB_NONE;
}

struct view route_verb_name(enum route_verb verb)
{
	return verb < ROUTE_VERB_COUNT ? verb_names[verb] : (struct view){ 0 };
}

/* FNV-1a. Which parts a tree holds is the administrator's choice, so an unkeyed hash is enough. */
static uint32_t part_hash(struct view part)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < part.count; i++)
		hash = (hash ^ (unsigned char)part.at[i]) * 16777619u;
	return hash;
}

static struct route_node *literal_find(const struct route_node *node, struct view part)
{
	uint32_t hash;

	if (node->literal_count == 0)
		return NULL;
	hash = part_hash(part);
	for (uint32_t i = hash;; i++) {
		struct route_node *child = node->literals[i & (node->literal_room - 1)];

		if (!child)
			return NULL;
		if (child->hash == hash && view_equals(child->part, part))
			return child;
	}
}

static void literal_place(struct route_node *node, struct route_node *child)
{
	uint32_t i = child->hash;

	while (node->literals[i & (node->literal_room - 1)])
		i++;
	node->literals[i & (node->literal_room - 1)] = child;
}

static int literal_add(struct arena *arena, struct route_node *node, struct route_node *child)
{
	struct route_node **old = node->literals;
	uint32_t old_room = node->literal_room;

	if (2 * (node->literal_count + 1) > old_room) {
		uint32_t room = old_room ? 2 * old_room : 4;
		struct route_node **literals = ARENA_NEW_ARRAY(arena, struct route_node *, room);

		if (!literals)
			return -ENOMEM;
		node->literals = literals;
		node->literal_room = room;
		for (uint32_t i = 0; i < old_room; i++) {
			if (old[i])
				literal_place(node, old[i]);
		}
	}
	literal_place(node, child);
	node->literal_count++;
	return 0;
}

/* Which kind of part is it? `*ret_name` is the literal, or what stands between the braces. */
static int part_parse(struct view part, enum node_kind *ret_kind, struct view *ret_name)
{
	struct view name = part;

	*ret_kind = NODE_LITERAL;
	if (part.count >= 2 && part.at[0] == '{' && part.at[part.count - 1] == '}') {
		*ret_kind = NODE_PARAMETER;
		name = view_part(part, 1, part.count - 2);
		if (name.count > 0 && name.at[name.count - 1] == '+') {
			*ret_kind = NODE_GREEDY;
			name.count--;
		}
		if (view_find_byte(name, '+') != VIEW_NOWHERE)
			return -EINVAL;
	}
	if (name.count == 0 || view_find_byte(name, '/') != VIEW_NOWHERE || view_find_byte(name, '{') != VIEW_NOWHERE ||
		view_find_byte(name, '}') != VIEW_NOWHERE)
		return -EINVAL;
	*ret_name = name;
	return 0;
}

struct route_node *route_new(struct arena *arena)
{
	return ARENA_NEW(arena, struct route_node);
}

struct route_node *route_child(const struct route_node *parent, struct view part)
{
	enum node_kind kind;
	struct view name;
	struct route_node *child;

	if (part_parse(part, &kind, &name))
		return NULL;
	if (kind == NODE_LITERAL)
		return literal_find(parent, name);
	child = kind == NODE_GREEDY ? parent->greedy : parent->parameter;
	return child && view_equals(child->part, name) ? child : NULL;
}

int route_add(struct arena *arena, struct route_node *parent, struct view part, struct route_node **ret)
{
	struct route_node *child, **place = NULL;
	enum node_kind kind;
	struct view name;
	int error = part_parse(part, &kind, &name);

	if (error)
		return error;
	if (parent->kind == NODE_GREEDY)
		return -ENOTDIR;
	if (parent->depth >= ROUTE_DEPTH_MAX)
		return -ELOOP;
	if (kind != NODE_LITERAL)
		place = kind == NODE_GREEDY ? &parent->greedy : &parent->parameter;
	if (place ? *place != NULL : literal_find(parent, name) != NULL)
		return -EEXIST;
	child = route_new(arena);
	if (!child)
		return -ENOMEM;
	child->kind = kind;
	child->depth = parent->depth + 1;
	child->part = name;
	child->hash = part_hash(name);
	if (place) {
		*place = child;
	} else {
		error = literal_add(arena, parent, child);
		if (error)
			return error;
	}
	*ret = child;
	return 0;
}

void route_set_method(struct route_node *node, enum route_verb verb, const struct snapshot_method *method)
{
	node->methods[verb] = method;
}

static const struct snapshot_method *node_method(const struct route_node *node, enum route_verb verb)
{
	return node->methods[verb] ? node->methods[verb] : node->methods[ROUTE_ANY];
}

static bool finish(const struct route_node *node, enum route_verb verb, size_t parameter_count, struct route_match *ret)
{
	ret->method = node_method(node, verb);
	ret->parameter_count = parameter_count;
	return ret->method != NULL;
}

/*
 * Try the subtree below `node` on `rest`, which neither begins with a slash of ours nor ends in one: it is empty exactly
 * when no segment is left. Depth of recursion: that of the tree.
 */
static bool descend(const struct route_node *node, enum route_verb verb, struct view rest, size_t parameter_count,
	struct route_match *ret)
{
	const struct route_node *child;
	struct view segment, remainder;

	if (rest.count == 0)
		return finish(node, verb, parameter_count, ret);
	view_cut(rest, '/', &segment, &remainder);
	child = literal_find(node, segment);
	if (child && descend(child, verb, remainder, parameter_count, ret))
		return true;
	child = node->parameter;
	if (child && segment.count > 0) {
		ret->parameters[parameter_count] = (struct route_parameter){ .name = child->part, .value = segment };
		if (descend(child, verb, remainder, parameter_count + 1, ret))
			return true;
	}
	child = node->greedy;
	if (!child)
		return false;
	ret->parameters[parameter_count] = (struct route_parameter){ .name = child->part, .value = rest };
	return finish(child, verb, parameter_count + 1, ret);
}

bool route_find(const struct route_node *root, enum route_verb verb, struct view path, struct route_match *ret)
{
	if (verb >= ROUTE_ANY)
		return false;
	while (path.count > 0 && path.at[0] == '/')
		path = view_after(path, 1);
	while (path.count > 0 && path.at[path.count - 1] == '/')
		path.count--;
	return descend(root, verb, path, 0, ret);
}
