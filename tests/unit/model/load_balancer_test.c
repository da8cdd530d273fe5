/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/load_balancer: records of load balancers and target groups as the gateway uses them. */
#include "tests/unit/balancing.h"

#include <errno.h>

#define PREFIX "arn:aws:elasticloadbalancing:us-east-1:123456789012:"

static struct snapshot snapshot;

static int teardown(void **state)
{
	(void)state;
	balancing_fini(&snapshot);
	memset(&snapshot, 0, sizeof snapshot);
	return 0;
}

static void a_group_knows_where_targets_are_and_how_to_check_them(void **state)
{
	const struct snapshot_target_group *group;

	(void)state;
	balancing_put_group(&snapshot, "g",
		"Protocol: HTTP\nHealthCheckProtocol: HTTPS\nHealthCheckPort: '8443'\nHealthCheckIntervalSeconds: 10\n"
		"HealthCheckTimeoutSeconds: 5\nHealthyThresholdCount: 3\nUnhealthyThresholdCount: 2\n"
		"HealthCheckPath: /h?a=b\nMatcher: {HttpCode: '200,301-302'}\nVpcId: vpc-1\nLoadBalancerArns: [b]\n"
		"postern: {targets: [{Id: 10.0.0.1, Port: 80, slot: 7, registration: 9},"
		" {Id: 'fd00::1', Port: 81, slot: 8, registration: 4294967295}]}\n");
	group = snapshot_target_group_find(&snapshot, view_of("g"));
	assert_non_null(group);
	assert_true(group->is_in_use && !group->has_tls);
	assert_int_equal(2, group->target_count);
	assert_int_equal(10000, group->check.interval_ms);
	assert_int_equal(5000, group->check.timeout_ms);
	assert_int_equal(TARGET_CHECK_HTTP, group->check.kind);
	assert_true(target_check_matches(&group->check, 200) && target_check_matches(&group->check, 302));
	assert_false(target_check_matches(&group->check, 201) || target_check_matches(&group->check, 303));
	assert_int_equal(7, group->targets[0].slot);
	assert_int_equal(UINT32_MAX, group->targets[1].registration);
	assert_int_equal(80, group->targets[0].forwarded.port);
	assert_false(group->targets[0].forwarded.tls);
	assert_int_equal(8443, group->targets[0].checked.port);
	assert_true(group->targets[0].checked.tls && group->targets[0].checked.verification == TLS_VERIFY_NOTHING);
}

static void odd_groups_do_not_compile(void **state)
{
	static const char *const texts[] = {
		"{}",
		"Protocol: TCP\n" GROUP_CHECK "postern: {targets: [{Id: 10.0.0.1, Port: 0, slot: 1, registration: 1}]}",
		"Protocol: TCP\n" GROUP_CHECK
		"postern: {targets: [{Id: 10.0.0.1, Port: 1, slot: 4096, registration: 1}]}",
		"Protocol: TCP\n" GROUP_CHECK
		"postern: {targets: [{Id: 10.0.0.1, Port: 1, slot: -1, registration: 1}]}",
		"Protocol: TCP\n" GROUP_CHECK "postern: {targets: [{Id: 10.0.0.1, Port: 1, slot: 1}]}",
		"Protocol: TCP\n" GROUP_CHECK "postern: {targets: [{Port: 1, slot: 1, registration: 1}]}",
		"Protocol: TCP\n" GROUP_CHECK "Matcher: {HttpCode: 2x}",
		"Protocol: TCP\n" GROUP_CHECK "Matcher: {HttpCode: '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17'}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct compile compile = { .worker_count = 1 };
		struct snapshot_target_group *group;
		JSON_CLEANUP struct json *tree = balancing_tree(texts[i]);

		if (target_group_compile(&compile, view_of("g"), tree, &group) != -EINVAL)
			fail_msg("compiled: %s", texts[i]);
		assert_true(compile.message[0]);
	}
}

static void listeners_are_found_by_port(void **state)
{
	const struct snapshot_load_balancer *balancer;
	const struct snapshot_balancer_listener *listener;

	(void)state;
	balancing_put_balancer(&snapshot, "b",
		"[{ListenerArn: l2, Port: 443, Protocol: TLS, DefaultActions: [{Type: forward, ForwardConfig: "
		"{TargetGroups: "
		"[{TargetGroupArn: g, Weight: 3}, {TargetGroupArn: h}]}}]}, {ListenerArn: l1, Port: 80, Protocol: "
		"TCP}]");
	balancer = snapshot_load_balancer_find(&snapshot, view_of("b"));
	assert_int_equal(2, balancer->listener_count);
	assert_null(load_balancer_listener_find(balancer, 81));
	listener = load_balancer_listener_find(balancer, 443);
	assert_int_equal(LOAD_BALANCER_ENDS_TLS, listener->kind);
	assert_int_equal(4, listener->weight_sum);
	assert_int_equal(2, listener->forward_count);
	listener = load_balancer_listener_find(balancer, 80);
	assert_int_equal(LOAD_BALANCER_PASSES, listener->kind);
	assert_int_equal(0, listener->weight_sum);
}

static void the_arn_of_a_listener_names_its_balancer(void **state)
{
	static const struct {
		const char *arn, *balancer;
	} cases[] = {
		{ PREFIX "listener/net/n/1/2", PREFIX "loadbalancer/net/n/1" },
		{ PREFIX "loadbalancer/net/n/1", PREFIX "loadbalancer/net/n/1" },
		{ PREFIX "listener/", PREFIX "listener/" },
		{ PREFIX "listener/x", PREFIX "listener/x" },
		{ "", "" },
	};
	char room[LOAD_BALANCER_ARN_MAX_BYTES], longest[400];
	struct view found;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		found = load_balancer_arn_of(view_from_text(cases[i].arn), room);
		if (!view_equals_text(found, cases[i].balancer))
			fail_msg("%s: " VIEW_FMT, cases[i].arn, VIEW_ARG(found));
	}
	memset(longest, 'x', sizeof longest);
	memcpy(longest, ":listener/", 10);
	longest[390] = '/';
	found = load_balancer_arn_of(view_from(longest, sizeof longest), room);
	assert_ptr_equal(longest, found.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_group_knows_where_targets_are_and_how_to_check_them, teardown),
		cmocka_unit_test(odd_groups_do_not_compile),
		cmocka_unit_test_teardown(listeners_are_found_by_port, teardown),
		cmocka_unit_test(the_arn_of_a_listener_names_its_balancer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
