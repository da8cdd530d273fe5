/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts: what was agreed in a handshake, for access logs, `$context` and policies.
 * Threads: the stream's loop.
 */
#ifndef POSTERN_TLS_FACTS_H
#define POSTERN_TLS_FACTS_H

#include <stdbool.h>

#include "appliance/base/view.h"
#include "appliance/loop/stream.h"

struct tls_facts {
	const char *version;     /* "TLSv1.3"; static text; "" on a plain stream */
	const char *cipher;      /* "TLS_AES_128_GCM_SHA256"; static text; "" on a plain stream */
	struct view server_name; /* normalised SNI, empty if none; lives as long as the stream */
	bool resumed;
	bool is_http2; /* ALPN chose h2 */
};

/* Facts of a stream that was `secured`; of a plain one, or of none (NULL): empty. */
void tls_facts_read(const struct stream *stream, struct tls_facts *ret);

#endif
