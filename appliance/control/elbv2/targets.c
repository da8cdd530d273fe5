/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Targets: registered, deregistered, and their health, as the gateway's checker sees it (base/target_state.h).
 *
 * Each target gets the lowest slot that no target of any group has, and a number of its registration: model/load_balancer.h. A target
 * that was deregistered is shown as draining until the group's delay is over; new requests go to others at once, those under
 * way end by themselves. An address is kept in one spelling, that of inet_ntop().
 * Source: ELBv2 API Reference: RegisterTargets, DeregisterTargets, DescribeTargetHealth, TargetHealth.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/counters.h"
#include "appliance/base/target_state.h"
#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: "Quotas for your Application Load Balancers", targets per target group. */
enum { TARGETS_PER_GROUP_MAX = 1000 };

/* As many may be shown as draining; with more of them the oldest are forgotten. */
enum { DRAINING_PER_GROUP_MAX = 1000 };

static int find_group(struct call *call, struct json **ret)
{
	return elbv2_find(call, STORE_targetgroup, call_input(call, "TargetGroupArn"), ret);
}

static struct json *targets_of(struct json *group)
{
	return json_ensure_array(json_ensure_object(group, "postern"), "targets");
}

/* Those that drain: {Id, Port, untilMs}. */
static struct json *draining_of(struct json *group)
{
	return json_ensure_array(json_ensure_object(group, "postern"), "draining");
}

/* The address that a target of the input names, in the spelling that is kept; what is none as it came. */
static struct view id_of(struct call *call, const struct json *wanted)
{
	const char *id = json_find_c_string(wanted, "Id");
	unsigned char address[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (!id || inet_pton(AF_INET6, id, address) != 1)
		return json_find_text(wanted, "Id");
	return view_from_text(call_text(call, "%s", inet_ntop(AF_INET6, address, text, sizeof text)));
}

/* Its port; by default the group's. */
static int64_t port_of(const struct json *group, const struct json *wanted)
{
	return json_find_integer(wanted, "Port", json_find_integer(group, "Port", 0));
}

static bool find_target(const struct json *targets, struct view id, int64_t port, size_t *ret_index)
{
	for (size_t i = 0; i < json_count(targets); i++)
		if (view_equals(json_find_text(json_at(targets, i), "Id"), id) &&
			json_find_integer(json_at(targets, i), "Port", 0) == port) {
			*ret_index = i;
			return true;
		}
	return false;
}

/* --- RegisterTargets ------------------------------------------------------------------------------------------------------------- */

/* Nobody answers, or many do, or it is an IPv4 address in disguise. */
static bool is_unfit(bool is_v6, const void *address)
{
	const struct in6_addr *v6 = address;
	struct in_addr v4;

	if (is_v6)
		return IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_MULTICAST(v6) || IN6_IS_ADDR_V4MAPPED(v6);
	memcpy(&v4, address, sizeof v4);
	return v4.s_addr == INADDR_ANY || v4.s_addr == INADDR_BROADCAST || IN_MULTICAST(ntohl(v4.s_addr));
}

/* "all", or the region's name and a letter. */
static int check_zone(struct call *call, struct view zone)
{
	const char *region = control_region(call->control);
	size_t count = strlen(region);

	if (zone.count == 0 || view_equals_text(zone, "all") ||
		(zone.count == count + 1 && view_starts_with(zone, view_from_text(region)) && zone.at[count] >= 'a' &&
			zone.at[count] <= 'z'))
		return 0;
	return call_fail(call, "ValidationError", "The Availability Zone '" VIEW_FMT "' is not valid", VIEW_ARG(zone));
}

/* An empty list, and what is no list: `Targets=x`. */
static int check_list(struct call *call)
{
	return json_count(json_find(call->input, "Targets"))
		       ? 0
		       : call_fail(call, "ValidationError", "At least one target must be specified");
}

static int check_target(struct call *call, const struct json *group, const struct json *target)
{
	const char *id = json_find_c_string(target, "Id"), *type = json_find_c_string(group, "IpAddressType");
	bool is_v6 = type && strcmp(type, "ipv6") == 0;
	struct in6_addr address;
	int64_t port;

	if (!id || !*id)
		return call_fail(call, "ValidationError", "A target ID must be specified");
	if (!view_equals_text(json_find_text(group, "TargetType"), "ip"))
		return call_fail(call, "InvalidTarget",
			"The following targets are not in a running state and cannot be registered: '%s'", id);
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, id, &address) != 1)
		return call_fail(call, "ValidationError", "The IP address '%s' is not a valid %s address", id,
			is_v6 ? "IPv6" : "IPv4");
	if (is_unfit(is_v6, &address))
		return call_fail(call, "ValidationError", "The IP address '%s' cannot be registered as a target", id);
	if (json_find(target, "Port") && json_integer(json_find(target, "Port"), 1, 65535, &port) < 0)
		return call_fail(call, "ValidationError", "The port of target '%s' must be between 1 and 65535", id);
	return check_zone(call, json_find_text(target, "AvailabilityZone"));
}

/* The slots that targets have, of whatever group. */
static void note_slots(struct call *call, bool used[COUNTERS_TARGETS_MAX])
{
	struct json JSON_CLEANUP *groups = record_list(call, STORE_targetgroup, NULL);

	memset(used, 0, COUNTERS_TARGETS_MAX * sizeof *used);
	JSON_EACH(group, groups)
	JSON_EACH(target, json_find_path(group, "postern", "targets", NULL))
	{
		int64_t slot = json_find_integer(target, "slot", -1);

		if (slot >= 0 && slot < COUNTERS_TARGETS_MAX)
			used[slot] = true;
	}
}

static long take_slot(bool used[COUNTERS_TARGETS_MAX])
{
	for (long slot = 0; slot < COUNTERS_TARGETS_MAX; slot++)
		if (!used[slot]) {
			used[slot] = true;
			return slot;
		}
	return -1;
}

static void drop_drained(struct json *draining, uint64_t now_ms)
{
	for (size_t i = json_count(draining); i-- > 0;)
		if ((uint64_t)json_find_integer(json_at(draining, i), "untilMs", 0) <= now_ms)
			(void)json_remove_at(draining, i);
}

static void remove_draining(struct json *group, struct view id, int64_t port)
{
	struct json *draining = draining_of(group);
	size_t index;

	while (find_target(draining, id, port, &index))
		(void)json_remove_at(draining, index);
}

static int add_target(struct call *call, struct json *group, const struct json *wanted, bool used[COUNTERS_TARGETS_MAX])
{
	struct json *targets = targets_of(group), *target;
	struct view id = id_of(call, wanted), zone = json_find_text(wanted, "AvailabilityZone");
	int64_t port = port_of(group, wanted);
	uint32_t registration = 0;
	size_t index;
	long slot;

	if (find_target(targets, id, port, &index))
		return 0;
	slot = take_slot(used);
	if (slot < 0 || json_count(targets) >= TARGETS_PER_GROUP_MAX)
		return call_fail(call, "TooManyTargets", "The maximum number of targets has been reached");
	while (registration == 0)
		random_bytes(&registration, sizeof registration);
	remove_draining(group, id, port);
	target = json_object_new();
	json_set_text(target, "Id", id);
	json_set_integer(target, "Port", port);
	if (zone.count)
		json_set_text(target, "AvailabilityZone", zone);
	json_set_integer(target, "slot", slot);
	json_set_integer(target, "registration", registration);
	json_append(targets, target);
	return 0;
}

int op_register_targets(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	const struct json *wanted = json_find(call->input, "Targets");
	bool *used;
	int error = find_group(call, &group);

	if (error == 0)
		error = check_list(call);
	JSON_EACH(target, wanted)
	if (error == 0)
		error = check_target(call, group, target);
	if (error < 0)
		return error;
	used = arena_alloc(&call->arena, COUNTERS_TARGETS_MAX * sizeof *used);
	ASSERT(used);
	note_slots(call, used);
	drop_drained(draining_of(group), call->request.received_wall_ms);
	JSON_EACH(target, wanted)
	if (add_target(call, group, target, used) < 0)
		return CALL_FAILED;
	elbv2_put(call, STORE_targetgroup, group);
	return 0;
}

/* --- DeregisterTargets ------------------------------------------------------------------------------------------------------------ */

static void begin_draining(struct json *draining, struct json *target, uint64_t until_ms)
{
	(void)json_remove(target, "slot");
	(void)json_remove(target, "registration");
	json_set_integer(target, "untilMs", (int64_t)until_ms);
	if (json_count(draining) >= DRAINING_PER_GROUP_MAX)
		(void)json_remove_at(draining, 0);
	json_append(draining, target);
}

int op_deregister_targets(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	uint64_t now_ms = call->request.received_wall_ms;
	struct json *targets, *draining;
	uint64_t until_ms;
	size_t index;

	if (find_group(call, &group) < 0 || check_list(call) < 0)
		return CALL_FAILED;
	targets = targets_of(group);
	draining = draining_of(group);
	drop_drained(draining, now_ms);
	until_ms = now_ms +
		   1000 * strtoull(elbv2_attribute(STORE_targetgroup, group, "deregistration_delay.timeout_seconds"),
				  NULL, 10);
	JSON_EACH(wanted, json_find(call->input, "Targets"))
	if (find_target(targets, id_of(call, wanted), port_of(group, wanted), &index))
		begin_draining(draining, json_take_at(targets, index), until_ms);
	elbv2_put(call, STORE_targetgroup, group);
	return 0;
}

/* --- DescribeTargetHealth --------------------------------------------------------------------------------------------------------- */

static void set_health(struct json *shown, const char *state, const char *reason, const char *description)
{
	struct json *health = json_ensure_object(shown, "TargetHealth");

	json_set_c_string(health, "State", state);
	json_set_c_string(health, "Reason", reason);
	json_set_c_string(health, "Description", description);
}

static struct json *begin_shown(const struct json *target)
{
	struct json *shown = json_object_new(), *copy = json_ensure_object(shown, "Target");

	json_set_text(copy, "Id", json_find_text(target, "Id"));
	if (json_find(target, "Port"))
		json_set_integer(copy, "Port", json_find_integer(target, "Port", 0));
	if (json_find(target, "AvailabilityZone"))
		json_set_text(copy, "AvailabilityZone", json_find_text(target, "AvailabilityZone"));
	return shown;
}

static struct target_state state_of(const struct call *call, const struct json *target)
{
	int64_t slot = json_find_integer(target, "slot", -1);
	uint32_t registration = (uint32_t)json_find_integer(target, "registration", 0);
	uint64_t word = 0;

	if (call->control->settings.counters && slot >= 0 && slot < COUNTERS_TARGETS_MAX)
		word = counters_read_target(call->control->settings.counters, (unsigned)slot);
	return target_state_of(word, registration);
}

static void set_judged_health(struct call *call, struct json *shown, struct target_state state)
{
	if (state.health == TARGET_INITIAL) {
		set_health(shown, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress");
		return;
	}
	if (state.health == TARGET_HEALTHY) {
		set_health(shown, "healthy", NULL, NULL);
		return;
	}
	switch (state.reason) {
	case TARGET_RESPONSE_CODE:
		set_health(shown, "unhealthy", "Target.ResponseCodeMismatch",
			call_text(call, "Health checks failed with these codes: [%u]", state.status));
		break;
	case TARGET_TIMEOUT:
		set_health(shown, "unhealthy", "Target.Timeout", "Request timed out");
		break;
	default:
		set_health(shown, "unhealthy", "Target.FailedHealthChecks", "Health checks failed");
	}
}

static void show_registered(struct call *call, const struct json *group, const struct json *target, struct json *list)
{
	struct view port = json_find_text(group, "HealthCheckPort");
	struct json *shown = begin_shown(target);

	if (view_equals_text(port, "traffic-port"))
		json_set(shown, "HealthCheckPort",
			json_text_new_printf("%lld", (long long)json_find_integer(target, "Port", 0)));
	else
		json_set_text(shown, "HealthCheckPort", port);
	if (json_count(json_find(group, "LoadBalancerArns")) == 0)
		set_health(shown, "unused", "Target.NotInUse",
			"Target group is not configured to receive traffic from the load balancer");
	else
		set_judged_health(call, shown, state_of(call, target));
	json_append(list, shown);
}

static void show_draining(const struct json *target, struct json *list)
{
	struct json *shown = begin_shown(target);

	set_health(shown, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress");
	json_append(list, shown);
}

static void show_wanted(struct call *call, struct json *group, const struct json *wanted, struct json *list)
{
	struct view id = id_of(call, wanted);
	int64_t port = port_of(group, wanted);
	struct json *shown;
	size_t index;

	if (find_target(targets_of(group), id, port, &index)) {
		show_registered(call, group, json_at(targets_of(group), index), list);
		return;
	}
	if (find_target(draining_of(group), id, port, &index)) {
		show_draining(json_at(draining_of(group), index), list);
		return;
	}
	shown = begin_shown(wanted);
	json_set_integer(json_find(shown, "Target"), "Port", port);
	set_health(shown, "unused", "Target.NotRegistered", "Target is not registered to the target group");
	json_append(list, shown);
}

int op_describe_target_health(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	struct json *list = json_ensure_array(call->output, "TargetHealthDescriptions");
	const struct json *wanted = json_find(call->input, "Targets");

	if (find_group(call, &group) < 0)
		return CALL_FAILED;
	drop_drained(draining_of(group), call->request.received_wall_ms);
	JSON_EACH(target, wanted)
	show_wanted(call, group, target, list);
	if (json_count(wanted))
		return 0;
	JSON_EACH(target, targets_of(group))
	show_registered(call, group, target, list);
	JSON_EACH(target, draining_of(group))
	show_draining(target, list);
	return 0;
}
