/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sigv4_internal: what the signer (sigv4.c) and the verifier (sigv4_claim.c) share. For files of this folder.
 * Threads: pure functions.
 */
#ifndef POSTERN_WIRE_SIGV4_INTERNAL_H
#define POSTERN_WIRE_SIGV4_INTERNAL_H

#include "appliance/wire/sigv4.h"

/* Lower-case hex, no NUL. */
void sigv4_hex(char ret[SIGV4_SIGNATURE_CHARS], const uint8_t digest[SIGV4_DIGEST_BYTES]);

/* The signature of a canonical request. Returns 0 or -ENOMEM. */
int sigv4_signature(char ret[SIGV4_SIGNATURE_CHARS], struct view canonical, struct view secret, struct view time,
	struct view date, struct view region, struct view service, const struct sigv4_crypto *crypto,
	struct arena *arena) __attribute__((warn_unused_result));

/* The first header with `name` (case ignored), or NULL. */
const struct sigv4_header *sigv4_find_header(const struct sigv4_request *request, struct view name);

#endif
