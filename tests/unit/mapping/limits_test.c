/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of mapping: templates and payloads that want more than there is: recursion by way of keys, entries and blocks, searches,
 * patterns, long texts. Each ends, soon, and says why. Times are those of the processor, and generous: what they keep out took
 * many times as long.
 */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/input.h"
#include "appliance/mapping/json_path.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

#define SOON_NS UINT64_C(1500000000)

static struct arena arena;
static struct pattern_scratch *patterns;
static struct template_sample sample;
static struct template_run run;
static int result;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)1 << 30);
	patterns = pattern_scratch_new();
	return patterns ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	pattern_scratch_free(patterns);
	arena_fini(&arena);
	return 0;
}

/* `text` so many times, after `before` and in front of `after`. In the arena. */
static struct view repeated(const char *before, const char *text, size_t count, const char *after)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &arena, (size_t)64 << 20);
	buffer_append_text(&buffer, before);
	for (size_t i = 0; i < count; i++)
		buffer_append_text(&buffer, text);
	buffer_append_text(&buffer, after);
	assert_int_equal(0, buffer_error(&buffer));
	return buffer_view(&buffer);
}

/* What `text` renders with `body`, soon; "error" and `result` and `run.error` if it does not. The arena is the caller's to reset. */
static const char *rendered(struct view text, struct view body)
{
	static const char variables[] = "{\"@input\":{\"body\":\"\",\"params\":{}},\"context\":{\"stage\":\"s\"}}";
	struct template_error error = { 0 };
	struct template *template;
	struct json_value context;
	struct buffer out;
	const char *rule;
	uint64_t start_ns = clock_thread_ns();

	assert_int_equal(0, json_value_parse(&arena, view_from_text(variables), NULL, &context, NULL));
	assert_int_equal(0, template_sample_load(&sample, &arena, &context, &rule));
	sample.body = body;
	assert_int_equal(0, template_compile(&template, &arena, text, NULL, &error));
	template_sample_run(&sample, &run, &arena, patterns);
	buffer_init_arena(&out, &arena, run.limits.output_bytes);
	result = template_render(template, &run, &out);
	assert_true(clock_thread_ns() - start_ns < SOON_NS);
	return result ? "error" : buffer_text(&out);
}

#define assert_fails(text, body, why)                                                                                  \
	do {                                                                                                           \
		assert_string_equal(rendered(text, body), "error");                                                    \
		if (!strstr(run.error, why))                                                                           \
			print_error("%s\n", run.error);                                                                \
		assert_non_null(strstr(run.error, why));                                                               \
		arena_reset(&arena);                                                                                   \
	} while (0)

/* --- Recursion ------------------------------------------------------------------------------------------------------ */

static void test_what_holds_itself_ends_the_template(void **state)
{
	static const char *const texts[] = {
		/* a list that is a key of a map in it */
		"#set($l=$util.parseJson('[1]'))#set($m={})#set($x=$l.add($m))#set($x=$m.put($l,1))$l",
		/* an entry in its own map, or its own value */
		"#set($m={\"a\":1})#foreach($e in $m.entrySet())#set($x=$m.put(\"a\",$e))$e#end",
		"#set($m={\"a\":1})#foreach($e in $m.entrySet())#set($x=$e.setValue($e))$e#end",
		"#set($m={\"a\":1})#foreach($e in $m.entrySet())#set($x=$e.setValue($e))$e.toString()#end",
		/* a list of JSON in itself */
		"#set($l=$util.parseJson('[1]'))#set($x=$l.add($l))$l",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_fails(view_from_text(texts[i]), view_of(""), "nested deeper");
}

/* Each block prints a list deep in which stands the next one: the depths of both do not multiply. */
static void test_depths_do_not_multiply(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init_arena(&text, &arena, 1 << 20);
	buffer_append_text(&text, "#set($v='x')");
	for (int block = 0; block < 60; block++) {
		buffer_append_text(&text, "#set($l=[$v])");
		for (int depth = 0; depth < 50; depth++)
			buffer_append_text(&text, "#set($l=[$l])");
		buffer_printf(&text, "#set($l%d=$l)#define($b%d)$l%d#end#set($v=$b%d)", block, block, block, block);
	}
	buffer_append_text(&text, "$v");
	assert_fails(buffer_view(&text), view_of(""), "nested deeper");
}

static void test_a_document_of_full_depth_prints(void **state)
{
	char body[2 * JSON_MAX_DEPTH + 1];

	(void)state;
	memset(body, '[', JSON_MAX_DEPTH);
	memset(body + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	body[2 * JSON_MAX_DEPTH] = '\0';
	assert_string_equal(rendered(view_of("$input.json('$')"), view_from_text(body)), body);
	assert_string_equal(rendered(view_of("$input.path('$')"), view_from_text(body)), body);
	arena_reset(&arena);
}

static void test_a_block_that_stops_is_an_override(void **state)
{
	const struct value *value;
	struct view text;

	(void)state;
	assert_string_equal(
		rendered(view_of("#define($b)a#stop b#end#set($context.requestOverride.header.X = $b)"), view_of("")),
		"");
	value = value_map_find_text(template_request_overrides(run.overrides, TEMPLATE_HEADER), view_of("X"));
	assert_non_null(value);
	assert_int_equal(0, template_override_text(&run, *value, &text));
	assert_true(view_equals_text(text, "a"));
	arena_reset(&arena);
}

/* --- Patterns and paths --------------------------------------------------------------------------------------------- */

static void test_matches_have_one_budget(void **state)
{
	(void)state;
	assert_fails(view_of("#set($s='aaaaaaaaaaaab')#foreach($i in [1..1000])#foreach($j in [1..1000])"
			     "$s.matches('(a+)+')#end#end"),
		view_of(""), "too long together");
	assert_fails(view_of("#foreach($i in [1..1000])#foreach($j in [1..100])#set($x=$input.body.replaceAll('(a+)+c',"
			     "''))#end#end"),
		repeated("", "a", 100000, ""), "too long");
}

static void test_filters_of_paths_have_one_budget(void **state)
{
	(void)state;
	assert_fails(view_of("$input.json('$[?(@ =~ /^(a+)+$/)]')"),
		repeated("[\"b\"", ",\"aaaaaaaaaaaaaaaaaaaaaaab\"", 50000, "]"), "too long together");
}

static void test_searches_take_steps(void **state)
{
	static const char *const texts[] = {
		"#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$input.path('$..zzz'))#end#end",
		"#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$input.path('$[?(@.a==2)]'))#end#end",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_fails(view_from_text(texts[i]), repeated("[1", ",{\"a\":1,\"b\":[1,2,3]}", 5000, "]"), "too m");
}

/* `$.list` is looked at for each item. */
static void test_filters_count_what_they_follow(void **state)
{
	struct view list = repeated("{\"list\":[0", ",1", 50000, "],\"items\":[0");
	struct view items = repeated("", ",2", 50000, "]}");

	(void)state;
	assert_fails(view_of("$input.json('$.items[?(@ in $.list)]')"),
		arena_printf(&arena, VIEW_FMT VIEW_FMT, VIEW_ARG(list), VIEW_ARG(items)), "too many values");
}

/* {"a":1,"m0":1,…} */
static struct view large_object(void)
{
	struct buffer body;

	buffer_init_arena(&body, &arena, 1 << 24);
	buffer_append_text(&body, "{\"a\":1");
	for (int member = 0; member < 20000; member++)
		buffer_printf(&body, ",\"m%d\":1", member);
	buffer_append_byte(&body, '}');
	return buffer_view(&body);
}

static void test_members_of_large_objects_take_steps(void **state)
{
	static const char *const texts[] = {
		"#set($o=$input.path('$'))#foreach($i in [1..1000])#foreach($j in [1..1000])$o.zzz#end#end",
		"#set($o=$input.path('$'))#foreach($i in [1..1000])#foreach($j in [1..1000])$!o['zzz']#end#end",
		"#foreach($i in [1..1000])#foreach($j in [1..1000])$input.path('$.zzz')#end#end",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_fails(view_from_text(texts[i]), large_object(), "steps");
}

/* What is left is found, wherever it stood; the order stays. */
static void test_members_are_found_after_removals(void **state)
{
	const char *got;

	(void)state;
	got = rendered(
		view_of("#set($m={})#foreach($i in [0..999])#set($x=$m.put($i,$i))#end"
			"#foreach($i in [0..999])#if($i%3!=1)#set($x=$m.remove($i))#end#end"
			"#foreach($i in [0..999])#set($v=$m.get($i))#if($i%3==1&&$v!=$i)lost $i #end"
			"#if($i%3!=1&&$m.containsKey($i))kept $i #end#end"
			"#set($last=-2)#foreach($v in $m.values())#if($v!=$last+3)order $v #end#set($last=$v)#end"
			"$m.size()"),
		view_of(""));
	assert_string_equal(got, "333");
	arena_reset(&arena);
}

static void test_moving_members_takes_steps(void **state)
{
	static const char *const texts[] = {
		"#set($m=$input.path('$'))#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$m.put('b',1))"
		"#set($x=$m.remove('a'))#set($x=$m.put('a',1))#set($x=$m.remove('b'))#end#end",
		"#set($m={})#foreach($i in [1..100])#foreach($j in [1..1000])#set($x=$m.put(\"$i/$j\",1))#end#end"
		"#foreach($i in [1..10])#foreach($j in [1..1000])#set($x=$m.remove(\"$i/$j\"))#end#end",
		"#set($m=$input.path('$'))#set($x=$m.put('z',1))#foreach($i in [1..1000])#foreach($j in [1..1000])"
		"#set($x=$m.clear())#end#end",
		"#set($l=$input.path('$..*'))#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$l.remove(0))"
		"#set($x=$l.add(1))#end#end",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_fails(view_from_text(texts[i]), large_object(), "steps");
}

/* --- Texts ---------------------------------------------------------------------------------------------------------- */

static void test_last_index_of_a_long_text(void **state)
{
	static const char text[] = "$input.body.lastIndexOf($input.body.substring(0,500000).concat('b'))";

	(void)state;
	assert_string_equal(rendered(view_from_text(text), repeated("", "a", 1000000, "")), "-1");
	assert_string_equal(rendered(view_from_text(text), repeated("", "a", 600000, "baa")), "100000");
	assert_string_equal(rendered(view_of("$input.body.lastIndexOf($input.body.substring(0,100),8)"),
				    repeated("", "a", 200, "")),
		"8");
	assert_string_equal(rendered(view_of("$input.body.lastIndexOf('b') $input.body.lastIndexOf('') "
					     "$input.body.lastIndexOf('ab',1) $input.body.lastIndexOf('ab',0)"),
				    view_of("aabab")),
		"4 5 1 -1");
	arena_reset(&arena);
}

static void test_many_dollars_compile_soon(void **state)
{
	struct view dollars = repeated("", "$", 250000, " ");

	(void)state;
	assert_int_equal(250001, strlen(rendered(dollars, view_of(""))));
	assert_int_equal(249999, strlen(rendered(repeated("", "$", 249998, "!$x"), view_of(""))));
	assert_string_equal(rendered(view_of("$$$#if(true)x#end$$ #set($a=1)$$a$$b"), view_of("")), "x$1$");
	arena_reset(&arena);
}

static void test_a_body_of_too_many_values_is_no_bad_json(void **state)
{
	(void)state;
	assert_fails(view_of("$input.json('$')"), repeated("[1", ",1", JSON_MAX_VALUES, "]"), "too many values");
	assert_string_equal(rendered(view_of("$input.json('$')"), view_of("[1,]")), "error");
	assert_int_equal(-EBADMSG, result);
	assert_string_equal(run.error, INPUT_NOT_JSON);
	arena_reset(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_holds_itself_ends_the_template),
		cmocka_unit_test(test_depths_do_not_multiply),
		cmocka_unit_test(test_a_document_of_full_depth_prints),
		cmocka_unit_test(test_a_block_that_stops_is_an_override),
		cmocka_unit_test(test_matches_have_one_budget),
		cmocka_unit_test(test_filters_of_paths_have_one_budget),
		cmocka_unit_test(test_searches_take_steps),
		cmocka_unit_test(test_filters_count_what_they_follow),
		cmocka_unit_test(test_members_of_large_objects_take_steps),
		cmocka_unit_test(test_last_index_of_a_long_text),
		cmocka_unit_test(test_many_dollars_compile_soon),
		cmocka_unit_test(test_a_body_of_too_many_values_is_no_bad_json),
		cmocka_unit_test(test_members_are_found_after_removals),
		cmocka_unit_test(test_moving_members_takes_steps),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
