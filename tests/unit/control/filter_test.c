/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/filter and control/endpoints: what is ordered from posternd, when, and what it is remembered for. */
#include "tests/unit/control/filtering.h"

#include <signal.h>
#include <sys/resource.h>

static void an_endpoint_is_ordered_and_its_filter_loaded_before_the_answer(void **state)
{
	struct appliance *appliance = *state;
	const char *id = create_endpoint(appliance);

	assert_int_equal(1, fake.counts[VERB_ENDPOINT_CREATE]);
	assert_string_equal(id, fake.created.id);
	assert_int_equal(2, fake.created.address_count);
	assert_int_equal(AF_INET, fake.created.addresses[0].family);
	assert_int_equal(29, fake.created.addresses[0].prefix_bits);
	assert_memory_equal("\x0a\x14\x00\x02", fake.created.addresses[0].bytes, 4);
	assert_int_equal(AF_INET6, fake.created.addresses[1].family);
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
	assert_string_equal(id, fake.load.id);
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	assert_int_equal(0, fake.load.prefix_count);
}

static void an_endpoint_that_cant_be_made_is_not_stored(void **state)
{
	struct appliance *appliance = *state;
	uint64_t before = revision_of(appliance);

	fake.refusals[VERB_ENDPOINT_CREATE] = -EADDRINUSE;
	assert_int_equal(500, call_ec2(appliance, CREATE_ENDPOINT));
	assert_string_equal("InternalError", element(appliance, "Code"));
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(0, fake.counts[VERB_ENDPOINT_DELETE]);
}

static void a_deployments_policy_is_loaded_and_its_statement_remembered(void **state)
{
	struct appliance *appliance = *state;
	char id[32];
	uint64_t first;
	struct filter_statement statement;
	uint32_t index;
	bool denies = false;

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	first = fake.load.generation;
	deploy(appliance, ONLY_LEFT);
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
	assert_true(fake.load.generation > first);
	index = fake.load.default_statement;
	denies = fake.load.default_verdict == FILTER_VERDICT_DENY;
	for (uint32_t i = 0; i < fake.load.prefix_count; i++)
		if (fake.prefixes[i].verdict == FILTER_VERDICT_DENY) {
			index = fake.prefixes[i].statement;
			denies = true;
			assert_int_equal(FILTER_SOURCE_DENIED, fake.prefixes[i].reason);
		}
	assert_true(denies);
	assert_true(filter_explain(appliance->control, id, fake.load.generation, index, &statement));
	assert_true(view_equals_text(statement.sid, "OnlyLeft"));
	assert_int_equal(1, statement.statement);
	assert_false(filter_explain(appliance->control, id, fake.load.generation + 1, index, &statement));
	assert_false(filter_explain(appliance->control, "vpce-00000000", fake.load.generation, index, &statement));
}

static void what_changes_no_filter_loads_none(void **state)
{
	struct appliance *appliance = *state;

	(void)create_endpoint(appliance);
	deploy(appliance, POLICY(ALLOW_ALL));
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"other\"}"));
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
}

static void one_api_that_may_allow_keeps_the_endpoint_open(void **state)
{
	struct appliance *appliance = *state;

	(void)create_endpoint(appliance);
	deploy(appliance, ONLY_LEFT);
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
	deploy(appliance, POLICY(ALLOW_ALL));
	assert_int_equal(3, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	for (uint32_t i = 0; i < fake.load.prefix_count; i++)
		assert_int_equal(FILTER_VERDICT_PASS, fake.prefixes[i].verdict);
}

static void an_endpoint_policy_acts_at_once(void **state)
{
	struct appliance *appliance = *state;
	char form[512];

	snprintf(form, sizeof form,
		"Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&PolicyDocument=%%7B%%22Statement%%22%%3A%"
		"%5B%%7B%%22Effect%%22%%3A"
		"%%22Deny%%22%%2C%%22Principal%%22%%3A%%22%%2A%%22%%2C%%22Action%%22%%3A%%22%%2A%%22%%2C%%22Resource%%"
		"22%%3A%%22%%2A%%22%%7D%%5D"
		"%%7D",
		create_endpoint(appliance));
	deploy(appliance, POLICY(ALLOW_ALL));
	assert_int_equal(200, call_ec2(appliance, form));
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(FILTER_VERDICT_DENY, fake.load.default_verdict);
}

static void a_filter_that_could_not_be_loaded_is_tried_again(void **state)
{
	struct appliance *appliance = *state;

	(void)create_endpoint(appliance);
	fake.refusals[VERB_FILTER_LOAD] = -ENOMEM;
	deploy(appliance, ONLY_LEFT);
	assert_true(appliance->control->filters_stale);
	fake.refusals[VERB_FILTER_LOAD] = 0;
	snprintf(fake.list.endpoints[0].id, sizeof fake.list.endpoints[0].id, "%s", fake.created.id);
	fake.list.endpoints[0].kind = VERB_ENDPOINT_NAMESPACE;
	fake.list.count = 1;
	filter_retry(appliance->control);
	assert_false(appliance->control->filters_stale);
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_CREATE]);
}

static void endpoints_are_compared_with_the_store(void **state)
{
	struct appliance *appliance = *state;

	/* posternd lost the one that is stored, and has one that is not. */
	(void)create_endpoint(appliance);
	strcpy(fake.list.endpoints[0].id, "vpce-0123456789abcdef0");
	fake.list.endpoints[0].kind = VERB_ENDPOINT_NAMESPACE;
	fake.list.count = 1;
	endpoints_reconcile(appliance->control);
	assert_int_equal(2, fake.counts[VERB_ENDPOINT_CREATE]);
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_DELETE]);
	assert_string_equal("vpce-0123456789abcdef0", fake.deleted);
	/* Whatever was loaded before may be lost. */
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
}

static void a_deleted_endpoint_is_taken_down(void **state)
{
	struct appliance *appliance = *state;
	char id[32], form[128];

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	snprintf(form, sizeof form, "Action=DeleteVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=%s", id);
	assert_int_equal(200, call_ec2(appliance, form));
	assert_string_equal(id, fake.deleted);
}

static void an_event_names_the_sid_behind_it(void **state)
{
	struct appliance *appliance = *state;
	struct verb_filter_events drops = { .count = 1 };
	const struct json *event;

	(void)create_endpoint(appliance);
	deploy(appliance, ONLY_LEFT);
	memcpy(drops.events[0].id, fake.load.id, sizeof fake.load.id);
	drops.events[0].event = (struct filter_event){ .generation = fake.load.generation,
		.source = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 20, 0, 66 },
		.destination_port = 443,
		.reason = FILTER_SOURCE_DENIED,
		.statement = fake.load.default_verdict == FILTER_VERDICT_DENY ? fake.load.default_statement
									      : fake.prefixes[0].statement };
	control_filter_events(appliance->control, &drops);
	assert_int_equal(
		200, call_with(appliance, "postern", "GET", "/postern/v1/filter/events?limit=10", NULL, NULL, ""));
	event = json_at(json_find(appliance->body, "events"), 0);
	assert_string_equal("10.20.0.66", json_find_c_string(event, "source"));
	assert_string_equal("source_denied", json_find_c_string(event, "reason"));
	assert_string_equal("OnlyLeft", json_find_c_string(event, "sid"));
	assert_int_equal(200,
		call_with(appliance, "postern", "GET", "/postern/v1/filter/events?endpoint=vpce-1", NULL, NULL, ""));
	assert_int_equal(0, json_count(json_find(appliance->body, "events")));
}

/* No file may grow, as on a full disk: whatever is written to the store fails. */
static void let_files_grow(bool may)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = may ? limit.rlim_max : 0;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void a_mode_that_cant_be_stored_is_not_left_in_force(void **state)
{
	struct appliance *appliance = *state;
	char target[128];

	snprintf(target, sizeof target, "/postern/v1/filter/%s/mode", create_endpoint(appliance));
	signal(SIGXFSZ, SIG_IGN);
	let_files_grow(false);
	assert_int_not_equal(200, call_with(appliance, "postern", "PUT", target, NULL, NULL, "{\"mode\":\"observe\"}"));
	let_files_grow(true);
	assert_int_equal(2, fake.counts[VERB_FILTER_MODE]);
	assert_int_equal(FILTER_MODE_RESET, fake.mode.mode);
	assert_int_equal(200, call_with(appliance, "postern", "PUT", target, NULL, NULL, "{\"mode\":\"observe\"}"));
	assert_int_equal(3, fake.counts[VERB_FILTER_MODE]);
	assert_int_equal(FILTER_MODE_OBSERVE, fake.mode.mode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_POSTERND(an_endpoint_is_ordered_and_its_filter_loaded_before_the_answer),
		WITH_POSTERND(an_endpoint_that_cant_be_made_is_not_stored),
		WITH_POSTERND(a_deployments_policy_is_loaded_and_its_statement_remembered),
		WITH_POSTERND(what_changes_no_filter_loads_none),
		WITH_POSTERND(one_api_that_may_allow_keeps_the_endpoint_open),
		WITH_POSTERND(an_endpoint_policy_acts_at_once),
		WITH_POSTERND(a_filter_that_could_not_be_loaded_is_tried_again),
		WITH_POSTERND(endpoints_are_compared_with_the_store),
		WITH_POSTERND(a_deleted_endpoint_is_taken_down),
		WITH_POSTERND(an_event_names_the_sid_behind_it),
		WITH_POSTERND(a_mode_that_cant_be_stored_is_not_left_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
