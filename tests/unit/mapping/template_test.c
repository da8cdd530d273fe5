/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of mapping/template: all vectors of API Gateway's dialect, and what they leave out: limits, errors and their places, what
 * Velocity 1.7 was asked, one program for many runs.
 */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

static struct arena arena;
static struct pattern_scratch *patterns;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)256 << 20);
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

/* --- Vectors -------------------------------------------------------------------------------------------------------- */

/* Is every member of `wanted` in `got`, equal? */
static bool holds(const struct json_value *got, const struct json_value *wanted)
{
	for (size_t i = 0; i < json_value_count(wanted); i++) {
		if (!json_value_equals(json_value_find(got, json_value_name_at(wanted, i)), json_value_at(wanted, i)))
			return false;
	}
	return true;
}

static bool overrides_hold(struct template_sample *sample, struct template_run *run, const struct json_value *wanted)
{
	struct json_value got;
	struct buffer text;

	buffer_init_arena(&text, &arena, 1 << 20);
	assert_int_equal(0, template_sample_write_overrides(sample, run, &text));
	assert_int_equal(0, json_value_parse(&arena, buffer_view(&text), NULL, &got, NULL));
	return holds(&got, wanted);
}

/* One vector; prints what is wrong. */
static bool run_vector(const struct json_value *vector)
{
	struct view name = json_value_text(json_value_find(vector, view_of("name")));
	struct view wanted = json_value_text(json_value_find(vector, view_of("expected")));
	struct view failure = json_value_text(json_value_find(vector, view_of("expect_error")));
	struct view text = json_value_text(json_value_find(vector, view_of("template")));
	struct template_error error = { 0 };
	struct template_sample sample;
	struct template *template;
	struct template_run run;
	struct buffer out;
	const char *rule;
	int result;

	assert_int_equal(0, template_sample_load(&sample, &arena, json_value_find(vector, view_of("context")), &rule));
	result = template_compile(&template, &arena, text, NULL, &error);
	if (result) {
		if (view_equals_text(failure, "parse") && result == -EINVAL && error.text[0])
			return true;
		print_error(VIEW_FMT ": does not compile: %u:%u: %s\n", VIEW_ARG(name), error.line, error.column,
			error.text);
		return false;
	}
	template_sample_run(&sample, &run, &arena, patterns);
	buffer_init_arena(&out, &arena, 1 << 20);
	result = template_render(template, &run, &out);
	if (result && view_equals_text(failure, "runtime") && run.error[0])
		return true;
	if (result || failure.at || !view_equals(wanted, buffer_view(&out))) {
		print_error(VIEW_FMT ": result %d (%s)\n  got    <" VIEW_FMT ">\n  wanted <" VIEW_FMT ">\n",
			VIEW_ARG(name), result, run.error, VIEW_ARG(buffer_view(&out)), VIEW_ARG(wanted));
		return false;
	}
	if (!overrides_hold(&sample, &run, json_value_find(vector, view_of("context_after")))) {
		print_error(VIEW_FMT ": other overrides\n", VIEW_ARG(name));
		return false;
	}
	return true;
}

static void test_vectors(void **state)
{
	size_t count, run_count = 0, failed = 0;
	char *text = whole_file("tests/vectors/template-vectors.json", &count);
	struct json_value vectors;

	(void)state;
	assert_int_equal(0, json_value_parse(&arena, view_from(text, count), NULL, &vectors, NULL));
	for (size_t i = 0; i < json_value_count(&vectors); i++) {
		const struct json_value *vector = json_value_at(&vectors, i);

		if (view_equals_text(json_value_text(json_value_find(vector, view_of("undefined"))), "literal"))
			continue;
		run_count++;
		failed += !run_vector(vector);
	}
	free(text);
	assert_int_equal(525, run_count);
	assert_int_equal(0, failed);
}

/* --- What the vectors leave out ------------------------------------------------------------------------------------- */

static const char variables_json[] = "{\"name\": \"Ann\", \"n\": 7, \"t\": true, \"l\": [1, 2, 3], \"@input\": "
				     "{\"body\": \"{\\\"a\\\":{\\\"b\\\":[1]},\\\"i\\\":-0}\","
				     " \"params\": {}}, \"context\": {\"stage\": \"prod\", \"identity\": "
				     "{\"sourceIp\": \"10.0.0.1\"}}, \"stageVariables\": {\"v\": \"sv\"}}";

/* Compile and render; the output, or the error behind "! ". */
static struct view rendered(const char *text, const struct template_limits *limits)
{
	struct template_error error = { 0 };
	struct template_sample sample;
	struct json_value variables;
	struct template *template;
	struct template_run run;
	struct buffer out;
	const char *rule;

	assert_int_equal(0, json_value_parse(&arena, view_from_text(variables_json), NULL, &variables, NULL));
	assert_int_equal(0, template_sample_load(&sample, &arena, &variables, &rule));
	if (template_compile(&template, &arena, view_from(at_page_end(text, strlen(text)), strlen(text)), NULL, &error))
		return arena_printf(&arena, "! %u:%u %s", error.line, error.column, error.text);
	template_sample_run(&sample, &run, &arena, patterns);
	if (limits)
		run.limits = *limits;
	buffer_init_arena(&out, &arena, 1 << 20);
	if (template_render(template, &run, &out))
		return arena_printf(&arena, "! %s", run.error);
	return buffer_view(&out);
}

static void check(const char *text, const char *wanted)
{
	struct view got = rendered(text, NULL);

	if (!view_equals_text(got, wanted))
		fail_msg("<%s> gave <" VIEW_FMT ">, not <%s>", text, VIEW_ARG(got), wanted);
}

/* Asked of Velocity 1.7 where the specification is silent. */
static void test_velocity_was_asked(void **state)
{
	(void)state;
	check("#foo(bar baz)x #{p}x #foo\n(1)x", "#foo(bar baz)x #{p}x #foo\n(1)x");
	check("#macro(p $a)[$a]#end#p (1)x#p\n(2)x", "[1]x[2]x");
	check("#macro(p)P#end#p x#p-x#{p}x", "P xP-xPx");
	check("#macro(p)1#end#macro(p)2#end#p()", "1");
	check("${name }x", "! 1:1 '}' of this reference is missing");
	check("$!{ x}y $!5 x", "$!{ x}y $5 x");
	check("\\\\#set($q=1)z \\\\#if(true)a#end", "\\\\z \\a");
	check("#set($x = \"a\\u0041b\")$x#set($x = 'a\\u0041b')$x", "aAba\\u0041b");
	check("#set($x = .5)$x#set($x = 1.) $x#set($x = 1e3) $x#set($x = 007) $x", "0.5 1.0 1000.0 7");
	check("#set($x = \"a\" + $nope)$x", "a$nope");
	check("#set($x = 5 - -3)$x#set($x = 5+-3)$x", "82");
	check("#foreach($q,in,$l)$q#end#foreach($q in$l)$q#end", "123123");
	check("#macro(m)a#break b#end[#m()]c#define($d)a#break b#end[$d]c", "[a]c[a]c");
	check("#evaluate(\"#set($zz=1)$zz\")$zz", "11");
	check("#literal()$name #if(true)x#end#end|", "$name #if(true)x#end|");
	check("  #set($x=1)|$n  #set($y=1)|#* a *#  #set($y=1)|", "|7||");
	check("#foreach($q in $l)#foreach($r in $l)$velocityCount#end$velocityCount #end", "1231 1232 1233 ");
	check("#@foo()x $name#end", "#@foo()x $name#end");
}

static void test_errors_have_their_places(void **state)
{
	(void)state;
	check("a\n #if(true)\n", "! 2:2 #end of this #if is missing");
	check("a\n\n#set($x = )", "! 3:11 a value is missing");
	check("#foreach($x in [1..2])", "! 1:1 #end of this directive is missing");
	check("x#end", "! 1:6 #end or #else without its beginning");
	check("#set($x = 7-3)", "! 1:12 ')' of a directive is missing");
	check("#include('x')", "! 1:1 #include and #parse need files, which templates do not have");
	check("#[[ x", "! 1:1 ']]#' is missing");
	check("$l[9]", "! index 9 is outside of a list of 3");
}

static void test_limits_end_a_run(void **state)
{
	struct template_limits limits = template_limits_default;
	char *nested = calloc(1, 4096);
	struct template_error error;
	struct template *template;
	char *long_text = calloc(1, TEMPLATE_MAX_BYTES + 1);

	(void)state;
	limits.steps = 1000;
	limits.output_bytes = 1000;
	limits.depth = 20;
	assert_true(view_equals_text(rendered("#foreach($i in [1..900])#foreach($j in [1..900])#end#end", &limits),
		"! the template takes more than 1000 steps"));
	assert_true(view_equals_text(
		rendered("#set($x = [1..1000000000])", &limits), "! the template takes more than 1000 steps"));
	assert_true(view_equals_text(
		rendered("#foreach($i in [1..300])0123456789#end", &limits), "! the output is longer than 1000 bytes"));
	assert_true(view_equals_text(
		rendered("#macro(r)x#r()#end#r()", &limits), "! more than 20 blocks and macros inside each other"));
	assert_true(view_equals_text(
		rendered("#define($d)$d#end$d", &limits), "! more than 20 blocks and macros inside each other"));
	limits.steps = 5000;
	limits.iterations = 1000;
	assert_true(view_equals_text(rendered("#set($x='aaaaaaaa')#foreach($i in "
					      "[1..10])#set($x=\"$x$x\")#end#set($y=\"$x$x\")#set($z=\"$x$x\")"
					      "#foreach($i in [1..100])#if($y == $z)#end#end",
					     &limits),
		"! the template takes more than 5000 steps"));
	limits.iterations = 5;
	assert_true(view_equals_text(rendered("#foreach($i in [1..9])$i#end", &limits), "12345"));
	check("#set($x = 'ab')#foreach($i in [1..40])#set($x = \"$x$x\")#end",
		"! the template takes more memory than a request may have");
	for (int i = 0; i < 200; i++)
		strcat(nested, "#if(true)");
	assert_int_equal(-EINVAL, template_compile(&template, &arena, view_from_text(nested), NULL, &error));
	strcpy(nested, "#set($x = 1");
	for (int i = 0; i < 200; i++)
		strcat(nested, " + 1");
	strcat(nested, ")");
	assert_int_equal(-EINVAL, template_compile(&template, &arena, view_from_text(nested), NULL, &error));
	memset(long_text, 'x', TEMPLATE_MAX_BYTES + 1);
	assert_int_equal(-EMSGSIZE,
		template_compile(&template, &arena, view_from(long_text, TEMPLATE_MAX_BYTES + 1), NULL, &error));
	free(long_text);
	free(nested);
}

/* Every front part of a text that has everything in it compiles or is refused, at an unmapped page. */
static void test_every_front_part_ends(void **state)
{
	static const char whole[] =
		"a\\$name ${name}$!{nope.x(1,'a''b',\"c\"\"$n\")[0]} #set($x = {\"a\": [1..3], 'b': -1.5e3})\n"
		"#if($x.a == 1 && !($t || not false))y#{elseif}($n >= 3)z#else w#end ## c\r\n"
		"#foreach($i in $l)$foreach.count#break#end #macro(m $a $b)$a#end#m(1 2)#@m()b#end"
		"#define($d)x#end$d#evaluate('$n')#literal()l#end #[[r]]# #* c *# #stop";
	struct template_error error;
	struct template *template;

	(void)state;
	for (size_t i = 0; i < sizeof whole; i++) {
		struct view part = view_from(at_page_end(whole, i), i);
		int result = template_compile(&template, &arena, part, NULL, &error);

		assert_true(result == 0 || (result == -EINVAL && error.text[0] && error.line));
	}
}

static void test_changes_are_seen_by_all_names(void **state)
{
	(void)state;
	check("#set($r = $input.path('$'))#set($s = $input.path('$.a'))#set($r.a.b[0] = 5)#set($x = $s.put('c', "
	      "'d'))$r $s $s.b",
		"{a={b=[5], c=d}, i=0} {b=[5], c=d} [5]");
	check("#set($r = $input.path('$.a.b'))#set($x = $r.add({'k': 'v'}))$r", "[1,{\"k\":\"v\"}]");
	check("#set($x = [1])#set($y = $x.add($x))$x", "[1, (this Collection)]");
}

static void test_context_is_asked_by_slots(void **state)
{
	(void)state;
	check("$context.identity.sourceIp|$context['identity'].get('sourceIp')|$context.identity|$context.nope.x|$"
	      "context.stage.length()",
		"10.0.0.1|10.0.0.1|||4");
	check("#set($context = {'stage': 'mine'})$context.stage", "mine");
	check("$stageVariables.v$stageVariables['v']$stageVariables.get('v')|$stageVariables", "svsvsv|{v=sv}");
	check("#foreach($k in $context.identity.keySet())$k#end", "sourceIp");
}

/* What the request's template leaves is there for the response's. */
static void test_overrides_outlive_a_template(void **state)
{
	static const char first[] =
		"#set($context.responseOverride.mine = ['a', $name])#set($context.responseOverride.status = '201')"
		"#define($b)blk#end#set($context.responseOverride.header.x = $b)";
	struct template_sample sample;
	struct json_value variables;
	struct template *template;
	struct template_run run;
	struct buffer out;
	struct view text;
	const char *rule;

	(void)state;
	assert_int_equal(0, json_value_parse(&arena, view_from_text(variables_json), NULL, &variables, NULL));
	assert_int_equal(0, template_sample_load(&sample, &arena, &variables, &rule));
	buffer_init_arena(&out, &arena, 1 << 20);
	assert_int_equal(0, template_compile(&template, &arena, view_from_text(first), NULL, NULL));
	template_sample_run(&sample, &run, &arena, patterns);
	assert_int_equal(0, template_render(template, &run, &out));
	assert_true(sample.overrides.touched);
	assert_int_equal(201, template_response_status(&sample.overrides));
	template_sample_run(&sample, &run, &arena, patterns);
	assert_int_equal(
		0, template_compile(&template, &arena, view_of("$context.responseOverride.mine[1]"), NULL, NULL));
	assert_int_equal(0, template_render(template, &run, &out));
	assert_true(view_equals_text(buffer_view(&out), "Ann"));
	assert_int_equal(0,
		template_override_text(&run, *value_map_find_text(&sample.overrides.response, view_of("mine")), &text));
	assert_true(view_equals_text(text, "a,Ann"));
	assert_int_equal(
		0, template_override_text(&run,
			   *value_map_find_text(template_response_headers(&sample.overrides), view_of("x")), &text));
	assert_true(view_equals_text(text, "blk"));
}

static void test_a_text_is_a_literal(void **state)
{
	struct template *template;
	struct view text;

	(void)state;
	assert_int_equal(0, template_compile(&template, &arena, view_of("{\"statusCode\": 200}"), NULL, NULL));
	assert_true(template_is_literal(template, &text));
	assert_true(view_equals_text(text, "{\"statusCode\": 200}"));
	assert_int_equal(0, template_compile(&template, &arena, view_of("## only a comment"), NULL, NULL));
	assert_true(template_is_literal(template, &text));
	assert_int_equal(0, text.count);
	assert_int_equal(0, template_compile(&template, &arena, view_of("$x"), NULL, NULL));
	assert_false(template_is_literal(template, &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vectors, begin, end),
		cmocka_unit_test_setup_teardown(test_velocity_was_asked, begin, end),
		cmocka_unit_test_setup_teardown(test_errors_have_their_places, begin, end),
		cmocka_unit_test_setup_teardown(test_limits_end_a_run, begin, end),
		cmocka_unit_test_setup_teardown(test_every_front_part_ends, begin, end),
		cmocka_unit_test_setup_teardown(test_changes_are_seen_by_all_names, begin, end),
		cmocka_unit_test_setup_teardown(test_context_is_asked_by_slots, begin, end),
		cmocka_unit_test_setup_teardown(test_overrides_outlive_a_template, begin, end),
		cmocka_unit_test_setup_teardown(test_a_text_is_a_literal, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
