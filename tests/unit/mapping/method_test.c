/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of mapping/method: Java's methods, called from templates as they will be. What Velocity and the JDK make of the same is
 * asked by tests/oracle; here is what must not change, limits, and what API Gateway does otherwise.
 */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/input.h"
#include "appliance/mapping/method.h"
#include "appliance/mapping/template.h"
#include "appliance/mapping/template_sample.h"

static struct arena arena;
static struct pattern_scratch *patterns;
static char failure[TEMPLATE_ERROR_MAX_BYTES];
static const char *body =
	"{\"a\":[1,{\"b\":\"x\"}],\"n\":1.50,\"big\":123456789012345678901,\"t\":\"q\\\"\\u00e9\",\"z\":null}";

/* What `text` renders; "error" and `failure` if it does not. */
static const char *rendered(const char *text)
{
	static const char variables[] =
		"{\"s\":\"a,b,c\",\"u\":\"x\xf0\x9d\x92\xb3y\",\"n\":7,\"f\":1.5,\"l\":[3,1,2],\"m\":{\"k\":\"v\"},"
		"\"@input\":{\"body\":\"\",\"params\":{\"path\":{\"id\":\"p\"},\"querystring\":{\"id\":\"q\","
		"\"two\":[\"1\",\"2\"]},\"header\":{\"X-A\":\"h\"}}}}";
	struct template_error error = { 0 };
	struct template_sample sample;
	struct template_run run;
	struct template *template;
	struct json_value context;
	struct buffer out;
	const char *rule;

	arena_reset(&arena);
	assert_int_equal(0, json_value_parse(&arena, view_from_text(variables), NULL, &context, NULL));
	assert_int_equal(0, template_sample_load(&sample, &arena, &context, &rule));
	sample.body = view_from_text(body);
	if (template_compile(&template, &arena, view_from_text(text), NULL, &error) != 0)
		return error.text[0] ? "no template" : "no reason";
	template_sample_run(&sample, &run, &arena, patterns);
	buffer_init_arena(&out, &arena, run.limits.output_bytes);
	if (template_render(template, &run, &out) != 0) {
		memcpy(failure, run.error, sizeof failure);
		return "error";
	}
	return buffer_text(&out);
}

#define assert_renders(text, wanted) assert_string_equal(rendered(text), wanted)
#define assert_fails(text, why)                                                                                        \
	do {                                                                                                           \
		assert_renders(text, "error");                                                                         \
		assert_non_null(strstr(failure, why));                                                                 \
	} while (0)

static void test_positions_count_utf16_units(void **state)
{
	(void)state;
	assert_renders("$u.length() $u.indexOf('y') $u.lastIndexOf('y') $u.substring(1,3)", "4 3 3 \xf0\x9d\x92\xb3");
	assert_renders("$u.charAt(1)$u.substring(2)$u.substring(0,2)", "??yx?");
	assert_renders("$u.codePointAt(1) $u.codePointAt(2)", "119987 56499");
	assert_fails("$u.charAt(4)", "charAt: index 4 of a text of 4");
	assert_fails("$u.substring(3,2)", "substring");
}

static void test_regular_expressions_are_java_s(void **state)
{
	(void)state;
	assert_renders("$s.replaceAll('(a),(b)','$2$1')", "ba,c");
	assert_renders("$s.replaceAll('x*','-')", "-a-,-b-,-c-");
	assert_renders("$s.replaceAll('(?<l>[a-z&&[^b]])','[${l}]')", "[a],b,[c]");
	assert_renders("$s.replaceFirst('\\p{Lower}','\\$')", "$,b,c");
	assert_renders("$s.split('').size()$s.split(',')[2]$s.split(',',2)[1]", "5cb,c");
	assert_renders("$s.matches('a.*') $s.matches('a')", "true false");
	assert_fails("$s.replaceAll('(','')", "no regular expression");
	assert_fails("$s.replaceAll('a','$1')", "no group 1");
	assert_fails("$s.replaceAll('a','\\')", "backslash");
}

static void test_a_pattern_that_runs_away_ends_the_template(void **state)
{
	(void)state;
	assert_fails("#set($x='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc')$x.matches('(a|aa|a?)+c')", "too long");
}

static void test_letter_case_is_unicode_s(void **state)
{
	(void)state;
	assert_renders("#set($x='Straße ÀΣΣ')$x.toUpperCase() $x.toLowerCase()", "STRASSE ÀΣΣ straße àσς");
	assert_renders("#set($x='İ')$x.toLowerCase().length()", "2");
	assert_renders("#set($x='éA')$x.equalsIgnoreCase('Éa') $x.compareToIgnoreCase('éb')", "true -1");
}

static void test_format(void **state)
{
	(void)state;
	assert_renders("$s.format('%05d|%-4s|%4s|%x|%,d',$n,'ab','cd',255,1234567)", "00007|ab  |  cd|ff|1,234,567");
	assert_renders("$s.format('%.2f %8.3f %e %g %(d %+d %o',$f,$f,$f,$f,-5,5,8)",
		"1.50    1.500 1.500000e+00 1.50000 (5) +5 10");
	assert_renders("$s.format('%.2f %.0f %.1f',0.125,2.5,0.05)", "0.13 3 0.1");
	assert_renders("$s.format('%2$s%1$s%<s %b %c %n%%','a','b')", "baa true b \n%");
	assert_fails("$s.format('%d','x')", "no integer");
	assert_fails("$s.format('%d')", "more fields");
	assert_fails("$s.format('%q','x')", "unknown conversion");
}

static void test_what_has_no_result_is_true_and_prints_nothing(void **state)
{
	(void)state;
	assert_renders("[$l.add(0,9)$l.clear()$m.putAll({'a':1})]$l$m#if($l.clear())y#end", "[][]{k=v, a=1}y");
}

static void test_lists(void **state)
{
	(void)state;
	assert_renders("$l.remove(0)$l.remove('x')$l.indexOf(2)$l.contains(9)$l.addAll([1])$l.lastIndexOf(1)$l",
		"3false1falsetrue2[1, 2, 1]");
	assert_renders("$l.set(1,'x')$l.subList(1,3)$l.retainAll(['x'])$l", "1[x, 2]true[x]");
	assert_renders("#set($i=$l.iterator())$i.next()$i.hasNext()#foreach($x in $i)<$x>#end$i.hasNext()",
		"3true<1><2>false");
	assert_renders("#set($x=$l.addAll($l))$l.size()", "6");
	assert_fails("$s.split(',').add(1)", "can't grow");
	assert_fails("$m.keySet().remove('k')", "can't grow");
	assert_renders("[$m.keySet().get(0)][$l.count()][$l.get('0')]", "[][][]");
	assert_fails("$l.get(3)", "get: index 3 of a list of 3");
}

static void test_parts_of_the_payload_change_for_all_that_name_them(void **state)
{
	(void)state;
	assert_renders("#set($x=$input.path('$.a'))#set($y=$x.add(5))$input.path('$.a').size()$x.count()$x",
		"33[1,{\"b\":\"x\"},5]");
	assert_renders("#set($x=$input.path('$..b'))$x $input.path('$.a[1]').put('b',2) $input.json('$.a')",
		"[\"x\"] x [1,{\"b\":2}]");
}

static void test_entries_show_their_map(void **state)
{
	(void)state;
	assert_renders("#foreach($e in $m.entrySet())#set($m.k = 'w')$e.value $e.setValue('x')#end $m", "w w {k=x}");
	assert_renders(
		"#set($x=$input.path('$.a[1]'))#foreach($e in $x.entrySet())$e.setValue(5)#end$input.json('$.a')",
		"x[1,{\"b\":5}]");
	assert_renders("$m.replace('k','w')$m.replace('no',1)$m.replace('k','w','z')$m", "vtrue{k=z}");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_renders("$n.parseInt('ff',16)$n.toHexString(255)$n.max(1,2)$n.compareTo(9)$f.intValue()$f.floatValue()",
		"255ff2-111.5");
	assert_renders("[$n.equals('7')][$n.equals(7.0)][$f.parseInt('1')][$n.hashCode()][$f.hashCode()]",
		"[false][false][][7][1073217536]");
	assert_renders("$n.toBinaryString(5) $n.toOctalString(-1) $n.signum(-3) $n.sum(2147483647,1) $f.isNaN()",
		"101 37777777777 -1 -2147483648 false");
	assert_fails("$n.parseInt('x')", "\"x\" is no number");
	assert_fails("$n.parseInt('2147483648')", "is no number");
	assert_fails("$n.compareTo('7')", "different types");
}

static void test_null_is_no_text(void **state)
{
	(void)state;
	assert_fails("$s.contains($nope)", "contains of something undefined");
	assert_renders("$s.equals($nope) [$s.substring($nope)]$util.urlEncode($nope)", "false []");
}

static void test_input(void **state)
{
	(void)state;
	assert_renders(
		"$input.json('$.n') $input.json('$.big') $input.json('$.t') $input.json('$.z') $input.json('$.no')",
		"1.5 123456789012345678901 \"q\\\"é\" null \"\"");
	assert_renders("$input.params('id')$input.params('two')$input.params('X-A') [$input.params('x-a')]", "p2h []");
	assert_renders("$input.params()", "{path={id=p}, querystring={id=q, two=2}, header={X-A=h}}");
	assert_renders("[$input][$input.json][$util][$input.path('$.[')]", "[][][][]");
	body = "";
	assert_renders("$input.body$input.json('$')$input.path('$')", "{}{}{}");
	body = "a=b";
	assert_renders("$input.body$input.json('$')$input.path('$') [$input.path('$.x')]", "a=b\"a=b\"a=b []");
	body = " {broken";
	assert_fails("$input.json('$')", INPUT_NOT_JSON);
	assert_renders("$input.body", " {broken");
	body = "{}";
}

static void test_utility(void **state)
{
	(void)state;
	assert_renders(
		"$util.escapeJavaScript(\"a'b/\\\xc3\xa9\xf0\x9d\x92\xb3\")", "a\\'b\\/\\\\\\u00E9\\uD835\\uDCB3");
	assert_renders("$util.urlEncode('a b&~*\xc3\xa9')$util.urlDecode('%C3%A9+%41')", "a+b%26%7E*%C3%A9\xc3\xa9 A");
	assert_renders("$util.base64Encode('hello')$util.base64Decode('aGVsbG8')$util.base64Decode('_w')",
		"aGVsbG8=hello\xef\xbf\xbd");
	assert_renders("$util.parseJson('{\"a\":[1,{\"b\":2}]}').a[1].b [$util.parseJson('')]$util.parseJson('plain')",
		"2 []plain");
	assert_fails("$util.parseJson('{')", "not JSON");
	assert_fails("$util.urlDecode('%4')", "two digits");
}

static void test_nothing_else_can_be_called(void **state)
{
	(void)state;
	assert_renders("[$s.getClass()][$s.class][$l.getClass().forName('x')][$n.wait()][$m.forEach()]", "[][][][][]");
	assert_int_equal(METHOD_UNKNOWN, method_by_name(view_of("getClass")));
	assert_string_equal("?", method_name(METHOD_UNKNOWN));
	assert_string_equal("replaceAll", method_name(method_by_name(view_of("replaceAll"))));
}

static void test_texts_are_bounded(void **state)
{
	(void)state;
	assert_fails("#set($x=$s.repeat(1000000))#set($x=$x.repeat(100))$x.length()", "longer than");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions_count_utf16_units),
		cmocka_unit_test(test_regular_expressions_are_java_s),
		cmocka_unit_test(test_a_pattern_that_runs_away_ends_the_template),
		cmocka_unit_test(test_letter_case_is_unicode_s),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_what_has_no_result_is_true_and_prints_nothing),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_parts_of_the_payload_change_for_all_that_name_them),
		cmocka_unit_test(test_entries_show_their_map),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_null_is_no_text),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_utility),
		cmocka_unit_test(test_nothing_else_can_be_called),
		cmocka_unit_test(test_texts_are_bounded),
	};
	int result;

	arena_init(&arena, NULL, (size_t)128 << 20);
	patterns = pattern_scratch_new();
	result = cmocka_run_group_tests(tests, NULL, NULL);
	pattern_scratch_free(patterns);
	arena_fini(&arena);
	return result;
}
