/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * filtering: an appliance with a fake posternd, an endpoint and private APIs, for tests of what filters are loaded.
 */
#ifndef POSTERN_TESTS_UNIT_CONTROL_FILTERING_H
#define POSTERN_TESTS_UNIT_CONTROL_FILTERING_H

#include "tests/unit/control/appliance.h"

#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/posternd.h"
#include "tests/unit/control/fake_posternd.h"

static struct fake_posternd fake;

#define CREATE_ENDPOINT                                                                                                \
	"Action=CreateVpcEndpoint&Version=2016-11-15&VpcEndpointType=Interface&VpcId=vpc-0a1b2c3d&"                    \
	"ServiceName=com.amazonaws.us-east-1.execute-api&SubnetId.1=subnet-1&IpAddressType=dualstack"

static inline int start(void **state)
{
	struct appliance *appliance;

	assert_int_equal(0, appliance_start(state));
	appliance = *state;
	appliance_close(appliance);
	fake_posternd_start(&fake, appliance->folder);
	appliance->settings.posternd_socket = fake.path;
	appliance_open(appliance);
	return 0;
}

static inline int end(void **state)
{
	struct appliance *appliance = *state;

	posternd_forget(appliance->control);
	fake_posternd_stop(&fake);
	return appliance_end(state);
}

/* The id of a new endpoint, in static memory. */
static __attribute__((noinline, unused)) const char *create_endpoint(struct appliance *appliance)
{
	static char id[32];

	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT));
	snprintf(id, sizeof id, "%s", element(appliance, "vpcEndpointId"));
	return id;
}

/* Import a private API with this policy; its id, in static memory. */
static __attribute__((noinline, unused)) const char *import_api(struct appliance *appliance, const char *policy)
{
	static const char document[] =
		"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"pets\",\"version\":\"1\"},\"paths\":{\"/pets\":{\"get\":{"
		"\"x-amazon-apigateway-integration\":{\"type\":\"mock\",\"requestTemplates\":{\"application/json\":"
		"\"{\\\"statusCode\\\": 200}\"}}}}},\"x-amazon-apigateway-policy\":%s}";
	static char id[16];
	char *text = NULL;

	assert_true(asprintf(&text, document, policy) > 0);
	assert_int_equal(
		201, call(appliance, "POST", "/restapis?mode=import&endpointConfigurationTypes=PRIVATE", text));
	free(text);
	snprintf(id, sizeof id, "%s", member(appliance, "id"));
	return id;
}

/* Put it as it is now on stage prod; the status of the answer. */
static inline int deploy_api(struct appliance *appliance, const char *id)
{
	char target[96];

	snprintf(target, sizeof target, "/restapis/%s/deployments", id);
	return call(appliance, "POST", target, "{\"stageName\":\"prod\"}");
}

static inline void deploy(struct appliance *appliance, const char *policy)
{
	assert_int_equal(201, deploy_api(appliance, import_api(appliance, policy)));
}

#define ALLOW_ALL                                                                                                      \
	"{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"execute-api:/*\"}"
#define POLICY(statements) "{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}"
#define ONLY_LEFT                                                                                                      \
	POLICY(ALLOW_ALL                                                                                               \
		",{\"Sid\":\"OnlyLeft\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\","    \
		"\"Resource\":\"execute-api:/*\",\"Condition\":{\"NotIpAddress\":{\"aws:VpcSourceIp\":"                \
		"\"10.20.0.0/26\"}}}")

#define WITH_POSTERND(test) cmocka_unit_test_setup_teardown(test, start, end)

#endif
