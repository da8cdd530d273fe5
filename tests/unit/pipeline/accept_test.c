/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/accept and pipeline/binary: the tables of spec/rest-dataplane.md 7 and 8. */
#include "tests/unit/support.h"

#include "appliance/pipeline/accept.h"
#include "appliance/pipeline/binary.h"

static const struct integration_template json_template = { .media_type = VIEW_INIT("application/json") };
static const struct integration_template xml_template = { .media_type = VIEW_INIT("application/xml") };

/* 't' a template, 'p' pass through, 'r' refused, for the three passthrough behaviours in turn. */
static const char *outcomes(const struct integration_template *template, const char *media_type)
{
	static char text[4];

	for (unsigned behaviour = INTEGRATION_WHEN_NO_MATCH; behaviour <= INTEGRATION_NEVER; behaviour++) {
		const struct integration integration = { .templates = template,
			.template_count = template ? 1 : 0,
			.passthrough = (enum integration_passthrough)behaviour };
		bool refused;
		const struct integration_template *chosen =
			accept_request_template(&integration, view_from_text(media_type), &refused);

		text[behaviour] = chosen ? 't' : refused ? 'r' : 'p';
	}
	return text;
}

static void the_table_of_passthrough_behaviours(void **state)
{
	(void)state;
	assert_string_equal("ppr", outcomes(NULL, "text/plain"));
	assert_string_equal("ttt", outcomes(&json_template, "application/json"));
	assert_string_equal("prr", outcomes(&json_template, "application/xml"));
	assert_string_equal("prr", outcomes(&xml_template, "application/json"));
	assert_string_equal("ttt", outcomes(&xml_template, "application/xml"));
}

/* The head of a request with these lines. */
static struct http1_head head_of(const char *lines)
{
	static struct http1_header headers[16];
	static char text[1024];
	struct http1_head head;
	size_t consumed;

	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);
	http1_head_init(&head, headers, 16);
	assert_int_equal(HTTP1_OK, http1_parse_request(&head, text, strlen(text), &http1_limits_private, &consumed));
	return head;
}

static void media_types_are_the_first_without_parameters(void **state)
{
	struct http1_head head;

	(void)state;
	head = head_of("Content-Type: text/xml; charset=utf-8\r\nAccept: image/webp;q=0.9, image/png\r\n");
	assert_true(view_equals_text(accept_content_type(&head), "text/xml"));
	assert_true(view_equals_text(accept_first(&head), "image/webp"));
	head = head_of("");
	assert_true(view_equals_text(accept_content_type(&head), "application/json"));
	assert_true(view_equals_text(accept_first(&head), "application/json"));
}

static void a_response_template_falls_back_to_json_then_to_the_first(void **state)
{
	const struct integration_template both[] = { json_template, xml_template };
	const struct integration_response none = { 0 }, two = { .templates = both, .template_count = 2 },
					  one = { .templates = &xml_template, .template_count = 1 };

	(void)state;
	assert_null(accept_response_template(&none, view_of("application/json")));
	assert_ptr_equal(&both[1], accept_response_template(&two, view_of("Application/XML")));
	assert_ptr_equal(&both[0], accept_response_template(&two, view_of("text/plain")));
	assert_ptr_equal(&xml_template, accept_response_template(&one, view_of("text/plain")));
}

static bool is_binary(const char *listed, const char *media_type)
{
	const struct view list = view_from_text(listed);
	const struct snapshot_deployment deployment = { .binary_media_types = &list, .binary_media_type_count = 1 };

	return binary_matches(&deployment, view_from_text(media_type));
}

static void the_table_of_binary_media_types(void **state)
{
	(void)state;
	assert_true(is_binary("image/png", "image/png"));
	assert_false(is_binary("image/png", "image/*"));
	assert_false(is_binary("image/png", "*/*"));
	assert_false(is_binary("image/png", "image/jpg"));
	assert_true(is_binary("application/*", "application/whatever"));
	assert_true(is_binary("application/*", "application/*"));
	assert_false(is_binary("*/test", "*/test"));
	assert_false(is_binary("*/test", "random/test"));
	assert_true(is_binary("*/*", "random/test"));
	assert_false(is_binary("*/*", "application"));
	assert_false(is_binary("*/*", ""));
}

static void bytes_become_text_as_recorded(void **state)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b, 0x08, 0x00, 0x14, 0x6c, 0xee, 0x63, 0x02, 0xff, 0x4b, 0xce,
		0xcf, 0x2d, 0x28, 0x4a, 0x2d, 0x2e, 0x4e, 0x4d, 0x51, 0x48, 0x49, 0x2c, 0x49, 0xd4, 0x51, 0x28, 0xce,
		0xc8, 0x2f, 0xcd, 0x49, 0x51, 0x48, 0x4a, 0x55, 0xc8, 0xcc, 0x2b, 0x4b, 0xcc, 0xc9, 0x4c, 0x51, 0x08,
		0x0d, 0x71, 0xd3, 0xb5, 0x50, 0x28, 0x2e, 0x29, 0xca, 0xcc, 0x4b, 0x07, 0x00, 0xb8, 0x39, 0x10, 0x57,
		0x2f, 0x00, 0x00, 0x00 };
	struct arena arena;
	struct view text;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	text = binary_to_text(&arena, view_from(at_page_end(gzip, sizeof gzip), sizeof gzip));
	assert_int_equal(99, text.count);
	assert_memory_equal("\x1f\xef\xbf\xbd\x08\x00\x14\x6c\xef\xbf\xbd\x63\x02\xef\xbf\xbd", text.at, 16);
	assert_true(view_is_utf8(text));
	/* Maximal pieces: a beginning of a character that breaks off counts once. */
	text = binary_to_text(&arena, view_of("a\xe2\x82z\xf0\x9f\x98\xc0\x80\xed\xa0\x80"));
	assert_true(view_equals(text,
		view_of("a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")));
	text = binary_to_text(&arena, view_of("gr\xc3\xbc\xc3\x9f"));
	assert_true(view_equals(text, view_of("gr\xc3\xbc\xc3\x9f")));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_passthrough_behaviours),
		cmocka_unit_test(media_types_are_the_first_without_parameters),
		cmocka_unit_test(a_response_template_falls_back_to_json_then_to_the_first),
		cmocka_unit_test(the_table_of_binary_media_types),
		cmocka_unit_test(bytes_become_text_as_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
