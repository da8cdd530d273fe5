/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of http/ over TLS: the same requests, what is no TLS, slow and silent clients, connections that end. */
#include "tests/unit/http/site.h"

#include "appliance/crypto/authority.h"
#include "appliance/tls/client.h"

static struct tls_worker *worker;
static struct tls_server_context *context;
static struct tls_client_context *trusting;
static struct tls_client_session session;
static struct arena arena;

/* A TLS client on the server's own loop. */
static struct {
	struct stream stream;
	struct client received; /* its `fd` is not used */
	bool secured;
	int error;
} secure;
static struct client plain;

static struct tls_server_context *choose(void *choose_context, const struct tls_hello *hello, int fd)
{
	assert_true(fd >= 0);
	assert_ptr_equal(&site, choose_context);
	return strcmp(hello->server_name, "unknown.test") == 0 ? NULL : context;
}

static void secure_readable(struct stream *stream)
{
	struct client *received = &secure.received;
	ssize_t count =
		stream_read(stream, received->input + received->count, sizeof received->input - received->count);

	if (count > 0)
		received->count += (size_t)count;
	else if (count == 0)
		received->ended = true;
	else if (count != -EAGAIN)
		received->ended = received->was_reset = true;
}

static void secure_drained(struct stream *stream)
{
	(void)stream;
}

static void secure_failed(struct stream *stream, int error)
{
	secure.error = error;
	secure.received.ended = true;
	stream_close(stream, false);
}

static void secure_secured(struct stream *stream)
{
	(void)stream;
	secure.secured = true;
}

static const struct stream_owner secure_owner = { secure_readable, secure_drained, secure_failed, secure_secured };

static int set_up(void **state)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	const struct view name = VIEW_INIT("api.pets.internal");
	struct authority_pair authority, certificate;
	struct tls_server_settings settings = { .policy = tls_policy_find("TLS_1_2", 7), .worker_count = 1 };
	struct tls_client_settings trust = { .authorities_path = "" };
	struct tls_ticket_seed seed;

	(void)state;
	site = (struct site){ .limits = http_limits_private };
	site.loop = loop_new();
	assert_non_null(site.loop);
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, authority_new(&authority, view_of("Test CA"), now_s - 3600, now_s + 86400, &arena));
	assert_int_equal(0, authority_issue(&certificate, &authority, &name, 1, now_s - 3600, now_s + 86400, &arena));
	settings.certificate_pem = certificate.certificate_pem;
	settings.private_key_pem = certificate.key_pem;
	trust.authorities_pem = authority.certificate_pem;
	assert_int_equal(0, tls_server_context_new(&context, &settings));
	assert_int_equal(0, tls_client_context_new(&trusting, &trust));
	assert_int_equal(0, tls_ticket_seed_make(&seed));
	worker = tls_worker_new(site.loop, 0, &seed);
	assert_non_null(worker);
	site_listen(worker, choose);
	return 0;
}

static int tear_down(void **state)
{
	stream_close(&secure.stream, false);
	tls_client_session_clear(&session);
	http_server_free(site.server);
	assert_int_equal(1, site.released_count);
	tls_client_context_free(trusting);
	tls_server_context_unref(context);
	tls_worker_free(worker);
	loop_free(site.loop);
	arena_fini(&arena);
	(void)state;
	return 0;
}

static void secure_open_as(const char *name)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, (struct sockaddr *)&site.address, sizeof site.address));
	assert_int_equal(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	secure.received.fd = -1;
	secure.received.count = 0;
	secure.received.ended = secure.received.was_reset = true; /* nothing for client_read() to do */
	secure.secured = false;
	secure.error = 0;
	assert_int_equal(0, tls_client_open(&secure.stream, worker, fd, &secure_owner, trusting, view_from_text(name),
				    &session, NULL));
	SITE_UNTIL(&secure.received, secure.secured || secure.error);
}

/* SITE_UNTIL() would read from the descriptor; the stream does that by itself. */
#define SECURE_UNTIL(condition)                                                                                        \
	do {                                                                                                           \
		uint64_t give_up_ms = clock_monotonic_ms() + SITE_WAIT_MS;                                             \
		while (!(condition)) {                                                                                 \
			if (clock_monotonic_ms() > give_up_ms)                                                         \
				fail_msg("never: %s; got '%.*s'", #condition, (int)secure.received.count,              \
					secure.received.input);                                                        \
			site_turn();                                                                                   \
		}                                                                                                      \
	} while (0)

static void secure_open(void)
{
	secure_open_as("api.pets.internal");
	assert_int_equal(0, secure.error);
	secure.received.ended = secure.received.was_reset = false;
}

static void secure_send(const char *bytes, size_t count)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = count };

	assert_true(stream_write(&secure.stream, &part, 1) >= 0);
}

static const char pipeline[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
			       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nfirst body."
			       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			       "3\r\none\r\n5\r\n, two\r\n0\r\n\r\n"
			       "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static void expect_pipeline_answers(void)
{
	SECURE_UNTIL(secure.received.ended);
	assert_false(secure.received.was_reset);
	assert_int_equal(4, client_count_of(&secure.received, "HTTP/1.1 200 OK\r\n"));
	assert_int_equal(2, client_count_of(&secure.received, "\r\n\r\nhello"));
	assert_int_equal(1, client_count_of(&secure.received, "\r\n\r\nfirst body."));
	assert_int_equal(1, client_count_of(&secure.received, "\r\n\r\none, two"));
	stream_close(&secure.stream, false);
}

static void a_pipeline_is_answered_the_same_at_every_split(void **state)
{
	(void)state;
	for (size_t split = 0; split < sizeof pipeline; split += 3) {
		secure_open();
		secure_send(pipeline, split);
		site_turn();
		site_turn();
		secure_send(pipeline + split, sizeof pipeline - 1 - split);
		expect_pipeline_answers();
	}
	SECURE_UNTIL(http_server_stats(site.server)->connections_open == 0);
	assert_int_equal((sizeof pipeline + 2) / 3, http_server_stats(site.server)->handshakes_done);
	assert_true(http_server_stats(site.server)->handshakes_resumed > 0);
}

static void a_pipeline_is_answered_the_same_byte_by_byte(void **state)
{
	(void)state;
	secure_open();
	for (size_t i = 0; i + 1 < sizeof pipeline; i++) {
		secure_send(pipeline + i, 1);
		site_turn();
	}
	expect_pipeline_answers();
}

static void a_handler_sees_the_facts_of_the_connection(void **state)
{
	(void)state;
	secure_open();
	secure_send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 31);
	SECURE_UNTIL(site.held);
	assert_string_equal("TLSv1.3", site.held->tls->version);
	assert_string_equal("TLS_AES_128_GCM_SHA256", site.held->tls->cipher);
	assert_true(view_equals(site.held->tls->server_name, view_of("api.pets.internal")));
	assert_true(view_equals(site.held->peer->text, view_of("127.0.0.1")));
	assert_true(
		site.held->peer->is_ipv4 && site.held->peer->address[15] == 1 && site.held->peer->address[11] == 0xff);
	assert_ptr_equal(&site, site.held->identity);
	site_answer(site.held, 200, view_of("waited"));
	SECURE_UNTIL(client_has(&secure.received, "waited"));
}

static void a_large_response_arrives_whole(void **state)
{
	const char *body;

	(void)state;
	site.big_bytes = 900000;
	secure_open();
	secure_send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n", 30);
	SECURE_UNTIL((body = memmem(secure.received.input, secure.received.count, "\r\n\r\n", 4)) &&
		     secure.received.count == (size_t)(body + 4 - secure.received.input) + site.big_bytes);
	for (size_t i = 0; i < site.big_bytes; i++)
		assert_int_equal(site_byte(i), body[4 + i]);
}

static void a_client_that_half_closes_gets_its_response(void **state)
{
	(void)state;
	secure_open();
	secure_send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 31);
	stream_end(&secure.stream);
	SECURE_UNTIL(site.held);
	for (int i = 0; i < 5; i++)
		site_turn();
	assert_int_equal(0, site.gone_count);
	site_answer(site.held, 200, view_of("waited"));
	SECURE_UNTIL(secure.received.ended);
	assert_true(client_has(&secure.received, "waited"));
}

static void a_client_that_leaves_is_told_to_the_handler(void **state)
{
	(void)state;
	secure_open();
	secure_send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 31);
	SECURE_UNTIL(site.held);
	stream_close(&secure.stream, true);
	SECURE_UNTIL(site.gone_count == 1);
	SECURE_UNTIL(http_server_stats(site.server)->connections_open == 0);
}

static void what_is_no_tls_is_closed_without_an_answer(void **state)
{
	static const char *const garbage[] = { "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x40\x01",
		"\x15\x03\x01\x02\x02", "SSH-2.0-OpenSSH_9.2\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(garbage); i++) {
		client_open(&plain);
		client_send_text(&plain, garbage[i]);
		SITE_UNTIL(&plain, plain.ended);
		assert_int_equal(0, plain.count);
		client_close(&plain);
		assert_int_equal(i + 1, http_server_stats(site.server)->handshakes_failed);
	}
	SITE_UNTIL_CONNECTIONS(&plain, 0);
	assert_int_equal(0, http_server_stats(site.server)->requests);
}

static void a_name_that_nobody_serves_ends_the_handshake(void **state)
{
	(void)state;
	secure_open_as("unknown.test");
	assert_true(secure.error < 0);
	assert_int_equal(1, http_server_stats(site.server)->handshakes_failed);
}

static void a_client_that_says_nothing_is_closed(void **state)
{
	(void)state;
	site.limits.handshake_timeout_ms = 40;
	client_open(&plain);
	client_send_text(&plain, "\x16\x03\x01");
	SITE_UNTIL(&plain, plain.ended);
	assert_int_equal(1, http_server_stats(site.server)->timeouts);
	client_close(&plain);
}

static void garbage_on_one_connection_does_not_disturb_another(void **state)
{
	(void)state;
	secure_open();
	secure_send("GET /hello HTTP/1.1\r\nHo", 23);
	client_open(&plain);
	client_send_text(&plain, "\x16\x03\x01\x02\x00half of a hello");
	site_turn();
	secure_send("st: x\r\n\r\n", 9);
	SECURE_UNTIL(client_has(&secure.received, "\r\n\r\nhello"));
	client_close(&plain);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_pipeline_is_answered_the_same_at_every_split),
		TEST(a_pipeline_is_answered_the_same_byte_by_byte),
		TEST(a_handler_sees_the_facts_of_the_connection),
		TEST(a_large_response_arrives_whole),
		TEST(a_client_that_half_closes_gets_its_response),
		TEST(a_client_that_leaves_is_told_to_the_handler),
		TEST(what_is_no_tls_is_closed_without_an_answer),
		TEST(a_name_that_nobody_serves_ends_the_handshake),
		TEST(a_client_that_says_nothing_is_closed),
		TEST(garbage_on_one_connection_does_not_disturb_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
