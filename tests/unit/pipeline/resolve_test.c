/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/resolve: the table R1–R17 of spec/endpoints.md 5, as far as a host, a header and a path decide. */
#include "tests/unit/estate.h"

#include "appliance/model/build.h"
#include "appliance/pipeline/resolve.h"

#define API "a1b2c3d4e5"
#define HOST API ".execute-api.us-east-1.amazonaws.com"
#define VPCE_HOST ESTATE_VPCE "-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com"

struct world {
	struct estate estate;
	struct store *reader;
	struct compile compile;
	struct snapshot *snapshot;
};

static void put_other_kind(struct estate *estate, const char *id, const char *restapi)
{
	estate_put(estate, STORE_restapi, id, NULL, estate_rest_api(id, ESTATE_ALLOW_ALL));
	estate_put_deployment(estate, id, "dep1", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION, restapi);
	estate_put_stage(estate, id, "prod", "dep1", NULL);
}

static void put_domain(struct estate *estate)
{
	estate_put(estate, STORE_domainname, "api.pets.internal+abcd1234", NULL,
		estate_json(
			"{\"domainName\":\"api.pets.internal\",\"domainNameId\":\"abcd1234\",\"endpointConfiguration\":"
			"{\"types\":[\"PRIVATE\"]}}"));
	estate_put(estate, STORE_domainaccess, "arn:access:1", "api.pets.internal+abcd1234",
		estate_json("{\"accessAssociationSource\":\"" ESTATE_VPCE "\"}"));
	estate_put(estate, STORE_basepathmapping, "d/shop", "api.pets.internal+abcd1234",
		estate_json("{\"basePath\":\"shop\",\"restApiId\":\"" API "\",\"stage\":\"prod\"}"));
	estate_put(estate, STORE_basepathmapping, "d/any", "api.pets.internal+abcd1234",
		estate_json("{\"basePath\":\"any\",\"restApiId\":\"" API "\"}"));
	estate_put(estate, STORE_basepathmapping, "d/off", "api.pets.internal+abcd1234",
		estate_json("{\"basePath\":\"off\",\"restApiId\":\"disabledap\",\"stage\":\"prod\"}"));
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	struct build_result result;
	const char *reason;

	assert_non_null(world);
	estate_open(&world->estate);
	estate_begin(&world->estate);
	estate_put_endpoint(&world->estate, NULL);
	estate_put_api(&world->estate, API, ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_put_api(&world->estate, "bbbbbbbbbb", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	put_other_kind(&world->estate, "regionalap", "{\"endpointConfiguration\":{\"types\":[\"REGIONAL\"]}}");
	put_other_kind(&world->estate, "disabledap", "{\"disableExecuteApiEndpoint\":true}");
	put_other_kind(&world->estate, "loneapilon", "{\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}}");
	put_domain(&world->estate);
	estate_commit(&world->estate);
	assert_int_equal(0, store_open_reader(&world->reader, world->estate.path, &reason));
	world->compile = (struct compile){ .no_tls = true, .worker_count = 1 };
	assert_int_equal(0, build_snapshot(&world->compile, world->reader, NULL, &world->snapshot, &result));
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

/* "api/stage rest" or "Forbidden". */
static const char *resolved(const struct world *world, const char *host, const char *api_id, const char *path)
{
	static char text[512];
	struct resolve_input input = {
		.snapshot = world->snapshot,
		.endpoint_id = view_of(ESTATE_VPCE),
		.host = view_from(at_page_end(host, strlen(host)), strlen(host)),
		.path = view_from(at_page_end(path, strlen(path)), strlen(path)),
		.api_id = view_from_text(api_id),
	};
	struct resolve_result result;

	if (!resolve(&input, &result)) {
		assert_non_null(result.reason);
		return "Forbidden";
	}
	assert_null(result.reason);
	snprintf(text, sizeof text, VIEW_FMT "/" VIEW_FMT " " VIEW_FMT, VIEW_ARG(result.api->id),
		VIEW_ARG(result.stage->name), VIEW_ARG(result.path));
	return text;
}

static void the_table_of_requests_through_an_endpoint(void **state)
{
	const struct world *world = *state;

	/* R1 */
	assert_string_equal(API "/prod /pets", resolved(world, HOST, NULL, "/prod/pets"));
	/* R2 */
	assert_string_equal("Forbidden", resolved(world, VPCE_HOST, NULL, "/prod/pets"));
	/* R3 */
	assert_string_equal(API "/prod /pets", resolved(world, VPCE_HOST, API, "/prod/pets"));
	assert_string_equal(API "/prod /pets", resolved(world, VPCE_HOST, " " API "\t", "/prod/pets"));
	/* R4 */
	assert_string_equal("bbbbbbbbbb/prod /pets", resolved(world, HOST, "bbbbbbbbbb", "/prod/pets"));
	/* R5 */
	assert_string_equal(
		"Forbidden", resolved(world, API ".execute-api.eu-west-1.amazonaws.com", NULL, "/prod/pets"));
	assert_string_equal(
		"Forbidden", resolved(world, API ".execute-api.us-east-1.amazonaws.com.cn", NULL, "/prod/pets"));
	assert_string_equal(
		"Forbidden", resolved(world, API ".x.execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	/* R6 */
	assert_string_equal(API "/prod /pets",
		resolved(world, "A1B2C3D4E5.EXECUTE-API.US-EAST-1.AMAZONAWS.COM:443", NULL, "/prod/pets"));
	assert_string_equal(API "/prod /pets", resolved(world, HOST ".", NULL, "/prod/pets"));
	/* the alias, and R7 */
	assert_string_equal(API "/prod /pets",
		resolved(world, API "-" ESTATE_VPCE ".execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	assert_string_equal("Forbidden",
		resolved(world, API "-vpce-00000000000000000.execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	assert_string_equal("Forbidden",
		resolved(world, "loneapilon-" ESTATE_VPCE ".execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	assert_string_equal("loneapilon/prod /pets",
		resolved(world, "loneapilon.execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	/* R8 */
	assert_string_equal("Forbidden", resolved(world, VPCE_HOST, "regionalap", "/prod/pets"));
	/* R9 */
	assert_string_equal("Forbidden", resolved(world, HOST, NULL, "/"));
	assert_string_equal("Forbidden", resolved(world, HOST, NULL, "/unknown/pets"));
	assert_string_equal("Forbidden", resolved(world, HOST, NULL, "*"));
	/* R10 */
	assert_string_equal(API "/prod ", resolved(world, HOST, NULL, "/prod"));
	assert_string_equal(API "/prod /", resolved(world, HOST, NULL, "/prod/"));
	/* R13 */
	assert_string_equal("Forbidden", resolved(world, VPCE_HOST, "disabledap", "/prod/pets"));
	assert_string_equal("disabledap/prod /pets", resolved(world, "api.pets.internal", NULL, "/off/pets"));
}

static void nothing_else_is_an_api(void **state)
{
	const struct world *world = *state;
	char longest[600];

	assert_string_equal("Forbidden", resolved(world, "", NULL, "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, HOST, "", "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, HOST, "nosuchapi0", "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, "[::1]:443", NULL, "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, "[::1]", NULL, "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, "10.20.0.2", NULL, "/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, ".execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	assert_string_equal(
		"Forbidden", resolved(world, "-vpce-.execute-api.us-east-1.amazonaws.com", NULL, "/prod/pets"));
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_string_equal("Forbidden", resolved(world, longest, NULL, "/prod/pets"));
}

static void slashes_collapse_at_the_start_and_behind_the_stage(void **state)
{
	const struct world *world = *state;

	assert_string_equal(API "/prod /pets", resolved(world, HOST, NULL, "//prod/pets"));
	assert_string_equal(API "/prod //pets//x/", resolved(world, HOST, NULL, "/prod//pets//x/"));
	assert_string_equal(API "/prod /pets", resolved(world, "api.pets.internal", NULL, "///shop/pets"));
	assert_true(view_equals_text(resolve_relative(view_of("//pets//x/")), "pets//x/"));
	assert_int_equal(0, resolve_relative(view_of("/")).count);
}

static void a_private_domain_maps_its_base_paths(void **state)
{
	const struct world *world = *state;

	assert_string_equal(API "/prod /pets", resolved(world, "api.pets.internal", NULL, "/shop/pets"));
	assert_string_equal(API "/prod ", resolved(world, "API.pets.internal:8443", NULL, "/shop"));
	assert_string_equal(API "/prod /pets", resolved(world, "api.pets.internal", NULL, "/any/prod/pets"));
	assert_string_equal("Forbidden", resolved(world, "api.pets.internal", NULL, "/any/nosuch/pets"));
	assert_string_equal("Forbidden", resolved(world, "api.pets.internal", NULL, "/shopping"));
	assert_string_equal("Forbidden", resolved(world, "other.pets.internal", NULL, "/shop/pets"));
	/* The header wins over any host, also over a domain. */
	assert_string_equal("bbbbbbbbbb/prod /x", resolved(world, "api.pets.internal", "bbbbbbbbbb", "/prod/x"));
}

static void a_share_of_the_requests_gets_the_canary(void **state)
{
	static const struct {
		double percent, drawn;
		bool is_canary;
	} cases[] = {
		{ 0.0, 0.0, false },
		{ 100.0, 99.9999999, true },
		{ 10.0, 9.999, true },
		{ 10.0, 10.0, false },
		{ 0.001, 0.0, true },
	};
	struct snapshot_pair plain[] = { { VIEW_INIT("v"), VIEW_INIT("stage") } },
			     overlaid[] = { { VIEW_INIT("v"), VIEW_INIT("canary") } };
	struct snapshot_deployment own = { .type = SNAPSHOT_PRIVATE }, other = { .type = SNAPSHOT_PRIVATE };
	struct snapshot_canary canary = { .deployment = &other, .variables = { 1, overlaid } };
	struct snapshot_stage stage = { .deployment = &own, .variables = { 1, plain } };
	struct resolve_result result;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		canary.percent = cases[i].percent;
		stage.canary = &canary;
		result = (struct resolve_result){ .stage = &stage, .deployment = &own, .variables = &stage.variables };
		assert_true(resolve_canary(&result, cases[i].drawn));
		assert_int_equal(cases[i].is_canary, result.is_canary);
		assert_ptr_equal(cases[i].is_canary ? &other : &own, result.deployment);
		assert_true(view_equals_text(
			resolve_variable(&result, view_of("v")), cases[i].is_canary ? "canary" : "stage"));
	}
	/* What an endpoint may not reach stays unreachable. */
	other.type = SNAPSHOT_REGIONAL;
	assert_false(resolve_canary(&result, 0.0));
	assert_non_null(result.reason);
	stage.canary = NULL;
	result = (struct resolve_result){ .stage = &stage, .deployment = &own, .variables = &stage.variables };
	assert_true(resolve_canary(&result, 0.0));
	assert_false(result.is_canary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_requests_through_an_endpoint),
		cmocka_unit_test(nothing_else_is_an_api),
		cmocka_unit_test(slashes_collapse_at_the_start_and_behind_the_stage),
		cmocka_unit_test(a_private_domain_maps_its_base_paths),
		cmocka_unit_test(a_share_of_the_requests_gets_the_canary),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
