/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/aws_uri and aws_service: URIs of integrations with AWS services, and what is known of services. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/aws_service.h"
#include "appliance/integrate/aws_uri.h"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

#define assert_view(text, view) assert_string_equal((text), arena_copy(&arena, (view)).at)

/* --- taking apart ----------------------------------------------------------------------------------------------------- */

static void both_forms_are_taken_apart(void **state)
{
	struct aws_uri uri;

	(void)state;
	assert_int_equal(0, aws_uri_parse(&uri, view_of("arn:aws:apigateway:us-east-1:dynamodb:action/PutItem")));
	assert_view("aws", uri.partition);
	assert_view("us-east-1", uri.region);
	assert_view("dynamodb", uri.name);
	assert_true(uri.is_action);
	assert_view("PutItem", uri.rest);

	assert_int_equal(0,
		aws_uri_parse(&uri, view_of("arn:aws-cn:apigateway:cn-north-1:runtime.sagemaker:path//endpoints/e")));
	assert_view("aws-cn", uri.partition);
	assert_view("runtime.sagemaker", uri.name);
	assert_false(uri.is_action);
	assert_view("/endpoints/e", uri.rest);

	assert_int_equal(
		0, aws_uri_parse(&uri, view_of("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
					       "arn:aws:lambda:us-east-1:123456789012:function:f/invocations")));
	assert_view("/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations", uri.rest);

	assert_int_equal(0, aws_uri_parse(&uri, view_of("arn:aws:apigateway:us-east-1:s3:path/")));
	assert_view("/", uri.rest);
	assert_int_equal(0,
		aws_uri_parse(&uri, view_of("arn:aws:apigateway:us-east-1:sns:action/Publish&TopicArn=a&Message=b")));
	assert_view("Publish&TopicArn=a&Message=b", uri.rest);
}

static void what_is_no_such_uri_is_refused(void **state)
{
	static const char *const texts[] = { "", "arn", "arn:aws:apigateway:us-east-1:sqs",
		"arn:aws:apigateway:us-east-1:sqs:", "arn:aws:apigateway:us-east-1:sqs:action/",
		"arn:aws:apigateway:us-east-1:sqs:queue/x", "arn:aws:lambda:us-east-1:1:function:f",
		"arn:aws:apigateway::sqs:action/X", "arn:aws:apigateway:us-east-1::action/X",
		"arn::apigateway:us-east-1:sqs:action/X", "http://sqs/path/x",
		"urn:aws:apigateway:us-east-1:sqs:path/x" };
	struct aws_uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(-EINVAL, aws_uri_parse(&uri, view_from_text(texts[i])));
}

/* --- placeholders ----------------------------------------------------------------------------------------------------- */

static struct view variable(void *context, struct view name)
{
	(void)context;
	if (view_equals_text(name, "queue"))
		return view_of("q1");
	return view_equals_text(name, "up") ? view_of("..") : (struct view){ 0 };
}

/* The form "arn:aws:apigateway:r:s3:" KIND "/{name}" and a value, rendered. */
static const char *rendered(const char *before, enum integration_uri_part_kind kind, const char *name,
	const char *after, const char *value, int *ret_error)
{
	const struct integration_uri_part parts[] = { { INTEGRATION_URI_TEXT, view_from_text(before) },
		{ kind, view_from_text(name) }, { INTEGRATION_URI_TEXT, view_from_text(after) } };
	const struct integration_uri uri = { .part_count = 3, .parts = parts };
	const struct integrate_parameter parameter = {
		.kind = MAPPING_TO_REQUEST_PATH, .name = view_of("name"), .value = view_from_text(value)
	};
	const struct aws_uri_values values = { .variable = variable, .parameters = &parameter, .parameter_count = 1 };
	struct view ret = { 0 };

	*ret_error = aws_uri_render(&arena, &uri, &values, &ret);
	return *ret_error ? "" : arena_copy(&arena, ret).at;
}

static void placeholders_are_filled_in(void **state)
{
	int error;

	(void)state;
	assert_string_equal("arn:aws:apigateway:r:sqs:path/1/q1/x",
		rendered(
			"arn:aws:apigateway:r:sqs:path/1/", INTEGRATION_URI_STAGE_VARIABLE, "queue", "/x", "", &error));
	assert_string_equal("arn:aws:apigateway:r:sqs:path/1//x",
		rendered(
			"arn:aws:apigateway:r:sqs:path/1/", INTEGRATION_URI_STAGE_VARIABLE, "unset", "/x", "", &error));
	assert_string_equal("arn:aws:apigateway:r:s3:path/b/a/b%20c.png",
		rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "name", "", "a/b%20c.png",
			&error));
	assert_string_equal("arn:aws:apigateway:r:s3:path/b/a%20%C3%A9.png",
		rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "name", "",
			"a \xc3\xa9.png", &error));
	/* One that nothing is mapped to. */
	rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "other", "", "v", &error);
	assert_int_equal(-EINVAL, error);
}

static void a_value_stays_in_its_place(void **state)
{
	static const char *const dots[] = { "..", ".", "a/../b", "%2e%2E", ".%2e", "x/." };
	int error;

	(void)state;
	assert_string_equal("arn:aws:apigateway:r:s3:path/b/a%3Fx=1%26y%23z",
		rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "name", "", "a?x=1&y#z",
			&error));
	assert_string_equal("arn:aws:apigateway:r:s3:path/b?prefix=a?x=1%26y%23z",
		rendered("arn:aws:apigateway:r:s3:path/b?prefix=", INTEGRATION_URI_PATH_PARAMETER, "name", "",
			"a?x=1&y#z", &error));
	assert_string_equal("arn:aws:apigateway:r:sns:action/Publish&Message=a%26Action=Delete",
		rendered("arn:aws:apigateway:r:sns:action/Publish&Message=", INTEGRATION_URI_PATH_PARAMETER, "name", "",
			"a&Action=Delete", &error));
	for (size_t i = 0; i < sizeof dots / sizeof *dots; i++) {
		rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "name", "/c", dots[i],
			&error);
		assert_int_equal(-EINVAL, error);
	}
	rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_STAGE_VARIABLE, "up", "/c", "", &error);
	assert_int_equal(-EINVAL, error);
	rendered("arn:aws:apigateway:r:s3:path/b/", INTEGRATION_URI_PATH_PARAMETER, "name", "/c", "...", &error);
	assert_int_equal(0, error);
}

/* --- services --------------------------------------------------------------------------------------------------------- */

static void services_of_the_table(void **state)
{
	struct aws_service service;

	(void)state;
	aws_service_find(view_of("dynamodb"), &service);
	assert_true(service.is_known && service.protocol == AWS_PROTOCOL_JSON_10);
	assert_view("DynamoDB_20120810", service.target_prefix);
	assert_view("dynamodb.eu-west-1.amazonaws.com",
		aws_service_host(&arena, &service, view_of("dynamodb"), view_of("aws"), view_of("eu-west-1")));
	aws_service_find(view_of("kinesis"), &service);
	assert_true(service.protocol == AWS_PROTOCOL_JSON_11);
	assert_view("Kinesis_20131202", service.target_prefix);
	aws_service_find(view_of("sqs"), &service);
	assert_true(service.protocol == AWS_PROTOCOL_QUERY);
	assert_view("2012-11-05", service.version);
	aws_service_find(view_of("states"), &service);
	assert_view("AWSStepFunctions", service.target_prefix);
	aws_service_find(view_of("monitoring"), &service);
	assert_view("monitoring", service.signing_name);
	aws_service_find(view_of("ssm"), &service);
	assert_true(service.answers_wrapped && !service.signs_once);
	aws_service_find(view_of("runtime.sagemaker"), &service);
	assert_view("sagemaker", service.signing_name);
}

static void subdomains_global_and_unknown_services(void **state)
{
	struct aws_service service;

	(void)state;
	aws_service_find(view_of("bucket.s3"), &service);
	assert_true(service.is_known && service.signs_once);
	assert_view("s3", service.signing_name);
	assert_view("bucket.s3.us-east-1.amazonaws.com",
		aws_service_host(&arena, &service, view_of("bucket.s3"), view_of("aws"), view_of("us-east-1")));
	aws_service_find(view_of("iam"), &service);
	assert_view("iam.amazonaws.com",
		aws_service_host(&arena, &service, view_of("iam"), view_of("aws"), view_of("eu-west-1")));
	assert_view("us-east-1", aws_service_signing_region(&service, view_of("eu-west-1")));
	assert_view("cn-north-1", aws_service_signing_region(&service, view_of("cn-north-1")));
	aws_service_find(view_of("sts"), &service);
	assert_view("sts.eu-west-1.amazonaws.com",
		aws_service_host(&arena, &service, view_of("sts"), view_of("aws"), view_of("eu-west-1")));
	assert_view("eu-west-1", aws_service_signing_region(&service, view_of("eu-west-1")));
	aws_service_find(view_of("a.frobnicate"), &service);
	assert_false(service.is_known);
	assert_view("frobnicate", service.signing_name);
	assert_true(service.protocol == AWS_PROTOCOL_REST);
	assert_view("a.frobnicate.cn-north-1.amazonaws.com.cn",
		aws_service_host(&arena, &service, view_of("a.frobnicate"), view_of("aws-cn"), view_of("cn-north-1")));
}

/* Every row is found by its own name, which halving does only if they are in order. */
static void the_table_is_in_order(void **state)
{
	static const char *const names[] = {
#define AWS_SERVICE(name, signing_name, protocol, target_prefix, version, global_host) name,
#include "appliance/integrate/aws_services.def"
#undef AWS_SERVICE
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct aws_service service;

		assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
		aws_service_find(view_from_text(names[i]), &service);
		assert_true(service.is_known);
		assert_view(names[i], service.name);
		if (service.protocol == AWS_PROTOCOL_JSON_10 || service.protocol == AWS_PROTOCOL_JSON_11)
			assert_true(service.target_prefix.count > 0);
		if (service.protocol == AWS_PROTOCOL_QUERY)
			assert_int_equal(10, service.version.count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_forms_are_taken_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_such_uri_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(placeholders_are_filled_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_value_stays_in_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(services_of_the_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(subdomains_global_and_unknown_services, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_table_is_in_order, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
