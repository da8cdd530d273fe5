/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/apigateway: the life of an API as a list of calls, plain and as HAL; for what sanitizers see. */
#include "tests/unit/control/appliance.h"

/* `keep` is a member of the answer that later calls name as $1 to $9, by the slot. */
struct step {
	int status;
	const char *method, *target, *body;
	const char *keep;
	unsigned slot;
};

#define METHOD "/restapis/$1/resources/$2/methods/GET"
#define STAGE "/restapis/$1/stages/prod"
#define REPLACE(path, value) "{\"op\":\"replace\",\"path\":\"" path "\",\"value\":\"" value "\"}"
#define PATCHES(operations) "{\"patchOperations\":[" operations "]}"

static const struct step steps[] = {
	{ 201, "POST", "/restapis", "{\"name\":\"a\",\"binaryMediaTypes\":[\"a/b\"],\"tags\":{\"k\":\"v\"}}", "id", 1 },
	{ 200, "GET", "/restapis/$1", "", "rootResourceId", 2 },
	{ 201, "POST", "/restapis/$1/resources/$2", "{\"pathPart\":\"pets\"}", "id", 3 },
	{ 201, "POST", "/restapis/$1/resources/$3", "{\"pathPart\":\"{id}\"}", "id", 4 },
	{ 400, "POST", "/restapis/$1/resources/$3", "{\"pathPart\":\"{other}\"}", NULL, 0 },
	{ 200, "PATCH", "/restapis/$1/resources/$3", PATCHES(REPLACE("/pathPart", "cats")), NULL, 0 },
	{ 201, "PUT", METHOD,
		"{\"authorizationType\":\"NONE\",\"requestParameters\":{\"method.request.header.x\":true}}", NULL, 0 },
	{ 200, "PATCH", METHOD,
		PATCHES("{\"op\":\"add\",\"path\":\"/requestModels/application~1json\",\"value\":\"Empty\"},"
			"{\"op\":\"remove\",\"path\":\"/requestParameters/method.request.header.x\"}"),
		NULL, 0 },
	{ 400, "PATCH", METHOD, PATCHES("{\"op\":\"test\",\"path\":\"/operationName\",\"value\":\"x\"}"), NULL, 0 },
	{ 201, "PUT", METHOD "/integration",
		"{\"type\":\"MOCK\",\"requestTemplates\":{\"application/json\":\"{\\\"statusCode\\\":200}\"}}", NULL,
		0 },
	{ 200, "PATCH", METHOD "/integration",
		PATCHES(REPLACE("/timeoutInMillis", "50") "," REPLACE("/tlsConfig/insecureSkipVerification", "true")),
		NULL, 0 },
	{ 201, "PUT", METHOD "/responses/200", "{\"responseParameters\":{\"method.response.header.x\":true}}", NULL,
		0 },
	{ 201, "PUT", METHOD "/integration/responses/200",
		"{\"responseParameters\":{\"method.response.header.x\":\"'1'\"}}", NULL, 0 },
	{ 400, "PUT", METHOD "/integration/responses/200",
		"{\"responseParameters\":{\"method.response.header.y\":\"'1'\"}}", NULL, 0 },
	{ 201, "POST", "/restapis/$1/authorizers",
		"{\"name\":\"a\",\"type\":\"TOKEN\",\"identitySource\":\"method.request.header.A\",\"authorizerUri\":"
		"\"arn:aws:apigateway:us-east-1:lambda:path/x\"}",
		NULL, 0 },
	{ 400, "POST", "/restapis/$1/authorizers",
		"{\"name\":\"a\",\"type\":\"TOKEN\",\"identitySource\":\"method.request.header.A\",\"authorizerUri\":"
		"\"arn:aws:apigateway:us-east-1:lambda:path/x\"}",
		NULL, 0 },
	{ 201, "POST", "/restapis/$1/deployments", "{\"stageName\":\"prod\",\"variables\":{\"a\":\"b\"}}", "id", 5 },
	{ 201, "POST", "/restapis/$1/deployments", "{\"stageName\":\"prod\",\"canarySettings\":{\"percentTraffic\":5}}",
		"id", 6 },
	{ 200, "PATCH", STAGE,
		PATCHES("{\"op\":\"copy\",\"from\":\"/canarySettings/deploymentId\",\"path\":\"/deploymentId\"},"
			"{\"op\":\"remove\",\"path\":\"/canarySettings\"}," REPLACE(
				"/~1cats~1{id}/GET/throttling/rateLimit", "2.5") "," REPLACE("/variables", "{}")),
		NULL, 0 },
	{ 200, "PATCH", STAGE, PATCHES(REPLACE("/*/*/throttling/rateLimit", "5 ")), NULL, 0 },
	{ 400, "PATCH", STAGE, PATCHES(REPLACE("/documentationVersion", "v")), NULL, 0 },
	{ 201, "POST", "/restapis/$1/documentation/versions", "{\"documentationVersion\":\"v\",\"stageName\":\"prod\"}",
		NULL, 0 },
	{ 400, "DELETE", "/restapis/$1/documentation/versions/v", "", NULL, 0 },
	{ 200, "PATCH", STAGE, PATCHES(REPLACE("/documentationVersion", "")), NULL, 0 },
	{ 202, "DELETE", "/restapis/$1/documentation/versions/v", "", NULL, 0 },
	{ 201, "POST", "/restapis/$1/deployments", "{\"stageName\":\"prod\",\"cacheClusterEnabled\":true}", NULL, 0 },
	{ 201, "POST", "/restapis/$1/deployments", "{\"stageName\":\"prod\",\"cacheClusterEnabled\":false}", "id", 6 },
	{ 400, "PATCH", STAGE, PATCHES(REPLACE("/variables/a", "|")), NULL, 0 },
	{ 400, "PATCH", STAGE, PATCHES(REPLACE("/canarySettings/percentTraffic", "101")), NULL, 0 },
	{ 202, "DELETE", STAGE "/cache/data", "", NULL, 0 },
	{ 201, "POST", "/restapis", "{\"name\":\"copy\",\"cloneFrom\":\"$1\"}", "id", 7 },
	{ 404, "POST", "/restapis", "{\"name\":\"copy\",\"cloneFrom\":\"none\"}", NULL, 0 },
	{ 400, "POST", "/restapis?mode=import",
		"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\"},\"x-amazon-apigateway-security-policy\":\"x\"}",
		NULL, 0 },
	{ 200, "GET", "/restapis/$7/resources?embed=methods", "", NULL, 0 },
	{ 400, "DELETE", "/restapis/$1/deployments/$6", "", NULL, 0 },
	{ 202, "DELETE", "/restapis/$1/deployments/$5", "", NULL, 0 },
	{ 201, "PUT", "/restapis/$1/gatewayresponses/THROTTLED", "{\"statusCode\":\"430\"}", NULL, 0 },
	{ 200, "PATCH", "/restapis/$1/gatewayresponses/THROTTLED",
		PATCHES(REPLACE("/responseTemplates/text~1plain", "x")), NULL, 0 },
};

/* What every kind of resource looks like. */
static const char *const shown[] = { "/restapis", "/restapis/$1", "/restapis/$1/resources?embed=methods",
	"/restapis/$1/resources/$2", METHOD, METHOD "/integration", METHOD "/responses/200",
	METHOD "/integration/responses/200", "/restapis/$1/models?limit=1", "/restapis/$1/authorizers",
	"/restapis/$1/requestvalidators", "/restapis/$1/deployments/$6?embed=apisummary", "/restapis/$1/stages", STAGE,
	"/restapis/$1/gatewayresponses", "/domainnames", "/account", "/apikeys", "/usageplans", "/vpclinks",
	"/clientcertificates", "/sdktypes" };

static char kept[10][64];

/* `text` with what $1 to $9 stand for, in static memory of the caller. */
static const char *filled(const char *text, char *room, size_t room_bytes)
{
	size_t used = 0;

	for (; *text; text++) {
		if (*text == '$' && text[1] >= '1' && text[1] <= '9')
			used += (size_t)snprintf(room + used, room_bytes - used, "%s", kept[*++text - '0']);
		else
			room[used++] = *text;
	}
	room[used] = '\0';
	return room;
}

static void live(struct appliance *appliance)
{
	char target[512], body[2048];

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const struct step *step = &steps[i];
		int status = call(appliance, step->method, filled(step->target, target, sizeof target),
			filled(step->body, body, sizeof body));

		if (status != step->status)
			fail_msg("%s %s %s: %d %s", step->method, target, body, status, member(appliance, "message"));
		if (step->keep)
			snprintf(kept[step->slot], sizeof *kept, "%s", member(appliance, step->keep));
	}
}

static void an_api_lives(void **state)
{
	struct appliance *appliance = *state;
	char target[512];

	live(appliance);
	assert_int_equal(200, call(appliance, "GET", filled("/restapis/$1/resources", target, sizeof target), ""));
	assert_true(answer_has(appliance, "\"path\":\"/cats/{id}\""));
	assert_int_equal(200, call(appliance, "GET", filled(STAGE, target, sizeof target), ""));
	assert_true(answer_has(appliance, "\"throttlingRateLimit\":5.0"));
	assert_true(answer_has(appliance, "\"cacheClusterStatus\":\"NOT_AVAILABLE\""));
	assert_int_equal(202, call(appliance, "DELETE", filled("/restapis/$1", target, sizeof target), ""));
	assert_int_equal(404, call(appliance, "GET", filled("/restapis/$1", target, sizeof target), ""));
	assert_int_equal(200, call(appliance, "GET", filled("/restapis/$7", target, sizeof target), ""));
}

static void everything_has_a_hal_form(void **state)
{
	struct appliance *appliance = *state;
	char target[512];

	live(appliance);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		int status = call_with(
			appliance, "apigateway", "GET", filled(shown[i], target, sizeof target), NULL, NULL, "");

		if (status != 200 || !json_find_path(appliance->body, "_links", "self", "href", NULL))
			fail_msg("%s: %d", target, status);
		assert_string_equal("application/hal+json", appliance->answer.content_type);
		assert_int_equal(200, call(appliance, "GET", target, ""));
		assert_null(json_find(appliance->body, "_links"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(an_api_lives),
		WITH_APPLIANCE(everything_has_a_hal_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
