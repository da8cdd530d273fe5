/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of dns/rdata: values as the API shows them, in wire form. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/dns/rdata.h"
#include "appliance/wire/dns.h"

static void check(uint16_t type, const char *text, const char *expected, size_t expected_bytes)
{
	uint8_t bytes[RDATA_MAX_BYTES];
	size_t count = strlen(text);
	long written = rdata_from_text(type, view_from(at_page_end(text, count), count), bytes, sizeof bytes);

	if (written != (long)expected_bytes || memcmp(bytes, expected, expected_bytes) != 0)
		fail_msg("'%s' gave %ld bytes", text, written);
	/* One byte of room less is always too little, and never written past. */
	if (expected_bytes) {
		uint8_t *room = (uint8_t *)at_page_end(bytes, expected_bytes - 1);

		assert_int_equal(-ENOBUFS, rdata_from_text(type, view_from(text, count), room, expected_bytes - 1));
	}
}

#define CHECK(type, text, expected) check(type, text, expected, sizeof expected - 1)

static void each_type_has_its_form(void **state)
{
	(void)state;
	CHECK(rdata_type(view_of("A")), "10.0.0.1", "\x0a\0\0\x01");
	CHECK(rdata_type(view_of("AAAA")), "fd00::1", "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
	CHECK(rdata_type(view_of("CNAME")), "a.bc.",
		"\x01"
		"a\x02"
		"bc\0");
	CHECK(rdata_type(view_of("NS")), "ns", "\x02ns\0");
	CHECK(rdata_type(view_of("TXT")), "\"a b\"",
		"\x03"
		"a b");
	CHECK(rdata_type(view_of("TXT")), "\"a\" \"\" b",
		"\x01"
		"a\0\x01"
		"b");
	CHECK(rdata_type(view_of("TXT")), "\"q\\\"\\\\\\101\"", "\x04q\"\\A");
	CHECK(rdata_type(view_of("MX")), "10 mail.x", "\0\x0a\x04mail\x01x\0");
	CHECK(rdata_type(view_of("SRV")), "1 2 443 h", "\0\x01\0\x02\x01\xbb\x01h\0");
	CHECK(rdata_type(view_of("SOA")), "n. h. 1 7200 900 1209600 86400",
		"\x01n\0\x01h\0\0\0\0\x01\0\0\x1c\x20\0\0\x03\x84\0\x12\x75\0\0\x01\x51\x80");
	CHECK(rdata_type(view_of("CAA")), "0 issue \"ca.x\"", "\0\x05issueca.x");
}

static void malformed_values_are_refused(void **state)
{
	static const struct {
		const char *type, *text;
	} cases[] = { { "A", "fd00::1" }, { "A", "10.0.0" }, { "A", "" }, { "AAAA", "10.0.0.1" }, { "AAAA", "x" },
		{ "CNAME", "a..b" }, { "TXT", "" }, { "TXT", "\"open" }, { "TXT", "\"\\777\"" }, { "TXT", "\"\\" },
		{ "MX", "mail.x" }, { "MX", "70000 m" }, { "MX", "10 m extra" }, { "MX", "10" }, { "SRV", "1 2 h" },
		{ "SOA", "n. h. 1 2 3 4" }, { "SOA", "n. h. 1 2 3 4 5 6" }, { "CAA", "0 issue" },
		{ "CAA", "256 issue \"x\"" } };
	uint8_t bytes[RDATA_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (rdata_from_text(rdata_type(view_from_text(cases[i].type)), view_from_text(cases[i].text), bytes,
			    sizeof bytes) != -EINVAL)
			fail_msg("%s '%s' was taken", cases[i].type, cases[i].text);
	assert_int_equal(0, rdata_type(view_of("a")));
	assert_int_equal(-ENOTSUP, rdata_from_text(0, view_of("x"), bytes, sizeof bytes));
}

static void a_string_of_256_bytes_is_too_long(void **state)
{
	char text[300];
	uint8_t bytes[RDATA_MAX_BYTES];

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(256, rdata_from_text(DNS_TYPE_TXT, view_from(text, 255), bytes, sizeof bytes));
	assert_int_equal(-EINVAL, rdata_from_text(DNS_TYPE_TXT, view_from(text, 256), bytes, sizeof bytes));
}

static void the_soa_bounds_negative_answers(void **state)
{
	(void)state;
	assert_int_equal(86400, rdata_soa_minimum_s(view_of("n. h. 1 7200 900 1209600 86400")));
	assert_int_equal(0, rdata_soa_minimum_s(view_of("n. h. 1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_has_its_form),
		cmocka_unit_test(malformed_values_are_refused),
		cmocka_unit_test(a_string_of_256_bytes_is_too_long),
		cmocka_unit_test(the_soa_bounds_negative_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
