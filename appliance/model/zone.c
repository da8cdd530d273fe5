/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone: a hosted zone with its record sets → struct snapshot_zone. */
#include <errno.h>
#include <stdlib.h>

#include "appliance/model/compile.h"

/* Largest TTL of DNS (RFC 2181, section 8). */
#define ZONE_TTL_MAX_S 2147483647

struct zone_object {
	struct snapshot_zone zone; /* first */
	struct arena arena;
};

static void zone_free(struct catalog_object *object)
{
	struct zone_object *zone = (struct zone_object *)(void *)object;

	arena_fini(&zone->arena);
	free(zone);
}

static int record_set_compare(const void *left, const void *right)
{
	const struct snapshot_record_set *a = left, *b = right;
	int order = snapshot_name_compare(a->name, b->name);

	return order ? order : view_compare(a->type, b->type);
}

static int compile_record_set(
	struct compile *compile, struct arena *arena, const struct json *body, struct snapshot_record_set *ret)
{
	const struct json *values = json_find(body, "ResourceRecords"), *alias = json_find(body, "AliasTarget");
	struct view *texts;

	ret->name = compile_dns_name(arena, json_find_text(body, "Name"));
	ret->type = arena_copy(arena, json_find_text(body, "Type"));
	ret->value_count = json_count(values);
	texts = ARENA_NEW_ARRAY(arena, struct view, ret->value_count);
	if (!ret->name.at || !ret->type.at || !texts)
		return compile_no_memory(compile);
	if (ret->type.count == 0)
		return compile_fail(compile, -EINVAL, VIEW_FMT ": Type is missing", VIEW_ARG(ret->name));
	ret->ttl_s = (uint32_t)json_find_integer(body, "TTL", 0);
	if (json_find_integer(body, "TTL", 0) < 0 || json_find_integer(body, "TTL", 0) > ZONE_TTL_MAX_S)
		return compile_fail(compile, -EINVAL, VIEW_FMT ": TTL is not between 0 and %d", VIEW_ARG(ret->name),
			ZONE_TTL_MAX_S);
	for (size_t i = 0; i < ret->value_count; i++) {
		texts[i] = arena_copy(arena, json_find_text(json_at(values, i), "Value"));
		if (!texts[i].at)
			return compile_no_memory(compile);
	}
	ret->values = texts;
	if (!json_is_object(alias))
		return 0;
	ret->alias_target = compile_dns_name(arena, json_find_text(alias, "DNSName"));
	ret->alias_zone_id = arena_copy(arena, json_find_text(alias, "HostedZoneId"));
	return ret->alias_target.at && ret->alias_zone_id.at ? 0 : compile_no_memory(compile);
}

static int compile_record_sets(struct compile *compile, struct zone_object *object, const struct json *records)
{
	size_t count = json_count(records);
	struct snapshot_record_set *sets = ARENA_NEW_ARRAY(&object->arena, struct snapshot_record_set, count);

	if (!sets)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_record_set(compile, &object->arena, json_at(records, i), &sets[i]);

		if (error)
			return error;
	}
	if (count > 1)
		qsort(sets, count, sizeof *sets, record_set_compare);
	object->zone.record_sets = sets;
	object->zone.record_set_count = count;
	return 0;
}

static int compile_members(struct compile *compile, struct zone_object *object, struct view id, const struct json *body)
{
	const struct json *vpcs = json_find(body, "VPCs");
	struct view *vpc_ids = ARENA_NEW_ARRAY(&object->arena, struct view, json_count(vpcs));
	struct snapshot_zone *zone = &object->zone;

	zone->id = arena_copy(&object->arena, id);
	zone->object.key = zone->id;
	zone->name = compile_dns_name(&object->arena, json_find_text(body, "Name"));
	if (!vpc_ids || !zone->id.at || !zone->name.at)
		return compile_no_memory(compile);
	zone->is_private = json_find_bool(json_find(body, "Config"), "PrivateZone", false);
	zone->vpc_count = json_count(vpcs);
	for (size_t i = 0; i < zone->vpc_count; i++) {
		vpc_ids[i] = arena_copy(&object->arena, json_find_text(json_at(vpcs, i), "VPCId"));
		if (!vpc_ids[i].at)
			return compile_no_memory(compile);
	}
	zone->vpc_ids = vpc_ids;
	return 0;
}

int zone_compile(struct compile *compile, struct view id, const struct json *body, const struct json *record_sets,
	struct snapshot_zone **ret)
{
	struct zone_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->zone.object.free = zone_free;
	object->zone.object.reference_count = 1;
	error = compile_members(compile, object, id, body);
	if (!error)
		error = compile_record_sets(compile, object, record_sets);
	if (error) {
		zone_free(&object->zone.object);
		return error;
	}
	*ret = &object->zone;
	return 0;
}
