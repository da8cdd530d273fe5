/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * digest: SHA-256 and HMAC-SHA-256, at once and incrementally.
 *
 * The functions can't fail: wolfCrypt's software digests return errors for NULL arguments only, which is our own mistake and
 * therefore an assertion. Incremental contexts are embedded in the caller's structs; fini wipes them.
 * Threads: a context belongs to one thread; the rest is pure.
 */
#ifndef POSTERN_CRYPTO_DIGEST_H
#define POSTERN_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define DIGEST_SHA256_BYTES 32
#define DIGEST_HEX_CHARS 64

void digest_sha256(uint8_t ret[DIGEST_SHA256_BYTES], const void *bytes, size_t count);
void digest_hmac_sha256(
	uint8_t ret[DIGEST_SHA256_BYTES], const void *key, size_t key_count, const void *bytes, size_t count);

/* SHA-1 exists for the ETags and fingerprints that want it, never for signatures. */
#define DIGEST_SHA1_BYTES 20
void digest_sha1(uint8_t ret[DIGEST_SHA1_BYTES], const void *bytes, size_t count);

/* A running SHA-256: init, update…, final (which ends it), or fini to give it up. */
struct digest {
	_Alignas(16) unsigned char opaque[256];
};
void digest_init(struct digest *digest);
void digest_update(struct digest *digest, const void *bytes, size_t count);
void digest_final(struct digest *digest, uint8_t ret[DIGEST_SHA256_BYTES]);
void digest_fini(struct digest *digest);

/* Lower-case hex of `count` bytes: 2 * count characters and a NUL. */
void digest_hex(char *ret, const void *bytes, size_t count);

#endif
