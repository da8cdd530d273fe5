/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/unchanged and postern/definition: calls on a condition, and previews that change nothing. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/unchanged.h"

static void a_scope_is_a_record_with_what_belongs_to_it(void **state)
{
	static const struct {
		const char *scope;
		struct store_record record;
		bool expected;
	} rows[] = {
		{ "restapi/abc", { .kind = STORE_restapi, .id = "abc", .parent = "" }, true },
		{ "restapi/abc", { .kind = STORE_resource, .id = "abc/r", .parent = "abc" }, true },
		{ "restapi/abc", { .kind = STORE_restapi, .id = "abcd", .parent = "" }, false },
		{ "restapi/abc", { .kind = STORE_model, .id = "abd/abc", .parent = "abd" }, false },
		{ "restapi/abc", { .kind = STORE_hostedzone, .id = "abc", .parent = "" }, false },
		{ "restapi", { .kind = STORE_restapi, .id = "any", .parent = "" }, true },
		{ "restapi", { .kind = STORE_resource, .id = "abc/r", .parent = "abc" }, false },
		{ "hostedzone/Z1", { .kind = STORE_rrset, .id = "Z1/a.test./A", .parent = "Z1" }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(rows[i].expected, unchanged_concerns(view_from_text(rows[i].scope), &rows[i].record));
}

static const char *made_api(struct appliance *appliance, const char *name)
{
	static char id[16];
	char body[64];

	snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
	assert_int_equal(201, call_with(appliance, "apigateway", "POST", "/restapis", NULL, NULL, body));
	snprintf(id, sizeof id, VIEW_FMT, VIEW_ARG(json_find_text(appliance->body, "id")));
	return id;
}

/* Rename an API on the condition of `scope` since `revision`; the status. */
static int rename_if(struct appliance *appliance, const char *id, uint64_t revision, const char *scope)
{
	char target[64], field[128];

	snprintf(target, sizeof target, "/restapis/%s", id);
	snprintf(field, sizeof field, "%llu %s", (unsigned long long)revision, scope);
	return call_with(appliance, "apigateway", "PATCH", target, UNCHANGED_FIELD, field,
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"renamed\"}]}");
}

static void a_call_is_made_only_if_nothing_has_changed(void **state)
{
	struct appliance *appliance = *state;
	char mine[16], other[16], scope[64];
	uint64_t revision;

	snprintf(mine, sizeof mine, "%s", made_api(appliance, "mine"));
	snprintf(other, sizeof other, "%s", made_api(appliance, "other"));
	snprintf(scope, sizeof scope, "hostedzone restapi/%s", mine);
	revision = appliance->answer.revision;
	assert_true(revision > 0);
	/* Another's change is no matter, one's own is. */
	assert_int_equal(200, rename_if(appliance, other, revision, scope));
	assert_true(appliance->answer.revision > revision);
	assert_int_equal(200, rename_if(appliance, mine, revision, scope));
	assert_int_equal(412, rename_if(appliance, mine, revision, scope));
	assert_non_null(strstr(json_find_c_string(appliance->body, "message"), mine));
	assert_int_equal(412, rename_if(appliance, other, revision, "restapi"));
	assert_string_equal("a restapi was changed meanwhile", json_find_c_string(appliance->body, "message"));
	/* Who names another record, or none, is not told which one it was. */
	assert_int_equal(412, rename_if(appliance, other, revision, "hostedzone restapi/nosuch restapi"));
	assert_null(strstr(json_find_c_string(appliance->body, "message"), mine));
	assert_int_equal(400, rename_if(appliance, other, revision, "restapi/"));
	assert_int_equal(400, rename_if(appliance, other, revision, "/abc"));
	assert_int_equal(400, rename_if(appliance, other, revision, "hostedzone nosuch"));
	assert_int_equal(400, rename_if(appliance, other, revision, ""));
	assert_int_equal(400, rename_if(appliance, other, revision, "nosuch/abc"));
	assert_int_equal(400, call_with(appliance, "apigateway", "POST", "/restapis", UNCHANGED_FIELD, "x restapi",
				      "{\"name\":\"a\"}"));
	assert_int_equal(200, rename_if(appliance, mine, appliance->answer.revision, scope));
}

#define DOCUMENT(title)                                                                                                \
	"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"" title "\",\"version\":\"1\"},\"paths\":{\"/pets\":{}}}"

static void a_preview_changes_nothing(void **state)
{
	struct appliance *appliance = *state;
	char id[16], target[128];
	uint64_t revision;

	snprintf(id, sizeof id, "%s", made_api(appliance, "mine"));
	revision = appliance->answer.revision;
	snprintf(target, sizeof target, "/postern/v1/restapis/preview?mode=overwrite&restApiId=%s", id);
	assert_int_equal(200, call_with(appliance, "postern", "POST", target, NULL, NULL, DOCUMENT("new")));
	assert_int_equal(revision, appliance->answer.revision);
	assert_int_equal(1, json_count(json_find_path(appliance->body, "before", "resources", NULL)));
	assert_int_equal(2, json_count(json_find_path(appliance->body, "after", "resources", NULL)));
	assert_true(
		view_equals_text(json_text(json_find_path(appliance->body, "after", "restApi", "name", NULL)), "new"));
	assert_int_equal(200, call_with(appliance, "postern", "POST",
				      "/postern/v1/restapis/preview?endpointConfigurationTypes=PRIVATE", NULL, NULL,
				      DOCUMENT("fresh")));
	assert_null(json_find(appliance->body, "before"));
	assert_int_equal(revision, appliance->answer.revision);
	assert_int_equal(400, call_with(appliance, "postern", "POST", target, NULL, NULL, "{}"));
	assert_int_equal(404, call_with(appliance, "postern", "POST", "/postern/v1/restapis/preview?restApiId=nosuch",
				      NULL, NULL, DOCUMENT("x")));
	snprintf(target, sizeof target, "/postern/v1/restapis/%s/deployments/nosuch", id);
	assert_int_equal(404, call_with(appliance, "postern", "GET", target, NULL, NULL, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_is_a_record_with_what_belongs_to_it),
		cmocka_unit_test_setup_teardown(
			a_call_is_made_only_if_nothing_has_changed, appliance_start, appliance_end),
		cmocka_unit_test_setup_teardown(a_preview_changes_nothing, appliance_start, appliance_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
