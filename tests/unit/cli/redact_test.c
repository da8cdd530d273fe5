/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/redact: what is masked, what is not, and that JSON stays JSON. */
#include "tests/unit/support.h"

#include "appliance/base/json.h"
#include "appliance/cli/redact.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const char *redacted(const char *text)
{
	static char room[4096];
	struct buffer buffer;

	buffer_init_fixed(&buffer, room, sizeof room);
	redact(&buffer, view_from(at_page_end(text, strlen(text)), strlen(text)));
	return buffer_text(&buffer);
}

static void secrets_are_masked(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "secret_access_key: " SECRET, "secret_access_key: [redacted]" },
		{ "password=hunter2 user=bob", "password=[redacted] user=bob" },
		{ "Password = hunter2, next", "Password = [redacted], next" },
		{ "{\"secretAccessKey\": \"abc\", \"id\": 1}", "{\"secretAccessKey\": \"[redacted]\", \"id\": 1}" },
		{ "{\"message\":\"{\\\"apiKey\\\":\\\"abc\\\",\\\"n\\\":2}\"}",
			"{\"message\":\"{\\\"apiKey\\\":\\\"[redacted]\\\",\\\"n\\\":2}\"}" },
		{ "{\"token\":\"a\\\"b\",\"n\":2}", "{\"token\":\"[redacted]\",\"n\":2}" },
		{ "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=ab12\nHost: a",
			"Authorization: [redacted]\nHost: a" },
		{ "\"Authorization: Bearer x\"", "\"Authorization: [redacted]\"" },
		{ "/a?X-Amz-Signature=0123&X-Amz-Date=1", "/a?X-Amz-Signature=[redacted]&X-Amz-Date=1" },
		{ "Set-Cookie: a=b; c=d\n", "Set-Cookie: [redacted]\n" },
		{ "got Bearer eyJhbGciOiJI.eyJz.abc_- here", "got Bearer [redacted] here" },
		{ "with basic dXNlcjpwYXNz.", "with basic [redacted]" },
		{ "to http://bob:hunter2@10.0.0.1:80/a", "to http://[redacted]@10.0.0.1:80/a" },
		{ "the key " SECRET " is", "the key [redacted] is" },
		{ "AAAAAAAAAAAAAAAAaaaaaaaaaaaaaaaaaaa00000000=", "[redacted]=" },
		{ "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\nnext",
			"-----BEGIN EC PRIVATE KEY-----[redacted]-----END EC PRIVATE KEY-----\nnext" },
		{ "x -----BEGIN PRIVATE KEY-----\\nMHcC\\n", "x -----BEGIN PRIVATE KEY-----[redacted]" },
		{ "my_x-api-key='abc' b", "my_x-api-key='[redacted]' b" },
		{ "{\"secret\":\"a\\\\\",\"n\":\"b\"}", "{\"secret\":\"[redacted]\",\"n\":\"b\"}" },
		{ "\"\\\"secret\\\":\\\"a\\\\\\\"b\\\"\"", "\"\\\"secret\\\":\\\"[redacted]\\\"\"" },
		{ "\"\\\"secret\\\":\\\"cut\"", "\"\\\"secret\\\":\\\"[redacted]\"" },
		{ "line\\n" SECRET "\\u0009" SECRET, "line\\n[redacted]\\u0009[redacted]" },
		{ "{\"m\":\"secret:\\\"a\\\\\",\"n\":1}", "{\"m\":\"secret:\\\"[redacted]\",\"n\":1}" },
		{ "password=", "password=" },
		{ "secret:", "secret:" },
		{ "\"secret\":\"", "\"secret\":\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(rows[i].expected, redacted(rows[i].text));
}

static void the_rest_stays(void **state)
{
	static const char *const texts[] = {
		"",
		"vpce-0123456789abcdef0 is made",
		"{\"tokens\":5,\"secrets\":[1,2],\"authorizations\":{\"n\":true}}",
		"postern_management_requests_total{service=\"apigateway\"} 12",
		"a basic understanding of bearer bonds",
		"http://10.0.0.1:80/a@b",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
		"0123456789abcdef0123456789abcdef01234567",
		"arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/prod",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_string_equal(texts[i], redacted(texts[i]));
}

/* Whatever it is cut to, and whatever is in it, nothing behind its end is read, and JSON that was whole is so still. */
static void cut_anywhere_and_still_json(void **state)
{
	static const char text[] =
		"{\"a\":\"Authorization: Basic dXNlcjpwYXNz\\npassword=\\\"x\\\"\",\"secret\":\"\\\\\\\"q\","
		"\"u\":\"http://a:b@c/\",\"k\":\"" SECRET "\",\"p\":\"-----BEGIN PRIVATE KEY-----\\nMH\"}";
	struct json *parsed = NULL;

	(void)state;
	for (size_t count = 0; count <= sizeof text - 1; count++) {
		char part[sizeof text];

		memcpy(part, text, count);
		part[count] = '\0';
		assert_null(strstr(redacted(part), "dXNlcjpwYXNz"));
	}
	assert_int_equal(0, json_parse(view_from_text(text), NULL, &parsed, NULL));
	json_free(parsed);
	assert_int_equal(0, json_parse(view_from_text(redacted(text)), NULL, &parsed, NULL));
	json_free(parsed);
}

/* Texts of all that matters here, in any order, as members of JSON within JSON. */
static void any_json_is_still_json(void **state)
{
	static const char *const pieces[] = { "\"", "\\", ":", "=", " ", "password", "secret", "token", "Authorization",
		"Bearer ", "basic ", "://", "@", "-----BEGIN ", "PRIVATE KEY-----", "-----END", "a", "Z9", ",", "{",
		"}", "'", "\n", SECRET, "\xc3\xa9" };
	char room[16384];
	struct buffer buffer;

	(void)state;
	srandom(1);
	for (unsigned turn = 0; turn < 20000; turn++) {
		char text[512] = "", *inner, *outer;
		struct json *object = json_object_new(), *parsed = NULL;

		for (long count = random() % 12; count > 0; count--)
			strcat(text, pieces[(size_t)random() % (sizeof pieces / sizeof pieces[0])]);
		json_set_c_string(object, turn % 3 ? "message" : "secret", text);
		json_set_c_string(object, "next", "kept");
		inner = json_print_text(object);
		json_set_c_string(object, turn % 2 ? "line" : "token", inner);
		outer = json_print_text(object);
		json_free(object);
		buffer_init_fixed(&buffer, room, sizeof room);
		redact(&buffer, view_from_text(outer));
		assert_int_equal(0, buffer_error(&buffer));
		if (json_parse(buffer_view(&buffer), NULL, &parsed, NULL) != 0 ||
			!view_equals_text(json_find_text(parsed, "next"), "kept"))
			fail_msg("%s\nbecame\n%s", outer, buffer_text(&buffer));
		json_free(parsed);
		free(inner);
		free(outer);
	}
}

static void bytes_that_are_no_text_are_passed(void **state)
{
	static const char bytes[] = "a\0password=x\0\xff\xfe"
				    "b";
	char room[64];
	struct buffer buffer;

	(void)state;
	buffer_init_fixed(&buffer, room, sizeof room);
	redact(&buffer, view_from(at_page_end(bytes, sizeof bytes - 1), sizeof bytes - 1));
	assert_memory_equal("a\0password=[redacted]\0\xff\xfe"
			    "b",
		room,
		sizeof "a\0password=[redacted]\0\xff\xfe"
		       "b" -
			1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(the_rest_stays),
		cmocka_unit_test(cut_anywhere_and_still_json),
		cmocka_unit_test(any_json_is_still_json),
		cmocka_unit_test(bytes_that_are_no_text_are_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
