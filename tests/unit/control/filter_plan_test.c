/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of control/filter_plan and filter_targets: filters too fine are refused before they are saved or widened, a
 * change compiles what it changes, and stages behind domains alone are judged with these.
 */
#include "tests/unit/control/filtering.h"

#include "appliance/control/records.h"

/* Without the shorthand, which an endpoint's policy can't have. */
#define ALLOW_ANY "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}"
#define OPEN POLICY(ALLOW_ANY)

/* An Allow for all and a Deny from every second address of `count`, which can't be joined. */
static const char *scattered(unsigned count)
{
	static char text[65536];
	size_t used = (size_t)snprintf(text, sizeof text,
		"{\"Version\":\"2012-10-17\",\"Statement\":[" ALLOW_ANY
		",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{"
		"\"IpAddress\":{\"aws:VpcSourceIp\":[");

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(
			text + used, sizeof text - used, "%s\"10.0.%u.%u\"", i ? "," : "", i / 100, 2 * (i % 100));
	snprintf(text + used, sizeof text - used, "]}}}]}");
	return text;
}

/* ModifyVpcEndpoint with this policy. */
static int put_endpoint_policy(struct appliance *appliance, const char *id, const char *policy)
{
	char *form = malloc(3 * strlen(policy) + 256), *at = form;
	int status;

	assert_non_null(form);
	at += sprintf(at, "Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&PolicyDocument=", id);
	for (; *policy; policy++)
		at += sprintf(at, "%%%02X", (unsigned char)*policy);
	status = call_ec2(appliance, form);
	free(form);
	return status;
}

/* A second endpoint in the VPC can't have its private names too. */
static void create_another(struct appliance *appliance)
{
	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&PrivateDnsEnabled=false"));
}

static void reopen(struct appliance *appliance)
{
	posternd_forget(appliance->control);
	appliance_close(appliance);
	appliance_open(appliance);
}

static unsigned denials(void)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < fake.load.prefix_count; i++)
		count += fake.prefixes[i].verdict == FILTER_VERDICT_DENY;
	return count;
}

/* --- the limit --------------------------------------------------------------------------------------------------------------- */

static int start_with_small_limit(void **state)
{
	struct appliance *appliance;

	assert_int_equal(0, start(state));
	appliance = *state;
	appliance->settings.filter_prefixes = 20;
	reopen(appliance);
	return 0;
}

static void a_deployment_that_leads_to_too_fine_a_filter_is_refused_and_changes_nothing(void **state)
{
	struct appliance *appliance = *state;
	char endpoint[32], api[16], wanted[256];
	unsigned loads;
	uint64_t before;

	snprintf(endpoint, sizeof endpoint, "%s", create_endpoint(appliance));
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(20)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(20, denials());
	/* What all APIs deny is what counts: the second one's 21 and the first one's 20 have 20 in common. */
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(21)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(20, denials());
	before = revision_of(appliance);
	loads = fake.counts[VERB_FILTER_LOAD];
	assert_int_equal(400, put_endpoint_policy(appliance, endpoint, scattered(21)));
	assert_string_equal("InvalidParameter", element(appliance, "Code"));
	snprintf(wanted, sizeof wanted, "filter_prefixes: source filter of %s: 21 needed, 20 allowed", endpoint);
	assert_string_equal(wanted, appliance->answer.detail);
	assert_true(answer_has(appliance, "would need a source filter of 21 prefixes, but 20 are allowed"));
	/* Nothing has changed, and nothing is left behind. */
	assert_int_equal(before, revision_of(appliance));
	filter_refresh(appliance->control);
	assert_int_equal(loads, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(200, put_endpoint_policy(appliance, endpoint, scattered(20)));
	assert_int_equal(loads + 1, fake.counts[VERB_FILTER_LOAD]);
}

static void an_apis_dialect_says_so_too(void **state)
{
	struct appliance *appliance = *state;
	char api[16], target[64];
	uint64_t before;

	(void)create_endpoint(appliance);
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(30)));
	before = revision_of(appliance);
	assert_int_equal(400, deploy_api(appliance, api));
	assert_string_equal("BadRequestException", appliance->answer.error_type);
	assert_true(answer_has(appliance, "30 prefixes, but 20 are allowed"));
	assert_true(strstr(appliance->answer.detail, "30 needed, 20 allowed") != NULL);
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
	/* The stage was not made. */
	snprintf(target, sizeof target, "/restapis/%s/stages/prod", api);
	assert_int_equal(404, call(appliance, "GET", target, ""));
}

static void what_is_stored_is_widened_when_the_limit_is_lowered_and_may_get_no_worse(void **state)
{
	struct appliance *appliance = *state;
	char endpoint[32], api[16];
	struct filter_need need;

	snprintf(endpoint, sizeof endpoint, "%s", create_endpoint(appliance));
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(40)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_true(filter_need_of(appliance->control, endpoint, &need));
	assert_int_equal(40, need.needed_count);
	assert_false(need.widened);
	appliance->settings.filter_prefixes = 16;
	reopen(appliance);
	/* A call that is no worse than what was found is not refused. */
	assert_int_equal(200, put_endpoint_policy(appliance, endpoint, OPEN));
	assert_true(filter_need_of(appliance->control, endpoint, &need));
	assert_int_equal(40, need.needed_count);
	assert_true(need.widened);
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	assert_int_equal(16, fake.load.prefix_count);
	assert_int_equal(16, denials());
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(41)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(400, put_endpoint_policy(appliance, endpoint, scattered(41)));
	assert_string_equal("InvalidParameter", element(appliance, "Code"));
	assert_int_equal(200, put_endpoint_policy(appliance, endpoint, OPEN));
}

static void with_widening_the_call_is_taken_and_the_filter_fits(void **state)
{
	struct appliance *appliance = *state;
	const struct json *shown;
	char target[96];

	appliance->settings.filter_prefixes = 16;
	appliance->settings.filter_widens = true;
	reopen(appliance);
	snprintf(target, sizeof target, "/postern/v1/filter/stats?endpoint=%s", create_endpoint(appliance));
	deploy(appliance, scattered(50));
	assert_int_equal(16, fake.load.prefix_count);
	fake.stats.prefix_count = 16;
	assert_int_equal(200, call_with(appliance, "postern", "GET", target, NULL, NULL, ""));
	shown = json_at(json_find(appliance->body, "endpoints"), 0);
	assert_int_equal(50, json_find_integer(shown, "prefixesNeeded", 0));
	assert_int_equal(16, json_find_integer(shown, "prefixesAllowed", 0));
	assert_true(json_find_bool(shown, "widened", false));
}

/* --- increments ------------------------------------------------------------------------------------------------------------- */

static void one_apis_change_compiles_no_others_policy(void **state)
{
	struct appliance *appliance = *state;
	const struct filter_targets *targets = &appliance->control->filter_targets;
	char apis[4][16], target[64];
	uint64_t compiled, parsed;

	(void)create_endpoint(appliance);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(apis[i], sizeof apis[i], "%s", import_api(appliance, scattered(4 + i)));
		assert_int_equal(201, deploy_api(appliance, apis[i]));
	}
	assert_int_equal(4, targets->compiled_count);
	assert_int_equal(4, denials());
	compiled = targets->compiled_count;
	parsed = targets->parsed_count;
	snprintf(target, sizeof target, "/restapis/%s", apis[2]);
	assert_int_equal(200, call(appliance, "PATCH", target,
				      "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/policy\",\"value\":"
				      "\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*\\\","
				      "\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}]}"));
	assert_int_equal(compiled, targets->compiled_count);
	assert_int_equal(201, deploy_api(appliance, apis[2]));
	/* Its new deployment and its stage were read, and one policy was compiled. */
	assert_int_equal(compiled + 1, targets->compiled_count);
	assert_int_equal(parsed + 2, targets->parsed_count);
	/* An endpoint that no policy asks about shares all parts. */
	create_another(appliance);
	assert_int_equal(compiled + 1, targets->compiled_count);
	assert_int_equal(parsed + 2, targets->parsed_count);
	assert_int_equal(4, denials());
}

static void a_deleted_api_is_forgotten(void **state)
{
	struct appliance *appliance = *state;
	const struct filter_targets *targets = &appliance->control->filter_targets;
	char api[16], target[64];

	(void)create_endpoint(appliance);
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(3)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(1, targets->ways.count);
	snprintf(target, sizeof target, "/restapis/%s", api);
	assert_int_equal(202, call(appliance, "DELETE", target, ""));
	assert_int_equal(0, targets->ways.count);
	assert_int_equal(0, targets->deployments.count);
	assert_int_equal(0, targets->stages.count);
	assert_int_equal(0, fake.load.prefix_count);
}

static void a_canarys_policy_counts_beside_its_stages(void **state)
{
	struct appliance *appliance = *state;
	char api[16], target[64];

	(void)create_endpoint(appliance);
	snprintf(api, sizeof api, "%s", import_api(appliance, scattered(3)));
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(3, denials());
	snprintf(target, sizeof target, "/restapis/%s", api);
	assert_int_equal(200, call(appliance, "PATCH", target,
				      "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/policy\",\"value\":"
				      "\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\","
				      "\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}\"}]}"));
	snprintf(target, sizeof target, "/restapis/%s/deployments", api);
	assert_int_equal(201, call(appliance, "POST", target,
				      "{\"stageName\":\"prod\",\"canarySettings\":{\"percentTraffic\":10.0}}"));
	assert_int_equal(2, appliance->control->filter_targets.ways.count);
	assert_int_equal(0, fake.load.prefix_count);
}

static void a_policy_that_tells_endpoints_apart_is_compiled_for_each_kind(void **state)
{
	struct appliance *appliance = *state;
	const struct filter_targets *targets = &appliance->control->filter_targets;
	char first[32], policy[1024];

	snprintf(first, sizeof first, "%s", create_endpoint(appliance));
	snprintf(policy, sizeof policy,
		POLICY(ALLOW_ALL ",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\","
				 "\"Condition\":{\"StringNotEquals\":{\"aws:SourceVpce\":\"%s\"}}}"),
		first);
	deploy(appliance, policy);
	assert_int_equal(1, targets->compiled_count);
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	create_another(appliance);
	assert_int_equal(2, targets->compiled_count);
	assert_int_equal(FILTER_VERDICT_DENY, fake.load.default_verdict);
	create_another(appliance);
	assert_int_equal(2, targets->compiled_count);
	assert_int_equal(FILTER_VERDICT_DENY, fake.load.default_verdict);
}

static void an_endpoint_policy_for_some_apis_closes_the_ways_into_the_others(void **state)
{
	struct appliance *appliance = *state;
	const struct filter_targets *targets = &appliance->control->filter_targets;
	char endpoint[32], strict[16], policy[512];
	uint64_t compiled;

	snprintf(endpoint, sizeof endpoint, "%s", create_endpoint(appliance));
	snprintf(strict, sizeof strict, "%s", import_api(appliance, scattered(6)));
	assert_int_equal(201, deploy_api(appliance, strict));
	deploy(appliance, POLICY(ALLOW_ALL));
	assert_int_equal(0, fake.load.prefix_count);
	compiled = targets->compiled_count;
	snprintf(policy, sizeof policy,
		POLICY("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":"
		       "\"arn:aws:execute-api:us-east-1:000000000000:%s/*\"}"),
		strict);
	assert_int_equal(200, put_endpoint_policy(appliance, endpoint, policy));
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	assert_int_equal(6, denials());
	assert_int_equal(200, put_endpoint_policy(appliance, endpoint, OPEN));
	assert_int_equal(0, fake.load.prefix_count);
	/* Both APIs' policies were compiled when they came, at the latest when the second one's was asked for first. */
	assert_true(targets->compiled_count <= compiled + 1);
}

/* --- domains ----------------------------------------------------------------------------------------------------------------- */

#define DENY_RIGHT                                                                                                     \
	"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"*\\\","      \
	"\\\"Resource\\\":\\\"*\\\"},{\\\"Sid\\\":\\\"Right\\\",\\\"Effect\\\":\\\"Deny\\\",\\\"Principal\\\":\\\"*"   \
	"\\\","                                                                                                        \
	"\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\",\\\"Condition\\\":{\\\"IpAddress\\\":{"                   \
	"\\\"aws:VpcSourceIp\\\":\\\"10.20.0.64/26\\\"}}}]}"

static void put_text(struct call *call, enum store_kind kind, const char *id, const char *parent, const char *text)
{
	struct json JSON_CLEANUP *body = NULL;

	assert_int_equal(0, json_parse(view_from_text(text), NULL, &body, NULL));
	record_put(call, kind, id, parent, body);
}

/* A private domain with that policy, mapped to the API and associated with the endpoint, as the operations store it. */
static void put_domain(struct appliance *appliance, const char *name, const char *api, const char *endpoint)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct call writing;
	char text[2048], id[64], key[96];

	call_init(&writing, appliance->control, &nothing);
	assert_int_equal(0, store_begin(appliance->control->store));
	snprintf(id, sizeof id, "%s+d1", name);
	snprintf(text, sizeof text,
		"{\"domainName\":\"%s\",\"domainNameId\":\"d1\",\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]},"
		"\"policy\":\"" DENY_RIGHT "\"}",
		name);
	put_text(&writing, STORE_domainname, id, NULL, text);
	snprintf(text, sizeof text, "{\"basePath\":\"(none)\",\"restApiId\":\"%s\",\"stage\":\"prod\"}", api);
	snprintf(key, sizeof key, "%s/(none)", id);
	put_text(&writing, STORE_basepathmapping, key, id, text);
	snprintf(text, sizeof text, "{\"accessAssociationSource\":\"%s\"}", endpoint);
	snprintf(key, sizeof key, "arn:%s:%s", id, endpoint);
	put_text(&writing, STORE_domainaccess, key, id, text);
	assert_true(writing.filters_stale);
	assert_int_equal(0, writing.store_error);
	assert_int_equal(0, store_commit(appliance->control->store, NULL));
	call_fini(&writing);
	filter_refresh(appliance->control);
}

static void a_domain_counts_where_it_is_the_only_way_in(void **state)
{
	struct appliance *appliance = *state;
	struct filter_statement statement;
	char endpoint[32], api[16], target[96];

	snprintf(endpoint, sizeof endpoint, "%s", create_endpoint(appliance));
	snprintf(api, sizeof api, "%s", import_api(appliance, POLICY(ALLOW_ALL)));
	assert_int_equal(201, deploy_api(appliance, api));
	put_domain(appliance, "pets.example", api, endpoint);
	/* The API's own name lets everybody in. */
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
	snprintf(target, sizeof target, "/restapis/%s", api);
	assert_int_equal(
		200, call(appliance, "PATCH", target,
			     "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/disableExecuteApiEndpoint\","
			     "\"value\":\"true\"}]}"));
	assert_int_equal(1, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(201, deploy_api(appliance, api));
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(1, denials());
	assert_memory_equal("\x0a\x14\x00\x40", fake.prefixes[0].address + 12, 4);
	assert_int_equal(96 + 26, fake.prefixes[0].prefix_bits);
	assert_true(filter_explain(
		appliance->control, endpoint, fake.load.generation, fake.prefixes[0].statement, &statement));
	assert_true(view_equals_text(statement.sid, "Right"));
	assert_true(view_ends_with(statement.policy, view_of(":/domainnames/pets.example+d1")));
	/* Another endpoint has no way in at all: as with no API, nothing is dropped. */
	create_another(appliance);
	assert_int_equal(3, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(FILTER_VERDICT_PASS, fake.load.default_verdict);
	assert_int_equal(0, fake.load.prefix_count);
}

static void an_association_taken_away_changes_the_filter_within_the_call(void **state)
{
	struct appliance *appliance = *state;
	char endpoint[32], api[16], target[160];

	snprintf(endpoint, sizeof endpoint, "%s", create_endpoint(appliance));
	snprintf(api, sizeof api, "%s", import_api(appliance, POLICY(ALLOW_ALL)));
	snprintf(target, sizeof target, "/restapis/%s", api);
	assert_int_equal(
		200, call(appliance, "PATCH", target,
			     "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/disableExecuteApiEndpoint\","
			     "\"value\":\"true\"}]}"));
	assert_int_equal(201, deploy_api(appliance, api));
	put_domain(appliance, "pets.example", api, endpoint);
	assert_int_equal(2, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(1, denials());
	snprintf(target, sizeof target, "/domainnameaccessassociations/arn%%3Apets.example%%2Bd1%%3A%s", endpoint);
	assert_int_equal(202, call(appliance, "DELETE", target, ""));
	assert_int_equal(3, fake.counts[VERB_FILTER_LOAD]);
	assert_int_equal(0, fake.load.prefix_count);
}

/* --- security groups -------------------------------------------------------------------------------------------------------- */

static void admissions_travel_behind_the_prefixes(void **state)
{
	struct appliance *appliance = *state;

	(void)create_endpoint(appliance);
	deploy(appliance, scattered(5));
	assert_int_equal(5, fake.load.prefix_count);
	assert_true(fake.load.flags & VERB_FILTER_LOAD_RULES);
	/* The default group of the VPC: its two networks in both families. */
	assert_int_equal(4, fake.load.admission_count);
	for (uint32_t i = 0; i < fake.load.admission_count; i++)
		assert_int_equal(FILTER_SERVICE_HTTPS, fake.admissions[i].services);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_deployment_that_leads_to_too_fine_a_filter_is_refused_and_changes_nothing,
			start_with_small_limit, end),
		cmocka_unit_test_setup_teardown(an_apis_dialect_says_so_too, start_with_small_limit, end),
		WITH_POSTERND(what_is_stored_is_widened_when_the_limit_is_lowered_and_may_get_no_worse),
		WITH_POSTERND(with_widening_the_call_is_taken_and_the_filter_fits),
		WITH_POSTERND(one_apis_change_compiles_no_others_policy),
		WITH_POSTERND(a_deleted_api_is_forgotten),
		WITH_POSTERND(a_canarys_policy_counts_beside_its_stages),
		WITH_POSTERND(a_policy_that_tells_endpoints_apart_is_compiled_for_each_kind),
		WITH_POSTERND(an_endpoint_policy_for_some_apis_closes_the_ways_into_the_others),
		WITH_POSTERND(a_domain_counts_where_it_is_the_only_way_in),
		WITH_POSTERND(an_association_taken_away_changes_the_filter_within_the_call),
		WITH_POSTERND(admissions_travel_behind_the_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
