/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * management_tls: the certificate of the management address where it is not loopback: issued by the private authority for the
 * address and the host's name, anew at each start and before it ends.
 *
 * Threads: the loop's; the authority's key is read before the operations thread runs.
 */
#ifndef POSTERN_CONTROL_MANAGEMENT_TLS_H
#define POSTERN_CONTROL_MANAGEMENT_TLS_H

#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/tls/server.h"
#include "appliance/tls/worker.h"

struct control;

/* Names of one certificate: the host's name, localhost and the listeners' addresses. */
#define MANAGEMENT_TLS_NAMES_MAX 16

struct management_tls {
	struct tls_worker *worker;
	struct tls_server_context *context; /* NULL until a listener needs it */
	struct view authority_pem, authority_key_pem;
	struct view names[MANAGEMENT_TLS_NAMES_MAX];
	size_t name_count;
	struct arena arena; /* what is kept */
	uint64_t renew_ms;  /* wall clock */
};

int management_tls_init(struct management_tls *tls, struct control *control) __attribute__((warn_unused_result));
void management_tls_fini(struct management_tls *tls);

/* Have a certificate that covers the address that `fd` listens on. 0 or a negative errno. */
int management_tls_prepare(struct management_tls *tls, int fd) __attribute__((warn_unused_result));

/* The listeners' chooser; its context is a struct management_tls. */
struct tls_server_context *management_tls_choose(void *context, const struct tls_hello *hello);

#endif
