/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include "appliance/validate/schema_format.h"

/* A '+' in front: valid; '-': not. */
static const struct {
	const char *format;
	const char *texts[24];
} formats[] = {
	{ "date-time",
		{ "+2012-12-02T13:05:00+01:00", "+2001-02-12T00:00:00Z", "+2012-08-07t20:42:32.123456789012z",
			"+2012-08-07T20:42:32-0530", "+2000-02-29T00:00:00Z", "-1900-02-29T00:00:00Z",
			"-2012-08-07T20:42:32.1234567890123Z", "-2012-12-02T13:05:00.Z", "-201202030",
			"-2012-12-02T13:05:00", "-2012-12-02T13:05:00+01:30:30", "-2012-12-02T24:05:00Z",
			"-2012-13-02T13:05:00Z", "-2012-12-02T13:05:60Z", "-2012-12-02T13:05:00Z[Europe/Paris]" } },
	{ "email", { "+foo@bar.com", "+foo@bar", "+\"a b\"@x.y", "+a.b+c@d-e.f", "+a@[127.0.0.1]", "-foo", "-a@", "-@b",
			   "-\xc3\xa9ioaj@my.name", "-a..b@c", "-.a@b", "-a@b..c", "-a b@c", "-a@b c" } },
	{ "hostname", { "+foo", "+a_b.c-d.example.", "+1.2.a", "-", "-.", "-a..b", "--a", "-a-", "-a.1", "-_a", "-a b",
			      "-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } },
	{ "ipv4", { "+1.2.3.4", "-1.2.3", "-256.1.1.1", "-01.2.3.4", "-1.2.3.4 ", "-" } },
	{ "ipv6", { "+::1", "+ea31:aea::222", "+::ffff:1.2.3.4", "-10.121.13.3", "-fffg::1", "-slashdot.org",
			  "-1::2::3" } },
	{ "uri",
		{ "+http://slashdot.org", "+foo://a.b.c/d/e?f=g#h", "+mailto:a@b", "+/a/b", "+a", "+", "+x:%41\xc3\xa4",
			"-+23:aa", "-a b", "-http://a\"b", "-a%4", "-a#b#c", "-x:", "-:a", "-x:#a" } },
	{ "regex", { "+^a[b-z]*$", "+", "-(", "-*" } },
	{ "uuid", { "+2eb8aa08-aa98-11ea-b4aa-73b441d16380", "+1-2-3-4-5", "-2eb8aa08", "-1-2-3-4-", "-1-2-3-4-g",
			  "-2eb8aa08-aa98-11ea-b4aa-73b441d163800" } },
	{ "json-pointer", { "+", "+/", "+/a/~0~1", "-a", "-/~", "-/~2" } },
	{ "mac", { "+0a:1b:2c:3d:4e:5f", "-0a:1b:2c:3d:4e", "-0a-1b-2c-3d-4e-5f", "-" } },
	{ "base64", { "+", "+YWJj", "+YQ==", "+YWI=", "-YWJ", "-Y===", "-YW-j" } },
	{ "md5", { "+d41d8cd98f00b204e9800998ecf8427E", "-d41d8cd98f00b204e9800998ecf8427",
			 "-d41d8cd98f00b204e9800998ecf8427g" } },
};

static void texts_are_judged_as_by_java(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const struct schema_format *format = schema_format_find(view_from_text(formats[i].format));

		assert_non_null(format);
		for (size_t k = 0; formats[i].texts[k]; k++) {
			const char *text = formats[i].texts[k] + 1;
			size_t count = strlen(text);

			if (schema_format_check(format, view_from(at_page_end(text, count), count)) !=
				(formats[i].texts[k][0] == '+'))
				fail_msg("%s: %s", formats[i].format, formats[i].texts[k]);
		}
	}
}

static void a_nul_is_in_none_of_them(void **state)
{
	static const char *const names[] = { "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "mac", "date-time" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_false(schema_format_check(schema_format_find(view_from_text(names[i])), view_of("1.2.3.4\0")));
}

static void other_names_are_no_formats(void **state)
{
	(void)state;
	assert_null(schema_format_find(view_of("date")));
	assert_null(schema_format_find(view_of("int32")));
	assert_null(schema_format_find(view_of("")));
}

static void it_is_said_what_is_wrong(void **state)
{
	static const struct {
		const char *format, *text, *message;
	} cases[] = {
		{ "email", "x", "string \"x\" is not a valid email address" },
		{ "json-pointer", "x", "input string \"x\" is not a valid JSON Pointer" },
		{ "sha1", "\xc3\xa4", "input string has bad length (1, expected 40)" },
		{ "md5", "d41d8cd98f00b204e9800998ecf8427g", "input string has illegal characters" },
		{ "base64", "a=b=", "input is not a valid Base64 string: illegal characters" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer message;

		buffer_init(&message, 4096);
		schema_format_explain(
			schema_format_find(view_from_text(cases[i].format)), view_from_text(cases[i].text), &message);
		assert_string_equal(cases[i].message, buffer_text(&message));
		buffer_fini(&message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_judged_as_by_java),
		cmocka_unit_test(a_nul_is_in_none_of_them),
		cmocka_unit_test(other_names_are_no_formats),
		cmocka_unit_test(it_is_said_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
