/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/credentials: what the settings say, why there are none, and what STS and the metadata service answer. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/credentials.h"
#include "appliance/integrate/credentials_parse.h"
#include "appliance/loop/loop.h"

/* --- the settings ----------------------------------------------------------------------------------------------------- */

static struct loop *loop;

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static const struct credentials_role roles[] = {
	{ VIEW_INIT("arn:aws:iam::1:role/a"), { VIEW_INIT("AKIA-A"), VIEW_INIT("secret-a"), VIEW_INIT("token-a") } },
	{ VIEW_INIT("arn:aws:iam::1:role/b"), { VIEW_INIT("AKIA-B"), VIEW_INIT("secret-b"), { 0 } } },
	{ VIEW_INIT("*"), { VIEW_INIT("AKIA-REST"), VIEW_INIT("secret-rest"), { 0 } } },
};

/* What credentials_find() says of `role`; on -EACCES `*ret` is why. */
static int find(const struct credentials_config *config, const char *role, const char **ret)
{
	static char key[64];
	struct credentials_worker *worker = credentials_worker_new(loop, config, NULL);
	struct credentials_waiter waiter = { 0 };
	struct credentials found = { 0 };
	int error;

	assert_non_null(worker);
	error = credentials_find(worker, view_from_text(role), &waiter, &found, ret);
	if (!error) {
		snprintf(key, sizeof key, VIEW_FMT, VIEW_ARG(found.access_key));
		*ret = key;
	}
	assert_false(list_is_linked(&waiter.link));
	credentials_worker_free(worker);
	return error;
}

static void rows_of_the_settings_are_there_at_once(void **state)
{
	struct credentials_config config = {
		.roles = roles, .role_count = 2, .base = { VIEW_INIT("AKIA-BASE"), VIEW_INIT("s"), { 0 } }
	};
	const char *text;

	(void)state;
	assert_int_equal(0, find(&config, "arn:aws:iam::1:role/b", &text));
	assert_string_equal("AKIA-B", text);
	assert_int_equal(0, find(&config, "", &text));
	assert_string_equal("AKIA-BASE", text);
	config.role_count = 3;
	assert_int_equal(0, find(&config, "arn:aws:iam::1:role/other", &text));
	assert_string_equal("AKIA-REST", text);
	assert_int_equal(0, find(&config, "arn:aws:iam::1:role/a", &text));
	assert_string_equal("AKIA-A", text);
}

static void who_lacks_them_is_told_what_to_set(void **state)
{
	struct credentials_config config = { .roles = roles, .role_count = 2 };
	const char *why;

	(void)state;
	assert_int_equal(-EACCES, find(&config, "arn:aws:iam::1:role/other", &why));
	assert_non_null(strstr(why, "set a row of aws_roles for it, or aws_access_key_id (or aws_instance_metadata)"));
	assert_int_equal(-EACCES, find(&config, "", &why));
	assert_non_null(strstr(why, "there are no credentials for calls of AWS: set aws_access_key_id"));
	/* A caller's identity is nobody's, also where a row stands for all roles. */
	config.role_count = 3;
	assert_int_equal(-EACCES, find(&config, "arn:aws:iam::*:user/*", &why));
	assert_non_null(strstr(why, "the caller's identity can't be passed on"));
}

/* --- answers ---------------------------------------------------------------------------------------------------------- */

#define STS_START                                                                                                      \
	"<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleResult>"                 \
	"<AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser>\n<Credentials>"
#define STS_END "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define STS_KEY "<AccessKeyId>ASIA1</AccessKeyId>"
#define STS_SECRET "<SecretAccessKey>a&amp;b/+=</SecretAccessKey>"
#define STS_TOKEN "<SessionToken>\n  FwoGZX&lt;//\n </SessionToken>"
#define STS_EXPIRATION "<Expiration>2026-11-22T23:32:50Z</Expiration>"

static int parse_sts(const char *text, struct credentials_parsed *ret)
{
	static struct buffer xml;
	int error;

	buffer_fini(&xml);
	buffer_init(&xml, CREDENTIALS_ANSWER_MAX_BYTES);
	buffer_append_text(&xml, text);
	error = credentials_parse_sts(&xml, ret);
	if (error)
		buffer_fini(&xml);
	return error;
}

static void an_assumed_role_is_read(void **state)
{
	static const char *const bad[] = { "", "<Credentials>", STS_START STS_END,
		STS_START STS_SECRET STS_TOKEN STS_EXPIRATION STS_END,
		STS_START STS_KEY STS_TOKEN STS_EXPIRATION STS_END, STS_START STS_KEY STS_SECRET STS_EXPIRATION STS_END,
		STS_START STS_KEY STS_SECRET STS_TOKEN STS_END, STS_KEY STS_SECRET STS_TOKEN STS_EXPIRATION,
		STS_START STS_KEY STS_SECRET STS_TOKEN "<Expiration>soon</Expiration>" STS_END,
		STS_START "<AccessKeyId>A B</AccessKeyId>" STS_SECRET STS_TOKEN STS_EXPIRATION STS_END,
		STS_START "<AccessKeyId>A\r\nX: y</AccessKeyId>" STS_SECRET STS_TOKEN STS_EXPIRATION STS_END };
	struct credentials_parsed parsed;

	(void)state;
	assert_int_equal(0, parse_sts(STS_START STS_KEY STS_SECRET STS_TOKEN STS_EXPIRATION STS_END, &parsed));
	assert_true(view_equals_text(parsed.credentials.access_key, "ASIA1"));
	assert_true(view_equals_text(parsed.credentials.secret, "a&b/+="));
	assert_true(view_equals_text(parsed.credentials.token, "FwoGZX<//"));
	assert_int_equal(1795390370, parsed.expires_s);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, parse_sts(bad[i], &parsed));
}

static void every_cut_of_an_answer_is_refused(void **state)
{
	static const char whole[] = STS_START STS_KEY STS_SECRET STS_TOKEN STS_EXPIRATION STS_END;
	struct credentials_parsed parsed;

	(void)state;
	/* Up to the end of </Credentials> nothing is there yet. */
	for (size_t i = 0; i < sizeof whole - sizeof "</AssumeRoleResult></AssumeRoleResponse>"; i++) {
		char text[sizeof whole];

		memcpy(text, whole, i);
		text[i] = '\0';
		assert_int_equal(-EINVAL, parse_sts(text, &parsed));
	}
}

static void what_sts_refuses_is_said_in_printable_words(void **state)
{
	char text[40];

	(void)state;
	credentials_parse_sts_error(
		view_of("<Error><Code>AccessDenied</Code><Message>no\nway</Message></Error>"), text, sizeof text);
	assert_string_equal("AccessDenied: no?way", text);
	credentials_parse_sts_error(view_of("nothing"), text, sizeof text);
	assert_string_equal("", text);
	credentials_parse_sts_error(
		view_of("<Code>C</Code><Message>0123456789012345678901234567890123456789</Message>"), text,
		sizeof text);
	assert_int_equal(sizeof text - 1, strlen(text));
}

static void a_machines_key_is_read(void **state)
{
	static const char *const bad[] = { "", "[]", "{}",
		"{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2026-11-22T23:32:50Z\"}",
		"{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"\",\"Expiration\":\"2026-11-22T23:32:"
		"50Z\"}",
		"{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\\n\",\"Token\":\"t\",\"Expiration\":\"2026-11-22T23:32:"
		"50Z\"}",
		"{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}" };
	struct credentials_parsed parsed;
	struct buffer room;

	(void)state;
	buffer_init(&room, CREDENTIALS_ANSWER_MAX_BYTES);
	assert_int_equal(
		0, credentials_parse_instance(
			   view_of("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"a\\/b\","
				   "\"Token\":\"t==\",\"Expiration\":\"2026-11-22T23:32:50Z\"}"),
			   &room, &parsed));
	assert_true(view_equals_text(parsed.credentials.secret, "a/b"));
	assert_true(view_equals_text(parsed.credentials.token, "t=="));
	assert_int_equal(1795390370, parsed.expires_s);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, credentials_parse_instance(view_from_text(bad[i]), &room, &parsed));
	buffer_fini(&room);
	assert_true(view_equals_text(credentials_parse_role_name(view_of("my-role_1+=,.@\nother")), "my-role_1+=,.@"));
	assert_int_equal(0, credentials_parse_role_name(view_of("a/../b")).count);
	assert_int_equal(0, credentials_parse_role_name(view_of("")).count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_of_the_settings_are_there_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_lacks_them_is_told_what_to_set, set_up, tear_down),
		cmocka_unit_test(an_assumed_role_is_read),
		cmocka_unit_test(every_cut_of_an_answer_is_refused),
		cmocka_unit_test(what_sts_refuses_is_said_in_printable_words),
		cmocka_unit_test(a_machines_key_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
