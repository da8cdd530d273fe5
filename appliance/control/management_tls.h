/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * management_tls: the certificate of management addresses that are not loopback: issued by the private authority, anew at each
 * start, before it ends, and when the clock was set back to before it began.
 *
 * It covers the host's name, localhost, the names of the settings (management_names), the addresses that are listened on, and each
 * local address that a client has reached: behind 0.0.0.0 or [::] are addresses that come and go (DHCP, router advertisements), so
 * the first connection to one that is not covered yet has a certificate issued that covers it too, before the handshake. A client can't
 * put in what is no address of this host; who calls by a translated address or another name writes it into management_names.
 *
 * Threads: the loop's; the authority's key is read before the operations thread runs.
 */
#ifndef POSTERN_CONTROL_MANAGEMENT_TLS_H
#define POSTERN_CONTROL_MANAGEMENT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/tls/server.h"
#include "appliance/tls/worker.h"

struct control;

/* The host's name, localhost, 8 of the settings, 4 listeners; then addresses that clients reached, the oldest making room. */
#define MANAGEMENT_TLS_FIXED_MAX 16
#define MANAGEMENT_TLS_REACHED_MAX 16
#define MANAGEMENT_TLS_NAMES_MAX (MANAGEMENT_TLS_FIXED_MAX + MANAGEMENT_TLS_REACHED_MAX)
#define MANAGEMENT_TLS_NAME_BYTES 254

struct management_tls {
	struct tls_worker *worker;
	struct tls_server_context *context; /* NULL until a listener needs it */
	struct view authority_pem, authority_key_pem;
	char names[MANAGEMENT_TLS_NAMES_MAX][MANAGEMENT_TLS_NAME_BYTES];
	size_t name_count;
	size_t fixed_count;          /* of them; what is behind was reached */
	size_t next_reached;         /* which of these makes room next */
	struct arena arena;          /* what is kept */
	uint64_t begin_ms, renew_ms; /* wall clock: the certificate is good between them */
};

int management_tls_init(struct management_tls *tls, struct control *control) __attribute__((warn_unused_result));
void management_tls_fini(struct management_tls *tls);

/* Have a certificate that covers the address that `fd` listens on. All listeners before the first client. 0 or a negative errno. */
int management_tls_prepare(struct management_tls *tls, int fd) __attribute__((warn_unused_result));

/* The listeners' chooser; its context is a struct management_tls. */
struct tls_server_context *management_tls_choose(void *context, const struct tls_hello *hello, int fd);

#endif
