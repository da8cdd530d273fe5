/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/route: the recorded tables of routing and slashes, the hostile trees, and the edges of memory. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/model/route.h"
#include "appliance/model/snapshot.h"

/* A tree made of lines "METHOD /path", with the line as the method's identity. */
struct tree {
	struct arena arena;
	struct route_node *root;
	struct snapshot_method methods[64];
	struct snapshot_resource resources[64];
	size_t count;
};

static struct route_node *node_of(struct tree *tree, struct view path)
{
	struct view rest = view_trim_set(path, "/"), part;
	struct route_node *node = tree->root;

	if (rest.count == 0)
		return node;
	while (rest.at && view_split(&rest, '/', &part)) {
		struct route_node *child = route_child(node, part);

		if (!child)
			assert_int_equal(0, route_add(&tree->arena, node, part, &child));
		node = child;
	}
	return node;
}

static void tree_init(struct tree *tree, const char *const *lines)
{
	memset(tree, 0, sizeof *tree);
	arena_init(&tree->arena, NULL, 16 << 20);
	tree->root = route_new(&tree->arena);
	for (; *lines; lines++, tree->count++) {
		struct view verb, path;

		assert_true(view_cut(view_from_text(*lines), ' ', &verb, &path));
		tree->resources[tree->count].path = path;
		tree->methods[tree->count].resource = &tree->resources[tree->count];
		tree->methods[tree->count].http_method = verb;
		route_set_method(node_of(tree, path), route_verb_parse(verb), &tree->methods[tree->count]);
	}
}

/* Where `line` ("GET /path") goes to, as "GET /path name=value ..."; "-" for nowhere. */
static const char *route(struct tree *tree, const char *line)
{
	static char text[4096];
	struct route_match match;
	struct view verb, path;
	int count;

	assert_true(view_cut(view_from_text(line), ' ', &verb, &path));
	path = view_from(at_page_end(path.at, path.count), path.count);
	if (!route_find(tree->root, route_verb_parse(verb), path, &match))
		return "-";
	count = snprintf(text, sizeof text, VIEW_FMT " " VIEW_FMT, VIEW_ARG(match.method->http_method),
		VIEW_ARG(match.method->resource->path));
	for (size_t i = 0; i < match.parameter_count; i++)
		count += snprintf(text + count, sizeof text - (size_t)count, " " VIEW_FMT "=" VIEW_FMT,
			VIEW_ARG(match.parameters[i].name), VIEW_ARG(match.parameters[i].value));
	return text;
}

static void the_method_decides_among_siblings(void **state)
{
	static const char *const lines[] = { "POST /test", "ANY /test/any", "OPTIONS /{proxy+}", NULL };
	struct tree tree;

	(void)state;
	tree_init(&tree, lines);
	assert_string_equal("OPTIONS /{proxy+} proxy=test", route(&tree, "OPTIONS /test"));
	assert_string_equal("POST /test", route(&tree, "POST /test"));
	assert_string_equal("ANY /test/any", route(&tree, "OPTIONS /test/any"));
	assert_string_equal("-", route(&tree, "GET /test"));
	arena_fini(&tree.arena);
}

static void a_greedy_sibling_takes_what_the_literal_one_does_not(void **state)
{
	static const char *const lines[] = { "GET /part1", "GET /part1/hardcoded-value", "GET /{param+}", NULL };
	struct tree tree;

	(void)state;
	tree_init(&tree, lines);
	assert_string_equal("GET /{param+} param=part1/random-value", route(&tree, "GET /part1/random-value"));
	assert_string_equal("GET /part1", route(&tree, "GET /part1"));
	assert_string_equal("GET /part1/hardcoded-value", route(&tree, "GET /part1/hardcoded-value"));
	assert_string_equal("-", route(&tree, "GET /"));
	arena_fini(&tree.arena);
}

static void a_specific_path_with_any_beats_a_general_one_with_the_verb(void **state)
{
	static const char *const lines[] = { "ANY /a", "GET /{p}", "GET /b", "ANY /b", NULL };
	struct tree tree;

	(void)state;
	tree_init(&tree, lines);
	assert_string_equal("ANY /a", route(&tree, "GET /a"));
	assert_string_equal("GET /b", route(&tree, "GET /b"));
	assert_string_equal("ANY /b", route(&tree, "HEAD /b"));
	assert_string_equal("GET /{p} p=c", route(&tree, "GET /c"));
	arena_fini(&tree.arena);
}

static void any_stands_for_seven_methods_and_get_does_not_serve_head(void **state)
{
	static const char *const lines[] = { "ANY /any", "GET /get", NULL };
	static const char *const seven[] = { "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT" };
	struct tree tree;
	char line[64];

	(void)state;
	tree_init(&tree, lines);
	for (size_t i = 0; i < 7; i++) {
		snprintf(line, sizeof line, "%s /any", seven[i]);
		assert_string_equal("ANY /any", route(&tree, line));
	}
	assert_string_equal("-", route(&tree, "TRACE /any"));
	assert_string_equal("-", route(&tree, "ANY /any"));
	assert_string_equal("-", route(&tree, "get /any"));
	assert_string_equal("-", route(&tree, "HEAD /get"));
	arena_fini(&tree.arena);
}

static void slashes_are_as_recorded(void **state)
{
	static const char *const lines[] = { "GET /{proxy+}", "GET /hardcoded", "GET /", NULL };
	struct tree tree;

	(void)state;
	tree_init(&tree, lines);
	assert_string_equal("GET /{proxy+} proxy=proxy-value", route(&tree, "GET /proxy-value"));
	assert_string_equal("GET /{proxy+} proxy=proxy-value", route(&tree, "GET /proxy-value/"));
	assert_string_equal(
		"GET /{proxy+} proxy=proxy-value//double-slash", route(&tree, "GET /proxy-value//double-slash"));
	assert_string_equal("GET /{proxy+} proxy=proxy-value", route(&tree, "GET //proxy-value"));
	assert_string_equal("GET /hardcoded", route(&tree, "GET //hardcoded"));
	assert_string_equal("GET /hardcoded", route(&tree, "GET /hardcoded///"));
	assert_string_equal("GET /{proxy+} proxy=a/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
		route(&tree, "GET /a/user/test%2Balias@gmail.com/plus/test+alias@gmail.com"));
	assert_string_equal("GET /", route(&tree, "GET /"));
	assert_string_equal("GET /", route(&tree, "GET "));
	assert_string_equal("GET /", route(&tree, "GET ///"));
	assert_string_equal("GET /{proxy+} proxy=Hardcoded", route(&tree, "GET /Hardcoded"));
	arena_fini(&tree.arena);
}

static void matching_backtracks_through_parameters(void **state)
{
	static const char *const lines[] = { "GET /a/{x}/c", "GET /{y}/b/d", "POST /{y}/{z}/c", "GET /a/b/e", NULL };
	struct tree tree;

	(void)state;
	tree_init(&tree, lines);
	assert_string_equal("GET /a/{x}/c x=b", route(&tree, "GET /a/b/c"));
	assert_string_equal("GET /{y}/b/d y=a", route(&tree, "GET /a/b/d"));
	assert_string_equal("POST /{y}/{z}/c y=a z=b", route(&tree, "POST /a/b/c"));
	assert_string_equal("GET /a/b/e", route(&tree, "GET /a/b/e"));
	assert_string_equal("-", route(&tree, "GET /a//c"));
	assert_string_equal("-", route(&tree, "GET /a/b"));
	arena_fini(&tree.arena);
}

static void parts_that_are_no_parts_are_refused(void **state)
{
	static const char *const bad[] = { "", "a/b", "a{b}", "{}", "{+}", "{a", "a}", "{a+b}", "{a}{b}", "{a/b}" };
	struct tree tree;
	struct route_node *child, *greedy;
	static const char *const none[] = { NULL };

	(void)state;
	tree_init(&tree, none);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(-EINVAL, route_add(&tree.arena, tree.root, view_from_text(bad[i]), &child));
	assert_int_equal(0, route_add(&tree.arena, tree.root, view_of("{id}"), &child));
	assert_int_equal(-EEXIST, route_add(&tree.arena, tree.root, view_of("{other}"), &child));
	assert_int_equal(0, route_add(&tree.arena, tree.root, view_of("{rest+}"), &greedy));
	assert_int_equal(-EEXIST, route_add(&tree.arena, tree.root, view_of("{more+}"), &child));
	assert_int_equal(-ENOTDIR, route_add(&tree.arena, greedy, view_of("a"), &child));
	assert_int_equal(0, route_add(&tree.arena, tree.root, view_of("a-b_c.d,e:f"), &child));
	assert_int_equal(-EEXIST, route_add(&tree.arena, tree.root, view_of("a-b_c.d,e:f"), &child));
	assert_ptr_equal(child, route_child(tree.root, view_of("a-b_c.d,e:f")));
	assert_null(route_child(tree.root, view_of("{other}")));
	arena_fini(&tree.arena);
}

static void a_tree_has_a_greatest_depth_and_a_path_has_not(void **state)
{
	static const char *const none[] = { NULL };
	static char path[8000];
	struct route_match match;
	struct route_node *node;
	struct tree tree;

	(void)state;
	tree_init(&tree, none);
	node = tree.root;
	for (size_t i = 0; i < ROUTE_DEPTH_MAX; i++)
		assert_int_equal(0, route_add(&tree.arena, node, view_of("{p}"), &node));
	assert_int_equal(-ELOOP, route_add(&tree.arena, node, view_of("a"), &node));
	route_set_method(node, ROUTE_GET, &tree.methods[0]);
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? 'a' : '/';
	assert_false(route_find(tree.root, ROUTE_GET, view_from(path, sizeof path), &match));
	assert_true(route_find(tree.root, ROUTE_GET, view_from(path, 2 * ROUTE_DEPTH_MAX), &match));
	assert_int_equal(ROUTE_DEPTH_MAX, match.parameter_count);
	arena_fini(&tree.arena);
}

/* A thousand siblings: each is found, and what is not there is not. */
static void many_siblings_are_told_apart(void **state)
{
	static const char *const none[] = { NULL };
	static struct snapshot_method methods[1000];
	struct route_match match;
	struct route_node *node;
	struct tree tree;
	char part[32];

	(void)state;
	tree_init(&tree, none);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(part, sizeof part, "resource-%u", i);
		assert_int_equal(
			0, route_add(&tree.arena, tree.root, arena_copy(&tree.arena, view_from_text(part)), &node));
		route_set_method(node, ROUTE_GET, &methods[i]);
	}
	for (unsigned i = 0; i < 1100; i++) {
		snprintf(part, sizeof part, "/resource-%u", i);
		assert_int_equal(i < 1000, route_find(tree.root, ROUTE_GET, view_from_text(part), &match));
		if (i < 1000)
			assert_ptr_equal(&methods[i], match.method);
	}
	arena_fini(&tree.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_method_decides_among_siblings),
		cmocka_unit_test(a_greedy_sibling_takes_what_the_literal_one_does_not),
		cmocka_unit_test(a_specific_path_with_any_beats_a_general_one_with_the_verb),
		cmocka_unit_test(any_stands_for_seven_methods_and_get_does_not_serve_head),
		cmocka_unit_test(slashes_are_as_recorded),
		cmocka_unit_test(matching_backtracks_through_parameters),
		cmocka_unit_test(parts_that_are_no_parts_are_refused),
		cmocka_unit_test(a_tree_has_a_greatest_depth_and_a_path_has_not),
		cmocka_unit_test(many_siblings_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
