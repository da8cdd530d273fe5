/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * target_cost: nanoseconds of choosing the target of a private integration and giving it back, among 3 and among 100 healthy ones of
 * which eight have a request at a time: link, load balancer, listener, target group and the pass over the targets.
 *
 * usage: target_cost      (prints lines `NAME VALUE`)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/base/target_state.h"
#include "appliance/integrate/target.h"
#include "appliance/model/compile.h"

#define ROUNDS 15
#define CHOICES 20000
#define AT_A_TIME 8

#define PLACE "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
#define BALANCER PLACE "loadbalancer/net/pets/0123456789abcdef"
#define GROUP PLACE "targetgroup/pets/0123456789abcdef"

static struct snapshot snapshot;
static struct target_worker worker;
static _Atomic uint64_t states[COUNTERS_TARGETS_MAX];

static void fail(const char *what)
{
	fprintf(stderr, "target_cost: %s\n", what);
	exit(1);
}

static struct json *tree(const char *text)
{
	struct json *value = NULL;

	if (json_parse(view_from_text(text), NULL, &value, NULL) < 0)
		fail("no JSON");
	return value;
}

static void put(struct catalog *catalog, struct catalog_object *object)
{
	if (catalog_put(catalog, object) < 0)
		fail("no memory");
	catalog_object_unref(object);
}

static void put_group(struct compile *compile, unsigned count)
{
	JSON_CLEANUP struct json *body =
		tree("{\"Protocol\":\"TCP\",\"VpcId\":\"vpc-1\",\"HealthCheckProtocol\":\"TCP\",\"HealthCheckPort\":"
		     "\"traffic-port\","
		     "\"HealthCheckIntervalSeconds\":30,\"HealthCheckTimeoutSeconds\":10,\"HealthyThresholdCount\":5,"
		     "\"UnhealthyThresholdCount\":2}");
	struct json *targets = json_ensure_array(json_ensure_object(body, "postern"), "targets");
	struct snapshot_target_group *group;

	for (unsigned i = 0; i < count; i++) {
		struct json *target = json_object_new();

		json_set(target, "Id", json_text_new_printf("10.0.0.%u", i + 1));
		json_set_integer(target, "Port", 80);
		json_set_integer(target, "slot", i);
		json_set_integer(target, "registration", 1);
		json_append(targets, target);
		states[i] = target_state_pack(1, (struct target_state){ .health = TARGET_HEALTHY });
	}
	if (target_group_compile(compile, view_of(GROUP), body, &group) < 0)
		fail(compile->message);
	put(&snapshot.target_groups, &group->object);
}

static void build(void)
{
	struct compile compile = { .worker_count = 1 };
	JSON_CLEANUP struct json *link_body = tree("{\"targetArns\":[\"" BALANCER "\"],\"status\":\"AVAILABLE\"}");
	JSON_CLEANUP struct json *listeners =
		tree("[{\"ListenerArn\":\"l\",\"Port\":80,\"Protocol\":\"TCP\",\"DefaultActions\":[{\"ForwardConfig\":"
		     "{\"TargetGroups\":[{\"TargetGroupArn\":\"" GROUP "\",\"Weight\":1}]}}]}]");
	struct snapshot_load_balancer *balancer;
	struct snapshot_vpc_link *link;

	if (vpc_link_compile(&compile, view_of("a1b2c3"), link_body, &link) < 0 ||
		load_balancer_compile(&compile, view_of(BALANCER), listeners, &balancer) < 0)
		fail(compile.message);
	put(&snapshot.vpc_links, &link->object);
	put(&snapshot.load_balancers, &balancer->object);
	put_group(&compile, 3);
	worker.states = states;
}

static double nanoseconds(void)
{
	const struct target_wanted wanted = { .snapshot = &snapshot, .link_id = view_of("a1b2c3"), .arn = view_of("") };
	struct target_lease leases[AT_A_TIME] = { 0 };
	struct outbound_origin origin;
	struct timespec from, to;

	if (outbound_origin_parse(&origin, view_of("http://pets.internal/pets"), true, TLS_VERIFY_ALL) < 0)
		fail("no URI");
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned i = 0; i < CHOICES; i++) {
		struct outbound_target target = origin.target;

		target_give_back(&leases[i % AT_A_TIME]);
		if (target_take(&worker, &wanted, &target, &leases[i % AT_A_TIME]) < 0)
			fail("there is no target");
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	for (unsigned i = 0; i < AT_A_TIME; i++)
		target_give_back(&leases[i]);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / CHOICES;
}

static void measure(const char *name)
{
	double best = 1e9;

	for (unsigned i = 0; i < ROUNDS; i++) {
		double now = nanoseconds();

		best = now < best ? now : best;
	}
	printf("%s %.1f\n", name, best);
}

int main(void)
{
	struct compile compile = { .worker_count = 1 };

	build();
	measure("target_ns_3");
	put_group(&compile, 100);
	measure("target_ns_100");
	catalog_fini(&snapshot.vpc_links);
	catalog_fini(&snapshot.load_balancers);
	catalog_fini(&snapshot.target_groups);
	return 0;
}
