/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/header_rules: the rows that were recorded from AWS, for each type of integration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "appliance/integrate/header_rules.h"

static struct http1_header field(const char *name)
{
	return (struct http1_header){ .name = view_from_text(name),
		.id = (uint8_t)http1_header_id(view_from_text(name)) };
}

static void what_nobody_sees(void **state)
{
	static const char *const hidden[] = { "Connection", "Content-Length", "Content-MD5", "expect", "Max-Forwards",
		"Proxy-Authenticate", "Server", "TE", "Transfer-Encoding", "Trailer", "UPGRADE", "WWW-Authenticate" };
	static const char *const seen[] = { "Accept", "Authorization", "Content-Encoding", "Content-Type", "Date",
		"Host", "Referer", "User-Agent", "Via", "Warning", "X-Own" };

	(void)state;
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		struct http1_header header = field(hidden[i]);

		assert_false(header_rule_is_seen(&header));
		assert_int_equal(HEADER_RULE_DROP, header_rule_request(&header));
	}
	for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
		struct http1_header header = field(seen[i]);

		assert_true(header_rule_is_seen(&header));
	}
}

static void mappings_to_a_back_end(void **state)
{
	static const struct {
		const char *name;
		enum header_rule_mapped http, aws;
	} rows[] = {
		{ "Content-Length", HEADER_RULE_REFUSE, HEADER_RULE_REFUSE },
		{ "transfer-encoding", HEADER_RULE_REFUSE, HEADER_RULE_REFUSE },
		{ "X-Amzn-Trace-Id", HEADER_RULE_REFUSE, HEADER_RULE_REFUSE },
		{ "X-Amzn-Apigateway-Api-Id", HEADER_RULE_REFUSE, HEADER_RULE_REFUSE },
		{ "Authorization", HEADER_RULE_SET, HEADER_RULE_REFUSE },
		{ "Connection", HEADER_RULE_IGNORE, HEADER_RULE_REFUSE },
		{ "Expect", HEADER_RULE_IGNORE, HEADER_RULE_REFUSE },
		{ "Proxy-Authenticate", HEADER_RULE_IGNORE, HEADER_RULE_REFUSE },
		{ "TE", HEADER_RULE_IGNORE, HEADER_RULE_REFUSE },
		{ "Via", HEADER_RULE_IGNORE, HEADER_RULE_IGNORE },
		{ "Referer", HEADER_RULE_SET, HEADER_RULE_IGNORE },
		{ "Host", HEADER_RULE_SET, HEADER_RULE_SET },
		{ "Content-Encoding", HEADER_RULE_SET, HEADER_RULE_SET },
		{ "X-Own", HEADER_RULE_SET, HEADER_RULE_SET },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct view name = view_from_text(rows[i].name);

		assert_int_equal(rows[i].http, header_rule_mapped(INTEGRATION_HTTP, name));
		assert_int_equal(rows[i].http, header_rule_mapped(INTEGRATION_HTTP_PROXY, name));
		assert_int_equal(rows[i].aws, header_rule_mapped(INTEGRATION_AWS, name));
		assert_int_equal(rows[i].aws, header_rule_mapped(INTEGRATION_AWS_PROXY, name));
	}
}

static void answers(void **state)
{
	static const char *const remapped[] = { "Authorization", "Connection", "Content-Length", "Content-MD5", "Date",
		"Expect", "Host", "Max-Forwards", "Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent",
		"WWW-Authenticate" };
	static const char *const passed[] = { "Accept", "Accept-Charset", "Accept-Encoding", "Age", "Content-Encoding",
		"Content-Type", "Pragma", "Range", "Referer", "TE", "Via", "Warn" };
	static const struct {
		const char *name;
		enum header_rule http, function;
	} proxied[] = {
		{ "Connection", HEADER_RULE_REMAP, HEADER_RULE_REMAP },
		{ "Content-Length", HEADER_RULE_REMAP, HEADER_RULE_REMAP },
		{ "Date", HEADER_RULE_REMAP, HEADER_RULE_REMAP },
		{ "Server", HEADER_RULE_REMAP, HEADER_RULE_REMAP },
		{ "x-amzn-RequestId", HEADER_RULE_REMAP, HEADER_RULE_REMAP },
		{ "Transfer-Encoding", HEADER_RULE_DROP, HEADER_RULE_DROP },
		{ "Content-Encoding", HEADER_RULE_DROP, HEADER_RULE_PASS },
		{ "TE", HEADER_RULE_PASS, HEADER_RULE_DROP },
		{ "Via", HEADER_RULE_DROP, HEADER_RULE_DROP },
		{ "X-Own", HEADER_RULE_PASS, HEADER_RULE_PASS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof remapped / sizeof *remapped; i++)
		assert_int_equal(HEADER_RULE_REMAP, header_rule_answer(INTEGRATION_HTTP, view_from_text(remapped[i])));
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		assert_int_equal(HEADER_RULE_PASS, header_rule_answer(INTEGRATION_AWS, view_from_text(passed[i])));
	assert_int_equal(HEADER_RULE_DROP, header_rule_answer(INTEGRATION_MOCK, view_of("transfer-encoding")));
	for (size_t i = 0; i < sizeof proxied / sizeof *proxied; i++) {
		struct http1_header header = field(proxied[i].name);

		assert_int_equal(proxied[i].http, header_rule_response(&header));
		assert_int_equal(proxied[i].function, header_rule_answer(INTEGRATION_AWS_PROXY, header.name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_sees),
		cmocka_unit_test(mappings_to_a_back_end),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
