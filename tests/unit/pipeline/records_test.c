/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of pipeline/records: what is kept of requests that were allowed, denied by each policy, and not judged at all. */
#include "tests/unit/pipeline/gateway.h"

#include "appliance/observe/client_record.h"
#include "appliance/observe/request_record.h"
#include "policy/combine.h"

#define API "a1b2c3d4e5"
#define RECORD_BYTES (64 * RECORD_FILE_PAGE_BYTES)

static struct gateway gateway;
static struct client_record *clients;
static struct request_record *requests;
static int clients_fd, requests_fd;

/* ---- what is deployed ---- */

static void deploy(const char *policy)
{
	static unsigned count;
	char id[32];

	snprintf(id, sizeof id, "dep%u", count++);
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate, NULL);
	estate_put(&gateway.estate, STORE_restapi, API, NULL, estate_rest_api(API, policy));
	estate_put_deployment(&gateway.estate, API, id, policy,
		"{\"resources\":[{\"id\":\"root\",\"path\":\"/"
		"\"},{\"id\":\"pets\",\"parentId\":\"root\",\"pathPart\":\"pets\",\"path\":"
		"\"/pets\"},{\"id\":\"pet\",\"parentId\":\"pets\",\"pathPart\":\"{id}\",\"path\":\"/pets/"
		"{id}\",\"resourceMethods\":{"
		"\"GET\":{\"authorizationType\":\"NONE\",\"methodResponses\":{\"200\":{}},\"methodIntegration\":{"
		"\"type\":"
		"\"MOCK\",\"requestTemplates\":{\"application/json\":\"{\\\"statusCode\\\": 200}\"},"
		"\"integrationResponses\":{\"200\":{\"statusCode\":\"200\"}}}}}}]}",
		NULL);
	estate_put_stage(&gateway.estate, API, "prod", id, NULL);
	gateway_publish(&gateway);
}

/* ---- the records, new and empty for each test ---- */

struct change {
	struct loop_message message;
	sem_t done;
};

static void on_change(struct loop_message *message)
{
	observe_set_records(
		gateway.worker.observe, client_record_table(clients, 0), request_record_log(requests, 0), NULL);
	sem_post(&CONTAINER_OF(message, struct change, message)->done);
}

static void change_records(void)
{
	struct change change;

	sem_init(&change.done, 0, 0);
	loop_post(gateway.loop, &change.message, on_change);
	sem_wait(&change.done);
}

static int new_file(void)
{
	int fd = memfd_create("record", MFD_CLOEXEC);

	assert_true(fd >= 0 && ftruncate(fd, RECORD_BYTES) == 0);
	return fd;
}

static int open_records(void **state)
{
	(void)state;
	clients_fd = new_file();
	requests_fd = new_file();
	assert_int_equal(0, client_record_open(&clients, clients_fd, 1));
	assert_int_equal(0, request_record_open(&requests, requests_fd, 1));
	change_records();
	deploy(ESTATE_ALLOW_ALL);
	return 0;
}

static int close_records(void **state)
{
	struct client_record *old_clients = clients;
	struct request_record *old_requests = requests;

	(void)state;
	clients = NULL;
	requests = NULL;
	change_records();
	client_record_close(old_clients);
	request_record_close(old_requests);
	close(clients_fd);
	close(requests_fd);
	return 0;
}

static int start(void **state)
{
	(void)state;
	gateway_start(&gateway);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	gateway_stop(&gateway);
	return 0;
}

/* ---- looking at them ---- */

struct seen {
	size_t count;
	struct client_facts client; /* the last one; texts are copies */
	struct request_entry request;
	char texts[8192], *next;
};

static void copy(struct seen *seen, struct view *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (texts[i].count)
			memcpy(seen->next, texts[i].at, texts[i].count);
		texts[i].at = seen->next;
		seen->next += texts[i].count;
	}
}

static int see_client(void *context, const struct client_facts *facts)
{
	struct seen *seen = context;

	seen->count++;
	seen->client = *facts;
	copy(seen, seen->client.texts, CLIENT_TEXT_COUNT);
	return 0;
}

static int see_request(void *context, const struct request_entry *entry)
{
	struct seen *seen = context;

	seen->count++;
	seen->request = *entry;
	copy(seen, seen->request.texts, REQUEST_TEXT_COUNT);
	return 0;
}

static struct seen *look(bool at_clients)
{
	static struct seen seen;
	struct client_record_state client_state;
	struct request_record_state request_state;

	memset(&seen, 0, sizeof seen);
	seen.next = seen.texts;
	if (at_clients)
		assert_int_equal(0, client_record_each(clients_fd, see_client, &seen, &client_state));
	else
		assert_int_equal(0, request_record_each(requests_fd, see_request, &seen, &request_state));
	return &seen;
}

static void assert_text(const char *expected, struct view text)
{
	if (!view_equals_text(text, expected))
		fail_msg("'" VIEW_FMT "' is not '%s'", VIEW_ARG(text), expected);
}

/* Its line is in the access log, so it is over. The status. */
static int get(const char *path, const char *fields)
{
	const char *response = client_get(&gateway, path, fields);

	json_free(gateway_log_line(&gateway, field_of(response, "x-amzn-RequestId")));
	return status_of(response);
}

/* ---- tests ---- */

static void allowed_requests_are_one_client(void **state)
{
	struct seen *seen;

	(void)state;
	assert_int_equal(
		200, get("/prod/pets/7?token=secret", "User-Agent: agent\r\nReferer: https://a/b?token=secret\r\n"
						      "Authorization: Bearer secret\r\nCookie: secret\r\n"));
	assert_int_equal(200, get("/prod/pets/8", "x-api-key: secret\r\nX-Other: secret\r\n"));
	seen = look(true);
	assert_int_equal(1, seen->count);
	assert_int_equal(2, seen->client.count);
	assert_false(seen->client.denied || seen->client.secure);
	assert_text(ESTATE_VPCE, seen->client.texts[CLIENT_TEXT_ENDPOINT]);
	assert_text(API, seen->client.texts[CLIENT_TEXT_API]);
	assert_text("prod", seen->client.texts[CLIENT_TEXT_STAGE]);
	assert_text("GET", seen->client.texts[CLIENT_TEXT_METHOD]);
	assert_text("/pets/{id}", seen->client.texts[CLIENT_TEXT_RESOURCE]);
	assert_text("pets/7", seen->client.texts[CLIENT_TEXT_PATH]);
	assert_text("agent", seen->client.texts[CLIENT_TEXT_USER_AGENT]);
	assert_text("", seen->client.texts[CLIENT_TEXT_PRINCIPAL]);
	assert_memory_equal("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", seen->client.source, 16);

	seen = look(false);
	assert_int_equal(2, seen->count);
	assert_int_equal(REQUEST_ALLOWED, seen->request.outcome);
	assert_int_equal(COMBINE_BY_RESOURCE, seen->request.by);
	assert_int_equal(200, seen->request.status);
	assert_text("pets/8", seen->request.texts[REQUEST_TEXT_PATH]);
	assert_text("127.0.0.1", seen->request.texts[REQUEST_TEXT_SOURCE]);
	assert_false(seen->request.has_user_agent || seen->request.has_referer);
	assert_int_not_equal(0, seen->request.fingerprints[REQUEST_POLICY_RESOURCE]);
}

static void no_secret_is_kept(void **state)
{
	static char bytes[RECORD_BYTES];

	(void)state;
	assert_int_equal(
		200, get("/prod/pets/7?token=secret", "Referer: https://a/b?token=secret\r\nCookie: secret\r\n"));
	assert_int_equal(
		403, get("/prod/nosuch?token=secret", "Referer: https://a/b#secret\r\nAuthorization: a=secret\r\n"));
	assert_text("https://a/b", look(false)->request.texts[REQUEST_TEXT_REFERER]);
	assert_int_equal(2, look(false)->count);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sizeof bytes, pread(i ? clients_fd : requests_fd, bytes, sizeof bytes, 0));
		assert_null(memmem(bytes, sizeof bytes, "secret", 6));
		assert_non_null(memmem(bytes, sizeof bytes, API, sizeof API - 1));
	}
}

static void a_denied_client_is_another_one(void **state)
{
	struct seen *seen;

	(void)state;
	assert_int_equal(200, get("/prod/pets/7", ""));
	deploy("{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}");
	for (int i = 0; i < 3; i++)
		assert_int_equal(403, get("/prod/pets/7", ""));
	seen = look(true);
	assert_int_equal(2, seen->count);
	assert_true(seen->client.denied ? seen->client.count == 3 : seen->client.count == 1);
	seen = look(false);
	assert_int_equal(4, seen->count);
	/* Refused ones stand before the others in the file, so the last one seen is the allowed one. */
	assert_int_equal(REQUEST_ALLOWED, seen->request.outcome);
}

static void the_endpoints_policy_denies_before_the_route_is_known(void **state)
{
	struct seen *seen;

	(void)state;
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate,
		"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
		"\"Resource\":\"arn:aws:execute-api:us-east-1:123456789012:other/*\"}]}");
	gateway_publish(&gateway);
	assert_int_equal(403, get("/prod/pets/7", ""));
	seen = look(true);
	assert_int_equal(1, seen->count);
	assert_true(seen->client.denied);
	assert_text("/pets/{id}", seen->client.texts[CLIENT_TEXT_RESOURCE]);
	seen = look(false);
	assert_int_equal(REQUEST_DENIED, seen->request.outcome);
	assert_int_equal(COMBINE_BY_ENDPOINT, seen->request.by);
	assert_int_equal(POLICY_IMPLICIT_DENY, seen->request.verdict);
	assert_int_equal(-1, seen->request.statement);
	assert_int_not_equal(0, seen->request.fingerprints[REQUEST_POLICY_ENDPOINT]);
	/* Who calls what is not there is no client. */
	assert_int_equal(403, get("/prod/nosuch", ""));
	assert_int_equal(1, look(true)->count);
	assert_int_equal(2, look(false)->count);
}

static void what_no_policy_judged_says_why(void **state)
{
	struct seen *seen;

	(void)state;
	assert_int_equal(403, get("/prod/nosuch", ""));
	seen = look(false);
	assert_int_equal(REQUEST_UNJUDGED, seen->request.outcome);
	assert_text("no resource and method serve this path", seen->request.texts[REQUEST_TEXT_WHY]);
	assert_int_equal(403, get("/nostage/pets", ""));
	seen = look(false);
	assert_int_equal(2, seen->count);
	assert_text("the API has no such stage", seen->request.texts[REQUEST_TEXT_WHY]);
	assert_text("/nostage/pets", seen->request.texts[REQUEST_TEXT_PATH]);
	assert_int_equal(0, look(true)->count);
	/* Health checks, and what is no request. */
	assert_int_equal(200, get("/ping", ""));
	assert_int_equal(505, get("/prod/pets/7 x", ""));
	assert_int_equal(2, look(false)->count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_records, close_records)
	const struct CMUnitTest tests[] = {
		TEST(allowed_requests_are_one_client),
		TEST(no_secret_is_kept),
		TEST(a_denied_client_is_another_one),
		TEST(the_endpoints_policy_denies_before_the_route_is_known),
		TEST(what_no_policy_judged_says_why),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
