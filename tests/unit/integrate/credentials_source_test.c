/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/credentials_source: fetching from a scripted STS and metadata service on loopback, for two workers, one thread. */
#include "tests/unit/support.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "appliance/integrate/aws_request.h"
#include "appliance/integrate/credentials.h"
#include "appliance/outbound/destination.h"
#include "appliance/outbound/outbound.h"

#define PATIENCE_TURNS 5000
/* Longer than any credentials of the test with a clock that leaps. */
#define LEAP_S 100
#define ROLE "arn:aws:iam::1:role/r"

static struct loop *loop;
static struct destination_rules rules;
static struct outbound *outbound;
static int listener;
static char url[64];
static struct aws_endpoint row;
static struct aws_endpoints endpoints;
static struct credentials_config config;
static struct credentials_source *source;
static struct credentials_worker *workers[2];
static char request_text[16384];

/* Of the wall clock: readings until it leaps, 0 for never. */
static unsigned readings_to_leap;
static time_t leapt_s;

/* Stands before that of the C library. */
int clock_gettime(clockid_t which, struct timespec *ret)
{
	int result = (int)syscall(SYS_clock_gettime, which, ret);

	if (which == CLOCK_REALTIME) {
		if (readings_to_leap > 0 && --readings_to_leap == 0)
			leapt_s += LEAP_S;
		ret->tv_sec += leapt_s;
	}
	return result;
}

/* --- the scene -------------------------------------------------------------------------------------------------------- */

static void make_source(void)
{
	source = credentials_source_new(loop, &config, outbound);
	assert_non_null(source);
	for (size_t i = 0; i < 2; i++) {
		workers[i] = credentials_worker_new(loop, &config, source);
		assert_non_null(workers[i]);
	}
}

static int set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct outbound_settings settings;
	socklen_t bytes = sizeof address;

	(void)state;
	loop = loop_new();
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(listener, 16));
	assert_int_equal(0, getsockname(listener, (struct sockaddr *)&address, &bytes));
	snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
	rules = (struct destination_rules){ 0 };
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/8"));
	outbound_settings_init(&settings);
	settings.destinations = &rules;
	outbound = outbound_new(loop, &settings);
	assert_non_null(outbound);
	row = (struct aws_endpoint){ .service = view_of("sts") };
	assert_int_equal(0, outbound_origin_parse(&row.origin, view_from_text(url), true, TLS_VERIFY_ALL));
	endpoints = (struct aws_endpoints){ .rows = &row, .count = 1 };
	config = (struct credentials_config){ .base = { view_of("AKIABASE"), view_of("secret"), { 0 } },
		.region = view_of("us-east-1"),
		.endpoints = &endpoints };
	make_source();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		credentials_worker_free(workers[i]);
	credentials_source_free(source);
	outbound_free(outbound);
	loop_free(loop);
	close(listener);
	return 0;
}

/* The next connection's request, whole; the descriptor to answer on. */
static int next_request(void)
{
	struct pollfd poller = { .fd = listener, .events = POLLIN };
	size_t count = 0, wanted = SIZE_MAX;
	int fd;

	for (int i = 0; poll(&poller, 1, 1) == 0; i++) {
		assert_true(i < PATIENCE_TURNS);
		assert_int_equal(0, loop_turn(loop, false));
	}
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	memset(request_text, 0, sizeof request_text);
	for (int i = 0; count < wanted; i++) {
		ssize_t got = recv(fd, request_text + count, sizeof request_text - 1 - count, MSG_DONTWAIT);
		char *end, *length;

		assert_true(i < PATIENCE_TURNS);
		if (got > 0)
			count += (size_t)got;
		else
			poll(NULL, 0, 1);
		assert_int_equal(0, loop_turn(loop, false));
		end = strstr(request_text, "\r\n\r\n");
		length = strstr(request_text, "Content-Length: ");
		if (end)
			wanted = (size_t)(end - request_text) + 4 +
				 (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
	}
	return fd;
}

static bool nobody_asks(void)
{
	struct pollfd poller = { .fd = listener, .events = POLLIN };

	for (int i = 0; i < 20; i++) {
		assert_int_equal(0, loop_turn(loop, false));
		if (poll(&poller, 1, 1) != 0)
			return false;
	}
	return true;
}

static void reply(int fd, int status, const char *body)
{
	char text[8192];
	int count = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
		status, strlen(body), body);

	assert_int_equal(count, send(fd, text, (size_t)count, MSG_NOSIGNAL));
	close(fd);
}

static const char *in_an_hour(int64_t seconds)
{
	static char text[32];
	time_t moment = time(NULL) + seconds;
	struct tm tm;

	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &tm));
	return text;
}

static void reply_with_role(int fd, const char *key, int64_t life_s)
{
	char body[1024];

	snprintf(body, sizeof body,
		"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId>"
		"<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration>"
		"</Credentials></AssumeRoleResult></AssumeRoleResponse>",
		key, in_an_hour(life_s));
	reply(fd, 200, body);
}

/* One who asks: what the last look said, and how often it was told to look again. */
struct asker {
	struct credentials_waiter waiter;
	unsigned told;
	int error;
	char key[64], why[512];
};

static void told(struct credentials_waiter *waiter)
{
	((struct asker *)waiter)->told++;
}

static int look(struct asker *asker, struct credentials_worker *worker, const char *role)
{
	struct credentials found = { 0 };
	const char *why = NULL;

	asker->waiter.ready = told;
	asker->error = credentials_find(worker, view_from_text(role), &asker->waiter, &found, &why);
	snprintf(asker->key, sizeof asker->key, VIEW_FMT, VIEW_ARG(found.access_key));
	snprintf(asker->why, sizeof asker->why, "%s", why ? why : "");
	return asker->error;
}

static void wait_told(struct asker *asker)
{
	for (int i = 0; !asker->told; i++) {
		assert_true(i < PATIENCE_TURNS);
		assert_int_equal(0, loop_turn(loop, false));
		poll(NULL, 0, 1);
	}
	asker->told = 0;
}

/* --- tests ------------------------------------------------------------------------------------------------------------ */

static void one_fetch_serves_all_who_wait(void **state)
{
	struct asker askers[4] = { 0 };
	int fd;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(-EAGAIN, look(&askers[i], workers[i % 2], ROLE));
	fd = next_request();
	assert_non_null(strstr(request_text, "POST / HTTP/1.1\r\n"));
	assert_non_null(strstr(request_text, "/us-east-1/sts/aws4_request, "));
	assert_non_null(strstr(request_text,
		"\r\n\r\nAction=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"));
	assert_true(nobody_asks());
	reply_with_role(fd, "ASIA1", 3600);
	for (size_t i = 0; i < 4; i++) {
		wait_told(&askers[i]);
		assert_int_equal(0, look(&askers[i], workers[i % 2], ROLE));
		assert_string_equal("ASIA1", askers[i].key);
	}
	assert_true(nobody_asks());
}

static void a_failure_is_remembered(void **state)
{
	struct asker asker = { 0 };

	(void)state;
	assert_int_equal(-EAGAIN, look(&asker, workers[0], ROLE));
	reply(next_request(), 403,
		"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>");
	wait_told(&asker);
	assert_int_equal(-EACCES, look(&asker, workers[0], ROLE));
	assert_string_equal("STS answered 403: AccessDenied: no", asker.why);
	/* The other worker asks the source, which remembers as well. */
	assert_int_equal(-EAGAIN, look(&asker, workers[1], ROLE));
	wait_told(&asker);
	assert_int_equal(-EACCES, look(&asker, workers[1], ROLE));
	assert_true(nobody_asks());
}

static void answers_that_are_none(void **state)
{
	static char long_answer[40000];
	const struct {
		const char *role, *body, *why;
	} cases[] = {
		{ "arn:aws:iam::1:role/a", "hello", "STS: its answer holds no credentials" },
		{ "arn:aws:iam::1:role/c", NULL,
			"STS: the back end closed the connection before its answer was complete" },
		{ "arn:aws:iam::1:role/d", "", "STS: its answer holds no credentials" },
	};
	struct asker asker = { 0 };
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(-EAGAIN, look(&asker, workers[0], cases[i].role));
		fd = next_request();
		if (cases[i].body) {
			reply(fd, 200, cases[i].body);
		} else {
			/* What could be asked twice is, once: nothing of an answer came. */
			assert_int_equal(26, send(fd, "HTTP/1.1 200 OK\r\nContent-L", 26, MSG_NOSIGNAL));
			close(fd);
		}
		wait_told(&asker);
		assert_int_equal(-EACCES, look(&asker, workers[0], cases[i].role));
		assert_string_equal(cases[i].why, asker.why);
	}
	memset(long_answer, 'a', sizeof long_answer - 1);
	assert_int_equal(-EAGAIN, look(&asker, workers[0], ROLE));
	fd = next_request();
	assert_true(send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 39999\r\n\r\n", 43, MSG_NOSIGNAL) == 43);
	assert_true(send(fd, long_answer, sizeof long_answer - 1, MSG_NOSIGNAL) > 0);
	wait_told(&asker);
	close(fd);
	assert_int_equal(-EACCES, look(&asker, workers[0], ROLE));
	assert_string_equal("STS: the answer is longer than 32768 bytes", asker.why);
	assert_int_equal(-EAGAIN, look(&asker, workers[0], "arn:aws:iam::1:role/e"));
	reply_with_role(next_request(), "ASIA", -1);
	wait_told(&asker);
	assert_int_equal(-EACCES, look(&asker, workers[0], "arn:aws:iam::1:role/e"));
	assert_non_null(strstr(asker.why, "have ended already"));
}

static void the_machine_comes_before_its_roles(void **state)
{
	struct asker role = { 0 }, base = { 0 };
	char body[512];
	int fd;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		credentials_worker_free(workers[i]);
	credentials_source_free(source);
	config.base = (struct credentials){ 0 };
	config.instance_metadata = view_from_text(url);
	make_source();
	assert_int_equal(-EAGAIN, look(&role, workers[0], ROLE));
	assert_int_equal(-EAGAIN, look(&base, workers[1], ""));
	fd = next_request();
	assert_non_null(strstr(request_text, "PUT /latest/api/token HTTP/1.1\r\n"));
	assert_non_null(strstr(request_text, "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
	reply(fd, 200, "token-of-metadata\n");
	fd = next_request();
	assert_non_null(strstr(request_text, "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"));
	assert_non_null(strstr(request_text, "X-aws-ec2-metadata-token: token-of-metadata\r\n"));
	reply(fd, 200, "my-role");
	fd = next_request();
	assert_non_null(strstr(request_text, "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"));
	snprintf(body, sizeof body,
		"{\"AccessKeyId\":\"ASIAM\",\"SecretAccessKey\":\"s\",\"Token\":\"machine\",\"Expiration\":\"%s\"}",
		in_an_hour(3600));
	reply(fd, 200, body);
	fd = next_request();
	assert_non_null(strstr(request_text, "Credential=ASIAM/"));
	assert_non_null(strstr(request_text, "X-Amz-Security-Token: machine\r\n"));
	reply_with_role(fd, "ASIAR", 3600);
	wait_told(&base);
	assert_int_equal(0, look(&base, workers[1], ""));
	assert_string_equal("ASIAM", base.key);
	wait_told(&role);
	assert_int_equal(0, look(&role, workers[0], ROLE));
	assert_string_equal("ASIAR", role.key);
}

static void a_machine_without_a_role_says_so_to_all(void **state)
{
	struct asker role = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++)
		credentials_worker_free(workers[i]);
	credentials_source_free(source);
	config.base = (struct credentials){ 0 };
	config.instance_metadata = view_from_text(url);
	make_source();
	assert_int_equal(-EAGAIN, look(&role, workers[0], ROLE));
	reply(next_request(), 200, "token");
	reply(next_request(), 404, "");
	wait_told(&role);
	assert_int_equal(-EACCES, look(&role, workers[0], ROLE));
	assert_string_equal("the instance metadata service answered 404", role.why);
	assert_true(nobody_asks());
}

/* Answer whatever is asked until `asker` is told; the machine's credentials last `life_s` the first time. */
static void serve(struct asker *asker, int64_t life_s, unsigned leap)
{
	struct pollfd poller = { .fd = listener, .events = POLLIN };
	char body[512];

	for (int i = 0; !asker->told; i++) {
		int fd;

		assert_true(i < PATIENCE_TURNS);
		assert_int_equal(0, loop_turn(loop, false));
		if (poll(&poller, 1, 1) == 0)
			continue;
		fd = next_request();
		if (strstr(request_text, "PUT /latest/api/token ")) {
			reply(fd, 200, "token");
		} else if (strstr(request_text, "security-credentials/ ")) {
			reply(fd, 200, "my-role");
		} else if (strstr(request_text, "POST ")) {
			reply_with_role(fd, "ASIAR", 3600);
		} else {
			snprintf(body, sizeof body,
				"{\"AccessKeyId\":\"ASIAM\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
				"\"Expiration\":\"%s\"}",
				in_an_hour(leapt_s + life_s));
			readings_to_leap = leap;
			life_s = 3600;
			reply(fd, 200, body);
		}
	}
}

/* Whenever it is that they end: what waits for them waits for the next ones, or is told that there are none. */
static void the_machines_credentials_may_end_at_once(void **state)
{
	(void)state;
	config.base = (struct credentials){ 0 };
	config.instance_metadata = view_from_text(url);
	for (unsigned leap = 1; leap <= 12; leap++) {
		struct asker role = { 0 };

		for (size_t i = 0; i < 2; i++)
			credentials_worker_free(workers[i]);
		credentials_source_free(source);
		make_source();
		assert_int_equal(-EAGAIN, look(&role, workers[0], ROLE));
		serve(&role, LEAP_S / 2, leap);
		readings_to_leap = 0;
		look(&role, workers[0], ROLE);
		assert_true(role.error == 0 || strstr(role.why, "have ended already"));
	}
}

static void who_is_gone_is_not_told(void **state)
{
	struct asker gone = { 0 }, stays = { 0 };

	(void)state;
	assert_int_equal(-EAGAIN, look(&gone, workers[0], ROLE));
	assert_int_equal(-EAGAIN, look(&stays, workers[0], ROLE));
	credentials_waiter_cancel(&gone.waiter);
	credentials_waiter_cancel(&gone.waiter);
	reply_with_role(next_request(), "ASIA1", 3600);
	wait_told(&stays);
	assert_int_equal(0, gone.told);
}

static void it_may_end_in_the_middle(void **state)
{
	struct asker askers[2] = { 0 };

	(void)state;
	assert_int_equal(-EAGAIN, look(&askers[0], workers[0], ROLE));
	close(next_request());
	assert_int_equal(-EAGAIN, look(&askers[1], workers[1], "arn:aws:iam::1:role/other"));
	for (size_t i = 0; i < 2; i++)
		credentials_waiter_cancel(&askers[i].waiter);
	/* tear_down() frees workers and source with a fetch under way. */
}

/* More roles than are remembered: each gets its answer, and the oldest give way. */
static void there_is_a_limit_of_roles(void **state)
{
	struct asker asker = { 0 };
	char role[64];

	(void)state;
	endpoints.count = 0; /* so that each fails at once */
	for (int i = 0; i < CREDENTIALS_ENTRIES_MAX + 50; i++) {
		snprintf(role, sizeof role, "arn:aws:iam::1:role/%d", i);
		assert_int_equal(-EAGAIN, look(&asker, workers[0], role));
		wait_told(&asker);
		assert_int_equal(-EACCES, look(&asker, workers[0], role));
		assert_non_null(strstr(asker.why, "STS has no endpoint: set a row of aws_endpoints for service sts"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_fetch_serves_all_who_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failure_is_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answers_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_machine_comes_before_its_roles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_machine_without_a_role_says_so_to_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_machines_credentials_may_end_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_gone_is_not_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_may_end_in_the_middle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(there_is_a_limit_of_roles, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
