/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_hello: what a TLS ClientHello asks for, read from the first bytes of a connection before any TLS engine sees them:
 * the server name (which certificate?) and the protocols offered.
 *
 * Reads only; the bytes then go to the TLS engine as they are. Records are put together if the hello spans several.
 * Threads: any; no state.
 * Source: RFC 8446 4.1.2 and 5.1, RFC 6066 3, RFC 7301.
 */
#ifndef POSTERN_WIRE_TLS_HELLO_H
#define POSTERN_WIRE_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest hello that is read: with post-quantum key shares and many extensions real ones stay under 3 KiB. */
#define TLS_HELLO_MAX_BYTES 16384
#define TLS_HELLO_NAME_MAX_CHARS 255

struct tls_hello {
	char server_name[TLS_HELLO_NAME_MAX_CHARS +
			 1]; /* lower case, no final dot, NUL-terminated; "" if none or no DNS name */
	size_t server_name_chars;
	bool has_alpn, offers_http1, offers_http2; /* "http/1.1", "h2" */
	uint16_t legacy_version;                   /* e.g. 0x0303 */
	bool offers_tls13, offers_tls12;           /* supported_versions, else legacy_version */
};

/*
 * Read the hello at `bytes`. Returns 0; -EAGAIN if it is not complete yet; -EPROTO if these are no TLS records, no
 * ClientHello, or malformed; -EMSGSIZE if it is larger than TLS_HELLO_MAX_BYTES.
 */
int tls_hello_parse(struct tls_hello *ret, const void *bytes, size_t count) __attribute__((warn_unused_result));

#endif
