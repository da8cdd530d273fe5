/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/server.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/tls/engine.h"

#include <wolfssl/wolfcrypt/sha256.h>

/* How long a client may keep a ticket: as long as its key certainly lives. */
#define TICKET_LIFETIME_S TLS_TICKET_PERIOD_S

/* Room for the names of all suites of the table, with colons. */
#define SUITE_LIST_MAX_BYTES 1024

struct tls_server_context {
	atomic_uint references;
	unsigned worker_count;
	uint8_t identity[32]; /* of certificate and policy: what tickets are bound to */
	WOLFSSL_CTX *contexts[];
};

/* The library spells the names of TLS 1.3 suites its own way. */
static const char *library_name(const struct tls_suite *suite)
{
	switch (suite->number) {
	case 0x1301:
		return "TLS13-AES128-GCM-SHA256";
	case 0x1302:
		return "TLS13-AES256-GCM-SHA384";
	case 0x1303:
		return "TLS13-CHACHA20-POLY1305-SHA256";
	default:
		return suite->name;
	}
}

static int set_policy(WOLFSSL_CTX *context, const struct tls_policy *policy)
{
	/* Without static RSA and versions below 1.2 in the library, these are all that can be asked of it. */
	unsigned available =
		policy->suite_groups & (TLS_SUITES_13_GCM | TLS_SUITES_13_CHACHA | TLS_SUITES_E_GCM |
					       TLS_SUITES_E_CBC2 | TLS_SUITES_E_CBC1 | TLS_SUITES_E_CHACHA);
	char list[SUITE_LIST_MAX_BYTES];
	size_t count = 0;

	for (const struct tls_suite *suite = tls_suites; suite->name; suite++) {
		if (!(suite->group & available))
			continue;
		count += (size_t)snprintf(
			list + count, sizeof list - count, "%s%s", count ? ":" : "", library_name(suite));
		ASSERT(count < sizeof list);
	}
	if (count == 0 || wolfSSL_CTX_set_cipher_list(context, list) != WOLFSSL_SUCCESS)
		return -ENOTSUP;
	if (policy->version_max < 0x0304)
		return -ENOTSUP;
	return wolfSSL_CTX_SetMinVersion(context, policy->version_min >= 0x0304 ? WOLFSSL_TLSV1_3 : WOLFSSL_TLSV1_2) ==
			       WOLFSSL_SUCCESS
		       ? 0
		       : -ENOTSUP;
}

static int load_certificate(WOLFSSL_CTX *context, const struct tls_server_settings *settings)
{
	struct view chain = settings->certificate_pem, key = settings->private_key_pem;

	if (chain.count > LONG_MAX || key.count > LONG_MAX)
		return -EBADMSG;
	if (wolfSSL_CTX_use_certificate_chain_buffer(context, (const unsigned char *)chain.at, (long)chain.count) !=
		WOLFSSL_SUCCESS)
		return -EBADMSG;
	if (wolfSSL_CTX_use_PrivateKey_buffer(
		    context, (const unsigned char *)key.at, (long)key.count, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		return -EBADMSG;
	return wolfSSL_CTX_check_private_key(context) == WOLFSSL_SUCCESS ? 0 : -EKEYREJECTED;
}

static int make_context(WOLFSSL_CTX **ret, const struct tls_server_settings *settings, struct tls_server_context *owner)
{
	bool only_13 = settings->policy->version_min >= 0x0304;
	WOLFSSL_CTX *context = wolfSSL_CTX_new(only_13 ? wolfTLSv1_3_server_method() : wolfSSLv23_server_method());
	int error;

	if (!context)
		return -ENOMEM;
	*ret = context;
	error = set_policy(context, settings->policy);
	if (!error)
		error = load_certificate(context, settings);
	if (error)
		return error;
	wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);
	wolfSSL_CTX_set_group_messages(context);
	wolfSSL_CTX_SetIORecv(context, tls_engine_take_input);
	wolfSSL_CTX_SetIOSend(context, tls_engine_put_output);
	wolfSSL_CTX_set_TicketEncCb(context, tls_ticket_process);
	wolfSSL_CTX_set_TicketEncCtx(context, owner->identity);
	wolfSSL_CTX_set_TicketHint(context, TICKET_LIFETIME_S);
	return 0;
}

static void hash_identity(uint8_t ret[32], const struct tls_server_settings *settings)
{
	wc_Sha256 hash;

	ASSERT(wc_InitSha256(&hash) == 0);
	ASSERT(wc_Sha256Update(&hash, (const byte *)settings->certificate_pem.at,
		       (word32)settings->certificate_pem.count) == 0);
	ASSERT(wc_Sha256Update(&hash, (const byte *)settings->policy->name, (word32)strlen(settings->policy->name)) ==
		0);
	ASSERT(wc_Sha256Final(&hash, ret) == 0);
	wc_Sha256Free(&hash);
}

static void free_context(struct tls_server_context *context)
{
	for (unsigned i = 0; i < context->worker_count; i++)
		wolfSSL_CTX_free(context->contexts[i]);
	free(context);
}

int tls_server_context_new(struct tls_server_context **ret, const struct tls_server_settings *settings)
{
	struct tls_server_context *context;
	int error = 0;

	if (settings->worker_count < 1 || settings->worker_count > TLS_WORKER_MAX_COUNT)
		return -EINVAL;
	tls_library_init();
	context = calloc(1, sizeof *context + settings->worker_count * sizeof context->contexts[0]);
	if (!context)
		return -ENOMEM;
	atomic_init(&context->references, 1);
	context->worker_count = settings->worker_count;
	hash_identity(context->identity, settings);
	for (unsigned i = 0; i < context->worker_count && !error; i++)
		error = make_context(&context->contexts[i], settings, context);
	if (error) {
		free_context(context);
		return error;
	}
	*ret = context;
	return 0;
}

struct tls_server_context *tls_server_context_ref(struct tls_server_context *context)
{
	atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
	return context;
}

void tls_server_context_unref(struct tls_server_context *context)
{
	if (context && atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1)
		free_context(context);
}

/* --- streams --------------------------------------------------------------------------------------------------------- */

static void refuse_name(struct tls_engine *engine)
{
	/* A fatal alert in the clear: unrecognized_name (RFC 6066 section 3). */
	static const char alert[] = { 0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70 };

	(void)tls_engine_put_output(NULL, (char *)(uintptr_t)alert, sizeof alert, engine);
	(void)tls_engine_leave(engine);
	tls_engine_fail(engine, -EPROTO);
}

static int offer_protocols(struct tls_engine *engine, const struct tls_hello *hello)
{
	static char http11[] = "http/1.1";

	if (!hello->has_alpn)
		return 0;
	return wolfSSL_UseALPN(engine->library, http11, sizeof http11 - 1, WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
			       WOLFSSL_SUCCESS
		       ? 0
		       : -ENOMEM;
}

void tls_server_read_hello(struct tls_engine *engine)
{
	struct tls_worker *worker = engine->worker;
	struct tls_server_context *context;
	struct tls_hello hello;
	int error = tls_hello_parse(&hello, worker->input, worker->input_count);

	if (error) {
		(void)tls_engine_leave(engine);
		if (error != -EAGAIN)
			tls_engine_fail(engine, error);
		return;
	}
	memcpy(engine->server_name, hello.server_name, sizeof engine->server_name);
	engine->server_name_bytes = (uint8_t)hello.server_name_chars;
	context = engine->choose(engine->choose_context, &hello, engine->stream->watch.fd);
	if (!context) {
		refuse_name(engine);
		return;
	}
	ASSERT(worker->index < context->worker_count);
	engine->context = tls_server_context_ref(context);
	error = tls_engine_start(engine, context->contexts[worker->index]);
	if (!error)
		error = offer_protocols(engine, &hello);
	if (!error && !worker->tickets.enabled) {
		(void)wolfSSL_no_ticket_TLSv13(engine->library);
		(void)wolfSSL_NoTicketTLSv12(engine->library);
	}
	if (error) {
		(void)tls_engine_leave(engine);
		tls_engine_fail(engine, error);
		return;
	}
	tls_engine_negotiate(engine);
}

int tls_server_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	tls_server_choose_fn *choose, void *choose_context)
{
	struct tls_engine *engine;
	int error = tls_engine_open(stream, worker, fd, owner, &engine);

	if (error)
		return error;
	engine->choose = choose;
	engine->choose_context = choose_context;
	return 0;
}
