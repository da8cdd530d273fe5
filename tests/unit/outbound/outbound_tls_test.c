/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound over TLS: a TLS back end on the same loop; what is verified, reused, resumed, refused. */
#include "tests/unit/outbound/outbound_scene.h"

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/crypto/authority.h"
#include "appliance/tls/facts.h"
#include "appliance/tls/server.h"
#include "appliance/tls/worker.h"

static struct arena arena;
static struct tls_ticket_seed seed;
static struct tls_worker *tls;
static struct tls_server_context *context;
static char authority_path[64];
static struct loop_watch accepting;
static unsigned int accepted, resumed;

/* The back end's side of one connection: answers each request with `answer`. */
struct served {
	struct stream stream;
	size_t count;
	char bytes[65536];
};

static const char *answer;
#define SERVED_MAX 8

static struct served *all_served[SERVED_MAX]; /* of one test, the last one last */

static struct served *served_of(struct stream *stream)
{
	return CONTAINER_OF(stream, struct served, stream);
}

static void served_readable(struct stream *stream)
{
	struct served *served = served_of(stream);
	ssize_t count = stream_read(stream, served->bytes + served->count, sizeof served->bytes - served->count);
	struct iovec part = { (void *)(uintptr_t)answer, strlen(answer) };

	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		stream_close(stream, false);
		return;
	}
	served->count += (size_t)count;
	if (served->count < 4 || memcmp(served->bytes + served->count - 4, "\r\n\r\n", 4) != 0)
		return;
	served->count = 0;
	assert_true(stream_write(stream, &part, 1) >= 0);
}

static void served_drained(struct stream *stream)
{
	(void)stream;
}

static void served_failed(struct stream *stream, int error)
{
	(void)error;
	stream_close(stream, false);
}

static void served_secured(struct stream *stream)
{
	struct tls_facts facts;

	tls_facts_read(stream, &facts);
	resumed += facts.resumed;
}

static const struct stream_owner served_owner = { served_readable, served_drained, served_failed, served_secured };

static struct tls_server_context *choose(void *choose_context, const struct tls_hello *hello, int fd)
{
	(void)fd;
	(void)choose_context;
	(void)hello;
	return context;
}

static void accept_ready(struct loop_watch *watch, unsigned events)
{
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	assert_true(fd >= 0);
	assert_true(accepted < SERVED_MAX);
	all_served[accepted] = calloc(1, sizeof *all_served[accepted]);
	assert_non_null(all_served[accepted]);
	assert_int_equal(0, tls_server_open(&all_served[accepted]->stream, tls, fd, &served_owner, choose, NULL));
	accepted++;
}

static void write_file(const char *path, struct view text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(text.count, fwrite(text.at, 1, text.count, file));
	fclose(file);
}

static int set_up_tls(void **state)
{
	const struct view names[] = { VIEW_INIT("localhost") };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct tls_server_settings server = { .worker_count = 1, .policy = tls_policy_find("TLS_1_2", 7) };
	struct authority_pair authority, certificate;

	(void)set_up(state);
	arena_init(&arena, NULL, 1 << 22);
	assert_int_equal(0, authority_new(&authority, view_of("Test CA"), now_s - 60, now_s + 3600, &arena));
	assert_int_equal(0, authority_issue(&certificate, &authority, names, 1, now_s - 60, now_s + 3600, &arena));
	server.certificate_pem = certificate.certificate_pem;
	server.private_key_pem = certificate.key_pem;
	assert_int_equal(0, tls_server_context_new(&context, &server));
	strcpy(authority_path, "/tmp/postern-outbound-XXXXXX");
	close(mkstemp(authority_path));
	write_file(authority_path, authority.certificate_pem);
	assert_int_equal(0, tls_ticket_seed_make(&seed));
	tls = tls_worker_new(loop, 0, &seed);
	assert_non_null(tls);
	outbound_free(outbound);
	settings.tls = tls;
	settings.authorities_path = authority_path;
	outbound = outbound_new(loop, &settings);
	assert_non_null(outbound);
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	accepted = resumed = 0;
	loop_watch_init(&accepting, loop, listener, accept_ready);
	assert_int_equal(0, loop_watch_read(&accepting, true));
	return 0;
}

static int tear_down_tls(void **state)
{
	outbound_free(outbound);
	outbound = NULL;
	for (int i = 0; i < 5; i++)
		assert_int_equal(0, loop_turn(loop, false));
	loop_watch_fini(&accepting);
	for (unsigned int i = 0; i < accepted; i++) {
		stream_close(&all_served[i]->stream, true);
		free(all_served[i]);
	}
	tls_worker_free(tls);
	tls_server_context_unref(context);
	unlink(authority_path);
	arena_fini(&arena);
	return tear_down(state);
}

/* A GET by `host`; the error, or 0. */
static int call_by(const char *host, enum tls_verification verification)
{
	struct outbound_request request = get();
	struct outbound_target by;
	struct test_call *test;
	int result;

	assert_int_equal(0, outbound_target_init(&by, view_from_text(host), port, true, verification));
	request.target = &by;
	test = start(&request);
	TURN_UNTIL(is_over(test));
	result = test->errors ? (int)test->error : 0;
	if (!result) {
		assert_int_equal(200, test->status);
		assert_memory_equal("ok", test->body, 2);
	}
	free(test);
	return result;
}

static void a_verified_back_end_is_called_and_kept(void **state)
{
	(void)state;
	assert_int_equal(0, call_by("localhost", TLS_VERIFY_ALL));
	assert_int_equal(0, call_by("localhost", TLS_VERIFY_ALL));
	assert_int_equal(1, accepted);
	assert_int_equal(0, call_by("LocalHost", TLS_VERIFY_ALL)); /* the same target */
	assert_int_equal(1, accepted);
}

static void a_wrong_name_is_refused(void **state)
{
	(void)state;
	/* Reached, but its certificate is for localhost. */
	assert_int_equal(OUTBOUND_TLS, call_by("127.0.0.2", TLS_VERIFY_ALL));
	assert_int_equal(1, accepted);
	assert_int_equal(OUTBOUND_TLS, call_by("127.0.0.2", TLS_VERIFY_NAME));
	assert_int_equal(0, call_by("127.0.0.2", TLS_VERIFY_NOTHING));
}

static void an_unknown_authority_is_refused_unless_told_otherwise(void **state)
{
	(void)state;
	outbound_free(outbound);
	settings.authorities_path = NULL; /* the system's: it does not know ours */
	outbound = outbound_new(loop, &settings);
	assert_int_equal(OUTBOUND_TLS, call_by("localhost", TLS_VERIFY_ALL));
	assert_int_equal(0, call_by("localhost", TLS_VERIFY_NAME));
	/* What was opened without verification never serves who asked for it. */
	assert_int_equal(OUTBOUND_TLS, call_by("localhost", TLS_VERIFY_ALL));
}

static void a_new_connection_resumes_the_session(void **state)
{
	(void)state;
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	for (int i = 0; i < 3; i++) {
		assert_int_equal(0, call_by("localhost", TLS_VERIFY_ALL));
		for (int turns = 0; turns < 5; turns++)
			assert_int_equal(0, loop_turn(loop, false));
	}
	assert_int_equal(3, accepted);
	assert_int_equal(2, resumed);
}

static void a_stale_connection_is_replaced_over_tls_too(void **state)
{
	(void)state;
	assert_int_equal(0, call_by("localhost", TLS_VERIFY_ALL));
	stream_close(&all_served[0]->stream, true);
	assert_int_equal(0, call_by("localhost", TLS_VERIFY_ALL));
	assert_int_equal(2, accepted);
}

static void a_large_answer_in_many_records_arrives_whole(void **state)
{
	static char text[700000];
	struct outbound_request request = get();
	struct outbound_target by;
	struct test_call *test;
	size_t head = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n");

	(void)state;
	for (size_t i = 0; i < 600000; i++)
		text[head + i] = (char)('a' + i % 23);
	answer = text;
	assert_int_equal(0, outbound_target_init(&by, view_of("localhost"), port, true, TLS_VERIFY_ALL));
	request.target = &by;
	test = start(&request);
	test->pause_in_head = true;
	TURN_UNTIL(test->heads == 1);
	for (int i = 0; i < 20; i++)
		assert_int_equal(0, loop_turn(loop, false));
	assert_false(is_over(test));
	outbound_resume(&test->call);
	TURN_UNTIL(is_over(test));
	assert_int_equal(1, test->lasts);
	assert_int_equal(600000, test->body_count);
	assert_memory_equal(text + head, test->body, test->body_count);
	free(test);
}

static void a_back_end_without_tls_is_a_tls_error(void **state)
{
	struct outbound_request request = get();
	struct outbound_target by;
	struct test_call *test;
	int fd;

	(void)state;
	loop_watch_fini(&accepting);
	assert_int_equal(0, outbound_target_init(&by, view_of("localhost"), port, true, TLS_VERIFY_ALL));
	request.target = &by;
	test = start(&request);
	fd = back_end_accept();
	back_end_send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
	TURN_UNTIL(is_over(test));
	assert_int_equal(OUTBOUND_TLS, test->error);
	free(test);
	close(fd);
}

static void without_a_tls_worker_https_fails(void **state)
{
	(void)state;
	outbound_free(outbound);
	settings.tls = NULL;
	outbound = outbound_new(loop, &settings);
	assert_int_equal(OUTBOUND_TLS, call_by("localhost", TLS_VERIFY_ALL));
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_tls, tear_down_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TLS_TEST(a_verified_back_end_is_called_and_kept),
		TLS_TEST(a_wrong_name_is_refused),
		TLS_TEST(an_unknown_authority_is_refused_unless_told_otherwise),
		TLS_TEST(a_new_connection_resumes_the_session),
		TLS_TEST(a_stale_connection_is_replaced_over_tls_too),
		TLS_TEST(a_large_answer_in_many_records_arrives_whole),
		TLS_TEST(a_back_end_without_tls_is_a_tls_error),
		TLS_TEST(without_a_tls_worker_https_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
