/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/tls/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/crypto/certificate.h"
#include "appliance/tls/engine.h"

/* Debian's bundle of trusted roots (package ca-certificates). */
#define SYSTEM_AUTHORITIES_PATH "/etc/ssl/certs/ca-certificates.crt"

struct tls_client_context {
	WOLFSSL_CTX *library;
	enum tls_verification verification;
};

static int load_authorities(WOLFSSL_CTX *library, const struct tls_client_settings *settings)
{
	bool is_system = !settings->authorities_path;
	const char *path = is_system ? SYSTEM_AUTHORITIES_PATH : settings->authorities_path;
	const char *more = settings->more_authorities_path;
	struct view pem = settings->authorities_pem;

	if (path[0] && access(path, R_OK) == 0) {
		/* The system's bundle may hold roots of kinds that the library does not know; one's own file must be right. */
		word32 flags = is_system ? WOLFSSL_LOAD_FLAG_IGNORE_ERR : WOLFSSL_LOAD_FLAG_NONE;

		if (wolfSSL_CTX_load_verify_locations_ex(library, path, NULL, flags) != WOLFSSL_SUCCESS)
			return -EBADMSG;
	} else if (path[0] && (!is_system || (pem.count == 0 && !more))) {
		return -ENOENT;
	}
	if (more && access(more, R_OK) != 0)
		return -errno;
	if (more &&
		wolfSSL_CTX_load_verify_locations_ex(library, more, NULL, WOLFSSL_LOAD_FLAG_NONE) != WOLFSSL_SUCCESS)
		return -EBADMSG;
	if (pem.count > 0 &&
		(pem.count > LONG_MAX || wolfSSL_CTX_load_verify_buffer(library, (const unsigned char *)pem.at,
						 (long)pem.count, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS))
		return -EBADMSG;
	return 0;
}

/* What a certificate in a handshake takes to be read. */
#define CERTIFICATE_MAX_BYTES ((size_t)256 << 10)

static bool is_valid_now(const WOLFSSL_BUFFER_INFO *der)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct certificate certificate;
	struct arena arena;
	bool is_valid;

	arena_init(&arena, NULL, CERTIFICATE_MAX_BYTES);
	is_valid = certificate_read_der(&certificate, view_from((const char *)der->buffer, der->length), &arena) == 0 &&
		   certificate.not_before_s <= now_s && now_s <= certificate.not_after_s;
	arena_fini(&arena);
	return is_valid;
}

/*
 * TLS_VERIFY_NAME: that nobody vouches for a certificate is the one fault that is overlooked. It hides from the library that the
 * certificate may have ended, too.
 */
static int accept_authority(int verified, WOLFSSL_X509_STORE_CTX *store)
{
	if (verified)
		return 1;
	return (store->error == ASN_NO_SIGNER_E || store->error == ASN_SELF_SIGNED_E) && store->error_depth >= 0 &&
	       store->error_depth < store->totalCerts && is_valid_now(&store->certs[store->error_depth]);
}

int tls_client_context_new(struct tls_client_context **ret, const struct tls_client_settings *settings)
{
	struct tls_client_context *context;
	int error;

	tls_library_init();
	context = calloc(1, sizeof *context);
	if (!context)
		return -ENOMEM;
	context->verification = settings->verification;
	context->library = wolfSSL_CTX_new(wolfSSLv23_client_method());
	if (!context->library || wolfSSL_CTX_SetMinVersion(context->library, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS ||
		wolfSSL_CTX_UseSessionTicket(context->library) != WOLFSSL_SUCCESS) {
		tls_client_context_free(context);
		return -ENOMEM;
	}
	wolfSSL_CTX_set_session_cache_mode(context->library, WOLFSSL_SESS_CACHE_OFF);
	wolfSSL_CTX_set_group_messages(context->library);
	wolfSSL_CTX_SetIORecv(context->library, tls_engine_take_input);
	wolfSSL_CTX_SetIOSend(context->library, tls_engine_put_output);
	wolfSSL_CTX_set_verify(context->library,
		settings->verification == TLS_VERIFY_NOTHING ? WOLFSSL_VERIFY_NONE : WOLFSSL_VERIFY_PEER,
		settings->verification == TLS_VERIFY_NAME ? accept_authority : NULL);
	error = settings->verification == TLS_VERIFY_ALL ? load_authorities(context->library, settings) : 0;
	if (error) {
		tls_client_context_free(context);
		return error;
	}
	*ret = context;
	return 0;
}

int tls_client_check_authorities(const char *path)
{
	const struct tls_client_settings settings = { .authorities_path = "", .more_authorities_path = path };
	struct tls_client_context *context;
	int error = tls_client_context_new(&context, &settings);

	if (!error)
		tls_client_context_free(context);
	return error;
}

void tls_client_context_free(struct tls_client_context *context)
{
	if (!context)
		return;
	if (context->library)
		wolfSSL_CTX_free(context->library);
	free(context);
}

/* --- sessions -------------------------------------------------------------------------------------------------------- */

void tls_client_session_clear(struct tls_client_session *session)
{
	if (session->library_session)
		wolfSSL_SESSION_free(session->library_session);
	session->library_session = NULL;
}

void tls_client_keep_session(struct tls_engine *engine)
{
	WOLFSSL_SESSION *session;

	if (!engine->session)
		return;
	session = wolfSSL_get1_session(engine->library);
	if (!session)
		return;
	tls_client_session_clear(engine->session);
	engine->session->library_session = session;
}

/* --- streams --------------------------------------------------------------------------------------------------------- */

static bool is_address(const char *name)
{
	uint8_t binary[16];

	return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

/* By connection rather than by context, whose roots take a megabyte: there may be as many certificates as stages. */
static int use_identity(WOLFSSL *library, const struct tls_client_identity *identity)
{
	struct view chain = identity->certificate_pem, key = identity->private_key_pem;

	if (chain.count > LONG_MAX || key.count > LONG_MAX ||
		wolfSSL_use_certificate_chain_buffer(library, (const unsigned char *)chain.at, (long)chain.count) !=
			WOLFSSL_SUCCESS ||
		wolfSSL_use_PrivateKey_buffer(library, (const unsigned char *)key.at, (long)key.count,
			WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		return -EBADMSG;
	return 0;
}

/* Names and session of the library object. Returns 0 or a negative errno. */
static int prepare(struct tls_engine *engine, const struct tls_client_context *context, struct view name)
{
	memcpy(engine->server_name, name.at, name.count);
	engine->server_name[name.count] = '\0';
	engine->server_name_bytes = (uint8_t)name.count;
	if (!is_address(engine->server_name) &&
		wolfSSL_UseSNI(engine->library, WOLFSSL_SNI_HOST_NAME, engine->server_name,
			(unsigned short)name.count) != WOLFSSL_SUCCESS)
		return -ENOMEM;
	if (context->verification != TLS_VERIFY_NOTHING &&
		wolfSSL_check_domain_name(engine->library, engine->server_name) != WOLFSSL_SUCCESS)
		return -ENOMEM;
	/* A session that the library does not take costs a full handshake, nothing more. */
	if (engine->session && engine->session->library_session)
		(void)wolfSSL_set_session(engine->library, engine->session->library_session);
	return 0;
}

int tls_client_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	struct tls_client_context *context, struct view name, struct tls_client_session *session,
	const struct tls_client_identity *identity)
{
	struct tls_engine *engine;
	int error, result;

	if (name.count == 0 || name.count > TLS_HELLO_NAME_MAX_CHARS || memchr(name.at, '\0', name.count)) {
		close(fd);
		return -EINVAL;
	}
	error = tls_engine_open(stream, worker, fd, owner, &engine);
	if (error)
		return error;
	engine->is_client = true;
	engine->session = session;
	error = tls_engine_start(engine, context->library);
	if (!error)
		error = prepare(engine, context, name);
	if (!error && identity)
		error = use_identity(engine->library, identity);
	if (!error) {
		/* The hello leaves now; the owner is not called before open has returned. */
		tls_engine_enter(engine);
		result = wolfSSL_connect(engine->library);
		if (result != WOLFSSL_SUCCESS && wolfSSL_get_error(engine->library, result) != WOLFSSL_ERROR_WANT_READ)
			error = -EPROTO;
		result = tls_engine_leave(engine);
		if (!error)
			error = result;
	}
	if (error)
		stream_close(stream, true);
	return error;
}
