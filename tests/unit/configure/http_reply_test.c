/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "image/configure/http_reply.h"

#define BODY_MAX_BYTES 64

struct parsed {
	int error;
	unsigned status;
	char body[BODY_MAX_BYTES + 1];
};

static struct parsed parse(const char *bytes, size_t count, bool at_end)
{
	struct parsed ret = { 0 };
	struct http_reply reply = { 0 };
	struct buffer body;

	buffer_init(&body, BODY_MAX_BYTES);
	ret.error = http_reply_read(view_from(at_page_end(bytes, count), count), at_end, &reply, &body);
	ret.status = reply.status;
	if (!ret.error)
		snprintf(ret.body, sizeof ret.body, "%s", buffer_text(&body));
	buffer_fini(&body);
	return ret;
}

static const struct {
	const char *text;
	int error; /* once all has come and no more will */
	unsigned status;
	const char *body;
} cases[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, 200, "hello" },
	{ "HTTP/1.0 200 OK\r\n\r\nto the end", 0, 200, "to the end" },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, 404, "" },
	{ "HTTP/1.1 200\r\nContent-Length: 1\n\nx", 0, 200, "x" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, 200, "hi" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, "" },
	{ "HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n", 0, 302, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
		0, 200, "abc0123456789" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 0, 200, "hi" },
	/* What is no answer. */
	{ "", -EBADMSG, 0, "" },
	{ "\r\n", -EBADMSG, 0, "" },
	{ "SSH-2.0-OpenSSH_9.2p1\r\n", -EBADMSG, 0, "" },
	{ "HTTP/2 200 OK\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 20 OK\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 2000 OK\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 999 OK\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\n: x\r\n\r\n", -EBADMSG, 0, "" },
	/* What is too long. */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", -EMSGSIZE, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", -EMSGSIZE, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", -EMSGSIZE, 0, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n", -EBADMSG, 0, "" },
	{ "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789", -EMSGSIZE, 0,
		"" },
};

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed parsed = parse(cases[i].text, strlen(cases[i].text), true);

		if (parsed.error != cases[i].error || parsed.status != cases[i].status ||
			strcmp(parsed.body, cases[i].body) != 0)
			fail_msg("%s: %d, %u, %s", cases[i].text, parsed.error, parsed.status, parsed.body);
	}
}

/* Every start of it says that more is needed, or already what the whole will say. */
static void test_every_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t count = 0; count <= strlen(cases[i].text); count++) {
			struct parsed parsed = parse(cases[i].text, count, false);

			if (parsed.error == -EAGAIN)
				continue;
			if (parsed.error != cases[i].error ||
				(!parsed.error && strcmp(parsed.body, cases[i].body) != 0))
				fail_msg("%s: %zu bytes: %d, %s", cases[i].text, count, parsed.error, parsed.body);
		}
}

static void test_endless_heads(void **state)
{
	static char text[3 * HTTP_REPLY_HEAD_MAX_BYTES];
	size_t count = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");

	(void)state;
	/* One field without an end. */
	memset(text + count, 'a', sizeof text - count);
	assert_int_equal(-EAGAIN, parse(text, HTTP_REPLY_HEAD_MAX_BYTES, false).error);
	assert_int_equal(-EMSGSIZE, parse(text, HTTP_REPLY_HEAD_MAX_BYTES + 1, false).error);
	/* Very many fields. */
	for (size_t at = count; at + 6 <= sizeof text; at += 6)
		memcpy(text + at, "a: b\r\n", 6);
	assert_int_equal(-EMSGSIZE, parse(text, sizeof text / 6 * 6, false).error);
	/* Interim answers for ever. */
	for (size_t at = 0; at + 25 <= sizeof text; at += 25)
		memcpy(text + at, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	assert_int_equal(-EMSGSIZE, parse(text, sizeof text / 25 * 25, false).error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_every_start),
		cmocka_unit_test(test_endless_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
