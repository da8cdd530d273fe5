/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/audit: which calls have a line, and what it says and does not say. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/audit.h"

static char path[128];

static int open_log(void)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	return fd;
}

static int start(void **state)
{
	struct appliance *appliance;

	assert_int_equal(0, appliance_start(state));
	appliance = *state;
	snprintf(path, sizeof path, "%s/audit.log", appliance->folder);
	audit_change(appliance->control, open_log());
	return 0;
}

/* The whole log, in static memory. */
static const char *log_text(void)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = read(fd, text, sizeof text - 1);

	assert_true(count >= 0);
	close(fd);
	text[count] = '\0';
	return text;
}

static unsigned line_count(void)
{
	unsigned count = 0;

	for (const char *byte = log_text(); *byte; byte++)
		count += *byte == '\n';
	return count;
}

/* The last line, to be freed. */
static struct json *last_line(void)
{
	const char *text = log_text();
	size_t count = strlen(text), start;
	struct json *line = NULL;

	assert_true(count > 0 && text[count - 1] == '\n');
	for (start = count - 1; start > 0 && text[start - 1] != '\n';)
		start--;
	assert_int_equal(0, json_parse(view_from(text + start, count - 1 - start), NULL, &line, NULL));
	return line;
}

#define ASSERT_TEXT(expected, line, name) assert_true(view_equals_text(json_find_text(line, name), expected))

static void a_change_is_told_with_who_and_what(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *line = NULL;

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"pets\"}"));
	line = last_line();
	assert_int_equal(1, line_count());
	ASSERT_TEXT("CreateRestApi", line, "operation");
	ASSERT_TEXT("apigateway", line, "service");
	ASSERT_TEXT("arn:aws:iam::000000000000:root", line, "principal");
	ASSERT_TEXT(TEST_KEY, line, "accessKeyId");
	ASSERT_TEXT(appliance->answer.request_id, line, "requestId");
	assert_int_equal(201, json_find_integer(line, "status", 0));
	assert_int_equal(revision_of(appliance), json_find_integer(line, "revision", 0));
	assert_null(json_find(line, "code"));
	assert_true(view_equals_text(json_text(json_at(json_find(line, "resources"), 0)), "/restapis"));
	assert_true(view_equals_text(json_text(json_at(json_find(line, "resources"), 1)), member(appliance, "id")));
	assert_int_equal(24, json_find_text(line, "time").count);
}

static void reads_are_told_as_such(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *line = NULL;

	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	line = last_line();
	ASSERT_TEXT("GetRestApis", line, "operation");
	assert_true(json_find_bool(line, "readOnly", false));
	json_free(line);
	assert_int_equal(404, call(appliance, "GET", "/restapis/0123456789", ""));
	line = last_line();
	ASSERT_TEXT("GetRestApi", line, "operation");
	ASSERT_TEXT("NotFoundException", line, "code");
	assert_null(json_find(line, "revision"));
	assert_int_equal(404, json_find_integer(line, "status", 0));
}

static void the_rule_that_was_broken_is_the_reason(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *line = NULL;

	assert_int_equal(
		400, call(appliance, "POST", "/restapis",
			     "{\"name\":\"a\",\"policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{"
			     "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"execute-api:"
			     "Invoke\\\","
			     "\\\"Resource\\\":\\\"execute-api:/*\\\",\\\"Condition\\\":{\\\"IpAddress\\\":{"
			     "\\\"aws:VpcSourceIp\\\":\\\"10.0.0.0/33\\\"}}}]}\"}"));
	line = last_line();
	ASSERT_TEXT(appliance->answer.detail, line, "reason");
	assert_true(view_find(json_find_text(line, "reason"), view_of("bad_cidr")) != VIEW_NOWHERE);
	ASSERT_TEXT("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
		line, "message");
}

static void who_did_not_sign_is_no_principal(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *line = NULL;

	appliance->signer.secret = "another secret, of forty characters ....";
	assert_int_equal(403, call(appliance, "DELETE", "/restapis/0123456789", ""));
	line = last_line();
	ASSERT_TEXT("InvalidSignatureException", line, "code");
	ASSERT_TEXT(TEST_KEY, line, "accessKeyId");
	assert_null(json_find(line, "principal"));
	assert_null(json_find(line, "operation"));
	assert_true(view_equals_text(json_text(json_at(json_find(line, "resources"), 0)), "/restapis/0123456789"));
}

static void the_query_dialects_name_their_resources_by_members(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *line = NULL;

	assert_int_equal(
		400, call_ec2(appliance, "Action=CreateTags&Version=2016-11-15&ResourceId.1=sg-1&ResourceId.2=sg-2&"
					 "Tag.1.Key=a&Tag.1.Value=unwritten"));
	line = last_line();
	ASSERT_TEXT("CreateTags", line, "operation");
	ASSERT_TEXT("InvalidGroup.NotFound", line, "code");
	assert_int_equal(2, json_count(json_find(line, "resources")));
	assert_true(view_equals_text(json_text(json_at(json_find(line, "resources"), 1)), "sg-2"));
	assert_null(strstr(log_text(), "unwritten"));
}

static void secrets_are_not_written(void **state)
{
	static const char *const secrets[] = { "c2VjcmV0LXByaXZhdGUta2V5", "secret-of-the-body", TEST_SECRET };
	struct appliance *appliance = *state;

	assert_int_equal(
		400, call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.ImportCertificate",
			     "{\"Certificate\":\"eA==\",\"PrivateKey\":\"c2VjcmV0LXByaXZhdGUta2V5\"}"));
	assert_int_equal(
		400, call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.ImportCertificate",
			     "{\"Certificate\":\"eA==\",\"PrivateKey\":{\"secret-of-the-body\":1}}"));
	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":\"secret-of-the-body"));
	assert_int_equal(3, line_count());
	for (size_t i = 0; i < ARRAY_COUNT(secrets); i++)
		assert_null(strstr(log_text(), secrets[i]));
}

static void odd_and_long_paths_make_whole_lines(void **state)
{
	struct appliance *appliance = *state;
	struct json JSON_CLEANUP *odd = NULL, *longest = NULL;
	char target[8192] = "/restapis/\"\\";

	assert_true(call(appliance, "GET", "/restapis/\xff\n\xc3(", "") >= 400);
	odd = last_line();
	assert_true(view_equals_text(json_text(json_at(json_find(odd, "resources"), 0)), "/restapis/?\n?("));
	memset(target + 12, '0', 6000);
	assert_true(call(appliance, "GET", target, "") >= 400);
	longest = last_line();
	assert_int_equal(AUDIT_RESOURCE_MAX_BYTES, json_text(json_at(json_find(longest, "resources"), 0)).count);
	assert_int_equal(2, line_count());
}

static void a_line_that_is_lost_is_counted_and_the_call_answered(void **state)
{
	struct appliance *appliance = *state;
	struct counters *counters = counters_new_private(1);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	appliance->control->counts = counters_slot_control(counters);
	assert_true(full >= 0);
	audit_change(appliance->control, full);
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"pets\"}"));
	assert_int_equal(1, counters_read(counters, COUNTERS_audit_log_lines, COUNTERS_FAILED));
	audit_change(appliance->control, open_log());
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"pets\"}"));
	assert_int_equal(1, counters_read(counters, COUNTERS_audit_log_lines, COUNTERS_OK));
	assert_int_equal(1, line_count());
	audit_change(appliance->control, -1);
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"pets\"}"));
	assert_int_equal(1, line_count());
	appliance->control->counts = NULL;
	counters_unmap(counters);
}

static int list(struct appliance *appliance, const char *query)
{
	char target[256] = "/postern/v1/audit";

	strcat(target, query);
	return call_with(appliance, "postern", "GET", target, NULL, NULL, "");
}

static size_t listed(const struct appliance *appliance)
{
	return json_count(json_find(appliance->body, "events"));
}

static void the_log_is_read_from_its_end(void **state)
{
	struct appliance *appliance = *state;
	int fd = open_log();

	assert_int_equal(200, list(appliance, ""));
	assert_int_equal(0, listed(appliance));
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	/* A line that a full disk cut off, and one that is no JSON. */
	assert_int_equal(10, write(fd, "{\"status\":", 10));
	assert_int_equal(7, write(fd, "\n\nno {\n", 7));
	assert_int_equal(404, call(appliance, "DELETE", "/restapis/0123456789", ""));
	assert_int_equal(200, list(appliance, ""));
	assert_int_equal(2, listed(appliance));
	ASSERT_TEXT("CreateRestApi", json_at(json_find(appliance->body, "events"), 0), "operation");
	assert_int_equal(200, list(appliance, "?limit=1"));
	assert_int_equal(1, listed(appliance));
	ASSERT_TEXT("DeleteRestApi", json_at(json_find(appliance->body, "events"), 0), "operation");
	assert_int_equal(200, list(appliance, "?resource=0123456789&refused=true&operation=DeleteRestApi&since=2020"));
	assert_int_equal(1, listed(appliance));
	assert_true(json_find_bool(appliance->body, "complete", false));
	assert_int_equal(400, list(appliance, "?limit=0"));
	assert_int_equal(400, list(appliance, "?limit=1001"));
	audit_change(appliance->control, -1);
	assert_int_equal(400, list(appliance, ""));
	close(fd);
}

static void a_long_log_is_read_in_part(void **state)
{
	static char filler[(9 << 20) + 1];
	struct appliance *appliance = *state;
	int fd = open_log();

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	memset(filler, ' ', sizeof filler - 1);
	filler[sizeof filler - 2] = '\n';
	assert_int_equal(sizeof filler - 1, write(fd, filler, sizeof filler - 1));
	assert_int_equal(404, call(appliance, "DELETE", "/restapis/0123456789", ""));
	assert_int_equal(200, list(appliance, ""));
	assert_int_equal(1, listed(appliance));
	assert_false(json_find_bool(appliance->body, "complete", true));
	assert_int_equal(200, list(appliance, "?limit=1"));
	assert_true(json_find_bool(appliance->body, "complete", false));
	close(fd);
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, start, appliance_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOG(a_change_is_told_with_who_and_what),
		WITH_LOG(reads_are_told_as_such),
		WITH_LOG(the_rule_that_was_broken_is_the_reason),
		WITH_LOG(who_did_not_sign_is_no_principal),
		WITH_LOG(the_query_dialects_name_their_resources_by_members),
		WITH_LOG(secrets_are_not_written),
		WITH_LOG(odd_and_long_paths_make_whole_lines),
		WITH_LOG(the_log_is_read_from_its_end),
		WITH_LOG(a_long_log_is_read_in_part),
		WITH_LOG(a_line_that_is_lost_is_counted_and_the_call_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
