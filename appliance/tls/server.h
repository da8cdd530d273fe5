/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: the server's side of TLS: contexts (certificate + security policy), and streams opened over accepted
 * connections, for which a context is chosen by the ClientHello's server name.
 *
 * Contexts are ref-counted and immutable; a snapshot holds them. Each holds one library context per worker thread, all made
 * at once by whoever builds the snapshot, so that no worker ever pays for it and none shares one. A stream keeps what it
 * needs itself: the context may be released while connections made with it go on.
 *
 * A stream begins to read without any TLS state; with a whole ClientHello the chooser is asked, and only then the TLS
 * object is made. Whatever is no hello closes the connection. The owner is called `secured` when the handshake is done,
 * and `failed` (-EPROTO and the like) when it does not come about; its time-out is the owner's.
 *
 * Threads: tls_server_context_new(), _ref() and _unref() anywhere; streams on their loop's thread.
 */
#ifndef POSTERN_TLS_SERVER_H
#define POSTERN_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/view.h"
#include "appliance/loop/stream.h"
#include "appliance/wire/tls_hello.h"
#include "appliance/tls/policy.h"
#include "appliance/tls/worker.h"

struct tls_server_context;

struct tls_server_settings {
	struct view certificate_pem;     /* leaf first, then intermediates */
	struct view private_key_pem;     /* PKCS#8, PKCS#1 or SEC1, not encrypted */
	const struct tls_policy *policy; /* which versions and suites */
	unsigned worker_count;           /* slots to fill: workers 0 … worker_count-1 may use the context */
};

/*
 * Make a context. Returns 0 and `*ret` with one reference; -EBADMSG if the certificate or key can't be read; -EKEYREJECTED
 * if they do not belong together; -ENOTSUP if nothing of the policy is available; -EINVAL for a bad worker count; -ENOMEM.
 */
int tls_server_context_new(struct tls_server_context **ret, const struct tls_server_settings *settings)
	__attribute__((warn_unused_result));

struct tls_server_context *tls_server_context_ref(struct tls_server_context *context);

/* NULL is fine. */
void tls_server_context_unref(struct tls_server_context *context);

/*
 * Which context shall answer this hello on the connection `fd` (to be asked for its addresses, nothing else)? The result is
 * borrowed for the moment of the call. NULL refuses the connection (alert unrecognized_name).
 */
typedef struct tls_server_context *tls_server_choose_fn(void *choose_context, const struct tls_hello *hello, int fd);

/*
 * Fill `stream` over the accepted, non-blocking descriptor `fd`, which it owns from now on, and wait for a ClientHello.
 * Returns 0, or a negative errno, and then the descriptor is closed.
 */
int tls_server_open(struct stream *stream, struct tls_worker *worker, int fd, const struct stream_owner *owner,
	tls_server_choose_fn *choose, void *choose_context) __attribute__((warn_unused_result));

#endif
