/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of API keys, usage plans and usage: what takes too long for a client to try, and what lies in the store. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/apigateway/api_key_value.h"
#include "appliance/control/apigateway/quotas.h"

/* `count` records of a kind in one transaction. */
static void put_many(struct appliance *appliance, enum store_kind kind, unsigned count)
{
	struct store *store = appliance->control->store;

	assert_int_equal(0, store_begin(store));
	for (unsigned i = 0; i < count; i++) {
		char id[64], body[128];

		snprintf(id, sizeof id, "%u", i);
		snprintf(body, sizeof body, "{\"id\":\"%u\",\"name\":\"n%u\",\"stageKeys\":[]}", i, i);
		assert_int_equal(0, store_put(store, kind, id, NULL, body, strlen(body)));
	}
	assert_int_equal(0, store_commit(store, NULL));
}

static void put_one(
	struct appliance *appliance, enum store_kind kind, const char *id, const char *parent, const char *body)
{
	struct store *store = appliance->control->store;

	assert_int_equal(0, store_begin(store));
	assert_int_equal(0, store_put(store, kind, id, parent, body, strlen(body)));
	assert_int_equal(0, store_commit(store, NULL));
}

static void there_is_no_more_than_the_quota(void **state)
{
	static const struct {
		enum store_kind kind;
		unsigned quota;
		const char *path, *body, *message;
	} cases[] = {
		{ STORE_apikey, QUOTA_API_KEYS, "/apikeys", "{}",
			"Maximum number of API Keys has been reached. Please contact AWS if you need additional API "
			"Keys." },
		{ STORE_usageplan, QUOTA_USAGE_PLANS, "/usageplans", "{\"name\":\"x\"}",
			"Maximum number of Usage Plans has been reached. Please contact AWS if you need additional "
			"Usage Plans." },
		{ STORE_clientcertificate, QUOTA_CLIENT_CERTIFICATES, "/clientcertificates", "{}",
			"Maximum number of Client Certificates has been reached. Please contact AWS if you need "
			"additional Client Certificates." },
		{ STORE_vpclink, QUOTA_VPC_LINKS, "/vpclinks",
			"{\"name\":\"x\",\"targetArns\":[\"arn:aws:elasticloadbalancing:us-east-1:1:x\"]}",
			"Maximum number of VPC Links has been reached. Please contact AWS if you need additional VPC "
			"Links." },
	};
	struct appliance *appliance = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t revision;

		put_many(appliance, cases[i].kind, cases[i].quota);
		revision = revision_of(appliance);
		assert_int_equal(429, call(appliance, "POST", cases[i].path, cases[i].body));
		assert_string_equal("LimitExceededException", appliance->answer.error_type);
		assert_string_equal(cases[i].message, member(appliance, "message"));
		assert_true(revision == revision_of(appliance));
	}
}

static void an_import_beyond_the_quota_changes_nothing(void **state)
{
	struct appliance *appliance = *state;
	uint64_t count = 0;

	put_many(appliance, STORE_apikey, QUOTA_API_KEYS - 1);
	assert_int_equal(429, call(appliance, "POST", "/apikeys?mode=import&format=csv",
				      "name,key\na,aaaaaaaaaaaaaaaaaaaaaaaa\nb,bbbbbbbbbbbbbbbbbbbbbbbb\n"));
	assert_int_equal(0, store_count(appliance->control->store, STORE_apikey, NULL, &count));
	assert_int_equal(QUOTA_API_KEYS - 1, count);
	assert_int_equal(0, store_count(appliance->control->store, STORE_apikeyvalue, NULL, &count));
	assert_int_equal(0, count);
	assert_int_equal(201,
		call(appliance, "POST", "/apikeys?mode=import&format=csv", "name,key\na,aaaaaaaaaaaaaaaaaaaaaaaa\n"));
	/* The newest page of all keys. */
	assert_int_equal(200, call(appliance, "GET", "/apikeys?limit=1&includeValues=true", ""));
	assert_true(answer_has(appliance, "aaaaaaaaaaaaaaaaaaaaaaaa"));
}

/* A file with so many records that have the same plan, one key for each. */
static char *file_of(unsigned records)
{
	char *text = malloc(64 + (size_t)records * 64), *at = text;

	assert_non_null(text);
	at += sprintf(at, "name,key,usageplanids\n");
	for (unsigned i = 0; i < records; i++)
		at += sprintf(at, "n,key-of-this-file-%010u,\"0,0,1\"\n", i);
	return text;
}

static void files_of_many_keys_are_imported_and_again(void **state)
{
	struct appliance *appliance = *state;
	char *file = file_of(QUOTA_API_KEYS), *larger = file_of(QUOTA_API_KEYS + 1);
	uint64_t count = 0;

	put_many(appliance, STORE_usageplan, QUOTA_USAGE_PLANS);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(201, call(appliance, "POST", "/apikeys?mode=import&format=csv", file));
		assert_null(json_find(appliance->body, "warnings"));
		assert_int_equal(QUOTA_API_KEYS, json_count(json_find(appliance->body, "ids")));
		assert_int_equal(0, store_count(appliance->control->store, STORE_usageplankey, "1", &count));
		assert_int_equal(QUOTA_API_KEYS, count);
	}
	assert_int_equal(400, call(appliance, "POST", "/apikeys?mode=import&format=csv", larger));
	assert_string_equal("Invalid API key file: It can have at most 10000 records", member(appliance, "message"));
	free(file);
	free(larger);
}

static void a_gateway_finds_a_key_by_its_value(void **state)
{
	struct appliance *appliance = *state;
	const char *value = "a-value-that-no-one-guesses";
	char digest[SEAL_DIGEST_CHARS + 1];
	struct store_record record;
	char id[16], path[32];

	assert_int_equal(
		201, call(appliance, "POST", "/apikeys", "{\"name\":\"x\",\"value\":\"a-value-that-no-one-guesses\"}"));
	snprintf(id, sizeof id, "%s", member(appliance, "id"));
	seal_digest(digest, &appliance->control->key, API_KEY_VALUE_PURPOSE, view_from_text(value));
	assert_int_equal(0, store_get(appliance->control->store, STORE_apikeyvalue, digest, &record));
	assert_non_null(strstr(record.body, id));
	store_record_fini(&record);
	assert_int_equal(0, store_get(appliance->control->store, STORE_apikey, id, &record));
	assert_non_null(strstr(record.body, digest));
	assert_null(strstr(record.body, value));
	store_record_fini(&record);
	snprintf(path, sizeof path, "/apikeys/%s", id);
	assert_int_equal(202, call(appliance, "DELETE", path, ""));
	assert_int_equal(0, store_exists(appliance->control->store, STORE_apikeyvalue, digest));
}

/* What GetUsage shows of the one key of a plan with that quota: pairs of used and remaining, a day each. */
static void assert_remaining(struct appliance *appliance, const char *quota, const char *query, const char *wanted)
{
	char body[256];
	struct buffer found;

	snprintf(body, sizeof body, "{\"id\":\"plan\",\"name\":\"x\",\"apiStages\":[],\"quota\":%s}", quota);
	put_one(appliance, STORE_usageplan, "plan", NULL, body);
	assert_int_equal(200, call(appliance, "GET", query, ""));
	buffer_init(&found, 4096);
	json_print(json_find_path(appliance->body, "values", "key", NULL), &found);
	assert_string_equal(wanted, buffer_text(&found));
	buffer_fini(&found);
}

static void a_grant_lasts_until_its_period_ends(void **state)
{
	struct appliance *appliance = *state;

	put_one(appliance, STORE_usageplankey, "plan/key", "plan", "{\"id\":\"key\"}");
	put_one(appliance, STORE_usage, "plan/key", "plan",
		"{\"remaining\":{\"2026-01-07\":5,\"2026-01-09\":3,\"2026-02-20\":7}}");
	/* 2026-01-05 is a Monday. */
	assert_remaining(appliance, "{\"limit\":9,\"offset\":1,\"period\":\"WEEK\"}",
		"/usageplans/plan/usage?startDate=2026-01-04&endDate=2026-01-12",
		"[[0,9],[0,9],[0,9],[0,5],[0,5],[0,3],[0,3],[0,3],[0,9]]");
	assert_remaining(appliance, "{\"limit\":9,\"offset\":0,\"period\":\"WEEK\"}",
		"/usageplans/plan/usage?startDate=2026-01-10&endDate=2026-01-11", "[[0,3],[0,9]]");
	assert_remaining(appliance, "{\"limit\":9,\"offset\":0,\"period\":\"DAY\"}",
		"/usageplans/plan/usage?startDate=2026-01-07&endDate=2026-01-09", "[[0,5],[0,9],[0,3]]");
	assert_remaining(appliance, "{\"limit\":9,\"offset\":0,\"period\":\"MONTH\"}",
		"/usageplans/plan/usage?startDate=2026-01-30&endDate=2026-02-02", "[[0,3],[0,3],[0,9],[0,9]]");
	/* From the 28th to the 27th. */
	assert_remaining(appliance, "{\"limit\":9,\"offset\":27,\"period\":\"MONTH\"}",
		"/usageplans/plan/usage?startDate=2026-02-26&endDate=2026-03-01", "[[0,7],[0,7],[0,9],[0,9]]");
	assert_remaining(appliance, "{\"limit\":9,\"offset\":27,\"period\":\"MONTH\"}",
		"/usageplans/plan/usage?startDate=2026-01-26&endDate=2026-01-29", "[[0,3],[0,3],[0,9],[0,9]]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(there_is_no_more_than_the_quota),
		WITH_APPLIANCE(an_import_beyond_the_quota_changes_nothing),
		WITH_APPLIANCE(files_of_many_keys_are_imported_and_again),
		WITH_APPLIANCE(a_gateway_finds_a_key_by_its_value),
		WITH_APPLIANCE(a_grant_lasts_until_its_period_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
