/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/tls_hello: a hello whole, cut at every byte, in several records; and malformed ones. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/wire/tls_hello.h"

struct bytes {
	uint8_t at[4096];
	size_t count;
};

static void put(struct bytes *to, const void *bytes, size_t count)
{
	memcpy(to->at + to->count, bytes, count);
	to->count += count;
}

static void put_vector(struct bytes *to, size_t digits, const struct bytes *content)
{
	for (size_t i = digits; i-- > 0;)
		to->at[to->count++] = (uint8_t)(content->count >> 8 * i);
	put(to, content->at, content->count);
}

static void put_extension(struct bytes *to, unsigned type, const void *content, size_t count)
{
	struct bytes body = { .count = 0 };

	put(&body, content, count);
	to->at[to->count++] = (uint8_t)(type >> 8);
	to->at[to->count++] = (uint8_t)type;
	put_vector(to, 2, &body);
}

/* A handshake message ClientHello with `extensions` (NULL: none at all). */
static struct bytes hello_of(const struct bytes *extensions)
{
	struct bytes body = { .count = 0 }, hello = { .count = 0 };

	put(&body, "\3\3", 2);
	for (int i = 0; i < 32; i++)
		put(&body, "r", 1);
	put(&body, "\4sess", 5);
	put(&body, "\0\4\x13\1\x13\2", 6);
	put(&body, "\1\0", 2);
	if (extensions)
		put_vector(&body, 2, extensions);
	put(&hello, "\1", 1);
	put_vector(&hello, 3, &body);
	return hello;
}

/* In records of at most `fragment` bytes. */
static struct bytes records_of(const struct bytes *hello, size_t fragment)
{
	struct bytes records = { .count = 0 };

	for (size_t at = 0; at < hello->count; at += fragment) {
		struct bytes piece = { .count = 0 };

		put(&piece, hello->at + at, hello->count - at < fragment ? hello->count - at : fragment);
		put(&records, "\x16\3\1", 3);
		put_vector(&records, 2, &piece);
	}
	return records;
}

static int parse(struct tls_hello *hello, const struct bytes *bytes, size_t count)
{
	return tls_hello_parse(hello, at_page_end(bytes->at, count), count);
}

static struct bytes good_extensions(void)
{
	struct bytes extensions = { .count = 0 };

	put_extension(&extensions, 0,
		"\0\x14\0\0\x11"
		"API.pets.internal",
		22);
	put_extension(&extensions, 0x0a0a, "", 0);
	put_extension(&extensions, 16, "\0\xc\2h2\x8http/1.1", 14);
	put_extension(&extensions, 43, "\4\3\4\3\3", 5);
	return extensions;
}

static void a_hello_tells_name_protocols_and_versions(void **state)
{
	struct bytes extensions = good_extensions(), hello = hello_of(&extensions);

	(void)state;
	for (size_t fragment = hello.count; fragment >= 1; fragment = fragment == 1 ? 0 : fragment / 2) {
		struct bytes records = records_of(&hello, fragment);
		struct tls_hello told;

		for (size_t count = 0; count < records.count; count++)
			assert_int_equal(-EAGAIN, parse(&told, &records, count));
		assert_int_equal(0, parse(&told, &records, records.count));
		assert_string_equal("api.pets.internal", told.server_name);
		assert_true(told.has_alpn && told.offers_http1 && told.offers_http2 && told.offers_tls12 &&
			    told.offers_tls13);
		assert_int_equal(0x0303, told.legacy_version);
	}
}

static void a_hello_without_extensions_is_fine(void **state)
{
	struct bytes hello = hello_of(NULL), records = records_of(&hello, 1000);
	struct tls_hello told;

	(void)state;
	assert_int_equal(0, parse(&told, &records, records.count));
	assert_int_equal(0, told.server_name_chars);
	assert_true(!told.has_alpn && told.offers_tls12 && !told.offers_tls13);
}

static int parse_with(unsigned type, const void *content, size_t count, struct tls_hello *told)
{
	struct bytes extensions = { .count = 0 }, hello, records;

	put_extension(&extensions, type, content, count);
	hello = hello_of(&extensions);
	records = records_of(&hello, 4000);
	return parse(told, &records, records.count);
}

static void a_name_that_is_no_dns_name_counts_as_none(void **state)
{
	struct tls_hello told;

	(void)state;
	assert_int_equal(0, parse_with(0, "\0\x6\0\0\3a b", 8, &told));
	assert_string_equal("", told.server_name);
	assert_int_equal(0, parse_with(0, "\0\x6\0\0\3*.b", 8, &told));
	assert_string_equal("", told.server_name);
	assert_int_equal(0, parse_with(0,
				    "\0\x6\0\0\3"
				    "a\0b",
				    8, &told));
	assert_string_equal("", told.server_name);
}

static void malformed_hellos_are_refused(void **state)
{
	struct bytes extensions = good_extensions(), hello = hello_of(&extensions), records = records_of(&hello, 4000);
	struct tls_hello told;

	(void)state;
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "GET / HTTP/1.1", 14));
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "G", 1));
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "\x16\2", 2));
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "\x16\3\1\0\0", 5));
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "\x16\3\1\x40\1", 5));
	assert_int_equal(-EPROTO, tls_hello_parse(&told, "\x16\3\1\0\4\2", 6));
	assert_int_equal(-EMSGSIZE, tls_hello_parse(&told, "\x16\3\1\0\4\1\1\0\0", 9));
	assert_int_equal(-EPROTO, parse_with(0, "\0\x7\0\0\3abc", 8, &told)); /* list longer than the extension */
	assert_int_equal(-EPROTO, parse_with(0, "\0\xa\0\0\2ab\0\0\2cd", 12, &told)); /* two host names */
	assert_int_equal(-EPROTO, parse_with(16, "\0\3\0h2", 5, &told));              /* an empty protocol */
	assert_int_equal(-EPROTO, parse_with(43, "\3\3\4\3", 4, &told));              /* half a version */
	assert_int_equal(-EPROTO, parse_with(16, "\0\3\2h2x", 6, &told));             /* bytes behind the list */
	put_extension(&extensions, 16, "\0\3\2h2", 5);
	hello = hello_of(&extensions);
	records = records_of(&hello, 4000);
	assert_int_equal(-EPROTO, parse(&told, &records, records.count)); /* ALPN twice */
}

static void damage_never_crashes(void **state)
{
	struct bytes extensions = good_extensions(), hello = hello_of(&extensions), records = records_of(&hello, 4000);

	(void)state;
	for (size_t i = 0; i < records.count; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct bytes damaged = records;
			struct tls_hello told;
			int result;

			damaged.at[i] ^= (uint8_t)(1 << bit);
			result = parse(&told, &damaged, damaged.count);
			assert_true(result == 0 || result == -EPROTO || result == -EAGAIN || result == -EMSGSIZE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_tells_name_protocols_and_versions),
		cmocka_unit_test(a_hello_without_extensions_is_fine),
		cmocka_unit_test(a_name_that_is_no_dns_name_counts_as_none),
		cmocka_unit_test(malformed_hellos_are_refused),
		cmocka_unit_test(damage_never_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
