/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/xml: what is read, what is refused, what is written. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/control/xml.h"

static const char *item(const char *list)
{
	return strcmp(list, "VPCs") == 0 ? "VPC" : "item";
}

static int read_text(
	struct arena *arena, const char *text, size_t count, const struct xml_element **ret, char message[128])
{
	return xml_read(view_from(at_page_end(text, count), count), arena, ret, message, 128);
}

static void elements_texts_and_references_are_read(void **state)
{
	static const char text[] =
		"<?xml version=\"1.0\"?>\n<r xmlns=\"urn:x\" xmlns:p=\"urn:y\"> <p:Name>a&amp;b&#x41;</p:Name>"
		"<List><Item>1</Item><Item/><Item><![CDATA[<3>]]></Item></List></r>";
	const struct xml_element *root, *list;
	struct arena arena;
	char message[128];

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, read_text(&arena, text, sizeof text - 1, &root, message));
	assert_string_equal("r", root->name);
	assert_true(view_equals_text(xml_find(root, "Name")->text, "a&bA"));
	list = xml_find(root, "List");
	assert_true(view_equals_text(list->children->text, "1"));
	assert_int_equal(0, list->children->next->text.count);
	assert_true(view_equals_text(list->children->next->next->text, "<3>"));
	assert_null(list->children->next->next->next);
	assert_null(xml_find(NULL, "x"));
	arena_fini(&arena);
}

static void every_cut_is_refused(void **state)
{
	static const char text[] = "<a><b>text &amp; more</b><c/></a>";
	const struct xml_element *root;
	struct arena arena;
	char message[128];

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	for (size_t count = 0; count < sizeof text - 1; count++)
		assert_int_equal(-EBADMSG, read_text(&arena, text, count, &root, message));
	assert_int_equal(0, read_text(&arena, text, sizeof text - 1, &root, message));
	arena_fini(&arena);
}

static void document_types_depth_and_size_are_bounded(void **state)
{
	static const char bomb[] = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>";
	const struct xml_element *root;
	struct arena arena;
	char message[128], deep[3 * (XML_MAX_DEPTH + 2) + 1] = "";

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(-EBADMSG, read_text(&arena, bomb, sizeof bomb - 1, &root, message));
	assert_non_null(strstr(message, "document types are not accepted"));
	for (unsigned i = 0; i < XML_MAX_DEPTH + 1; i++)
		strcat(deep, "<a>");
	assert_int_equal(-EBADMSG, read_text(&arena, deep, strlen(deep), &root, message));
	assert_non_null(strstr(message, "nested too deep"));
	assert_int_equal(-EBADMSG, read_text(&arena, "<a>\xff</a>", 8, &root, message));
	arena_fini(&arena);
}

static void trees_are_written_as_elements(void **state)
{
	struct json JSON_CLEANUP *tree = NULL;
	struct buffer buffer;

	(void)state;
	assert_int_equal(0, json_parse(view_of("{\"a\":\"<&\\\">\\u0001\\r\",\"n\":5,\"t\":true,\"z\":null,\"VPCs\":[{"
					       "\"id\":\"1\"},\"2\"],\"e\":[],\"o\":{}}"),
				    NULL, &tree, NULL));
	buffer_init(&buffer, 4096);
	xml_write_members(&buffer, tree, item);
	assert_string_equal("<a>&lt;&amp;&quot;&gt;\xef\xbf\xbd&#xD;</a><n>5</n><t>true</t><VPCs><VPC><id>1</id></"
			    "VPC><VPC>2</VPC></VPCs><e/><o/>",
		buffer_text(&buffer));
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_texts_and_references_are_read),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(document_types_depth_and_size_are_bounded),
		cmocka_unit_test(trees_are_written_as_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
