/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/apigateway: lists that are too long are refused, and the subtree of a resource is just that. */
#include "tests/unit/control/appliance.h"

static char api[16], root[16];

static int call_api(struct appliance *appliance, const char *method, const char *part, const char *body)
{
	char target[256];

	snprintf(target, sizeof target, "/restapis/%s%s", api, part);
	return call(appliance, method, target, body);
}

static void furnish(struct appliance *appliance)
{
	char part[128];

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	snprintf(api, sizeof api, "%s", member(appliance, "id"));
	snprintf(root, sizeof root, "%s", member(appliance, "rootResourceId"));
	snprintf(part, sizeof part, "/resources/%s/methods/GET", root);
	assert_int_equal(201, call_api(appliance, "PUT", part, "{\"authorizationType\":\"NONE\"}"));
	strcat(part, "/integration");
	assert_int_equal(201, call_api(appliance, "PUT", part, "{\"type\":\"MOCK\"}"));
	assert_int_equal(201, call_api(appliance, "POST", "/deployments", "{\"stageName\":\"prod\"}"));
}

/* The id of a new resource, in memory of the caller. */
static void add_resource(struct appliance *appliance, const char *parent, const char *path_part, char id[16])
{
	char part[64], body[64];

	snprintf(part, sizeof part, "/resources/%s", parent);
	snprintf(body, sizeof body, "{\"pathPart\":\"%s\"}", path_part);
	assert_int_equal(201, call_api(appliance, "POST", part, body));
	snprintf(id, 16, "%s", member(appliance, "id"));
}

/* `$a` is the API's id, `$r` its root's. The body is `count` entries between `start` and `end`; # in them is their number. */
struct row {
	int status;
	const char *method, *target, *start, *entry, *end;
	unsigned count;
	const char *message;
};

#define TRY "/restapis/$a/resources/$r/methods/GET"
#define PLAN                                                                                                           \
	"{\"name\":\"p\",\"throttle\":{\"rateLimit\":1},\"apiStages\":[{\"apiId\":\"$a\",\"stage\":\"prod\","          \
	"\"throttle\":{"

static const struct row rows[] = {
	{ 204, "PUT", "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F$a", "{\"tags\":{", "\"k#\":\"v\"",
		"}}", 50, "" },
	{ 400, "PUT", "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F$a", "{\"tags\":{", "\"k#\":\"v\"",
		"}}", 51, "at most 50 tags" },
	{ 200, "PATCH", "/restapis/$a/stages/prod",
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/variables\",\"value\":\"{",
		"\\\"k#\\\":\\\"v\\\"", "}\"}]}", 100, "" },
	{ 400, "PATCH", "/restapis/$a/stages/prod",
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/variables\",\"value\":\"{",
		"\\\"k#\\\":\\\"v\\\"", "}\"}]}", 101, "at most 100 variables" },
	{ 400, "POST", TRY, "{\"headers\":{", "\"k#\":\"v\"", "}}", 1025, "headers: there are more than 1024" },
	{ 400, "POST", TRY, "{\"stageVariables\":{", "\"k#\":\"v\"", "}}", 1025,
		"stageVariables: there are more than 1024" },
	{ 400, "POST", TRY, "{\"multiValueHeaders\":{", "\"k#\":[\"v\",\"w\",\"x\"]", "}}", 342,
		"multiValueHeaders: there are more than 1024" },
	{ 400, "PATCH", "/restapis/$a/resources/$r", "{\"patchOperations\":[",
		"{\"op\":\"replace\",\"path\":\"/pathPart\",\"value\":\"k#\"}", "]}", 11,
		"at most 10 patch operations" },
	{ 404, "POST", "/usageplans", PLAN, "\"/k#/GET\":{\"rateLimit\":1}", "}}]}", 20, "Invalid method" },
	{ 429, "POST", "/usageplans", PLAN, "\"/k#/GET\":{\"rateLimit\":1}", "}}]}", 21, "method throttles" },
	{ 201, "POST", "/usageplans", PLAN, "\"//GET\":{\"rateLimit\":1}", "}}]}", 1, "" },
};

static void append_filled(struct buffer *buffer, const char *text, unsigned number)
{
	for (; *text; text++) {
		if (*text == '#')
			buffer_printf(buffer, "%u", number);
		else if (*text == '$')
			buffer_append_text(buffer, *++text == 'a' ? api : root);
		else
			buffer_append_byte(buffer, *text);
	}
}

static void long_lists_are_refused(void **state)
{
	struct appliance *appliance = *state;

	furnish(appliance);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct buffer target, body;
		int status;

		buffer_init(&target, 1024);
		buffer_init(&body, 1 << 20);
		append_filled(&target, row->target, 0);
		append_filled(&body, row->start, 0);
		for (unsigned number = 0; number < row->count; number++) {
			buffer_append_text(&body, number ? "," : "");
			append_filled(&body, row->entry, number);
		}
		append_filled(&body, row->end, 0);
		status = call(appliance, row->method, buffer_text(&target), buffer_text(&body));
		if (status != row->status || !strstr(member(appliance, "message"), row->message))
			fail_msg("%zu: %d %s", i, status, member(appliance, "message"));
		buffer_fini(&body);
		buffer_fini(&target);
	}
}

static bool has_path(struct appliance *appliance, const char *path)
{
	char text[64];

	snprintf(text, sizeof text, "\"path\":\"%s\"", path);
	assert_int_equal(200, call_api(appliance, "GET", "/resources", ""));
	return answer_has(appliance, text);
}

static void a_subtree_moves_and_goes(void **state)
{
	struct appliance *appliance = *state;
	char first[16], below[16], neighbour[16], part[64], body[256];

	furnish(appliance);
	add_resource(appliance, root, "a", first);
	add_resource(appliance, first, "b", below);
	add_resource(appliance, root, "ab", neighbour);
	snprintf(part, sizeof part, "/resources/%s", first);
	snprintf(body, sizeof body,
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/parentId\",\"value\":\"%s\"}]}", below);
	assert_int_equal(400, call_api(appliance, "PATCH", part, body));
	snprintf(body, sizeof body,
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/parentId\",\"value\":\"%s\"}]}", neighbour);
	assert_int_equal(200, call_api(appliance, "PATCH", part, body));
	assert_string_equal("/ab/a", member(appliance, "path"));
	assert_true(has_path(appliance, "/ab/a/b") && has_path(appliance, "/ab") && !has_path(appliance, "/a"));
	snprintf(body, sizeof body,
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/parentId\",\"value\":\"%s\"},"
		"{\"op\":\"replace\",\"path\":\"/pathPart\",\"value\":\"a\"}]}",
		root);
	assert_int_equal(200, call_api(appliance, "PATCH", part, body));
	assert_true(has_path(appliance, "/a/b") && !has_path(appliance, "/ab/a"));
	assert_int_equal(202, call_api(appliance, "DELETE", part, ""));
	assert_true(has_path(appliance, "/ab") && has_path(appliance, "/"));
	assert_false(has_path(appliance, "/a") || has_path(appliance, "/a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(long_lists_are_refused),
		WITH_APPLIANCE(a_subtree_moves_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
