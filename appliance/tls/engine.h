/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine: the state of one TLS stream and of a worker's TLS. Private to this folder.
 *
 * The library never touches a descriptor. Its input callback is fed from the worker's input buffer, which holds what one
 * recv() brought for the stream at hand; its output callback fills the worker's output buffer, which leaves with one send.
 * Between calls both are empty: what the library did not take is kept in the engine's chunks, what the kernel did not take
 * waits in the stream's.
 *
 *   engine.c  reading, writing, the handshake, closing
 *   server.c  server contexts; from the first byte to the chosen context
 *   client.c  client contexts and sessions
 *   ticket.c  the session ticket keys
 *   memory.c  the library's buffers, recycled
 *
 * Threads: the worker's loop.
 */
#ifndef POSTERN_TLS_ENGINE_H
#define POSTERN_TLS_ENGINE_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "appliance/base/assert.h"
#include "appliance/loop/stream_kind.h"
#include "appliance/tls/client.h"
#include "appliance/tls/memory.h"
#include "appliance/tls/server.h"

/* One recv(): as much as the owner's receive buffer takes once it is decrypted. */
#define TLS_INPUT_BUFFER_BYTES LOOP_RECEIVE_BUFFER_BYTES

/* Room for the records of 64 KB of content, so that such a piece leaves with one send. */
#define TLS_OUTPUT_BUFFER_BYTES (LOOP_RECEIVE_BUFFER_BYTES + 8192)

/* Largest content of a record. */
#define TLS_RECORD_MAX_BYTES 16384

/* Engines kept for reuse. */
#define TLS_FREE_ENGINE_MAX_COUNT 256

#define TLS_TICKET_NAME_BYTES 16
#define TLS_TICKET_PERIOD_S 3600

/* The key of one period. */
struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME_BYTES];
	Aes aes;
	bool is_set;
};

/* A worker's copy of the ticket keys; ticket.c. */
struct tls_tickets {
	uint8_t secret[32]; /* of the present period; those before it can't be computed from it */
	int64_t start_s;
	uint64_t period;
	struct tls_ticket_key present, previous;
	bool enabled;
};

enum engine_state {
	ENGINE_HELLO,     /* server: the ClientHello is not complete, there is no library object yet */
	ENGINE_HANDSHAKE, /* the library negotiates */
	ENGINE_OPEN,      /* agreed */
	ENGINE_BROKEN,    /* the library gave up; `error` says what the owner is told */
};

#define TLS_ENGINE_MAGIC MAGIC('t', 'l', 's', 'e')

struct tls_engine {
	uint32_t magic;
	enum engine_state state;
	struct tls_worker *worker;
	struct stream *stream;
	struct tls_engine *next_free;
	WOLFSSL *library;
	struct tls_server_context *context; /* of a server: what the library's tickets are bound to lies in it */
	struct chunk_list kept;             /* received, not yet taken by the library (or by the reader of the hello) */
	int error;
	bool is_client;
	bool end_met; /* close_notify came; the owner is told when what came before it was read */
	bool end_told;
	bool end_sent;
	uint8_t server_name_bytes;
	tls_server_choose_fn *choose;
	void *choose_context;
	struct tls_client_session *session;
	char server_name[TLS_HELLO_NAME_MAX_CHARS + 1];
};

struct tls_worker {
	struct loop *loop;
	unsigned index;
	struct tls_tickets tickets;
	struct tls_engine *free_engines;
	size_t free_engine_count;
	size_t engine_count; /* in use */
	struct memory_cache memory;

	struct tls_engine *user; /* whose bytes are in the buffers now */
	size_t input_at, input_count;
	size_t output_count;
	char input[TLS_INPUT_BUFFER_BYTES];
	char output[TLS_OUTPUT_BUFFER_BYTES];
	char content[TLS_RECORD_MAX_BYTES]; /* small parts of a write, put together into one record */
};

/* --- engine.c --- */

extern const struct stream_kind tls_kind;

/* Once per process, before the first library call. */
void tls_library_init(void);

/* Take an engine and open `stream` over it. Closes the descriptor on failure. Returns 0 or a negative errno. */
int tls_engine_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	struct tls_engine **ret) __attribute__((warn_unused_result));

/* Make the library object of `engine` from `context`. Returns 0 or -ENOMEM. */
int tls_engine_start(struct tls_engine *engine, WOLFSSL_CTX *context) __attribute__((warn_unused_result));

/* Go on with the handshake with what is in the input buffer. May close the stream (through its owner). */
void tls_engine_negotiate(struct tls_engine *engine);

/* The handshake can't go on: tell the owner, who closes. */
void tls_engine_fail(struct tls_engine *engine, int error);

/* Begin or end the use of the worker's buffers; the end keeps and sends what is in them. */
void tls_engine_enter(struct tls_engine *engine);
int tls_engine_leave(struct tls_engine *engine);

/* Read once from the descriptor behind what is kept. Returns > 0, 0 at the end, or a negative errno. */
ssize_t tls_engine_receive(struct tls_engine *engine);

/* Callbacks that every library context gets. */
int tls_engine_take_input(WOLFSSL *library, char *buffer, int room, void *argument);
int tls_engine_put_output(WOLFSSL *library, char *bytes, int count, void *argument);

/* --- server.c --- */

/* Look for the whole hello in the input buffer, choose a context, start. May close the stream. */
void tls_server_read_hello(struct tls_engine *engine);

/* --- client.c --- */

/* Keep the session of `engine` in its slot, if it has one. */
void tls_client_keep_session(struct tls_engine *engine);

/* --- ticket.c --- */

void tls_tickets_init(struct tls_tickets *tickets, const struct tls_ticket_seed *seed);
void tls_tickets_fini(struct tls_tickets *tickets);

/* The library's ticket callback; `argument` is the 32-byte identity of the server context, which tickets are bound to. */
int tls_ticket_process(WOLFSSL *library, unsigned char name[TLS_TICKET_NAME_BYTES], unsigned char vector[16],
	unsigned char mac[32], int encrypt, unsigned char *ticket, int ticket_bytes, int *ret_bytes, void *argument);

#endif
