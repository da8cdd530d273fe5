/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balancing: a snapshot with VPC links, load balancers and target groups, made of their records written as YAML. */
#ifndef POSTERN_TESTS_UNIT_BALANCING_H
#define POSTERN_TESTS_UNIT_BALANCING_H

#include "tests/unit/support.h"

#include "appliance/base/yaml.h"
#include "appliance/model/compile.h"
#include "appliance/model/load_balancer.h"

#define GROUP_CHECK                                                                                                    \
	"HealthCheckProtocol: TCP\nHealthCheckPort: traffic-port\nHealthCheckIntervalSeconds: 1\n"                     \
	"HealthCheckTimeoutSeconds: 1\nHealthyThresholdCount: 2\nUnhealthyThresholdCount: 2\nVpcId: vpc-1\n"

static inline struct json *balancing_tree(const char *text)
{
	struct json *value = NULL;

	if (yaml_parse(view_from_text(text), NULL, &value, NULL) < 0)
		fail_msg("no YAML: %s", text);
	return value;
}

static inline void balancing_put(struct catalog *catalog, struct catalog_object *object)
{
	assert_int_equal(0, catalog_put(catalog, object));
	catalog_object_unref(object);
}

static inline void balancing_put_link(struct snapshot *snapshot, const char *id, const char *body)
{
	struct compile compile = { .worker_count = 1 };
	struct snapshot_vpc_link *link;
	JSON_CLEANUP struct json *tree = balancing_tree(body);

	assert_int_equal(0, vpc_link_compile(&compile, view_from_text(id), tree, &link));
	balancing_put(&snapshot->vpc_links, &link->object);
}

/* `listeners`: a list. */
static inline void balancing_put_balancer(struct snapshot *snapshot, const char *arn, const char *listeners)
{
	struct compile compile = { .worker_count = 1 };
	struct snapshot_load_balancer *balancer;
	JSON_CLEANUP struct json *tree = balancing_tree(listeners);

	assert_int_equal(0, load_balancer_compile(&compile, view_from_text(arn), tree, &balancer));
	balancing_put(&snapshot->load_balancers, &balancer->object);
}

static inline void balancing_put_group(struct snapshot *snapshot, const char *arn, const char *body)
{
	struct compile compile = { .worker_count = 1 };
	struct snapshot_target_group *group;
	JSON_CLEANUP struct json *tree = balancing_tree(body);
	int error = target_group_compile(&compile, view_from_text(arn), tree, &group);

	if (error)
		fail_msg("%s: %s", arn, compile.message);
	balancing_put(&snapshot->target_groups, &group->object);
}

static inline void balancing_fini(struct snapshot *snapshot)
{
	catalog_fini(&snapshot->vpc_links);
	catalog_fini(&snapshot->load_balancers);
	catalog_fini(&snapshot->target_groups);
}

#endif
