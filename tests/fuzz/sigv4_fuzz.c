/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any HTTP/1.1 request as a signed one: claims are read, checked and refused without harm; and whatever it is, signed by us
 * it verifies.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/wire/http1.h"
#include "appliance/wire/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sigv4_crypto crypto = { digest_sha256, digest_hmac_sha256, base64_encode };

static int verify(const struct sigv4_request *request, struct view secret, struct arena *arena)
{
	struct sigv4_failure failure = { 0 };
	struct sigv4_claim claim;
	int result = sigv4_claim_read(&claim, &failure, request, &crypto, arena);

	if (result == 0)
		result = sigv4_claim_check(
			&claim, &failure, view_of("us-east-1"), view_of("execute-api"), 1768478400, arena);
	if (result == 0)
		result = sigv4_claim_verify(&claim, &failure, request, secret, &crypto, arena, NULL);
	ASSERT(result != -EACCES || (failure.type && failure.message.count));
	return result;
}

static bool is_signature(struct view name)
{
	static const char *const names[] = { "authorization", "x-amz-date", "x-amz-security-token",
		"x-amz-content-sha256" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (view_equals_ignore_case(name, view_from_text(names[i])))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_header parsed[HTTP1_HEADERS_MAX_COUNT];
	static struct sigv4_header headers[HTTP1_HEADERS_MAX_COUNT + 2];
	struct sigv4_credentials credentials = { .access_key = view_of("AKIDEXAMPLE"), .secret = view_of("secret") };
	struct sigv4_request request = { .headers = headers };
	struct http1_head head;
	struct arena arena;
	size_t consumed;

	http1_head_init(&head, parsed, HTTP1_HEADERS_MAX_COUNT);
	if (http1_parse_request(&head, (const char *)data, size, &http1_limits_private, &consumed) != HTTP1_OK ||
		head.host.count == 0)
		return 0;
	arena_init(&arena, NULL, 16 << 20);
	request.method = head.method_text;
	request.target = head.target;
	for (size_t i = 0; i < head.header_count; i++)
		headers[request.header_count++] = (struct sigv4_header){ parsed[i].name, parsed[i].value };
	digest_sha256(request.body_digest, data + consumed, size - consumed);
	(void)verify(&request, view_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), &arena);

	request.header_count = 0;
	for (size_t i = 0; i < head.header_count; i++) {
		if (!is_signature(parsed[i].name))
			headers[request.header_count++] = (struct sigv4_header){ parsed[i].name, parsed[i].value };
	}
	headers[request.header_count++] = (struct sigv4_header){ view_of("X-Amz-Date"), view_of("20260115T120000Z") };
	if (head.first[HTTP1_HEADER_HOST] && view_find(head.target, view_of("X-Amz-")) == VIEW_NOWHERE &&
		view_find_byte(head.target, '%') == VIEW_NOWHERE) {
		struct view authorization;

		if (sigv4_sign(&authorization, &request, &credentials, view_of("20260115T120000Z"),
			    view_of("us-east-1"), view_of("execute-api"), &crypto, &arena) == 0) {
			headers[request.header_count++] =
				(struct sigv4_header){ view_of("Authorization"), authorization };
			ASSERT(verify(&request, credentials.secret, &arena) == 0);
		}
	}
	arena_fini(&arena);
	return 0;
}
