/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/build and model/snapshot: what a revision becomes, what a change costs, what a bad record does. */
#include "tests/unit/estate.h"

#include <errno.h>
#include <time.h>

#include "appliance/model/build.h"

#define DENY_ALL                                                                                                       \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Nobody\",\"Effect\":\"Deny\",\"Principal\":\"*\","      \
	"\"Action\":\"*\","                                                                                            \
	"\"Resource\":\"*\"}]}"

/* A builder beside the estate, and the snapshot that it has last made. */
struct world {
	struct estate estate;
	struct store *reader;
	struct compile compile;
	struct snapshot *snapshot;
	struct build_result result;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	const char *reason;

	assert_non_null(world);
	estate_open(&world->estate);
	assert_int_equal(0, store_open_reader(&world->reader, world->estate.path, &reason));
	world->compile = (struct compile){ .no_tls = true, .worker_count = 1 };
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	snapshot_free(world->snapshot);
	store_close(world->reader);
	estate_close(&world->estate);
	free(world);
	return 0;
}

/* Build; on success the new snapshot takes the old one's place. */
static int build(struct world *world)
{
	struct snapshot *next;
	int error = build_snapshot(&world->compile, world->reader, world->snapshot, &next, &world->result);

	if (error || !next)
		return error;
	snapshot_free(world->snapshot);
	world->snapshot = next;
	return 0;
}

static void build_well(struct world *world)
{
	if (build(world))
		fail_msg("%s", world->compile.message);
}

static const struct snapshot_stage *stage_of(const struct world *world, const char *api_id, const char *stage)
{
	const struct snapshot_api *api = snapshot_api_find(world->snapshot, view_from_text(api_id));

	return api ? snapshot_stage_find(api, view_from_text(stage)) : NULL;
}

static void an_empty_store_is_an_empty_snapshot(void **state)
{
	struct world *world = *state;

	build_well(world);
	assert_non_null(world->snapshot);
	assert_int_equal(0, world->snapshot->apis.count);
	assert_true(view_equals_text(world->snapshot->account_id, "123456789012"));
	assert_true(view_equals_text(world->snapshot->region, "us-east-1"));
}

static void a_deployed_stage_is_served_as_it_was_frozen(void **state)
{
	struct world *world = *state;
	const struct snapshot_stage *stage;
	struct route_match match;

	estate_begin(&world->estate);
	estate_put_endpoint(&world->estate, NULL);
	estate_put_api(&world->estate, "a1b2c3d4e5", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_put_stage(&world->estate, "a1b2c3d4e5", "dev", "dep1",
		"{\"variables\":{\"host\":\"b.internal\",\"a\":\"1\"},\"accessLogSettings\":{\"format\":\"$context."
		"requestId\",\"destinationArn\":\"arn:aws:logs:us-east-1:123456789012:log-group:/pets/dev\"}}");
	estate_put_stage(&world->estate, "a1b2c3d4e5", "hose", "dep1",
		"{\"accessLogSettings\":{\"destinationArn\":\"arn:aws:firehose:us-east-1:123456789012:deliverystream/"
		"amazon-apigateway-x\"}}");
	estate_commit(&world->estate);
	build_well(world);

	stage = stage_of(world, "a1b2c3d4e5", "dev");
	assert_non_null(stage);
	assert_true(view_equals_text(stage->arn_prefix, "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/dev/"));
	assert_true(view_equals_text(snapshot_variable(&stage->variables, view_of("host")), "b.internal"));
	assert_true(view_equals_text(snapshot_variable(&stage->variables, view_of("a")), "1"));
	assert_null(snapshot_variable(&stage->variables, view_of("b")).at);
	assert_true(view_equals_text(stage->access_log_format, "$context.requestId"));
	assert_true(view_equals_text(stage->access_log_group, "/pets/dev"));
	assert_int_equal(0, stage_of(world, "a1b2c3d4e5", "hose")->access_log_group.count);
	assert_ptr_equal(stage->deployment, stage_of(world, "a1b2c3d4e5", "prod")->deployment);
	assert_null(stage_of(world, "a1b2c3d4e5", "qa"));
	assert_int_equal(SNAPSHOT_PRIVATE, stage->deployment->type);
	assert_int_equal(2, stage->deployment->method_count);
	assert_true(snapshot_is_associated(stage->deployment, view_of(ESTATE_VPCE)));
	assert_true(route_find(stage->deployment->routes, ROUTE_GET, view_of("/pets"), &match));
	assert_null(match.method->refused);
	assert_int_equal(INTEGRATION_MOCK, match.method->integration->type);
	assert_non_null(snapshot_endpoint_find(world->snapshot, view_of(ESTATE_VPCE)));
	assert_null(snapshot_endpoint_find(world->snapshot, view_of("vpce-other")));
}

static void a_stage_may_have_a_canary(void **state)
{
	struct world *world = *state;
	const struct snapshot_stage *stage;

	estate_begin(&world->estate);
	estate_put_api(&world->estate, "a1b2c3d4e5", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_put_deployment(&world->estate, "a1b2c3d4e5", "dep2", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION, NULL);
	estate_put_stage(&world->estate, "a1b2c3d4e5", "dev", "dep1",
		"{\"variables\":{\"a\":\"1\",\"b\":\"2\"},\"canarySettings\":{\"percentTraffic\":12.5,"
		"\"deploymentId\":\"dep2\",\"stageVariableOverrides\":{\"b\":\"3\",\"c\":\"4\"}}}");
	estate_commit(&world->estate);
	build_well(world);
	stage = stage_of(world, "a1b2c3d4e5", "dev");
	assert_true(stage->canary->percent == 12.5);
	assert_true(view_equals_text(stage->canary->deployment->id, "dep2"));
	assert_int_equal(3, stage->canary->variables.count);
	assert_true(view_equals_text(snapshot_variable(&stage->canary->variables, view_of("a")), "1"));
	assert_true(view_equals_text(snapshot_variable(&stage->canary->variables, view_of("b")), "3"));
	assert_true(view_equals_text(snapshot_variable(&stage->canary->variables, view_of("c")), "4"));
	assert_int_equal(2, stage->variables.count);

	/* A change of the stage shares both deployments. */
	estate_begin(&world->estate);
	estate_put_stage(&world->estate, "a1b2c3d4e5", "dev", "dep2", "{}");
	estate_commit(&world->estate);
	{
		const struct snapshot_deployment *before = stage->canary->deployment;

		build_well(world);
		stage = stage_of(world, "a1b2c3d4e5", "dev");
		assert_null(stage->canary);
		assert_ptr_equal(before, stage->deployment);
	}

	estate_begin(&world->estate);
	estate_put_stage(&world->estate, "a1b2c3d4e5", "dev", "dep1",
		"{\"canarySettings\":{\"percentTraffic\":101,\"deploymentId\":\"dep2\"}}");
	estate_commit(&world->estate);
	assert_int_equal(-EINVAL, build(world));
	assert_non_null(strstr(world->compile.message, "percentTraffic"));
}

static void a_change_compiles_what_changed_and_shares_the_rest(void **state)
{
	struct world *world = *state;
	const struct snapshot_api *touched, *other;
	struct snapshot *before;
	struct build_result result;
	char id[16];

	estate_begin(&world->estate);
	estate_put_endpoint(&world->estate, NULL);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(id, sizeof id, "api%u", i);
		estate_put_api(&world->estate, id, ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	}
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(20 * 2 + 1, world->result.compiled_count); /* APIs with their deployments, the endpoint */
	before = world->snapshot;
	world->snapshot = NULL;
	touched = snapshot_api_find(before, view_of("api7"));
	other = snapshot_api_find(before, view_of("api8"));

	estate_begin(&world->estate);
	estate_put_stage(&world->estate, "api7", "prod", "dep1", "{\"variables\":{\"v\":\"2\"}}");
	estate_commit(&world->estate);
	assert_int_equal(0, build_snapshot(&world->compile, world->reader, before, &world->snapshot, &result));
	assert_int_equal(1, result.compiled_count); /* the API; its deployment is shared */
	assert_ptr_equal(other, snapshot_api_find(world->snapshot, view_of("api8")));
	assert_ptr_not_equal(touched, snapshot_api_find(world->snapshot, view_of("api7")));
	assert_ptr_equal(touched->stages[0]->deployment, stage_of(world, "api7", "prod")->deployment);
	snapshot_free(before);

	estate_begin(&world->estate);
	estate_put_deployment(&world->estate, "api7", "dep2", DENY_ALL, ESTATE_MOCK_DEFINITION, NULL);
	estate_put_stage(&world->estate, "api7", "prod", "dep2", NULL);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(2, world->result.compiled_count);
	build_well(world);
	assert_int_equal(world->result.revision_in_store, world->snapshot->revision);
}

static enum policy_verdict verdict_of(const struct policy *policy)
{
	struct policy_request request;
	struct policy_result result;

	policy_request_init(&request, policy_text_of("arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/"));
	policy_evaluate(policy, &request, &result);
	return result.verdict;
}

static void a_resource_policy_acts_by_deployment_an_endpoint_s_at_once(void **state)
{
	struct world *world = *state;

	estate_begin(&world->estate);
	estate_put_endpoint(&world->estate, NULL);
	estate_put_api(&world->estate, "api", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_commit(&world->estate);
	build_well(world);
	assert_null(snapshot_endpoint_find(world->snapshot, view_of(ESTATE_VPCE))->policy);

	estate_begin(&world->estate);
	estate_put(&world->estate, STORE_restapi, "api", NULL, estate_rest_api("api", DENY_ALL));
	estate_put_endpoint(&world->estate, DENY_ALL);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(POLICY_ALLOW, verdict_of(stage_of(world, "api", "prod")->deployment->policy));
	assert_int_equal(POLICY_EXPLICIT_DENY,
		verdict_of(snapshot_endpoint_find(world->snapshot, view_of(ESTATE_VPCE))->policy));

	estate_begin(&world->estate);
	estate_put_deployment(&world->estate, "api", "dep2", DENY_ALL, ESTATE_MOCK_DEFINITION, NULL);
	estate_put_stage(&world->estate, "api", "prod", "dep2", NULL);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(POLICY_EXPLICIT_DENY, verdict_of(stage_of(world, "api", "prod")->deployment->policy));
}

static void what_is_deleted_is_gone(void **state)
{
	struct world *world = *state;

	estate_begin(&world->estate);
	estate_put_endpoint(&world->estate, NULL);
	estate_put_api(&world->estate, "api", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_put_stage(&world->estate, "api", "dev", "dep1", NULL);
	estate_commit(&world->estate);
	build_well(world);
	estate_begin(&world->estate);
	assert_int_equal(0, store_delete(world->estate.store, STORE_stage, "api/prod"));
	estate_commit(&world->estate);
	build_well(world);
	assert_null(stage_of(world, "api", "prod"));
	assert_non_null(stage_of(world, "api", "dev"));
	estate_begin(&world->estate);
	assert_int_equal(0, store_delete_children(world->estate.store, STORE_stage, "api"));
	assert_int_equal(0, store_delete(world->estate.store, STORE_restapi, "api"));
	assert_int_equal(0, store_delete(world->estate.store, STORE_vpcendpoint, ESTATE_VPCE));
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(0, world->snapshot->apis.count);
	assert_int_equal(0, world->snapshot->endpoints.count);
}

static void a_revision_that_does_not_build_leaves_the_old_one_and_says_why(void **state)
{
	struct world *world = *state;
	uint64_t served;

	estate_begin(&world->estate);
	estate_put_api(&world->estate, "api", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_commit(&world->estate);
	build_well(world);
	served = world->snapshot->revision;

	estate_begin(&world->estate);
	estate_put_deployment(&world->estate, "api", "dep2", "{\"Statement\":7}", ESTATE_MOCK_DEFINITION, NULL);
	estate_put_stage(&world->estate, "api", "prod", "dep2", NULL);
	estate_commit(&world->estate);
	assert_int_equal(-EINVAL, build(world));
	assert_non_null(strstr(world->compile.message, "restapi api: policy: "));
	assert_int_equal(served, world->snapshot->revision);
	assert_non_null(stage_of(world, "api", "prod"));

	/* The next revision, which repairs it, is built together with it. */
	estate_begin(&world->estate);
	estate_put_stage(&world->estate, "api", "prod", "dep1", NULL);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(served + 2, world->snapshot->revision);
}

static void the_first_snapshot_leaves_out_what_does_not_build(void **state)
{
	struct world *world = *state;

	estate_begin(&world->estate);
	estate_put_api(&world->estate, "good", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_put_api(&world->estate, "bad", "{\"Statement\":7}", ESTATE_MOCK_DEFINITION);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(1, world->result.left_out_count);
	assert_non_null(stage_of(world, "good", "prod"));
	assert_null(stage_of(world, "bad", "prod"));
}

static void methods_that_can_t_be_enforced_are_marked(void **state)
{
	static const char definition[] =
		"{\"validators\":[{\"id\":\"none\",\"validateRequestBody\":false,\"validateRequestParameters\":false},"
		"{\"id\":\"body\",\"validateRequestBody\":true,\"validateRequestParameters\":false}],"
		"\"models\":[{\"name\":\"Bad\",\"schema\":\"{\\\"type\\\":\\\"text\\\"}\"}],"
		"\"resources\":[{\"id\":\"r\",\"path\":\"/\",\"resourceMethods\":{"
		"\"GET\":{\"authorizationType\":\"AWS_IAM\",\"methodIntegration\":{\"type\":\"MOCK\"}},"
		"\"PUT\":{\"authorizationType\":\"NONE\",\"apiKeyRequired\":true,\"methodIntegration\":{\"type\":"
		"\"MOCK\"}},"
		"\"POST\":{\"authorizationType\":\"NONE\",\"requestValidatorId\":\"body\",\"requestModels\":{\"a/"
		"b\":\"Bad\"},"
		"\"methodIntegration\":{"
		"\"type\":\"MOCK\"}},"
		"\"PATCH\":{\"authorizationType\":\"NONE\",\"requestValidatorId\":\"none\",\"methodIntegration\":{"
		"\"type\":\"MOCK\"}},"
		"\"HEAD\":{\"authorizationType\":\"NONE\",\"requestValidatorId\":\"gone\",\"methodIntegration\":{"
		"\"type\":\"MOCK\"}},"
		"\"DELETE\":{\"authorizationType\":\"NONE\"},"
		"\"OPTIONS\":{\"authorizationType\":\"CUSTOM\",\"methodIntegration\":{\"type\":\"MOCK\"}}}}]}";
	struct world *world = *state;
	const struct route_node *routes;
	struct route_match match;

	estate_begin(&world->estate);
	estate_put_api(&world->estate, "api", ESTATE_ALLOW_ALL, definition);
	estate_commit(&world->estate);
	build_well(world);
	routes = stage_of(world, "api", "prod")->deployment->routes;
	for (unsigned verb = 0; verb < ROUTE_ANY; verb++) {
		assert_true(route_find(routes, (enum route_verb)verb, view_of("/"), &match));
		assert_int_equal(verb == ROUTE_PATCH || verb == ROUTE_HEAD, match.method->refused == NULL);
		assert_int_equal(verb == ROUTE_GET || verb == ROUTE_OPTIONS, match.method->needs_authorization);
	}
}

static struct json *domain_record(const char *policy)
{
	struct json *body =
		estate_json("{\"domainName\":\"API.pets.internal\",\"domainNameId\":\"abcd1234\",\"certificateArn\":"
			    "\"arn:aws:acm:us-east-1:123456789012:certificate/1\",\"endpointConfiguration\":"
			    "{\"types\":[\"PRIVATE\"]}}");

	json_set_c_string(body, "policy", policy);
	return body;
}

static void put_base_path(struct world *world, const char *base_path, const char *api_id, const char *stage)
{
	struct json *body = json_object_new();
	char id[128];

	json_set_c_string(body, "basePath", base_path);
	json_set_c_string(body, "restApiId", api_id);
	json_set_c_string(body, "stage", stage);
	snprintf(id, sizeof id, "api.pets.internal+abcd1234/%s", base_path);
	estate_put(&world->estate, STORE_basepathmapping, id, "api.pets.internal+abcd1234", body);
}

static void put_domain(struct world *world)
{
	estate_put(
		&world->estate, STORE_domainname, "api.pets.internal+abcd1234", NULL, domain_record(ESTATE_ALLOW_ALL));
	estate_put(&world->estate, STORE_domainaccess, "arn:access:1", "api.pets.internal+abcd1234",
		estate_json(
			"{\"accessAssociationSource\":\"" ESTATE_VPCE "\",\"accessAssociationSourceType\":\"VPCE\"}"));
}

static void a_domain_answers_where_it_is_associated(void **state)
{
	struct world *world = *state;
	const struct snapshot_domain *domain;

	estate_begin(&world->estate);
	put_domain(world);
	put_base_path(world, "(none)", "api", "prod");
	estate_commit(&world->estate);
	build_well(world);
	domain = snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal"));
	assert_non_null(domain);
	assert_true(view_equals_text(
		domain->arn, "arn:aws:execute-api:us-east-1:123456789012:/domainnames/api.pets.internal+abcd1234"));
	assert_null(snapshot_domain_find(world->snapshot, view_of("vpce-other"), view_of("api.pets.internal")));
	assert_null(snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("x.pets.internal")));

	/* A new mapping makes the domain anew; a deleted association takes it off the endpoint. */
	estate_begin(&world->estate);
	put_base_path(world, "shop", "api", "prod");
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(1, world->result.compiled_count);
	assert_int_equal(2, snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal"))
				    ->base_path_count);
	estate_begin(&world->estate);
	assert_int_equal(0, store_delete(world->estate.store, STORE_domainaccess, "arn:access:1"));
	estate_commit(&world->estate);
	build_well(world);
	assert_null(snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal")));
	assert_int_equal(0, world->snapshot->hosts.count);
	assert_int_equal(1, world->snapshot->domains.count);
}

static void a_domain_that_wants_client_certificates_leads_nowhere(void **state)
{
	struct world *world = *state;
	struct json *body = domain_record(ESTATE_ALLOW_ALL);

	json_set_c_string(json_ensure_object(body, "mutualTlsAuthentication"), "truststoreUri", "s3://bucket/key");
	estate_begin(&world->estate);
	put_domain(world);
	put_base_path(world, "(none)", "api", "prod");
	estate_put(&world->estate, STORE_domainname, "api.pets.internal+abcd1234", NULL, body);
	estate_commit(&world->estate);
	build_well(world);
	assert_int_equal(0, snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal"))
				    ->base_path_count);
}

/* "api rest" of the base path that serves `path`, "-" for none. */
static const char *base_path_of(struct world *world, const char *path)
{
	static char text[256];
	const struct snapshot_domain *domain =
		snapshot_domain_find(world->snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal"));
	struct view rest;
	const struct snapshot_base_path *base =
		snapshot_base_path_find(domain, view_from(at_page_end(path, strlen(path)), strlen(path)), &rest);

	if (!base)
		return "-";
	snprintf(text, sizeof text, VIEW_FMT " " VIEW_FMT, VIEW_ARG(base->api_id), VIEW_ARG(rest));
	return text;
}

static void base_paths_are_chosen_as_documented(void **state)
{
	struct world *world = *state;

	estate_begin(&world->estate);
	put_domain(world);
	put_base_path(world, "orders", "2", "s");
	estate_commit(&world->estate);
	build_well(world);
	assert_string_equal("-", base_path_of(world, "/x"));
	assert_string_equal("-", base_path_of(world, "/ordersandmore"));
	assert_string_equal("2 ", base_path_of(world, "/orders"));

	estate_begin(&world->estate);
	put_base_path(world, "(none)", "1", "s");
	estate_commit(&world->estate);
	build_well(world);
	assert_string_equal("1 /ordersandmore", base_path_of(world, "/ordersandmore"));
	assert_string_equal("2 /a", base_path_of(world, "/orders/a"));

	estate_begin(&world->estate);
	put_base_path(world, "orders/v1/items", "3", "s");
	put_base_path(world, "orders/v2/items", "4", "s");
	put_base_path(world, "orders/v1/items/categories", "5", "s");
	estate_commit(&world->estate);
	build_well(world);
	assert_string_equal("2 ", base_path_of(world, "/orders"));
	assert_string_equal("3 ", base_path_of(world, "/orders/v1/items"));
	assert_string_equal("4 ", base_path_of(world, "/orders/v2/items"));
	assert_string_equal("3 /123", base_path_of(world, "/orders/v1/items/123"));
	assert_string_equal("5 /5", base_path_of(world, "/orders/v1/items/categories/5"));
	assert_string_equal("4 /categories/5", base_path_of(world, "/orders/v2/items/categories/5"));
	assert_string_equal("1 /customers", base_path_of(world, "/customers"));
	assert_string_equal("2 andmore", base_path_of(world, "/ordersandmore"));
}

static void put_zone(struct world *world, const char *id, const char *name)
{
	struct json *body = estate_json(
		"{\"Config\":{\"PrivateZone\":true},\"VPCs\":[{\"VPCRegion\":\"us-east-1\",\"VPCId\":\"" ESTATE_VPC
		"\"}]}");

	json_set_c_string(body, "Name", name);
	estate_put(&world->estate, STORE_hostedzone, id, NULL, body);
}

static void put_record_set(struct world *world, const char *id, const char *zone_id, const char *text)
{
	estate_put(&world->estate, STORE_rrset, id, zone_id, estate_json(text));
}

static void zones_answer_for_their_vpc_and_the_most_specific_wins(void **state)
{
	struct world *world = *state;
	const struct snapshot_zone *zone;
	const struct snapshot_record_set *sets;
	size_t count;

	estate_begin(&world->estate);
	put_zone(world, "Z1", "internal.");
	put_zone(world, "Z2", "Pets.Internal");
	put_record_set(world, "Z2/a", "Z2",
		"{\"Name\":\"api.pets.internal.\",\"Type\":\"A\",\"AliasTarget\":{\"HostedZoneId\":\"Z7HUB22UULQXV\","
		"\"DNSName\":"
		"\"VPCE-1.execute-api.us-east-1.vpce.amazonaws.com\",\"EvaluateTargetHealth\":false}}");
	put_record_set(world, "Z2/b", "Z2",
		"{\"Name\":\"api.pets.internal.\",\"Type\":\"TXT\",\"TTL\":300,\"ResourceRecords\":[{\"Value\":\"\\\"a "
		"b\\\"\"}]}");
	put_record_set(world, "Z2/c", "Z2",
		"{\"Name\":\"a.b.deep.pets.internal\",\"Type\":\"A\",\"TTL\":60,\"ResourceRecords\":[{\"Value\":\"10.0."
		"0.20\"}]}");
	put_record_set(world, "Z2/d", "Z2",
		"{\"Name\":\"\\\\052.pets.internal.\",\"Type\":\"A\",\"TTL\":60,\"ResourceRecords\":[{\"Value\":\"10.0."
		"0.99\"}]}");
	estate_commit(&world->estate);
	build_well(world);

	zone = snapshot_zone_find(world->snapshot, view_of(ESTATE_VPC), view_of("api.pets.internal."));
	assert_non_null(zone);
	assert_true(view_equals_text(zone->id, "Z2"));
	assert_true(view_equals_text(
		snapshot_zone_find(world->snapshot, view_of(ESTATE_VPC), view_of("mypets.internal."))->id, "Z1"));
	assert_null(snapshot_zone_find(world->snapshot, view_of("vpc-other"), view_of("api.pets.internal.")));
	assert_null(snapshot_zone_find(world->snapshot, view_of(ESTATE_VPC), view_of("example.com.")));
	sets = snapshot_record_sets_find(zone, view_of("api.pets.internal."), &count);
	assert_int_equal(2, count);
	assert_true(view_equals_text(sets[0].alias_target, "vpce-1.execute-api.us-east-1.vpce.amazonaws.com."));
	assert_true(view_equals_text(sets[1].values[0], "\"a b\""));
	assert_non_null(snapshot_record_sets_find(zone, view_of("*.pets.internal."), &count));
	assert_null(snapshot_record_sets_find(zone, view_of("deep.pets.internal."), &count));
	assert_true(snapshot_zone_has_below(zone, view_of("deep.pets.internal.")));
	assert_true(snapshot_zone_has_below(zone, view_of("b.deep.pets.internal.")));
	assert_false(snapshot_zone_has_below(zone, view_of("a.b.deep.pets.internal.")));
	assert_false(snapshot_zone_has_below(zone, view_of("eep.pets.internal.")));
}

static void names_are_ordered_by_labels_from_the_right(void **state)
{
	(void)state;
	assert_true(snapshot_name_compare(view_of("a.example."), view_of("a.example.")) == 0);
	assert_true(snapshot_name_compare(view_of("example."), view_of("a.example.")) < 0);
	assert_true(snapshot_name_compare(view_of("a.example."), view_of("z.a.example.")) < 0);
	assert_true(snapshot_name_compare(view_of("z.a.example."), view_of("b.example.")) < 0);
	assert_true(snapshot_name_compare(view_of("."), view_of("a.")) < 0);
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Resources /r0 ... /r19, each with GET. */
static char *twenty_methods(void)
{
	struct buffer text;
	char *taken;

	buffer_init(&text, 1 << 20);
	buffer_append_text(&text, "{\"resources\":[");
	for (unsigned i = 0; i < 20; i++)
		buffer_printf(&text, "%s{\"id\":\"r%u\",\"path\":\"/r%u\",\"resourceMethods\":{\"GET\":%s}}",
			i ? "," : "", i, i, ESTATE_MOCK);
	buffer_append_text(&text, "]}");
	taken = buffer_take(&text, NULL);
	assert_non_null(taken);
	return taken;
}

static void among_a_thousand_apis_a_change_is_built_in_time(void **state)
{
	struct world *world = *state;
	char *definition = twenty_methods(), id[16];
	uint64_t began, whole_us, change_us;

	estate_begin(&world->estate);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "api%u", i);
		estate_put_api(&world->estate, id, ESTATE_ALLOW_ALL, definition);
	}
	estate_commit(&world->estate);
	began = now_us();
	build_well(world);
	whole_us = now_us() - began;
	assert_int_equal(1000, world->snapshot->apis.count);
	assert_int_equal(20, stage_of(world, "api999", "prod")->deployment->method_count);

	estate_begin(&world->estate);
	estate_put_deployment(&world->estate, "api500", "dep2", DENY_ALL, definition, NULL);
	estate_put_stage(&world->estate, "api500", "prod", "dep2", NULL);
	estate_commit(&world->estate);
	began = now_us();
	build_well(world);
	change_us = now_us() - began;
	assert_int_equal(2, world->result.compiled_count);
	print_message("1,000 APIs of 20 methods: first snapshot %lu us, one changed API %lu us\n",
		(unsigned long)whole_us, (unsigned long)change_us);
	/* The target is 100 ms from the answered call to the first request that it serves; this is one part of it. */
	assert_true(change_us < 100000);
	free(definition);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_store_is_an_empty_snapshot),
		TEST(a_deployed_stage_is_served_as_it_was_frozen),
		TEST(a_stage_may_have_a_canary),
		TEST(a_change_compiles_what_changed_and_shares_the_rest),
		TEST(a_resource_policy_acts_by_deployment_an_endpoint_s_at_once),
		TEST(what_is_deleted_is_gone),
		TEST(a_revision_that_does_not_build_leaves_the_old_one_and_says_why),
		TEST(the_first_snapshot_leaves_out_what_does_not_build),
		TEST(methods_that_can_t_be_enforced_are_marked),
		TEST(a_domain_answers_where_it_is_associated),
		TEST(a_domain_that_wants_client_certificates_leads_nowhere),
		TEST(base_paths_are_chosen_as_documented),
		TEST(zones_answer_for_their_vpc_and_the_most_specific_wins),
		TEST(names_are_ordered_by_labels_from_the_right),
		TEST(among_a_thousand_apis_a_change_is_built_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
