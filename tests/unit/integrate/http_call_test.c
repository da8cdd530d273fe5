/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/http_call: a real server, a real pool, a scripted back end and client on loopback, one thread. */
#include "tests/unit/support.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "appliance/http/server.h"
#include "appliance/integrate/http_call.h"
#include "appliance/integrate/http_response.h"
#include "appliance/integrate/integrate.h"
#include "appliance/loop/timer.h"
#include "appliance/outbound/destination.h"

#define PATIENCE_MS 5000

static struct loop *loop;
static struct http_server *server;
static struct http_listener *listener;
static struct destination_rules rules;
static struct outbound *outbound;
static struct integrate_worker worker;
static struct integration integration;
static const struct snapshot_variables no_variables;
static int back_end_listener;
static uint16_t front_port;
static bool buffered;
static bool takes;                             /* of an owner that takes the answer itself */
static enum compression_coding decode, encode; /* of the client's body; of the answer */
static unsigned int requests, heads, dones, failures, gones;
static struct http_limits limits;
static enum http_call_failure failure;

/* --- what the pipeline does, in short --------------------------------------------------------------------------------- */

static void answer_text(struct exchange *x, int status, const char *text)
{
	assert_int_equal(0, http_respond(x, status, NULL, 0, view_from_text(text)));
	http_done(x);
}

static void call_head(struct http_call *call, const struct http1_head *head)
{
	struct http_field *fields;
	size_t count;

	heads++;
	call->buffer = buffered;
	if (buffered)
		return;
	assert_int_equal(0, http_response_fields(&call->exchange->arena, head, 0, &fields, &count));
	if (encode != COMPRESSION_IDENTITY)
		assert_true(http_call_compress(call, encode));
	assert_int_equal(0, http_respond_head(call->exchange, head->status, fields, count,
				    encode == COMPRESSION_IDENTITY ? http_response_length(head, call->request.is_head)
								   : HTTP_LENGTH_UNKNOWN));
}

static void call_done(struct http_call *call)
{
	struct exchange *x = call->exchange;

	dones++;
	assert_true(call->head_ns >= call->started_ns && call->ended_ns >= call->head_ns);
	if (buffered)
		assert_int_equal(0, http_respond(x, call->status, NULL, 0, call->body));
	http_done(x);
}

static void call_failed(struct http_call *call, enum http_call_failure why)
{
	struct exchange *x = call->exchange;

	failures++;
	failure = why;
	if (x->status)
		http_done(x);
	else
		answer_text(x, call->error == OUTBOUND_TIMEOUT ? 504 : 502, "failed");
}

/* An owner that takes the answer: the client gets each byte twice, but for '!', at which the call is given up. */
static enum http_call_taken call_body(struct http_call *call, struct view bytes, bool last)
{
	struct exchange *x = call->exchange;

	for (size_t i = 0; i < bytes.count; i++) {
		const char twice[] = { bytes.at[i], bytes.at[i] };

		if (bytes.at[i] == '!') {
			http_call_cancel(call);
			http_done(x);
			return HTTP_CALL_OVER; /* the call went with the exchange */
		}
		(void)http_respond_body(x, view_from(twice, sizeof twice), false);
	}
	if (last)
		(void)http_respond_body(x, (struct view){ 0 }, true);
	return HTTP_CALL_MORE;
}

static const struct http_call_owner owner = { .head = call_head, .done = call_done, .failed = call_failed };
static const struct http_call_owner taking_owner = {
	.head = call_head, .body = call_body, .done = call_done, .failed = call_failed
};

static void request(struct exchange *x)
{
	struct http_call *call = ARENA_NEW(&x->arena, struct http_call);
	struct http_request_input input = { .integration = &integration,
		.api_id = view_of("api"),
		.variables = &no_variables,
		.client = &x->request,
		.method = x->request.method_text,
		.trace_id = view_of("t") };
	struct http_request head;
	int r;

	requests++;
	x->pipeline = call;
	call->owner = takes ? &taking_owner : &owner;
	call->exchange = x;
	call->in_request = true;
	call->decode = decode;
	assert_int_equal(0, http_request_write(&x->arena, &input, &head));
	r = http_call_start(call, &worker, &head, 1000);
	if (r == -EMSGSIZE) {
		http_respond_too_large(x);
		http_done(x);
		return;
	}
	assert_int_equal(0, r);
}

static void drained(struct exchange *x)
{
	http_call_drained(x->pipeline);
}

static void gone(struct exchange *x)
{
	gones++;
	http_call_cancel(x->pipeline);
	http_done(x);
}

static const struct http_handler handler = { .request = request, .drained = drained, .gone = gone };

/* --- the scene ------------------------------------------------------------------------------------------------------------ */

static int listen_on(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(fd, 16));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &bytes));
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static char uri_text[64];
static struct integration_uri_part uri_part;

static int set_up(void **state)
{
	struct http_listener_settings listening = { 0 };
	struct outbound_settings settings;
	uint16_t back_port;

	(void)state;
	buffered = takes = false;
	decode = encode = COMPRESSION_IDENTITY;
	requests = heads = dones = failures = gones = 0;
	loop = loop_new();
	memset(&rules, 0, sizeof rules);
	assert_int_equal(0, destination_allow(&rules, "127.0.0.0/8"));
	outbound_settings_init(&settings);
	settings.destinations = &rules;
	outbound = outbound_new(loop, &settings);
	worker.outbound = outbound;
	worker.streamed_max_bytes = 0;
	back_end_listener = listen_on(&back_port);
	memset(&integration, 0, sizeof integration);
	integration.type = INTEGRATION_HTTP_PROXY;
	snprintf(uri_text, sizeof uri_text, "http://127.0.0.1:%u/b", back_port);
	uri_part = (struct integration_uri_part){ INTEGRATION_URI_TEXT, view_from_text(uri_text) };
	integration.uri = (struct integration_uri){
		.text = view_from_text(uri_text), .part_count = 1, .parts = &uri_part, .is_fixed = true
	};
	limits = http_limits_private;
	server = http_server_new(loop, NULL, &limits, &handler, NULL);
	assert_non_null(server);
	listening.fd = listen_on(&front_port);
	assert_int_equal(0, http_listener_open(server, &listening, &listener));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_server_free(server);
	compression_stock_fini(&worker.compressions); /* asserts that no stream is left open */
	outbound_free(outbound);
	loop_free(loop);
	close(back_end_listener);
	return 0;
}

static void turn(void)
{
	assert_int_equal(0, loop_turn(loop, false));
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

static void turn_until_readable(int fd)
{
	for (int i = 0; i < PATIENCE_MS && !is_readable(fd, 1); i++)
		turn();
	assert_true(is_readable(fd, 0));
}

#define TURN_UNTIL(condition)                                                                                          \
	do {                                                                                                           \
		for (int i_ = 0; i_ < PATIENCE_MS && !(condition); i_++) {                                             \
			turn();                                                                                        \
			(void)is_readable(back_end_listener, 1);                                                       \
		}                                                                                                      \
		assert_true(condition);                                                                                \
	} while (0)

static int client_open(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(front_port)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, connect(fd, (struct sockaddr *)&address, sizeof address));
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static int back_end_accept(void)
{
	turn_until_readable(back_end_listener);
	return accept4(back_end_listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Read until what came ends in `end`; returns it. */
static const char *read_until(int fd, const char *end)
{
	static char text[65536];
	size_t count = 0, end_bytes = strlen(end);

	while (count < end_bytes || memcmp(text + count - end_bytes, end, end_bytes) != 0) {
		ssize_t got;

		turn_until_readable(fd);
		got = recv(fd, text + count, sizeof text - 1 - count, 0);
		if (got <= 0)
			fail_msg("ended after '%.*s'", (int)count, text);
		count += (size_t)got;
	}
	text[count] = '\0';
	return text;
}

/* Leave for good: a mere close() might be a client that has only ended its side. */
static void reset(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	assert_int_equal(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
	close(fd);
}

/* --- tests ------------------------------------------------------------------------------------------------------------------ */

static void request_and_answer_pass_through(void **state)
{
	int client = client_open(), back_end;
	const char *text;

	(void)state;
	send_text(client, "POST /s/x?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Mine: 1\r\n\r\nhello");
	back_end = back_end_accept();
	text = read_until(back_end, "\r\n\r\nhello");
	assert_non_null(strstr(text, "POST /b?q=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(text, "X-Mine: 1\r\n"));
	assert_non_null(strstr(text, "Content-Length: 5\r\n"));
	send_text(back_end, "HTTP/1.1 201 Created\r\nServer: b\r\nContent-Length: 4\r\nX-Theirs: 2\r\n\r\ndone");
	text = read_until(client, "\r\n\r\ndone");
	assert_non_null(strstr(text, "HTTP/1.1 201 Created\r\n"));
	assert_non_null(strstr(text, "X-Theirs: 2\r\n"));
	assert_non_null(strstr(text, "x-amzn-Remapped-Server: b\r\n"));
	/* The next one goes over the same two connections. */
	send_text(client, "GET /s/y HTTP/1.1\r\nHost: a\r\n\r\n");
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	(void)read_until(client, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	assert_int_equal(2, dones);
	close(client);
	close(back_end);
}

static void a_body_in_chunks_stays_in_chunks(void **state)
{
	int client = client_open(), back_end;
	const char *text;

	(void)state;
	send_text(client, "PUT /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	back_end = back_end_accept();
	text = read_until(back_end, "\r\n\r\n3\r\nabc\r\n");
	assert_non_null(strstr(text, "Transfer-Encoding: chunked\r\n"));
	assert_null(strstr(text, "Content-Length"));
	send_text(client, "2\r\nde\r\n0\r\n\r\n");
	(void)read_until(back_end, "2\r\nde\r\n0\r\n\r\n");
	send_text(back_end, "HTTP/1.1 204 No Content\r\n\r\n");
	(void)read_until(client, "\r\n\r\n");
	assert_int_equal(1, dones);
	close(client);
	close(back_end);
}

static void a_post_without_a_body_says_so(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
	back_end = back_end_accept();
	assert_non_null(strstr(read_until(back_end, "\r\n\r\n"), "Content-Length: 0\r\n"));
	reset(client);
	TURN_UNTIL(gones == 1);
	close(back_end);
}

/* Pump `total` bytes from `from` to `to` through the gateway; the receiver starts late and reads slowly. */
static void pump(int from, int to, size_t total)
{
	static char piece[16384];
	size_t sent = 0, received = 0;
	int stuck = 0;

	while (sent < total) {
		size_t wanted = total - sent < sizeof piece ? total - sent : sizeof piece;
		ssize_t count = send(from, piece, wanted, MSG_DONTWAIT | MSG_NOSIGNAL);

		turn();
		if (count > 0)
			sent += (size_t)count;
		stuck = count > 0 ? 0 : stuck + 1;
		if (stuck > 20)
			break;
	}
	assert_true(sent < total); /* held up: nothing in between takes it all */
	while (received < total) {
		ssize_t count = sent < total
					? send(from, piece, total - sent < sizeof piece ? total - sent : sizeof piece,
						  MSG_DONTWAIT | MSG_NOSIGNAL)
					: 0;

		if (count > 0)
			sent += (size_t)count;
		turn();
		if (!is_readable(to, sent == total ? 1 : 0))
			continue;
		count = recv(to, piece, sizeof piece, 0);
		assert_true(count > 0);
		received += (size_t)count;
	}
	assert_int_equal(total, received);
}

#define MANY_BYTES ((size_t)10 << 20) /* the largest body that is taken; more than all socket buffers hold */

static void a_large_answer_waits_for_a_slow_client(void **state)
{
	int client = client_open(), back_end, room = 65536;
	size_t large = (size_t)32 << 20;

	(void)state;
	worker.streamed_max_bytes = UINT64_MAX;
	(void)setsockopt(client, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
	(void)read_until(client, "\r\n\r\n");
	pump(back_end, client, large);
	TURN_UNTIL(dones == 1);
	close(client);
	close(back_end);
}

static void a_large_request_waits_for_a_slow_back_end(void **state)
{
	int client = client_open(), back_end, room = 65536;

	(void)state;
	(void)setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	(void)setsockopt(back_end_listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	pump(client, back_end, MANY_BYTES);
	send_text(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	(void)read_until(client, "\r\n\r\n");
	assert_int_equal(1, dones);
	close(client);
	close(back_end);
}

static void a_body_over_the_limit_is_refused(void **state)
{
	int client = client_open();

	(void)state;
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 10485761\r\n\r\n");
	assert_non_null(strstr(read_until(client, "bytes."), " 413 "));
	close(client);
}

static void a_buffered_answer_is_given_whole(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	buffered = true;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	turn();
	send_text(back_end, "3\r\ndef\r\n0\r\n\r\n");
	assert_non_null(strstr(read_until(client, "\r\n\r\nabcdef"), "Content-Length: 6\r\n"));
	assert_int_equal(1, dones);
	close(client);
	close(back_end);
}

static void a_broken_back_end_is_reported_before_the_head(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	close(back_end);
	assert_non_null(strstr(read_until(client, "failed"), " 502 "));
	assert_int_equal(1, failures);
	assert_int_equal(HTTP_CALL_BACK_END, failure);
	close(client);
}

static void an_answer_cut_short_resets_the_client(void **state)
{
	int client = client_open(), back_end;
	char byte;

	(void)state;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	(void)read_until(client, "half");
	close(back_end);
	turn_until_readable(client);
	assert_int_equal(-1, recv(client, &byte, 1, 0));
	assert_int_equal(ECONNRESET, errno);
	assert_int_equal(1, failures);
	close(client);
}

static void a_client_that_leaves_cancels_the_call(void **state)
{
	int client = client_open(), back_end;
	char byte;

	(void)state;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	reset(client);
	TURN_UNTIL(gones == 1);
	turn_until_readable(back_end);
	assert_true(recv(back_end, &byte, 1, 0) <= 0);
	assert_int_equal(0, dones + failures);
	close(back_end);
}

static void a_malformed_body_is_the_clients_fault(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "abc\r\n");
	send_text(client, "zz\r\n");
	TURN_UNTIL(failures == 1);
	assert_int_equal(HTTP_CALL_BODY_BAD, failure);
	close(client);
	close(back_end);
}

static void a_slow_body_is_told_from_a_malformed_one(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	limits.body_timeout_ms = 40;
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
	back_end = back_end_accept();
	TURN_UNTIL(failures == 1);
	assert_int_equal(HTTP_CALL_BODY_SLOW, failure);
	close(client);
	close(back_end);
}

/* Each chunk holds one more byte of the coded body; the back end gets text as it comes. */
static void a_coded_body_is_decompressed_on_its_way(void **state)
{
	int client = client_open(), back_end;
	struct buffer coded;
	char chunk[16];

	(void)state;
	decode = COMPRESSION_GZIP;
	buffer_init(&coded, 4096);
	assert_int_equal(0, compression_run(&worker.compressions, COMPRESSION_GZIP, COMPRESSION_COMPRESS,
				    view_of("apples and pears"), &coded));
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	back_end = back_end_accept();
	assert_non_null(strstr(read_until(back_end, "\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
	for (size_t i = 0; i < coded.count; i++) {
		memcpy(chunk, "1\r\n", 3);
		chunk[3] = coded.at[i];
		memcpy(chunk + 4, "\r\n", 2);
		assert_int_equal(6, send(client, chunk, 6, MSG_NOSIGNAL));
		turn();
	}
	send_text(client, "0\r\n\r\n");
	(void)read_until(back_end, "s\r\n0\r\n\r\n"); /* how much comes in one chunk is zlib's business */
	send_text(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	(void)read_until(client, "\r\n\r\n");
	buffer_fini(&coded);
	close(client);
	close(back_end);
}

static void a_coded_body_that_is_none_fails(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	decode = COMPRESSION_DEFLATE;
	send_text(client, "POST /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	TURN_UNTIL(failures == 1);
	assert_int_equal(HTTP_CALL_BODY_CODING, failure);
	back_end = back_end_accept();
	close(client);
	close(back_end);
}

static void a_compressed_answer_leaves_with_its_client(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	encode = COMPRESSION_GZIP;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
	/* The beginning is flushed, though 97 bytes are to come: it ends as zlib's flushes do. */
	assert_non_null(strstr(read_until(client, "\xff\xff\r\n"), "Transfer-Encoding: chunked\r\n"));
	reset(client);
	TURN_UNTIL(gones == 1);
	assert_int_equal(0, worker.compressions.open_count);
	close(back_end);
}

static void an_owner_may_take_the_answer(void **state)
{
	int client = client_open(), back_end;

	(void)state;
	takes = true;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	(void)read_until(client, "2\r\naa\r\n");
	send_text(back_end, "1\r\nc\r\n0\r\n\r\n");
	(void)read_until(client, "2\r\ncc\r\n0\r\n\r\n");
	assert_int_equal(1, dones);
	close(client);
	close(back_end);
}

static void an_owner_may_give_the_answer_up(void **state)
{
	int client = client_open(), back_end;
	char byte;

	(void)state;
	takes = true;
	send_text(client, "GET /s HTTP/1.1\r\nHost: a\r\n\r\n");
	back_end = back_end_accept();
	(void)read_until(back_end, "\r\n\r\n");
	send_text(back_end, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	(void)read_until(client, "2\r\naa\r\n");
	send_text(back_end, "2\r\n!b\r\n");
	turn_until_readable(client);
	assert_int_equal(-1, recv(client, &byte, 1, 0));
	turn_until_readable(back_end);
	assert_true(recv(back_end, &byte, 1, 0) <= 0);
	assert_int_equal(0, dones + failures + gones);
	close(client);
	close(back_end);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_and_answer_pass_through),
		TEST(a_body_in_chunks_stays_in_chunks),
		TEST(a_post_without_a_body_says_so),
		TEST(a_large_answer_waits_for_a_slow_client),
		TEST(a_large_request_waits_for_a_slow_back_end),
		TEST(a_body_over_the_limit_is_refused),
		TEST(a_buffered_answer_is_given_whole),
		TEST(a_broken_back_end_is_reported_before_the_head),
		TEST(an_answer_cut_short_resets_the_client),
		TEST(a_client_that_leaves_cancels_the_call),
		TEST(a_malformed_body_is_the_clients_fault),
		TEST(a_slow_body_is_told_from_a_malformed_one),
		TEST(a_coded_body_is_decompressed_on_its_way),
		TEST(a_coded_body_that_is_none_fails),
		TEST(a_compressed_answer_leaves_with_its_client),
		TEST(an_owner_may_take_the_answer),
		TEST(an_owner_may_give_the_answer_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
