/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/test_invoke.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/identity.h"
#include "appliance/pipeline/state.h"

/* What a test's $context says (seen in events that functions get from AWS's tests). */
static const struct view source_ip = VIEW_INIT("test-invoke-source-ip"), host = VIEW_INIT("testPrefix.testDomainName");

static struct test_invoke *test_of(struct exchange *x)
{
	return CONTAINER_OF(x->memory, struct test_invoke, memory);
}

/* ---- the pipeline of a test ---- */

/* What the phases that are skipped would have found out. */
static struct pipeline *prepare(struct exchange *x)
{
	struct test_invoke *test = test_of(x);
	const struct draft *draft = test->input.draft;
	struct pipeline *p = state_new(x);

	if (!p)
		return NULL;
	memcpy(test->request_id, p->request_id, sizeof test->request_id);
	p->is_test = true;
	p->log = &test->log;
	p->snapshot = draft->snapshot;
	p->resolved.api = draft->api;
	p->resolved.stage = draft->stage;
	p->resolved.deployment = draft->stage->deployment;
	p->resolved.variables = &draft->stage->variables;
	p->resolved.path = x->request.path;
	p->resolved.host_bytes = host.count;
	memcpy(p->resolved.host, host.at, host.count);
	p->method = x->request.method_text;
	p->body_collected = http_body_try_whole(x, &p->request_body);
	return p;
}

/* A path that is not the resource's has no parameters, and the method runs all the same. */
static void find_parameters(struct pipeline *p, const struct draft *draft)
{
	p->verb = draft->verb;
	if (!route_find(draft->stage->deployment->routes, draft->verb, p->resolved.path, &p->match))
		p->match = (struct route_match){ .method = draft->method };
}

static void run_method(struct exchange *x)
{
	struct pipeline *p = prepare(x);

	if (!p) {
		http_done(x);
		return;
	}
	find_parameters(p, test_of(x)->input.draft);
	p->phase = PHASE_validate;
	if (p->match.method->refused) {
		execution_log_request(p);
		state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, p->match.method->refused);
		p->phase = PHASE_respond;
	}
	state_run(p);
}

/* What can be said of the request is said; nobody is asked about its identity before functions and pools of users can be. */
static int judge(struct pipeline *p, const struct test_invoke *test)
{
	const struct authorizer *authorizer = &test->input.draft->authorizer;

	execution_log_printf(p->log, "Starting authorizer: " VIEW_FMT " for request: %.*s", VIEW_ARG(authorizer->id),
		(int)sizeof p->request_id, p->request_id);
	if (!identity_is_there(p, authorizer, test->input.question->context)) {
		execution_log_printf(p->log, "Unauthorized request: %.*s", (int)sizeof p->request_id, p->request_id);
		return 401;
	}
	execution_log_printf(p->log, "Execution failed due to configuration error: %s",
		authorizer->type == AUTHORIZER_COGNITO ? "Amazon Cognito user pools are not asked by this version"
						       : "Lambda authorizers are not called by this version");
	return 500;
}

static void run_authorizer(struct exchange *x)
{
	struct pipeline *p = prepare(x);

	/* It can't fail: there is neither a field nor a body, and nobody that goes away. */
	if (p && http_respond(x, judge(p, test_of(x)), NULL, 0, view_of("")))
		p->gone = true;
	if (!p) {
		http_done(x);
		return;
	}
	p->phase = PHASE_COUNT;
	state_run(p);
}

static void on_request(struct exchange *x)
{
	if (test_of(x)->input.question->kind == INVOKE_METHOD)
		run_method(x);
	else
		run_authorizer(x);
}

static void on_drained(struct exchange *x)
{
	pipeline_handler.drained(x);
}

static void on_gone(struct exchange *x)
{
	pipeline_handler.gone(x);
}

static const struct http_handler handler = { .request = on_request, .drained = on_drained, .gone = on_gone };

/* ---- from outside ---- */

static void on_done(struct http_memory *memory)
{
	struct test_invoke *test = CONTAINER_OF(memory, struct test_invoke, memory);

	test->ended_ns = clock_monotonic_ns();
	test->input.done(test);
}

/* A target may hold no blanks, control bytes and what is not ASCII: they are written as escapes. The rest is the owner's. */
static struct view target_of(const struct test_invoke *test, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	const struct invoke_question *question = test->input.question;
	struct view path = question->has_path ? question->path : test->input.draft->resource_path;
	struct buffer target;

	buffer_init_arena(&target, arena, 3 * path.count + 2);
	if (path.count == 0 || path.at[0] != '/')
		buffer_append_byte(&target, '/');
	for (size_t i = 0; i < path.count; i++) {
		unsigned char byte = (unsigned char)path.at[i];
		const char escape[] = { '%', digits[byte >> 4], digits[byte & 15] };

		if (byte > ' ' && byte < 0x7f)
			buffer_append_byte(&target, path.at[i]);
		else
			buffer_append_bytes(&target, escape, sizeof escape);
	}
	return buffer_error(&target) ? (struct view){ 0 } : buffer_view(&target);
}

static int open_exchange(struct test_invoke *test, struct arena *arena)
{
	const struct test_invoke_input *input = &test->input;
	const struct invoke_question *question = input->question;
	struct http_memory_request request = {
		.loop = input->worker->loop,
		.context = input->worker,
		.identity = &test->listener,
		.handler = &handler,
		.done = on_done,
		.peer_text = source_ip,
		.method = question->kind == INVOKE_METHOD ? route_verb_name(input->draft->verb) : view_of("GET"),
		.target = target_of(test, arena),
		.field_count = question->fields.count,
		.body = question->body,
	};
	struct http_field *fields = ARENA_NEW_ARRAY(arena, struct http_field, request.field_count);

	if (!fields || !request.target.at)
		return -ENOMEM;
	for (size_t i = 0; i < request.field_count; i++)
		fields[i] = (struct http_field){ question->fields.at[i].name, question->fields.at[i].value };
	request.fields = fields;
	return http_memory_open(&test->memory, &request);
}

void test_invoke_begin(struct test_invoke *test, const struct test_invoke_input *input)
{
	struct arena arena;
	int error;

	memset(test, 0, sizeof *test);
	test->input = *input;
	test->listener.worker = input->worker;
	test->listener.place = input->place;
	test->began_ns = clock_monotonic_ns();
	/* The exchange has copies. */
	arena_init(&arena, NULL, INVOKE_MESSAGE_MAX_BYTES);
	error = open_exchange(test, &arena);
	arena_fini(&arena);
	execution_log_init(&test->log, &test->memory.exchange.arena);
	if (error) {
		enum http1_rule rule = test->memory.exchange.request.rule;

		test->refused = error == -ENOMEM          ? "The request does not fit into memory"
				: rule == HTTP1_RULE_NONE ? "A header of the request is malformed"
							  : http1_rule_text(rule);
		input->done(test);
		return;
	}
	http_memory_begin(&test->memory);
}

void test_invoke_cancel(struct test_invoke *test)
{
	http_memory_abandon(&test->memory);
}

/* ---- the answer ---- */

static struct invoke_pairs pairs_of(const struct http_memory *memory, struct arena *arena)
{
	struct invoke_pair *pairs = ARENA_NEW_ARRAY(arena, struct invoke_pair, memory->field_count);

	for (size_t i = 0; pairs && i < memory->field_count; i++)
		pairs[i] = (struct invoke_pair){ memory->fields[i].name, memory->fields[i].value };
	return (struct invoke_pairs){ .at = pairs, .count = pairs ? memory->field_count : 0 };
}

void test_invoke_write(const struct test_invoke *test, struct buffer *ret)
{
	const struct http_memory *memory = &test->memory;
	struct invoke_answer answer = {
		.outcome = INVOKE_RAN,
		.status = (uint32_t)memory->exchange.status,
		.latency_ms = (uint32_t)((test->ended_ns - test->began_ns) / 1000000),
	};
	struct buffer log;
	struct arena arena;

	arena_init(&arena, NULL, INVOKE_MESSAGE_MAX_BYTES);
	buffer_init(&log, INVOKE_MESSAGE_MAX_BYTES);
	if (test->refused) {
		answer.outcome = INVOKE_REFUSED;
		answer.message = view_from_text(test->refused);
	} else if (memory->exchange.status == 0) {
		answer.outcome = INVOKE_UNAVAILABLE;
	} else if (buffer_error(&memory->answer)) {
		answer.outcome = INVOKE_REFUSED;
		answer.message = view_of("The answer is too large to be shown");
	} else {
		execution_log_write(&test->log, view_from(test->request_id, sizeof test->request_id), &log);
		answer.log = buffer_view(&log);
		answer.fields = pairs_of(memory, &arena);
		/* The answer of the management call is JSON: it holds text. */
		answer.body = binary_to_text(&arena, buffer_view(&memory->answer));
		if (!answer.body.at)
			answer = (struct invoke_answer){ .outcome = INVOKE_REFUSED,
				.message = view_of("The answer is too large to be shown as text") };
	}
	invoke_write_answer(ret, &answer);
	buffer_fini(&log);
	arena_fini(&arena);
}

void test_invoke_close(struct test_invoke *test)
{
	http_memory_close(&test->memory);
}
