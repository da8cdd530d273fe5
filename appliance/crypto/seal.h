/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seal: secrets at rest: AES-256-GCM with the id of the record as associated data, so that a sealed secret copied into
 * another record does not open.
 *
 * Sealed form, version 1: one byte 0x01, 12 random bytes of nonce, ciphertext, 16 bytes of tag. The AES key is derived
 * from the 32 bytes of secret.key by HMAC-SHA-256, so the file's key may serve other ends later. 2^32 secrets may be
 * sealed under one key before random nonces become a risk.
 *
 * Threads: any; the key is immutable. seal_key_fini() wipes it.
 * Source: NIST SP 800-38D; architecture: "Secrets are sealed".
 */
#ifndef POSTERN_CRYPTO_SEAL_H
#define POSTERN_CRYPTO_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define SEAL_SECRET_BYTES 32
/* A sealed secret is this much longer than the plain one. */
#define SEAL_OVERHEAD_BYTES (1 + 12 + 16)
/* Largest secret: a private key or credentials; ImportCertificate allows 5,120 bytes of key. */
#define SEAL_PLAIN_MAX_BYTES 65536

struct seal_key {
	uint8_t bytes[32];
};

/* Derive the key from the content of secret.key. */
void seal_key_init(struct seal_key *key, const uint8_t secret[SEAL_SECRET_BYTES]);
void seal_key_fini(struct seal_key *key);

/*
 * Seal `plain` for `record_id` into `ret`, which has room for plain.count + SEAL_OVERHEAD_BYTES bytes. Returns the number of
 * bytes, or -EMSGSIZE.
 */
long seal_close(uint8_t *ret, const struct seal_key *key, struct view record_id, struct view plain)
	__attribute__((warn_unused_result));

/*
 * Open what seal_close() made: into `ret`, with room for sealed.count bytes. Returns the number of plain bytes; -EINVAL if it
 * is too short, too long or of an unknown version; -EBADMSG if key, record id or bytes differ (nothing is written then).
 */
long seal_open(uint8_t *ret, const struct seal_key *key, struct view record_id, struct view sealed)
	__attribute__((warn_unused_result));

/* Lower-case hex of seal_digest(), without its NUL. */
#define SEAL_DIGEST_CHARS 64

/*
 * A keyed digest (HMAC-SHA-256) of a secret: the name under which a record with that secret is found, without opening any. The same
 * secret gives the same digest; without the key nothing is learned of it, and whoever sends guesses can't choose what they
 * are compared by. `purpose` keeps digests of different ends apart.
 */
void seal_digest(char ret[SEAL_DIGEST_CHARS + 1], const struct seal_key *key, const char *purpose, struct view plain);

#endif
