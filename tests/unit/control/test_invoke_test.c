/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of apigateway/test_invoke: what the gateway is asked, and what becomes of whatever it answers. */
#include "tests/unit/control/filtering.h"

#include "appliance/wire/invoke.h"

/* A call that waits, made by hand: its request lives until it was resumed. */
struct waiting {
	struct signed_request made;
	struct call *call;
};

static char api[16], root[16], authorizer[16];

static void furnish(struct appliance *appliance)
{
	char target[160];

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	snprintf(api, sizeof api, "%s", member(appliance, "id"));
	snprintf(root, sizeof root, "%s", member(appliance, "rootResourceId"));
	snprintf(target, sizeof target, "/restapis/%s/resources/%s/methods/GET", api, root);
	assert_int_equal(201, call(appliance, "PUT", target, "{\"authorizationType\":\"NONE\"}"));
	snprintf(target, sizeof target, "/restapis/%s/authorizers", api);
	assert_int_equal(201, call(appliance, "POST", target,
				      "{\"name\":\"t\",\"type\":\"TOKEN\",\"identitySource\":\"method.request.header."
				      "A\",\"authorizerUri\":"
				      "\"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
				      "arn:aws:lambda:us-east-1:000000000000:function:"
				      "f/invocations\"}"));
	snprintf(authorizer, sizeof authorizer, "%s", member(appliance, "id"));
}

/* Ask for a test; `part` is what follows the API's path. The request lies in `ret`, which must stay where it is. */
static void begin(struct appliance *appliance, struct waiting *ret, const char *part, const char *body)
{
	const struct sigv4_header field = { view_of("Accept"), view_of("application/json") };
	char target[160];

	snprintf(target, sizeof target, "/restapis/%s/%s", api, part);
	assert_int_equal(0, signed_request_make(&ret->made, &appliance->signer, view_of("apigateway"), view_of("POST"),
				    view_from_text(target), field, view_from_text(body)));
	appliance_forget_answer(appliance);
	ret->call = dispatch(appliance->control, &ret->made.request, &appliance->answer);
}

static void begin_method(struct appliance *appliance, struct waiting *ret, const char *body)
{
	char part[64];

	snprintf(part, sizeof part, "resources/%s/methods/GET", root);
	begin(appliance, ret, part, body);
}

static int finish(struct appliance *appliance, struct waiting *waiting)
{
	signed_request_fini(&waiting->made);
	if (json_parse(buffer_view(&appliance->answer.body), NULL, &appliance->body, NULL) < 0)
		appliance->body = NULL;
	return appliance->answer.status;
}

static int resume(struct appliance *appliance, struct waiting *waiting, int error, struct view message)
{
	assert_non_null(waiting->call);
	close(fake.ends[0]);
	dispatch_resume(waiting->call, error, message, &appliance->answer);
	return finish(appliance, waiting);
}

static int resume_with(struct appliance *appliance, struct waiting *waiting, const struct invoke_answer *answer)
{
	struct buffer message;
	int status;

	buffer_init(&message, INVOKE_MESSAGE_MAX_BYTES);
	invoke_write_answer(&message, answer);
	status = resume(appliance, waiting, 0, buffer_view(&message));
	buffer_fini(&message);
	return status;
}

static void the_gateway_is_asked_what_the_caller_asked(void **state)
{
	static const struct invoke_pair told[] = { { VIEW_INIT("A"), VIEW_INIT("1") },
		{ VIEW_INIT("A"), VIEW_INIT("2") } };
	const struct invoke_answer answer = { .outcome = INVOKE_RAN,
		.status = 201,
		.latency_ms = 7,
		.body = view_of("b"),
		.log = view_of("l\n"),
		.fields = { told, 2 } };
	struct appliance *appliance = *state;
	struct invoke_question question;
	struct waiting waiting;
	struct arena arena;

	furnish(appliance);
	begin_method(appliance, &waiting,
		"{\"pathWithQueryString\":\"/"
		"?a=b\",\"body\":\"text\",\"headers\":{\"X\":\"1\"},\"multiValueHeaders\":{\"X\":[\"1\","
		"\"2\"]},"
		"\"stageVariables\":{\"v\":\"w\"}}");
	assert_non_null(waiting.call);
	assert_int_equal(1, appliance->control->waiting_count);
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, invoke_read_question(&question, buffer_view(&waiting.call->wait.question), &arena));
	assert_int_equal(INVOKE_METHOD, question.kind);
	assert_true(view_equals_text(question.rest_api_id, api) && view_equals_text(question.part_id, root));
	assert_true(view_equals_text(question.http_method, "GET") && view_equals_text(question.path, "/?a=b"));
	assert_true(view_equals_text(question.body, "text"));
	/* The pair that is in both counts once. */
	assert_int_equal(2, question.fields.count);
	assert_true(view_equals_text(question.fields.at[1].value, "2"));
	assert_int_equal(1, question.variables.count);
	arena_fini(&arena);
	/* The store may change meanwhile, by others' calls. */
	assert_int_equal(200, resume_with(appliance, &waiting, &answer));
	assert_int_equal(0, appliance->control->waiting_count);
	assert_int_equal(201, json_find_integer(appliance->body, "status", 0));
	assert_int_equal(7, json_find_integer(appliance->body, "latency", 0));
	assert_string_equal("b", member(appliance, "body"));
	assert_string_equal("l\n", member(appliance, "log"));
	assert_true(answer_has(appliance, "\"headers\":{\"A\":\"2\"},\"multiValueHeaders\":{\"A\":[\"1\",\"2\"]}"));
}

static void no_answer_and_bad_ones_are_failures(void **state)
{
	static const struct invoke_pair no_text[] = { { VIEW_INIT("A"), VIEW_INIT("\xff") } };
	static const struct {
		int error;
		struct invoke_answer answer;
		int status;
		const char *message;
	} cases[] = {
		{ -EPIPE, { 0 }, 503, "The gateway ended before the test did. Please try again." },
		{ -ETIMEDOUT, { 0 }, 503, "The test did not end within 30 seconds." },
		{ -EPROTO, { 0 }, 503, "The gateway ended before the test did. Please try again." },
		{ 0, { .outcome = 9 }, 503, "The gateway ended before the test did. Please try again." },
		{ 0, { .outcome = INVOKE_UNAVAILABLE }, 503,
			"The gateway can't run a test at the moment. Please try again." },
		{ 0, { .outcome = INVOKE_GONE }, 404, "Invalid Method identifier specified" },
		{ 0, { .outcome = INVOKE_REFUSED, .message = VIEW_INIT("why") }, 400, "why" },
		{ 0, { .outcome = INVOKE_RAN, .status = 200, .body = VIEW_INIT("\xff") }, 500,
			"The method answered with fields that are no text." },
		{ 0, { .outcome = INVOKE_RAN, .status = 200, .fields = { no_text, 1 } }, 500,
			"The method answered with fields that are no text." },
	};
	struct appliance *appliance = *state;

	furnish(appliance);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct waiting waiting;
		int status;

		begin_method(appliance, &waiting, "{}");
		status = cases[i].error ? resume(appliance, &waiting, cases[i].error, (struct view){ 0 })
					: resume_with(appliance, &waiting, &cases[i].answer);

		assert_int_equal(cases[i].status, status);
		assert_string_equal(cases[i].message, member(appliance, "message"));
	}
}

static void an_authorizer_has_a_status_of_its_own(void **state)
{
	const struct invoke_answer answer = { .outcome = INVOKE_RAN, .status = 401, .log = view_of("l\n") },
				   gone = { .outcome = INVOKE_GONE };
	struct appliance *appliance = *state;
	struct waiting waiting;
	char part[64];

	furnish(appliance);
	snprintf(part, sizeof part, "authorizers/%s", authorizer);
	begin(appliance, &waiting, part, "{\"additionalContext\":{\"k\":\"v\"}}");
	assert_int_equal(200, resume_with(appliance, &waiting, &answer));
	assert_true(answer_has(appliance, "{\"clientStatus\":401,\"log\":\"l\\n\",\"latency\":0}"));
	begin(appliance, &waiting, part, "{}");
	assert_int_equal(404, resume_with(appliance, &waiting, &gone));
	assert_string_equal("Invalid Authorizer identifier specified", member(appliance, "message"));
}

static void without_a_gateway_there_is_no_test(void **state)
{
	struct appliance *appliance = *state;
	struct waiting waiting;

	furnish(appliance);
	fake.refusals[VERB_INVOKE_CHANNEL] = -EAGAIN;
	begin_method(appliance, &waiting, "{}");
	assert_null(waiting.call);
	assert_int_equal(503, finish(appliance, &waiting));
	assert_string_equal(
		"The gateway does not serve at the moment. Please try again.", member(appliance, "message"));
}

static void what_nobody_waits_for_any_more_is_given_back(void **state)
{
	struct appliance *appliance = *state;
	struct waiting all[CONTROL_WAITING_MAX], more;

	furnish(appliance);
	for (size_t i = 0; i < CONTROL_WAITING_MAX; i++) {
		begin_method(appliance, &all[i], "{}");
		assert_non_null(all[i].call);
		close(fake.ends[0]);
	}
	begin_method(appliance, &more, "{}");
	assert_null(more.call);
	assert_int_equal(429, finish(appliance, &more));
	for (size_t i = 0; i < CONTROL_WAITING_MAX; i++) {
		dispatch_abandon(all[i].call);
		signed_request_fini(&all[i].made);
	}
	assert_int_equal(0, appliance->control->waiting_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_gateway_is_asked_what_the_caller_asked, start, end),
		cmocka_unit_test_setup_teardown(no_answer_and_bad_ones_are_failures, start, end),
		cmocka_unit_test_setup_teardown(an_authorizer_has_a_status_of_its_own, start, end),
		cmocka_unit_test_setup_teardown(without_a_gateway_there_is_no_test, start, end),
		cmocka_unit_test_setup_teardown(what_nobody_waits_for_any_more_is_given_back, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
