/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/balancing.h"

#include "appliance/base/assert.h"
#include "appliance/model/load_balancer.h"
#include "appliance/model/read.h"

/* Which catalog has objects of that kind. */
static struct catalog *catalog_of(struct snapshot *snapshot, enum store_kind kind)
{
	switch (kind) {
	case STORE_vpclink:
		return &snapshot->vpc_links;
	case STORE_loadbalancer:
		return &snapshot->load_balancers;
	case STORE_targetgroup:
		return &snapshot->target_groups;
	default:
		ASSERT_UNREACHABLE();
	}
}

static int compile_link(struct compile *compile, const char *id, const struct json *body, struct catalog_object **ret)
{
	struct snapshot_vpc_link *link;
	int error = vpc_link_compile(compile, view_from_text(id), body, &link);

	*ret = error ? NULL : &link->object;
	return error;
}

static int compile_balancer(struct compile *compile, struct store *store, const char *id, struct catalog_object **ret)
{
	JSON_CLEANUP struct json *listeners = NULL;
	struct snapshot_load_balancer *balancer;
	int error = read_children(compile, store, STORE_listener, id, &listeners);

	if (!error)
		error = load_balancer_compile(compile, view_from_text(id), listeners, &balancer);
	*ret = error ? NULL : &balancer->object;
	return error;
}

static int compile_group(struct compile *compile, const char *id, const struct json *body, struct catalog_object **ret)
{
	struct snapshot_target_group *group;
	int error = target_group_compile(compile, view_from_text(id), body, &group);

	*ret = error ? NULL : &group->object;
	return error;
}

int balancing_build(
	struct compile *compile, struct store *store, struct snapshot *snapshot, enum store_kind kind, const char *id)
{
	JSON_CLEANUP struct json *body = NULL;
	struct catalog *catalog = catalog_of(snapshot, kind);
	struct catalog_object *object;
	int error = read_record(compile, store, kind, id, &body, NULL);

	if (error)
		return error;
	if (!body)
		return catalog_remove(catalog, view_from_text(id)) ? compile_no_memory(compile) : 0;
	error = kind == STORE_vpclink        ? compile_link(compile, id, body, &object)
		: kind == STORE_loadbalancer ? compile_balancer(compile, store, id, &object)
					     : compile_group(compile, id, body, &object);
	if (error)
		return error;
	error = catalog_put(catalog, object);
	catalog_object_unref(object);
	return error ? compile_no_memory(compile) : 0;
}

struct building {
	struct compile *compile;
	struct store *store;
	struct snapshot *snapshot;
};

static int build_one(void *context, const struct store_record *record)
{
	struct building *building = context;

	return balancing_build(building->compile, building->store, building->snapshot, record->kind, record->id);
}

int balancing_build_all(struct compile *compile, struct store *store, struct snapshot *snapshot)
{
	static const enum store_kind kinds[] = { STORE_vpclink, STORE_loadbalancer, STORE_targetgroup };
	struct building building = { .compile = compile, .store = store, .snapshot = snapshot };
	int error = 0;

	for (size_t i = 0; !error && i < sizeof kinds / sizeof *kinds; i++)
		error = store_each(store, kinds[i], NULL, build_one, &building);
	return error;
}
