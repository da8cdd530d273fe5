/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "image/syslog/config.h"

static int parsed(struct syslog_config *ret, const char *text)
{
	return syslog_config_parse(ret, view_from(at_page_end(text, strlen(text)), strlen(text)));
}

static void a_server_and_its_authorities(void **state)
{
	struct syslog_config config;

	(void)state;
	assert_int_equal(0, parsed(&config, "server logs.example.net 6514\n"));
	assert_string_equal("logs.example.net", config.host);
	assert_int_equal(6514, config.port);
	assert_int_equal(0, config.authorities_pem.count);
	assert_int_equal(0, parsed(&config, "server fd00::1 1\n-----BEGIN CERTIFICATE-----\n"));
	assert_string_equal("fd00::1", config.host);
	assert_int_equal(1, config.port);
	assert_true(view_equals_text(config.authorities_pem, "-----BEGIN CERTIFICATE-----\n"));
	assert_string_equal("audit.log", config.audit_log);
	assert_string_equal("access.log", config.access_log);
}

static void logs_have_names(void **state)
{
	struct syslog_config config;

	(void)state;
	assert_int_equal(0, parsed(&config, "server a 1\naudit who\naccess what.log\nPEM\naccess other\n"));
	assert_string_equal("who", config.audit_log);
	assert_string_equal("what.log", config.access_log);
	assert_true(view_equals_text(config.authorities_pem, "PEM\naccess other\n"));
	assert_int_equal(0, parsed(&config, "server a 1\naccess \n"));
	assert_string_equal("audit.log", config.audit_log);
	assert_string_equal("", config.access_log);
	assert_int_equal(0, config.authorities_pem.count);
	assert_int_equal(-EINVAL, parsed(&config, "server a 1\naudit ../x\n"));
	assert_int_equal(-EINVAL, parsed(&config, "server a 1\naudit ..\n"));
	assert_int_equal(-EINVAL, parsed(&config, "server a 1\naccess a b\n"));
	assert_int_equal(-EINVAL, parsed(&config, "server a 1\naccess a\tb\n"));
	assert_int_equal(-EINVAL,
		parsed(&config,
			"server a 1\naccess 12345678901234567890123456789012345678901234567890123456789012345\n"));
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = { "", "server", "server a 1", "server a\n", "server  1\n", "server a 0\n",
		"server a 65536\n", "server a b 1\n", "server a 1 \n", "Server a 1\n", "server a\tb 1\n" };
	struct syslog_config config;
	char name[300], long_text[320];
	static char endless[SYSLOG_CONFIG_MAX_BYTES + 2];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(-EINVAL, parsed(&config, texts[i]));
	memset(name, 'a', sizeof name);
	snprintf(long_text, sizeof long_text, "server %.*s 1\n", SYSLOG_HOST_MAX_BYTES, name);
	assert_int_equal(0, parsed(&config, long_text));
	snprintf(long_text, sizeof long_text, "server %.*s 1\n", SYSLOG_HOST_MAX_BYTES + 1, name);
	assert_int_equal(-EINVAL, parsed(&config, long_text));
	memset(endless, '\n', sizeof endless - 1);
	memcpy(endless, "server a 1", 10);
	assert_int_equal(-EINVAL, parsed(&config, endless));
	endless[SYSLOG_CONFIG_MAX_BYTES] = '\0';
	assert_int_equal(0, parsed(&config, endless));
}

/* Every beginning of a file: an answer, and nothing read behind it. */
static void every_beginning_is_judged(void **state)
{
	static const char text[] = "server logs.example.net 6514\n-----BEGIN CERTIFICATE-----\n";

	(void)state;
	for (size_t count = 0; count < sizeof text; count++) {
		struct syslog_config config;
		bool is_whole = count >= strlen("server logs.example.net 6514\n");

		assert_int_equal(is_whole ? 0 : -EINVAL,
			syslog_config_parse(&config, view_from(at_page_end(text, count), count)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_and_its_authorities),
		cmocka_unit_test(logs_have_names),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(every_beginning_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
