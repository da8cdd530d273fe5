/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/test_invoke and model/draft: methods as they stand in the store are run, and the log says how. */
#include "tests/unit/pipeline/gateway.h"

#include <ctype.h>

#include "appliance/model/draft.h"
#include "appliance/pipeline/test_invoke.h"

#define API "a1b2c3d4e5"

static struct gateway gateway;
static struct back_end back_end;
static uint16_t closed_port;

static bool answer(struct back_end *self, int fd, const char *request)
{
	if (strstr(request, " /slow")) {
		sem_wait(&self->go);
		return false;
	}
	if (strstr(request, " /long"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n");
	else if (strstr(request, " /missing"))
		send_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
	else
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\nX-Own: "
			      "yes\r\n\r\nhi\xff\n");
	if (strstr(request, " /long")) {
		static char piece[65536];

		for (size_t i = 0; i < 161; i++)
			if (send(fd, piece, sizeof piece, MSG_NOSIGNAL) < 0)
				return false;
	}
	return true;
}

/* ---- the estate ---- */

static void put_resource(const char *id, const char *path, const char *methods)
{
	struct json *resource = json_object_new();
	char key[64];
	char *text = strdup(methods);
	struct buffer filled;

	assert_non_null(text);
	buffer_init(&filled, 1 << 16);
	for (const char *at = text; *at; at++) {
		if (strncmp(at, "PORT", 4) == 0 || strncmp(at, "SHUT", 4) == 0) {
			buffer_append_u64(&filled, *at == 'P' ? back_end.port : closed_port);
			at += 3;
		} else {
			buffer_append_byte(&filled, *at);
		}
	}
	snprintf(key, sizeof key, API "/%s", id);
	json_set_c_string(resource, "id", id);
	json_set_c_string(resource, "path", path);
	json_set(resource, "resourceMethods", estate_json(buffer_text(&filled)));
	estate_put(&gateway.estate, STORE_resource, key, API, resource);
	buffer_fini(&filled);
	free(text);
}

#define HTTP_METHOD(verb, path, more)                                                                                  \
	"{\"" verb "\":{\"authorizationType\":\"NONE\",\"methodResponses\":{\"200\":{}},\"methodIntegration\":{"       \
	"\"type\":\"HTTP\",\"httpMethod\":\"" verb "\",\"uri\":\"" path "\"" more                                      \
	",\"integrationResponses\":{\"200\":{\"statusCode\":\"200\",\"selectionPattern\":\"200\","                     \
	"\"responseParameters\":{"                                                                                     \
	"\"method.response.header.X-Own\":\"integration.response.header.X-Own\"}}}}}}"

static const struct {
	const char *id, *path, *methods;
} resources[] = {
	{ "mock", "/pets/{petId}",
		"{\"GET\":{\"authorizationType\":\"AWS_IAM\",\"apiKeyRequired\":true,\"methodResponses\":{\"200\":{}},"
		"\"methodIntegration\":{\"type\":\"MOCK\",\"requestTemplates\":{\"application/"
		"json\":\"{\\\"statusCode\\\": "
		"200}\"},"
		"\"integrationResponses\":{\"200\":{\"statusCode\":\"200\",\"responseTemplates\":{\"application/json\":"
		"\"{\\\"mock\\\": true}\"},\"responseParameters\":{\"method.response.header.X-Id\":\"'i'\","
		"\"method.response.header.X-Stage\":\"context.stage\",\"method.response.header.X-Ip\":\"context."
		"identity."
		"sourceIp\",\"method.response.header.X-Var\":\"stageVariables.v\"}}}}}}" },
	{ "http", "/http/{id}",
		HTTP_METHOD("POST", "http://127.0.0.1:PORT/echo",
			",\"requestParameters\":{\"integration.request.querystring.id\":\"method.request.path.id\","
			"\"integration.request.header.Authorization\":\"method.request.header.Authorization\"}") },
	{ "miss", "/miss", HTTP_METHOD("GET", "http://127.0.0.1:PORT/missing", "") },
	{ "shut", "/shut", HTTP_METHOD("GET", "http://127.0.0.1:SHUT/", "") },
	{ "name", "/name", HTTP_METHOD("GET", "http://${stageVariables.host}/", "") },
	{ "slow", "/slow", HTTP_METHOD("GET", "http://127.0.0.1:PORT/slow", ",\"timeoutInMillis\":60") },
	{ "wait", "/wait", HTTP_METHOD("GET", "http://127.0.0.1:PORT/slow", "") },
	{ "long", "/long", HTTP_METHOD("GET", "http://127.0.0.1:PORT/long", "") },
	{ "head", "/head",
		HTTP_METHOD("GET", "http://127.0.0.1:PORT/echo",
			",\"requestParameters\":{\"integration.request.header.Content-Length\":\"'1'\"}") },
	{ "proxy", "/proxy/{rest+}",
		"{\"ANY\":{\"authorizationType\":\"NONE\",\"methodIntegration\":{\"type\":\"HTTP_PROXY\","
		"\"httpMethod\":"
		"\"ANY\",\"uri\":\"http://127.0.0.1:PORT/echo\"}}}" },
	{ "aws", "/aws",
		"{\"GET\":{\"authorizationType\":\"NONE\",\"methodIntegration\":{\"type\":\"AWS_PROXY\",\"httpMethod\":"
		"\"POST\","
		"\"uri\":\"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
		"arn:aws:lambda:us-east-1:123456789012:"
		"function:f/invocations\"}}}" },
	{ "bare", "/bare", "{\"GET\":{\"authorizationType\":\"NONE\"}}" },
	{ "never", "/never",
		"{\"POST\":{\"authorizationType\":\"NONE\",\"methodIntegration\":{\"type\":\"MOCK\","
		"\"passthroughBehavior\":"
		"\"NEVER\"}}}" },
};

static void put_authorizer(const char *id, const char *text)
{
	struct json *body = estate_json(text);
	char key[64];

	snprintf(key, sizeof key, API "/%s", id);
	json_set_c_string(body, "id", id);
	estate_put(&gateway.estate, STORE_authorizer, key, API, body);
}

static int setup(void **state)
{
	(void)state;
	back_end_start(&back_end, answer);
	close(listen_on_loopback(&closed_port));
	gateway_start(&gateway);
	estate_begin(&gateway.estate);
	estate_put(&gateway.estate, STORE_restapi, API, NULL, estate_rest_api(API, "{\"no policy\": 1}"));
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		put_resource(resources[i].id, resources[i].path, resources[i].methods);
	put_authorizer("token", "{\"type\":\"TOKEN\",\"identitySource\":\"method.request.header.Auth\","
				"\"identityValidationExpression\":\"Bearer [a-z]+\"}");
	put_authorizer("request", "{\"type\":\"REQUEST\",\"identitySource\":\"method.request.header.A, "
				  "method.request.querystring.q,stageVariables.v,context.extra\"}");
	put_authorizer("always", "{\"type\":\"REQUEST\",\"identitySource\":\"method.request.header.A\","
				 "\"authorizerResultTtlInSeconds\":0}");
	put_authorizer("pool", "{\"type\":\"COGNITO_USER_POOLS\",\"identitySource\":\"method.request.header.Auth\","
			       "\"identityValidationExpression\":\"aud\"}");
	estate_commit(&gateway.estate);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gateway_stop(&gateway);
	return 0;
}

/* ---- running a test on the worker's thread ---- */

struct run {
	struct loop_message begin, cancel;
	struct test_invoke test;
	struct test_invoke_input input;
	struct draft draft;
	struct buffer message;
	struct arena arena;
	struct invoke_answer answer;
	sem_t done, begun;
};

static void on_done(struct test_invoke *test)
{
	struct run *run = CONTAINER_OF(test, struct run, test);

	test_invoke_write(test, &run->message);
	test_invoke_close(test);
	sem_post(&run->done);
}

static void on_begin(struct loop_message *message)
{
	struct run *run = CONTAINER_OF(message, struct run, begin);

	test_invoke_begin(&run->test, &run->input);
	sem_post(&run->begun);
}

static void on_cancel(struct loop_message *message)
{
	test_invoke_cancel(&CONTAINER_OF(message, struct run, cancel)->test);
}

static struct run *run_begin(const struct invoke_question *question)
{
	struct run *run = calloc(1, sizeof *run);
	char reason[CHECK_MESSAGE_MAX_BYTES];

	assert_non_null(run);
	sem_init(&run->done, 0, 0);
	sem_init(&run->begun, 0, 0);
	arena_init(&run->arena, NULL, 32 << 20);
	buffer_init(&run->message, INVOKE_MESSAGE_MAX_BYTES);
	if (draft_build(&run->draft, &gateway.compile, gateway.reader, question, reason))
		fail_msg("%s", reason);
	run->input = (struct test_invoke_input){
		.worker = &gateway.worker, .question = question, .draft = &run->draft, .done = on_done
	};
	loop_post(gateway.loop, &run->begin, on_begin);
	return run;
}

static void run_wait(struct run *run)
{
	sem_wait(&run->done);
	sem_wait(&run->begun);
	assert_int_equal(0, invoke_read_answer(&run->answer, buffer_view(&run->message), &run->arena));
}

static struct run *run_of(const struct invoke_question *question)
{
	struct run *run = run_begin(question);

	run_wait(run);
	return run;
}

static void run_free(struct run *run)
{
	draft_fini(&run->draft);
	arena_fini(&run->arena);
	buffer_fini(&run->message);
	free(run);
}

static struct invoke_question question_of(const char *resource, const char *method)
{
	return (struct invoke_question){ .kind = INVOKE_METHOD,
		.rest_api_id = view_of(API),
		.part_id = view_from_text(resource),
		.http_method = view_from_text(method) };
}

/* ---- looking at a log ---- */

/* The log with times, ids, ports and latencies made the same everywhere. */
static const char *masked(struct run *run)
{
	struct view rest = run->answer.log, line;
	static char text[65536];
	struct buffer out;

	buffer_init_fixed(&out, text, sizeof text - 1);
	while (view_split(&rest, '\n', &line) && rest.at) {
		size_t at = view_find(line, view_of(" UTC 2"));

		if (at == 19 && view_starts_with(view_after(line, 28), view_of(" : ")))
			line = view_after(line, 31);
		for (size_t i = 0; i < line.count;) {
			if (line.count - i >= 36 && request_id_is_uuid(view_part(line, i, 36))) {
				buffer_append_text(&out, "ID");
				i += 36;
			} else if (view_starts_with(view_after(line, i), view_of("127.0.0.1:"))) {
				buffer_append_text(&out, "BACKEND");
				for (i += 10; i < line.count && isdigit((unsigned char)line.at[i]);)
					i++;
			} else if (view_starts_with(view_after(line, i), view_of("X-Amzn-Trace-Id="))) {
				buffer_append_text(&out, "TRACE");
				while (i < line.count && line.at[i] != ',' && line.at[i] != '}')
					i++;
			} else if (view_starts_with(view_after(line, i), view_of("latency: "))) {
				buffer_append_text(&out, "latency: N");
				for (i += 9; i < line.count && isdigit((unsigned char)line.at[i]);)
					i++;
			} else {
				buffer_append_byte(&out, line.at[i++]);
			}
		}
		buffer_append_byte(&out, '\n');
	}
	text[out.count] = '\0';
	return text;
}

static const char *field(const struct run *run, const char *name)
{
	static char value[1024];

	for (size_t i = 0; i < run->answer.fields.count; i++) {
		if (!view_equals_text(run->answer.fields.at[i].name, name))
			continue;
		snprintf(value, sizeof value, VIEW_FMT, VIEW_ARG(run->answer.fields.at[i].value));
		return value;
	}
	return NULL;
}

static void assert_body(const struct run *run, const char *text)
{
	assert_true(view_equals_text(run->answer.body, text));
}

#define BEGINNING(verb, path, parameters, query, fields, body)                                                         \
	"Execution log for request ID\nStarting execution for request: ID\nHTTP Method: " verb                         \
	", Resource Path: " path "\nMethod request path: " parameters "\nMethod request query string: " query          \
	"\nMethod request headers: " fields "\nMethod request body before transformations: " body "\n"

/* ---- tests ---- */

static void a_mock_has_eleven_lines(void **state)
{
	static const struct invoke_pair fields[] = { { VIEW_INIT("a"), VIEW_INIT("1") },
		{ VIEW_INIT("b"), VIEW_INIT("2") }, { VIEW_INIT("a"), VIEW_INIT("3") },
		{ VIEW_INIT("Authorization"), VIEW_INIT("Bearer secret-1") } };
	static const struct invoke_pair variables[] = { { VIEW_INIT("v"), VIEW_INIT("var") } };
	struct invoke_question question = question_of("mock", "GET");
	struct run *run;

	(void)state;
	question.has_path = 1;
	question.path = view_of("/pets/123?foo=bar&x=%41+b&foo=2");
	question.fields = (struct invoke_pairs){ fields, 4 };
	question.variables = (struct invoke_pairs){ variables, 1 };
	run = run_of(&question);
	assert_int_equal(INVOKE_RAN, run->answer.outcome);
	assert_int_equal(200, run->answer.status);
	assert_body(run, "{\"mock\": true}");
	assert_string_equal("test-invoke-stage", field(run, "X-Stage"));
	assert_string_equal("test-invoke-source-ip", field(run, "X-Ip"));
	assert_string_equal("var", field(run, "X-Var"));
	assert_string_equal("application/json", field(run, "Content-Type"));
	assert_null(field(run, "x-amzn-RequestId"));
	assert_string_equal(BEGINNING("GET", "/pets/123", "{petId=123}", "{foo=bar,2, x=A b}",
				    "{a=1,3, b=2, Authorization=*********cret-1}",
				    "") "Method response body after transformations: "
					"{\"mock\": true}\n"
					"Method response headers: {X-Id=i, "
					"X-Stage=test-invoke-stage, "
					"X-Ip=test-invoke-source-ip, "
					"X-Var=var, "
					"Content-Type=application/json}\n"
					"Successfully completed execution\n"
					"Method completed with status: 200\n",
		masked(run));
	run_free(run);
}

static void without_a_path_the_template_is_taken(void **state)
{
	struct invoke_question question = question_of("mock", "GET");
	struct run *run = run_of(&question);

	(void)state;
	assert_non_null(strstr(masked(run), "Resource Path: /pets/{petId}\nMethod request path: {petId={petId}}\n"));
	run_free(run);
}

static void a_path_of_another_resource_has_no_parameters(void **state)
{
	struct invoke_question question = question_of("mock", "GET");
	struct run *run;

	(void)state;
	question.has_path = 1;
	question.path = view_of("else where");
	run = run_of(&question);
	assert_int_equal(200, run->answer.status);
	assert_non_null(strstr(masked(run), "Resource Path: /else%20where\nMethod request path: {}\n"));
	run_free(run);
}

static void a_call_is_logged_with_both_sides(void **state)
{
	static const struct invoke_pair fields[] = { { VIEW_INIT("Content-Type"), VIEW_INIT("text/plain") },
		{ VIEW_INIT("Content-Length"), VIEW_INIT("7777") },
		{ VIEW_INIT("Authorization"), VIEW_INIT("very secret") } };
	struct invoke_question question = question_of("http", "POST");
	struct run *run;

	(void)state;
	question.has_path = 1;
	question.path = view_of("/http/7");
	question.body = view_of("two\nlines");
	question.fields = (struct invoke_pairs){ fields, 3 };
	run = run_of(&question);
	assert_int_equal(200, run->answer.status);
	assert_body(run, "hi\xef\xbf\xbd\n");
	assert_string_equal("yes", field(run, "X-Own"));
	assert_string_equal(
		BEGINNING("POST", "/http/7", "{id=7}", "{}", "{Content-Type=text/plain, Authorization=*****secret}",
			"two\nlines") "Endpoint request URI: http://BACKEND/echo?id=7\n"
				      "Endpoint request headers: {Authorization=*****secret, Host=BACKEND, "
				      "Content-Type=text/plain, "
				      "Accept=application/json, User-Agent=AmazonAPIGateway_" API
				      ", X-Amzn-Apigateway-Api-Id=" API ", TRACE}\n"
				      "Endpoint request body after transformations: two\nlines\n"
				      "Sending request to http://BACKEND/echo?id=7\n"
				      "Received response. Status: 200, Integration latency: N ms\n"
				      "Endpoint response headers: {Content-Length=4, Content-Type=text/plain, "
				      "X-Own=yes}\n"
				      "Endpoint response body before transformations: hi\xef\xbf\xbd\n\n"
				      "Method response body after transformations: hi\xef\xbf\xbd\n\n"
				      "Method response headers: {TRACE, X-Own=yes, Content-Type=application/json}\n"
				      "Successfully completed execution\n"
				      "Method completed with status: 200\n",
		masked(run));
	assert_non_null(strstr(back_end.last, "\r\nContent-Length: 9\r\n"));
	run_free(run);
}

static void a_proxy_is_collected_and_logged(void **state)
{
	struct invoke_question question = question_of("proxy", "PUT");
	struct run *run;

	(void)state;
	question.has_path = 1;
	question.path = view_of("/proxy/a/b?x=1");
	question.body = view_of("\xff\x01");
	run = run_of(&question);
	assert_int_equal(200, run->answer.status);
	assert_body(run, "hi\xef\xbf\xbd\n");
	assert_string_equal("yes", field(run, "X-Own"));
	assert_non_null(strstr(masked(run), "Method request path: {rest=a/b}\n"));
	assert_non_null(strstr(masked(run), "Endpoint request URI: http://BACKEND/echo?x=1\n"));
	assert_non_null(strstr(masked(run),
		"Method response headers: {x-amzn-Remapped-Content-Length=4, Content-Type=text/plain, X-Own=yes}\n"));
	assert_non_null(strstr(back_end.last, "PUT /echo?x=1 "));
	assert_non_null(strstr(back_end.last, "\xff\x01"));
	run_free(run);
}

static void any_itself_goes_as_get(void **state)
{
	struct invoke_question question = question_of("proxy", "ANY");
	struct run *run = run_of(&question);

	(void)state;
	assert_int_equal(200, run->answer.status);
	assert_non_null(strstr(back_end.last, "GET /echo"));
	run_free(run);
}

static void failures_are_said_in_words_of_aws(void **state)
{
	static const struct {
		const char *resource, *method, *line, *body;
		int status;
	} cases[] = {
		{ "miss", "GET",
			"Execution failed due to configuration error: No match for output mapping and no default "
			"output "
			"mapping configured. Endpoint Response Status Code: 404\n",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "shut", "GET", "Execution failed due to a network error communicating with endpoint\n",
			"{\"message\": \"Network error communicating with endpoint\"}", 504 },
		{ "name", "GET", "Execution failed due to configuration error: Invalid endpoint address\n",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "slow", "GET", "Execution failed due to a timeout error\n",
			"{\"message\": \"Endpoint request timed out\"}", 504 },
		{ "long", "GET", "Execution failed due to configuration error: the back end's answer is over 10 MB\n",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "head", "GET", "Execution failed due to configuration error: Content-Length header already present\n",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "aws", "GET",
			"Execution failed due to configuration error: there is no endpoint for the AWS service "
			"'lambda'",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "bare", "GET", "Execution failed due to configuration error: the method has no integration\n",
			"{\"message\": \"Internal server error\"}", 500 },
		{ "never", "POST", "Method request body before transformations: \nMethod completed with status: 415\n",
			"{\"message\": \"Unsupported Media Type\"}", 415 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct invoke_question question = question_of(cases[i].resource, cases[i].method);
		struct run *run = run_of(&question);
		char status[64];

		assert_int_equal(cases[i].status, run->answer.status);
		assert_body(run, cases[i].body);
		if (!strstr(masked(run), cases[i].line))
			fail_msg("%s: %s", cases[i].resource, masked(run));
		snprintf(status, sizeof status, "\nMethod completed with status: %d\n", cases[i].status);
		assert_non_null(strstr(masked(run), status));
		assert_null(strstr(masked(run), "Successfully"));
		assert_non_null(field(run, "x-amzn-ErrorType"));
		assert_int_equal(1, run->answer.fields.count);
		run_free(run);
	}
}

static void long_lines_are_cut(void **state)
{
	static char body[4096];
	struct invoke_question question = question_of("mock", "GET");
	static const char prefix[] = "Method request body before transformations: ";
	const char *line, *end;
	struct run *run;

	(void)state;
	/* The cut falls into the second byte of a character. */
	memset(body, 'x', sizeof body);
	for (size_t i = 1023 - strlen(prefix); i + 1 < sizeof body; i += 2)
		memcpy(body + i, "\xc3\xa9", 2);
	question.body = view_from(body, sizeof body - 1);
	run = run_of(&question);
	line = strstr(masked(run), prefix);
	assert_non_null(line);
	end = strchr(line, '\n');
	assert_int_equal(1023 + strlen(" [TRUNCATED]"), end - line);
	assert_memory_equal(end - 12, " [TRUNCATED]", 12);
	run_free(run);
}

static void a_cancelled_test_ends(void **state)
{
	struct invoke_question question = question_of("wait", "GET");
	unsigned before = back_end.connections;
	struct run *run = run_begin(&question);

	(void)state;
	while (back_end.connections == before)
		sched_yield();
	loop_post(gateway.loop, &run->cancel, on_cancel);
	run_wait(run);
	assert_int_equal(INVOKE_UNAVAILABLE, run->answer.outcome);
	sem_post(&back_end.go);
	run_free(run);
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct invoke_pair fields[] = { { VIEW_INIT("X"), VIEW_INIT("a\nb") } };
	struct invoke_question question = question_of("mock", "GET");
	struct run *run;

	(void)state;
	question.fields = (struct invoke_pairs){ fields, 1 };
	run = run_of(&question);
	assert_int_equal(INVOKE_REFUSED, run->answer.outcome);
	assert_true(view_equals_text(run->answer.message, "A header of the request is malformed"));
	run_free(run);
}

static void what_is_not_there_is_not_found(void **state)
{
	static const struct {
		const char *api, *part, *method;
		enum invoke_kind kind;
	} cases[] = {
		{ "none", "mock", "GET", INVOKE_METHOD },
		{ API, "none", "GET", INVOKE_METHOD },
		{ API, "mock", "POST", INVOKE_METHOD },
		{ API, "mock", "ANY", INVOKE_METHOD },
		{ API, "mock", "TRACE", INVOKE_METHOD },
		{ API, "none", "", INVOKE_AUTHORIZER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct invoke_question question = question_of(cases[i].part, cases[i].method);
		char reason[CHECK_MESSAGE_MAX_BYTES];
		struct draft draft;

		question.kind = cases[i].kind;
		question.rest_api_id = view_from_text(cases[i].api);
		assert_int_equal(-ENOENT, draft_build(&draft, &gateway.compile, gateway.reader, &question, reason));
		draft_fini(&draft);
	}
}

static void an_authorizer_is_asked_only_with_an_identity(void **state)
{
	static const struct invoke_pair none[1], good[] = { { VIEW_INIT("auth"), VIEW_INIT("Bearer abc") } },
						 bad[] = { { VIEW_INIT("auth"), VIEW_INIT("Bearer 123") } },
						 a[] = { { VIEW_INIT("A"), VIEW_INIT("1") } },
						 v[] = { { VIEW_INIT("v"), VIEW_INIT("1") } },
						 extra[] = { { VIEW_INIT("extra"), VIEW_INIT("1") } };
	static const struct {
		const char *id, *path;
		const struct invoke_pair *field, *variable, *context;
		int status;
	} cases[] = {
		{ "token", "/", none, none, none, 401 },
		{ "token", "/", bad, none, none, 401 },
		{ "token", "/", good, none, none, 500 },
		{ "request", "/?q=1", a, v, extra, 500 },
		{ "request", "/?q=", a, v, extra, 401 },
		{ "request", "/?q=1", none, v, extra, 401 },
		{ "request", "/?q=1", a, none, extra, 401 },
		{ "request", "/?q=1", a, v, none, 401 },
		{ "always", "/", none, none, none, 500 },
		{ "pool", "/", none, none, none, 401 },
		{ "pool", "/", good, none, none, 500 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct invoke_question question = question_of(cases[i].id, "");
		char expected[256];
		struct run *run;

		question.kind = INVOKE_AUTHORIZER;
		question.has_path = 1;
		question.path = view_from_text(cases[i].path);
		question.fields = (struct invoke_pairs){ cases[i].field, cases[i].field->name.count != 0 };
		question.variables = (struct invoke_pairs){ cases[i].variable, cases[i].variable->name.count != 0 };
		question.context = (struct invoke_pairs){ cases[i].context, cases[i].context->name.count != 0 };
		run = run_of(&question);
		if ((int)run->answer.status != cases[i].status)
			fail_msg("%zu: %u", i, run->answer.status);
		snprintf(expected, sizeof expected,
			"Execution log for request ID\nStarting authorizer: %s for request: ID\n%s\n", cases[i].id,
			cases[i].status == 401        ? "Unauthorized request: ID"
			: strcmp(cases[i].id, "pool") ? "Execution failed due to configuration error: Lambda "
							"authorizers are not called by this "
							"version"
						      : "Execution failed due to configuration error: Amazon Cognito "
							"user pools are not asked by this "
							"version");
		assert_string_equal(expected, masked(run));
		run_free(run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mock_has_eleven_lines),
		cmocka_unit_test(without_a_path_the_template_is_taken),
		cmocka_unit_test(a_path_of_another_resource_has_no_parameters),
		cmocka_unit_test(a_call_is_logged_with_both_sides),
		cmocka_unit_test(a_proxy_is_collected_and_logged),
		cmocka_unit_test(any_itself_goes_as_get),
		cmocka_unit_test(failures_are_said_in_words_of_aws),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_cancelled_test_ends),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(an_authorizer_is_asked_only_with_an_identity),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
