/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What counts as an answer. */
#include "image/system/probe.h"

#include "tests/unit/support.h"

static int judge(enum probe_kind kind, const char *head)
{
	size_t count = strlen(head);

	/* Whole, its end before an unmapped page; and no part of it counts. */
	for (size_t i = 0; i < count; i++)
		assert_true(probe_judge(kind, at_page_end(head, i), i) <= 0);
	return probe_judge(kind, at_page_end(head, count), count);
}

static void endpoints_answer_with_a_request_id(void **state)
{
	(void)state;
	assert_int_equal(judge(PROBE_ENDPOINT, "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 1\r\n\r\n"), 200);
	assert_int_equal(judge(PROBE_ENDPOINT, "HTTP/1.1 403 Forbidden\r\nA: b\r\nX-AMZN-REQUESTID: 1\r\n\r\n"), 403);
	assert_int_equal(judge(PROBE_ENDPOINT, "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n"), -404);
	assert_int_equal(judge(PROBE_ENDPOINT, "HTTP/1.1 500 No\r\nx-amzn-RequestId: 1\r\n\r\n"), -500);
	assert_int_equal(judge(PROBE_ENDPOINT, "HTTP/1.1 200 x-amzn-requestid: 1\r\nA: b\r\n\r\n"), -200);
}

static void management_answers_200(void **state)
{
	(void)state;
	assert_int_equal(judge(PROBE_MANAGEMENT, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), 200);
	assert_int_equal(judge(PROBE_MANAGEMENT, "HTTP/1.1 403 No\r\nx-amzn-RequestId: 1\r\n\r\n"), -403);
}

static void what_is_no_http_is_no_answer(void **state)
{
	static const char *const bad[] = { "", "\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 000 OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(judge(PROBE_MANAGEMENT, bad[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_answer_with_a_request_id),
		cmocka_unit_test(management_answers_200),
		cmocka_unit_test(what_is_no_http_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
