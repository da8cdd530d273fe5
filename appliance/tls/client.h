/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client: the client's side of TLS, for HTTPS back ends: contexts (which authorities are trusted) and streams opened over
 * connected descriptors. The peer's chain and its name are verified, unless the context says otherwise. One session per
 * caller-owned slot is kept for resumption.
 *
 * Threads: a context belongs to one worker; everything on its loop's thread.
 * Source: RFC 8446, RFC 6125; API Gateway API reference, TlsConfig (insecureSkipVerification).
 */
#ifndef POSTERN_TLS_CLIENT_H
#define POSTERN_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"
#include "appliance/loop/stream.h"
#include "appliance/tls/worker.h"

struct tls_client_context;

/* What of a server's certificate must be right. */
enum tls_verification {
	TLS_VERIFY_ALL,     /* its chain ends at a trusted authority, it has not ended, and it is for the name */
	TLS_VERIFY_NAME,    /* insecureSkipVerification: all of that, but any authority will do, itself too */
	TLS_VERIFY_NOTHING, /* as load balancers call their targets */
};

struct tls_client_settings {
	const char *
		authorities_path; /* PEM file of trusted roots; NULL: the system's (/etc/ssl/certs/ca-certificates.crt) */
	struct view authorities_pem;       /* more roots; may be empty */
	const char *more_authorities_path; /* PEM file of roots besides those; must be right; NULL: none */
	enum tls_verification verification;
};

/* Our own certificate, for servers that ask for one (mutual TLS); PEM. */
struct tls_client_identity {
	struct view certificate_pem, private_key_pem;
};

/* Make a context. Returns 0 and `*ret`; -ENOENT or -EBADMSG for unreadable roots; -ENOMEM. */
int tls_client_context_new(struct tls_client_context **ret, const struct tls_client_settings *settings)
	__attribute__((warn_unused_result));

/* Would the PEM file do as more_authorities_path? 0; else -EBADMSG (not certificates in PEM), or why it can't be read. */
int tls_client_check_authorities(const char *path) __attribute__((warn_unused_result));

/* Streams that were opened with it go on. NULL is fine. */
void tls_client_context_free(struct tls_client_context *context);

/* A kept session, to be owned by what stands for the destination. Zeroed is empty. */
struct tls_client_session {
	void *library_session;
};

/* Forget the session. */
void tls_client_session_clear(struct tls_client_session *session);

/*
 * Fill `stream` over the connected, non-blocking descriptor `fd`, which it owns from now on, and begin the handshake. `name`
 * (DNS name, or address in text) is what the certificate must be for; a DNS name is also sent as SNI. `session` may be
 * NULL; it is used if it holds one and renewed when the stream is closed; it must outlive the stream. `identity` may be NULL,
 * and is not needed after the call; what can't be read of it is -EBADMSG. The owner is called `secured` or `failed`
 * (-EKEYREJECTED: chain or name not accepted; -EPROTO: the rest). Returns 0, or a negative errno, and then the descriptor is
 * closed.
 */
int tls_client_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	struct tls_client_context *context, struct view name, struct tls_client_session *session,
	const struct tls_client_identity *identity) __attribute__((warn_unused_result));

#endif
