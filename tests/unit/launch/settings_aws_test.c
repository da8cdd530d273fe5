/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of launch/settings_aws: rows of aws_endpoints and aws_roles, what is refused, and that secrets are not shown. */
#include "tests/unit/support.h"

#include "appliance/launch/settings.h"

static struct settings *good(const char *text)
{
	struct settings *settings = NULL;
	struct buffer errors;

	buffer_init(&errors, 65536);
	if (settings_parse(&settings, view_from_text(text), "f.yaml", &errors) < 0)
		fail_msg("%s", buffer_text(&errors));
	buffer_fini(&errors);
	return settings;
}

static void bad(const char *text, const char *expected)
{
	struct settings *settings = NULL;
	struct buffer errors;

	buffer_init(&errors, 65536);
	assert_true(settings_parse(&settings, view_from_text(text), "f.yaml", &errors) < 0);
	assert_string_equal(expected, buffer_text(&errors));
	buffer_fini(&errors);
}

static void nothing_is_called_unless_it_is_set(void **state)
{
	struct settings *settings = good("");

	(void)state;
	assert_int_equal(0, settings->aws_endpoints.count);
	assert_int_equal(0, settings->aws_roles.count);
	assert_false(settings->aws_public_endpoints);
	assert_string_equal("", settings->aws_access_key_id);
	assert_string_equal("", settings->aws_instance_metadata);
	settings_free(settings);
}

static void rows_are_read(void **state)
{
	struct settings *settings = good(
		"aws_endpoints:\n"
		"- {service: lambda, url: 'http://10.0.0.1:3002/below', functions: name}\n"
		"- {service: runtime.sagemaker, url: 'https://sage.example/'}\n"
		"- {service: '*', url: 'http://[fd00::1]:4566'}\n"
		"aws_roles:\n"
		"- {role_arn: 'arn:aws:iam::1:role/a', access_key_id: AKIA, secret_access_key: s, session_token: t}\n"
		"- {role_arn: '*', access_key_id: AKIB, secret_access_key: s2}\n"
		"aws_access_key_id: AKIC\naws_secret_access_key: s3\naws_session_token: t3\n"
		"aws_instance_metadata: http://169.254.169.254\n");

	(void)state;
	assert_int_equal(3, settings->aws_endpoints.count);
	assert_string_equal("lambda", settings->aws_endpoints.at[0].service);
	assert_true(settings->aws_endpoints.at[0].functions_by_name);
	assert_false(settings->aws_endpoints.at[1].functions_by_name);
	assert_string_equal("http://[fd00::1]:4566", settings->aws_endpoints.at[2].url);
	assert_int_equal(2, settings->aws_roles.count);
	assert_string_equal("t", settings->aws_roles.at[0].session_token);
	assert_string_equal("", settings->aws_roles.at[1].session_token);
	settings_free(settings);
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	bad("aws_endpoints:\n- x\n", "f.yaml:2:3: aws_endpoints[0]: must be a mapping\n");
	bad("aws_endpoints:\n- {service: sqs}\n", "f.yaml:2:3: aws_endpoints[0]: url is missing\n");
	bad("aws_endpoints:\n- {service: sqs, url: 'http://a', port: 1}\n",
		"f.yaml:2:41: aws_endpoints[0].port: an endpoint has no such key\n");
	bad("aws_endpoints:\n- {service: 'a/b', url: 'http://a'}\n",
		"f.yaml:2:13: aws_endpoints[0].service: must be the name of a service in integrations' URIs, such as "
		"dynamodb, or \"*\"\n");
	bad("aws_endpoints:\n- {service: sqs, url: 'ftp://a'}\n",
		"f.yaml:2:23: aws_endpoints[0].url: must be an http or https URL without '?', '#' and user\n");
	bad("aws_endpoints:\n- {service: sqs, url: 'http://u@a/?x'}\n",
		"f.yaml:2:23: aws_endpoints[0].url: must be an http or https URL without '?', '#' and user\n");
	bad("aws_endpoints:\n- {service: sqs, url: 'http://a', functions: name}\n",
		"f.yaml:2:46: aws_endpoints[0].functions: has a meaning for service lambda only\n");
	bad("aws_endpoints:\n- {service: lambda, url: 'http://a', functions: id}\n",
		"f.yaml:2:49: aws_endpoints[0].functions: must be one of: arn name\n");
	bad("aws_endpoints:\n- {service: sqs, url: 'http://a'}\n- {service: sqs, url: 'http://b'}\n",
		"f.yaml:3:13: aws_endpoints[1].service: has a row already\n");
	bad("aws_roles:\n- {role_arn: a, access_key_id: 1, secret_access_key: s}\n",
		"f.yaml:2:32: aws_roles[0].access_key_id: must be a text: put the number into quotes\n");
	bad("aws_roles:\n- {role_arn: a, access_key_id: b, secret_access_key: 'c d'}\n",
		"f.yaml:2:54: aws_roles[0].secret_access_key: must be 1 to 256 visible ASCII characters\n");
	bad("aws_access_key_id: a\n",
		"f.yaml:1:20: aws_access_key_id: aws_access_key_id and aws_secret_access_key go together\n");
	bad("aws_session_token: a\n", "f.yaml:1:20: aws_session_token: has no meaning without aws_access_key_id\n");
	bad("aws_instance_metadata: 'http://a/b'\n", "f.yaml:1:24: aws_instance_metadata: must be an http or https URL "
						     "without a path, such as http://169.254.169.254\n");
}

static void secrets_of_rows_are_not_shown(void **state)
{
	struct settings *settings =
		good("aws_roles:\n- {role_arn: a, access_key_id: AKIA, secret_access_key: verysecret, session_token: "
		     "alsosecret}\n"
		     "aws_access_key_id: AKIC\naws_secret_access_key: basesecret\naws_session_token: basetoken\n");
	struct json *shown = settings_redacted(settings);
	struct buffer text;

	(void)state;
	buffer_init(&text, 65536);
	json_print(shown, &text);
	assert_non_null(strstr(buffer_text(&text), "AKIA"));
	assert_null(strstr(buffer_text(&text), "verysecret"));
	assert_null(strstr(buffer_text(&text), "alsosecret"));
	assert_null(strstr(buffer_text(&text), "basesecret"));
	assert_null(strstr(buffer_text(&text), "basetoken"));
	assert_string_equal("verysecret", settings->aws_roles.at[0].secret_access_key);
	buffer_fini(&text);
	json_free(shown);
	settings_free(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_called_unless_it_is_set),
		cmocka_unit_test(rows_are_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(secrets_of_rows_are_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
