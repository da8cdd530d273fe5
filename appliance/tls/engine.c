/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/tls/facts.h"

static void init_once(void)
{
	memory_init();
	/* Fails only when the platform's locks or random source are missing. */
	ASSERT(wolfSSL_Init() == WOLFSSL_SUCCESS);
}

void tls_library_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_once);
}

/* --- the worker's buffers -------------------------------------------------------------------------------------------- */

void tls_engine_enter(struct tls_engine *engine)
{
	struct tls_worker *worker = engine->worker;

	ASSERT(!worker->user);
	memory_use(&worker->memory);
	worker->user = engine;
	worker->input_at = worker->output_count = 0;
	worker->input_count = chunk_list_take(worker->loop, &engine->kept, worker->input, sizeof worker->input);
}

static int send_output(struct tls_worker *worker)
{
	struct iovec part = { .iov_base = worker->output, .iov_len = worker->output_count };

	worker->output_count = 0;
	return part.iov_len ? stream_transmit(worker->user->stream, &part, 1) : 0;
}

int tls_engine_leave(struct tls_engine *engine)
{
	struct tls_worker *worker = engine->worker;
	size_t left = worker->input_count - worker->input_at;
	int error;

	ASSERT(worker->user == engine);
	error = send_output(worker);
	/* An engine whose input buffer was full has more in its chunks, and that comes after this. */
	if (left > 0)
		chunk_list_prepend(worker->loop, &engine->kept, worker->input + worker->input_at, left);
	worker->user = NULL;
	return error;
}

ssize_t tls_engine_receive(struct tls_engine *engine)
{
	struct tls_worker *worker = engine->worker;
	size_t room = sizeof worker->input - worker->input_count;
	ssize_t count;

	ASSERT(worker->user == engine);
	if (room == 0 || engine->kept.bytes > 0)
		return -EAGAIN;
	count = stream_receive(engine->stream, worker->input + worker->input_count, room);
	if (count > 0)
		worker->input_count += (size_t)count;
	return count;
}

int tls_engine_take_input(WOLFSSL *library, char *buffer, int room, void *argument)
{
	struct tls_engine *engine = argument;
	struct tls_worker *worker = engine->worker;
	size_t count = worker->input_count - worker->input_at;

	(void)library;
	ASSERT_MAGIC(engine, TLS_ENGINE_MAGIC);
	if (count == 0)
		return engine->stream->input_ended ? WOLFSSL_CBIO_ERR_CONN_CLOSE : WOLFSSL_CBIO_ERR_WANT_READ;
	if (count > (size_t)room)
		count = (size_t)room;
	memcpy(buffer, worker->input + worker->input_at, count);
	worker->input_at += count;
	return (int)count;
}

int tls_engine_put_output(WOLFSSL *library, char *bytes, int count, void *argument)
{
	struct tls_engine *engine = argument;
	struct tls_worker *worker = engine->worker;

	(void)library;
	ASSERT_MAGIC(engine, TLS_ENGINE_MAGIC);
	if ((size_t)count > sizeof worker->output - worker->output_count) {
		int error = send_output(worker);

		if (error) {
			engine->error = error;
			return WOLFSSL_CBIO_ERR_CONN_RST;
		}
	}
	ASSERT((size_t)count <= sizeof worker->output - worker->output_count);
	memcpy(worker->output + worker->output_count, bytes, (size_t)count);
	worker->output_count += (size_t)count;
	return count;
}

/* --- handshake ------------------------------------------------------------------------------------------------------- */

void tls_engine_fail(struct tls_engine *engine, int error)
{
	engine->state = ENGINE_BROKEN;
	engine->error = error;
	engine->stream->owner->failed(engine->stream, error);
}

static int error_of_handshake(const struct tls_engine *engine, int library_error)
{
	if (engine->error)
		return engine->error;
	switch (library_error) {
	case WC_NO_ERR_TRACE(DOMAIN_NAME_MISMATCH):
	case WC_NO_ERR_TRACE(ASN_NO_SIGNER_E):
	case WC_NO_ERR_TRACE(ASN_SIG_CONFIRM_E):
	case WC_NO_ERR_TRACE(ASN_BEFORE_DATE_E):
	case WC_NO_ERR_TRACE(ASN_AFTER_DATE_E):
	case WC_NO_ERR_TRACE(ASN_SELF_SIGNED_E):
	case WC_NO_ERR_TRACE(VERIFY_CERT_ERROR):
		return -EKEYREJECTED;
	case WC_NO_ERR_TRACE(SOCKET_PEER_CLOSED_E):
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

void tls_engine_negotiate(struct tls_engine *engine)
{
	struct stream *stream = engine->stream;
	int result = engine->is_client ? wolfSSL_connect(engine->library) : wolfSSL_accept(engine->library);
	int library_error = result == WOLFSSL_SUCCESS ? 0 : wolfSSL_get_error(engine->library, result);
	int error = tls_engine_leave(engine);

	if (error) {
		tls_engine_fail(engine, error);
		return;
	}
	if (library_error == WOLFSSL_ERROR_WANT_READ && !stream->input_ended)
		return;
	if (library_error) {
		tls_engine_fail(engine, error_of_handshake(engine, library_error));
		return;
	}
	engine->state = ENGINE_OPEN;
	if (stream->owner->secured)
		stream->owner->secured(stream);
	/* The first request often comes in one packet with the end of the handshake. */
	if (stream->kind && !stream->paused && stream->kind->has_input(stream))
		stream_offer_input(stream);
}

/* --- the stream's kind ----------------------------------------------------------------------------------------------- */

static bool engine_has_input(const struct stream *stream)
{
	const struct tls_engine *engine = stream->engine;

	if (engine->state != ENGINE_OPEN)
		return false;
	return engine->kept.bytes > 0 || wolfSSL_pending(engine->library) > 0 ||
	       (engine->end_met && !engine->end_told) || (stream->input_ended && !engine->end_told);
}

static void engine_input(struct stream *stream)
{
	struct tls_engine *engine = stream->engine;
	ssize_t count;

	if (engine->state == ENGINE_OPEN) {
		stream_offer_input(stream);
		return;
	}
	if (engine->state == ENGINE_BROKEN)
		return;
	tls_engine_enter(engine);
	count = tls_engine_receive(engine);
	if (count <= 0 && count != -EAGAIN) {
		(void)tls_engine_leave(engine);
		tls_engine_fail(engine, count < 0 ? (int)count : -ECONNRESET);
		return;
	}
	if (engine->state == ENGINE_HELLO)
		tls_server_read_hello(engine);
	else
		tls_engine_negotiate(engine);
}

/* Decrypt into `buffer` until it is full or the input is used up. Returns the count, or what the library says. */
static ssize_t decrypt(struct tls_engine *engine, char *buffer, size_t room_bytes, int *ret_library_error)
{
	struct tls_worker *worker = engine->worker;
	size_t count = 0;

	*ret_library_error = 0;
	while (count < room_bytes) {
		int got = wolfSSL_read(engine->library, buffer + count, (int)(room_bytes - count));

		if (got <= 0) {
			*ret_library_error = wolfSSL_get_error(engine->library, got);
			break;
		}
		count += (size_t)got;
		if (worker->input_at == worker->input_count && wolfSSL_pending(engine->library) == 0)
			break;
	}
	return (ssize_t)count;
}

static ssize_t engine_read(struct stream *stream, char *buffer, size_t room_bytes)
{
	struct tls_engine *engine = stream->engine;
	ssize_t received, count;
	int library_error, error;

	if (engine->state == ENGINE_BROKEN)
		return engine->error;
	if (engine->state != ENGINE_OPEN)
		return -EAGAIN;
	if (engine->end_met) {
		engine->end_told = true;
		return 0;
	}
	tls_engine_enter(engine);
	received = tls_engine_receive(engine);
	count = decrypt(engine, buffer, room_bytes, &library_error);
	error = tls_engine_leave(engine);
	if (library_error == WOLFSSL_ERROR_ZERO_RETURN) {
		engine->end_met = true;
		if (!stream->input_ended)
			(void)loop_watch_read(&stream->watch, false);
		stream->input_ended = true;
	} else if (library_error && library_error != WOLFSSL_ERROR_WANT_READ) {
		engine->state = ENGINE_BROKEN;
		engine->error = stream->input_ended ? -ECONNABORTED : -EPROTO;
	}
	if (count > 0)
		return count;
	if (engine->end_met) {
		engine->end_told = true;
		return 0;
	}
	if (engine->state == ENGINE_BROKEN)
		return engine->error;
	if (error)
		return error;
	return received < 0 ? received : -EAGAIN;
}

/* Encrypt one run of content. Returns 0 or a negative errno. */
static int encrypt(struct tls_engine *engine, const char *bytes, size_t count)
{
	if (wolfSSL_write(engine->library, bytes, (int)count) == (int)count)
		return 0;
	engine->state = ENGINE_BROKEN;
	if (!engine->error)
		engine->error = -EPROTO;
	return engine->error;
}

/*
 * Small parts are put together, so that a head and its body are one record; what fills a record by itself is encrypted from
 * where it is.
 */
static int encrypt_parts(struct tls_engine *engine, const struct iovec *parts, int part_count)
{
	struct tls_worker *worker = engine->worker;
	size_t held = 0;
	int error = 0;

	for (int i = 0; i < part_count && !error; i++) {
		const char *bytes = parts[i].iov_base;
		size_t left = parts[i].iov_len;

		while (left > 0 && !error) {
			size_t step = sizeof worker->content - held;

			if (held == 0 && (left >= sizeof worker->content || i == part_count - 1)) {
				step = i == part_count - 1 ? left : left - left % sizeof worker->content;
				error = encrypt(engine, bytes, step);
			} else {
				step = step < left ? step : left;
				memcpy(worker->content + held, bytes, step);
				held += step;
				if (held == sizeof worker->content) {
					error = encrypt(engine, worker->content, held);
					held = 0;
				}
			}
			bytes += step;
			left -= step;
		}
	}
	return error || held == 0 ? error : encrypt(engine, worker->content, held);
}

static int engine_write(struct stream *stream, const struct iovec *parts, int part_count)
{
	struct tls_engine *engine = stream->engine;
	int error, send_error;

	if (engine->state == ENGINE_BROKEN)
		return engine->error;
	ASSERT(engine->state == ENGINE_OPEN);
	tls_engine_enter(engine);
	error = encrypt_parts(engine, parts, part_count);
	send_error = tls_engine_leave(engine);
	return error ? error : send_error;
}

static void engine_end(struct stream *stream)
{
	struct tls_engine *engine = stream->engine;

	if (engine->state != ENGINE_OPEN || engine->end_sent)
		return;
	engine->end_sent = true;
	tls_engine_enter(engine);
	(void)wolfSSL_shutdown(engine->library);
	/* A peer that is gone already needs no farewell. */
	(void)tls_engine_leave(engine);
}

static void give_engine(struct tls_engine *engine)
{
	struct tls_worker *worker = engine->worker;

	worker->engine_count--;
	engine->magic = 0;
	if (worker->free_engine_count >= TLS_FREE_ENGINE_MAX_COUNT) {
		free(engine);
		return;
	}
	engine->next_free = worker->free_engines;
	worker->free_engines = engine;
	worker->free_engine_count++;
}

static void engine_close(struct stream *stream, bool reset)
{
	struct tls_engine *engine = stream->engine;

	if (!reset && !stream->output_ended)
		engine_end(stream);
	if (engine->is_client && engine->state == ENGINE_OPEN)
		tls_client_keep_session(engine);
	if (engine->library)
		wolfSSL_free(engine->library);
	tls_server_context_unref(engine->context);
	chunk_list_clear(engine->worker->loop, &engine->kept);
	stream->engine = NULL;
	give_engine(engine);
}

const struct stream_kind tls_kind = {
	.read = engine_read,
	.write = engine_write,
	.has_input = engine_has_input,
	.input = engine_input,
	.end = engine_end,
	.close = engine_close,
};

int tls_engine_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	struct tls_engine **ret)
{
	struct tls_engine *engine = worker->free_engines;
	int error;

	if (engine) {
		worker->free_engines = engine->next_free;
		worker->free_engine_count--;
	} else {
		engine = malloc(sizeof *engine);
		ASSERT(engine);
	}
	memset(engine, 0, sizeof *engine);
	engine->magic = TLS_ENGINE_MAGIC;
	engine->worker = worker;
	engine->stream = stream;
	worker->engine_count++;
	error = stream_open_kind(stream, &tls_kind, worker->loop, fd, owner, engine);
	if (error) {
		give_engine(engine);
		close(fd);
		return error;
	}
	*ret = engine;
	return 0;
}

int tls_engine_start(struct tls_engine *engine, WOLFSSL_CTX *context)
{
	engine->library = wolfSSL_new(context);
	if (!engine->library)
		return -ENOMEM;
	wolfSSL_SetIOReadCtx(engine->library, engine);
	wolfSSL_SetIOWriteCtx(engine->library, engine);
	engine->state = ENGINE_HANDSHAKE;
	return 0;
}

/* --- facts ----------------------------------------------------------------------------------------------------------- */

void tls_facts_read(const struct stream *stream, struct tls_facts *ret)
{
	const struct tls_engine *engine = stream ? stream->engine : NULL;
	char *protocol = NULL;
	word16 protocol_bytes = 0;

	*ret = (struct tls_facts){ .version = "", .cipher = "", .server_name = view_of("") };
	if (!engine || engine->state != ENGINE_OPEN)
		return;
	/* The library numbers the versions of TLS from 1.0 on, beginning with 1. */
	ret->version = tls_version_name((uint16_t)(0x0300 + wolfSSL_GetVersion(engine->library)));
	ret->cipher = tls_suite_name((uint16_t)wolfSSL_get_current_cipher_suite(engine->library));
	ret->server_name = view_from(engine->server_name, engine->server_name_bytes);
	ret->resumed = wolfSSL_session_reused(engine->library) != 0;
	if (wolfSSL_ALPN_GetProtocol(engine->library, &protocol, &protocol_bytes) == WOLFSSL_SUCCESS)
		ret->is_http2 = view_equals(view_from(protocol, protocol_bytes), view_of("h2"));
}
