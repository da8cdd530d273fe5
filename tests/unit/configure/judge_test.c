/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "appliance/launch/settings.h"
#include "image/configure/judge.h"

#define KEY "access_key_id: AKIAIOSFODNN7EXAMPLE\nsecret_access_key: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY\n"

struct judged {
	struct judgement judgement;
	struct judge_texts texts;
};

static void judge_here(struct judged *judged, const char *text)
{
	memset(judged, 0, sizeof *judged);
	judge_texts_init(&judged->texts);
	judge_text(view_from(at_page_end(text, strlen(text)), strlen(text)), "user-data", &judged->judgement,
		&judged->texts);
}

static void drop(struct judged *judged)
{
	judge_texts_fini(&judged->texts);
}

/* The image's users, whatever this host has: in the place of libc's. */
struct passwd *getpwnam(const char *name)
{
	static struct passwd entry;

	entry.pw_uid = strcmp(name, "postern-gateway") == 0 ? 101 : 102;
	return strncmp(name, "postern-", 8) == 0 ? &entry : NULL;
}

struct group *getgrnam(const char *name)
{
	static struct group entry = { .gr_gid = 101 };

	return strcmp(name, "postern") == 0 ? &entry : NULL;
}

static void assert_refused(const char *text, const char *error)
{
	struct judged judged;

	judge_here(&judged, text);
	assert_false(judged.judgement.is_good);
	assert_int_equal(0, judged.texts.settings.count);
	if (!strstr(buffer_text(&judged.texts.errors), error))
		fail_msg("%s: %s", text, buffer_text(&judged.texts.errors));
	drop(&judged);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("\x1f\x8b\x08rest", "user-data: it is compressed (gzip)");
	assert_refused("#!/bin/sh\nreboot\n", "user-data: it is a script");
	assert_refused("#cloud-config\nusers: [default]\n", "user-data:2:8: users: there is no such setting");
	assert_refused("Content-Type: multipart/mixed; boundary=x\n", "there is no such setting");
	assert_refused("management: 4566\nregion: 7\n", "user-data:1:13: management: must be a list");
	assert_refused("management: 4566\nregion: 7\n", "user-data:2:9: region: must be a text");
	assert_refused("a: b: c\n", "user-data:1:");
	assert_refused("state_dir: /etc\n", "user-data:1:12: state_dir: can't be changed in the appliance image");
	assert_refused("local: true\n", "local: can't be changed");
	assert_refused("gateway_uid: 0\n", "gateway_uid: can't be changed");
	assert_refused("\xff\xfe", "user-data");
}

static void test_good(void **state)
{
	struct judged judged;

	(void)state;
	judge_here(&judged, "#cloud-config\nmanagement: [\"0.0.0.0:4566\"]\nstate_dir: /var/lib/postern\n" KEY);
	assert_true(judged.judgement.is_good && judged.judgement.has_operator && !judged.judgement.waits_for_addresses);
	assert_int_equal(0, judged.texts.errors.count + judged.texts.settings.count + judged.texts.syslog.count);
	drop(&judged);
	judge_here(&judged, "management: [\"10.0.0.7:4566\", \"127.0.0.1:1\"]\n" KEY);
	assert_true(judged.judgement.is_good && judged.judgement.waits_for_addresses);
	drop(&judged);
	/* Loopback alone needs nobody's key. */
	judge_here(&judged, "region: eu-west-1\n");
	assert_true(judged.judgement.is_good && !judged.judgement.has_operator);
	assert_int_equal(0, judged.texts.settings.count);
	drop(&judged);
}

static void test_closed_without_an_operator(void **state)
{
	struct judged judged;
	struct settings *settings;
	struct buffer errors;

	(void)state;
	judge_here(&judged, "region: eu-west-1 # here\nmanagement: [\"0.0.0.0:4566\", \"[::]:4566\"]\n");
	assert_true(
		judged.judgement.is_good && !judged.judgement.has_operator && !judged.judgement.waits_for_addresses);
	buffer_init(&errors, JUDGE_ERRORS_MAX_BYTES);
	assert_int_equal(0, settings_parse(&settings, buffer_view(&judged.texts.settings), "made", &errors));
	assert_string_equal("eu-west-1", settings->region);
	assert_int_equal(1, settings->management.count);
	assert_memory_equal("\x7f\0\0\x01", settings->management.at[0].bytes, 4);
	settings_free(settings);
	drop(&judged);
}

static void test_in_a_child(void **state)
{
	static const char good[] = "management: [\"0.0.0.0:4566\"]\n";
	struct judgement judgement;

	(void)state;
	assert_int_equal(0, judge_settings(view_of("managment: []\n"), "user-data", &judgement));
	assert_false(judgement.is_good);
	assert_string_equal("user-data:1:12: managment: there is no such setting; `postern settings` lists them\n",
		judgement.errors);
	judgement_fini(&judgement);
	assert_int_equal(0, judge_settings(view_from_text(good), "user-data", &judgement));
	assert_true(judgement.is_good);
	assert_non_null(strstr(judgement.settings, "127.0.0.1:4566"));
	assert_int_equal(strlen(judgement.settings), judgement.settings_count);
	judgement_fini(&judgement);
}

static void test_for_a_running_appliance(void **state)
{
	struct buffer errors;

	(void)state;
	buffer_init(&errors, 2 * JUDGE_ERRORS_MAX_BYTES);
	assert_int_equal(0, judge_for_running(view_of("management: [\"0.0.0.0:4566\"]\n" KEY), "settings", &errors));
	assert_int_equal(0, errors.count);
	/* The operator would lock himself out. */
	assert_int_equal(-EINVAL, judge_for_running(view_of("region: eu-west-1\n"), "settings", &errors));
	assert_non_null(strstr(buffer_text(&errors), "settings: neither access_key_id"));
	buffer_reset(&errors);
	assert_int_equal(-EINVAL, judge_for_running(view_of("local: true\n" KEY), "settings", &errors));
	assert_string_equal("settings:1:8: local: can't be changed in the appliance image\n", buffer_text(&errors));
	buffer_fini(&errors);
}

/* As image/syslog/config.h reads it. */
static void test_syslog(void **state)
{
	static const struct {
		const char *setting, *line;
	} cases[] = {
		{ "logs.example.internal", "server logs.example.internal 6514\n" },
		{ "192.0.2.1:6515", "server 192.0.2.1 6515\n" },
		{ "\"[2001:db8::1]\"", "server 2001:db8::1 6514\n" },
		{ "\"[2001:db8::1]:7000\"", "server 2001:db8::1 7000\n" },
	};
	struct judged judged;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "syslog_server: %s\n" KEY, cases[i].setting);
		judge_here(&judged, text);
		assert_true(judged.judgement.is_good);
		snprintf(text, sizeof text, "%saudit audit.log\naccess access.log\n", cases[i].line);
		assert_string_equal(text, buffer_text(&judged.texts.syslog));
		drop(&judged);
	}
}

/* Very many errors are cut, not refused. */
static void test_many_errors(void **state)
{
	char *text = malloc(200000);
	size_t count = 0;
	struct judgement judgement;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < 9000; i++)
		count += (size_t)snprintf(text + count, 200000 - count, "wrong_%u: 1\n", i);
	assert_int_equal(0, judge_settings(view_from(text, count), "user-data", &judgement));
	assert_false(judgement.is_good);
	assert_in_range(strlen(judgement.errors), JUDGE_ERRORS_MAX_BYTES / 2, JUDGE_ERRORS_MAX_BYTES);
	judgement_fini(&judgement);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_closed_without_an_operator),
		cmocka_unit_test(test_in_a_child),
		cmocka_unit_test(test_for_a_running_appliance),
		cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_many_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
