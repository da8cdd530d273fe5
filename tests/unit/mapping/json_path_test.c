/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/pattern.h"
#include "appliance/mapping/json_path.h"

static struct arena arena;
static struct pattern_scratch *patterns;

static const char pets[] =
	"{\"pets\":[{\"id\":1,\"type\":\"dog\",\"price\":249.99,\"tags\":[\"a\",\"b\"]},"
	"{\"id\":2,\"type\":\"cat\",\"price\":124.99,\"tags\":[]}],\"name\":\"shop\",\"open\":true,\"n\":null,"
	"\"k.dot\":1,\"sp ace\":2,\"hy-phen\":3,\"nested\":{\"a\":{\"b\":\"c\"}},\"limit\":200,"
	"\"mixed\":[1,\"x\",null,true,{\"k\":[2]}],\"it's\":4}";

/* What `path` finds in `json`, as JSON; "none" if it is definite and finds nothing. */
static const char *found(const char *json, const char *text)
{
	const struct json_path *path;
	struct json_path_result result;
	struct json_value root;
	struct buffer out;
	size_t json_count = strlen(json), count = strlen(text);

	arena_reset(&arena);
	if (json_path_compile(&path, &arena, view_from(at_page_end(text, count), count), NULL) != 0)
		return "invalid";
	assert_int_equal(
		json_value_parse(&arena, view_from(at_page_end(json, json_count), json_count), NULL, &root, NULL), 0);
	assert_int_equal(json_path_find(path, &root, &arena, patterns, &result), 0);
	buffer_init_arena(&out, &arena, 1 << 20);
	if (result.definite) {
		assert_true(result.count <= 1);
		if (result.count == 0)
			return "none";
		json_value_write(&out, result.first);
		return buffer_text(&out);
	}
	buffer_append_byte(&out, '[');
	for (size_t i = 0; i < result.count; i++) {
		if (i)
			buffer_append_byte(&out, ',');
		json_value_write(&out, result.values[i]);
	}
	buffer_append_byte(&out, ']');
	return buffer_text(&out);
}

static void test_definite_paths_give_the_value(void **state)
{
	(void)state;
	assert_string_equal(found(pets, "$.name"), "\"shop\"");
	assert_string_equal(found(pets, "name"), "\"shop\"");
	assert_string_equal(found(pets, " $['name'] "), "\"shop\"");
	assert_string_equal(found(pets, "$[\"name\"]"), "\"shop\"");
	assert_string_equal(found(pets, "$.pets[0].price"), "249.99");
	assert_string_equal(found(pets, "$.pets[(@.length-1)].id"), "2");
	assert_string_equal(found(pets, "$.pets[( @.size() - 2 )].id"), "1");
	assert_string_equal(found(pets, "$['k.dot']"), "1");
	assert_string_equal(found(pets, "$['sp ace']"), "2");
	assert_string_equal(found(pets, "$.hy-phen"), "3");
	assert_string_equal(found(pets, "$['it\\'s']"), "4");
	assert_string_equal(found(pets, "$.n"), "null");
	assert_string_equal(found(pets, "$['name','missing','open']"), "{\"name\":\"shop\",\"open\":true}");
	assert_string_equal(found("[5]", "$"), "[5]");
	assert_string_equal(found("\"a=b\"", "$"), "\"a=b\"");
}

static void test_what_is_not_there_is_none(void **state)
{
	(void)state;
	assert_string_equal(found(pets, "$.zz"), "none");
	assert_string_equal(found(pets, "$.pets[9]"), "none");
	assert_string_equal(found(pets, "$.pets[-1]"), "none");
	assert_string_equal(found(pets, "$.pets[(@.length-3)]"), "none");
	assert_string_equal(found(pets, "$.name.first"), "none");
	assert_string_equal(found(pets, "$.name[0]"), "none");
	assert_string_equal(found(pets, "$.pets.length()"), "none");
	assert_string_equal(found(pets, "$.name.first[*]"), "none");
	assert_string_equal(found(pets, "$.pets[9][*]"), "none");
	assert_string_equal(found(pets, "$.name[?(@.id)].type"), "none");
	assert_string_equal(found(pets, "$.name[0:1]"), "none");
}

static void test_other_paths_give_lists(void **state)
{
	(void)state;
	assert_string_equal(found(pets, "$.pets[*].id"), "[1,2]");
	assert_string_equal(found(pets, "$.pets.*.id"), "[1,2]");
	assert_string_equal(found(pets, "$.pets[0:1].type"), "[\"dog\"]");
	assert_string_equal(found(pets, "$.pets[0,1].id"), "[1,2]");
	assert_string_equal(found(pets, "$.pets[1,7].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[-1:].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[:-1].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[:1].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[5:].id"), "[]");
	assert_string_equal(found(pets, "$.nested.*.b"), "[\"c\"]");
	assert_string_equal(found(pets, "$.zz[*]"), "[]");
	assert_string_equal(found(pets, "$.zz[?(@.id)].type"), "[]");
	assert_string_equal(found(pets, "$.pets[*].zz"), "[]");
	assert_string_equal(found(pets, "$.name[*]"), "[]");
	assert_string_equal(found("[[1,2],[3]]", "$[*][*]"), "[1,2,3]");
}

static void test_scans_go_everywhere(void **state)
{
	(void)state;
	assert_string_equal(found(pets, "$..type"), "[\"dog\",\"cat\"]");
	assert_string_equal(
		found(pets, "$..['id','type']"), "[{\"id\":1,\"type\":\"dog\"},{\"id\":2,\"type\":\"cat\"}]");
	assert_string_equal(found(pets, "$..tags[0]"), "[\"a\"]");
	assert_string_equal(found(pets, "$..[?(@.id==2)].type"), "[\"cat\"]");
	assert_string_equal(found(pets, "$.nested..*"), "[{\"b\":\"c\"},\"c\"]");
	assert_string_equal(found("[[1],[2,[3]]]", "$..[0]"), "[[1],1,2,3]");
	assert_string_equal(found("{\"a\":{\"a\":{\"b\":1}}}", "$..a..b"), "[1,1]");
	assert_string_equal(found("5", "$..a"), "[]");
}

static void test_filters(void **state)
{
	(void)state;
	assert_string_equal(found(pets, "$.pets[?(@.price > 200)].type"), "[\"dog\"]");
	assert_string_equal(found(pets, "$.pets[?(@.price <= 124.99)].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@['type'] == 'cat')].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.type==\"cat\")].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.type != 'cat')].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?(@.zz != 'cat')].id"), "[]");
	assert_string_equal(found(pets, "$.pets[?(@.price > $.limit)].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?(200 < @.price)].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?(@.id)].id"), "[1,2]");
	assert_string_equal(found(pets, "$.pets[?(!@.zz)].id"), "[1,2]");
	assert_string_equal(found(pets, "$.pets[?(@.id == 1 || @.id == 2 && @.type == 'dog')].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?((@.id == 1 || @.id == 2) && @.type == 'cat')].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.type =~ /D.G/i)].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?(@.type =~ /o/)].id"), "[]");
	assert_string_equal(found(pets, "$.pets[?(@.type in ['cat', 'bird'])].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.id nin [1])].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.tags size 2)].id"), "[1]");
	assert_string_equal(found(pets, "$.pets[?(@.tags empty true)].id"), "[2]");
	assert_string_equal(found(pets, "$.pets[?(@.tags[1] == 'b')].id"), "[1]");
	assert_string_equal(found(pets, "$.mixed[?(@ == 'x')]"), "[\"x\"]");
	assert_string_equal(found(pets, "$.mixed[?(@ == null)]"), "[null]");
	assert_string_equal(found(pets, "$.mixed[?(@.k)]"), "[{\"k\":[2]}]");
	assert_string_equal(found(pets, "$.nested[?(@.a)]"), "[{\"a\":{\"b\":\"c\"}}]");
	assert_string_equal(found("[{\"a\":\"]) && \"}]", "$[?(@.a == ']) && ')]"), "[{\"a\":\"]) && \"}]");
}

static void test_literals_mean_what_they_are_compared_with(void **state)
{
	(void)state;
	assert_string_equal(found("[{\"v\":5},{\"v\":\"5\"},{\"v\":5.0},{\"v\":true}]", "$[?(@.v == 5)]"),
		"[{\"v\":5},{\"v\":\"5\"},{\"v\":5.0}]");
	assert_string_equal(found("[{\"v\":5},{\"v\":\"5\"}]", "$[?(@.v == '5')]"), "[{\"v\":5},{\"v\":\"5\"}]");
	assert_string_equal(
		found("[{\"v\":true},{\"v\":\"true\"}]", "$[?(@.v == true)]"), "[{\"v\":true},{\"v\":\"true\"}]");
	assert_string_equal(found("[{\"v\":5}]", "$[?(@.v == 'five')]"), "[]");
	assert_string_equal(found("[{\"v\":{}}]", "$[?(@.v != 1)]"), "[]");
	assert_string_equal(found("[{\"v\":123456789012345678901}]", "$[?(@.v > 123456789012345678900)]"),
		"[{\"v\":123456789012345678901}]");
}

static void test_what_is_no_path(void **state)
{
	static const char *const texts[] = { "", " ", "$a", "$.", "$..", "$.a.", "$.a[", "$.a[]", "$.a['b]", "$.a[b]",
		"$. a", "$.a b", "$.a[1", "$.a[1:", "$.a[:]", "$.a[99999999999]", "$.a[?]", "$.a[?()]", "$.a[?(@.b]",
		"$.a[?(@.b ==)]", "$.a[?(@.b = 1)]", "$.a[?(@.b =~ 'x')]", "$.a[?(@.b == [1])]", "$.a[?(@.b in 1)]",
		"$.a[?(@..b)]", "$.a[?(@.b =~ /(/)]", "$['a','b'].c", "$.a[(@.length)]", "$.a[(@.foo-1)]",
		"$.a[?(@.b in [[1]])]" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_string_equal(found("{}", texts[i]), "invalid");
}

static void test_limits(void **state)
{
	struct json_path_error error = { 0 };
	const struct json_path *path;
	struct json_path_result result;
	struct json_value root;
	struct buffer json;
	char text[JSON_PATH_MAX_BYTES + 1];

	(void)state;
	arena_reset(&arena);
	memset(text, 'a', sizeof text);
	assert_int_equal(json_path_compile(&path, &arena, view_from(text, sizeof text), NULL), -EMSGSIZE);
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "*.", 2);
	assert_int_equal(
		json_path_compile(&path, &arena, view_from(text, 2 * JSON_PATH_STEPS_MAX + 1), &error), -EINVAL);
	assert_string_equal(error.rule, "too many steps");
	strcpy(text, "$[?(");
	memset(text + 4, '(', 40);
	assert_int_equal(json_path_compile(&path, &arena, view_from(text, 44), &error), -EINVAL);
	assert_string_equal(error.rule, "too deep");

	/* scans in scans of a deep list multiply */
	buffer_init_arena(&json, &arena, 1 << 20);
	for (int i = 0; i < 100; i++)
		buffer_append_byte(&json, '[');
	for (int i = 0; i < 100; i++)
		buffer_append_byte(&json, ']');
	assert_int_equal(json_value_parse(&arena, buffer_view(&json), NULL, &root, NULL), 0);
	assert_int_equal(json_path_compile(&path, &arena, view_of("$..*..*..*..*..*..*"), NULL), 0);
	assert_int_equal(json_path_find(path, &root, &arena, patterns, &result), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definite_paths_give_the_value),
		cmocka_unit_test(test_what_is_not_there_is_none),
		cmocka_unit_test(test_other_paths_give_lists),
		cmocka_unit_test(test_scans_go_everywhere),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_literals_mean_what_they_are_compared_with),
		cmocka_unit_test(test_what_is_no_path),
		cmocka_unit_test(test_limits),
	};
	int result;

	arena_init(&arena, NULL, 64 << 20);
	patterns = pattern_scratch_new();
	result = cmocka_run_group_tests(tests, NULL, NULL);
	pattern_scratch_free(patterns);
	arena_fini(&arena);
	return result;
}
