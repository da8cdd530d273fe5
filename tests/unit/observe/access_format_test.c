/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/access_format: AWS's documented formats, odd ones, and Postern's own line. */
#include "tests/unit/support.h"

#include "appliance/base/json.h"
#include "appliance/base/json_writer.h"
#include "appliance/observe/access_format.h"

static struct access_record record;

static int set_up(void **state)
{
	(void)state;
	memset(&record, 0, sizeof record);
	record.request_id = view_of("c6af9ac6-7b61-11e6-9a41-93e8deadbeef");
	record.extended_request_id = view_of("UBuxiEZSIAMFQ1Q=");
	record.source_ip = view_of("10.0.0.9");
	record.http_method = view_of("GET");
	record.resource_path = view_of("/pets/{id}");
	record.path = view_of("/prod/pets/7");
	record.protocol = view_of("HTTP/1.1");
	record.domain_name = view_of("abc.execute-api.us-east-1.amazonaws.com");
	record.status = 200;
	record.response_length_bytes = 57;
	record.request_time_ms = 1583349317135;
	record.integration_status = record.back_end_status = -1;
	record.integration_latency_ms = -1;
	record.integration_latency_us = -1;
	record.response_latency_ms = 3;
	record.response_latency_us = 3210;
	record.request_length_bytes = 0;
	return 0;
}

static const char *line(const char *text)
{
	static char bytes[20000];
	size_t text_bytes = strlen(text);
	struct access_format *format = access_format_new(view_from(at_page_end(text, text_bytes), text_bytes));
	struct buffer buffer;

	assert_non_null(format);
	buffer_init_fixed(&buffer, bytes, sizeof bytes - 1);
	access_format_write(format, &record, &buffer);
	assert_int_equal(0, buffer_error(&buffer));
	bytes[buffer.count] = '\0';
	access_format_free(format);
	return bytes;
}

static void the_common_log_format_is_written_as_documented(void **state)
{
	(void)state;
	assert_string_equal("10.0.0.9 - - [04/Mar/2020:19:15:17 +0000] \"GET /pets/{id} HTTP/1.1\" 200 57 "
			    "c6af9ac6-7b61-11e6-9a41-93e8deadbeef UBuxiEZSIAMFQ1Q=\n",
		line("$context.identity.sourceIp $context.identity.caller $context.identity.user "
		     "[$context.requestTime] \"$context.httpMethod "
		     "$context.resourcePath $context.protocol\" $context.status $context.responseLength "
		     "$context.requestId "
		     "$context.extendedRequestId\n"));
}

static void variables_end_where_their_names_end(void **state)
{
	(void)state;
	assert_string_equal("200.\n", line("$context.status."));
	assert_string_equal("200-x\n", line("$context.status-x"));
	assert_string_equal("200x\n", line("${context.status}x"));
	assert_string_equal("GET200\n", line("$context.httpMethod$context.status"));
	assert_string_equal("abc\n", line("$context.domainPrefix"));
	assert_string_equal("1583349317135\n", line("$context.requestTimeEpoch"));
}

static void what_is_unset_or_unknown_is_a_dash(void **state)
{
	(void)state;
	assert_string_equal("- - - -\n",
		line("$context.integrationLatency $context.nosuch $context.error.messageString $context.statusx"));
}

static void what_is_no_variable_stays(void **state)
{
	(void)state;
	assert_string_equal("\n", line(""));
	assert_string_equal("$ $c $context $context. ${context.status ${context.} $input.body 100%\n",
		line("$ $c $context $context. ${context.status ${context.} $input.body 100%"));
}

static void an_error_message_is_quoted_on_request(void **state)
{
	(void)state;
	record.error_message = view_of("say \"no\"");
	assert_string_equal(
		"say \"no\" \"say \\\"no\\\"\"\n", line("$context.error.message $context.error.messageString"));
}

static void every_prefix_of_a_format_is_a_format(void **state)
{
	static const char whole[] = "a ${context.status} $context.identity.sourceIp.$context.";
	char part[sizeof whole];

	(void)state;
	for (size_t count = 0; count < sizeof whole; count++) {
		memcpy(part, whole, count);
		part[count] = '\0';
		(void)line(part);
	}
}

static void too_long_a_format_is_refused(void **state)
{
	static char text[ACCESS_FORMAT_MAX_BYTES + 1];

	(void)state;
	memset(text, 'x', sizeof text);
	assert_null(access_format_new(view_from(text, sizeof text)));
}

static void our_own_line_is_json_whatever_the_values_hold(void **state)
{
	static char bytes[8192];
	struct buffer buffer;
	struct json *object;

	(void)state;
	record.user_agent = view_of("quote \" backslash \\ newline \n byte \xff end");
	record.path = view_of("/prod/\x01");
	buffer_init_fixed(&buffer, bytes, sizeof bytes);
	access_format_write_json(&record, &buffer);
	assert_int_equal('\n', bytes[buffer.count - 1]);
	assert_null(memchr(bytes, '\n', buffer.count - 1));
	assert_int_equal(0, json_parse(view_from(bytes, buffer.count - 1), NULL, &object, NULL));
	assert_true(view_equals_text(json_find_text(object, "sourceIp"), "10.0.0.9"));
	assert_true(view_equals_text(json_find_text(object, "time"), "2020-03-04T19:15:17.135Z"));
	assert_int_equal(200, json_find_integer(object, "status", 0));
	assert_int_equal(3210, json_find_integer(object, "latencyUs", 0));
	assert_null(json_find(object, "integrationStatus"));
	assert_null(json_find(object, "stage"));
	json_free(object);
}

static void any_byte_anywhere_is_escaped_as_json_writes_it(void **state)
{
	char value[20], ours[2048], plain[2048];

	(void)state;
	memset(&record, 0, sizeof record);
	record.status = record.integration_status = record.response_latency_us = record.integration_latency_us = -1;
	record.request_length_bytes = record.response_length_bytes = -1;
	for (size_t count = 1; count <= sizeof value; count++) {
		for (size_t at = 0; at < count * 256; at++) {
			struct buffer line_buffer, plain_buffer;

			memset(value, 'k', sizeof value);
			value[at / 256] = (char)(at % 256);
			record.path = view_from(value, count);
			buffer_init_fixed(&line_buffer, ours, sizeof ours);
			access_format_write_json(&record, &line_buffer);
			buffer_init_fixed(&plain_buffer, plain, sizeof plain);
			buffer_append_text(&plain_buffer, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"path\":\"");
			json_write_escaped(&plain_buffer, record.path);
			buffer_append_text(&plain_buffer, "\"}\n");
			assert_true(view_equals(buffer_view(&plain_buffer), buffer_view(&line_buffer)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_common_log_format_is_written_as_documented, set_up),
		cmocka_unit_test_setup(variables_end_where_their_names_end, set_up),
		cmocka_unit_test_setup(what_is_unset_or_unknown_is_a_dash, set_up),
		cmocka_unit_test_setup(what_is_no_variable_stays, set_up),
		cmocka_unit_test_setup(an_error_message_is_quoted_on_request, set_up),
		cmocka_unit_test_setup(every_prefix_of_a_format_is_a_format, set_up),
		cmocka_unit_test_setup(too_long_a_format_is_refused, set_up),
		cmocka_unit_test_setup(any_byte_anywhere_is_escaped_as_json_writes_it, set_up),
		cmocka_unit_test_setup(our_own_line_is_json_whatever_the_values_hold, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
