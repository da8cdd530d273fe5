/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sigv4: AWS Signature Version 4: the one canonical form, a signer and a verifier, for the Authorization header and for
 * presigned queries.
 *
 * Verifying is three steps, because looking up the secret lies between them:
 *	sigv4_claim_read()    what the request claims (who, which scope, which headers)
 *	sigv4_claim_check()   is the scope ours and the time right?
 *	sigv4_claim_verify()  with the secret of claim.access_key: does the signature fit?
 * Each failure carries the AWS error type and the message AWS answers with; a front end that speaks another dialect (EC2:
 * AuthFailure) maps the type.
 *
 * Digests are not of this folder: the caller passes the functions of crypto/digest.h and crypto/base64.h in a struct
 * sigv4_crypto, so that neither folder includes the other.
 *
 * Memory: all results live in the caller's arena or are views into the request; both must outlive the claim.
 * Not here: access keys, sessions, identities (auth/, control/). SigV4a is refused.
 * Threads: any; no state.
 * Source: IAM User Guide, "AWS Signature Version 4 for API requests"; spec/auth.md 3.
 */
#ifndef POSTERN_WIRE_SIGV4_H
#define POSTERN_WIRE_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

#define SIGV4_DIGEST_BYTES 32
#define SIGV4_SIGNATURE_CHARS 64
/* "20260115T120000Z" without NUL. */
#define SIGV4_TIME_CHARS 16
/* Clock difference that is tolerated, and the longest life of a presigned URL (7 days). Source: spec/auth.md 3.4. */
#define SIGV4_SKEW_MAX_S 300
#define SIGV4_EXPIRES_MAX_S 604800
/* Query parts and signed headers of one request; a URL of 8 KiB has at most 4,096 parts. */
#define SIGV4_QUERY_PARTS_MAX_COUNT 4096
#define SIGV4_SIGNED_HEADERS_MAX_COUNT 128

struct sigv4_crypto {
	void (*sha256)(uint8_t ret[SIGV4_DIGEST_BYTES], const void *bytes, size_t count);
	void (*hmac_sha256)(
		uint8_t ret[SIGV4_DIGEST_BYTES], const void *key, size_t key_count, const void *bytes, size_t count);
	/* Standard alphabet with padding; writes (count + 2) / 3 * 4 characters, no NUL. */
	void (*base64)(char *ret, const void *bytes, size_t count);
};

struct sigv4_header {
	struct view name, value; /* as they stand in the request; any order */
};

struct sigv4_request {
	struct view method;
	struct view target; /* path and query as on the wire */
	const struct sigv4_header *headers;
	size_t header_count;
	uint8_t body_digest[SIGV4_DIGEST_BYTES]; /* SHA-256 of the real body */
	/* S3: the path is encoded once, not a second time as on every other service, and all its segments stay. */
	bool encodes_once;
};

/* What is wrong, in AWS's words. `type` NULL means nothing is. */
struct sigv4_failure {
	const char *type;    /* e.g. "InvalidSignatureException"; static storage */
	struct view message; /* in the arena or static */
};

#define SIGV4_MISSING_TOKEN "MissingAuthenticationTokenException"
#define SIGV4_INCOMPLETE "IncompleteSignatureException"
#define SIGV4_INVALID "InvalidSignatureException"

struct sigv4_claim {
	bool presigned;
	struct view access_key;                        /* looked up by the caller */
	struct view date, region, service, terminator; /* of the credential scope */
	struct view scope;                             /* "20260115/us-east-1/execute-api/aws4_request" */
	struct view signed_headers;                    /* "host;x-amz-date" */
	struct view signature;
	struct view time;           /* basic ISO 8601, SIGV4_TIME_CHARS; made of Date if that was sent */
	int64_t time_s;             /* the same in seconds since 1970 */
	int64_t expires_s;          /* presigned */
	struct view security_token; /* empty if none; decoded */
};

/*
 * Read what `request` claims. Returns 0; -EACCES with `*ret_failure` filled if there is no signature, it lacks parts, or
 * both forms are there; -ENOMEM if the arena is exhausted.
 */
int sigv4_claim_read(struct sigv4_claim *ret, struct sigv4_failure *ret_failure, const struct sigv4_request *request,
	const struct sigv4_crypto *crypto, struct arena *arena) __attribute__((warn_unused_result));

/*
 * Scope and time: `region` must fit; `service` must too (the empty view accepts any: the caller then dispatches on
 * claim->service). Returns 0, -EACCES with `*ret_failure`, -ENOMEM.
 */
int sigv4_claim_check(const struct sigv4_claim *claim, struct sigv4_failure *ret_failure, struct view region,
	struct view service, int64_t now_s, struct arena *arena) __attribute__((warn_unused_result));

/*
 * Compare signatures in constant time. A client that does not remove dot segments is accepted too (spec/auth.md 3.2).
 * `canonical` (may be NULL) gets the canonical request, for debugging. Returns as sigv4_claim_check().
 */
int sigv4_claim_verify(const struct sigv4_claim *claim, struct sigv4_failure *ret_failure,
	const struct sigv4_request *request, struct view secret, const struct sigv4_crypto *crypto, struct arena *arena,
	struct view *ret_canonical) __attribute__((warn_unused_result));

struct sigv4_credentials {
	struct view access_key, secret;
	struct view
		security_token; /* empty if none; the caller sends it as X-Amz-Security-Token, which is then signed */
};

/*
 * Sign all headers of `request` (it must hold Host and X-Amz-Date, whose value is `time`). `*ret_authorization` is the
 * value of the Authorization header. Returns 0, -EINVAL if a required header is missing, -ENOMEM.
 */
int sigv4_sign(struct view *ret_authorization, const struct sigv4_request *request,
	const struct sigv4_credentials *credentials, struct view time, struct view region, struct view service,
	const struct sigv4_crypto *crypto, struct arena *arena) __attribute__((warn_unused_result));

/* "20260115T120000Z" of a time, and back (-EINVAL if it has not this form or names no real time). */
void sigv4_time_write(char ret[SIGV4_TIME_CHARS + 1], int64_t time_s);
int sigv4_time_parse(int64_t *ret_s, struct view text) __attribute__((warn_unused_result));

/*
 * The canonical request of the signed headers `signed_headers` ("a;b;c", lower case, sorted). `remove_dots` normalises the
 * path; false leaves its segments. Exposed for tests and debugging. `*ret_canonical` is in the arena.
 * Returns 0, -ENOENT if a signed header is missing from the request, -EMSGSIZE if a limit is passed, -ENOMEM.
 */
int sigv4_canonical_request(struct view *ret_canonical, const struct sigv4_request *request, struct view signed_headers,
	bool presigned, bool remove_dots, struct arena *arena) __attribute__((warn_unused_result));

#endif
