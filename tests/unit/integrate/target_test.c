/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/target: which target of a load balancer gets the next request. */
#include "tests/unit/balancing.h"

#include <errno.h>

#include "appliance/base/target_state.h"
#include "appliance/integrate/target.h"

/* Of load balancer b. */
static const char listeners[] =
	"- {ListenerArn: l, Port: 80, Protocol: TCP, DefaultActions: [{ForwardConfig: {TargetGroups: [{TargetGroupArn: "
	"three}]}}]}\n"
	"- {ListenerArn: t, Port: 443, Protocol: TLS, DefaultActions: [{ForwardConfig: {TargetGroups: "
	"[{TargetGroupArn: three}]}}]}\n"
	"- {ListenerArn: e, Port: 81, Protocol: TCP, DefaultActions: [{ForwardConfig: {TargetGroups: [{TargetGroupArn: "
	"empty}]}}]}\n"
	"- {ListenerArn: n, Port: 82, Protocol: TCP, DefaultActions: [{ForwardConfig: {TargetGroups: [{TargetGroupArn: "
	"none}]}}]}\n"
	"- {ListenerArn: w, Port: 83, Protocol: TCP, DefaultActions: [{ForwardConfig: {TargetGroups: "
	"[{TargetGroupArn: three, Weight: 1}, {TargetGroupArn: secure, Weight: 3}]}}]}\n";

static const char three[] = "Protocol: TCP\n" GROUP_CHECK "postern:\n  targets:\n"
			    "  - {Id: 10.0.0.1, Port: 8080, slot: 1, registration: 1}\n"
			    "  - {Id: 10.0.0.2, Port: 8080, slot: 2, registration: 1}\n"
			    "  - {Id: 10.0.0.3, Port: 8080, slot: 3, registration: 1}\n";

static struct snapshot snapshot;
static struct target_worker worker;
static _Atomic uint64_t states[COUNTERS_TARGETS_MAX];

static void set_health(unsigned slot, enum target_condition health)
{
	states[slot] = target_state_pack(1, (struct target_state){ .health = health });
}

static int setup(void **state)
{
	(void)state;
	memset(&worker, 0, sizeof worker);
	worker.states = states;
	for (unsigned slot = 0; slot < 16; slot++)
		set_health(slot, TARGET_HEALTHY);
	balancing_put_link(&snapshot, "link", "{targetArns: [b], status: AVAILABLE}");
	balancing_put_link(&snapshot, "failed", "{targetArns: [b], status: FAILED}");
	balancing_put_link(&snapshot, "lost", "{targetArns: [none], status: AVAILABLE}");
	balancing_put_balancer(&snapshot, "b", listeners);
	balancing_put_balancer(&snapshot, "a",
		"[{ListenerArn: h, Port: 80, Protocol: HTTP, DefaultActions: [{ForwardConfig: {TargetGroups: "
		"[{TargetGroupArn: secure}]}}]}]");
	balancing_put_group(&snapshot, "three", three);
	balancing_put_group(&snapshot, "empty", "Protocol: TCP\n" GROUP_CHECK);
	balancing_put_group(&snapshot, "secure",
		"Protocol: HTTPS\n" GROUP_CHECK
		"postern: {targets: [{Id: 10.0.0.9, Port: 8080, slot: 9, registration: 1}]}");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	balancing_fini(&snapshot);
	memset(&snapshot, 0, sizeof snapshot);
	return 0;
}

static int take(
	const char *link, const char *arn, const char *uri, struct outbound_target *ret, struct target_lease *lease)
{
	const struct target_wanted wanted = {
		.snapshot = &snapshot, .link_id = view_from_text(link), .arn = view_from_text(arn)
	};
	struct outbound_origin origin;
	int error;

	assert_int_equal(0, outbound_origin_parse(&origin, view_from_text(uri), true, TLS_VERIFY_ALL));
	*ret = origin.target;
	*lease = (struct target_lease){ 0 };
	error = target_take(&worker, &wanted, ret, lease);
	assert_int_equal(error == 0, lease->outstanding != NULL);
	return error;
}

/* The last number of the address that is taken. */
static int taken(struct target_lease *lease)
{
	struct outbound_target target;

	assert_int_equal(0, take("link", "", "http://x", &target, lease));
	assert_int_equal(8080, target.port);
	return target.host.at[target.host.count - 1] - '0';
}

static void ties_rotate(void **state)
{
	struct target_lease lease;
	unsigned counts[10] = { 0 };

	(void)state;
	for (int i = 0; i < 30; i++) {
		counts[taken(&lease)]++;
		target_give_back(&lease);
		target_give_back(&lease);
	}
	for (int i = 1; i <= 3; i++)
		assert_int_equal(10, counts[i]);
}

static void the_least_busy_is_taken(void **state)
{
	struct target_lease leases[6], more;
	int first[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		first[i] = taken(&leases[i]);
	for (int i = 3; i < 6; i++)
		(void)taken(&leases[i]);
	/* All have two. Who gets one back gets the next. */
	for (int i = 0; i < 3; i++) {
		target_give_back(&leases[i]);
		assert_int_equal(first[i], taken(&more));
	}
	for (int slot = 1; slot <= 3; slot++)
		assert_int_equal(2, worker.counts[slot].outstanding);
}

static void what_is_not_healthy_is_left_out(void **state)
{
	struct target_lease lease;
	unsigned counts[10] = { 0 };

	(void)state;
	set_health(1, TARGET_UNHEALTHY);
	set_health(2, TARGET_INITIAL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(3, taken(&lease));
	/* Of another registration nothing is known. */
	states[3] = target_state_pack(2, (struct target_state){ .health = TARGET_HEALTHY });
	for (int i = 0; i < 5; i++) {
		target_give_back(&lease);
		counts[taken(&lease)]++;
	}
	assert_true(counts[1] > 0 && counts[2] > 0);
}

static void weights_share_turns(void **state)
{
	struct outbound_target target;
	struct target_lease lease;
	unsigned secure = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		assert_int_equal(0, take("link", "", "http://x:83", &target, &lease));
		secure += target.host.at[target.host.count - 1] == '9';
		target_give_back(&lease);
	}
	assert_in_range(secure, 295, 305);
}

static void what_passes_keeps_the_scheme_and_the_name(void **state)
{
	struct outbound_target target;
	struct target_lease lease;

	(void)state;
	assert_int_equal(0, take("link", "", "https://pets.internal:80", &target, &lease));
	assert_true(target.tls && target.verification == TLS_VERIFY_ALL);
	assert_true(view_equals_text(target.server_name, "pets.internal"));
	assert_int_equal(0, take("link", "", "http://pets.internal:80", &target, &lease));
	assert_true(!target.tls && target.server_name.count == 0);
}

static void what_ends_tls_speaks_as_its_group(void **state)
{
	struct outbound_target target;
	struct target_lease lease;

	(void)state;
	assert_int_equal(0, take("link", "", "https://pets.internal", &target, &lease));
	assert_false(target.tls);
	assert_int_equal(-ECONNREFUSED, take("link", "", "http://pets.internal:443", &target, &lease));
	assert_int_equal(0, take("link", "a", "http://pets.internal", &target, &lease));
	assert_true(target.tls && target.verification == TLS_VERIFY_NOTHING);
	assert_int_equal(-ECONNREFUSED, take("link", "a", "https://pets.internal:80", &target, &lease));
}

static void what_leads_nowhere_says_why(void **state)
{
	struct outbound_target target;
	struct target_lease lease;

	(void)state;
	assert_int_equal(-ENOENT, take("unknown", "", "http://x", &target, &lease));
	assert_int_equal(-ENOENT, take("", "", "http://x", &target, &lease));
	assert_int_equal(-ENOENT, take("failed", "", "http://x", &target, &lease));
	assert_int_equal(-ENOENT, take("lost", "", "http://x", &target, &lease));
	assert_int_equal(-ENOENT, take("link", "none", "http://x", &target, &lease));
	assert_int_equal(-ECONNREFUSED, take("link", "", "http://x:8080", &target, &lease));
	assert_int_equal(-ECONNREFUSED, take("link", "", "http://x:81", &target, &lease));
	assert_int_equal(-ECONNREFUSED, take("link", "", "http://x:82", &target, &lease));
}

static void words_are_read_as_they_were_written(void **state)
{
	const struct target_state bad = { .health = TARGET_UNHEALTHY, .reason = TARGET_RESPONSE_CODE, .status = 503 };
	struct target_state read = target_state_of(target_state_pack(UINT32_MAX, bad), UINT32_MAX);

	(void)state;
	assert_int_equal(TARGET_UNHEALTHY, read.health);
	assert_int_equal(TARGET_RESPONSE_CODE, read.reason);
	assert_int_equal(503, read.status);
	assert_int_equal(TARGET_INITIAL, target_state_of(target_state_pack(1, bad), 2).health);
	/* What no checker writes says nothing. */
	assert_int_equal(TARGET_INITIAL, target_state_of(UINT64_C(1) << 32 | 0xff000000, 1).health);
	assert_int_equal(TARGET_INITIAL, target_state_of(UINT64_C(1) << 32 | 0x01ff0000, 1).health);
}

static void texts_take_stage_variables(void **state)
{
	static const struct snapshot_pair pairs[] = { { VIEW_INIT("link"), VIEW_INIT("abc123") } };
	const struct snapshot_variables variables = { .count = 1, .at = pairs };
	const struct integration_uri_part parts[] = { { INTEGRATION_URI_TEXT, VIEW_INIT("x-") },
		{ INTEGRATION_URI_STAGE_VARIABLE, VIEW_INIT("link") },
		{ INTEGRATION_URI_STAGE_VARIABLE, VIEW_INIT("none") } };
	const struct integration_uri text = { .part_count = 3, .parts = parts };
	const struct integration_uri unset = { .part_count = 1, .parts = &parts[2] };
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 16);
	assert_true(view_equals_text(target_text(&arena, &text, &variables), "x-abc123"));
	assert_int_equal(0, target_text(&arena, &(struct integration_uri){ 0 }, &variables).count);
	/* The empty text is a text. */
	assert_non_null(target_text(&arena, &unset, &variables).at);
	assert_int_equal(0, target_text(&arena, &unset, &variables).count);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ties_rotate, setup, teardown),
		cmocka_unit_test_setup_teardown(the_least_busy_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_healthy_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(weights_share_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(what_passes_keeps_the_scheme_and_the_name, setup, teardown),
		cmocka_unit_test_setup_teardown(what_ends_tls_speaks_as_its_group, setup, teardown),
		cmocka_unit_test_setup_teardown(what_leads_nowhere_says_why, setup, teardown),
		cmocka_unit_test(words_are_read_as_they_were_written),
		cmocka_unit_test(texts_take_stage_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
