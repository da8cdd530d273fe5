/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The official test suite of JSON Schema, draft 4 (Debian's json-schema-test-suite), whole but for what is listed here. */
#include "tests/unit/support.h"

#include <dirent.h>
#include <errno.h>

#include "appliance/validate/schema.h"

#define SUITE "/usr/share/json-schema-test-suite/"

static struct arena arena;
static struct pattern_scratch *scratch;
static size_t checked_count, excepted_count;

/* Cases that are judged otherwise than the suite does, or schemas that are refused, and why. */
static const struct {
	const char *file, *group, *test; /* `test` NULL: all of the group, whose schema is refused */
	const char *why;
} exceptions[] = {
	{ "ecmascript-regex.json", "ECMA 262 regex non-compliance", "ECMA 262 has no support for \\Z anchor from .NET",
		"without flag u an escaped letter is that letter" },
	{ "format.json", "validation of URIs", "an invalid protocol-relative URI Reference",
		"they need not be absolute" },
	{ "format.json", "validation of URIs", "an invalid relative URI Reference", "the same" },
	{ "format.json", "validation of URIs", "an invalid URI though valid URI reference", "the same" },
	{ "format.json", "validation of host names", "a host name containing illegal characters",
		"the library takes underscores (vector format.hostname)" },
	{ "refRemote.json", "base URI change", NULL, "id changes no base: models are named by whole URLs" },
	{ "refRemote.json", "base URI change - change folder", NULL, "the same" },
	{ "refRemote.json", "base URI change - change folder in subschema", NULL, "the same" },
	{ "refRemote.json", "root ref in remote ref", NULL, "the same" },
	{ "ref.json", "Recursive references between schemas", NULL, "the same" },
};

static const struct json_value *load(const char *path)
{
	size_t count;
	char *text = whole_file(path, &count);
	struct json_value *value = ARENA_NEW(&arena, struct json_value);

	if (json_value_parse(&arena, arena_copy(&arena, view_from(text, count)), NULL, value, NULL))
		fail_msg("%s is no JSON", path);
	free(text);
	return value;
}

static const struct json_value *find_remote(void *context, struct view url)
{
	static const struct view local = VIEW_INIT("http://localhost:1234/");
	static struct {
		struct view url;
		const struct json_value *value;
	} loaded[16];
	struct view path = view_after(url, local.count);
	size_t i = 0;

	(void)context;
	for (; i < 16 && loaded[i].value; i++) {
		if (view_equals(loaded[i].url, url))
			return loaded[i].value;
	}
	assert_true(i < 16);
	loaded[i].url = arena_copy(&arena, url);
	if (view_equals_text(url, "http://json-schema.org/draft-04/schema"))
		loaded[i].value = load("tests/vectors/draft4-schema.json");
	else if (view_starts_with(url, local))
		loaded[i].value = load(arena_printf(&arena, SUITE "remotes/" VIEW_FMT, VIEW_ARG(path)).at);
	return loaded[i].value;
}

static bool is_excepted(const char *file, struct view group, struct view test)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
		if (strcmp(exceptions[i].file, file) == 0 && view_equals_text(group, exceptions[i].group) &&
			(!exceptions[i].test || view_equals_text(test, exceptions[i].test)))
			return true;
	}
	return false;
}

static void check_group(const char *file, const struct json_value *group)
{
	struct view name = json_value_text(json_value_find(group, view_of("description")));
	const struct json_value *tests = json_value_find(group, view_of("tests"));
	struct schema_error why;
	struct schema *schema = NULL;

	if (is_excepted(file, name, (struct view){ 0 })) {
		excepted_count++;
		return;
	}
	if (schema_compile(&arena, json_value_find(group, view_of("schema")), find_remote, NULL, &schema, &why))
		fail_msg("%s: " VIEW_FMT ": %s: %s", file, VIEW_ARG(name), why.place, why.text);
	for (size_t i = 0; i < json_value_count(tests); i++) {
		const struct json_value *test = json_value_at(tests, i), *data = json_value_find(test, view_of("data"));
		struct view title = json_value_text(json_value_find(test, view_of("description")));
		bool valid = json_value_kind(json_value_find(test, view_of("valid"))) == JSON_VALUE_TRUE;
		struct buffer report;

		if (is_excepted(file, name, title)) {
			excepted_count++;
			continue;
		}
		buffer_init_arena(&report, &arena, 65536);
		if (schema_check(schema, data, &arena, scratch, NULL, &report) != valid)
			fail_msg("%s: " VIEW_FMT ": " VIEW_FMT ": %s", file, VIEW_ARG(name), VIEW_ARG(title),
				valid ? buffer_text(&report) : "valid");
		checked_count++;
	}
	schema_fini(schema);
}

static void check_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (!folder)
		fail_msg("%s: install json-schema-test-suite (make deps)", path);
	while ((entry = readdir(folder))) {
		const struct json_value *groups;

		if (!strstr(entry->d_name, ".json"))
			continue;
		groups = load(arena_printf(&arena, "%s/%s", path, entry->d_name).at);
		for (size_t i = 0; i < json_value_count(groups); i++)
			check_group(entry->d_name, json_value_at(groups, i));
	}
	closedir(folder);
}

static void the_official_suite_holds(void **state)
{
	(void)state;
	check_folder(SUITE "tests/draft4");
	check_folder(SUITE "tests/draft4/optional");
	print_message("%zu cases\n", checked_count);
	assert_true(checked_count > 300);
	assert_int_equal(sizeof exceptions / sizeof *exceptions, excepted_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_official_suite_holds) };

	arena_init(&arena, NULL, (size_t)256 << 20);
	scratch = pattern_scratch_new();
	return scratch ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
