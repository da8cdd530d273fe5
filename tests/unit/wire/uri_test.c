/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/uri: URIs of back ends, hosts, percent-encoding, queries. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/wire/uri.h"

static void assert_view(const char *expected, struct view view)
{
	assert_int_equal(strlen(expected), view.count);
	assert_memory_equal(expected, view.at, view.count);
}

static struct view edge(const char *text)
{
	return view_from(at_page_end(text, strlen(text)), strlen(text));
}

static void back_end_uris_are_taken_apart(void **state)
{
	struct uri uri;

	(void)state;
	assert_int_equal(0, uri_parse(&uri, edge("http://petstore.example.com/petstore/pets/{id}?a={b}&c")));
	assert_true(!uri.is_https && !uri.has_port && uri.port == 80 && uri.has_query);
	assert_view("petstore.example.com", uri.host);
	assert_view("/petstore/pets/{id}", uri.path);
	assert_view("a={b}&c", uri.query);
	assert_int_equal(0, uri_parse(&uri, edge("HTTPS://[fd00::5]:8443")));
	assert_true(uri.is_https && uri.has_port && uri.port == 8443 && uri.host_is_ipv6);
	assert_view("fd00::5", uri.host);
	assert_view("[fd00::5]:8443", uri.authority);
	assert_view("/", uri.path);
	assert_int_equal(0, uri_parse(&uri, edge("https://a?x=/")));
	assert_int_equal(443, uri.port);
	assert_view("/", uri.path);
	assert_view("x=/", uri.query);
}

static void odd_uris_are_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ "//a/b", -EINVAL },
		{ "://a", -EINVAL },
		{ "ftp://a/", -EPROTONOSUPPORT },
		{ "http://", -EINVAL },
		{ "http:///x", -EINVAL },
		{ "http://u:p@a/", -EINVAL },
		{ "http://a:0/", -EINVAL },
		{ "http://a:65536/", -EINVAL },
		{ "http://a:8x/", -EINVAL },
		{ "http://[::1/", -EINVAL },
		{ "http://[::g]/", -EINVAL },
		{ "http://[]/", -EINVAL },
		{ "http://[::1]x/", -EINVAL },
		{ "http://a b/", -EINVAL },
		{ "http://a/b c", -EINVAL },
		{ "http://a/b#c", -EINVAL },
		{ "http://a/b\r\n", -EINVAL },
		{ "http://{host}/", -EINVAL },
	};
	struct uri uri;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(cases[i].error, uri_parse(&uri, edge(cases[i].text)));
}

static void hosts_with_and_without_port(void **state)
{
	struct view host;
	uint16_t port;

	(void)state;
	assert_int_equal(0, uri_parse_host(edge("API.pets.internal:443"), &host, &port));
	assert_view("API.pets.internal", host);
	assert_int_equal(443, port);
	assert_int_equal(0, uri_parse_host(edge("10.0.0.1:"), &host, &port));
	assert_int_equal(0, port);
	assert_int_equal(0, uri_parse_host(edge("[::1]"), &host, &port));
	assert_view("::1", host);
	assert_int_equal(-EINVAL, uri_parse_host(edge(""), &host, &port));
	assert_int_equal(-EINVAL, uri_parse_host(edge(":80"), &host, &port));
	assert_int_equal(-EINVAL, uri_parse_host(edge("["), &host, &port));
	assert_int_equal(-EINVAL, uri_parse_host(edge("a/b"), &host, &port));
	assert_int_equal(-EINVAL, uri_parse_host(edge("::1"), &host, &port));
}

static void assert_decoded(const char *expected, const char *text, bool plus, bool lenient)
{
	char *room = malloc(strlen(text) + 1);
	long count = uri_decode(room, edge(text), plus, lenient);

	if (!expected) {
		assert_int_equal(-EINVAL, count);
	} else {
		assert_int_equal(strlen(expected), count);
		assert_memory_equal(expected, room, (size_t)count);
	}
	free(room);
}

static void percent_encoding_is_undone(void **state)
{
	(void)state;
	assert_decoded("2023-06-12T18:05:10.123456 00:00", "2023-06-12T18:05:10.123456+00:00", true, false);
	assert_decoded("test+alias@gmail.com", "test%2Balias@gmail.com", true, false);
	assert_decoded("a+b", "a+b", false, false);
	assert_decoded("\xc3\xa4/", "%c3%A4%2f", true, false);
	assert_decoded(NULL, "100%", true, false);
	assert_decoded(NULL, "%4", true, false);
	assert_decoded(NULL, "%4x", true, false);
	assert_decoded("100%", "100%", true, true);
	assert_decoded("%4x", "%4x", true, true);
	assert_decoded("%A", "%%41", true, true);
}

static void percent_encoding_is_done_as_aws_does(void **state)
{
	char room[64];
	size_t count = uri_encode(room, edge("a/b c~%\xc3*"), true);

	(void)state;
	assert_view("a/b%20c~%25%C3%2A", view_from(room, count));
	count = uri_encode(room, edge("a/b"), false);
	assert_view("a%2Fb", view_from(room, count));
	count = uri_encode_unsafe(room, edge("a/b c%20?&#\n\x7f\xc3"));
	assert_view("a/b%20c%20?&%23%0A%7F%C3", view_from(room, count));
}

static void queries_are_walked_part_by_part(void **state)
{
	struct uri_query query = { .rest = edge("&a=1&&b&c==2&=d&") };
	static const char *expected[][2] = { { "a", "1" }, { "b", "" }, { "c", "=2" }, { "", "d" } };
	struct view name, value;
	bool has_value;
	size_t i = 0;

	(void)state;
	for (; uri_query_next(&query, &name, &value, &has_value); i++) {
		assert_true(i < ARRAY_COUNT(expected));
		assert_view(expected[i][0], name);
		assert_view(expected[i][1], value);
		assert_int_equal(i != 1, has_value);
	}
	assert_int_equal(ARRAY_COUNT(expected), i);
}

static void semicolons_separate_where_they_are_asked_to(void **state)
{
	struct uri_query query = { .rest = edge(";a=1;&;b;c=2&d=3;e=;"), .semicolons = true };
	struct uri_query plain = { .rest = edge("a=1;b=2") };
	static const char *expected[][2] = { { "a", "1" }, { "b", "" }, { "c", "2" }, { "d", "3" }, { "e", "" } };
	struct view name, value;
	bool has_value;
	size_t i = 0;

	(void)state;
	for (; uri_query_next(&query, &name, &value, &has_value); i++) {
		assert_true(i < ARRAY_COUNT(expected));
		assert_view(expected[i][0], name);
		assert_view(expected[i][1], value);
		assert_int_equal(i != 1, has_value);
	}
	assert_int_equal(ARRAY_COUNT(expected), i);
	assert_true(uri_query_next(&plain, &name, &value, NULL));
	assert_view("1;b=2", value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back_end_uris_are_taken_apart),
		cmocka_unit_test(odd_uris_are_refused),
		cmocka_unit_test(hosts_with_and_without_port),
		cmocka_unit_test(percent_encoding_is_undone),
		cmocka_unit_test(percent_encoding_is_done_as_aws_does),
		cmocka_unit_test(queries_are_walked_part_by_part),
		cmocka_unit_test(semicolons_separate_where_they_are_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
