/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/: requests through a real server, with a real back end: what is served, what is refused and how. */
#include "tests/unit/pipeline/gateway.h"

#define API "a1b2c3d4e5"
#define ARN "arn:aws:execute-api:us-east-1:********9012:" API

static struct gateway gateway;
static struct back_end back_end;

/* ---- the back end's answers, by path ---- */

static bool answer(struct back_end *self, int fd, const char *request)
{
	if (strstr(request, " /echo"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nX-Own: "
			      "yes\r\nServer: nginx\r\n"
			      "Connection: keep-alive\r\n\r\nhi");
	else if (strstr(request, " /headed"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	else if (strstr(request, " /same"))
		send_text(fd, "HTTP/1.1 304 Not Modified\r\nETag: e\r\n\r\n");
	else if (strstr(request, " /teapot"))
		send_text(fd,
			"HTTP/1.1 418 Teapot\r\nTransfer-Encoding: chunked\r\nX-Code: E1\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	else if (strstr(request, " /halves")) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
		sem_wait(&self->go);
		send_text(fd, "rest");
	} else if (strstr(request, " /broken")) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		return false;
	} else if (strstr(request, " /slow")) {
		sem_wait(&self->go);
		return false;
	} else if (strstr(request, " /bytes"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\na\xff"
			      "b");
	else
		send_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	return true;
}

/* ---- what is deployed: data/resources.json ---- */

static uint16_t closed_port; /* where nobody listens */

/* The text with each `word` replaced by the number. The old text is freed. */
static char *replace(char *text, const char *word, uint16_t number)
{
	const char *rest = text;
	struct buffer buffer;
	char *taken;

	buffer_init(&buffer, 1 << 20);
	for (const char *at; (at = strstr(rest, word)) != NULL; rest = at + strlen(word)) {
		buffer_append_bytes(&buffer, rest, (size_t)(at - rest));
		buffer_append_u64(&buffer, number);
	}
	buffer_append_text(&buffer, rest);
	taken = buffer_take(&buffer, NULL);
	assert_non_null(taken);
	free(text);
	return taken;
}

/* Deploy the resources under a new id, with `policy` (NULL: none) and more members of the definition (NULL: none). */
static void deploy(const char *policy, const char *more)
{
	static unsigned count;
	struct json *definition = estate_json(more ? more : "{}");
	char *text = whole_file("tests/unit/pipeline/data/resources.json", NULL), id[32];

	text = replace(text, "PORT", back_end.port);
	text = replace(text, "CLOSED", closed_port);
	json_set(definition, "resources", estate_json(text));
	free(text);
	text = json_print_text(definition);
	snprintf(id, sizeof id, "dep%u", count++);
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate, NULL);
	estate_put(&gateway.estate, STORE_restapi, API, NULL, estate_rest_api(API, policy));
	estate_put_deployment(&gateway.estate, API, id, policy, text, NULL);
	estate_put_stage(&gateway.estate, API, "prod", id, "{\"variables\":{\"v\":\"var\",\"path\":\"echo\"}}");
	gateway_publish(&gateway);
	free(text);
	json_free(definition);
}

static int setup(void **state)
{
	(void)state;
	back_end_start(&back_end, answer);
	close(listen_on_loopback(&closed_port));
	gateway_start(&gateway);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gateway_stop(&gateway);
	return 0;
}

/* The access log's line of the request that got this response. */
static struct json *log_of(const char *response)
{
	assert_non_null(field_of(response, "x-amzn-RequestId"));
	return gateway_log_line(&gateway, field_of(response, "x-amzn-RequestId"));
}

static bool log_says(const struct json *line, const char *member, const char *text)
{
	return view_equals_text(json_find_text(line, member), text);
}

static bool log_holds(const struct json *line, const char *member, const char *text)
{
	return view_find(json_find_text(line, member), view_from_text(text)) != VIEW_NOWHERE;
}

/* ---- tests, in this order ---- */

static void before_the_first_snapshot_the_service_is_unavailable(void **state)
{
	const char *response = client_get(&gateway, "/prod", "");

	(void)state;
	assert_int_equal(503, status_of(response));
	assert_string_equal("{\"message\":\"Service Unavailable\"}", body_of(response));
	response = client_get(&gateway, "/ping", "");
	assert_int_equal(503, status_of(response));

	deploy(ESTATE_ALLOW_ALL, NULL);
	response = client_get(&gateway, "/ping", "");
	assert_int_equal(200, status_of(response));
	assert_string_equal("healthy", body_of(response));
}

static void a_mock_answers_from_its_templates(void **state)
{
	const char *response = client_get(&gateway, "/prod", "");
	struct json *line;

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("{\"mock\": true}", body_of(response));
	assert_string_equal("application/json", field_of(response, "Content-Type"));
	assert_string_equal("s", field_of(response, "X-Static"));
	assert_string_equal("prod", field_of(response, "X-Stage"));
	assert_string_equal("var", field_of(response, "X-Var"));
	assert_string_equal("d", field_of(response, "x-amzn-Remapped-Date"));
	assert_int_equal(36, strlen(field_of(response, "x-amzn-RequestId")));
	assert_int_equal(16, strlen(field_of(response, "x-amz-apigw-id")));
	assert_null(field_of(response, "X-Amzn-Trace-Id"));
	assert_null(field_of(response, "x-amzn-ErrorType"));

	line = log_of(response);
	assert_true(log_says(line, "requestId", field_of(response, "x-amzn-RequestId")));
	assert_true(log_says(line, "apiId", API));
	assert_true(log_says(line, "stage", "prod"));
	assert_true(log_says(line, "resourcePath", "/"));
	assert_true(log_says(line, "sourceIp", "127.0.0.1"));
	assert_true(log_says(line, "vpceId", ESTATE_VPCE));
	assert_int_equal(200, json_find_integer(line, "status", 0));
	json_free(line);
}

static void a_mock_s_status_selects_the_response(void **state)
{
	const char *response = client_get(&gateway, "/prod/mock4", "");
	struct json *line;

	(void)state;
	assert_int_equal(422, status_of(response));
	assert_string_equal("", body_of(response));
	response = client_get(&gateway, "/prod/mock5", "");
	assert_int_equal(500, status_of(response));
	assert_string_equal("{\"message\": \"Internal server error\"}", body_of(response));
	assert_string_equal("InternalServerErrorException", field_of(response, "x-amzn-ErrorType"));
	line = log_of(response);
	assert_true(log_says(line, "errorType", "API_CONFIGURATION_ERROR"));
	assert_true(json_find_text(line, "reason").count > 0);
	json_free(line);
	response = client_get(&gateway, "/prod/never", "");
	assert_int_equal(415, status_of(response));
	assert_string_equal("{\"message\": \"Unsupported Media Type\"}", body_of(response));
	assert_string_equal("BadRequestException", field_of(response, "x-amzn-ErrorType"));
	response =
		client_ask(&gateway, "POST /prod/pass HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n"
				     "Content-Length: 20\r\n\r\n{\"statusCode\": 200 }");
	assert_int_equal(200, status_of(response));
}

static void what_is_no_api_is_forbidden(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n",
		"GET /nosuch/pets HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n",
		"GET /prod HTTP/1.1\r\nHost: " ESTATE_VPCE "-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com\r\n\r\n",
		"GET /prod HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		const char *response = client_ask(&gateway, requests[i]);
		struct json *line = log_of(response);

		assert_int_equal(403, status_of(response));
		assert_string_equal("{\"message\":\"Forbidden\"}", body_of(response));
		assert_string_equal("ForbiddenException", field_of(response, "x-amzn-ErrorType"));
		assert_string_equal("application/json", field_of(response, "Content-Type"));
		assert_true(json_find_text(line, "reason").count > 0);
		json_free(line);
	}
}

static void every_form_of_address_is_served(void **state)
{
	static const char *const requests[] = {
		"GET /prod HTTP/1.1\r\nHost: " API "-" ESTATE_VPCE ".execute-api.us-east-1.amazonaws.com\r\n\r\n",
		"GET /prod HTTP/1.1\r\nHost: " ESTATE_VPCE
		"-abcdefgh.execute-api.us-east-1.vpce.amazonaws.com\r\nx-apigw-api-id: " API "\r\n\r\n",
		"GET /prod HTTP/1.1\r\nHost: localhost\r\nX-APIGW-API-ID: " API "\r\n\r\n",
		"GET //prod// HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com:8443\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		assert_int_equal(200, status_of(client_ask(&gateway, requests[i])));
	}
}

static void an_unknown_route_lacks_a_token(void **state)
{
	const char *response = client_get(&gateway, "/prod/nosuch", "");

	(void)state;
	assert_int_equal(403, status_of(response));
	assert_string_equal("{\"message\":\"Missing Authentication Token\"}", body_of(response));
	assert_string_equal("MissingAuthenticationTokenException", field_of(response, "x-amzn-ErrorType"));
	assert_string_equal("42", field_of(response, "Content-Length"));
	response = client_get(&gateway, "/prod/nosuch", "Authorization: Bearer x\r\n");
	assert_int_equal(403, status_of(response));
	assert_string_equal("{\"message\":\"Invalid key=value pair (missing equal-sign) in Authorization header "
			    "(hashed with SHA-256 and "
			    "encoded with Base64): 'uTem/WB082UJMN2ajD6lH6UChGpTAddMJSx2iu923No='.\"}",
		body_of(response));
	assert_string_equal("IncompleteSignatureException", field_of(response, "x-amzn-ErrorType"));
}

static void what_can_t_be_enforced_is_never_served(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *response = client_get(&gateway, i ? "/prod/key" : "/prod/iam", "");
		struct json *line = log_of(response);

		assert_int_equal(500, status_of(response));
		assert_string_equal("{\"message\": \"Internal server error\"}", body_of(response));
		assert_string_equal("36", field_of(response, "Content-Length"));
		assert_true(log_holds(line, "reason", "not enforced"));
		json_free(line);
	}
}

static void a_proxy_streams_both_ways(void **state)
{
	const char *response =
		client_get(&gateway, "/prod/proxy/echo/a%2Fb?x=1", "X-Mine: 1\r\nAccept: text/plain\r\n");
	struct json *line;
	int fd;

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("hi", body_of(response));
	assert_string_equal("text/plain", field_of(response, "Content-Type"));
	assert_string_equal("yes", field_of(response, "X-Own"));
	assert_string_equal("nginx", field_of(response, "x-amzn-Remapped-Server"));
	assert_int_equal(36, strlen(field_of(response, "x-amzn-RequestId")));
	assert_ptr_equal(back_end.last, strstr(back_end.last, "GET /echo/a%2Fb?x=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nX-Mine: 1\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nX-Stage: prod\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nX-Amzn-Apigateway-Api-Id: " API "\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nX-Amzn-Trace-Id: Root=1-"));
	line = log_of(response);
	assert_int_equal(200, json_find_integer(line, "integrationStatus", 0));
	assert_true(json_find_integer(line, "integrationLatencyUs", -1) >= 0);
	json_free(line);

	response = client_ask(&gateway,
		"POST /prod/proxy/teapot HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	assert_int_equal(418, status_of(response));
	assert_non_null(strstr(body_of(response), "abc"));
	assert_non_null(strstr(back_end.last, "abc"));

	/* The second half leaves the back end only after the client has the first. */
	fd = client_connect(&gateway);
	send_text(fd, "GET /prod/proxy/halves HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n");
	client_wait_for(fd, "\r\n\r\nhalf");
	sem_post(&back_end.go);
	client_wait_for(fd, "rest");
	close(fd);
}

static void connections_live_on_between_requests(void **state)
{
	int fd = client_connect(&gateway);
	unsigned before = back_end.connections;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		send_text(fd,
			"GET /prod/proxy/echo HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n");
		assert_int_equal(200, status_of(client_read(fd)));
	}
	close(fd);
	assert_true(back_end.connections - before <= 1);
}

static void http_is_mapped_and_its_answer_selected(void **state)
{
	const char *response =
		client_ask(&gateway, "POST /prod/http/7?q=a&q=b%20c&absent= HTTP/1.1\r\nHost: " API
				     ".execute-api.us-east-1.amazonaws.com\r\n"
				     "Content-Type: text/plain\r\nX-Hidden: 1\r\nContent-Length: 3\r\n\r\na\xff"
				     "b");

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("hi", body_of(response));
	assert_string_equal("application/json", field_of(response, "Content-Type"));
	assert_string_equal("yes", field_of(response, "X-Own"));
	assert_string_equal("nginx", field_of(response, "x-amzn-Remapped-Server"));
	assert_non_null(field_of(response, "X-Amzn-Trace-Id"));
	assert_ptr_equal(back_end.last, strstr(back_end.last, "POST /echo/7?v=1&q=a&q=b%20c HTTP/1.1\r\n"));
	assert_null(strstr(back_end.last, "X-Hidden"));
	assert_null(strstr(back_end.last, "X-Absent"));
	assert_non_null(strstr(back_end.last, "\r\nX-Src: prod\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(back_end.last, "\r\nUser-Agent: AmazonAPIGateway_" API "\r\n"));
	assert_string_equal("a\xef\xbf\xbd"
			    "b",
		body_of(back_end.last));
}

static void parameters_are_found_by_their_decoded_names(void **state)
{
	static char request[9000];
	const char *at;
	size_t count, mapped = 0;

	(void)state;
	assert_int_equal(200,
		status_of(client_ask(&gateway, "POST /prod/http/7?%71=a&q&%7=x&%2571=y&Q=z&q=b&=&%71+=w HTTP/1.1\r\n"
					       "Host: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n")));
	assert_ptr_equal(back_end.last, strstr(back_end.last, "POST /echo/7?v=1&q=a&q=b HTTP/1.1\r\n"));
	/* As many as a URL holds cost no more than a look at each. */
	count = (size_t)sprintf(request, "POST /prod/http/7?");
	while (count < 8000)
		count += (size_t)sprintf(request + count, "%%71=%%61&");
	sprintf(request + count, "q HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n");
	assert_int_equal(200, status_of(client_ask(&gateway, request)));
	for (at = back_end.last; (at = strstr(at, "&q=a")) != NULL; at++)
		mapped++;
	assert_int_equal(64, mapped);
}

static void the_status_selects_the_response_and_text_is_text(void **state)
{
	const char *response = client_get(&gateway, "/prod/teapot", "");

	(void)state;
	assert_int_equal(422, status_of(response));
	assert_string_equal("E1", field_of(response, "X-Code"));
	assert_string_equal("abc", body_of(response));
	response = client_get(&gateway, "/prod/bytes", "");
	assert_string_equal("a\xef\xbf\xbd"
			    "b",
		body_of(response));
}

static void a_back_end_that_fails_is_a_504(void **state)
{
	const char *response = client_get(&gateway, "/prod/nobody", "");
	struct json *line = log_of(response);

	(void)state;
	assert_int_equal(504, status_of(response));
	assert_string_equal("{\"message\": \"Network error communicating with endpoint\"}", body_of(response));
	assert_string_equal("InternalServerErrorException", field_of(response, "x-amzn-ErrorType"));
	assert_true(log_says(line, "errorType", "INTEGRATION_FAILURE"));
	assert_true(json_find_text(line, "integrationError").count > 0);
	json_free(line);

	response = client_get(&gateway, "/prod/slow", "");
	assert_int_equal(504, status_of(response));
	assert_string_equal("{\"message\": \"Endpoint request timed out\"}", body_of(response));
	sem_post(&back_end.go);

	/* Port 1 is none that an integration may use. */
	response = client_get(&gateway, "/prod/port1", "");
	assert_int_equal(500, status_of(response));

	/* An answer that breaks off is cut off, so that half of it never looks whole. */
	response = client_get(&gateway, "/prod/proxy/broken", "");
	assert_string_equal("half", body_of(response));
	line = log_of(response);
	assert_true(log_holds(line, "reason", "broke off"));
	json_free(line);
}

static void denials_have_aws_s_words_and_the_log_has_the_statement(void **state)
{
	const char *response;
	struct json *line;

	(void)state;
	deploy("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
	       "\"execute-api:Invoke\","
	       "\"Resource\":\"*\"},{\"Sid\":\"OnlyLeft\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"execute-"
	       "api:Invoke\","
	       "\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":{\"aws:VpcSourceIp\":\"10.20.0.0/26\"}}}]}",
		NULL);
	response = client_get(&gateway, "/prod/mock4", "");
	assert_int_equal(403, status_of(response));
	assert_string_equal(
		"{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: " ARN
		"/prod/GET/mock4 with an explicit deny in a resource-based policy\"}",
		body_of(response));
	assert_string_equal("AccessDeniedException", field_of(response, "x-amzn-ErrorType"));
	line = log_of(response);
	assert_true(log_says(line, "errorType", "ACCESS_DENIED"));
	assert_true(log_says(line, "deniedBy", "resource"));
	assert_true(log_says(line, "deniedSid", "OnlyLeft"));
	assert_int_equal(1, json_find_integer(line, "deniedStatement", -1));
	json_free(line);

	deploy("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
	       "\"execute-api:Invoke\","
	       "\"Resource\":\"execute-api:/prod/GET/mock4\"}]}",
		NULL);
	assert_int_equal(422, status_of(client_get(&gateway, "/prod/mock4", "")));
	response = client_get(&gateway, "/prod", "");
	assert_string_equal(
		"{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: " ARN
		"/prod/GET/ because no resource-based policy allows the execute-api:Invoke action\"}",
		body_of(response));

	/* A private API without a policy is nobody's. */
	deploy(NULL, NULL);
	assert_int_equal(403, status_of(client_get(&gateway, "/prod/mock4", "")));
	deploy(ESTATE_ALLOW_ALL, NULL);
}

static void the_endpoint_s_policy_is_asked_first(void **state)
{
	const char *response;
	struct json *line;

	(void)state;
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate,
		"{\"Statement\":[{\"Sid\":\"Pets\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
		"\"Resource\":\"arn:aws:execute-api:us-east-1:123456789012:other/*\"}]}");
	gateway_publish(&gateway);
	response = client_get(&gateway, "/prod/nosuch", "Authorization: Bearer token\r\n");
	assert_int_equal(403, status_of(response));
	assert_non_null(
		strstr(body_of(response), " because no VPC endpoint policy allows the execute-api:Invoke action\"}"));
	line = log_of(response);
	assert_true(log_says(line, "deniedBy", "endpoint"));
	json_free(line);
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate, NULL);
	gateway_publish(&gateway);
	assert_int_equal(200, status_of(client_get(&gateway, "/prod", "")));
}

static void gateway_responses_are_customised(void **state)
{
	const char *response;

	(void)state;
	deploy(ESTATE_ALLOW_ALL, "{\"gatewayResponses\":[{\"responseType\":\"MISSING_AUTHENTICATION_TOKEN\","
				 "\"statusCode\":\"404\",\"responseParameters\":"
				 "{\"gatewayresponse.header.x-request-query\":\"method.request.querystring.q\","
				 "\"gatewayresponse.header.x-absent\":"
				 "\"method.request.header.Absent\"},\"responseTemplates\":{\"application/"
				 "json\":\"{\\\"message\\\":$context.error."
				 "messageString,\\\"type\\\":\\\"$context.error.responseType\\\",\\\"stage\\\":\\\"$"
				 "context.stage\\\"}\"}},"
				 "{\"responseType\":\"DEFAULT_5XX\",\"statusCode\":\"599\"}]}");
	response = client_get(&gateway, "/prod/none?q=5", "");
	assert_int_equal(404, status_of(response));
	assert_string_equal("5", field_of(response, "x-request-query"));
	assert_null(field_of(response, "x-absent"));
	assert_string_equal("{\"message\":\"Missing Authentication "
			    "Token\",\"type\":\"MISSING_AUTHENTICATION_TOKEN\",\"stage\":\"prod\"}",
		body_of(response));
	response = client_get(&gateway, "/prod/iam", "");
	assert_int_equal(599, status_of(response));
	assert_string_equal("{\"message\": \"Internal server error\"}", body_of(response));
	/* What is no API has no customisation. */
	assert_int_equal(403, status_of(client_get(&gateway, "/nosuch", "")));
	deploy(ESTATE_ALLOW_ALL, NULL);
}

static void a_custom_domain_maps_to_the_stage(void **state)
{
	static const char request[] = "GET /shop/mock4 HTTP/1.1\r\nHost: api.pets.internal\r\n\r\n";
	const char *response;
	struct json *line;

	(void)state;
	estate_begin(&gateway.estate);
	estate_put(&gateway.estate, STORE_domainname, "api.pets.internal+abcd1234", NULL,
		estate_json("{\"domainName\":\"api.pets.internal\",\"domainNameId\":\"abcd1234\","
			    "\"endpointConfiguration\":{\"types\":"
			    "[\"PRIVATE\"]}}"));
	estate_put(&gateway.estate, STORE_domainaccess, "arn:access:1", "api.pets.internal+abcd1234",
		estate_json("{\"accessAssociationSource\":\"" ESTATE_VPCE "\"}"));
	estate_put(&gateway.estate, STORE_basepathmapping, "d/shop", "api.pets.internal+abcd1234",
		estate_json("{\"basePath\":\"shop\",\"restApiId\":\"" API "\",\"stage\":\"prod\"}"));
	gateway_publish(&gateway);
	/* A domain without a policy lets nobody in. */
	response = client_ask(&gateway, request);
	assert_int_equal(403, status_of(response));
	assert_non_null(strstr(body_of(response),
		"arn:aws:execute-api:us-east-1:********9012:/domainnames/api.pets.internal+abcd1234"));
	line = log_of(response);
	assert_true(log_says(line, "deniedBy", "domain"));
	json_free(line);

	estate_begin(&gateway.estate);
	estate_put(&gateway.estate, STORE_domainname, "api.pets.internal+abcd1234", NULL,
		estate_json("{\"domainName\":\"api.pets.internal\",\"domainNameId\":\"abcd1234\","
			    "\"endpointConfiguration\":{\"types\":"
			    "[\"PRIVATE\"]},\"policy\":\"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\","
			    "\\\"Principal\\\":\\\"*\\\","
			    "\\\"Action\\\":\\\"execute-api:Invoke\\\",\\\"Resource\\\":\\\"execute-api:/*\\\"}]}\"}"));
	gateway_publish(&gateway);
	assert_int_equal(422, status_of(client_ask(&gateway, request)));

	/* The API's policy can demand the domain. */
	deploy("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\","
	       "\"Resource\":\"*\",\"Condition\":"
	       "{\"ArnEquals\":{\"execute-api:viaDomainArn\":\"arn:aws:execute-api:us-east-1:123456789012:/domainnames/"
	       "api.pets.internal+abcd1234\"}}}]}",
		NULL);
	assert_int_equal(422, status_of(client_ask(&gateway, request)));
	assert_int_equal(403, status_of(client_get(&gateway, "/prod/mock4", "")));
	deploy(ESTATE_ALLOW_ALL, NULL);
}

static void a_client_s_uuid_is_the_request_s_id(void **state)
{
	const char *response =
		client_get(&gateway, "/prod", "x-amzn-RequestId: c6af9ac6-7b61-41e6-9a41-93e8deadbeef\r\n");

	(void)state;
	assert_string_equal("c6af9ac6-7b61-41e6-9a41-93e8deadbeef", field_of(response, "x-amzn-RequestId"));
	response = client_get(&gateway, "/prod", "x-amzn-RequestId: not-a-uuid\r\n");
	assert_int_equal(36, strlen(field_of(response, "x-amzn-RequestId")));
}

static void the_method_can_be_overridden(void **state)
{
	const char *response = client_get(&gateway, "/prod/http/7", "X-HTTP-Method-Override: POST\r\n");

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_ptr_equal(back_end.last, strstr(back_end.last, "POST /echo/7?v=1 HTTP/1.1\r\n"));
}

static void a_status_that_is_no_answer_is_a_500(void **state)
{
	const char *response = client_get(&gateway, "/prod/mock1", "");
	struct json *line = log_of(response);

	(void)state;
	assert_int_equal(500, status_of(response));
	assert_string_equal("{\"message\": \"Internal server error\"}", body_of(response));
	assert_true(log_says(line, "reason", "the status is below 200"));
	json_free(line);
	deploy(ESTATE_ALLOW_ALL, "{\"gatewayResponses\":[{\"responseType\":\"DEFAULT_5XX\",\"statusCode\":\"100\"}]}");
	assert_int_equal(500, status_of(client_get(&gateway, "/prod/iam", "")));
	deploy(ESTATE_ALLOW_ALL, NULL);
}

static void answers_without_a_body_keep_their_framing(void **state)
{
	const char *response = client_get(&gateway, "/prod/headed", "");

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("0", field_of(response, "Content-Length"));
	response = client_get(&gateway, "/prod/proxy/same", "Connection: close\r\n");
	assert_int_equal(304, status_of(response));
	assert_string_equal("e", field_of(response, "ETag"));
	assert_null(field_of(response, "Content-Length"));
	assert_null(field_of(response, "Transfer-Encoding"));
	assert_string_equal("", body_of(response));
}

static void refused_messages_are_answered_and_logged(void **state)
{
	const char *response = client_ask(&gateway, "GET /prod HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	struct json *line = log_of(response);

	(void)state;
	assert_int_equal(400, status_of(response));
	assert_string_equal("{\"message\":\"Bad Request\"}", body_of(response));
	assert_true(json_find_text(line, "reason").count > 0);
	json_free(line);
}

static void an_arn_has_a_greatest_length(void **state)
{
	static char path[2000];
	const char *response;

	(void)state;
	memset(path, 'a', sizeof path - 1);
	memcpy(path, "/prod/", 6);
	response = client_get(&gateway, path, "");
	assert_int_equal(414, status_of(response));
	assert_string_equal("Request URI too long", body_of(response));
}

static void a_client_that_goes_away_leaves_nothing_behind(void **state)
{
	static const char id[] = "11111111-2222-4333-8444-555555555555";
	const struct linger reset = { .l_onoff = 1 };
	int fd = client_connect(&gateway);
	struct json *line;

	(void)state;
	send_text(fd, "GET /prod/proxy/halves HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n"
		      "x-amzn-RequestId: 11111111-2222-4333-8444-555555555555\r\n\r\n");
	client_wait_for(fd, "half");
	/* A reset: a mere end of what the client sends would be one that still listens. */
	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
	close(fd);
	line = gateway_log_line(&gateway, id);
	assert_true(log_says(line, "resourcePath", "/proxy/{rest+}"));
	assert_true(log_says(line, "reason", "the client went away"));
	json_free(line);
	sem_post(&back_end.go);
	assert_int_equal(200, status_of(client_get(&gateway, "/prod", "")));
	assert_int_equal(0, current_retire(gateway.current));
}

/* Requests over one connection until told to stop; how many, and whether all were served. */
struct load {
	_Atomic bool stop;
	unsigned served_count, other_count;
};

static void *load_run(void *argument)
{
	static const char request[] =
		"GET /prod/proxy/echo HTTP/1.1\r\nHost: " API ".execute-api.us-east-1.amazonaws.com\r\n\r\n";
	struct load *load = argument;
	int fd = client_connect(&gateway);

	while (!load->stop) {
		send_text(fd, request);
		if (status_of(client_read(fd)) == 200)
			load->served_count++;
		else
			load->other_count++;
	}
	close(fd);
	return NULL;
}

static void swaps_under_load_lose_no_request(void **state)
{
	struct load load = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(0, pthread_create(&thread, NULL, load_run, &load));
	for (unsigned i = 0; i < 50; i++)
		deploy(ESTATE_ALLOW_ALL, NULL);
	load.stop = true;
	assert_int_equal(0, pthread_join(thread, NULL));
	assert_int_equal(0, load.other_count);
	assert_true(load.served_count > 0);
	assert_int_equal(0, current_retire(gateway.current));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_snapshot_the_service_is_unavailable),
		cmocka_unit_test(a_mock_answers_from_its_templates),
		cmocka_unit_test(a_mock_s_status_selects_the_response),
		cmocka_unit_test(what_is_no_api_is_forbidden),
		cmocka_unit_test(every_form_of_address_is_served),
		cmocka_unit_test(an_unknown_route_lacks_a_token),
		cmocka_unit_test(what_can_t_be_enforced_is_never_served),
		cmocka_unit_test(a_proxy_streams_both_ways),
		cmocka_unit_test(connections_live_on_between_requests),
		cmocka_unit_test(http_is_mapped_and_its_answer_selected),
		cmocka_unit_test(parameters_are_found_by_their_decoded_names),
		cmocka_unit_test(the_status_selects_the_response_and_text_is_text),
		cmocka_unit_test(a_back_end_that_fails_is_a_504),
		cmocka_unit_test(denials_have_aws_s_words_and_the_log_has_the_statement),
		cmocka_unit_test(the_endpoint_s_policy_is_asked_first),
		cmocka_unit_test(gateway_responses_are_customised),
		cmocka_unit_test(a_custom_domain_maps_to_the_stage),
		cmocka_unit_test(a_client_s_uuid_is_the_request_s_id),
		cmocka_unit_test(the_method_can_be_overridden),
		cmocka_unit_test(a_status_that_is_no_answer_is_a_500),
		cmocka_unit_test(answers_without_a_body_keep_their_framing),
		cmocka_unit_test(refused_messages_are_answered_and_logged),
		cmocka_unit_test(an_arn_has_a_greatest_length),
		cmocka_unit_test(a_client_that_goes_away_leaves_nothing_behind),
		cmocka_unit_test(swaps_under_load_lose_no_request),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
