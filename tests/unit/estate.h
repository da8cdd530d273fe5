/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * estate: a store in a folder of its own with the records of endpoints, APIs and domains, for tests of what follows the
 * store: model/ and pipeline/.
 *
 * Identity: account 123456789012, region us-east-1. Records are written as the management side writes them.
 */
#ifndef POSTERN_TESTS_UNIT_ESTATE_H
#define POSTERN_TESTS_UNIT_ESTATE_H

#include "tests/unit/support.h"

#include <dirent.h>

#include "appliance/base/json.h"
#include "appliance/store/store.h"

#define ESTATE_VPCE "vpce-0a1b2c3d4e5f60718"
#define ESTATE_VPC "vpc-0b1c2d3e4f5061728"

struct estate {
	char folder[64];
	char path[128];
	struct store *store;
};

static inline void estate_open(struct estate *estate)
{
	const struct store_identity identity = { .account_id = "123456789012", .region = "us-east-1" };
	const char *reason = "";

	memset(estate, 0, sizeof *estate);
	snprintf(estate->folder, sizeof estate->folder, "/tmp/postern-estate-XXXXXX");
	assert_non_null(mkdtemp(estate->folder));
	snprintf(estate->path, sizeof estate->path, "%s/store.db", estate->folder);
	if (store_open(&estate->store, estate->path, &identity, &reason))
		fail_msg("store: %s", reason);
}

/* The folder goes with all that the store left in it. */
static inline void estate_close(struct estate *estate)
{
	struct dirent *entry;
	char path[512];
	DIR *folder;

	store_close(estate->store);
	folder = opendir(estate->folder);
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", estate->folder, entry->d_name);
		unlink(path);
	}
	closedir(folder);
	assert_int_equal(0, rmdir(estate->folder));
}

static inline void estate_begin(struct estate *estate)
{
	assert_int_equal(0, store_begin(estate->store));
}

static inline uint64_t estate_commit(struct estate *estate)
{
	uint64_t revision = 0;

	assert_int_equal(0, store_commit(estate->store, &revision));
	return revision;
}

/* Write a record, taking over `body`. */
static inline void estate_put(
	struct estate *estate, enum store_kind kind, const char *id, const char *parent, struct json *body)
{
	char *text = json_print_text(body);

	assert_int_equal(0, store_put(estate->store, kind, id, parent, text, strlen(text)));
	free(text);
	json_free(body);
}

/* JSON from text; the test fails if it is none. */
static inline struct json *estate_json(const char *text)
{
	struct json_error where;
	struct json *value = NULL;

	if (json_parse(view_from_text(text), NULL, &value, &where))
		fail_msg("line %u, column %u: %s: %s", where.line, where.column, where.rule, text);
	return value;
}

/* The endpoint; `policy` NULL: full access. */
static inline void estate_put_endpoint(struct estate *estate, const char *policy)
{
	struct json *body =
		estate_json("{\"vpcEndpointId\":\"" ESTATE_VPCE "\",\"vpcId\":\"" ESTATE_VPC
			    "\",\"privateDnsEnabled\":true,\"ipAddressType\":\"dualstack\",\"state\":\"available\","
			    "\"postern\":{\"dnsSuffix\":\"abcdefgh\",\"addresses\":[{\"subnetId\":\"subnet-1\","
			    "\"availabilityZone\":\"us-east-1a\",\"ipv4\":\"10.20.0.2\",\"ipv6\":\"fd00::2\"}]}}");

	json_set_c_string(body, "policyDocument", policy);
	estate_put(estate, STORE_vpcendpoint, ESTATE_VPCE, NULL, body);
}

/* The RestApi object: private, associated with the endpoint; `policy` NULL: none. */
static inline struct json *estate_rest_api(const char *id, const char *policy)
{
	struct json *api =
		estate_json("{\"name\":\"pets\",\"endpointConfiguration\":{\"types\":[\"PRIVATE\"],\"ipAddressType\":"
			    "\"dualstack\",\"vpcEndpointIds\":[\"" ESTATE_VPCE "\"]}}");

	json_set_c_string(api, "id", id);
	json_set_c_string(api, "policy", policy);
	return api;
}

/*
 * A deployment of the API with the definition's members from `definition` (JSON object text: resources, gatewayResponses,
 * validators ...); restApi is added, with `restapi` members merged over the usual ones (may be NULL).
 */
static inline void estate_put_deployment(struct estate *estate, const char *api_id, const char *deployment_id,
	const char *policy, const char *definition, const char *restapi)
{
	struct json *body = json_object_new(), *members = estate_json(definition),
		    *api = estate_rest_api(api_id, policy);
	char id[128];

	if (restapi) {
		struct json *more = estate_json(restapi);

		json_merge(api, more);
		json_free(more);
	}
	json_set_c_string(body, "id", deployment_id);
	json_set(members, "restApi", api);
	json_set(json_ensure_object(body, "postern"), "definition", members);
	snprintf(id, sizeof id, "%s/%s", api_id, deployment_id);
	estate_put(estate, STORE_deployment, id, api_id, body);
}

static inline void estate_put_stage(
	struct estate *estate, const char *api_id, const char *stage, const char *deployment_id, const char *more)
{
	struct json *body = estate_json(more ? more : "{}");
	char id[128];

	json_set_c_string(body, "stageName", stage);
	json_set_c_string(body, "deploymentId", deployment_id);
	snprintf(id, sizeof id, "%s/%s", api_id, stage);
	estate_put(estate, STORE_stage, id, api_id, body);
}

/* An API with one deployment "dep1" on stage "prod". */
static inline void estate_put_api(struct estate *estate, const char *api_id, const char *policy, const char *definition)
{
	estate_put(estate, STORE_restapi, api_id, NULL, estate_rest_api(api_id, policy));
	estate_put_deployment(estate, api_id, "dep1", policy, definition, NULL);
	estate_put_stage(estate, api_id, "prod", "dep1", NULL);
}

#define ESTATE_ALLOW_ALL                                                                                               \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-"   \
	"api:Invoke\","                                                                                                \
	"\"Resource\":\"*\"}]}"

/* A MOCK method that answers 200. */
#define ESTATE_MOCK                                                                                                    \
	"{\"authorizationType\":\"NONE\",\"apiKeyRequired\":false,\"methodResponses\":{\"200\":{\"statusCode\":"       \
	"\"200\"}},"                                                                                                   \
	"\"methodIntegration\":{\"type\":\"MOCK\",\"requestTemplates\":{\"application/json\":\"{\\\"statusCode\\\": "  \
	"200}\"},"                                                                                                     \
	"\"integrationResponses\":{\"200\":{\"statusCode\":\"200\"}}}}"

/* A definition with the root and /pets, each with GET as a MOCK. */
#define ESTATE_MOCK_DEFINITION                                                                                         \
	"{\"resources\":[{\"id\":\"root\",\"path\":\"/\",\"resourceMethods\":{\"GET\":" ESTATE_MOCK "}},"              \
	"{\"id\":\"pets\",\"parentId\":\"root\",\"pathPart\":\"pets\",\"path\":\"/"                                    \
	"pets\",\"resourceMethods\":{\"GET\":" ESTATE_MOCK "}}]}"

#endif
