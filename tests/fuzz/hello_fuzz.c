/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the beginning of a TLS connection. The reader of the hello judges every prefix the same way as the whole: once
 * it has refused or read a hello, more bytes change nothing. Then the bytes go through a server's stream, cut in two, and
 * whatever they are, the stream ends or waits, and nothing of it is left.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/crypto/authority.h"
#include "appliance/tls/server.h"
#include "appliance/wire/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct tls_worker *worker;
static struct tls_server_context *context;

static void prepare(void)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	const struct view name = VIEW_INIT("*.example.test");
	struct authority_pair authority, certificate;
	struct tls_server_settings settings = { .policy = tls_policy_find("TLS_1_2", 7), .worker_count = 1 };
	struct tls_ticket_seed seed = { .start_s = now_s };
	struct arena arena;

	arena_init(&arena, NULL, 1 << 20);
	ASSERT(authority_new(&authority, view_of("CA"), now_s - 60, now_s + 86400, &arena) == 0);
	ASSERT(authority_issue(&certificate, &authority, &name, 1, now_s - 60, now_s + 86400, &arena) == 0);
	settings.certificate_pem = certificate.certificate_pem;
	settings.private_key_pem = certificate.key_pem;
	ASSERT(tls_server_context_new(&context, &settings) == 0);
	arena_fini(&arena);
	loop = loop_new();
	worker = tls_worker_new(loop, 0, &seed);
	ASSERT(loop && worker);
}

static void readable(struct stream *stream)
{
	char bytes[512];
	ssize_t count = stream_read(stream, bytes, sizeof bytes);

	if (count <= 0 && count != -EAGAIN)
		stream_close(stream, true);
}

static void drained(struct stream *stream)
{
	(void)stream;
}

static void failed(struct stream *stream, int error)
{
	ASSERT(error < 0);
	stream_close(stream, false);
}

static struct tls_server_context *choose(void *choose_context, const struct tls_hello *hello, int fd)
{
	(void)fd;
	(void)choose_context;
	ASSERT(strlen(hello->server_name) == hello->server_name_chars);
	return strcmp(hello->server_name, "nobody.test") == 0 ? NULL : context;
}

static const struct stream_owner owner = { readable, drained, failed, NULL };

static void turn(void)
{
	ASSERT(loop_turn(loop, false) == 0);
}

static void through_a_stream(const uint8_t *data, size_t size, size_t cut)
{
	struct stream stream;
	int pair[2];

	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	ASSERT(tls_server_open(&stream, worker, pair[0], &owner, choose, NULL) == 0);
	/* A peer that has been refused may be gone; then the rest has nowhere to go. */
	(void)!send(pair[1], data, cut, MSG_NOSIGNAL);
	turn();
	(void)!send(pair[1], data + cut, size - cut, MSG_NOSIGNAL);
	turn();
	turn();
	close(pair[1]);
	for (int i = 0; i < 4 && stream_is_open(&stream); i++)
		turn();
	ASSERT(!stream_is_open(&stream));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole, part;
	int result, earlier;

	if (!loop)
		prepare();
	if (size > TLS_HELLO_MAX_BYTES + 1024)
		return 0;
	result = tls_hello_parse(&whole, data, size);
	for (size_t count = 0; count < size; count += 1 + size / 64) {
		earlier = tls_hello_parse(&part, data, count);
		ASSERT(earlier == -EAGAIN || earlier == result);
		ASSERT(earlier != 0 || strcmp(part.server_name, whole.server_name) == 0);
	}
	through_a_stream(data, size, size / 2);
	return 0;
}
