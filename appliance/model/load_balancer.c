/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/load_balancer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/counters.h"
#include "appliance/model/compile.h"

/* Weights and thresholds as the API bounds them; a record with others was not made by it. */
enum { WEIGHT_MAX = 999, THRESHOLD_MAX = 10, INTERVAL_MAX_S = 300, TIMEOUT_MAX_S = 120 };

/* ---- VPC links ---- */

struct link_object {
	struct snapshot_vpc_link link; /* first: it is what the catalog knows */
	struct arena arena;
};

static void link_free(struct catalog_object *object)
{
	struct link_object *link = (struct link_object *)(void *)object;

	arena_fini(&link->arena);
	free(link);
}

int vpc_link_compile(struct compile *compile, struct view id, const struct json *body, struct snapshot_vpc_link **ret)
{
	struct link_object *object = calloc(1, sizeof *object);

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->link.object = (struct catalog_object){
		.reference_count = 1,
		.free = link_free,
		.key = arena_copy(&object->arena, id),
	};
	object->link.target_arn = arena_copy(&object->arena, json_text(json_at(json_find(body, "targetArns"), 0)));
	object->link.is_available = view_equals_text(json_find_text(body, "status"), "AVAILABLE");
	if (!object->link.object.key.at || !object->link.target_arn.at) {
		link_free(&object->link.object);
		return compile_no_memory(compile);
	}
	*ret = &object->link;
	return 0;
}

/* ---- load balancers ---- */

struct balancer_object {
	struct snapshot_load_balancer balancer; /* first */
	struct arena arena;
};

static void balancer_free(struct catalog_object *object)
{
	struct balancer_object *balancer = (struct balancer_object *)(void *)object;

	arena_fini(&balancer->arena);
	free(balancer);
}

static int compile_integer(
	struct compile *compile, const struct json *json, const char *member, int64_t min, int64_t max, int64_t *ret)
{
	if (json_integer(json_find(json, member), min, max, ret) < 0)
		return compile_fail(compile, -EINVAL, "%s: it must be between %lld and %lld", member, (long long)min,
			(long long)max);
	return 0;
}

/* One group, or several with weights: control keeps both forms as a list. */
static int compile_forwards(
	struct compile *compile, struct arena *arena, const struct json *action, struct snapshot_balancer_listener *ret)
{
	const struct json *groups = json_find(json_find(action, "ForwardConfig"), "TargetGroups");
	size_t count = json_count(groups);
	struct snapshot_forward *forwards = ARENA_NEW_ARRAY(arena, struct snapshot_forward, count);

	if (!forwards)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		int64_t weight = json_find_integer(json_at(groups, i), "Weight", 1);

		if (weight < 0 || weight > WEIGHT_MAX)
			return compile_fail(compile, -EINVAL, "Weight: it must be between 0 and %d", WEIGHT_MAX);
		forwards[i].group_arn = arena_copy(arena, json_find_text(json_at(groups, i), "TargetGroupArn"));
		if (!forwards[i].group_arn.at)
			return compile_no_memory(compile);
		forwards[i].weight = (uint32_t)weight;
		ret->weight_sum += (uint32_t)weight;
	}
	ret->forwards = forwards;
	ret->forward_count = count;
	return 0;
}

static int compile_listener(
	struct compile *compile, struct arena *arena, const struct json *body, struct snapshot_balancer_listener *ret)
{
	struct view protocol = json_find_text(body, "Protocol");
	int64_t port;
	int error = compile_integer(compile, body, "Port", 1, 65535, &port);

	if (error)
		return error;
	ret->port = (uint16_t)port;
	ret->arn = arena_copy(arena, json_find_text(body, "ListenerArn"));
	if (!ret->arn.at)
		return compile_no_memory(compile);
	ret->kind = view_equals_text(protocol, "TLS") || view_equals_text(protocol, "HTTPS") ? LOAD_BALANCER_ENDS_TLS
		    : view_equals_text(protocol, "HTTP")                                     ? LOAD_BALANCER_TAKES_HTTP
											     : LOAD_BALANCER_PASSES;
	return compile_forwards(compile, arena, json_at(json_find(body, "DefaultActions"), 0), ret);
}

static int listener_compare(const void *left, const void *right)
{
	const struct snapshot_balancer_listener *a = left, *b = right;

	return (a->port > b->port) - (a->port < b->port);
}

static int compile_listeners(struct compile *compile, struct balancer_object *object, const struct json *bodies)
{
	size_t count = json_count(bodies);
	struct snapshot_balancer_listener *listeners =
		ARENA_NEW_ARRAY(&object->arena, struct snapshot_balancer_listener, count);

	if (!listeners)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_listener(compile, &object->arena, json_at(bodies, i), &listeners[i]);

		if (error)
			return error;
	}
	if (count > 1)
		qsort(listeners, count, sizeof *listeners, listener_compare);
	object->balancer.listeners = listeners;
	object->balancer.listener_count = count;
	return 0;
}

int load_balancer_compile(
	struct compile *compile, struct view arn, const struct json *listeners, struct snapshot_load_balancer **ret)
{
	struct balancer_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->balancer.object = (struct catalog_object){
		.reference_count = 1,
		.free = balancer_free,
		.key = arena_copy(&object->arena, arn),
	};
	error = object->balancer.object.key.at ? compile_listeners(compile, object, listeners)
					       : compile_no_memory(compile);
	if (error) {
		balancer_free(&object->balancer.object);
		return error;
	}
	*ret = &object->balancer;
	return 0;
}

/* ---- target groups ---- */

struct group_object {
	struct snapshot_target_group group; /* first */
	struct arena arena;
};

static void group_free(struct catalog_object *object)
{
	struct group_object *group = (struct group_object *)(void *)object;

	arena_fini(&group->arena);
	free(group);
}

/* "200,301-302": more ranges than fit were never accepted. */
static int compile_matches(struct compile *compile, struct view text, struct target_check *ret)
{
	struct view range, low, high;

	while (view_split(&text, ',', &range)) {
		uint64_t first, last;

		if (!view_cut(range, '-', &low, &high))
			low = high = range;
		if (view_parse_u64(low, 999, &first) || view_parse_u64(high, 999, &last) ||
			ret->match_count == LOAD_BALANCER_MATCHES_MAX)
			return compile_fail(compile, -EINVAL, "Matcher: '" VIEW_FMT "'", VIEW_ARG(range));
		ret->matches[ret->match_count].low = (uint16_t)first;
		ret->matches[ret->match_count++].high = (uint16_t)last;
	}
	return 0;
}

static int compile_check(
	struct compile *compile, struct arena *arena, const struct json *body, struct target_check *ret)
{
	int64_t interval_s, timeout_s = 0, healthy = 0, unhealthy = 0;
	int error = compile_integer(compile, body, "HealthCheckIntervalSeconds", 1, INTERVAL_MAX_S, &interval_s);

	if (!error)
		error = compile_integer(compile, body, "HealthCheckTimeoutSeconds", 1, TIMEOUT_MAX_S, &timeout_s);
	if (!error)
		error = compile_integer(compile, body, "HealthyThresholdCount", 1, THRESHOLD_MAX, &healthy);
	if (!error)
		error = compile_integer(compile, body, "UnhealthyThresholdCount", 1, THRESHOLD_MAX, &unhealthy);
	if (error)
		return error;
	ret->kind = view_starts_with(json_find_text(body, "HealthCheckProtocol"), view_of("HTTP")) ? TARGET_CHECK_HTTP
												   : TARGET_CHECK_TCP;
	ret->interval_ms = (uint32_t)interval_s * 1000;
	ret->timeout_ms = (uint32_t)timeout_s * 1000;
	ret->healthy_count = (uint16_t)healthy;
	ret->unhealthy_count = (uint16_t)unhealthy;
	ret->path = arena_copy(arena, json_find_text(body, "HealthCheckPath"));
	if (!ret->path.at)
		return compile_no_memory(compile);
	if (ret->path.count > LOAD_BALANCER_CHECK_PATH_MAX_BYTES)
		return compile_fail(compile, -EINVAL, "HealthCheckPath: it is too long");
	return compile_matches(compile, json_find_text(json_find(body, "Matcher"), "HttpCode"), ret);
}

/* `check_port`: 0 stands for the target's own. */
static int compile_target(struct compile *compile, struct group_object *object, const struct json *body,
	uint16_t check_port, bool check_tls, struct snapshot_target *ret)
{
	int64_t port, slot = 0, registration = 0;
	int error = compile_integer(compile, body, "Port", 1, 65535, &port);

	if (!error)
		error = compile_integer(compile, body, "slot", 0, COUNTERS_TARGETS_MAX - 1, &slot);
	if (!error)
		error = compile_integer(compile, body, "registration", 1, UINT32_MAX, &registration);
	if (error)
		return error;
	ret->id = arena_copy(&object->arena, json_find_text(body, "Id"));
	if (!ret->id.at)
		return compile_no_memory(compile);
	ret->port = (uint16_t)port;
	ret->slot = (uint16_t)slot;
	ret->registration = (uint32_t)registration;
	if (outbound_target_init(&ret->forwarded, ret->id, ret->port, object->group.has_tls,
		    object->group.has_tls ? TLS_VERIFY_NOTHING : TLS_VERIFY_ALL) < 0 ||
		outbound_target_init(&ret->checked, ret->id, check_port ? check_port : ret->port, check_tls,
			check_tls ? TLS_VERIFY_NOTHING : TLS_VERIFY_ALL) < 0)
		return compile_fail(compile, -EINVAL, "Id: '" VIEW_FMT "'", VIEW_ARG(ret->id));
	return 0;
}

static int compile_targets(struct compile *compile, struct group_object *object, const struct json *body)
{
	const struct json *bodies = json_find_path(body, "postern", "targets", NULL);
	struct view protocol = json_find_text(body, "HealthCheckProtocol"),
		    port = json_find_text(body, "HealthCheckPort");
	bool check_tls = view_equals_text(protocol, "HTTPS");
	size_t count = json_count(bodies);
	struct snapshot_target *targets = ARENA_NEW_ARRAY(&object->arena, struct snapshot_target, count);
	uint64_t check_port = 0;

	if (!targets)
		return compile_no_memory(compile);
	if (!view_equals_text(port, "traffic-port") && view_parse_u64(port, 65535, &check_port))
		return compile_fail(compile, -EINVAL, "HealthCheckPort: '" VIEW_FMT "'", VIEW_ARG(port));
	for (size_t i = 0; i < count; i++) {
		int error = compile_target(
			compile, object, json_at(bodies, i), (uint16_t)check_port, check_tls, &targets[i]);

		if (error)
			return error;
	}
	object->group.targets = targets;
	object->group.target_count = count;
	return 0;
}

static int compile_group(struct compile *compile, struct group_object *object, const struct json *body)
{
	struct view protocol = json_find_text(body, "Protocol");
	struct snapshot_target_group *group = &object->group;
	int error;

	group->vpc_id = arena_copy(&object->arena, json_find_text(body, "VpcId"));
	if (!group->object.key.at || !group->vpc_id.at)
		return compile_no_memory(compile);
	group->has_tls = view_equals_text(protocol, "TLS") || view_equals_text(protocol, "HTTPS");
	group->is_in_use = json_count(json_find(body, "LoadBalancerArns")) > 0;
	error = compile_check(compile, &object->arena, body, &group->check);
	return error ? error : compile_targets(compile, object, body);
}

int target_group_compile(
	struct compile *compile, struct view arn, const struct json *body, struct snapshot_target_group **ret)
{
	struct group_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->group.object = (struct catalog_object){
		.reference_count = 1,
		.free = group_free,
		.key = arena_copy(&object->arena, arn),
	};
	error = compile_group(compile, object, body);
	if (error) {
		group_free(&object->group.object);
		return error;
	}
	*ret = &object->group;
	return 0;
}

/* ---- finding ---- */

const struct snapshot_vpc_link *snapshot_vpc_link_find(const struct snapshot *snapshot, struct view id)
{
	return (const struct snapshot_vpc_link *)(void *)catalog_find(&snapshot->vpc_links, id);
}

const struct snapshot_load_balancer *snapshot_load_balancer_find(const struct snapshot *snapshot, struct view arn)
{
	return (const struct snapshot_load_balancer *)(void *)catalog_find(&snapshot->load_balancers, arn);
}

const struct snapshot_target_group *snapshot_target_group_find(const struct snapshot *snapshot, struct view arn)
{
	return (const struct snapshot_target_group *)(void *)catalog_find(&snapshot->target_groups, arn);
}

const struct snapshot_balancer_listener *load_balancer_listener_find(
	const struct snapshot_load_balancer *balancer, uint16_t port)
{
	/* Fifty at most, and nearly always one or two. */
	for (size_t i = 0; i < balancer->listener_count; i++)
		if (balancer->listeners[i].port == port)
			return &balancer->listeners[i];
	return NULL;
}

struct view load_balancer_arn_of(struct view arn, char room[LOAD_BALANCER_ARN_MAX_BYTES])
{
	const struct view listener = view_of(":listener/"), balancer = view_of(":loadbalancer/");
	size_t at = view_find(arn, listener), end = view_find_last_byte(arn, '/'), rest_at;

	if (at == VIEW_NOWHERE || arn.count + balancer.count > LOAD_BALANCER_ARN_MAX_BYTES)
		return arn;
	rest_at = at + listener.count;
	if (end < rest_at)
		return arn;
	memcpy(room, arn.at, at);
	memcpy(room + at, balancer.at, balancer.count);
	memcpy(room + at + balancer.count, arn.at + rest_at, end - rest_at);
	return view_from(room, at + balancer.count + end - rest_at);
}

bool target_check_matches(const struct target_check *check, int status)
{
	for (size_t i = 0; i < check->match_count; i++)
		if (status >= check->matches[i].low && status <= check->matches[i].high)
			return true;
	return false;
}
