/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signed_request: a management request as a client signs it, for dispatch(). */
#ifndef POSTERN_TESTS_UNIT_CONTROL_SIGNED_REQUEST_H
#define POSTERN_TESTS_UNIT_CONTROL_SIGNED_REQUEST_H

#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/clock.h"
#include "appliance/control/call.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/wire/sigv4.h"

/* Who signs, and how wrong its clock is. */
struct signer {
	const char *key, *secret, *region;
	int64_t clock_error_s;
};

struct signed_request {
	struct call_request request; /* for dispatch() */
	struct sigv4_header headers[4];
	struct call_field fields[4];
	char time[SIGV4_TIME_CHARS + 1];
	struct arena arena;
};

/*
 * Make it, with one field besides Host and X-Amz-Date (or an empty one). 0, or a negative errno where nobody could sign that
 * target. End it with signed_request_fini() in both cases; texts that were given are not copied.
 */
static inline int signed_request_make(struct signed_request *ret, const struct signer *signer, struct view service,
	struct view method, struct view target, struct sigv4_header field, struct view body)
{
	static const struct sigv4_crypto crypto = { digest_sha256, digest_hmac_sha256, base64_encode };
	const struct sigv4_credentials credentials = { .access_key = view_from_text(signer->key),
		.secret = view_from_text(signer->secret) };
	struct sigv4_request signable = { .method = method, .target = target, .headers = ret->headers };
	uint64_t now_ms = clock_wall_ms();
	struct view authorization;
	int error;

	*ret = (struct signed_request){ .request = { .method = method,
						.target = target,
						.body = body,
						.fields = ret->fields,
						.received_wall_ms = now_ms } };
	arena_init(&ret->arena, NULL, 16 << 20);
	sigv4_time_write(ret->time, (int64_t)(now_ms / 1000) + signer->clock_error_s);
	ret->headers[signable.header_count++] = (struct sigv4_header){ view_of("Host"), view_of("127.0.0.1:4566") };
	ret->headers[signable.header_count++] =
		(struct sigv4_header){ view_of("X-Amz-Date"), view_from_text(ret->time) };
	if (field.name.count)
		ret->headers[signable.header_count++] = field;
	digest_sha256(signable.body_digest, body.at, body.count);
	error = sigv4_sign(&authorization, &signable, &credentials, view_from_text(ret->time),
		view_from_text(signer->region), service, &crypto, &ret->arena);
	if (error < 0)
		return error;
	for (size_t i = 0; i < signable.header_count; i++)
		ret->fields[ret->request.field_count++] =
			(struct call_field){ ret->headers[i].name, ret->headers[i].value };
	ret->fields[ret->request.field_count++] = (struct call_field){ view_of("Authorization"), authorization };
	if (!view_cut(target, '?', &ret->request.path, &ret->request.query))
		ret->request.path = target;
	return 0;
}

static inline void signed_request_fini(struct signed_request *request)
{
	arena_fini(&request->arena);
}

#endif
