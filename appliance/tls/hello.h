/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hello: reads the server name and what else decides the choice of a certificate from a ClientHello, before any TLS state
 * is made. So a connection that never says hello, or speaks something else, costs no TLS object.
 *
 * Sans-I/O and stateless: give all bytes received so far, from the first one. The hello may be spread over several records.
 * It is judged again, wholly, by the TLS library; this reader only refuses what can't be one.
 * Threads: none.
 * Source: RFC 8446 section 4.1.2 and 5.1; RFC 6066 section 3; RFC 7301; spec/domains.md 3.
 */
#ifndef POSTERN_TLS_HELLO_H
#define POSTERN_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest hello, records' headers included. Post-quantum key shares need 2 KB; no honest client comes near this. */
#define TLS_HELLO_MAX_BYTES 16384

/* Longest DNS name in text (RFC 1035). */
#define TLS_SERVER_NAME_MAX_BYTES 253

struct tls_hello {
	/* Lower case, without a trailing dot, NUL-terminated; empty if none was sent or it is no DNS name (an IP literal is none). */
	char server_name[TLS_SERVER_NAME_MAX_BYTES + 1];
	uint8_t server_name_bytes;
	bool offers_tls13;
	bool has_alpn, offers_http11, offers_h2;
};

/*
 * Read the ClientHello at the start of `bytes`. Returns 0 and fills `*ret`; -EAGAIN if it is not there wholly yet; -EPROTO if
 * this is no TLS ClientHello, or a malformed one; -EMSGSIZE if it is longer than TLS_HELLO_MAX_BYTES.
 */
int tls_hello_parse(struct tls_hello *ret, const void *bytes, size_t count_bytes) __attribute__((warn_unused_result));

#endif
